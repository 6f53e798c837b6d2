//! Pages of reports in a real browser: each checks itself, and finds whatever was done to it.

use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::fixture::{Place, git};

/// A project with something to find, something that cannot be read, and a record that tries to be markup.
fn audited() -> Place {
    let place = Place::empty();
    git(&place.project(), &["init", "--quiet"]);
    place.write("a.py", "import os\nos.system(input())\neval(input())\n");
    git(&place.project(), &["add", "-A"]);
    git(&place.project(), &["commit", "--quiet", "-m", "</script><script>document.title='pwned'</script>"]);
    place.write("logs/app.log", "{\"level\":\"info\",\"msg\":\"x\"}\n");
    place.run(["repo", "--sources=git,file,security,quality", "--fail-on=never"]);
    let hostile = "file:<img src=x onerror=document.title='pwned'>";
    place.ok([
        "append",
        "--action",
        "file.write",
        "--target",
        hostile,
        "--actor",
        "user:</script><script>document.title='pwned'</script>",
    ]);
    write_page(&place);
    place
}

/// Writes the page of the newest audit; the command ends as that audit did.
fn write_page(place: &Place) {
    let ended = place.run(["report", "--fail-on", "never", "--format", "html", "--output", "audit.html"]);
    assert!(matches!(ended.code, 0 | 3), "{ended:?}");
}

/// The page as the browser sees it once its script is done, with no network to go to.
fn seen(page: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("page.html");
    std::fs::write(&file, page).unwrap();
    let output = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"])
        .args(["--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=60000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", dir.path().join("browser").display()))
        .arg(format!("file://{}", file.display()))
        .env("HOME", dir.path())
        .output()
        .expect("chromium runs; scripts/tools brings it");
    String::from_utf8(output.stdout).unwrap()
}

fn attribute<'p>(page: &'p str, before: &str) -> &'p str {
    page.split(before).nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("")
}

fn verdict(page: &str) -> &str {
    attribute(page, "id=\"verdict\" data-state=\"")
}

fn read(place: &Place, name: &str) -> String {
    std::fs::read_to_string(place.project().join(name)).unwrap()
}

/// The page with the bundle that it carries changed.
fn with_bundle(page: &str, change: impl FnOnce(String) -> String) -> String {
    const OPEN: &str = "id=\"bundle\">";
    let at = page.find(OPEN).unwrap() + OPEN.len();
    let end = at + page[at..].find('<').unwrap();
    let bundle = String::from_utf8(STANDARD.decode(&page[at..end]).unwrap()).unwrap();
    format!("{}{}{}", &page[..at], STANDARD.encode(change(bundle)), &page[end..])
}

#[test]
fn a_page_checks_itself_in_a_browser_without_a_network() {
    let place = audited();
    let page = read(&place, "audit.html");
    let seen = seen(&page);
    assert_eq!(verdict(&seen), "good", "{}", &seen[..seen.len().min(20_000)]);
    for proof in ["coverage", "findings"] {
        assert_eq!(attribute(&seen, &format!("data-proof=\"{proof}\" data-state=\"")), "good", "{proof}");
    }
    let key = place.ok(["key", "public"]);
    assert!(seen.contains(&format!("<code class=\"key\">{}</code>", key.trim())), "the key to compare is shown: {key}");
    assert!(!seen.contains("<title>pwned"), "nothing of a stranger's ran");
    assert!(seen.contains("id=\"filter\">") && seen.contains("findings</span>"), "the filter is there");
    // The same bundle, for the program.
    place.ok(["verify", "--bundle", "audit.html", "--key", key.trim()]);
}

#[test]
fn a_page_finds_whatever_was_done_to_it() {
    let place = audited();
    let page = read(&place, "audit.html");
    let (first, last) = (page.find("<tr data-id").unwrap(), page.rfind("<tr data-id").unwrap());
    let end = |at: usize| at + page[at..].find("</tr>").unwrap() + 5;
    let row = &page[first..end(first)];
    let other = Place::new();
    other.write("b.txt", "two");
    other.run(["repo", "--sources=file"]);
    write_page(&other);
    let foreign = read(&other, "audit.html");
    let foreign = attribute(&foreign, "octet-stream\" id=\"bundle\">");
    let bundle_at = page.find("id=\"bundle\">").unwrap() + 12;
    let bundle_end = bundle_at + page[bundle_at..].find('<').unwrap();

    let changed = |from: &str, to: &str| {
        assert!(page.contains(from), "{from} is in the page");
        page.replacen(from, to, 1)
    };
    let tampered: Vec<(&str, String)> = vec![
        ("a finding gone", format!("{}{}", &page[..first], &page[end(first)..])),
        ("the last finding gone", format!("{}{}", &page[..last], &page[end(last)..])),
        ("a finding twice", format!("{}{row}{}", &page[..first], &page[first..])),
        ("a finding in other words", page.replacen("<bdi>what comes from outside", "<bdi>what comes from inside", 1)),
        ("a milder finding", page.replacen("data-severity=\"critical\"", "data-severity=\"info\"", 1)),
        ("a word for another", changed(">INCOMPLETE<", ">complete<")),
        ("a count", changed("data-tally=\"critical\">", "data-tally=\"critical\">1")),
        ("another target", changed("data-sealed=\"target\">", "data-sealed=\"target\">/other")),
        ("another time", changed("data-sealed=\"began\">2", "data-sealed=\"began\">1")),
        ("nothing left unread", changed("<ul id=\"unread\">\n<li>", "<ul id=\"unread\">\n<li hidden>not ")),
        ("other figures of a source", changed("<tr data-row=\"source\">", "<tr data-row=\"source\"><td>x</td>")),
        ("an analyzer gone", changed("<tr data-row=\"analyzer\">", "<tr>")),
        ("another book", format!("{}{foreign}{}", &page[..bundle_at], &page[bundle_end..])),
        ("no base64", format!("{}!{}", &page[..bundle_at], &page[bundle_at..])),
        (
            "content",
            with_bundle(&page, |bundle| {
                let at = bundle.find("\"statement\":{\"bytes\":\"").unwrap() + 24;
                let letter = if &bundle[at..=at] == "A" { "B" } else { "A" };
                format!("{}{letter}{}", &bundle[..at], &bundle[at + 1..])
            }),
        ),
        ("a leaf", with_bundle(&page, |bundle| bundle.replacen("\"phase\":\"event\"", "\"phase\":\"intent\"", 1))),
        (
            "a leaf gone",
            with_bundle(&page, |bundle| {
                let mut lines: Vec<&str> = bundle.lines().collect();
                lines.remove(4);
                lines.join("\n") + "\n"
            }),
        ),
        (
            "two leaves swapped",
            with_bundle(&page, |bundle| {
                let mut lines: Vec<&str> = bundle.lines().collect();
                lines.swap(4, 5);
                lines.join("\n") + "\n"
            }),
        ),
        (
            "the checkpoint's signature",
            with_bundle(&page, |bundle| {
                let at = bundle.find("\\n\"}\n").unwrap() - 6;
                let letter = if &bundle[at..=at] == "A" { "B" } else { "A" };
                format!("{}{letter}{}", &bundle[..at], &bundle[at + 1..])
            }),
        ),
        (
            "findings withheld",
            with_bundle(&page, |bundle| {
                let at = bundle.find("\"parts\":{\"findings\":{").unwrap();
                let end = at + bundle[at..].find('}').unwrap() + 1;
                format!("{}\"parts\":{{\"findings\":\"withheld\"{}", &bundle[..at], &bundle[end..])
            }),
        ),
    ];
    std::thread::scope(|scope| {
        let half = tampered.len().div_ceil(2);
        for some in tampered.chunks(half) {
            let page = &page;
            scope.spawn(move || {
                for (what, tampered) in some {
                    assert!(tampered != page, "{what}: something was changed");
                    let seen = seen(tampered);
                    let proofs = [verdict(&seen), attribute(&seen, "data-proof=\"findings\" data-state=\"")];
                    match *what {
                        // What is withheld fits its leaf: the page says that it proves nothing of the findings.
                        "findings withheld" => assert_eq!(proofs[1], "none", "{what}"),
                        _ => assert_eq!(proofs[0], "bad", "{what}"),
                    }
                }
            });
        }
    });
}

#[test]
fn a_page_of_a_large_book_carries_what_it_tells_of_and_no_more() {
    let place = audited();
    let line = |n: u32| format!("{{\"action\":\"note\",\"target\":\"file:x\",\"reason\":\"private words {n}\"}}\n");
    place.write("many.jsonl", (0..9_200).map(line).collect::<String>());
    place.ok(["import", "many.jsonl"]);
    std::fs::remove_file(place.project().join("many.jsonl")).unwrap();
    place.run(["repo", "--sources=git,file,security", "--fail-on=never"]);
    write_page(&place);
    let page = read(&place, "audit.html");
    assert_eq!(attribute(&page, "data-extent=\""), "shown");
    let checked = seen(&page);
    assert_eq!(verdict(&checked), "good");
    assert_eq!(attribute(&checked, "data-proof=\"findings\" data-state=\""), "good");
    assert!(checked.contains("each with the proof that it is in the book"));
    let bundle = with_bundle(&page, |bundle| {
        assert!(!bundle.contains(&STANDARD.encode("private words")[..12]), "nothing of what is not told");
        assert!(bundle.lines().count() < 600);
        let at = bundle.find("\"proof\":[\"").unwrap() + 12;
        let letter = if &bundle[at..=at] == "A" { "B" } else { "A" };
        format!("{}{letter}{}", &bundle[..at], &bundle[at + 1..])
    });
    assert_eq!(verdict(&seen(&bundle)), "bad", "a proof was changed");
}

#[test]
fn a_page_without_scripts_says_that_nothing_was_checked() {
    let place = audited();
    let page = read(&place, "audit.html");
    let at = page.rfind("\n<script>").unwrap();
    let without = seen(&page[..at]);
    assert_eq!(verdict(&without), "waiting");
    assert!(without.contains("Not checked yet") && without.contains("sealbook verify --bundle"));
    assert!(Path::new(&place.project().join("audit.html")).metadata().unwrap().len() < 8 << 20);
}

#[test]
fn anything_can_be_told_as_a_page() {
    let place = Place::new();
    place.ok(["append", "--action", "file.write", "--target", "file:<b>x</b>"]);
    for arguments in [&["query"][..], &["status"], &["verify"], &["show", "1"]] {
        let page = place.ok(arguments.iter().chain(&["--format", "html"]));
        assert!(page.starts_with("<!doctype html>") && page.contains("script-src 'none'"), "{arguments:?}");
        assert!(!page.contains("<b>x"), "{arguments:?}");
    }
}
