//! What can be read, and that a reader changes nothing.

use sealbook_ledger::{Origin, Uuid};

use super::{Case, Engine, begin, created, expected, head_size, note, samples, scan, seal, snapshot};

pub(super) static CASES: &[Case] = &[
    ("a new store is empty", a_new_store_is_empty),
    ("identity is fixed", identity_is_fixed),
    ("one place holds one store", one_place_holds_one_store),
    ("rows come back in order", rows_come_back_in_order),
    ("a scan ends when it is told", a_scan_ends_when_it_is_told),
    ("lookups find ids and keys", lookups_find_ids_and_keys),
    ("checkpoints come in order", checkpoints_come_in_order),
    ("a reader cannot write", a_reader_cannot_write),
];

fn a_new_store_is_empty(engine: &dyn Engine) {
    let store = created(engine);
    let view = snapshot(&*store);
    assert_eq!(view.head().expect("head"), None);
    assert_eq!(scan(&*view, 0, u64::MAX), []);
    assert_eq!(view.tile(0, 0).expect("tile"), None);
    assert_eq!(view.seq_of(Uuid::nil()).expect("seq_of"), None);
    assert_eq!(view.id_max().expect("id_max"), None);
    assert!(view.key_seqs().expect("key_seqs").is_empty());
    view.checkpoints(0, u64::MAX, &mut |size, _| panic!("a checkpoint of size {size}")).expect("checkpoints");
}

fn identity_is_fixed(engine: &dyn Engine) {
    let origin = Origin::from_random([9; 16]);
    let store = engine.create(&origin, "acme").expect("create");
    assert_eq!((store.origin(), store.tenant()), (&origin, "acme"));
    seal(&*store, &samples(0, 3));
    drop(store);
    for store in [engine.open().expect("open"), engine.open_read_only().expect("open for reading")] {
        assert_eq!((store.origin(), store.tenant()), (&origin, "acme"));
        assert_eq!(head_size(&*snapshot(&*store)), Some(3));
    }
}

fn one_place_holds_one_store(engine: &dyn Engine) {
    let missing = |opened: Result<_, sealbook_store::Error>| opened.err().map(|e| e.code());
    assert_eq!(missing(engine.open()), Some("book_missing"));
    assert_eq!(missing(engine.open_read_only()), Some("book_missing"));
    let store = created(engine);
    seal(&*store, &samples(0, 2));
    let again = engine.create(&Origin::from_random([4; 16]), "other");
    assert_eq!(missing(again), Some("book_exists"));
    assert_eq!(head_size(&*snapshot(&*store)), Some(2), "the refused one left the first alone");
}

fn rows_come_back_in_order(engine: &dyn Engine) {
    let store = created(engine);
    let mut rows = samples(0, 300);
    // Nothing at all, and the most that one record may hold.
    rows[17].content.clear();
    rows[250].content = vec![0xa5; 16 << 20];
    seal(&*store, &rows[..100]);
    seal(&*store, &rows[100..101]);
    seal(&*store, &rows[101..]);
    let other = engine.open().expect("open");
    for store in [&store, &other] {
        let view = snapshot(&**store);
        for (from, to) in
            [(0, 300), (0, 1), (99, 102), (250, 251), (299, 300), (17, 40), (5, 5), (300, 900), (290, u64::MAX)]
        {
            let end = to.min(300).max(from.min(300)) as usize;
            assert_eq!(scan(&*view, from, to), expected(&rows[from.min(300) as usize..end]), "{from}..{to}");
        }
    }
}

fn a_scan_ends_when_it_is_told(engine: &dyn Engine) {
    let store = created(engine);
    seal(&*store, &samples(0, 10));
    let view = snapshot(&*store);
    let mut seen = Vec::new();
    view.scan(2, 9, &mut |row| {
        seen.push(row.seq);
        Ok(row.seq < 4)
    })
    .expect("scan");
    assert_eq!(seen, [2, 3, 4]);
    let refused =
        view.scan(0, 10, &mut |row| Err(sealbook_store::Error::RowDamaged { seq: row.seq, what: "x".to_owned() }));
    assert_eq!(refused.err().map(|e| e.code()), Some("row_damaged"), "what the caller says ends the scan");
    // A view may be asked from inside a scan.
    view.scan(0, 1, &mut |_| {
        assert_eq!(scan(&*view, 3, 5).len(), 2);
        Ok(true)
    })
    .expect("scan");
}

fn lookups_find_ids_and_keys(engine: &dyn Engine) {
    let store = created(engine);
    let rows = samples(0, 50);
    seal(&*store, &rows[..20]);
    seal(&*store, &rows[20..]);
    let view = snapshot(&*store);
    for row in &rows {
        assert_eq!(view.seq_of(row.id).expect("seq_of"), Some(row.seq));
    }
    assert_eq!(view.seq_of(Uuid::from_u128(1)).expect("seq_of"), None);
    assert_eq!(view.id_max().expect("id_max"), rows.iter().map(|row| row.id).max());
    assert_eq!(view.key_seqs().expect("key_seqs"), [0, 7, 14, 21, 28, 35, 42, 49]);
}

fn checkpoints_come_in_order(engine: &dyn Engine) {
    let store = created(engine);
    let sizes = [1, 2, 9, 10, 256, 300];
    let mut from = 0;
    for to in sizes {
        seal(&*store, &samples(from, to));
        from = to;
    }
    let view = snapshot(&*store);
    let listed = |from, to, most: usize| {
        let mut found = Vec::new();
        view.checkpoints(from, to, &mut |size, text| {
            assert_eq!(text, note(size));
            found.push(size);
            Ok(found.len() < most)
        })
        .expect("checkpoints");
        found
    };
    assert_eq!(listed(0, u64::MAX, 99), sizes);
    assert_eq!(listed(2, 256, 99), [2, 9, 10]);
    assert!(listed(3, 9, 99).is_empty());
    assert_eq!(listed(0, u64::MAX, 2), [1, 2]);
    let head = view.head().expect("head").expect("there is one");
    assert_eq!((head.size, head.note), (300, note(300)));
}

fn a_reader_cannot_write(engine: &dyn Engine) {
    let store = created(engine);
    seal(&*store, &samples(0, 5));
    let reader = engine.open_read_only().expect("open for reading");
    assert_eq!(reader.begin().err().map(|e| e.code()), Some("book_read_only"));
    assert_eq!(scan(&*snapshot(&*reader), 0, 9), expected(&samples(0, 5)));
    // It sees what is sealed later, and stands in nobody's way.
    seal(&*store, &samples(5, 6));
    assert_eq!(head_size(&*snapshot(&*reader)), Some(6));
    drop(begin(&*store));
}
