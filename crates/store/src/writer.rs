//! One writer per process and ledger: it groups what submitters bring into commits.
//!
//! Submitters queue prepared drafts and wait for their ticket; a thread takes all that is there,
//! up to a bound, seals it in one transaction, and answers when it is durable. While it waits for
//! the disk, the next group gathers. The queue is bounded: a submitter that is faster than the
//! disk waits.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::append::Prepared;
use crate::sealer::Sealer;
use crate::{CommitError, Error, Sealed, Store};

/// Records of one commit at most: bounds how long the first of them waits for the last.
const COMMIT_RECORDS_MAX: usize = 8_192;
/// Bytes of one commit, and of the queue behind it.
const COMMIT_BYTES_MAX: usize = 32 << 20;
const QUEUE_BYTES_MAX: usize = 64 << 20;
const QUEUE_RECORDS_MAX: usize = 65_536;

/// What a submission ends as: one answer per record, or one error for all.
pub(crate) type Answer = Result<Vec<Result<Sealed, Error>>, Error>;

/// Records under way.
#[derive(Debug)]
pub struct Ticket(Vec<Piece>);

/// Some of the records of a ticket, in one commit.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) records: usize,
    /// Or why they were never queued.
    pub(crate) queued: Result<Pending, Error>,
}

/// A submission that is queued or being sealed.
pub(crate) type Pending = Receiver<(Answer, Vec<Prepared>)>;

impl Ticket {
    /// For what was submitted in pieces, in their order.
    pub(crate) fn new(pieces: Vec<Piece>) -> Self {
        Self(pieces)
    }

    /// Waits until the records are durable, or refused. Answers come in the order of the records.
    ///
    /// An error is the answer for all of them. Where some were sealed before the others were refused, each has an
    /// answer of its own.
    pub fn wait(self) -> Result<Vec<Result<Sealed, Error>>, Error> {
        let mut answers = Vec::new();
        let (mut some, mut refused) = (false, None);
        for piece in self.0 {
            match piece.wait() {
                Ok(of_piece) => {
                    some = true;
                    answers.extend(of_piece);
                }
                Err(cause) => {
                    answers.extend((0..piece.records).map(|_| Err(cause.same())));
                    // A doubt about some is what must be heard, whatever else was refused.
                    let is_doubt = matches!(cause, Error::WriterStopped(_));
                    if is_doubt || refused.is_none() {
                        refused = Some(cause);
                    }
                }
            }
        }
        refused.filter(|_| !some).map_or(Ok(answers), Err)
    }
}

impl Piece {
    fn wait(&self) -> Answer {
        match &self.queued {
            // What was queued comes back to be freed here: the writer has no time for it.
            Ok(pending) => match pending.recv() {
                Ok((answer, _records)) => answer,
                Err(_) => Err(Error::WriterStopped("it ended before it answered".to_owned())),
            },
            Err(cause) => Err(cause.same()),
        }
    }
}

struct Submission {
    records: Vec<Prepared>,
    bytes: usize,
    answer: SyncSender<(Answer, Vec<Prepared>)>,
}

impl Submission {
    fn answer(self, answer: Answer) {
        // A submitter that no longer waits has given its ticket up.
        let _ = self.answer.send((answer, self.records));
    }
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Submission>,
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
    pub(crate) fn submit(&self, records: Vec<Prepared>) -> Result<Pending, Error> {
        let (answer, pending) = sync_channel(1);
        let bytes = records.iter().map(|r| r.content.len() + 512).sum();
        let mut queue = self.shared.lock();
        loop {
            if let Some(cause) = &queue.dead {
                return Err(Error::WriterStopped(cause.clone()));
            }
            // A submission larger than the whole queue is taken when the queue is empty.
            let room = queue.bytes + bytes <= QUEUE_BYTES_MAX && queue.records + records.len() <= QUEUE_RECORDS_MAX;
            if room || queue.waiting.is_empty() {
                break;
            }
            queue = self.shared.drained.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        queue.records += records.len();
        queue.bytes += bytes;
        queue.waiting.push_back(Submission { records, bytes, answer });
        drop(queue);
        self.shared.filled.notify_one();
        Ok(pending)
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
    while queue.waiting.is_empty() {
        if queue.closing {
            return None;
        }
        queue = shared.filled.wait(queue).unwrap_or_else(PoisonError::into_inner);
    }
    let mut group: Vec<Submission> = Vec::new();
    let (mut records, mut bytes) = (0, 0);
    while let Some(next) = queue.waiting.front() {
        let full = records + next.records.len() > COMMIT_RECORDS_MAX || bytes + next.bytes > COMMIT_BYTES_MAX;
        if full && !group.is_empty() {
            break;
        }
        let next = queue.waiting.pop_front().expect("it was in front");
        records += next.records.len();
        bytes += next.bytes;
        group.push(next);
    }
    queue.records -= records;
    queue.bytes -= bytes;
    drop(queue);
    shared.drained.notify_all();
    Some(group)
}

fn stop(shared: &Shared, group: Vec<Submission>, cause: &str) {
    let mut queue = shared.lock();
    queue.dead = Some(cause.to_owned());
    let waiting = std::mem::take(&mut queue.waiting);
    drop(queue);
    for submission in group.into_iter().chain(waiting) {
        submission.answer(Err(Error::WriterStopped(cause.to_owned())));
    }
    shared.drained.notify_all();
}
