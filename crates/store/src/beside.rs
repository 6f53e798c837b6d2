//! The ledgers of a book's other tenants, which lie beside each other.

use std::io;
use std::path::PathBuf;

use crate::{Ledger, tenant_directory};

impl Ledger {
    /// The directories of the book's other tenants; none for a ledger that stands alone, as one that was named by its
    /// own directory does.
    ///
    /// Errors: what lies beside it cannot be read.
    pub fn beside(&self) -> io::Result<Vec<PathBuf>> {
        let own = &self.layout.book;
        let name = own.file_name().and_then(|name| name.to_str()).map(str::to_owned);
        let Some(book) = own.parent().filter(|_| name == tenant_directory(self.tenant())) else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        for entry in std::fs::read_dir(book)? {
            let directory = entry?.path();
            if directory != *own && directory.join("ledger.db").is_file() {
                found.push(directory);
            }
        }
        found.sort();
        Ok(found)
    }
}
