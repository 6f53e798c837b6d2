//! Scopes: what is recorded when, whatever happens in between.

use std::io::{Error as IoError, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};

use sealbook::{Book, Category, Finding, Outcome, PartName, Place, RunError, Severity, TargetKind, user};

use crate::fixture::{Shop, begin_and_drop, on_another_executor, on_tokio};

const GITHUB: &str = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";

#[test]
fn an_intent_is_sealed_before_and_an_outcome_after() {
    let shop = Shop::new();
    let scope = shop.book.scope("file.write").actor(user("ann")).target(TargetKind::File, "a.txt");
    let scope = scope.category(Category::FileWrite).reason("a test").argument("bytes", &5).argument("text", "hello");
    let given = scope.run(|| {
        assert_eq!(shop.story(), ["file.write …"]);
        Ok::<_, IoError>(7)
    });
    assert_eq!(given.unwrap(), 7);
    assert_eq!(shop.story(), ["file.write …", "file.write ok"]);
    let told = shop.told();
    let (intent, outcome) = (told[0].record.as_ref().unwrap(), told[1].record.as_ref().unwrap());
    assert_eq!((intent.actor.id.as_str(), intent.target.id.as_str()), ("ann", "a.txt"));
    assert_eq!((outcome.parent, outcome.operation), (Some(intent.id), intent.operation));
    assert!(outcome.duration_us.is_some());
    assert_eq!(shop.part(0, PartName::Input), serde_json::json!({"bytes": 5, "text": "hello"}));
    shop.assert_complete();
}

#[test]
fn threads_share_one_book() {
    let shop = Shop::new();
    std::thread::scope(|threads| {
        for thread in 0..8 {
            let book = shop.book.clone();
            threads.spawn(move || {
                for number in 0..10 {
                    let scope = book.scope("file.write").target(TargetKind::File, format!("{thread}/{number}"));
                    scope.run(|| Ok::<_, IoError>(())).unwrap();
                }
            });
        }
    });
    let told = shop.told();
    let targets = told.iter().map(|stored| stored.record.as_ref().unwrap().target.id.clone());
    assert_eq!((told.len(), targets.collect::<std::collections::BTreeSet<_>>().len()), (160, 80));
    shop.assert_complete();
}

#[test]
fn a_failure_is_recorded_and_given_on() {
    let shop = Shop::new();
    let failed = shop.book.scope("file.write").run(|| Err::<(), _>(IoError::new(ErrorKind::NotFound, "no such place")));
    assert!(matches!(failed, Err(RunError::Failed(error)) if error.kind() == ErrorKind::NotFound));
    assert_eq!(shop.story(), ["file.write …", "file.write failed"]);
    assert_eq!(shop.part(1, PartName::Error), "no such place");
}

#[test]
fn a_panic_is_recorded_and_goes_on() {
    let shop = Shop::new();
    let run = || shop.book.scope("file.write").run(|| -> Result<(), IoError> { panic!("no paper") });
    assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
    assert_eq!(shop.story(), ["file.write …", "file.write failed"]);
    shop.assert_complete();
}

#[test]
fn a_guard_that_is_left_early_leaves_an_outcome() {
    let shop = Shop::new();
    let leave = || -> Result<(), Box<dyn std::error::Error>> {
        let entered = shop.book.scope("file.write").enter()?;
        let _: u8 = "x".parse()?;
        Ok(entered.ok()?)
    };
    assert!(leave().is_err());
    // Nobody said how it ended.
    assert_eq!(shop.story(), ["file.write …", "file.write unknown"]);

    shop.book.scope("a").enter().unwrap().result(&serde_json::json!({"rows": 3})).ok().unwrap();
    shop.book.scope("b").enter().unwrap().failed("no paper").unwrap();
    shop.book.scope("c").enter().unwrap().cancelled("not wanted").unwrap();
    assert_eq!(shop.story()[2..], ["a …", "a ok", "b …", "b failed", "c …", "c cancelled"]);
    assert_eq!(shop.part(3, PartName::Result), serde_json::json!({"rows": 3}));
    shop.assert_complete();
}

#[test]
fn a_future_is_recorded_on_any_executor() {
    let shop = Shop::new();
    let done = on_tokio(shop.book.scope("a").run_async(async { Ok::<_, IoError>(7) }));
    assert_eq!(done.unwrap(), 7);
    let failed =
        on_another_executor(shop.book.scope("b").run_async(async { Err::<(), _>(IoError::other("no paper")) }));
    assert!(failed.is_err());
    assert_eq!(shop.story(), ["a …", "a ok", "b …", "b failed"]);
    shop.assert_complete();
}

#[test]
fn a_future_that_is_dropped_is_cancelled() {
    let shop = Shop::new();
    on_tokio(begin_and_drop(async |tell| {
        let work = async {
            tell.send(()).unwrap();
            std::future::pending::<Result<(), IoError>>().await
        };
        shop.book.scope("file.write").run_async(work).await
    }));
    assert_eq!(shop.story(), ["file.write …", "file.write cancelled"]);
    shop.assert_complete();
}

#[test]
fn a_future_that_is_dropped_before_its_work_begins_leaves_no_open_intent() {
    for _ in 0..20 {
        let shop = Shop::new();
        on_tokio(async {
            let mut run = Box::pin(shop.book.scope("file.write").run_async(async { Ok::<_, IoError>(()) }));
            // The intent is being sealed on another thread.
            std::future::poll_fn(|context| {
                let _ = run.as_mut().poll(context);
                std::task::Poll::Ready(())
            })
            .await;
        });
        // The runtime waits for its blocking threads when it is dropped: what they began is over now.
        let story = shop.story();
        assert!(story.is_empty() || story == ["file.write …", "file.write cancelled"], "{story:?}");
    }
}

#[test]
fn a_panic_in_a_future_is_recorded() {
    let shop = Shop::new();
    let run = shop.book.scope("file.write").run_async(async { panic!("no paper") as Result<(), IoError> });
    assert!(catch_unwind(AssertUnwindSafe(|| on_tokio(run))).is_err());
    assert_eq!(shop.story(), ["file.write …", "file.write failed"]);
}

#[test]
fn what_the_rules_forbid_is_not_done() {
    let shop = Shop::new();
    let scope = shop.book.scope("shell.run").argument("command", "sealbook resume --all");
    let refused = scope.run(|| -> Result<(), IoError> { panic!("it was done") });
    assert!(matches!(&refused, Err(RunError::Refused(error)) if error.code() == "refused_by_rules"), "{refused:?}");
    assert_eq!(shop.story(), ["shell.run blocked", "alert.raised"]);
}

#[test]
fn secrets_stay_out_of_the_book() {
    let shop = Shop::new();
    let scope =
        shop.book.scope("git.push").argument("token", GITHUB).argument("url", &format!("https://x:{GITHUB}@h/r"));
    let _ = scope.run(|| Err::<(), _>(IoError::other(format!("Authorization: Bearer {GITHUB} was refused"))));
    let book = shop.told().iter().map(|stored| format!("{:?}", stored.record)).collect::<Vec<_>>().concat();
    assert!(!book.contains(GITHUB), "{book}");
    assert!(book.contains("was refused"));
}

#[test]
fn a_book_is_found_again_where_the_program_finds_it() {
    let home = tempfile::tempdir().unwrap();
    let place = Place::in_home(home.path(), "shop").unwrap().tenant("M\u{fc}ller & Co");
    assert_eq!(Book::open(&place).unwrap_err().code(), "book_missing");
    let book = Book::open_or_create(&place).unwrap();
    book.scope("a").run(|| Ok::<_, IoError>(())).unwrap();
    drop(book);
    assert!(home.path().join("books/shop/M%C3%BCller%20%26%20Co/ledger.db").is_file());
    assert_eq!(Book::open_or_create(&place).unwrap().size().unwrap(), 3);
    for name in ["", "..", "a/b", ".hidden"] {
        assert_eq!(Place::in_home(home.path(), name).unwrap_err().code(), "name_invalid", "{name}");
    }
    let nobody = Place::in_home(home.path(), "shop").unwrap().tenant("");
    assert_eq!(Book::open(&nobody).unwrap_err().code(), "name_invalid");
}

#[test]
fn what_is_queued_is_sealed_when_the_book_is_dropped() {
    let home = tempfile::tempdir().unwrap();
    let place = Place::in_home(home.path(), "shop").unwrap();
    let book = Book::open_or_create(&place).unwrap();
    let entered = book.scope("a").enter().unwrap();
    drop((entered, book));
    let book = Book::open(&place).unwrap();
    assert_eq!(book.size().unwrap(), 3);
    let last = book.ledger().reader().unwrap().record(2).unwrap();
    assert_eq!(last.record.unwrap().outcome, Some(Outcome::Unknown));
}

#[test]
fn an_argument_that_json_cannot_write_is_no_argument() {
    let shop = Shop::new();
    let odd = std::collections::BTreeMap::from([(vec![1_u8], 1)]);
    let refused = shop.book.scope("a").argument("odd", &odd).enter().unwrap_err();
    assert_eq!(refused.code(), "argument_unwritable");
    assert!(shop.story().is_empty());
}

fn finding(path: &str) -> Finding {
    let message = format!("no licence in {path}, key {GITHUB}");
    Finding::new("license.missing", "license", Severity::Warning, message, Some(path), "no head")
}

#[test]
fn what_is_found_within_a_scope_is_in_its_outcome() {
    let shop = Shop::new();
    let found = shop.book.scope("license.check").context("release", "1.2").run_with(|scope| {
        scope.add_finding(finding("a.rs"));
        scope.add_findings(["b.rs", "c.rs"].map(finding));
        scope.add_context("files", &3);
        scope.add_context("seconds", &0.5);
        Ok::<_, IoError>(3)
    });
    assert_eq!(found.unwrap(), 3);
    assert_eq!(shop.story(), ["license.check …", "license.check ok"]);
    let outcome = shop.told()[1].record.clone().unwrap();
    let findings = outcome.findings().unwrap();
    assert_eq!(
        findings.iter().map(|found| found.location.as_ref().unwrap().path.as_str()).collect::<Vec<_>>(),
        ["a.rs", "b.rs", "c.rs"]
    );
    assert_eq!((findings[0].id.as_str(), findings[0].severity), (finding("a.rs").id.as_str(), Severity::Warning));
    assert!(findings.iter().all(|found| !found.message.contains(GITHUB)), "{findings:?}");
    assert_eq!(shop.part(0, PartName::Context), serde_json::json!({"release": "1.2"}));
    assert_eq!(shop.part(1, PartName::Context), serde_json::json!({"files": 3, "seconds": 0.5}));
    shop.assert_complete();
}

#[test]
fn what_was_found_stays_however_the_scope_is_left() {
    let shop = Shop::new();
    let failed = shop.book.scope("a").run_with(|scope| {
        scope.add_finding(finding("a.rs"));
        Err::<(), _>(IoError::other("no paper"))
    });
    assert!(failed.is_err());
    let panics = || {
        shop.book.scope("b").run_with(|scope| -> Result<(), IoError> {
            scope.add_finding(finding("b.rs"));
            panic!("no paper")
        })
    };
    assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
    let mut entered = shop.book.scope("c").enter().unwrap();
    entered.add_finding(finding("c.rs"));
    drop(entered);
    let mut entered = shop.book.scope("d").enter().unwrap();
    entered.add_finding(finding("d.rs"));
    entered.result(&1).ok().unwrap();
    on_tokio(begin_and_drop(async |tell| {
        shop.book
            .scope("e")
            .run_with_async(async |scope| {
                scope.add_finding(finding("e.rs"));
                tell.send(()).unwrap();
                std::future::pending::<Result<(), IoError>>().await
            })
            .await
    }));
    let done = on_tokio(shop.book.scope("f").run_with_async(async |scope| {
        scope.add_finding(finding("f.rs"));
        Ok::<_, IoError>(7)
    }));
    assert_eq!(done.unwrap(), 7);
    let ended = ["a failed", "b failed", "c unknown", "d ok", "e cancelled", "f ok"];
    let story: Vec<String> = shop.story().into_iter().filter(|line| !line.ends_with('…')).collect();
    assert_eq!(story, ended);
    for (index, stored) in shop.told().iter().enumerate().filter(|(index, _)| index % 2 == 1) {
        let found = stored.record.as_ref().unwrap().findings().unwrap();
        assert_eq!(found.len(), 1, "{}", story[index / 2]);
    }
    shop.assert_complete();
}
