//! Writes a leaf. Every byte comes from a fixed struct, so the form is
//! canonical by construction: RFC 8785 key order, no white space, ASCII only.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use uuid::Uuid;

use super::{LeafType, Phase};
use crate::{Hash, Origin, RecordSignature};

/// What is signed: all of a leaf that is known before it has its place.
pub(crate) struct Body<'a> {
    pub(crate) id: Uuid,
    pub(crate) occurred_us: i64,
    pub(crate) operation: Option<Uuid>,
    pub(crate) origin: &'a Origin,
    pub(crate) phase: Phase,
    pub(crate) typ: LeafType,
}

/// What sealing adds.
pub(crate) struct Seal<'a> {
    pub(crate) prev: &'a Hash,
    pub(crate) sealed_us: i64,
    pub(crate) seq: u64,
    pub(crate) sigs: &'a [RecordSignature],
}

/// Appends the leaf to `out`; without a seal, the bytes that are signed.
pub(crate) fn emit<'a>(
    out: &mut Vec<u8>,
    body: &Body<'_>,
    parts: impl Iterator<Item = (&'a str, &'a Hash)>,
    seal: Option<&Seal<'_>>,
) {
    out.reserve(512);
    out.extend_from_slice(br#"{"id":""#);
    put_uuid(out, body.id);
    out.extend_from_slice(br#"","occurred_us":""#);
    put_i64(out, body.occurred_us);
    match body.operation {
        None => out.extend_from_slice(br#"","operation":null,"origin":""#),
        Some(operation) => {
            out.extend_from_slice(br#"","operation":""#);
            put_uuid(out, operation);
            out.extend_from_slice(br#"","origin":""#);
        }
    }
    out.extend_from_slice(body.origin.as_str().as_bytes());
    out.extend_from_slice(br#"","parts":{"#);
    for (place, (name, commitment)) in parts.enumerate() {
        out.extend_from_slice(if place == 0 { br#"""#.as_slice() } else { br#",""# });
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(br#"":""#);
        put_commitment(out, commitment);
        out.push(b'"');
    }
    out.extend_from_slice(br#"},"phase":""#);
    out.extend_from_slice(body.phase.as_str().as_bytes());
    if let Some(seal) = seal {
        put_seal(out, seal);
    } else {
        out.push(b'"');
    }
    out.extend_from_slice(br#","type":""#);
    out.extend_from_slice(body.typ.as_str().as_bytes());
    out.extend_from_slice(br#"","v":"1"}"#);
}

fn put_seal(out: &mut Vec<u8>, seal: &Seal<'_>) {
    let mut hex = [0; 64];
    out.extend_from_slice(br#"","prev":""#);
    seal.prev.write_hex(&mut hex);
    out.extend_from_slice(&hex);
    out.extend_from_slice(br#"","sealed_us":""#);
    put_i64(out, seal.sealed_us);
    out.extend_from_slice(br#"","seq":""#);
    put_u64(out, seal.seq);
    out.extend_from_slice(br#"","sigs":["#);
    for (place, sig) in seal.sigs.iter().enumerate() {
        out.extend_from_slice(if place == 0 { br#"{"key":""#.as_slice() } else { br#",{"key":""# });
        sig.key.write_hex(&mut hex);
        out.extend_from_slice(&hex);
        out.extend_from_slice(br#"","sig":""#);
        let mut text = [0; 88];
        STANDARD.encode_slice(sig.sig, &mut text).expect("64 bytes are 88 characters");
        out.extend_from_slice(&text);
        out.extend_from_slice(br#""}"#);
    }
    out.push(b']');
}

fn put_uuid(out: &mut Vec<u8>, id: Uuid) {
    out.extend_from_slice(id.hyphenated().encode_lower(&mut [0; 36]).as_bytes());
}

fn put_commitment(out: &mut Vec<u8>, commitment: &Hash) {
    let mut text = [0; 43];
    URL_SAFE_NO_PAD.encode_slice(commitment.0, &mut text).expect("32 bytes are 43 characters");
    out.extend_from_slice(&text);
}

fn put_i64(out: &mut Vec<u8>, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    put_u64(out, value.unsigned_abs());
}

fn put_u64(out: &mut Vec<u8>, mut value: u64) {
    let mut digits = [0; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}
