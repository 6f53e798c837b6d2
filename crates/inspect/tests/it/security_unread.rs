//! What hides content from whoever looks for secrets: a NUL, wide characters, files that are not checked out.

use sealbook_inspect::{Coverage, SecurityOptions};
use sealbook_record::Finding;

use crate::book::{Book, result};
use crate::git_repo::Repo;
use crate::secrets::corpus::{Dice, HEX};
use crate::security::{Asked, audit, rules, token};
use crate::tree::Tree;

const BASE64: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Findings and coverage of some sources.
fn looked(book: &Book, target: &std::path::Path, sources: &[&'static str]) -> (Vec<Finding>, Vec<Coverage>) {
    let audit = audit(book, target, &Asked { sources, security: SecurityOptions::default() });
    let coverage = audit.sources.iter().map(|it| it.result.as_ref().unwrap().clone()).collect();
    (audit.findings().cloned().collect(), coverage)
}

fn wide(text: &str) -> Vec<u8> {
    [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
}

/// Content that is no text, whatever its name.
fn noise() -> Vec<u8> {
    (0..3_000_u32).flat_map(|at| (at.wrapping_mul(2_654_435_761)).to_le_bytes()).chain([0; 40]).collect()
}

#[test]
fn a_nul_hides_no_source_and_no_text() {
    let (book, files) = (Book::new(), Tree::new());
    files.write("a.js", "// \0\nexec('rm ' + req.query.x)\n");
    files.write("padded.py", [&[0; 9_000][..], format!("\nTOKEN = \"{}\"\n", token(1)).as_bytes()].concat());
    files.write("start", format!("#!/bin/sh\n{}\nTOKEN={}\n", "\0".repeat(4_000), token(2)));
    files.write("notes", format!("some words \0 and a token {}\n", token(3)));
    files.write(
        "wide.txt",
        format!("TOKEN={}\n", token(4)).encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>(),
    );
    files.write("picture", noise());
    let (found, coverage) = looked(&book, files.path(), &["security"]);
    let told = rules(&found);
    for path in ["padded.py", "start", "notes", "wide.txt"] {
        assert!(told.contains(&format!("secret.github-token {path}")), "{path}: {told:?}");
    }
    assert!(told.iter().any(|it| it.starts_with("insecure.") && it.ends_with(" a.js")), "{told:?}");
    assert_eq!((coverage[0].covered, coverage[0].left_out.get("binary")), (5, Some(&1)));
}

#[test]
fn a_tree_without_a_text_is_no_clean_tree() {
    let (book, files) = (Book::new(), Tree::new());
    files.write("picture", noise());
    let (_, coverage) = looked(&book, files.path(), &["security"]);
    assert_eq!(coverage[0].skipped_by_reason.keys().collect::<Vec<_>>(), ["no_file"]);
}

#[test]
fn history_looks_through_wide_characters_and_what_has_a_nul_and_counts_the_rest() {
    let (book, mut repo) = (Book::new(), Repo::new());
    repo.save("deploy.ps1", wide(&format!("# one\r\n$token = \"{}\"\r\n", token(5))), "wide");
    repo.save("a.py", "print(1)\n", "plain");
    let hidden = repo.save("a.py", format!("print(1)\nTOKEN = \"{}\"\n#\0\n", token(6)), "a NUL");
    repo.save("picture", noise(), "no text");
    repo.git(&["rm", "-q", "deploy.ps1", "a.py"]);
    repo.commit("remove");
    let (found, coverage) = looked(&book, &repo.path, &["git"]);
    assert_eq!(rules(&found), ["secret.github-token a.py", "secret.github-token deploy.ps1"]);
    assert!(found[0].message.contains(&hidden[..10]), "{}", found[0].message);
    assert_eq!(coverage[0].left_out.get("binary"), Some(&1));
    assert_eq!(result(&book.of("git.secret")[1])["line"], 2);
}

#[test]
fn a_key_in_what_is_no_text_any_more_is_not_told_to_be_gone() {
    let (book, mut repo) = (Book::new(), Repo::new());
    repo.save("keys", format!("TOKEN={}\n", token(7)), "one");
    repo.save("keys", [format!("TOKEN={}\n", token(7)).as_bytes(), &noise()[..]].concat(), "two");
    repo.save("b.txt", "text\n", "three");
    let (found, _) = looked(&book, &repo.path, &["git", "security"]);
    assert_eq!(rules(&found), ["secret.github-token keys"]);
    assert!(found[0].message.contains("this run did not look"), "{}", found[0].message);
    assert_eq!(found[0].metadata.get("in_tree"), None);
}

#[test]
fn what_is_tracked_and_not_checked_out_is_a_gap_and_not_gone() {
    let (book, mut repo) = (Book::new(), Repo::new());
    repo.save("a/ok.py", "print(1)\n", "one");
    repo.save("b/bad.py", format!("TOKEN = \"{}\"\n", token(8)), "two");
    repo.git(&["update-index", "--skip-worktree", "b/bad.py"]);
    std::fs::remove_file(repo.path.join("b/bad.py")).unwrap();
    assert!(repo.git(&["status", "--porcelain"]).is_empty(), "git says nothing of it");
    let (found, coverage) = looked(&book, &repo.path, &["git", "security"]);
    assert_eq!(coverage[1].skipped_by_reason.get("not_checked_out"), Some(&1), "{:?}", coverage[1]);
    assert_eq!(coverage[1].skipped[0].path.to_string(), "b/bad.py");
    assert_eq!(rules(&found), ["secret.github-token b/bad.py"]);
    assert!(found[0].message.contains("this run did not look"), "{}", found[0].message);
    repo.git(&["update-index", "--no-skip-worktree", "b/bad.py"]);
    let (found, coverage) = looked(&book, &repo.path, &["git", "security"]);
    assert!(coverage[1].is_complete() && coverage[1].notes.iter().any(|it| it.starts_with("1 files that git tracks")));
    assert!(!found[0].message.contains("not in the tree any more"), "it is in HEAD: {}", found[0].message);
    repo.git(&["rm", "-q", "b/bad.py"]);
    repo.commit("three");
    let (found, _) = looked(&book, &repo.path, &["git", "security"]);
    assert!(found[0].message.contains("not in the tree any more"), "{}", found[0].message);
}

#[test]
fn lock_files_hide_no_keys_and_their_digests_are_none() {
    let (book, files, mut dice) = (Book::new(), Tree::new(), Dice::new(40));
    let digests = |dice: &mut Dice| {
        let hex =
            (0..400).map(|_| format!("checksum = \"{}\"\ntoken-types \"{}\"\n", dice.of(HEX, 64), dice.of(HEX, 40)));
        let hex: String = hex.collect();
        let sri: String = (0..400).map(|_| format!("\"integrity\": \"sha512-{}==\",\n", dice.of(BASE64, 86))).collect();
        format!("{hex}{sri}")
    };
    let names = ["yarn.lock", "package-lock.json", "Cargo.lock", "go.sum", "uv.lock", "web/pnpm-lock.yaml"];
    for name in names {
        files.write(name, digests(&mut dice));
    }
    assert_eq!(rules(&looked(&book, files.path(), &["security"]).0), [""; 0]);
    for (seed, name) in names.iter().enumerate() {
        files.write(name, format!("{}resolved \"https://x/{}\"\n", digests(&mut dice), token(50 + seed as u64)));
    }
    files.write("poetry.lock", format!("url = \"https://build:{}@pypi.example.org/simple\"\n", dice.of(BASE64, 14)));
    let mut found = rules(&looked(&book, files.path(), &["security"]).0);
    found.sort();
    let mut wanted: Vec<String> = names.iter().map(|name| format!("secret.github-token {name}")).collect();
    wanted.push("secret.url-password poetry.lock".to_owned());
    wanted.sort();
    assert_eq!(found, wanted);
}
