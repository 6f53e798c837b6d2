//! One writer per process and ledger: it groups what submitters bring into commits.
//!
//! Submitters queue prepared drafts and wait for their ticket; a thread takes all that is there,
//! up to a bound, seals it in one transaction, and answers when it is durable. While it waits for
//! the disk, the next group gathers. The queue is bounded: a submitter that is faster than the
//! disk waits.
//!
//! What nobody waits for comes *later*: it goes with the next commit that somebody waits for, and has
//! one of its own only when it is hurried. So it costs the disk nothing, and keeps nobody waiting.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::append::Prepared;
use crate::sealer::Sealer;
use crate::ticket::{Answer, Answering, Pending, way_back};
use crate::{CommitError, Error, Store};

/// Records of one commit at most: bounds how long the first of them waits for the last.
const COMMIT_RECORDS_MAX: usize = 8_192;
/// Bytes of one commit, and of the queue behind it.
const COMMIT_BYTES_MAX: usize = 32 << 20;
const QUEUE_BYTES_MAX: usize = 64 << 20;
const QUEUE_RECORDS_MAX: usize = 65_536;
/// What goes along with a commit that somebody waits for.
const ALONG_RECORDS_MAX: usize = 256;
const ALONG_BYTES_MAX: usize = 1 << 20;

struct Submission {
    records: Vec<Prepared>,
    bytes: usize,
    answering: Answering,
}

impl Submission {
    fn answer(self, answer: Answer) {
        self.answering.answer(answer, self.records);
    }
}

/// When a submission is to be sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// Somebody waits for it.
    Now,
    /// With the next that somebody waits for, or when it is hurried.
    Later,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Submission>,
    later: VecDeque<Submission>,
    /// What came later is to be sealed now.
    hurried: bool,
    /// Of both.
    records: usize,
    bytes: usize,
    closing: bool,
    /// Why nothing is taken any more.
    dead: Option<String>,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    filled: Condvar,
    drained: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread that seals, and the queue before it. Dropping it seals what is queued and ends.
pub(crate) struct Writer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(crate) fn start(store: Arc<dyn Store>, sealer: Arc<Mutex<Sealer>>) -> Self {
        let shared = Arc::new(Shared::default());
        let own = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("sealbook-writer".to_owned())
            .spawn(move || run(&own, &*store, &sealer))
            .expect("the system can start a thread");
        Self { shared, thread: Some(thread) }
    }

    /// Queues records. Waits while the queue is full.
    pub(crate) fn submit(&self, records: Vec<Prepared>, when: When) -> Result<Pending, Error> {
        let (answering, pending) = way_back();
        let bytes = records.iter().map(|r| r.content.len() + 512).sum();
        let mut queue = self.shared.lock();
        loop {
            if let Some(cause) = &queue.dead {
                return Err(Error::WriterStopped(cause.clone()));
            }
            // A submission larger than the whole queue is taken when the queue is empty.
            let room = queue.bytes + bytes <= QUEUE_BYTES_MAX && queue.records + records.len() <= QUEUE_RECORDS_MAX;
            if room || queue.records == 0 {
                break;
            }
            queue.hurried = true;
            self.shared.filled.notify_one();
            queue = self.shared.drained.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        queue.records += records.len();
        queue.bytes += bytes;
        let submission = Submission { records, bytes, answering };
        if when == When::Later {
            queue.later.push_back(submission);
            return Ok(pending);
        }
        queue.waiting.push_back(submission);
        drop(queue);
        self.shared.filled.notify_one();
        Ok(pending)
    }

    /// What came later waits no longer for others.
    pub(crate) fn hurry(&self) {
        let mut queue = self.shared.lock();
        if !queue.later.is_empty() {
            queue.hurried = true;
            drop(queue);
            self.shared.filled.notify_one();
        }
    }

    /// Whether the queue is far from full: a submission would not wait.
    pub(crate) fn has_room(&self) -> bool {
        let queue = self.shared.lock();
        queue.bytes < QUEUE_BYTES_MAX / 2 && queue.records < QUEUE_RECORDS_MAX / 2
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.shared.lock().closing = true;
        self.shared.filled.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(shared: &Shared, store: &dyn Store, sealer: &Mutex<Sealer>) {
    while let Some(group) = next_group(shared) {
        let done = sealer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .seal_group(store, &group.iter().map(|s| s.records.as_slice()).collect::<Vec<_>>());
        match done {
            Ok(answers) => {
                for (submission, answer) in group.into_iter().zip(answers) {
                    submission.answer(Ok(answer));
                }
            }
            Err(CommitError::Rejected(cause)) => {
                for submission in group {
                    submission.answer(Err(cause.same()));
                }
            }
            Err(CommitError::Unknown(cause)) => {
                // Nobody knows what is on disk. Going on could seal the same record twice.
                stop(shared, group, &cause);
                return;
            }
        }
    }
}

fn next_group(shared: &Shared) -> Option<Vec<Submission>> {
    let mut queue = shared.lock();
    while queue.waiting.is_empty() && (queue.later.is_empty() || !(queue.hurried || queue.closing)) {
        if queue.closing {
            return None;
        }
        queue = shared.filled.wait(queue).unwrap_or_else(PoisonError::into_inner);
    }
    let Queue { waiting, later, hurried, records, bytes, .. } = &mut *queue;
    let mut group = Group::default();
    let bounds = if waiting.is_empty() || *hurried {
        (COMMIT_RECORDS_MAX, COMMIT_BYTES_MAX)
    } else {
        (ALONG_RECORDS_MAX, ALONG_BYTES_MAX)
    };
    // They are older, as a rule, and ids that ascend are sealed fastest.
    group.take(later, bounds);
    *hurried = *hurried && !later.is_empty();
    group.take(waiting, (COMMIT_RECORDS_MAX, COMMIT_BYTES_MAX));
    *records -= group.records;
    *bytes -= group.bytes;
    drop(queue);
    shared.drained.notify_all();
    Some(group.submissions)
}

/// What goes into one commit.
#[derive(Default)]
struct Group {
    submissions: Vec<Submission>,
    records: usize,
    bytes: usize,
}

impl Group {
    /// Takes from the front as long as it stays within both bounds. The first is taken whatever it holds.
    fn take(&mut self, from: &mut VecDeque<Submission>, (records_max, bytes_max): (usize, usize)) {
        while let Some(next) = from.front() {
            let full = self.records + next.records.len() > records_max || self.bytes + next.bytes > bytes_max;
            if full && !self.submissions.is_empty() {
                break;
            }
            let next = from.pop_front().expect("it was in front");
            self.records += next.records.len();
            self.bytes += next.bytes;
            self.submissions.push(next);
        }
    }
}

fn stop(shared: &Shared, group: Vec<Submission>, cause: &str) {
    let mut queue = shared.lock();
    queue.dead = Some(cause.to_owned());
    let (waiting, later) = (std::mem::take(&mut queue.waiting), std::mem::take(&mut queue.later));
    (queue.records, queue.bytes) = (0, 0);
    drop(queue);
    for submission in group.into_iter().chain(waiting).chain(later) {
        submission.answer(Err(Error::WriterStopped(cause.to_owned())));
    }
    shared.drained.notify_all();
}
