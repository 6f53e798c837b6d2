//! Secrets: how many of those that were planted are found, and how much of what only looks like one.

pub(crate) mod corpus;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use sealbook_inspect::{FileOptions, SecurityOptions, Silent, source};
use serde_json::Value;

use self::corpus::Sample;
use crate::book::{Book, result};
use crate::tree::Tree;

fn planted(samples: &[Sample]) -> Tree {
    let tree = Tree::new();
    for sample in samples {
        tree.write(&sample.path, &sample.text);
    }
    tree
}

/// Files in which ours finds a secret.
fn ours(tree: &Tree) -> BTreeSet<String> {
    let book = Book::new();
    let mut request = book.request(tree.path(), FileOptions::default());
    request.options.security = SecurityOptions::default();
    let coverage = source("security").unwrap().collect(&request, &book, &mut book.page(), &Silent).unwrap();
    assert!(coverage.is_complete(), "{:?}", coverage.skipped);
    book.of("security.secret").iter().map(|record| result(record)["path"].as_str().unwrap().to_owned()).collect()
}

/// Precision and recall in parts of a thousand.
fn weigh(samples: &[Sample], found: &BTreeSet<String>) -> (usize, usize) {
    let hit = |is_secret| samples.iter().filter(|it| it.is_secret == is_secret && found.contains(&it.path)).count();
    let secrets = samples.iter().filter(|it| it.is_secret).count();
    let (right, wrong) = (hit(true), hit(false));
    (right * 1_000 / (right + wrong).max(1), right * 1_000 / secrets)
}

fn tools(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools").join(path)
}

/// Files in which another scanner finds one; `None` where it is not there (`scripts/tools` brings it).
fn gitleaks(tree: &Tree) -> Option<BTreeSet<String>> {
    let program = tools("gitleaks/gitleaks");
    let report = tempfile::tempdir().unwrap();
    let path = report.path().join("report.json");
    let arguments = ["dir", ".", "--no-banner", "--exit-code", "0", "--report-format", "json", "--report-path"];
    let status = Command::new(program).args(arguments).arg(&path).current_dir(tree.path()).output().ok()?.status;
    assert!(status.success());
    let report: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    Some(
        report
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["File"].as_str().unwrap().trim_start_matches("./").to_owned())
            .collect(),
    )
}

fn kingfisher(tree: &Tree) -> Option<BTreeSet<String>> {
    let program = tools("kingfisher/bin/kingfisher");
    // Without validation: nothing leaves this machine.
    let arguments = ["scan", ".", "--no-validate", "--no-update-check", "--git-history", "none", "--format", "jsonl"];
    let output = Command::new(program).args(arguments).current_dir(tree.path()).output().ok()?;
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let path = |it: Value| it["finding"]["path"].as_str().map(|path| path.trim_start_matches("./").to_owned());
    let found: BTreeSet<String> = lines.filter_map(path).collect();
    assert!(!found.is_empty(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    Some(found)
}

#[test]
fn precision_and_recall_are_better_than_those_of_others() {
    let samples = corpus::all();
    let (secrets, others): (Vec<_>, Vec<_>) = samples.iter().partition(|it| it.is_secret);
    assert!(secrets.len() >= 300 && others.len() >= 300, "{} {}", secrets.len(), others.len());
    let tree = planted(&samples);
    let found = ours(&tree);
    let (precision, recall) = weigh(&samples, &found);
    let wrong: Vec<_> = samples
        .iter()
        .filter(|it| it.is_secret != found.contains(&it.path))
        .map(|it| format!("{} {}: {}", it.path, it.label, it.text))
        .collect();
    println!("{} secrets, {} look-alikes", secrets.len(), others.len());
    println!("ours: precision {precision}, recall {recall} of 1,000");
    for (name, theirs) in [("gitleaks", gitleaks(&tree)), ("kingfisher", kingfisher(&tree))] {
        let Some(theirs) = theirs else {
            println!("{name} is not here: scripts/tools brings it");
            continue;
        };
        let (their_precision, their_recall) = weigh(&samples, &theirs);
        println!("{name}: precision {their_precision}, recall {their_recall} of 1,000");
        assert!(
            precision > their_precision && recall > their_recall,
            "{name} is better: {their_precision} {their_recall}"
        );
    }
    assert!(precision >= 990 && recall >= 990, "{precision} {recall}: {wrong:#?}");
}
