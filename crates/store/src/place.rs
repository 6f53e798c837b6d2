//! Names of books and tenants as directories.

use std::fmt::Write as _;

const NAME_BYTES_MAX: usize = 100;
/// Each byte may become three in the name of a directory.
const TENANT_BYTES_MAX: usize = 80;

/// Whether a text can name a book: up to 100 letters, digits, `-`, `_` and `.`, not beginning with a dot.
pub fn is_book_name(name: &str) -> bool {
    let is_good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !name.is_empty() && name.len() <= NAME_BYTES_MAX && !name.starts_with('.') && name.chars().all(is_good)
}

/// The directory of a tenant's ledger below its book's: a tenant may be any text, and what no directory can be
/// called is written as `%` and two digits. `None` for an empty text, and for more than 80 bytes.
pub fn tenant_directory(tenant: &str) -> Option<String> {
    if tenant.is_empty() || tenant.len() > TENANT_BYTES_MAX {
        return None;
    }
    let mut name = String::with_capacity(tenant.len());
    for byte in tenant.bytes() {
        let plain = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') || (byte == b'.' && !name.is_empty());
        if plain {
            name.push(char::from(byte));
        } else {
            let _ = write!(name, "%{byte:02X}");
        }
    }
    Some(name)
}
