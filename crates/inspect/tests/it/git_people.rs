//! Who is who in a history: `.mailmap`, signatures of SSH keys; and which other repositories it names.

use std::fmt::Write as _;
use std::process::Command;

use sealbook_inspect::GitOptions;
use serde_json::Value;

use crate::book::{Book, result};
use crate::git_repo::Repo;

fn commits(book: &Book) -> Vec<Value> {
    book.of("git.commit").iter().map(result).collect()
}

#[test]
fn people_are_who_the_mailmap_says_and_what_was_written_stays() {
    let (book, mut repo) = (Book::new(), Repo::new());
    repo.save("a", "1\n", "begin");
    let map = "# people\nAnn Proper <ann@proper.example> <ann@example.org>\nCarl The Great <CARL@example.org>\n<x@y.example> Nobody <ann@example.org>\n";
    repo.save(".mailmap", map, "say who is who");
    book.git(&repo.path, GitOptions::default());
    let expected = repo.line(&["check-mailmap", "Ann Author <ann@example.org>"]);
    for commit in commits(&book) {
        assert_eq!(commit["author"]["email"], "ann@example.org");
        let mapped = &commit["mapped"];
        assert_eq!(format!("{} <{}>", mapped["name"].as_str().unwrap(), mapped["email"].as_str().unwrap()), expected);
    }
    let selected = |author: &str| {
        let book = Book::new();
        let options = GitOptions { authors: vec![author.to_owned()], ..GitOptions::default() };
        book.git(&repo.path, options);
        commits(&book).len()
    };
    assert_eq!((selected("ann proper"), selected("ann author"), selected("nobody")), (2, 2, 0));
}

fn key(repo: &Repo, name: &str, kind: &[&str]) -> String {
    let path = repo.path.parent().unwrap().join(name);
    let mut command = Command::new("ssh-keygen");
    let status = command.args(["-q", "-N", "", "-C", name, "-f"]).arg(&path).args(kind).status().unwrap();
    assert!(status.success());
    std::fs::read_to_string(path.with_extension("pub")).unwrap().trim().to_owned()
}

fn sign_with(repo: &Repo, name: &str) {
    let path = repo.path.parent().unwrap().join(name).with_extension("pub");
    for (name, value) in
        [("gpg.format", "ssh"), ("user.signingkey", path.to_str().unwrap()), ("commit.gpgsign", "true")]
    {
        repo.git(&["config", name, value]);
    }
}

#[test]
fn signatures_of_ssh_keys_are_good_bad_or_of_nobody_known() {
    let (book, mut repo) = (Book::new(), Repo::new());
    let kinds: [(&str, &[&str]); 4] = [
        ("ed", &["-t", "ed25519"]),
        ("ec", &["-t", "ecdsa", "-b", "384"]),
        ("rsa", &["-t", "rsa", "-b", "2048"]),
        ("stranger", &["-t", "ed25519"]),
    ];
    let mut signers = String::new();
    for (name, kind) in kinds {
        let key = key(&repo, name, kind);
        if name != "stranger" {
            writeln!(signers, "{name}@example.org {key}").unwrap();
        }
        sign_with(&repo, name);
        repo.save("file", format!("{name}\n"), name);
    }
    let late = key(&repo, "late", &["-t", "ed25519"]);
    writeln!(signers, "late@example.org namespaces=\"git\",valid-after=\"20300101\" {late}").unwrap();
    sign_with(&repo, "late");
    repo.save("file", "late\n", "late");
    repo.git(&["tag", "-s", "-m", "signed", "v1"]);
    // The same signature over another message.
    let head = repo.git(&["cat-file", "commit", "HEAD"]);
    let text = String::from_utf8(head).unwrap().replace("\n\nlate", "\n\nlater");
    std::fs::write(repo.path.join(".git/text"), text).unwrap();
    let changed = repo.line(&["hash-object", "-t", "commit", "-w", ".git/text"]);
    repo.git(&["branch", "changed", &changed]);
    let path = repo.path.parent().unwrap().join("signers");
    std::fs::write(&path, signers).unwrap();
    book.git(&repo.path, GitOptions { allowed_signers: Some(path.clone()), ..GitOptions::default() });
    let verdict = |subject: &str| {
        let commit = commits(&book).into_iter().find(|it| it["subject"] == subject).unwrap();
        let signature = &commit["signature"];
        (signature["verdict"].as_str().unwrap().to_owned(), signature["signer"].as_str().map(str::to_owned))
    };
    for name in ["ed", "ec", "rsa"] {
        assert_eq!(verdict(name), ("good".to_owned(), Some(format!("{name}@example.org"))), "{name}");
    }
    assert_eq!(verdict("stranger"), ("unknown_key".to_owned(), None));
    assert_eq!(verdict("late"), ("not_valid".to_owned(), Some("late@example.org".to_owned())));
    assert_eq!(verdict("later"), ("bad".to_owned(), None));
    let tag = book.of("git.ref").into_iter().map(|it| result(&it)).find(|it| it["name"] == "refs/tags/v1").unwrap();
    assert_eq!(tag["tag"]["signature"]["verdict"], "not_valid", "{tag}");
    // Git itself says the same, where it can be asked.
    repo.git(&["config", "gpg.ssh.allowedSignersFile", path.to_str().unwrap()]);
    assert_eq!(repo.line(&["log", "-1", "--format=%G?", "HEAD~2"]), "G");
    assert_eq!(repo.line(&["log", "-1", "--format=%G?", "changed"]), "B");
    let again = Book::new();
    again.git(&repo.path, GitOptions::default());
    assert!(
        commits(&again).iter().any(|it| it["signature"]["verdict"] == "good"),
        "the repository's own configuration names the file"
    );
}

#[test]
fn submodules_are_told_with_what_is_here_of_them() {
    let (book, mut library, mut repo) = (Book::new(), Repo::new(), Repo::new());
    let first = library.save("lib", "1\n", "library");
    repo.save("a", "1\n", "begin");
    let url = library.path.to_str().unwrap().to_owned();
    repo.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &url, "libs/one"]);
    repo.write(".gitmodules", format!("[submodule \"libs/one\"]\n\tpath = libs/one\n\turl = {url}\n[submodule \"../../evil\"]\n\tpath = ../../evil\n\turl = x\n[submodule \"gone\"]\n\tpath = gone\n\turl = https://example.org/gone\n"));
    repo.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{first},gone")]);
    repo.commit("modules");
    let coverage = book.git(&repo.path, GitOptions::default());
    let state = |book: &Book, path: &str| {
        let told = book.of("git.submodule").iter().map(result).rfind(|it| it["path"] == path).unwrap();
        (told["state"].as_str().unwrap().to_owned(), told["commit"].as_str().map(str::to_owned))
    };
    assert_eq!(state(&book, "libs/one"), ("present".to_owned(), Some(first.clone())));
    assert_eq!(state(&book, "gone").0, "not_recorded", "`git add -A` took it out again");
    assert_eq!(state(&book, "../../evil").0, "not_recorded");
    assert!(coverage.is_complete() && coverage.notes.iter().any(|note| note.contains("3 submodules")), "{coverage:?}");
    // A recorded commit that the submodule's repository does not have.
    let absent = "1234567890123456789012345678901234567890";
    repo.git(&["update-index", "--cacheinfo", &format!("160000,{absent},libs/one")]);
    repo.git(&["commit", "-q", "-m", "lost"]);
    let coverage = book.git(&repo.path, GitOptions::default());
    assert_eq!(state(&book, "libs/one"), ("commit_missing".to_owned(), Some(absent.to_owned())));
    assert_eq!(coverage.skipped_by_reason["submodule_commit_missing"], 1);
}
