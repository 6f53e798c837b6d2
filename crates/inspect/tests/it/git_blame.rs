//! Who wrote each line: `git blame --porcelain` says the same.

use std::fmt::Write as _;

use sealbook_inspect::{GitOptions, TreePath};
use serde_json::Value;

use crate::book::{Book, result};
use crate::git_repo::Repo;

fn lines(range: std::ops::Range<u32>) -> String {
    range.fold(String::new(), |text, line| text + &format!("    line {line} of a file;\n"))
}

/// What the records say, a line each: commit, old and new number, what is known of the commit.
fn sealed(repo: &Repo, path: &str) -> Vec<String> {
    let book = Book::new();
    let options = GitOptions { file: Some(TreePath::from(path)), blame: true, ..GitOptions::default() };
    book.git(&repo.path, options);
    let mut all = Vec::new();
    for record in book.of("git.blame") {
        assert_eq!(record.target.id, path);
        let told = result(&record);
        for run in told["runs"].as_array().unwrap() {
            let id = run["commit"].as_str().unwrap();
            let commit = &told["commits"][id];
            let who = |who: &Value| format!("{} <{}>", who["name"].as_str().unwrap(), who["email"].as_str().unwrap());
            let mut about = format!(
                "{} | {} | {} | {}",
                who(&commit["author"]),
                who(&commit["committer"]),
                commit["subject"].as_str().unwrap(),
                run["old_path"].as_str().unwrap()
            );
            if let Some(previous) = run.get("previous") {
                write!(about, " | {} {}", previous["commit"].as_str().unwrap(), previous["path"].as_str().unwrap())
                    .unwrap();
            }
            if commit["boundary"] == true {
                about.push_str(" | boundary");
            }
            for at in 0..run["lines"].as_u64().unwrap() {
                let number = |name: &str| run[name].as_u64().unwrap() + at;
                all.push(format!("{id} {} {} | {about}", number("old_line"), number("line")));
            }
        }
    }
    all
}

/// The same from git.
fn blamed(repo: &Repo, path: &str) -> Vec<String> {
    let porcelain = String::from_utf8(repo.git(&["blame", "--line-porcelain", "HEAD", "--", path])).unwrap();
    let mut all = Vec::new();
    let mut lines = porcelain.lines();
    while let Some(first) = lines.next() {
        let words: Vec<_> = first.split(' ').collect();
        let mut of = std::collections::HashMap::new();
        for line in lines.by_ref() {
            if line.starts_with('\t') {
                break;
            }
            let (name, value) = line.split_once(' ').unwrap_or((line, ""));
            of.insert(name, value);
        }
        let mut about = format!(
            "{} {} | {} {} | {} | {}",
            of["author"], of["author-mail"], of["committer"], of["committer-mail"], of["summary"], of["filename"]
        );
        if let Some(previous) = of.get("previous") {
            write!(about, " | {previous}").unwrap();
        }
        if of.contains_key("boundary") {
            about.push_str(" | boundary");
        }
        all.push(format!("{} {} {} | {about}", words[0], words[1], words[2]));
    }
    all
}

#[track_caller]
fn check(repo: &Repo, path: &str) {
    let gits = blamed(repo, path);
    assert!(!gits.is_empty());
    assert_eq!(sealed(repo, path), gits);
}

#[test]
fn lines_that_stay_change_move_and_come_back() {
    let mut repo = Repo::new();
    repo.save("f", lines(0..60), "root");
    repo.save("f", lines(0..20) + "new\n" + &lines(22..60), "change the middle");
    repo.save("f", lines(22..60) + &lines(0..20) + "new\n", "swap");
    repo.save("f", "\n\n".to_owned() + &lines(22..50) + "\n}\n\n" + &lines(0..20) + "end", "no newline at the end");
    repo.save("f", lines(22..50) + "\n}\n\n\n}\n\n" + &lines(0..20) + "end\n", "more of the same lines");
    check(&repo, "f");
}

#[test]
fn sliders_go_where_git_puts_them() {
    let mut repo = Repo::new();
    let function = |name: &str| format!("fn {name}() {{\n    if true {{\n        {name}();\n    }}\n}}\n\n");
    repo.save("f.rs", ["a", "c", "e"].map(function).concat(), "three");
    repo.save("f.rs", ["a", "b", "c", "d", "e"].map(function).concat(), "five");
    repo.save("f.rs", ["a", "c", "c", "d", "e", "e"].map(function).concat(), "doubled");
    check(&repo, "f.rs");
}

#[test]
fn renames_are_followed_even_with_changes() {
    let mut repo = Repo::new();
    repo.save("old/name.rs", lines(0..40), "root");
    std::fs::create_dir(repo.path.join("new")).unwrap();
    repo.git(&["mv", "old/name.rs", "new/name.rs"]);
    repo.save("new/name.rs", lines(0..35) + "added\n", "move and change");
    repo.git(&["mv", "new/name.rs", "final.rs"]);
    repo.save("decoy.rs", lines(0..35), "move again, beside a copy");
    repo.save("final.rs", lines(3..35) + "added\nmore\n", "change");
    check(&repo, "final.rs");
}

#[test]
fn merges_divide_the_lines_between_their_parents() {
    let mut repo = Repo::new();
    repo.save("f", lines(0..60), "root");
    repo.git(&["checkout", "-q", "-b", "a"]);
    repo.save("f", "from a\n".to_owned() + &lines(1..60), "a");
    repo.git(&["checkout", "-q", "-b", "b", "main"]);
    repo.save("f", lines(0..59) + "from b\n", "b");
    repo.git(&["checkout", "-q", "main"]);
    repo.save("f", lines(0..30) + "from main\n" + &lines(31..60), "main");
    repo.tick();
    repo.git(&["merge", "-q", "-m", "merge a", "a"]);
    repo.tick();
    repo.git(&["merge", "-q", "-m", "merge b", "b"]);
    check(&repo, "f");
}

#[test]
fn a_merge_may_lead_to_one_line_twice() {
    let mut repo = Repo::new();
    repo.save("f", lines(0..60), "root");
    let block = lines(0..10) + "new\n" + &lines(11..30) + "other\n" + &lines(33..60);
    repo.save("f", &block, "changes here and there");
    repo.git(&["checkout", "-q", "-b", "a"]);
    repo.save("f", block.clone() + "end of a\n", "a");
    repo.git(&["checkout", "-q", "-b", "b", "main"]);
    repo.save("f", "start of b\n".to_owned() + &block, "b");
    repo.git(&["checkout", "-q", "a"]);
    repo.try_git(&["merge", "-q", "--no-ff", "--no-commit", "b"]);
    repo.save("f", block.clone() + "end of a\nstart of b\n" + &block, "both, one after the other");
    check(&repo, "f");
}

#[test]
fn a_link_is_not_the_file_it_replaced() {
    let mut repo = Repo::new();
    repo.save("f", "elsewhere", "a file");
    std::fs::remove_file(repo.path.join("f")).unwrap();
    std::os::unix::fs::symlink("elsewhere", repo.path.join("f")).unwrap();
    repo.commit("a link of the same text");
    check(&repo, "f");
}

#[test]
fn files_larger_than_the_blocks_that_git_cuts_off() {
    let mut repo = Repo::new();
    let frequent = |range: std::ops::Range<u32>| -> String {
        range.map(|at| if at % 3 == 0 { "}\n".to_owned() } else { format!("call({});\n", at % 50) }).collect()
    };
    repo.save("f", frequent(0..900), "root");
    repo.save("f", frequent(0..400) + "middle\n" + &frequent(405..900), "the middle");
    repo.save("f", frequent(7..200) + &frequent(100..400) + "middle\n" + &frequent(405..900), "the head");
    check(&repo, "f");
}

#[test]
fn a_file_that_is_not_there_is_incomplete_coverage() {
    let mut repo = Repo::new();
    repo.save("f", "x\n", "root");
    let book = Book::new();
    let options = GitOptions { file: Some(TreePath::from("g")), blame: true, ..GitOptions::default() };
    let coverage = book.git(&repo.path, options);
    assert!(!coverage.is_complete());
    assert!(book.of("git.blame").is_empty());
}
