//! A thread that seals what nobody waits for: outcomes, events, and intents that are buffered by choice.
//!
//! What it brings goes along with the commits of calls that wait for their intents, and has a commit of its own
//! only where none came for a moment.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use sealbook_policy::Judged;
use sealbook_record::{Record, Timestamp};
use sealbook_store::Ticket;

use super::Core;

/// Bytes of content in the queue; who brings more waits.
const QUEUE_BYTES_MAX: usize = 32 << 20;
/// Records of one batch.
const BATCH_MAX: usize = 1_024;
/// Records and bytes that are on their way to the disk at a time.
const AWAY_MAX: usize = 1_024;
const AWAY_BYTES_MAX: usize = QUEUE_BYTES_MAX / 2;
/// How long what is on its way waits for a commit that it can go along with.
const LINGER: Duration = Duration::from_millis(2);
/// How often whoever waits looks whether the thread is still there.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Records that are kept for another try while the book cannot be written.
const KEPT_MAX: usize = 10_000;

/// A record, and the rules whose alerts were raised before it.
type Job = (Record, Vec<String>);

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Job>,
    bytes: usize,
    /// A batch is being sealed.
    busy: bool,
    /// The thread sleeps until something comes, and must be woken.
    idle: bool,
    closing: bool,
    /// Another try is wanted though nothing new has come.
    retry: bool,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    filled: Condvar,
    drained: Condvar,
    /// The last batch could not be sealed.
    stuck: AtomicBool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Dropping it seals what is queued and ends.
pub(crate) struct Recorder {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Recorder {
    pub(crate) fn start(core: Arc<Core>) -> Self {
        let shared = Arc::new(Shared::default());
        let own = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("sealbook-recorder".to_owned())
            .spawn(move || run(&own, &core))
            .expect("the system can start a thread");
        Self { shared, thread: Some(thread) }
    }

    /// Queues a record; waits while the queue is full.
    pub(crate) fn push(&self, record: Record, said: Vec<String>) {
        let job = (record, said);
        let bytes = weight(&job);
        let mut queue = self.shared.lock();
        // While nothing can be sealed, waiting would never end: what is too much is dropped and counted.
        while queue.bytes + bytes > QUEUE_BYTES_MAX && !queue.waiting.is_empty() && !self.is_stuck() {
            queue = self.shared.drained.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        queue.bytes += bytes;
        queue.waiting.push_back(job);
        let wakes = std::mem::take(&mut queue.idle);
        drop(queue);
        if wakes {
            self.shared.filled.notify_one();
        }
    }

    /// Whether the book refused the last batch.
    pub(crate) fn is_stuck(&self) -> bool {
        self.shared.stuck.load(Ordering::Acquire)
    }

    /// Waits until all that was queued is sealed, or was refused by the book once more.
    pub(crate) fn flush(&self) {
        let mut queue = self.shared.lock();
        queue.retry = true;
        self.shared.filled.notify_one();
        while queue.retry || queue.busy || (!queue.waiting.is_empty() && !self.is_stuck()) {
            let waited = self.shared.drained.wait_timeout(queue, LOOK_AGAIN);
            queue = waited.unwrap_or_else(PoisonError::into_inner).0;
            // Nobody is left to wait for. What was queued shows as open intents.
            if self.thread.as_ref().is_none_or(JoinHandle::is_finished) {
                return;
            }
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.shared.lock().closing = true;
        self.shared.filled.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(shared: &Shared, core: &Core) {
    let mut work = Work { core, kept: Vec::new(), away: VecDeque::new(), bytes: 0 };
    loop {
        let next = next(shared, work.left());
        let is_over = matches!(next, Next::Over);
        let is_all = is_over || matches!(next, Next::Retry(_));
        let is_due = matches!(next, Next::Due);
        if let Next::Some(fresh) | Next::Retry(fresh) = next {
            work.begin(fresh);
        }
        work.end(is_all, is_due);
        shared.stuck.store(!work.kept.is_empty(), Ordering::Release);
        let mut queue = shared.lock();
        queue.busy = !work.away.is_empty();
        drop(queue);
        shared.drained.notify_all();
        if is_over {
            break;
        }
    }
    for _ in &work.kept {
        core.gap.dropped(core.ledger.now(), "store_failed");
    }
}

/// Why the thread goes on.
enum Next {
    /// These are to be sealed.
    Some(Vec<Job>),
    /// These, if any, and everything before them, now.
    Retry(Vec<Job>),
    /// What is on its way has waited long enough.
    Due,
    Over,
}

/// Waits for something to do, and no longer than what is `left` until something is due.
fn next(shared: &Shared, left: Option<Duration>) -> Next {
    let mut queue = shared.lock();
    while queue.waiting.is_empty() && !queue.retry {
        if queue.closing {
            return Next::Over;
        }
        queue.idle = true;
        let mut is_due = false;
        queue = match left {
            None => shared.filled.wait(queue).unwrap_or_else(PoisonError::into_inner),
            Some(left) => {
                let (queue, waited) = shared.filled.wait_timeout(queue, left).unwrap_or_else(PoisonError::into_inner);
                is_due = waited.timed_out();
                queue
            }
        };
        queue.idle = false;
        if is_due && queue.waiting.is_empty() && !queue.retry {
            return Next::Due;
        }
    }
    let count = queue.waiting.len().min(BATCH_MAX);
    let batch: Vec<Job> = queue.waiting.drain(..count).collect();
    queue.bytes = queue.bytes.saturating_sub(batch.iter().map(weight).sum());
    queue.busy = true;
    if queue.retry && queue.waiting.is_empty() {
        queue.retry = false;
        return Next::Retry(batch);
    }
    Next::Some(batch)
}

/// What the thread has in hand.
struct Work<'c> {
    core: &'c Core,
    /// Sealing failed: kept until something new comes, which tells that time has passed.
    kept: Vec<Job>,
    /// On its way to the disk, the oldest first.
    away: VecDeque<Away>,
    bytes: usize,
}

struct Away {
    jobs: Vec<Job>,
    bytes: usize,
    ticket: Ticket,
    since: Timestamp,
}

impl Work<'_> {
    /// How much longer what is on its way may wait.
    fn left(&self) -> Option<Duration> {
        self.away.front().map(|away| LINGER.saturating_sub(self.waited(away.since)))
    }

    /// How long something has waited; long enough, where the clock went back meanwhile.
    fn waited(&self, since: Timestamp) -> Duration {
        let micros = self.core.ledger.now().as_micros().saturating_sub(since.as_micros());
        u64::try_from(micros).map_or(LINGER, Duration::from_micros)
    }

    /// Sends them on their way.
    fn begin(&mut self, fresh: Vec<Job>) {
        let mut jobs = std::mem::take(&mut self.kept);
        jobs.extend(fresh);
        let judged = self.judged(&jobs);
        if judged.is_empty() {
            return;
        }
        match self.core.ledger.submit_later(judged) {
            Ok(ticket) => {
                let bytes = jobs.iter().map(weight).sum();
                self.bytes += bytes;
                let since = self.core.ledger.now();
                self.away.push_back(Away { jobs, bytes, ticket, since });
            }
            Err(cause) => self.keep(jobs, cause.code()),
        }
    }

    fn judged(&self, jobs: &[Job]) -> Vec<Judged> {
        let mut judged = Vec::with_capacity(jobs.len());
        for (record, said) in jobs {
            match self.core.admit(record.clone()) {
                Ok(record) => {
                    let alerts = self.core.alerts(&record, said).unwrap_or_default();
                    judged.push(record);
                    judged.extend(alerts);
                }
                // It is the fault of this record alone.
                Err(cause) => self.core.gap.dropped(self.core.ledger.now(), cause.code()),
            }
        }
        judged
    }

    /// Hears what became of what is on its way: of all of it, or of what waits for nothing any more and what is due.
    fn end(&mut self, is_all: bool, mut is_due: bool) {
        while let Some(first) = self.away.front() {
            let is_enough = self.away.len() > AWAY_MAX || self.bytes > AWAY_BYTES_MAX;
            if !first.ticket.is_done() {
                if !is_all && !is_enough && !is_due && self.waited(first.since) < LINGER {
                    return;
                }
                is_due = false;
                self.core.ledger.hurry();
            }
            let Away { jobs, bytes, ticket, .. } = self.away.pop_front().expect("it was in front");
            self.bytes -= bytes;
            match ticket.wait() {
                Ok(answers) => {
                    for cause in answers.into_iter().filter_map(Result::err) {
                        self.core.gap.dropped(self.core.ledger.now(), cause.code());
                    }
                    self.core.close_gap();
                }
                Err(cause) => self.keep(jobs, cause.code()),
            }
        }
    }

    /// Keeps them for another try, as many as there is room for.
    fn keep(&mut self, jobs: Vec<Job>, cause: &'static str) {
        self.kept.extend(jobs);
        for _ in self.kept.drain(KEPT_MAX.min(self.kept.len())..) {
            self.core.gap.dropped(self.core.ledger.now(), cause);
        }
    }
}

fn weight((record, _): &Job) -> usize {
    512 + record.parts.values().map(|part| part.get().len()).sum::<usize>()
}
