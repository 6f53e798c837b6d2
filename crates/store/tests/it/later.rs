//! What nobody waits for goes along with what somebody waits for; and tickets that are awaited.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use sealbook_policy::{Judged, State, StopKind, StopScope};
use sealbook_record::PartName;
use sealbook_store::{Ledger, Ticket};

use crate::fixture::{Place, admit, raw, with_part};

fn one(ledger: &Ledger) -> Vec<Judged> {
    vec![admit(raw(ledger, "agent", "file.write", "f"))]
}

fn seq(ticket: Ticket) -> u64 {
    ticket.wait().unwrap().remove(0).unwrap().seq
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(done) => return done,
            Poll::Pending => std::thread::park(),
        }
    }
}

#[test]
fn what_comes_later_goes_along_with_the_next_commit() {
    let place = Place::new();
    let ledger = place.create();
    let before = ledger.head().unwrap().size;
    let (first, second) = (ledger.submit_later(one(&ledger)).unwrap(), ledger.submit_later(one(&ledger)).unwrap());
    assert!(!first.is_done() && ledger.head().unwrap().size == before, "nobody has asked for a commit");
    let waited_for = ledger.append(one(&ledger)).unwrap().remove(0).unwrap().seq;
    assert!(second.is_done(), "they were in the same commit, before it");
    assert_eq!([seq(first), seq(second), waited_for], [before, before + 1, before + 2]);
}

#[test]
fn what_is_hurried_has_a_commit_of_its_own() {
    let place = Place::new();
    let ledger = place.create();
    let before = ledger.head().unwrap().size;
    let later = ledger.submit_later(one(&ledger)).unwrap();
    ledger.hurry();
    assert_eq!(seq(later), before);
}

#[test]
fn what_comes_later_is_sealed_when_the_ledger_is_closed() {
    let place = Place::new();
    let ledger = place.create();
    let before = ledger.head().unwrap().size;
    let later = ledger.submit_later(one(&ledger)).unwrap();
    drop(ledger);
    assert_eq!((seq(later), place.open().head().unwrap().size), (before, before + 1));
}

#[test]
fn a_ticket_can_be_awaited() {
    let place = Place::new();
    let ledger = place.create();
    let before = ledger.head().unwrap().size;
    for more in 0..20 {
        let ticket = ledger.submit(one(&ledger)).unwrap();
        assert_eq!(block_on(ticket).unwrap().remove(0).unwrap().seq, before + more);
    }
}

#[test]
fn what_another_process_seals_between_ours_is_seen() {
    let place = Place::new();
    let (ours, other) = (place.create(), place.open());
    let mut state = State::new();
    ours.bring_up(&mut state).unwrap();
    let stop = |ledger: &Ledger, actor: String| {
        let scope = StopScope { kind: StopKind::Actor, id: actor };
        let record = raw(ledger, "ann", "stop.set", "x");
        ledger.append(vec![admit(with_part(record, PartName::Input, &scope.to_json()))]).unwrap();
    };
    for round in 1..=3 {
        ours.append(one(&ours)).unwrap();
        stop(&other, format!("theirs-{round}"));
        ours.append(one(&ours)).unwrap();
        ours.bring_up(&mut state).unwrap();
        assert_eq!(state.stops().len(), 2 * round - 1, "theirs is seen");
        // Ours is one of many in its commit, and nobody tells the state of it.
        let _later = ours.submit_later(one(&ours)).unwrap();
        stop(&ours, format!("ours-{round}"));
        ours.bring_up(&mut state).unwrap();
        assert_eq!((state.stops().len(), state.next_seq()), (2 * round, ours.head().unwrap().size));
    }
}
