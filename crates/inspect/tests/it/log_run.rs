//! Runs over logs, in a book in memory.

use std::path::Path;

use sealbook_inspect::{Batch, Coverage, FileOptions, LogOptions, Request, Silent, Source as _, analyzer, log, source};
use sealbook_record::{Finding, Record, Timestamp};
use serde_json::Value;

use crate::book::{Book, result};
use crate::tree::Tree;

/// Long after any sample was written, and any file of a test.
pub(crate) const NOW: i64 = 4_000_000_000_000_000;

pub(crate) fn request<'a>(book: &'a Book, target: &Path, options: LogOptions) -> Request<'a> {
    let mut request = book.request(target, FileOptions::default());
    request.now = Timestamp::from_micros(NOW);
    request.options.log = options;
    request
}

/// Runs the log source.
pub(crate) fn audit(book: &Book, target: &Path, options: LogOptions) -> Coverage {
    let request = request(book, target, options);
    log::LogSource.collect(&request, book, &mut book.page(), &Silent).unwrap()
}

/// Runs source and analyzer as one operation; gives what was found, the source's own findings included.
pub(crate) fn findings(book: &Book, target: &Path, options: LogOptions) -> Vec<Finding> {
    let before = book.records().len();
    let request = request(book, target, options);
    let batch = Batch {
        sources: vec![source("logs").unwrap()],
        analyzers: vec![analyzer("log").unwrap()],
        request,
        baseline: None,
    };
    batch.collect(book, &mut book.page(), &Silent).unwrap();
    let mut found = Vec::new();
    for record in &book.records()[before..] {
        found.extend(record.findings().unwrap());
    }
    found
}

pub(crate) fn rules(findings: &[Finding]) -> Vec<&str> {
    let mut rules: Vec<&str> = findings.iter().map(|finding| finding.rule.as_str()).collect();
    rules.dedup();
    rules
}

/// The newest record over a run.
pub(crate) fn run(book: &Book) -> Value {
    let found = book.records().into_iter().rfind(|record| matches!(&*record.action, "log.run" | "log.selection"));
    result(&found.unwrap())
}

/// The newest segment of a log.
pub(crate) fn segment(book: &Book, path: &str) -> Value {
    let found = book.of("log.segment").into_iter().rfind(|record: &Record| record.target.id == path);
    result(&found.unwrap_or_else(|| panic!("nothing was read of {path}")))
}

/// Appends to a file.
pub(crate) fn append(tree: &Tree, path: &str, text: &str) {
    use std::io::Write as _;
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(tree.at(path)).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}
