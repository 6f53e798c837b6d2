//! A disk that is full, and a book that cannot be written: real ones, in a mount namespace of their
//! own, so that nothing of them is left on the machine.
//!
//! Where the machine lets nobody mount, the full disk is played by the shim of `power`, and the
//! read-only book cannot be had: the test says so and ends.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use sealbook_record::PartName;
use sealbook_store::{Error, Ledger, Options, VerifyOptions};
use sealbook_testkit::records::{admit, event, with_part};
use sealbook_testkit::{Place, layout_under};

use crate::appender::{Ack, check};
use crate::child;
use crate::power;

/// What makes a namespace in which one may mount; the user namespace lets everybody.
const NAMESPACE: [&str; 2] = ["unshare", "-rm"];

fn may_mount() -> bool {
    let place = Place::new();
    let mount = format!("mount -t tmpfs -o size=1m none {}", place.path().display());
    child::works(NAMESPACE[0], &[NAMESPACE[1], "sh", "-c", &mount])
}

/// Runs a program in a namespace of its own, after a shell line that mounts something.
fn in_namespace(mount: &str, role: &str, root: &Path) {
    let program = child::command(role);
    let line = format!("set -e; {mount}; exec \"$0\" \"$@\"");
    let mut command = Command::new(NAMESPACE[0]);
    command.args([NAMESPACE[1], "sh", "-c", &line]).arg(program.get_program()).args(program.get_args());
    for (name, value) in program.get_envs() {
        command.env(name, value.expect("a role only sets variables"));
    }
    child::at(&mut command, root);
    child::run_to_end(&mut command);
}

#[test]
fn a_full_disk_is_said_and_loses_nothing() {
    let place = Place::new();
    if may_mount() {
        let mount = format!("mount -t tmpfs -o size=12m none {}", place.path().display());
        in_namespace(&mount, "fill the disk", place.path());
        println!("a tmpfs of 12 MiB was filled");
    } else {
        println!("nobody may mount here: the full disk is played by the shim");
    }
    // Both where both can be had: the shim gives no room back, and counts to the byte.
    let mut program = child::command("fill the disk");
    let (shim, log) = (power::compile_shim(&place), place.join("journal"));
    let root = place.join("root");
    std::fs::create_dir(&root).unwrap();
    child::at(&mut program, &root)
        .env("LD_PRELOAD", shim)
        .env("SHIM_ROOT", &root)
        .env("SHIM_LOG", log)
        .env("SHIM_ROOM", (3 << 20).to_string());
    child::run_to_end(&mut program);
}

/// Program: fills whatever it is given, and looks at every answer.
pub(crate) fn fill_the_disk() {
    let root = child::root();
    let (layout, ballast) = (layout_under(&root), root.join("ballast"));
    // Room that can be given back.
    let has_ballast = std::env::var_os("SHIM_ROOM").is_none() && std::fs::write(&ballast, vec![1; 8 << 20]).is_ok();
    let ledger = Ledger::create(layout, "default", Options::default(), None).expect("there is room for a book");
    let mut said = String::new();
    let mut number = 0;
    let refused = loop {
        match append(&ledger, &mut number, &mut said) {
            Ok(()) => {}
            Err(e) => break e,
        }
    };
    assert_eq!(refused.code(), "disk_full", "{refused}");
    // It stays full, says so each time, and is whole all the while.
    for _ in 0..3 {
        let again = append(&ledger, &mut number.clone(), &mut said).expect_err("the disk is full");
        assert_eq!(again.code(), "disk_full", "{again}");
    }
    let report = ledger.verify(&VerifyOptions::default(), &|_| {}).expect("a full disk can be read");
    assert!(report.valid, "{:?}", report.faults);
    verify(&root, &said);
    if has_ballast {
        std::fs::remove_file(&ballast).expect("room is made");
        append(&ledger, &mut number, &mut said).expect("there is room again");
        drop(ledger);
        let ledger = Ledger::open(layout_under(&root), Options::default()).expect("an honest book opens");
        append(&ledger, &mut number, &mut said).expect("there is still room");
        verify(&root, &said);
    }
    child::say(&format!("\n{number} records before the disk was full\n"));
}

fn append(ledger: &Ledger, number: &mut u64, said: &mut String) -> Result<(), Error> {
    let batch: Vec<_> = (*number..*number + 4)
        .map(|n| {
            let record = event(ledger.next_id(), ledger.now(), "agent", "file.write", &n.to_string());
            admit(with_part(record, PartName::Input, &format!("\"{}\"", "x".repeat(4_000))))
        })
        .collect();
    for sealed in ledger.append(batch)? {
        let sealed = sealed?;
        let _ = writeln!(said, "ack agent {} {} {}", sealed.seq, sealed.id, sealed.hash);
    }
    *number += 4;
    Ok(())
}

fn verify(root: &Path, said: &str) {
    let acks: Vec<Ack> = said.lines().filter_map(Ack::parse).collect();
    assert!(!acks.is_empty(), "nothing was appended before the disk was full");
    let book = check(root, &acks, true).unwrap_or_else(|lost| panic!("{lost}"));
    assert_eq!(book.rows.len(), acks.len() + 1, "what was refused is not there");
}

#[test]
fn no_room_for_a_book_leaves_the_place_as_it_was() {
    let place = Place::new();
    let shim = power::compile_shim(&place);
    for room in [0, 4_096, 20_000, 50_000, 90_000] {
        let root = place.join(&format!("root-{room}"));
        std::fs::create_dir(&root).unwrap();
        let mut program = child::command("no room for a book");
        child::at(&mut program, &root)
            .env("LD_PRELOAD", &shim)
            .env("SHIM_ROOT", &root)
            .env("SHIM_LOG", place.join("journal"))
            .env("SHIM_ROOM", room.to_string());
        child::run_to_end(&mut program);
        // Without the shim there is room.
        let ledger = Ledger::create(layout_under(&root), "default", Options::default(), None);
        ledger.unwrap_or_else(|e| panic!("after {room} bytes of room: {e}"));
    }
}

/// Program: fails to make a book.
pub(crate) fn no_room() {
    let made = Ledger::create(layout_under(&child::root()), "default", Options::default(), None);
    let refused = made.err().expect("there is no room");
    assert_eq!(refused.code(), "disk_full", "{refused}");
}

#[test]
fn a_read_only_book_is_read_and_not_written() {
    let place = Place::new();
    if !may_mount() {
        println!("skipped: nobody may mount here, and modes do not bind whoever owns the book");
        return;
    }
    let ledger = Ledger::create(place.layout(), "default", Options::default(), None).unwrap();
    let record = event(ledger.next_id(), ledger.now(), "agent", "file.write", "0");
    ledger.append(vec![admit(record)]).unwrap().remove(0).unwrap();
    let book = place.layout().book;
    let mount = format!("mount --bind {0} {0}; mount -o remount,ro,bind {0}", book.display());
    // Once as a writer left it that is still there, once closed.
    in_namespace(&mount, "read only", place.path());
    drop(ledger);
    in_namespace(&mount, "read only", place.path());
    check(place.path(), &[], true).unwrap();
    Ledger::open(place.layout(), Options::default()).expect("it is written again where it can be");
}

/// Program: tries to write, and reads.
pub(crate) fn read_only() {
    let layout = layout_under(&child::root());
    assert!(std::fs::write(layout.book.join("probe"), "").is_err(), "the book is not read-only at all");
    let refused = Ledger::open(layout.clone(), Options::default()).err().expect("it cannot be written");
    assert_eq!(refused.code(), "book_read_only", "{refused}");
    let ledger = Ledger::open_read_only(layout, Options::default()).expect("it can be read");
    assert_eq!(ledger.head().expect("it has a head").size, 2);
    let report = ledger.verify(&VerifyOptions::default(), &|_| {}).expect("it can be verified");
    assert!(report.valid, "{:?}", report.faults);
    let record = event(ledger.next_id(), ledger.now(), "agent", "file.write", "1");
    let refused = ledger.append(vec![admit(record)]).expect_err("it cannot be written");
    assert_eq!(refused.code(), "book_read_only", "{refused}");
    let found = ledger.query(&sealbook_store::Query { actor: vec!["agent".to_owned()], ..Default::default() });
    assert_eq!(found.expect("it can be asked").rows.len(), 1);
}
