//! Where a submitter waits for its answer: on a thread of its own, or as a future.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::append::Prepared;
use crate::{Error, Sealed};

/// What a submission ends as: one answer per record, or one error for all.
pub(crate) type Answer = Result<Vec<Result<Sealed, Error>>, Error>;

/// Records under way. Wait for it with [`Ticket::wait`], or await it: both end as soon as the records are durable
/// or refused. Who drops it gives the answer up, not the records.
#[derive(Debug)]
#[must_use = "the records are durable only when the ticket says so"]
pub struct Ticket(Vec<Piece>);

/// Some of the records of a ticket, in one commit.
#[derive(Debug)]
pub(crate) struct Piece {
    records: usize,
    state: State,
}

#[derive(Debug)]
enum State {
    Queued(Pending),
    Answered(Answer),
}

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
        let answers = self.0.into_iter().map(|piece| match piece.state {
            State::Queued(pending) => (piece.records, pending.wait()),
            State::Answered(answer) => (piece.records, answer),
        });
        joined(answers)
    }

    /// Whether waiting for it would not wait.
    pub fn is_done(&self) -> bool {
        self.0.iter().all(|piece| match &piece.state {
            State::Queued(pending) => pending.0.lock().answer.is_some(),
            State::Answered(_) => true,
        })
    }
}

/// As [`Ticket::wait`].
impl Future for Ticket {
    type Output = Result<Vec<Result<Sealed, Error>>, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        for piece in &mut self.0 {
            if let State::Queued(pending) = &piece.state {
                let Some(answer) = pending.take_or_wake(cx.waker()) else { return Poll::Pending };
                piece.state = State::Answered(answer);
            }
        }
        let answers = std::mem::take(&mut self.0).into_iter().map(|piece| match piece.state {
            State::Answered(answer) => (piece.records, answer),
            State::Queued(_) => unreachable!("each was answered above"),
        });
        Poll::Ready(joined(answers))
    }
}

impl Piece {
    /// So many records, queued or refused before they were.
    pub(crate) fn new(records: usize, queued: Result<Pending, Error>) -> Self {
        let state = queued.map_or_else(|cause| State::Answered(Err(cause)), State::Queued);
        Self { records, state }
    }
}

/// The answers of all pieces as one.
fn joined(pieces: impl Iterator<Item = (usize, Answer)>) -> Answer {
    let mut answers = Vec::new();
    let (mut some, mut refused) = (false, None);
    for (records, answer) in pieces {
        match answer {
            Ok(of_piece) => {
                some = true;
                answers.extend(of_piece);
            }
            Err(cause) => {
                answers.extend((0..records).map(|_| Err(cause.same())));
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

/// A submission that is queued or being sealed.
pub(crate) struct Pending(Arc<Slot>);

/// The writer's end of it. Dropped without an answer, it answers that the writer has ended.
pub(crate) struct Answering(Arc<Slot>);

#[derive(Default)]
struct Slot {
    inside: Mutex<Inside>,
    answered: Condvar,
}

#[derive(Default)]
struct Inside {
    /// What was queued comes back to be freed by the submitter: the writer has no time for it.
    answer: Option<(Answer, Vec<Prepared>)>,
    waker: Option<Waker>,
    /// The submitter sleeps until it is woken.
    waits: bool,
    /// It was answered.
    is_over: bool,
}

impl Slot {
    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, answer: Answer, records: Vec<Prepared>) {
        let mut inside = self.lock();
        if std::mem::replace(&mut inside.is_over, true) {
            return;
        }
        inside.answer = Some((answer, records));
        let (waker, waits) = (inside.waker.take(), inside.waits);
        drop(inside);
        if waits {
            self.answered.notify_one();
        }
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// Both ends of the way back.
pub(crate) fn way_back() -> (Answering, Pending) {
    let slot = Arc::<Slot>::default();
    (Answering(Arc::clone(&slot)), Pending(slot))
}

impl Pending {
    fn wait(&self) -> Answer {
        let mut inside = self.0.lock();
        loop {
            if let Some((answer, records)) = inside.answer.take() {
                drop(inside);
                drop(records);
                return answer;
            }
            inside.waits = true;
            inside = self.0.answered.wait(inside).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn take_or_wake(&self, waker: &Waker) -> Option<Answer> {
        let mut inside = self.0.lock();
        let answer = inside.answer.take();
        if answer.is_none() {
            inside.waker = Some(waker.clone());
        }
        drop(inside);
        answer.map(|(answer, _records)| answer)
    }
}

impl Answering {
    pub(crate) fn answer(self, answer: Answer, records: Vec<Prepared>) {
        self.0.answer(answer, records);
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        if !self.0.lock().is_over {
            self.0.answer(Err(Error::WriterStopped("it ended before it answered".to_owned())), Vec::new());
        }
    }
}

impl std::fmt::Debug for Pending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pending")
    }
}
