//! What `#[audited]` writes calls to. Nothing here is for people.

use std::convert::Infallible;
use std::fmt::Display;
use std::future::Future;

use serde::Serialize;

use crate::scope::Recorded;
use crate::{Book, Error, RunError, Scope};

pub fn book(book: &impl AsRef<Book>) -> Option<Book> {
    Some(book.as_ref().clone())
}

pub fn scope(book: Option<Book>, action: &str) -> Scope {
    Scope::new(book, action.to_owned())
}

pub fn recorded<T: Serialize>(value: &T) -> Recorded {
    serde_json::value::to_raw_value(value).ok()
}

pub fn unrecorded<T>(_: &T) -> Recorded {
    None
}

pub fn run_result<T, E: From<Error> + Display>(
    scope: Scope,
    record: impl FnOnce(&T) -> Recorded,
    work: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    scope.run_recording(record, work).map_err(own)
}

pub fn run_value<T>(scope: Scope, record: impl FnOnce(&T) -> Recorded, work: impl FnOnce() -> T) -> T {
    value(scope.run_recording(record, || Ok::<T, Infallible>(work())))
}

pub async fn run_result_async<T, E: From<Error> + Display>(
    scope: Scope,
    record: impl FnOnce(&T) -> Recorded,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    scope.run_recording_async(record, work).await.map_err(own)
}

pub async fn run_value_async<T>(scope: Scope, record: impl FnOnce(&T) -> Recorded, work: impl Future<Output = T>) -> T {
    value(scope.run_recording_async(record, async { Ok::<T, Infallible>(work.await) }).await)
}

fn own<E: From<Error>>(error: RunError<E>) -> E {
    match error {
        RunError::Refused(error) => error.into(),
        RunError::Failed(error) => error,
    }
}

/// The value; a function that gives one has no other way to say that it did not run.
fn value<T>(ran: Result<T, RunError<Infallible>>) -> T {
    match ran {
        Ok(value) => value,
        Err(RunError::Refused(error)) => panic!("the function did not run: {error}"),
        Err(RunError::Failed(never)) => match never {},
    }
}
