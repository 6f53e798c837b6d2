//! The book of record, for your own code: a [`Scope`] seals what is about to happen, and again how it ended.
//!
//! ```
//! use sealbook::{Book, Place, TargetKind, agent};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let home = tempfile::tempdir()?;
//! let book = Book::open_or_create(&Place::in_home(home.path(), "shop")?)?;
//! let note = home.path().join("note.txt");
//!
//! book.scope("file.write")
//!     .actor(agent("builder"))
//!     .target(TargetKind::File, note.display().to_string())
//!     .argument("bytes", &5)
//!     .run(|| std::fs::write(&note, "hello"))?;
//!
//! assert_eq!(book.size()?, 3); // the book's own first leaf, the intent, the outcome
//! # Ok(())
//! # }
//! ```
//!
//! When the closure is called, its intent is on disk; when [`Scope::run`] returns, so is its outcome. `Ok` and `Err`
//! become `ok` and `failed`, a panic becomes `failed` and goes on. A rule of the book or its emergency stop refuses:
//! then the closure is not called, and the refusal is on record.
//!
//! [`macro@audited`] does the same for whole functions, [`Scope::run_async`] for futures, and [`Scope::enter`] gives
//! a guard for what fits into no closure.
//!
//! # What a drop may do
//!
//! A future can be dropped at any `await`, and a guard at any `?`. A drop can neither wait nor report, so it
//! *queues* the outcome: redaction, hashing and signing are done in the thread that drops (some ten microseconds
//! for a small record), and the book's own thread writes it. The outcome is `cancelled` for a future, `unknown` for
//! a guard that nobody told how it ended, `failed` where the thread panics. It is durable when [`Book::flush`]
//! returns or the last handle of the book is dropped; a program that is killed before that leaves an open intent,
//! which `sealbook verify --complete` lists. A drop waits in two cases: 65,536 records or 64 MiB are queued already,
//! or this handle has appended 100,000 records since the index was brought up to date, which is then done first.
//!
//! Nothing else blocks an executor: [`Scope::run_async`] and [`Scope::enter_async`] seal on a thread made for
//! blocking, tokio's where the caller runs on tokio. [`Scope::run`], [`Scope::enter`] and [`Entered::ok`] wait for
//! the disk, for about the time of one commit: in an `async fn`, use the others.

mod actions;
mod book;
mod entered;
mod error;
mod place;
mod scope;

pub use actions::{ActionEntry, ActionLog, ENTRIES_DEFAULT, NewAction};
pub use book::{Book, installed};
pub use entered::Entered;
pub use error::{Error, RunError};
pub use place::Place;
pub use scope::Scope;

pub use sealbook_flow as flow;
pub use sealbook_record::{
    Actor, ActorKind, Category, Classification, Finding, Location, OperationStatus, Outcome, PartName, Severity,
    Target, TargetKind, Timestamp, Uuid,
};
pub use sealbook_store::OperationTally;

/// Records each call of a function: its intent before the body, its outcome afterwards.
///
/// ```
/// use sealbook::{Book, Place, agent, audited};
///
/// #[audited(action = "order.cancel", book = book, actor = agent("shop"), target(Other, order), capture(order, why), result)]
/// fn cancel(book: &Book, order: u64, why: &str) -> Result<u64, Box<dyn std::error::Error>> {
///     if why.is_empty() {
///         return Err("why?".into());
///     }
///     Ok(order)
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let home = tempfile::tempdir()?;
/// let book = Book::open_or_create(&Place::in_home(home.path(), "shop")?)?;
/// assert_eq!(cancel(&book, 7, "out of stock")?, 7);
/// assert!(cancel(&book, 8, "").is_err());
/// assert_eq!(book.size()?, 5);
/// # Ok(())
/// # }
/// ```
///
/// | Argument | Means |
/// |---|---|
/// | `action = "file.write"` | the action: a dotted verb. It alone is required |
/// | `book = expression` | the [`Book`], or a reference to one; without it, the one that [`Book::install`] was called on |
/// | `actor = expression` | who acts; without it, the book's actor |
/// | `target(File, expression)` | the [`TargetKind`] and what it is done to; without it, the function's action |
/// | `category(FileWrite)` | the [`Category`] |
/// | `reason = expression` | why |
/// | `capture(a, b = expression)` | arguments that are recorded, as `input`. Nothing is captured that is not named |
/// | `result` | what the function gives is recorded, as `result` |
/// | `returns(value)`, `returns(result)` | whether `Err` is a failure, where the type does not end in `Result` |
///
/// What is captured has to be `Serialize`, and is redacted like everything else. Expressions may use the function's
/// arguments, and are evaluated before the body.
///
/// **Functions that give a `Result`** need `E: From<sealbook::Error> + Display`: where a rule or the stop refuses,
/// or the book cannot be written, the body does not run and they give that error. `io::Error` and `Box<dyn Error>`
/// can be made from it. **Functions that give a plain value** have no way to say so, and panic: the body must not
/// run unrecorded. An `async fn` is recorded as [`Scope::run_async`] is, also when its future is dropped.
///
/// ```compile_fail
/// #[sealbook::audited(capture(order))]
/// fn without_an_action(order: u64) {}
/// ```
///
/// ```compile_fail
/// #[sealbook::audited(action = "a.b")]
/// const fn at_compile_time() {}
/// ```
pub use sealbook_macros::audited;

#[doc(hidden)]
#[path = "support.rs"]
pub mod __private;

/// A person.
pub fn user(id: impl Into<String>) -> Actor {
    Actor::new(ActorKind::User, id)
}

/// An agent.
pub fn agent(id: impl Into<String>) -> Actor {
    Actor::new(ActorKind::Agent, id)
}

/// A service.
pub fn service(id: impl Into<String>) -> Actor {
    Actor::new(ActorKind::Service, id)
}
