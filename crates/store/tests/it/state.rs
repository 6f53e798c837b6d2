//! What holds now, brought up to a book's head; and whose word counts.

use sealbook_ledger::SigningKey;
use sealbook_policy::{State, StopScope};
use sealbook_record::{PartName, Record};
use sealbook_store::{EraseRequest, Ledger};

use crate::fixture::{Place, admit, raw, with_part};

fn change(ledger: &Ledger, action: &str) -> Record {
    with_part(raw(ledger, "ann", action, "x"), PartName::Input, &StopScope::all().to_json())
}

fn seal(ledger: &Ledger, record: Record) -> u64 {
    ledger.append(vec![admit(record)]).unwrap().remove(0).unwrap().seq
}

fn seal_others(ledger: &Ledger, count: usize) {
    let records = (0..count).map(|_| admit(raw(ledger, "agent", "file.write", "f"))).collect();
    assert!(ledger.append(records).unwrap().iter().all(Result::is_ok));
}

#[test]
fn a_state_is_brought_up_from_far_behind_and_from_near() {
    let place = Place::new();
    let ledger = place.create();
    let approver = SigningKey::from_seed(&[3; 32]);
    ledger.add_approver(*approver.public(), admit(raw(&ledger, "ann", "key.add", "k")), None).unwrap();
    seal_others(&ledger, 700);
    let stop = seal(&ledger, change(&ledger, "stop.set"));
    seal_others(&ledger, 700);
    let mut near = State::new();
    ledger.bring_up(&mut near).unwrap();
    assert_eq!(near.stops().iter().map(|stop| stop.seq).collect::<Vec<_>>(), [stop]);
    assert_eq!(near.next_seq(), ledger.head().unwrap().size);
    // Unsigned, it stays; signed, it goes. Another process that follows sees both.
    seal(&ledger, change(&ledger, "stop.lift"));
    let other = place.open();
    other.bring_up(&mut near).unwrap();
    assert_eq!((near.stops().len(), near.refused().len()), (1, 1));
    ledger.append_approved(vec![admit(change(&ledger, "stop.lift"))], &approver).unwrap().remove(0).unwrap();
    other.bring_up(&mut near).unwrap();
    assert!(near.stops().is_empty());
    seal_others(&ledger, 700);
    let mut far = State::with_history();
    ledger.bring_up(&mut far).unwrap();
    other.bring_up(&mut near).unwrap();
    assert_eq!((far.stops(), far.refused(), far.next_seq()), (near.stops(), near.refused(), near.next_seq()));
    assert_eq!(far.rules().digest(), near.rules().digest());
    // Where the book lies is guarded, whatever it is called.
    assert!(far.held_rules().iter().any(|held| held.rule().id == "guard-places"));
}

#[test]
fn what_the_index_does_not_have_yet_is_read_too() {
    let place = Place::new();
    let ledger = place.create();
    seal_others(&ledger, 700);
    // Unsigned, it changes nothing, and is counted.
    seal(&ledger, change(&ledger, "stop.lift"));
    let seen = |ledger: &Ledger| {
        let mut state = State::new();
        ledger.bring_up(&mut state).unwrap();
        assert_eq!(state.next_seq(), ledger.head().unwrap().size);
        state.refused().len()
    };
    assert_eq!(seen(&ledger), 1);
    // A few records more stay out of the index, many do not.
    for (count, lifts) in [(3, 2), (100, 3), (500, 4)] {
        seal_others(&ledger, count);
        seal(&ledger, change(&ledger, "stop.lift"));
        assert_eq!(seen(&ledger), lifts);
        assert_eq!(seen(&place.open()), lifts, "and a process that has just begun sees them");
    }
}

#[test]
fn together_signatures_are_worth_what_each_is_alone() {
    let place = Place::new();
    let ledger = place.create();
    let [believed, stranger] = [3, 4].map(|seed| SigningKey::from_seed(&[seed; 32]));
    let by = || admit(raw(&ledger, "ann", "key.add", "k"));
    ledger.add_approver(*believed.public(), by(), None).unwrap();
    // Named without the word of the first, so that its signatures can be sealed and count for nothing.
    ledger.add_approver(*stranger.public(), by(), None).unwrap();
    for key in [&believed, &stranger, &believed] {
        ledger.append_approved(vec![admit(change(&ledger, "stop.lift"))], key).unwrap().remove(0).unwrap();
        seal_others(&ledger, 1);
    }
    let (approvers, reader) = (ledger.approvers().unwrap(), ledger.reader().unwrap());
    let mut all: Vec<_> = (0..reader.size().unwrap()).map(|seq| reader.record(seq).unwrap()).collect();
    // A signature of the believed key that was made over something else.
    let signed: Vec<_> = all.iter().filter(|stored| approvers.of(stored).is_some()).cloned().collect();
    let mut forged = signed[0].clone();
    forged.leaf.sigs.clone_from(&signed[1].leaf.sigs);
    all.push(forged);
    let alone: Vec<_> = all.iter().map(|stored| approvers.of(stored)).collect();
    assert_eq!(approvers.of_all(&all), alone);
    assert_eq!(alone.iter().flatten().count(), 2);
    assert_eq!(approvers.of_all(&[]), []);
}

#[test]
fn the_first_approver_is_believed_and_another_by_its_signature() {
    let place = Place::new();
    let ledger = place.create();
    let [first, named, forged] = [3, 4, 5].map(|seed| SigningKey::from_seed(&[seed; 32]));
    let by = || admit(raw(&ledger, "ann", "key.add", "k"));
    ledger.add_approver(*first.public(), by(), None).unwrap();
    ledger.add_approver(*forged.public(), by(), None).unwrap();
    ledger.add_approver(*named.public(), by(), Some(&first)).unwrap();
    let believed: Vec<_> = ledger.approvers().unwrap().entries().iter().map(|entry| entry.key).collect();
    assert_eq!(believed, [*first.public(), *named.public()]);
    let signed_by = |key: &SigningKey| {
        let sealed = ledger.append_approved(vec![admit(change(&ledger, "stop.lift"))], key).unwrap().remove(0).unwrap();
        ledger.approvers().unwrap().of(&ledger.reader().unwrap().record(sealed.seq).unwrap())
    };
    assert_eq!(signed_by(&first), Some(first.fingerprint()));
    assert_eq!(signed_by(&named), Some(named.fingerprint()));
    assert_eq!(signed_by(&forged), None);
    ledger.retire_key_approved(first.fingerprint(), by(), &named).unwrap();
    assert_eq!(ledger.approvers().unwrap().at(ledger.head().unwrap().size).count(), 1);
    // A key that may not sign any more is refused before it is sealed: nobody signs again for a person.
    let refused = ledger.append_approved(vec![admit(change(&ledger, "stop.lift"))], &first).unwrap().remove(0);
    assert_eq!(refused.unwrap_err().code(), "key_retired");
    assert!(ledger.verify(&sealbook_store::VerifyOptions::default(), &|_| {}).unwrap().valid);
}

#[test]
fn what_decides_is_not_erased() {
    let place = Place::new();
    let ledger = place.create();
    let seq = seal(&ledger, change(&ledger, "stop.set"));
    for part in ["input", "statement"] {
        let request = EraseRequest { seq, parts: vec![part.to_owned()] };
        let refused = ledger.erase(&request, admit(raw(&ledger, "ann", "record.erase", "x")));
        assert_eq!(refused.unwrap_err().code(), "erase_refused");
    }
    let mut state = State::new();
    ledger.bring_up(&mut state).unwrap();
    assert_eq!(state.stops().len(), 1);
    // What an alert says decides nothing.
    let seq = seal(&ledger, change(&ledger, "alert.raised"));
    let request = EraseRequest { seq, parts: vec!["input".to_owned()] };
    ledger.erase(&request, admit(raw(&ledger, "ann", "record.erase", "x"))).unwrap();
}
