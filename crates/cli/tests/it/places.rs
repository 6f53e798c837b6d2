//! Where books lie, and how one is found.

use std::path::Path;

use crate::fixture::{Place, end, git};

#[test]
fn init_makes_the_book_elsewhere_and_a_pointer_that_ignores_itself() {
    let place = Place::empty();
    let ended = place.run(["init"]);
    assert_eq!(ended.code, 0);
    insta::assert_snapshot!("init", place.plain(&format!("{}{}", ended.err, ended.out)));
    let mut files: Vec<String> = std::fs::read_dir(place.project().join(".sealbook"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert_eq!(files, [".gitignore", "book.toml", "config.toml"]);
    let pointer = std::fs::read_to_string(place.project().join(".sealbook/book.toml")).unwrap();
    insta::assert_snapshot!("pointer", place.plain(&pointer));
    let status = place.ok(["status"]);
    // Keys come in the order of their fingerprints, which differ from run to run.
    let (book, keys) = status.split_once("\nKeys\n").unwrap();
    insta::assert_snapshot!("status", place.plain(book));
    assert!(keys.contains("checkpoint") && keys.contains("record"), "{keys}");
}

#[test]
fn a_book_is_found_from_below_its_project() {
    let place = Place::new();
    place.write("src/deep/x", "");
    let mut command = place.command(["status", "--format", "json"]);
    let ended = end(command.current_dir(place.project().join("src/deep")), b"");
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.out.contains("\"project\": \"shop\""), "{ended:?}");
}

#[test]
fn books_have_names_paths_and_tenants() {
    let place = Place::empty();
    for arguments in [&["--book", "ops"][..], &["--book", "ops", "--tenant", "Müller & Co"], &["--book", "./here"]] {
        place.ok(["init"].iter().chain(arguments));
        let append = place.run(["append", "--action", "a", "--target", "t"].iter().chain(arguments));
        assert_eq!(append.code, 0, "{append:?}");
        let status: serde_json::Value =
            serde_json::from_str(&place.ok(["status", "--format", "json"].iter().chain(arguments))).unwrap();
        assert_eq!(status["head"]["size"], 2);
    }
    assert!(place.project().join("here/default/ledger.db").exists());
    assert!(place.home().join("books/ops/M%C3%BCller%20%26%20Co/ledger.db").exists());
    assert!(!place.project().join(".sealbook").exists());
}

#[test]
fn xdg_directories_are_used_where_no_home_is_set() {
    let place = Place::empty();
    let state = place.beside("state");
    let mut command = place.command(["init"]);
    command.env_remove("SEALBOOK_HOME").env("XDG_STATE_HOME", &state).env("HOME", place.beside("user"));
    assert_eq!(end(&mut command, b"").code, 0);
    assert!(state.join("sealbook/books").is_dir());
    assert!(place.beside("user/.local/share/sealbook/keys").is_dir());
    assert!(place.beside("user/.local/share/sealbook/heads").is_dir());
}

#[test]
fn a_book_that_was_taken_away_is_not_made_anew() {
    let place = Place::new();
    place.append(&["--action", "a", "--target", "t"]);
    std::fs::remove_dir_all(place.book()).unwrap();
    for arguments in [&["repo"][..], &["init"], &["status"], &["verify"]] {
        let ended = place.run(arguments);
        assert_eq!(ended.code, 4, "{ended:?}");
        assert!(ended.err.contains("error[book_gone]"), "{ended:?}");
    }
}

#[test]
fn a_home_that_never_had_the_book_makes_its_own_and_the_first_stays_right() {
    let place = Place::new();
    place.append(&["--action", "a", "--target", "t"]);
    let elsewhere = |arguments: &[&str]| {
        let mut command = place.command(arguments);
        end(command.env("SEALBOOK_HOME", place.beside("home2")), b"")
    };
    assert_eq!(elsewhere(&["status"]).code, 2);
    assert_eq!(elsewhere(&["init"]).code, 0);
    assert_eq!(elsewhere(&["append", "--action", "a", "--target", "t"]).code, 0);
    assert_eq!(place.json(["status"])["head"]["size"], 2);
    assert_eq!(place.run(["verify"]).code, 0);
    std::fs::remove_dir_all(place.book()).unwrap();
    assert_eq!(place.run(["status"]).code, 4, "what the first home had is missed there all the same");
}

#[test]
fn another_book_in_its_place_is_noticed() {
    let (place, other) = (Place::new(), Place::new());
    std::fs::remove_dir_all(place.book()).unwrap();
    std::fs::rename(
        other.book(),
        place.home().join("books").join(place.book().parent().unwrap().file_name().unwrap()).join("default"),
    )
    .unwrap();
    let ended = place.run(["status"]);
    assert_eq!(ended.code, 4);
    assert!(ended.err.starts_with("error[book_replaced]"), "{ended:?}");
    let verified = place.run(["verify"]);
    assert_eq!(verified.code, 4);
    assert!(verified.out.contains("untrusted"), "{verified:?}");
}

#[test]
fn a_pointer_cannot_lead_out_of_the_books() {
    let place = Place::new();
    for book in ["../../elsewhere", "/tmp", "./x", ".."] {
        place.write(".sealbook/book.toml", format!("book = \"{book}\"\ntenant = \"default\"\n"));
        let ended = place.run(["status"]);
        assert_eq!(ended.code, 2);
        assert!(ended.err.starts_with("error[name_invalid]"), "{ended:?}");
    }
}

#[test]
fn a_book_that_may_only_be_read_is_read() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    place.append(&["--action", "a", "--target", "t"]);
    place.ok(["query"]);
    let book = place.book();
    let set = |mode: u32, files: u32| {
        for file in std::fs::read_dir(&book).unwrap() {
            std::fs::set_permissions(file.unwrap().path(), std::fs::Permissions::from_mode(files)).unwrap();
        }
        std::fs::set_permissions(&book, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    set(0o500, 0o400);
    // Whoever may do everything may write here too: then there is nothing to see.
    let is_bound = std::fs::File::options().append(true).open(book.join("ledger.db")).is_err();
    let (shown, appended) = (place.run(["show", "1"]), place.run(["append", "--action", "a", "--target", "t"]));
    set(0o700, 0o600);
    assert_eq!(shown.code, 0, "{shown:?}");
    if is_bound {
        assert_eq!(appended.code, 2);
        assert!(appended.err.starts_with("error[book_read_only]"), "{appended:?}");
    }
}

#[test]
fn a_pointer_that_a_stranger_wrote_is_not_followed() {
    let place = Place::new();
    place.append(&["--action", "a", "--target", "t"]);
    // A hostile clone knows the book's name and what is published of it, and holds a pointer of its own.
    let pointer = std::fs::read_to_string(place.project().join(".sealbook/book.toml")).unwrap();
    let forged: String =
        pointer.lines().filter(|line| !line.starts_with("marks")).map(|line| format!("{line}\n")).collect();
    assert_ne!(forged, pointer);
    let clone = place.beside("clone");
    std::fs::create_dir_all(clone.join(".sealbook")).unwrap();
    std::fs::write(clone.join(".sealbook/book.toml"), &forged).unwrap();
    let within = |arguments: &[&str]| end(place.command(arguments).current_dir(&clone), b"");
    for arguments in [
        &["append", "--action", "a", "--target", "t"][..],
        &["repo"],
        &["status"],
        &["--tenant", "acme", "append", "--action", "a", "--target", "t"],
        &["restore", "--continue", "--reason", "r"],
    ] {
        let ended = within(arguments);
        assert_eq!(ended.code, 2, "{arguments:?}: {ended:?}");
        assert!(ended.err.contains("error[pointer_strange]") && ended.err.contains(" init`"), "{ended:?}");
    }
    assert_eq!(place.json(["status"])["head"]["size"], 2, "nothing was sealed there");
    // The mend: a book of its own.
    assert_eq!(within(&["init"]).code, 0);
    assert_eq!(within(&["append", "--action", "b", "--target", "t"]).code, 0);
    assert_eq!(place.json(["status"])["head"]["size"], 2);
    // A project that moves takes its pointer along.
    let moved = place.beside("moved");
    std::fs::rename(place.project(), &moved).unwrap();
    let mut status = place.command(["status"]);
    assert_eq!(end(status.current_dir(&moved), b"").code, 0);
}

#[test]
fn a_secret_in_a_directorys_name_is_told_nowhere() {
    const SECRET: &str = "ghp_a1B2c3D4e5F6g7H8i9J0kLmNoPqRsTuVwXyZ";
    let place = Place::empty();
    let root = place.beside(&format!("x-{SECRET}"));
    std::fs::create_dir(&root).unwrap();
    std::fs::write(root.join("a"), "a").unwrap();
    for arguments in [&["repo"][..], &["repo"], &["status"], &["status", "--format", "json"], &["report"]] {
        let ended = end(place.command(arguments).current_dir(&root), b"");
        assert_eq!(ended.code, 0, "{ended:?}");
        assert!(!ended.out.contains(SECRET) && !ended.err.contains(SECRET), "{arguments:?}: {ended:?}");
    }
    let books = std::fs::read_dir(place.home().join("books")).unwrap();
    let names: Vec<String> = books.map(|book| book.unwrap().file_name().into_string().unwrap()).collect();
    assert!(names.iter().all(|name| !name.contains(SECRET)), "{names:?}");
    assert_eq!(names.len(), 1, "both audits, and what asks about them, are of one book: {names:?}");
    assert!(!root.join(".sealbook").exists(), "it is no project, and nothing is put into it");
}

/// A project whose audit has a finding to fail on, with what a stranger put into its `.sealbook/`.
fn hostile_clone() -> Place {
    let place = Place::empty();
    git(&place.project(), &["init", "--quiet"]);
    place.write("a", "a");
    place.write(".sealbook/config.toml", "fail_on = \"never\"\nactor = \"user:ceo\"\nproject = \"payroll\"\n");
    git(&place.project(), &["add", "--all", "--force"]);
    git(&place.project(), &["commit", "--quiet", "--message", "a"]);
    place
}

#[test]
fn a_configuration_that_came_with_a_clone_is_not_believed() {
    let place = hostile_clone();
    let object = |name: &str| {
        let mut command = std::process::Command::new("git");
        let said = command.current_dir(place.project()).args(["rev-parse", name]).output().unwrap().stdout;
        let id = String::from_utf8(said).unwrap();
        place.project().join(".git/objects").join(&id[..2]).join(id[2..].trim())
    };
    let (victim, other) = (object("HEAD:a"), object("HEAD:.sealbook/config.toml"));
    std::fs::remove_file(&victim).unwrap();
    std::fs::copy(other, victim).unwrap();

    // Neither when the book is made nor later, when the pointer beside it is ours.
    for again in [false, true] {
        let ended = place.run(if again { &["repo", ".", "--again"][..] } else { &["repo", "."] });
        assert_eq!(ended.code, 1, "{ended:?}");
        assert!(ended.err.contains("bears no mark of this home") && ended.err.contains("to accept it"), "{ended:?}");
    }
    let page = place.json(["query", "--action", "audit.run"]);
    let record = &page["records"][0]["record"];
    assert_ne!(record["actor"]["id"], "ceo");
    assert_eq!(record["project"], "shop");

    // The mend that is named.
    place.configure("fail_on = \"never\"\nactor = \"user:ceo\"\n");
    let ended = place.run(["repo", ".", "--again"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(!ended.err.contains("bears no mark"), "{ended:?}");
    place.append(&["--action", "a", "--target", "t"]);
    assert_eq!(place.json(["query", "--action", "a"])["records"][0]["record"]["actor"]["id"], "ceo");
}

#[test]
fn a_new_configuration_bears_the_mark_and_may_be_edited() {
    let place = Place::empty();
    place.ok(["init"]);
    let path = place.project().join(".sealbook/config.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let edited = text.replace("# actor = \"agent:builder\"", "actor = \"agent:builder\"");
    assert_ne!(text, edited);
    std::fs::write(&path, edited).unwrap();
    place.append(&["--action", "a", "--target", "t"]);
    assert_eq!(place.json(["query", "--action", "a"])["records"][0]["record"]["actor"]["id"], "builder");
}

#[test]
fn nothing_is_written_or_read_through_a_link() {
    use std::os::unix::fs::symlink;
    let victim = Place::new();
    let listed = |dir: &Path| {
        let mut names: Vec<_> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let clone = |name: &str| {
        let clone = victim.beside(name);
        std::fs::create_dir(&clone).unwrap();
        std::fs::write(clone.join("a"), "a").unwrap();
        clone
    };
    let within = |clone: &Path, arguments: &[&str]| {
        let ended = end(victim.command(arguments).current_dir(clone), b"");
        assert_eq!(ended.code, 2, "{ended:?}");
        assert!(ended.err.contains("error[project_linked]"), "{ended:?}");
    };
    let empty = victim.beside("empty");
    std::fs::create_dir(&empty).unwrap();
    // Of the whole directory: to one that is empty, and to another project's.
    let (first, second) = (clone("one"), clone("two"));
    symlink(&empty, first.join(".sealbook")).unwrap();
    symlink(victim.project().join(".sealbook"), second.join(".sealbook")).unwrap();
    for clone in [&first, &second] {
        within(clone, &["repo", "."]);
        within(clone, &["init"]);
    }
    assert!(listed(&empty).is_empty());
    // Of one file: what it leads to is there, or not.
    let third = clone("three");
    std::fs::create_dir(third.join(".sealbook")).unwrap();
    symlink(victim.project().join(".sealbook/book.toml"), third.join(".sealbook/book.toml")).unwrap();
    within(&third, &["repo", "."]);
    for (at, file) in [".gitignore", "config.toml"].into_iter().enumerate() {
        let clone = clone(&format!("four{at}"));
        std::fs::create_dir(clone.join(".sealbook")).unwrap();
        symlink(empty.join("made"), clone.join(".sealbook").join(file)).unwrap();
        within(&clone, &["repo", "."]);
    }
    assert!(listed(&empty).is_empty());
    assert_eq!(victim.json(["status"])["head"]["size"], 1, "nothing was sealed there");
}
