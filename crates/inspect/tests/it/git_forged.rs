//! Objects that are not what their names say, which git serves without a word; and objects that
//! cannot be read at all.

use std::path::Path;

use sealbook_inspect::{Coverage, GitOptions};
use sealbook_record::{PartName, Record, Severity};
use serde_json::Value;

use crate::book::{Book, part, result};
use crate::git_repo::Repo;

/// Puts other content under an object's name, as a loose object.
pub(crate) fn forge(repo: &Repo, kind: &str, victim: &str, content: &[u8]) -> String {
    std::fs::write(repo.path.join(".git/forgery"), content).unwrap();
    let actual = repo.line(&["hash-object", "-w", "--literally", "-t", kind, ".git/forgery"]);
    overwrite(&repo.loose(victim), &std::fs::read(repo.loose(&actual)).unwrap());
    std::fs::remove_file(repo.loose(&actual)).unwrap();
    actual
}

pub(crate) fn overwrite(path: &Path, content: &[u8]) {
    // Git makes its objects read-only.
    let _ = std::fs::remove_file(path);
    std::fs::write(path, content).unwrap();
}

pub(crate) fn audit(repo: &Repo) -> (Book, Coverage) {
    let book = Book::new();
    let coverage = book.git(&repo.path, GitOptions::default());
    (book, coverage)
}

pub(crate) fn replaced(content: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(content.to_vec()).unwrap();
    assert!(text.contains(from));
    text.replace(from, to).into_bytes()
}

/// The record's finding, which must weigh as much as it can.
#[track_caller]
fn critical(record: &Record) -> Value {
    assert_eq!(record.severity, Severity::Critical);
    let findings = part(record, PartName::Findings);
    assert_eq!(findings.as_array().unwrap().len(), 1);
    assert_eq!(findings[0]["severity"], "critical");
    assert_eq!(findings[0]["rule"], "git.forged");
    findings[0].clone()
}

#[test]
fn a_forged_author_is_named_while_git_log_shows_it() {
    let mut repo = Repo::new();
    repo.save("file", "one\n", "first");
    let victim = repo.save("file", "two\n", "second");
    repo.save("file", "three\n", "third");
    let honest = repo.git(&["cat-file", "commit", &victim]);
    let actual = forge(&repo, "commit", &victim, &replaced(&honest, "author Ann Author", "author Eve Forger"));

    assert_eq!(repo.line(&["log", "-1", "--format=%an", &victim]), "Eve Forger", "git serves it");
    let (book, coverage) = audit(&repo);
    let forged = book.of("git.forged");
    assert_eq!(forged.len(), 1);
    assert_eq!(forged[0].target.id, victim);
    let told = result(&forged[0]);
    assert_eq!(told["object"], victim);
    assert_eq!(told["actual"], actual);
    assert_eq!(told["kind"], "commit");
    assert!(told["lies_in"].as_str().unwrap().ends_with(&format!("{}/{}", &victim[..2], &victim[2..])));
    let message = critical(&forged[0])["message"].to_string();
    assert!(message.contains(&victim) && message.contains(&actual), "{message}");

    // The run goes on, and the commit is told as git tells it, but not as if it were sound.
    let commits = book.of("git.commit");
    assert_eq!(commits.len(), 3);
    let commit = commits.iter().find(|commit| commit.target.id == victim).unwrap();
    assert_eq!(commit.severity, Severity::Critical);
    assert_eq!(result(commit)["forged_as"], actual);
    assert!(commits.iter().filter(|commit| commit.target.id != victim).all(|c| c.severity == Severity::Info));
    assert!(coverage.is_complete(), "it was read, and found to be forged");
    assert_eq!(result(&book.of("git.history")[0])["forged"], 1);
}

#[test]
fn a_forged_file_is_named_with_its_path_while_git_show_serves_it() {
    let mut repo = Repo::new();
    repo.write("src/main.rs", "fn main() {}\n");
    repo.save("other", "x\n", "first");
    let blob = repo.line(&["rev-parse", "HEAD:src/main.rs"]);
    let commit = repo.head();
    repo.save("other", "y\n", "second");
    let actual = forge(&repo, "blob", &blob, b"fn main() { backdoor() }\n");

    assert_eq!(repo.line(&["show", "HEAD:src/main.rs"]), "fn main() { backdoor() }", "git serves it");
    let (book, _) = audit(&repo);
    let forged = book.of("git.forged");
    assert_eq!(forged.len(), 1);
    let told = result(&forged[0]);
    assert_eq!(told["object"], blob);
    assert_eq!(told["actual"], actual);
    assert_eq!(told["kind"], "blob");
    assert_eq!(told["path"], "src/main.rs");
    assert_eq!(told["commit"], commit);
    assert_eq!(critical(&forged[0])["location"]["path"], "src/main.rs");
}

#[test]
fn forged_trees_and_tags_are_named() {
    let mut repo = Repo::new();
    repo.write("dir/file", "content\n");
    repo.save("dir/hidden", "more\n", "first");
    let tree = repo.line(&["rev-parse", "HEAD:dir"]);
    let blob = repo.line(&["rev-parse", "HEAD:dir/file"]);
    repo.git(&["tag", "-a", "-m", "release one", "v1"]);
    let tag = repo.line(&["rev-parse", "v1"]);
    let honest = repo.git(&["cat-file", "tag", &tag]);
    forge(&repo, "tag", &tag, &replaced(&honest, "release one", "release two"));
    let entry = [b"100644 file\0".as_slice(), &hex(&blob)].concat();
    forge(&repo, "tree", &tree, &entry);

    let shown = String::from_utf8(repo.git(&["show", "--no-patch", "v1"])).unwrap();
    assert!(shown.contains("release two"), "git serves it");
    assert_eq!(repo.line(&["show", "--format=", "--name-only", "HEAD"]), "dir/file", "git serves it");
    let (book, _) = audit(&repo);
    let mut kinds: Vec<_> = book.of("git.forged").iter().map(|r| result(r)["kind"].to_string()).collect();
    kinds.sort();
    assert_eq!(kinds, ["\"tag\"", "\"tree\""]);
}

#[test]
fn what_only_a_merge_brought_is_checked_too() {
    let mut repo = Repo::new();
    repo.save("base", "base\n", "root");
    repo.git(&["checkout", "-q", "-b", "side"]);
    repo.save("side", "side\n", "side");
    repo.git(&["checkout", "-q", "main"]);
    repo.save("main", "main\n", "main");
    repo.tick();
    repo.git(&["merge", "-q", "--no-ff", "--no-commit", "side"]);
    repo.write("smuggled", "in by the merge itself\n");
    repo.commit("merge");
    let blob = repo.line(&["rev-parse", "HEAD:smuggled"]);
    forge(&repo, "blob", &blob, b"something else\n");
    let (book, _) = audit(&repo);
    assert_eq!(result(&book.of("git.forged")[0])["path"], "smuggled");
}

#[test]
fn a_forgery_within_a_pack_is_named() {
    let mut repo = Repo::new();
    repo.git(&["config", "core.compression", "0"]);
    repo.git(&["config", "pack.compression", "0"]);
    let honest = b"pay to account 1111\n";
    repo.save("invoice", honest, "an invoice");
    let blob = repo.line(&["rev-parse", "HEAD:invoice"]);
    repo.git(&["repack", "-q", "-a", "-d", "-F", "--window=0"]);
    let packs = std::fs::read_dir(repo.path.join(".git/objects/pack")).unwrap();
    let pack = packs.map(|entry| entry.unwrap().path()).find(|path| path.extension().unwrap() == "pack").unwrap();
    let mut bytes = std::fs::read(&pack).unwrap();
    let at = bytes.windows(honest.len()).position(|window| window == honest).expect("stored, not deflated");
    let forged = b"pay to account 6666\n";
    bytes[at..at + forged.len()].copy_from_slice(forged);
    let end = at + forged.len();
    bytes[end..end + 4].copy_from_slice(&adler32(forged).to_be_bytes());
    overwrite(&pack, &bytes);

    assert_eq!(repo.line(&["show", "HEAD:invoice"]), "pay to account 6666", "git serves it");
    let (book, _) = audit(&repo);
    let told = result(&book.of("git.forged")[0]);
    assert_eq!(told["object"], blob);
    assert_eq!(told["path"], "invoice");
    assert_eq!(told["lies_in"], pack.canonicalize().unwrap().to_str().unwrap());
}

#[test]
fn damage_is_told_and_the_rest_is_still_read() {
    let mut repo = Repo::new();
    for name in ["missing", "garbage", "cut", "lying", "sound"] {
        repo.write(name, format!("{name}: a file of its own\n").repeat(200));
    }
    repo.commit("all of them");
    repo.save("sound", "changed\n", "later");
    let blob = |name: &str| repo.line(&["rev-parse", &format!("HEAD:{name}")]);
    std::fs::remove_file(repo.loose(&blob("missing"))).unwrap();
    overwrite(&repo.loose(&blob("garbage")), b"no zlib stream at all");
    let cut = std::fs::read(repo.loose(&blob("cut"))).unwrap();
    overwrite(&repo.loose(&blob("cut")), &cut[..cut.len() / 2]);
    let tree = std::fs::read(repo.loose(&repo.line(&["rev-parse", "HEAD^{tree}"]))).unwrap();
    overwrite(&repo.loose(&blob("lying")), &tree);

    let (book, coverage) = audit(&repo);
    let told: Vec<_> = book.of("git.damaged").iter().map(result).collect();
    let of = |path: &str| told.iter().find(|told| told["path"] == path).unwrap()["damage"].clone();
    assert_eq!(of("missing"), "object_missing");
    assert_eq!(of("garbage"), "object_corrupt");
    assert_eq!(of("cut"), "object_corrupt");
    assert_eq!(of("lying"), "object_of_wrong_kind");
    assert_eq!(told.len(), 4);
    assert!(!coverage.is_complete());
    assert_eq!(coverage.skipped_total(), 4);
    assert_eq!(coverage.covered, 2);
    let root = &book.of("git.commit")[1];
    let files = result(root)["files"].as_array().unwrap().clone();
    assert_eq!(files.len(), 5, "its files are known, though not all of their lines");
    let sound = files.iter().find(|file| file["path"] == "sound").unwrap();
    assert_eq!(sound["added"], 200);
    assert_eq!(result(&book.of("git.history")[0])["complete"], false);
}

#[test]
fn a_missing_commit_ends_its_branch_of_history_only() {
    let mut repo = Repo::new();
    repo.save("a", "1\n", "root");
    let lost = repo.save("a", "2\n", "lost");
    let child = repo.save("a", "3\n", "child");
    repo.save("a", "4\n", "head");
    std::fs::remove_file(repo.loose(&lost)).unwrap();
    let (book, coverage) = audit(&repo);
    let told = result(&book.of("git.damaged")[0]);
    assert_eq!(told["object"], lost);
    assert_eq!(told["commit"], child, "met in its child");
    assert_eq!(coverage.covered, 2);
    assert!(!coverage.is_complete());
}

/// What was told without how often objects were hashed: two threads may both meet one first.
fn without_effort(part: &str) -> serde_json::Value {
    let mut told: serde_json::Value = serde_json::from_str(part).unwrap();
    if let Some(fields) = told.as_object_mut() {
        fields.remove("hashed");
    }
    told
}

#[test]
fn whatever_byte_of_a_pack_is_flipped_no_record_changes_unremarked() {
    let mut repo = Repo::new();
    repo.import(60);
    repo.git(&["tag", "-a", "-m", "a tag", "v1", "main"]);
    repo.git(&["repack", "-q", "-a", "-d", "-f", "--depth=10"]);
    let told = |book: &Book| -> Vec<_> {
        let told = book.records().into_iter().filter(|record| record.action.starts_with("git."));
        told.map(|record| {
            (
                record.action,
                record.target.id,
                record.parts.into_values().map(|p| without_effort(p.get())).collect::<Vec<_>>(),
            )
        })
        .collect()
    };
    let directory = repo.path.join(".git/objects/pack");
    let (honest, _) = audit(&repo);
    let mut flagged = 0;
    for extension in ["pack", "idx"] {
        let files = std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path());
        let path = files.into_iter().find(|path| path.extension().unwrap() == extension).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        for at in (0..bytes.len()).step_by(bytes.len() / 75 + 1) {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            overwrite(&path, &flipped);
            let book = Book::new();
            let Ok(coverage) = book.try_git(&repo.path, GitOptions::default()) else { continue };
            let remarked = !coverage.is_complete() || !book.of("git.forged").is_empty();
            assert!(remarked || told(&book) == told(&honest), "{extension}, byte {at}");
            flagged += u32::from(remarked);
        }
        overwrite(&path, &bytes);
    }
    assert!(flagged > 75, "most bytes matter: {flagged}");
}

#[test]
fn trees_nested_beyond_reason_are_damage() {
    let repo = Repo::new();
    for (depth, fits) in [(240, true), (1_500, false)] {
        let path = "d/".repeat(depth) + "file";
        let stream = format!(
            "commit refs/heads/deep-{depth}\ncommitter C <c@d> 1600000000 +0000\ndata 1\nx\nM 644 inline {path}\ndata 2\ny\n\n"
        );
        std::fs::write(repo.path.join(".git/stream"), stream).unwrap();
        let stream = std::fs::File::open(repo.path.join(".git/stream")).unwrap();
        assert!(repo.command().args(["fast-import", "--quiet"]).stdin(stream).status().unwrap().success());
        let (book, coverage) = audit(&repo);
        assert_eq!(coverage.is_complete(), fits, "{depth}");
        assert_eq!(book.of("git.damaged").is_empty(), fits);
    }
}

#[test]
fn honest_repositories_have_no_findings() {
    let mut repo = Repo::new();
    for at in 0..20 {
        repo.save("file", format!("{at}\n").repeat(50), "a change");
    }
    repo.git(&["tag", "-a", "-m", "a tag", "v1"]);
    repo.git(&["gc", "-q"]);
    repo.save("file", "loose again\n", "loose");
    let (book, coverage) = audit(&repo);
    assert!(coverage.is_complete());
    assert!(book.of("git.forged").is_empty() && book.of("git.damaged").is_empty());
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn adler32(bytes: &[u8]) -> u32 {
    let (a, b) = bytes.iter().fold((1_u32, 0_u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    b << 16 | a
}

#[test]
fn what_is_forged_after_it_was_read_is_named_by_the_next_run() {
    let mut repo = Repo::new();
    let victim = repo.save("file", "one\n", "first");
    repo.save("file", "two\n", "second");
    let blob = repo.line(&["rev-parse", &format!("{victim}:file")]);
    let (book, _) = audit(&repo);
    let honest = repo.git(&["cat-file", "commit", &victim]);
    forge(&repo, "commit", &victim, &replaced(&honest, "author Ann Author", "author Eve Forger"));
    forge(&repo, "blob", &blob, b"another one\n");

    let coverage = book.git(&repo.path, GitOptions::default());
    let mut named: Vec<_> = book.of("git.forged").into_iter().map(|record| record.target.id).collect();
    let mut forged = vec![victim, blob];
    named.sort();
    forged.sort();
    assert_eq!(named, forged);
    assert_eq!(book.of("git.commit").len(), 2, "nothing is sealed a second time");
    let [note] = &coverage.notes[..] else { panic!("{coverage:?}") };
    assert!(note.starts_with("2 commits were sealed by earlier runs and not read again"), "{note}");
}

#[test]
fn a_pack_that_was_written_over_is_named_when_all_is_read_again() {
    let mut repo = Repo::new();
    let victim = repo.save("file", "one\n", "first");
    repo.save("file", "two\n", "second");
    let (book, _) = audit(&repo);
    // What lies in a pack now goes back to being loose, in an alternate that no run lists.
    let honest = repo.git(&["cat-file", "commit", &victim]);
    forge(&repo, "commit", &victim, &replaced(&honest, "author Ann Author", "author Eve Forger"));
    let elsewhere = repo.path.join("elsewhere");
    std::fs::create_dir_all(elsewhere.join(&victim[..2])).unwrap();
    std::fs::rename(repo.loose(&victim), elsewhere.join(&victim[..2]).join(&victim[2..])).unwrap();
    std::fs::write(repo.path.join(".git/objects/info/alternates"), format!("{}\n", elsewhere.display())).unwrap();

    book.git(&repo.path, GitOptions::default());
    assert!(book.of("git.forged").is_empty(), "a run that goes on reads only its own loose objects");
    let coverage = book.git(&repo.path, GitOptions { again: true, ..GitOptions::default() });
    assert_eq!(book.of("git.forged")[0].target.id, victim);
    assert_eq!((coverage.covered, coverage.notes.len()), (2, 0));
    assert_eq!(book.of("git.commit").len(), 2, "nothing is sealed a second time");
    assert_eq!(result(&book.of("git.history")[2])["again"], 2);
    // The next run goes on from there as if nothing had been read twice.
    repo.save("file", "three\n", "third");
    book.git(&repo.path, GitOptions::default());
    assert_eq!(book.of("git.commit").len(), 3);
    assert_eq!(result(&book.of("git.history")[3])["sealed_commits"], 3);
}

#[test]
fn a_file_that_never_was_makes_the_run_incomplete() {
    let mut repo = Repo::new();
    repo.save("file", "one\n", "first");
    repo.git(&["rm", "-q", "file"]);
    repo.save("other", "two\n", "second");
    let of = |file: &str| GitOptions { file: Some(file.into()), ..GitOptions::default() };
    let (book, _) = audit(&repo);
    for (file, is_there) in [("file", true), ("other", true), ("nothere", false)] {
        let coverage = book.git(&repo.path, of(file));
        assert_eq!(coverage.is_complete(), is_there, "{file}: {coverage:?}");
    }
    let coverage = book.git(&repo.path, GitOptions { authors: vec!["nobody".into()], ..of("other") });
    assert!(coverage.is_complete(), "it is there, though nobody changed it");
}
