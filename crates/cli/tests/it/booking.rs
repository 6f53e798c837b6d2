//! `examples/booking/run`, as a reader runs it: the program, a real calendar and a real mail server.

use std::process::Command;

/// What it says, where this step is let fail.
fn run(step: &[&str]) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/booking/run");
    let ended = Command::new(script).args(step).env("SEALBOOK", env!("CARGO_BIN_EXE_sealbook")).output().unwrap();
    let told = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(ended.status.success(), "{told}\n{}", String::from_utf8_lossy(&ended.stderr));
    told
}

#[test]
fn the_example_books_answers_and_opens_a_ticket() {
    let told = run(&[]);
    for word in ["\"outcome\":\"booked\"", "\"outcome\":\"question\"", "\"outcome\":\"ticket\"", "Mails sent: 1"] {
        assert!(told.contains(word), "{word}: {told}");
    }
    assert!(told.contains("SUMMARY:Botox: María González") && !told.contains("It failed"), "{told}");
}

#[test]
fn the_example_takes_a_booking_back_with_a_certificate_that_holds() {
    let told = run(&["reply"]);
    let (before, after) = told.split_once("Certificate of undo").unwrap();
    assert!(before.contains("SUMMARY:Botox"), "{before}");
    for word in ["compensated", "not_undoable", "unfounded claims: 0", "(empty)", "Mails sent: 1"] {
        assert!(after.contains(word), "{word}: {after}");
    }
}
