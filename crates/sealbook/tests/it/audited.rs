//! Functions under `#[audited]`.

use std::fmt::Display;
use std::io::Error as IoError;
use std::panic::{AssertUnwindSafe, catch_unwind};

use sealbook::{Actor, Book, PartName, audited, user};
use serde::Serialize;
use serde_json::{Value, json};

use crate::fixture::{Shop, begin_and_drop, on_tokio};

#[audited(action = "stock.add", book = book, capture(count), result)]
fn add(book: &Book, count: u32, secret: &str) -> u32 {
    let _ = secret;
    count + 1
}

#[audited(action = "order.cancel", book = book, target(Other, order), reason = why, capture(order, first = why.chars().next()))]
fn cancel(book: &Book, order: u64, why: &str) -> Result<u64, IoError> {
    let first = why.parse::<u64>().map_err(|_| IoError::other("that is no number"))?;
    if first == 0 {
        return Err(IoError::other("zero"));
    }
    Ok(order + first)
}

#[audited(action = "order.read", book = book, capture(order), result)]
async fn read(book: &Book, order: u64) -> std::io::Result<u64> {
    std::future::ready(()).await;
    if order == 0 { Err(IoError::other("there is no order 0")) } else { Ok(order) }
}

#[audited(action = "order.wait", book = book)]
async fn wait(book: &Book, tell: tokio::sync::oneshot::Sender<()>) -> u8 {
    tell.send(()).unwrap();
    std::future::pending().await
}

#[audited(action = "shell.run", book = book, capture(command))]
fn run(book: &Book, command: &str) -> Result<(), IoError> {
    panic!("it ran: {command}");
}

#[audited(action = "shell.run", book = book, capture(command))]
fn run_for_a_value(book: &Book, command: &str) -> u8 {
    panic!("it ran: {command}");
}

#[audited(action = "order.find", book = book, returns(value))]
fn find(book: &Book, order: u8) -> Result<u8, u8> {
    if order == 0 { Err(order) } else { Ok(order) }
}

type Answer<T> = Result<T, IoError>;

#[audited(action = "order.ask", book = book, returns(result))]
fn ask(book: &Book) -> Answer<()> {
    Err(IoError::other("no"))
}

/// Orders, and the book they stand in.
struct Orders {
    book: Book,
    clerk: Actor,
    sold: Vec<u64>,
}

impl Orders {
    #[audited(action = "order.sell", book = self.book, actor = self.clerk.clone(), capture(what, sold = self.sold.len()))]
    fn sell<T>(&mut self, what: &T, mut count: u64) -> usize
    where
        T: Serialize + Display,
    {
        while count > 0 {
            self.sold.push(count);
            count -= 1;
        }
        self.sold.len()
    }
}

#[test]
fn a_call_of_a_function_is_two_records() {
    let shop = Shop::new();
    assert_eq!(add(&shop.book, 3, "hunter2"), 4);
    assert_eq!(shop.story(), ["stock.add …", "stock.add ok"]);
    // What is not named is not captured.
    assert_eq!(shop.part(0, PartName::Input), json!({"count": 3}));
    assert_eq!(shop.part(1, PartName::Result), 4);
}

#[test]
fn every_way_out_of_a_function_is_recorded() {
    let shop = Shop::new();
    assert_eq!(cancel(&shop.book, 7, "3").unwrap(), 10);
    assert_eq!(cancel(&shop.book, 7, "x").unwrap_err().to_string(), "that is no number");
    assert_eq!(cancel(&shop.book, 7, "0").unwrap_err().to_string(), "zero");
    let outcomes: Vec<String> = shop.story().into_iter().skip(1).step_by(2).collect();
    assert_eq!(outcomes, ["order.cancel ok", "order.cancel failed", "order.cancel failed"]);
    assert_eq!(shop.part(0, PartName::Input), json!({"order": 7, "first": "3"}));
    assert_eq!(shop.part(1, PartName::Result), Value::Null);
    let told = shop.told();
    let intent = told[0].record.as_ref().unwrap();
    assert_eq!((intent.target.id.as_str(), intent.reason.as_deref()), ("7", Some("3")));
    shop.assert_complete();
}

#[test]
fn an_async_function_is_recorded_also_when_it_is_dropped() {
    let shop = Shop::new();
    on_tokio(async {
        assert_eq!(read(&shop.book, 7).await.unwrap(), 7);
        assert!(read(&shop.book, 0).await.is_err());
        begin_and_drop(async |tell| wait(&shop.book, tell).await).await;
    });
    assert_eq!(
        shop.story(),
        ["order.read …", "order.read ok", "order.read …", "order.read failed", "order.wait …", "order.wait cancelled"]
    );
    assert_eq!(shop.part(1, PartName::Result), 7);
    shop.assert_complete();
}

#[test]
fn a_method_with_generics_and_a_mutable_argument_is_recorded() {
    let shop = Shop::new();
    let mut orders = Orders { book: shop.book.clone(), clerk: user("ann"), sold: Vec::new() };
    assert_eq!(orders.sell(&"tea", 3), 3);
    assert_eq!(shop.part(0, PartName::Input), json!({"what": "tea", "sold": 0}));
    assert_eq!(shop.told()[0].record.as_ref().unwrap().actor.id, "ann");
}

#[test]
fn what_is_refused_does_not_run() {
    let shop = Shop::new();
    let refused = run(&shop.book, "sealbook resume --all").unwrap_err();
    assert!(refused.to_string().contains("was not begun"), "{refused}");
    let refused = catch_unwind(AssertUnwindSafe(|| run_for_a_value(&shop.book, "sealbook resume --all"))).unwrap_err();
    assert!(refused.downcast_ref::<String>().unwrap().starts_with("the function did not run"));
    assert_eq!(shop.story(), ["shell.run blocked", "alert.raised", "shell.run blocked", "alert.raised"]);
}

#[test]
fn whether_an_error_is_a_failure_can_be_said() {
    let shop = Shop::new();
    assert_eq!(find(&shop.book, 0), Err(0));
    assert!(ask(&shop.book).is_err());
    assert_eq!(shop.story(), ["order.find …", "order.find ok", "order.ask …", "order.ask failed"]);
}

#[audited(action = "stock.count")]
fn count() -> Result<u8, IoError> {
    Ok(3)
}

#[test]
fn a_book_is_installed_once_for_all() {
    assert!(count().unwrap_err().to_string().contains("no book is installed"));
    let shop = Shop::new();
    assert!(shop.book.install());
    assert!(!shop.book.install());
    assert_eq!(count().unwrap(), 3);
    assert_eq!(shop.story(), ["stock.count …", "stock.count ok"]);
}

#[audited(action = "dataops_delete", book = book, target(Service, format!("record:{record}")))]
fn delete(book: &Book, record: u64) -> Result<(), IoError> {
    if record == 0 { Err(IoError::other("there is no record 0")) } else { Ok(()) }
}

#[test]
fn what_was_decorated_with_audit_log_is_a_function_or_a_scope() {
    let shop = Shop::new();
    delete(&shop.book, 7).unwrap();
    delete(&shop.book, 0).unwrap_err();
    let scope = shop.book.scope("dataops_delete").target(sealbook::TargetKind::Service, "record:7");
    scope.run(|| Ok::<_, IoError>(())).unwrap();
    let told = shop.told();
    let records: Vec<_> =
        told.iter().filter_map(|row| row.record.as_ref()).filter(|it| it.action == "dataops_delete").collect();
    assert_eq!(records.len(), 6);
    let targets: Vec<_> = records.iter().map(|record| (record.target.kind, &*record.target.id)).collect();
    let service = |id| (sealbook::TargetKind::Service, id);
    assert_eq!(targets[..2], [service("record:7"); 2]);
    assert_eq!(targets[2..4], [service("record:0"); 2]);
    assert_eq!(targets[4..], [service("record:7"); 2]);
    shop.assert_complete();
}
