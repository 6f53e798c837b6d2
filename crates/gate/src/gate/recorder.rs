//! A thread that seals what nobody waits for: outcomes, events, and intents that are buffered by choice.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use sealbook_policy::State;
use sealbook_record::Record;

use super::Core;

/// Bytes of content in the queue; who brings more waits.
const QUEUE_BYTES_MAX: usize = 32 << 20;
/// Records of one batch.
const BATCH_MAX: usize = 1_024;
/// So many records are sealed at once, and fewer after this time: nobody waits for them, and each commit holds up
/// the intents that calls wait for.
const ENOUGH: usize = 256;
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

impl Queue {
    /// Whether nothing more is waited for.
    fn is_enough(&self) -> bool {
        self.waiting.len() >= ENOUGH || self.bytes >= QUEUE_BYTES_MAX / 2 || self.closing || self.retry
    }
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
        let wakes = queue.idle || queue.is_enough();
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
    // Sealing failed: kept until something new comes, which tells that time has passed.
    let mut kept: Vec<Job> = Vec::new();
    while let Some(fresh) = next(shared) {
        kept.extend(fresh);
        let refused = seal(core, &kept);
        shared.stuck.store(refused.is_some(), Ordering::Release);
        match refused {
            None => kept.clear(),
            Some(cause) => {
                for _ in kept.drain(KEPT_MAX.min(kept.len())..) {
                    core.gap.dropped(core.ledger.now(), cause);
                }
            }
        }
        let mut queue = shared.lock();
        queue.busy = false;
        drop(queue);
        shared.drained.notify_all();
    }
    for _ in &kept {
        core.gap.dropped(core.ledger.now(), "store_failed");
    }
}

fn next(shared: &Shared) -> Option<Vec<Job>> {
    let mut queue = shared.lock();
    while queue.waiting.is_empty() && !queue.retry {
        if queue.closing {
            return None;
        }
        queue.idle = true;
        queue = shared.filled.wait(queue).unwrap_or_else(PoisonError::into_inner);
        queue.idle = false;
    }
    let lingers = |queue: &mut Queue| !queue.is_enough();
    let waited = shared.filled.wait_timeout_while(queue, LINGER, lingers);
    queue = waited.unwrap_or_else(PoisonError::into_inner).0;
    let count = queue.waiting.len().min(BATCH_MAX);
    let batch: Vec<Job> = queue.waiting.drain(..count).collect();
    queue.bytes = queue.bytes.saturating_sub(batch.iter().map(weight).sum());
    queue.retry = queue.retry && !queue.waiting.is_empty();
    queue.busy = true;
    Some(batch)
}

/// Seals all of them; the code of the error where the book takes none.
fn seal(core: &Core, jobs: &[Job]) -> Option<&'static str> {
    let (mut judged, mut is_own) = (Vec::with_capacity(jobs.len()), Vec::with_capacity(jobs.len()));
    for (record, said) in jobs {
        match core.admit(record.clone()) {
            Ok(record) => {
                // What is of the state must be read again, not taken for one of ours.
                let alerts = core.alerts(&record, said).unwrap_or_default();
                is_own.push(!State::ACTIONS.contains(&record.record().action.as_str()));
                is_own.extend(alerts.iter().map(|_| false));
                judged.push(record);
                judged.extend(alerts);
            }
            // It is the fault of this record alone.
            Err(cause) => core.gap.dropped(core.ledger.now(), cause.code()),
        }
    }
    if judged.is_empty() {
        return None;
    }
    match core.ledger.append(judged) {
        Ok(answers) => {
            for (answer, is_own) in answers.into_iter().zip(is_own) {
                match answer {
                    Ok(sealed) if is_own => core.watch.own(sealed.seq),
                    Ok(_) => {}
                    Err(cause) => core.gap.dropped(core.ledger.now(), cause.code()),
                }
            }
            core.close_gap();
            None
        }
        Err(cause) => Some(cause.code()),
    }
}

fn weight((record, _): &Job) -> usize {
    512 + record.parts.values().map(|part| part.get().len()).sum::<usize>()
}
