//! What a commit did to its files: `git log --raw --numstat -M -z` says the same, to the line.

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt, symlink};

use sealbook_inspect::GitOptions;
use serde_json::Value;

use crate::book::{Book, result};
use crate::git_repo::Repo;

/// One file of a commit: status, old and new mode, numstat, paths.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct File {
    path: Vec<u8>,
    old_path: Option<Vec<u8>>,
    status: String,
    modes: String,
    blob: String,
    lines: String,
}

/// Every commit that the book has, newest first, with its files in git's order.
fn sealed(book: &Book) -> Vec<(String, Vec<File>)> {
    let mut commits: Vec<(String, Vec<File>)> = Vec::new();
    for record in book.records() {
        let told = match record.action.as_str() {
            "git.commit" | "git.commit.files" => result(&record),
            _ => continue,
        };
        let files = told["files"].as_array().unwrap().iter().map(file);
        if record.action == "git.commit" {
            commits.push((told["id"].as_str().unwrap().to_owned(), files.collect()));
        } else {
            let (id, of_commit) = commits.last_mut().unwrap();
            assert_eq!(*id, told["commit"]);
            of_commit.extend(files);
        }
    }
    commits
}

fn file(told: &Value) -> File {
    let text = |name: &str, other: &str| told[name].as_str().unwrap_or(other).to_owned();
    // A mode that stays is told once.
    let old_mode = if told["status"] == "A" { "000000".to_owned() } else { text("mode", "") };
    let bytes = |value: &Value| match value {
        Value::String(text) => text.clone().into_bytes(),
        other => crate::git_repo::base64(other["b64"].as_str().unwrap()),
    };
    let count = |name: &str| told[name].as_u64().map_or("-".to_owned(), |count| count.to_string());
    let zeros = "0".repeat(40);
    File {
        path: bytes(&told["path"]),
        old_path: told.get("old_path").map(bytes),
        status: match told["similarity"].as_u64() {
            Some(percent) => format!("R{percent:03}"),
            None => told["status"].as_str().unwrap().to_owned(),
        },
        modes: format!("{} {}", text("old_mode", &old_mode), text("mode", "000000")),
        blob: text("blob", &zeros),
        lines: format!("{} {}", count("added"), count("deleted")),
    }
}

/// The same from `git log`.
fn logged(repo: &Repo, args: &[&str]) -> Vec<(String, Vec<File>)> {
    let common = ["log", "--format=%x01%H", "--raw", "--numstat", "-M", "-z", "--no-abbrev"];
    let log = repo.git(&[&common[..], args].concat());
    let mut commits = Vec::new();
    for entry in log.split(|byte| *byte == 1).skip(1) {
        let (id, rest) = entry.split_at(40);
        let mut fields = rest.split(|byte| *byte == 0).map(|field| field.strip_prefix(b"\n").unwrap_or(field));
        let mut raws = Vec::new();
        let mut counts = BTreeMap::new();
        while let Some(field) = fields.next() {
            let text = String::from_utf8_lossy(field).into_owned();
            if let Some(raw) = text.strip_prefix(':') {
                let words: Vec<_> = raw.split(' ').map(str::to_owned).collect();
                let first = fields.next().unwrap().to_vec();
                let second = words[4].starts_with('R').then(|| fields.next().unwrap().to_vec());
                raws.push((words, first, second));
            } else if !text.is_empty() {
                let mut columns = field.splitn(3, |byte| *byte == b'\t');
                let mut number = || String::from_utf8(columns.next().unwrap().to_vec()).unwrap();
                let lines = format!("{} {}", number(), number());
                let name = columns.next().unwrap();
                let name = if name.is_empty() { fields.nth(1).unwrap() } else { name };
                counts.insert(name.to_vec(), lines);
            }
        }
        let files = raws.into_iter().map(|(words, first, second)| {
            let (old_path, path) = match second {
                Some(second) => (Some(first), second),
                None => (None, first),
            };
            File {
                lines: counts[&path].clone(),
                path,
                old_path,
                modes: format!("{} {}", words[0], words[1]),
                blob: words[3].clone(),
                status: words[4].clone(),
            }
        });
        commits.push((String::from_utf8(id.to_vec()).unwrap(), files.collect()));
    }
    commits
}

#[track_caller]
fn check(repo: &Repo) -> Book {
    let book = Book::new();
    let coverage = book.git(&repo.path, GitOptions::default());
    assert!(coverage.is_complete(), "{:?}", coverage.skipped);
    let (ours, gits) = (sealed(&book), logged(repo, &["HEAD", "--branches", "--tags"]));
    assert_eq!(ours.len(), gits.len());
    assert_eq!(coverage.covered, gits.len() as u64);
    for (ours, gits) in ours.iter().zip(&gits) {
        assert_eq!(ours, gits);
    }
    book
}

fn lines(range: std::ops::Range<u32>) -> String {
    range.fold(String::new(), |text, line| text + &format!("line {line} of a file\n"))
}

#[test]
fn files_appear_change_and_go() {
    let mut repo = Repo::new();
    repo.write("empty", "");
    repo.write("a/deep/er/file.txt", lines(0..40));
    repo.write("no-newline", "one\ntwo");
    repo.write("crlf.txt", "one\r\ntwo\r\nthree\r\n");
    repo.write("binary", b"\0\x01\x02text\n");
    repo.commit("a root commit has all its files");
    repo.write("empty", "no longer\n");
    repo.write("a/deep/er/file.txt", lines(5..45));
    repo.write("no-newline", "one\ntwo\n");
    repo.write("crlf.txt", "one\ntwo\r\nthree\n");
    repo.write("binary", b"\0\x01\x02other\nlines\n");
    repo.commit("everything changes");
    repo.write("no-newline", "");
    std::fs::remove_file(repo.path.join("binary")).unwrap();
    std::fs::remove_dir_all(repo.path.join("a")).unwrap();
    repo.write("a", "a file where a directory was\n");
    repo.commit("things go, and a file takes a directory's place");
    repo.commit("nothing happens");
    check(&repo);
}

#[test]
fn modes_links_and_types_change() {
    let mut repo = Repo::new();
    repo.write("script", "#!/bin/sh\n");
    repo.write("blob.bin", b"\0binary");
    symlink("script", repo.path.join("link")).unwrap();
    repo.commit("a script and a link");
    for name in ["script", "blob.bin"] {
        std::fs::set_permissions(repo.path.join(name), PermissionsExt::from_mode(0o755)).unwrap();
    }
    std::fs::remove_file(repo.path.join("link")).unwrap();
    symlink("elsewhere", repo.path.join("link")).unwrap();
    repo.commit("modes only, and the link points elsewhere");
    std::fs::remove_file(repo.path.join("link")).unwrap();
    repo.write("link", "a file now\nof two lines\n");
    repo.commit("the link becomes a file");
    repo.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{},sub", "1".repeat(40))]);
    repo.tick();
    repo.git(&["commit", "-q", "-m", "a submodule"]);
    repo.git(&["update-index", "--cacheinfo", &format!("160000,{},sub", "2".repeat(40))]);
    repo.tick();
    repo.git(&["commit", "-q", "-m", "it moves"]);
    check(&repo);
}

#[test]
fn renames_are_gits() {
    let mut repo = Repo::new();
    for name in ["one", "two", "three", "same-a", "same-b"] {
        let content = if name.starts_with("same") { lines(0..20) } else { name.repeat(3) + "\n" + &lines(0..30) };
        repo.write(format!("src/{name}.rs"), content);
    }
    repo.write("logo.png", [&b"\0PNG"[..], &[7; 3_000]].concat());
    repo.write("tiny", "x\n");
    repo.commit("before");
    repo.git(&["mv", "src/one.rs", "src/uno.rs"]);
    repo.git(&["mv", "logo.png", "images.png"]);
    repo.commit("equal content");
    std::fs::create_dir(repo.path.join("lib")).unwrap();
    repo.git(&["mv", "src/two.rs", "lib/two.rs"]);
    repo.write("lib/two.rs", lines(3..30) + "and more\n");
    repo.git(&["mv", "src/three.rs", "src/tres.rs"]);
    repo.write("src/tres.rs", lines(0..18) + "another end\n");
    repo.commit("an equal name, and a similar file");
    std::fs::remove_file(repo.path.join("src/same-b.rs")).unwrap();
    repo.git(&["mv", "src/same-a.rs", "same.rs"]);
    repo.write("copy/same-b.rs", lines(0..20));
    repo.commit("two of equal content, one of equal name");
    repo.git(&["mv", "tiny", "small"]);
    repo.write("small", "nothing in common any more\n");
    repo.commit("not similar enough");
    check(&repo);
}

#[test]
fn many_similar_files_are_paired_as_git_pairs_them() {
    let mut repo = Repo::new();
    for at in 0..30_u32 {
        repo.write(format!("old/{at}.txt"), lines(at..at + 25) + &format!("{at} only\n"));
    }
    repo.commit("thirty of a kind");
    for at in 0..30_u32 {
        std::fs::remove_file(repo.path.join(format!("old/{at}.txt"))).unwrap();
        repo.write(format!("new/{}.txt", (at * 7 + 3) % 30 + 100), lines(at + 2..at + 24) + &format!("{at} only\n"));
    }
    repo.commit("all moved and changed");
    check(&repo);
}

#[test]
fn frequent_lines_and_large_changes_count_as_in_git() {
    let mut repo = Repo::new();
    let code = |step: u32, shift: u32| -> String {
        (0..600)
            .map(|at| match (at * step + shift) % 7 {
                0 | 1 => "\n".to_owned(),
                2 => "}\n".to_owned(),
                3 => "    return;\n".to_owned(),
                n => format!("    call_{}({n});\n", (at * step) % 90),
            })
            .collect()
    };
    for (round, (step, shift)) in [(1, 0), (3, 2), (11, 5), (2, 1), (13, 3), (5, 4)].into_iter().enumerate() {
        repo.write("code.c", code(step, shift));
        repo.write("half.c", code(1, 0)[..4_000].to_owned() + &code(step, shift));
        repo.commit(&format!("round {round}"));
    }
    check(&repo);
}

#[test]
fn merges_show_nothing_and_octopuses_less() {
    let mut repo = Repo::new();
    repo.save("base", lines(0..10), "root");
    for branch in ["a", "b", "c"] {
        repo.git(&["checkout", "-q", "-b", branch, "main"]);
        repo.save(branch, lines(0..3), branch);
    }
    repo.git(&["checkout", "-q", "main"]);
    repo.save("base", lines(0..12), "meanwhile");
    repo.tick();
    repo.git(&["merge", "-q", "--no-ff", "-m", "one", "a"]);
    repo.tick();
    repo.git(&["merge", "-q", "--no-ff", "-m", "octopus", "b", "c"]);
    repo.git(&["checkout", "-q", "--orphan", "another-root"]);
    repo.save("base", "other\n", "a second root");
    check(&repo);
}

#[test]
fn names_and_messages_in_any_bytes() {
    let mut repo = Repo::new();
    repo.write(b"latin-\xe9\xff", "x\n");
    repo.write("zeilen\numbruch\ttab", "y\n");
    repo.write("\u{1f980}", "z\n");
    repo.commit("odd names");
    repo.git(&["config", "i18n.commitEncoding", "ISO-8859-1"]);
    repo.tick();
    std::fs::write(repo.path.join(".git/message"), b"caf\xe9\n\nol\xe9\n").unwrap();
    repo.git(&["commit", "-q", "--allow-empty", "-F", ".git/message"]);
    repo.git(&["config", "i18n.commitEncoding", "UTF-8"]);
    let book = check(&repo);
    let told = result(&book.of("git.commit")[0]);
    assert_eq!(told["subject"], "café");
    assert_eq!(told["encoding"], "ISO-8859-1");
}

#[test]
fn a_large_file_and_many_files_fit() {
    let mut repo = Repo::new();
    let mut state = 1_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        b"abcdefghijklmnop\n"[(state >> 60) as usize]
    })
    .take(10 << 20)
    .collect();
    repo.write("large.txt", &noise);
    for at in 0..4_000 {
        repo.write(format!("many/a-rather-long-directory-name-{at}/and-a-file-name-of-some-length"), "1\n");
    }
    repo.commit("ten megabytes, and four thousand files");
    repo.write("large.txt", &noise[1_000..]);
    repo.commit("a little less");
    let book = check(&repo);
    assert!(!book.of("git.commit.files").is_empty(), "the list of files takes more than one record");
    let told = result(book.of("git.commit").last().unwrap());
    assert_eq!(told["files_changed"], 4_001);
    assert_eq!(told["pages"].as_u64().unwrap() as usize, book.of("git.commit.files").len() + 1);
}

#[test]
fn packed_and_loose_read_alike_on_any_number_of_threads() {
    let mut repo = Repo::new();
    repo.import(1_200);
    for at in 0..10_u32 {
        repo.write(format!("d{}/f", at % 7), lines(at..at + 60));
        repo.commit(&format!("commit {at}"));
    }
    let loose = sealed(&check(&repo));
    repo.git(&["repack", "-q", "-a", "-d", "-f", "--depth=20"]);
    assert!(!repo.loose(&repo.head()).exists());
    for threads in [1, 3] {
        let mut book = Book::new();
        book.threads = threads;
        book.git(&repo.path, GitOptions::default());
        assert_eq!(sealed(&book), loose);
    }
}
