//! How operations stand, and what is missing from a book.

use sealbook_record::{
    Actor, Completeness, CompletenessLimits, OperationStatus, Outcome, Phase, Record, Silence, Step, Timestamp, Told,
    Uuid,
};

use crate::fixture::event;

fn record(id: u128, action: &str, phase: Phase, parent: Option<u128>, outcome: Option<Outcome>) -> Record {
    let mut record = event(id, action);
    record.operation = Some(Uuid::from_u128(500));
    record.phase = phase;
    record.parent = parent.map(Uuid::from_u128);
    record.outcome = outcome;
    record
}

fn intent(id: u128, action: &str) -> Record {
    record(id, action, Phase::Intent, None, None)
}

fn outcome(id: u128, action: &str, parent: u128, outcome: Outcome) -> Record {
    record(id, action, Phase::Outcome, Some(parent), Some(outcome))
}

fn step(record: &Record, seq: u64, seconds: i64, erased: bool) -> Step<'_> {
    let time = Timestamp::from_micros(seconds * 1_000_000);
    Step {
        seq,
        id: record.id,
        operation: record.operation,
        phase: record.phase,
        occurred: time,
        sealed: time,
        record: (!erased).then_some(record),
    }
}

fn status(records: &[Record], erased: bool) -> OperationStatus {
    OperationStatus::of(records.iter().map(|record| step(record, 0, 0, erased)))
}

#[test]
fn an_operation_stands_as_its_records_say() {
    use OperationStatus as Status;
    let undo = "compensate.book";
    for (records, expected) in [
        (vec![], Status::Recorded),
        (vec![event(1, "git.commit")], Status::Recorded),
        (vec![intent(1, "book")], Status::Pending),
        (vec![intent(1, "book"), outcome(2, "book", 1, Outcome::Ok)], Status::Ok),
        (vec![intent(1, "book"), outcome(2, "book", 1, Outcome::Failed)], Status::Failed),
        (vec![intent(1, "a"), intent(2, "b"), outcome(3, "a", 1, Outcome::Ok)], Status::Pending),
        (
            vec![intent(1, "a"), intent(2, "b"), outcome(3, "b", 2, Outcome::Failed), outcome(4, "a", 1, Outcome::Ok)],
            Status::Failed,
        ),
        (vec![record(1, "book", Phase::Event, None, Some(Outcome::Blocked))], Status::Blocked),
        (vec![intent(1, "book"), outcome(2, "book", 1, Outcome::Unknown)], Status::Unknown),
        (vec![intent(1, "book"), outcome(2, "book", 1, Outcome::Ok), intent(3, undo)], Status::Compensating),
        (
            vec![
                intent(1, "book"),
                outcome(2, "book", 1, Outcome::Ok),
                intent(3, undo),
                outcome(4, undo, 3, Outcome::Ok),
            ],
            Status::Compensated,
        ),
        (
            vec![
                intent(1, "book"),
                outcome(2, "book", 1, Outcome::Ok),
                intent(3, undo),
                intent(4, undo),
                outcome(5, undo, 3, Outcome::Failed),
                outcome(6, undo, 4, Outcome::Ok),
            ],
            Status::CompensationFailed,
        ),
    ] {
        assert_eq!(status(&records, false), expected, "{records:?}");
    }
}

#[test]
fn a_retry_decides_in_place_of_the_attempt_that_it_repeats() {
    let again = |id, parent| record(id, "book", Phase::Intent, Some(parent), None);
    let first = [intent(1, "book"), outcome(2, "book", 1, Outcome::Unknown)];
    let of = |rest: &[Record]| status(&[&first, rest].concat(), false);
    assert_eq!(of(&[again(3, 1)]), OperationStatus::Pending);
    assert_eq!(of(&[again(3, 1), outcome(4, "book", 3, Outcome::Ok)]), OperationStatus::Ok);
    assert_eq!(of(&[again(3, 1), outcome(4, "book", 3, Outcome::Failed)]), OperationStatus::Failed);
    // Something else instead does not make the failure undone.
    let instead = [record(3, "guess", Phase::Intent, Some(1), None), outcome(4, "guess", 3, Outcome::Ok)];
    assert_eq!(of(&instead), OperationStatus::Unknown);
}

#[test]
fn what_is_found_out_later_decides_in_place_of_what_was_known() {
    let found = |outcome| record(9, "operation.reconciled", Phase::Event, Some(1), Some(outcome));
    let unknown = [intent(1, "book"), outcome(2, "book", 1, Outcome::Unknown)];
    for ended in [&unknown[..], &unknown[..1]] {
        assert_eq!(status(&[ended, &[found(Outcome::Ok)]].concat(), false), OperationStatus::Ok);
        assert_eq!(status(&[ended, &[found(Outcome::Failed)]].concat(), false), OperationStatus::Failed);
    }
    let mut other = found(Outcome::Ok);
    other.parent = Some(Uuid::from_u128(7));
    assert_eq!(status(&[&unknown[..], &[other]].concat(), false), OperationStatus::Unknown, "it is of another");
}

#[test]
fn what_has_no_undo_is_never_called_undone() {
    let (done, undo) = ([intent(1, "mail"), outcome(2, "mail", 1, Outcome::Ok)], "compensate.mail");
    let mut lacking = event(3, undo);
    assert_eq!(status(&[&done[..], std::slice::from_ref(&lacking)].concat(), false), OperationStatus::Ok);
    lacking.tags = vec!["not_undoable".to_owned()];
    let lacking = [lacking];
    assert_eq!(status(&[&done[..], &lacking].concat(), false), OperationStatus::NotUndoable);
    let rest = [intent(4, undo), outcome(5, undo, 4, Outcome::Ok)];
    assert_eq!(status(&[&done[..], &lacking, &rest].concat(), false), OperationStatus::NotUndoable);
    let failed = [intent(4, undo), outcome(5, undo, 4, Outcome::Failed)];
    assert_eq!(status(&[&done[..], &lacking, &failed].concat(), false), OperationStatus::CompensationFailed);
}

#[test]
fn what_was_erased_still_stands_for_its_phase() {
    let (announced, ended) = (intent(1, "book"), outcome(2, "book", 1, Outcome::Ok));
    assert_eq!(status(std::slice::from_ref(&announced), true), OperationStatus::Pending);
    assert_eq!(status(&[announced.clone(), ended.clone()], true), OperationStatus::Unknown);
    // The undo's outcome is the only thing that was erased: it is not taken for another step forward.
    let (undo, undone) = (intent(3, "compensate.book"), outcome(4, "compensate.book", 3, Outcome::Ok));
    let steps = [(&announced, false), (&ended, false), (&undo, false), (&undone, true)];
    let steps = steps.map(|(record, erased)| step(record, 0, 0, erased));
    assert_eq!(OperationStatus::of(steps), OperationStatus::CompensationFailed, "nobody can confirm it any more");
}

fn folded(records: &[(Record, i64)], limits: CompletenessLimits, erased: bool) -> Completeness {
    let mut fold = Completeness::new(limits);
    for (seq, (record, seconds)) in records.iter().enumerate() {
        fold.push(&step(record, seq as u64, *seconds, erased));
    }
    fold
}

fn fold(records: &[(Record, i64)], limits: CompletenessLimits, erased: bool) -> Told {
    folded(records, limits, erased).finish()
}

fn open(told: &Told) -> Vec<u64> {
    told.open_intents.iter().map(|intent| intent.seq).collect()
}

#[test]
fn an_intent_without_an_outcome_shows() {
    let records = [
        (intent(1, "a"), 0),
        (intent(2, "b"), 1),
        (intent(3, "b"), 2),
        (outcome(4, "b", 3, Outcome::Ok), 3),
        (record(5, "a", Phase::Outcome, None, Some(Outcome::Ok)), 4),
        (event(6, "x"), 5),
    ];
    let told = fold(&records, CompletenessLimits::default(), false);
    assert_eq!(open(&told), [1], "the one that was named ended, and the one of the same action");
    assert_eq!(told.open_intents[0].action.as_deref(), Some("b"));
    assert!(told.outcomes_alone.is_empty());
    assert_eq!(told.findings().len(), 1);
    let erased = fold(&records, CompletenessLimits::default(), true);
    assert_eq!(open(&erased).len(), 1, "it is known even when every word was erased");
}

#[test]
fn an_intent_without_operation_is_ended_by_its_child() {
    let mut announced = intent(1, "a");
    announced.operation = None;
    let mut ended = outcome(2, "a", 1, Outcome::Ok);
    ended.operation = None;
    let mut alone = outcome(3, "a", 77, Outcome::Ok);
    alone.operation = None;
    let told = fold(&[(announced, 0), (ended, 1), (alone, 2)], CompletenessLimits::default(), false);
    assert_eq!(open(&told), [0; 0]);
    assert_eq!(told.outcomes_alone, [2]);
}

#[test]
fn clocks_silence_and_strangers_show() {
    let mut stranger = event(3, "x");
    stranger.actor = Actor::unknown();
    let records = [(intent(1, "a"), 100), (event(2, "x"), 90), (stranger, 5_000), (event(4, "x"), 9_000)];
    let limits = CompletenessLimits {
        silence_us: Some(3_600_000_000),
        actor_silence_us: Some(600_000_000),
        ..Default::default()
    };
    let told = fold(&records, limits, false);
    assert_eq!(told.clock_steps, [(0, 1, 10_000_000)]);
    let silence = |before, after, us| Silence { before, after, us };
    assert_eq!(told.silences, [silence(1, Some(2), 4_910_000_000), silence(2, Some(3), 4_000_000_000)]);
    assert_eq!(told.actor_silences, [("agent-1".to_owned(), silence(1, Some(3), 8_910_000_000))]);
    assert_eq!(told.actors_unknown, [2]);
    assert!(!told.is_complete());
    assert!(fold(&[], limits, false).is_complete());

    // What has not ended yet shows too, once one says what time it is.
    let at = |seconds: i64| folded(&records, limits, false).finish_at(Timestamp::from_micros(seconds * 1_000_000));
    assert_eq!(at(9_010), told, "ten seconds are no silence");
    let later = at(19_000);
    assert_eq!(later.silences.last(), Some(&silence(3, None, 10_000_000_000)));
    assert_eq!(later.actor_silences.last(), Some(&("agent-1".to_owned(), silence(3, None, 10_000_000_000))));
    let quiet = folded(&records[1..], limits, false).finish_at(Timestamp::from_micros(19_000_000_000));
    assert!(quiet.actor_silences.is_empty(), "who has announced nothing may be silent");
    let keys: std::collections::BTreeSet<_> = later.findings().into_iter().map(|finding| finding.id).collect();
    assert_eq!(keys.len(), later.findings().len(), "each finding has its own key");
}
