//! Several handles on one store: they queue, they see each other, and none gets in between.

use std::sync::mpsc::channel;

use super::{Case, Engine, begin, created, expected, head_size, put, samples, scan, seal, snapshot};

pub(super) static CASES: &[Case] = &[
    ("the second transaction sees the first", the_second_transaction_sees_the_first),
    ("a transaction waits for the one before", a_transaction_waits_for_the_one_before),
    ("writers of many handles never meet", writers_of_many_handles_never_meet),
    ("a snapshot stays as it was", a_snapshot_stays_as_it_was),
    ("readers read while others write", readers_read_while_others_write),
];

fn the_second_transaction_sees_the_first(engine: &dyn Engine) {
    let stores = [created(engine), engine.open().expect("open"), engine.open().expect("open")];
    for seq in 0..30 {
        let store = &stores[seq as usize % 3];
        let mut tx = begin(&**store);
        assert_eq!(head_size(&*tx), (seq > 0).then_some(seq));
        put(&mut *tx, &samples(seq, seq + 1));
        tx.commit().expect("commit");
    }
    assert_eq!(scan(&*snapshot(&*stores[0]), 0, 99), expected(&samples(0, 30)));
}

fn a_transaction_waits_for_the_one_before(engine: &dyn Engine) {
    let (store, other) = (created(engine), engine.open().expect("open"));
    for round in 0..20 {
        // Once with another handle, once with another thread of the same.
        let second = if round % 2 == 0 { &store } else { &other };
        let mut tx = begin(&*store);
        std::thread::scope(|scope| {
            let (ready, waits) = channel();
            let waiting = scope.spawn(move || {
                ready.send(()).expect("the test listens");
                let tx = begin(&**second);
                head_size(&*tx)
            });
            waits.recv().expect("the thread is there");
            put(&mut *tx, &samples(round, round + 1));
            tx.commit().expect("commit");
            assert_eq!(waiting.join().expect("no panic"), Some(round + 1), "it began while another was open");
        });
    }
}

fn writers_of_many_handles_never_meet(engine: &dyn Engine) {
    const EACH: u64 = 25;
    let store = created(engine);
    seal(&*store, &samples(0, 1));
    let stores = [store, engine.open().expect("open"), engine.open().expect("open"), engine.open().expect("open")];
    std::thread::scope(|scope| {
        for store in &stores {
            scope.spawn(move || {
                for _ in 0..EACH {
                    let mut tx = begin(&**store);
                    let size = head_size(&*tx).expect("there is a head");
                    put(&mut *tx, &samples(size, size + 2));
                    tx.commit().expect("commit");
                }
            });
        }
    });
    let size = 1 + stores.len() as u64 * EACH * 2;
    for store in &stores {
        assert_eq!(head_size(&*snapshot(&**store)), Some(size));
        assert_eq!(scan(&*snapshot(&**store), 0, size + 9), expected(&samples(0, size)));
    }
}

fn a_snapshot_stays_as_it_was(engine: &dyn Engine) {
    let (store, other) = (created(engine), engine.open().expect("open"));
    seal(&*store, &samples(0, 5));
    let view = snapshot(&*store);
    for round in 1..10 {
        seal(&*other, &samples(round * 5, round * 5 + 5));
        assert_eq!(head_size(&*view), Some(5));
        assert_eq!(scan(&*view, 0, 99), expected(&samples(0, 5)));
        assert_eq!(view.seq_of(samples(5, 6)[0].id).expect("seq_of"), None);
        assert_eq!(view.key_seqs().expect("key_seqs"), [0]);
        assert_eq!(head_size(&*snapshot(&*store)), Some(round * 5 + 5), "a new view sees the newest");
    }
}

fn readers_read_while_others_write(engine: &dyn Engine) {
    let (store, reader) = (created(engine), engine.open_read_only().expect("open for reading"));
    seal(&*store, &samples(0, 1));
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            for seq in 1..120 {
                seal(&*store, &samples(seq, seq + 1));
            }
        });
        while !writing.is_finished() {
            let view = snapshot(&*reader);
            let size = head_size(&*view).expect("there is a head");
            assert_eq!(scan(&*view, 0, 999), expected(&samples(0, size)), "rows and head are of one moment");
        }
        writing.join().expect("no panic");
    });
}
