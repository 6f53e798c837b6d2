//! The fuzz targets without a fuzzer: their seeds, which are inputs that failed once too, and mutants of them.

use sealbook_testkit::fuzz::{self, drive};

#[test]
fn bundles() {
    drive("bundle", fuzz::bundle);
}

#[test]
fn conditions_in_cel() {
    drive("cel", fuzz::cel);
}

#[test]
fn dialects() {
    drive("dialects", fuzz::dialects);
}

#[test]
fn keys() {
    drive("keys", fuzz::keys);
}

#[test]
fn leaves() {
    drive("leaf", fuzz::leaf);
}

#[test]
fn notes() {
    drive("note", fuzz::note);
}

#[test]
fn receipts() {
    drive("receipt", fuzz::receipt);
}

#[test]
fn records() {
    drive("record", fuzz::record);
}

#[test]
fn redaction() {
    drive("redact", fuzz::redact);
}

#[test]
fn rules() {
    drive("rules", fuzz::rules);
}
