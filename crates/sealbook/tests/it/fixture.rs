//! A book of its own, and what it tells.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use sealbook::{Book, PartName, Place, agent};
use sealbook_record::{Completeness, CompletenessLimits, Phase};
use sealbook_store::{Query, Stored};
use tempfile::TempDir;

pub(crate) struct Shop {
    pub(crate) book: Book,
    _home: TempDir,
}

impl Shop {
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let place = Place::in_home(home.path(), "shop").unwrap();
        Self { book: Book::open_or_create(&place).unwrap().acting_as(agent("builder")), _home: home }
    }

    /// Every record, oldest first, with what was queued.
    pub(crate) fn told(&self) -> Vec<Stored> {
        self.book.flush().unwrap();
        let query = Query { leaf_type: vec!["record".to_owned()], ascending: true, ..Query::default() };
        let mut all = Vec::new();
        self.book
            .ledger()
            .each_match(&query, &mut |stored| {
                all.push(stored);
                Ok(true)
            })
            .unwrap();
        all
    }

    /// Action and outcome of each; `…` for an intent.
    pub(crate) fn story(&self) -> Vec<String> {
        let told = self.told();
        let records = told.iter().map(|stored| stored.record.as_ref().unwrap());
        records
            .map(|record| match (record.phase, record.outcome) {
                (Phase::Intent, _) => format!("{} …", record.action),
                (_, Some(outcome)) => format!("{} {outcome}", record.action),
                (_, None) => record.action.clone(),
            })
            .collect()
    }

    pub(crate) fn part(&self, index: usize, part: PartName) -> serde_json::Value {
        let told = self.told();
        let record = told[index].record.as_ref().unwrap();
        record.part(part).map_or(serde_json::Value::Null, |part| serde_json::from_str(part.get()).unwrap())
    }

    pub(crate) fn assert_complete(&self) {
        let mut fold = Completeness::new(CompletenessLimits::default());
        self.told().iter().for_each(|stored| fold.push(&stored.step()));
        let told = fold.finish();
        assert!(told.open_intents.is_empty() && told.outcomes_alone.is_empty(), "{told:?}");
    }
}

pub(crate) fn on_tokio<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The smallest executor there is, which is not tokio.
pub(crate) fn on_another_executor<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return done;
        }
        std::thread::park();
    }
}

/// Polls a future until its inner one is under way, and drops it there.
pub(crate) async fn begin_and_drop<T>(run: impl AsyncFnOnce(tokio::sync::oneshot::Sender<()>) -> T) {
    let (tell, mut told) = tokio::sync::oneshot::channel();
    let mut run = Box::pin(run(tell));
    std::future::poll_fn(|context| {
        assert!(run.as_mut().poll(context).is_pending());
        std::pin::Pin::new(&mut told).poll(context).map(drop)
    })
    .await;
}
