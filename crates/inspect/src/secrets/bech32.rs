//! The checksum of BIP 173, as `age` ends its keys with it.

const LETTERS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];

/// Whether the last six letters are the checksum of those before them.
pub(super) fn holds(text: &[u8]) -> bool {
    let text = text.to_ascii_lowercase();
    let Some(at) = text.iter().rposition(|byte| *byte == b'1') else { return false };
    let (head, data) = (&text[..at], &text[at + 1..]);
    let head = head.iter().map(|byte| byte >> 5).chain([0]).chain(head.iter().map(|byte| byte & 31));
    let data = data.iter().map(|byte| LETTERS.iter().position(|letter| letter == byte).map_or(u8::MAX, |at| at as u8));
    let mut sum = 1_u32;
    for value in head.chain(data) {
        if value == u8::MAX {
            return false;
        }
        let top = sum >> 25;
        sum = (sum & 0x1ff_ffff) << 5 ^ u32::from(value);
        for (bit, generator) in GENERATOR.iter().enumerate() {
            if top >> bit & 1 == 1 {
                sum ^= generator;
            }
        }
    }
    sum == 1
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_documents_own_samples_hold() {
        // BIP 173, test vectors.
        assert!(super::holds(b"A12UEL5L"));
        assert!(super::holds(b"abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw"));
        assert!(!super::holds(b"abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxx"));
        assert!(!super::holds(b"no separator"));
    }
}
