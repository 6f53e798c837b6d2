//! One transaction as bytes: `u32` length, 16 bytes of checksum, then the changes.
//!
//! The checksum is the whole difference between a commit and its torn beginning.

use std::sync::Arc;

use sealbook_ledger::{Hash, Leaf, Uuid};

use super::tables::Change;

const HEAD_BYTES: usize = 20;

/// The frame of a transaction.
pub(super) fn encode(changes: &[Change]) -> Vec<u8> {
    let mut body = Vec::new();
    for change in changes {
        match change {
            Change::Row { seq, id, is_key, leaf, content } => {
                body.push(0);
                body.extend(seq.to_le_bytes());
                body.extend(id.as_bytes());
                body.push(u8::from(*is_key));
                put(&mut body, leaf);
                put(&mut body, content);
            }
            Change::Tile { level, index, hashes } => {
                body.extend([1, *level]);
                body.extend(index.to_le_bytes());
                put(&mut body, hashes);
            }
            Change::Checkpoint { size, note } => {
                body.push(2);
                body.extend(size.to_le_bytes());
                put(&mut body, note.as_bytes());
            }
            Change::Content { seq, content } => {
                body.push(3);
                body.extend(seq.to_le_bytes());
                put(&mut body, content);
            }
        }
    }
    let mut frame = u32::try_from(body.len()).expect("a transaction is far below 4 GiB").to_le_bytes().to_vec();
    frame.extend(&checksum(&body)[..16]);
    frame.extend(body);
    frame
}

/// The changes of the frame that `log` begins with, and what follows it; `None` where no whole one does.
pub(super) fn decode(log: &[u8]) -> Option<(Vec<Change>, &[u8])> {
    let (head, rest) = log.split_at_checked(HEAD_BYTES)?;
    let len = u32::from_le_bytes(head[..4].try_into().ok()?) as usize;
    let (mut body, rest) = rest.split_at_checked(len)?;
    // A frame of nothing but zeros is a hole that was never written.
    if len == 0 || checksum(body)[..16] != head[4..] {
        return None;
    }
    let mut changes = Vec::new();
    while !body.is_empty() {
        changes.push(change(&mut body)?);
    }
    Some((changes, rest))
}

fn change(body: &mut &[u8]) -> Option<Change> {
    Some(match take(body, 1)?[0] {
        0 => Change::Row {
            seq: number(body)?,
            id: Uuid::from_slice(take(body, 16)?).ok()?,
            is_key: take(body, 1)?[0] != 0,
            leaf: bytes(body)?,
            content: bytes(body)?,
        },
        1 => Change::Tile { level: take(body, 1)?[0], index: number(body)?, hashes: bytes(body)? },
        2 => Change::Checkpoint { size: number(body)?, note: std::str::from_utf8(&bytes(body)?).ok()?.into() },
        3 => Change::Content { seq: number(body)?, content: bytes(body)? },
        _ => return None,
    })
}

fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend((bytes.len() as u64).to_le_bytes());
    out.extend(bytes);
}

fn take<'b>(body: &mut &'b [u8], len: usize) -> Option<&'b [u8]> {
    let (taken, rest) = body.split_at_checked(len)?;
    *body = rest;
    Some(taken)
}

fn number(body: &mut &[u8]) -> Option<u64> {
    Some(u64::from_le_bytes(take(body, 8)?.try_into().ok()?))
}

fn bytes(body: &mut &[u8]) -> Option<Arc<[u8]>> {
    let len = usize::try_from(number(body)?).ok()?;
    take(body, len).map(Arc::from)
}

fn checksum(body: &[u8]) -> [u8; 32] {
    let Hash(sum) = Leaf::hash(body);
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_whole_or_nothing() {
        let changes = vec![
            Change::Row {
                seq: 3,
                id: Uuid::from_u128(9),
                is_key: true,
                leaf: Arc::from(*b"leaf"),
                content: Arc::from(*b""),
            },
            Change::Tile { level: 1, index: 2, hashes: Arc::from([1; 64]) },
            Change::Checkpoint { size: 4, note: "note".into() },
            Change::Content { seq: 1, content: Arc::from(*b"x") },
        ];
        let frame = encode(&changes);
        let (read, rest) = decode(&frame).unwrap();
        assert_eq!((read, rest), (changes, &b""[..]));
        for end in 0..frame.len() {
            assert_eq!(decode(&frame[..end]), None);
        }
        for at in 0..frame.len() {
            let mut torn = frame.clone();
            torn[at] ^= 16;
            assert_eq!(decode(&torn), None, "byte {at}");
        }
    }
}
