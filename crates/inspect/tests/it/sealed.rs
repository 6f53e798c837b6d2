//! The file source over a real book: what was sealed is what the next run compares with.

use sealbook_inspect::{Audit, Batch, Book, NoReach, Options, Request, Run, Silent, Stamp as _, source};
use sealbook_policy::{DigestKey, Policy};
use sealbook_record::{Actor, ActorKind};
use sealbook_store::{Layout, Ledger, Query};

use crate::book::result;
use crate::tree::Tree;

fn audit(ledger: &Ledger, tree: &Tree) -> Audit {
    let book = Book::new(ledger);
    let request = Request {
        target: tree.path().to_owned(),
        base: None,
        now: book.now(),
        run: Run { project: Some("test".into()), ..Run::new(book.id(), Actor::new(ActorKind::User, "ann")) },
        options: Options::default(),
        threads: 2,
        stamp: &book,
        reach: &NoReach,
    };
    let batch = Batch { sources: vec![source("file").unwrap()], analyzers: Vec::new(), request, baseline: None };
    let policy = Policy::new(DigestKey::new([7; 32]));
    batch.collect(&book, &mut book.sink(&policy), &Silent).unwrap()
}

fn observed(ledger: &Ledger) -> Vec<String> {
    let query = Query { action: vec!["file.observed".into()], ascending: true, ..Query::default() };
    let page = ledger.query(&query).unwrap();
    let records = page.rows.into_iter().map(|stored| stored.record.unwrap());
    records.map(|record| format!("{} {}", result(&record)["change"].as_str().unwrap(), record.target.id)).collect()
}

#[test]
fn compares_with_what_lies_in_the_book() {
    let (place, tree) = (Tree::new(), Tree::new());
    // More than one page, and names that look like what redaction takes out.
    for index in 0..4_300 {
        tree.write(format!("d{}/f{index}", index % 9), format!("{index}"));
    }
    for name in [
        "password=hunter2hunter2",
        "AKIAIOSFODNN7EXAMPLE",
        "4111111111111111",
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    ] {
        tree.write(format!("odd/{name}"), name);
    }
    let [book, keys, heads] = ["book", "keys", "heads"].map(|name| place.at(name));
    let layout = Layout { book, keys, heads };
    let ledger = Ledger::create(layout, "default", sealbook_store::Options::default(), None).unwrap();
    let first = audit(&ledger, &tree);
    assert!(first.is_complete());
    assert_eq!(first.sources[0].records, 3);
    let query = Query { action: vec!["file.manifest.page".into()], ..Query::default() };
    let pages = ledger.query(&query).unwrap().rows;
    assert!(pages.iter().any(|page| page.redactions.iter().any(|redaction| redaction.path.contains("path"))));
    let again = audit(&ledger, &tree);
    assert!(again.is_complete());
    assert_eq!(observed(&ledger), [""; 0]);

    tree.write("d0/f0", "changed");
    std::fs::remove_file(tree.at("d8/f8")).unwrap();
    tree.write("new", "new");
    audit(&ledger, &tree);
    assert_eq!(observed(&ledger), ["changed d0/f0", "appeared new", "vanished d8/f8"]);
    let range = first.range.unwrap();
    assert_eq!(range.last - range.first, 4, "intent, two pages, manifest, outcome");
}
