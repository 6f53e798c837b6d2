//! Time and waiting, as an argument.

use std::future::Future;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use sealbook_record::Timestamp;
use sealbook_store::{Clock, SystemClock};

/// Something that will be there later.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where recovery takes its time from, and how it waits.
pub trait Time: Send + Sync {
    /// The wall clock. Only a date in `Retry-After` is compared with it.
    fn now(&self) -> Timestamp;
    /// The time since some moment that stays the same. It never goes back.
    fn passed(&self) -> Duration;
    /// Waits.
    fn wait(&self, how_long: Duration) -> Pending<'_, ()>;
    /// Waits between two attempts. It may be over early: whoever begins the next one looks whether it may.
    fn pause(&self, how_long: Duration) -> Pending<'_, ()> {
        self.wait(how_long)
    }
}

/// The system's clocks, and tokio's timer.
#[derive(Debug, Clone, Copy)]
pub struct SystemTime {
    since: tokio::time::Instant,
}

impl Default for SystemTime {
    fn default() -> Self {
        Self { since: tokio::time::Instant::now() }
    }
}

impl Time for SystemTime {
    fn now(&self) -> Timestamp {
        SystemClock.now()
    }

    fn passed(&self) -> Duration {
        self.since.elapsed()
    }

    fn wait(&self, how_long: Duration) -> Pending<'_, ()> {
        Box::pin(tokio::time::sleep(how_long))
    }
}

/// What `work` gives, or `None` where `end` comes first. What comes at the same moment is taken.
pub(crate) async fn before<T>(work: impl Future<Output = T>, mut end: Pending<'_, ()>) -> Option<T> {
    let mut work = std::pin::pin!(work);
    std::future::poll_fn(move |context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => end.as_mut().poll(context).map(|()| None),
    })
    .await
}
