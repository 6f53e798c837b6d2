//! What a transaction does, and what it leaves when it is not committed.

use super::{Case, Engine, Sample, begin, created, expected, head_size, note, put, samples, scan, seal, snapshot};

pub(super) static CASES: &[Case] = &[
    ("a transaction sees what it wrote", a_transaction_sees_what_it_wrote),
    ("a dropped transaction writes nothing", a_dropped_transaction_writes_nothing),
    ("a commit survives reopening", a_commit_survives_reopening),
    ("places and ids are taken once", places_and_ids_are_taken_once),
    ("tiles give way to wider ones", tiles_give_way_to_wider_ones),
    ("content is replaced and nothing else", content_is_replaced_and_nothing_else),
    ("many commits in one go", many_commits_in_one_go),
];

fn a_transaction_sees_what_it_wrote(engine: &dyn Engine) {
    let (store, other) = (created(engine), engine.open().expect("open"));
    seal(&*store, &samples(0, 4));
    let rows = samples(4, 9);
    let mut tx = begin(&*store);
    assert_eq!(head_size(&*tx), Some(4));
    put(&mut *tx, &rows);
    tx.put_tile(0, 0, &[7; 9 * 32]).expect("put_tile");
    assert_eq!(head_size(&*tx), Some(9));
    assert_eq!(scan(&*tx, 4, 9), expected(&rows));
    assert_eq!(tx.seq_of(rows[2].id).expect("seq_of"), Some(6));
    assert_eq!(tx.tile(0, 0).expect("tile"), Some(vec![7; 9 * 32]));
    assert_eq!(tx.key_seqs().expect("key_seqs"), [0, 7]);
    // Until it is committed, nobody else does.
    for store in [&store, &other] {
        assert_eq!(head_size(&*snapshot(&**store)), Some(4));
        assert_eq!(scan(&*snapshot(&**store), 4, 9), []);
    }
    tx.commit().expect("commit");
    for store in [&store, &other] {
        assert_eq!(scan(&*snapshot(&**store), 4, 9), expected(&rows));
    }
}

fn a_dropped_transaction_writes_nothing(engine: &dyn Engine) {
    let store = created(engine);
    seal(&*store, &samples(0, 4));
    let lost = samples(4, 40);
    for steps in 0..4 {
        let mut tx = begin(&*store);
        if steps > 0 {
            put(&mut *tx, &lost);
        }
        if steps > 1 {
            tx.put_tile(1, 0, &[1; 32]).expect("put_tile");
        }
        if steps > 2 {
            tx.replace_content(1, b"gone").expect("replace_content");
        }
        drop(tx);
        for store in [&store, &engine.open().expect("open")] {
            let view = snapshot(&**store);
            assert_eq!(head_size(&*view), Some(4));
            assert_eq!(scan(&*view, 0, 99), expected(&samples(0, 4)));
            assert_eq!(view.tile(1, 0).expect("tile"), None);
            assert_eq!(view.seq_of(lost[0].id).expect("seq_of"), None);
        }
    }
    // The place is free for what comes next.
    seal(&*store, &samples(4, 6));
    assert_eq!(scan(&*snapshot(&*store), 0, 99), expected(&samples(0, 6)));
}

fn a_commit_survives_reopening(engine: &dyn Engine) {
    let mut store = created(engine);
    for round in 0..4 {
        seal(&*store, &samples(round * 10, round * 10 + 10));
        drop(store);
        store = engine.open().expect("open");
        assert_eq!(scan(&*snapshot(&*store), 0, 99), expected(&samples(0, round * 10 + 10)));
    }
}

fn places_and_ids_are_taken_once(engine: &dyn Engine) {
    let store = created(engine);
    let rows = samples(0, 5);
    seal(&*store, &rows);
    let same_place = Sample { seq: 3, ..Sample::new(90) };
    let same_id = Sample { id: rows[2].id, ..Sample::new(5) };
    for bad in [same_place, same_id] {
        let mut tx = begin(&*store);
        assert!(tx.append(&[bad.row()]).is_err(), "{bad:?} was taken");
        drop(tx);
        assert_eq!(scan(&*snapshot(&*store), 0, 99), expected(&rows));
    }
    let mut tx = begin(&*store);
    assert!(tx.put_checkpoint(5, "another").is_err(), "a second checkpoint of one size was taken");
    drop(tx);
    assert_eq!(snapshot(&*store).head().expect("head").expect("there is one").note, note(5));
}

fn tiles_give_way_to_wider_ones(engine: &dyn Engine) {
    let store = created(engine);
    // Levels and places are told apart, the far ends too.
    let places = [(0, 0), (0, 1), (1, 0), (1, 1), (6, 3), (0, (1 << 48) - 1)];
    for width in [1, 2, 255, 256_usize] {
        let mut tx = begin(&*store);
        for (at, (level, index)) in places.iter().enumerate() {
            tx.put_tile(*level, *index, &vec![at as u8 + 1; width * 32]).expect("put_tile");
        }
        tx.commit().expect("commit");
        let view = snapshot(&*store);
        for (at, (level, index)) in places.iter().enumerate() {
            assert_eq!(
                view.tile(*level, *index).expect("tile"),
                Some(vec![at as u8 + 1; width * 32]),
                "{level} {index}"
            );
        }
        assert_eq!(view.tile(2, 0).expect("tile"), None);
    }
}

fn content_is_replaced_and_nothing_else(engine: &dyn Engine) {
    let store = created(engine);
    let mut rows = samples(0, 6);
    seal(&*store, &rows);
    let before = snapshot(&*store);
    for content in [&b"shorter"[..], b"", &[9; 5_000]] {
        let mut tx = begin(&*store);
        tx.replace_content(3, content).expect("replace_content");
        tx.commit().expect("commit");
        let old = std::mem::replace(&mut rows[3].content, content.to_vec());
        assert_ne!(old, content);
        assert_eq!(scan(&*snapshot(&*store), 0, 9), expected(&rows));
    }
    assert_eq!(scan(&*before, 0, 9), expected(&samples(0, 6)), "an older view keeps what it saw");
    drop(before);
    assert!(store.scrub().expect("scrub"), "nobody holds the scrubbing up");
    assert_eq!(scan(&*snapshot(&*engine.open().expect("open")), 0, 9), expected(&rows));
}

fn many_commits_in_one_go(engine: &dyn Engine) {
    let store = created(engine);
    for seq in 0..600 {
        seal(&*store, &samples(seq, seq + 1));
    }
    assert_eq!(scan(&*snapshot(&*engine.open().expect("open")), 0, 999), expected(&samples(0, 600)));
}
