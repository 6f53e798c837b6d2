//! The approver's key file.

use sealbook_ledger::SigningKey;
use sealbook_policy::{LockError, LockedKey};

#[test]
fn a_locked_key_opens_with_its_passphrase_alone() {
    let key = SigningKey::from_seed(&[3; 32]);
    let locked = LockedKey::lock(&key, "correct horse", &[9; 40]).unwrap();
    let text = locked.encode();
    let read = LockedKey::decode(&text).unwrap();
    assert_eq!(read.unlock("correct horse").unwrap().fingerprint(), key.fingerprint());
    assert_eq!(read.unlock("correct horsf").err(), Some(LockError::Wrong));
    assert_eq!(LockedKey::lock(&key, "short", &[9; 40]).err(), Some(LockError::TooShort));
    assert!(!text.contains("seed") && text.starts_with("sealbook-approver-v1\nkey: "), "{text}");
    // What stands in the open is bound to what is locked.
    let other = SigningKey::from_seed(&[4; 32]);
    let swapped = text.replace(&key.fingerprint().to_string(), &other.fingerprint().to_string());
    assert_eq!(LockedKey::decode(&swapped).unwrap().unlock("correct horse").err(), Some(LockError::Wrong));
}

#[test]
fn what_is_no_key_file_is_refused() {
    let key = SigningKey::from_seed(&[3; 32]);
    let text = LockedKey::lock(&key, "correct horse", &[9; 40]).unwrap().encode();
    for end in 0..text.len() - 1 {
        assert!(LockedKey::decode(&text[..end]).is_err(), "{end}");
    }
    for bad in
        ["", "\n", "sealbook-key-v1\n", &text.replace("v1", "v2"), &format!("{text}x"), &text.replace("salt", "sal")]
    {
        assert_eq!(LockedKey::decode(bad).err(), Some(LockError::Malformed));
    }
}
