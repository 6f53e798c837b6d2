//! Objects that lie in more than one place: an honest copy hides no forged one.

use std::path::{Path, PathBuf};

use sealbook_inspect::GitOptions;
use sealbook_record::Severity;

use crate::book::{Book, result};
use crate::git_forged::{audit, forge, overwrite, replaced};
use crate::git_repo::Repo;

/// A pack that holds an object with this content, and an index that gives it the victim's name.
fn forge_pack(repo: &Repo, kind: &str, victim: &str, content: &[u8]) -> (String, PathBuf) {
    let (actual, pack) = pack_of(repo, kind, content);
    let index = pack.with_extension("idx");
    let mut bytes = std::fs::read(&index).unwrap();
    let name = hex(victim);
    // The index's second version (gitformat-pack(5)): 8 bytes, 256 counts, the names.
    for first in 0..256 {
        let count = u32::from(first >= usize::from(name[0]));
        bytes[8 + 4 * first..12 + 4 * first].copy_from_slice(&count.to_be_bytes());
    }
    bytes[8 + 1024..8 + 1024 + name.len()].copy_from_slice(&name);
    overwrite(&index, &bytes);
    (actual, pack)
}

/// A pack of one object, which lies nowhere else.
fn pack_of(repo: &Repo, kind: &str, content: &[u8]) -> (String, PathBuf) {
    std::fs::write(repo.path.join(".git/forgery"), content).unwrap();
    let actual = repo.line(&["hash-object", "-w", "--literally", "-t", kind, ".git/forgery"]);
    std::fs::write(repo.path.join(".git/names"), format!("{actual}\n")).unwrap();
    let names = std::fs::File::open(repo.path.join(".git/names")).unwrap();
    let mut command = repo.command();
    let packed = command.args(["pack-objects", "-q", ".git/objects/pack/pack"]).stdin(names).output().unwrap();
    assert!(packed.status.success());
    std::fs::remove_file(repo.loose(&actual)).unwrap();
    let name = String::from_utf8(packed.stdout).unwrap();
    (actual, repo.path.join(format!(".git/objects/pack/pack-{}.pack", name.trim())))
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn three_commits(repo: &mut Repo) -> String {
    repo.save("file", "one\n", "first");
    let victim = repo.save("file", "two\n", "second");
    repo.save("file", "three\n", "third");
    victim
}

fn by_eve(repo: &Repo, commit: &str) -> Vec<u8> {
    replaced(&repo.git(&["cat-file", "commit", commit]), "author Ann Author", "author Eve Forger")
}

fn author(repo: &Repo, commit: &str) -> String {
    repo.line(&["log", "-1", "--format=%an", commit])
}

/// The one forged copy that was told.
#[track_caller]
fn assert_named(book: &Book, victim: &str, actual: &str, lies_in: &Path) {
    let forged = book.of("git.forged");
    assert_eq!(forged.len(), 1, "{forged:?}");
    assert_eq!((forged[0].target.id.as_str(), forged[0].severity), (victim, Severity::Critical));
    let told = result(&forged[0]);
    assert_eq!(told["actual"], actual);
    assert_eq!(told["lies_in"], lies_in.canonicalize().unwrap().to_str().unwrap());
}

#[test]
fn a_forged_pack_beside_honest_loose_objects_is_named() {
    let mut repo = Repo::new();
    let victim = three_commits(&mut repo);
    let (actual, pack) = forge_pack(&repo, "commit", &victim, &by_eve(&repo, &victim));
    assert_eq!(author(&repo, &victim), "Eve Forger", "git serves it");
    let (book, _) = audit(&repo);
    assert_named(&book, &victim, &actual, &pack);
    assert_eq!(result(&book.of("git.history")[0])["forged"], 1);
}

#[test]
fn a_forged_blob_in_a_pack_beside_the_honest_one_is_named() {
    let mut repo = Repo::new();
    three_commits(&mut repo);
    let blob = repo.line(&["rev-parse", "HEAD:file"]);
    let (actual, pack) = forge_pack(&repo, "blob", &blob, b"four\n");
    assert_eq!(repo.line(&["show", "HEAD:file"]), "four", "git serves it");
    let (book, _) = audit(&repo);
    assert_named(&book, &blob, &actual, &pack);
}

#[test]
fn of_two_packs_the_forged_one_is_named() {
    let mut repo = Repo::new();
    let victim = three_commits(&mut repo);
    repo.git(&["gc", "-q"]);
    let (actual, pack) = forge_pack(&repo, "commit", &victim, &by_eve(&repo, &victim));
    let (book, _) = audit(&repo);
    assert_named(&book, &victim, &actual, &pack);
}

#[test]
fn a_forged_loose_object_beside_an_honest_pack_is_named_and_not_the_pack() {
    let mut repo = Repo::new();
    let victim = three_commits(&mut repo);
    let content = by_eve(&repo, &victim);
    repo.git(&["gc", "-q"]);
    std::fs::create_dir_all(repo.loose(&victim).parent().unwrap()).unwrap();
    let actual = forge(&repo, "commit", &victim, &content);
    assert_eq!(author(&repo, &victim), "Ann Author", "git serves the honest one");
    let (book, _) = audit(&repo);
    assert_named(&book, &victim, &actual, &repo.loose(&victim));
}

#[test]
fn a_forged_copy_in_an_alternate_is_named() {
    let mut repo = Repo::new();
    let victim = three_commits(&mut repo);
    let honest = std::fs::read(repo.loose(&victim)).unwrap();
    let actual = forge(&repo, "commit", &victim, &by_eve(&repo, &victim));
    let copy = repo.path.join("elsewhere").join(&victim[..2]).join(&victim[2..]);
    std::fs::create_dir_all(copy.parent().unwrap()).unwrap();
    std::fs::rename(repo.loose(&victim), &copy).unwrap();
    overwrite(&repo.loose(&victim), &honest);
    let alternates = format!("{}\n", repo.path.join("elsewhere").display());
    std::fs::write(repo.path.join(".git/objects/info/alternates"), alternates).unwrap();
    let (book, _) = audit(&repo);
    assert_named(&book, &victim, &actual, &copy);
}

#[test]
fn a_pack_that_was_added_after_a_run_is_named_by_the_next() {
    let mut repo = Repo::new();
    let victim = three_commits(&mut repo);
    repo.git(&["gc", "-q"]);
    let (book, _) = audit(&repo);
    assert!(book.of("git.forged").is_empty());
    let (actual, pack) = forge_pack(&repo, "commit", &victim, &by_eve(&repo, &victim));
    book.git(&repo.path, GitOptions::default());
    assert_named(&book, &victim, &actual, &pack);
}

#[test]
fn what_an_index_of_many_packs_says_otherwise_is_named() {
    let mut repo = Repo::new();
    let victim = three_commits(&mut repo);
    let content = by_eve(&repo, &victim);
    repo.git(&["gc", "-q"]);
    let (actual, pack) = pack_of(&repo, "commit", &content);
    repo.git(&["multi-pack-index", "write"]);
    let path = repo.path.join(".git/objects/pack/multi-pack-index");
    let mut bytes = std::fs::read(&path).unwrap();
    let number = |bytes: &[u8], at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    let chunk = |bytes: &[u8], name: &[u8]| {
        let row = (0..usize::from(bytes[6])).map(|row| 12 + 12 * row).find(|at| bytes[*at..*at + 4] == *name).unwrap();
        number(bytes, row + 8)
    };
    let (names, places) = (chunk(&bytes, b"OIDL"), chunk(&bytes, b"OOFF"));
    let row_of = |id: &str| {
        let id = hex(id);
        (0..1_000).find(|row| bytes[names + 20 * row..names + 20 * row + 20] == id[..]).unwrap()
    };
    let (from, to) = (places + 8 * row_of(&actual), places + 8 * row_of(&victim));
    bytes.copy_within(from..from + 8, to);
    overwrite(&path, &bytes);
    assert_eq!(author(&repo, &victim), "Eve Forger", "git serves it");
    let (book, _) = audit(&repo);
    assert_named(&book, &victim, &actual, &pack);
}

#[test]
fn honest_copies_are_no_finding() {
    let mut repo = Repo::new();
    repo.import(40);
    repo.git(&["repack", "-q", "-a", "-f", "--depth=10"]);
    repo.git(&["repack", "-q", "-a", "-f", "--depth=1"]);
    repo.save("file", "one\n", "loose");
    repo.git(&["repack", "-q"]);
    repo.git(&["multi-pack-index", "write"]);
    let (book, coverage) = audit(&repo);
    assert!(coverage.is_complete(), "{coverage:?}");
    assert!(book.of("git.forged").is_empty() && book.of("git.damaged").is_empty());
    assert_eq!(book.of("git.commit").len(), 41);
}

#[test]
fn a_loose_object_that_git_calls_corrupt_is_damage() {
    let mut repo = Repo::new();
    for name in ["sound", "trailed", "longer", "zero"] {
        repo.write(name, format!("{name}\n"));
    }
    repo.commit("all of them");
    let blob = |name: &str| repo.line(&["rev-parse", &format!("HEAD:{name}")]);
    let trailed = [std::fs::read(repo.loose(&blob("trailed"))).unwrap(), b"more".to_vec()].concat();
    overwrite(&repo.loose(&blob("trailed")), &trailed);
    overwrite(&repo.loose(&blob("longer")), &stored(format!("blob 7\0longer\n{}", "and more".repeat(9)).as_bytes()));
    overwrite(&repo.loose(&blob("zero")), &stored(b"blob 05\0zero\n"));
    let said = String::from_utf8(repo.try_git(&["fsck"]).stderr).unwrap();
    for name in ["trailed", "longer", "zero"] {
        assert!(said.contains(&blob(name)), "git fsck refuses {name}: {said}");
    }
    let (book, coverage) = audit(&repo);
    let mut told: Vec<_> = book.of("git.damaged").iter().map(|r| result(r)["path"].to_string()).collect();
    told.sort();
    assert_eq!(told, ["\"longer\"", "\"trailed\"", "\"zero\""]);
    assert_eq!(coverage.skipped_total(), 3);
}

/// A zlib stream of one stored block (RFC 1950, RFC 1951).
fn stored(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap();
    let (a, b) = bytes.iter().fold((1_u32, 0_u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    let head = [&[0x78, 1, 1][..], &length.to_le_bytes(), &(!length).to_le_bytes()].concat();
    [head, bytes.to_vec(), (b << 16 | a).to_be_bytes().to_vec()].concat()
}
