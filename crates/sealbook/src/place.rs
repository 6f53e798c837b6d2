//! Where a book lies: the same places as the program's.

use std::path::{Path, PathBuf};

use sealbook_record::DEFAULT_TENANT;
use sealbook_store::{Layout, is_book_name, tenant_directory};

use crate::Error;

/// A book's place, and whose ledger of it is meant.
#[derive(Debug, Clone)]
pub struct Place {
    books: PathBuf,
    keys: PathBuf,
    heads: PathBuf,
    book: String,
    tenant: String,
}

impl Place {
    /// The book of this name below a home, as `SEALBOOK_HOME` names one.
    ///
    /// Errors: [`Error::NameInvalid`].
    pub fn in_home(home: &Path, book: &str) -> Result<Self, Error> {
        Self::of(home.join("books"), home.join("keys"), home.join("heads"), book)
    }

    /// The book of this name where the `sealbook` program finds it: `SEALBOOK_HOME`, else the XDG directories.
    ///
    /// Errors: [`Error::HomeUnknown`], [`Error::NameInvalid`].
    pub fn of_environment(book: &str) -> Result<Self, Error> {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        if let Some(home) = variable("SEALBOOK_HOME") {
            let home = std::path::absolute(&home).unwrap_or(home);
            return Self::in_home(&home, book);
        }
        let absolute = |name: &str| variable(name).filter(|path| path.is_absolute());
        let beneath = |name: &str, below: &str| absolute(name).or_else(|| Some(absolute("HOME")?.join(below)));
        let state = beneath("XDG_STATE_HOME", ".local/state").ok_or(Error::HomeUnknown)?.join("sealbook");
        let data = beneath("XDG_DATA_HOME", ".local/share").ok_or(Error::HomeUnknown)?.join("sealbook");
        Self::of(state.join("books"), data.join("keys"), data.join("heads"), book)
    }

    fn of(books: PathBuf, keys: PathBuf, heads: PathBuf, book: &str) -> Result<Self, Error> {
        if !is_book_name(book) {
            let allowed = "of up to 100 letters, digits, `-`, `_` and `.`, not beginning with a dot";
            return Err(Error::NameInvalid { what: "book", allowed });
        }
        Ok(Self { books, keys, heads, book: book.to_owned(), tenant: DEFAULT_TENANT.to_owned() })
    }

    /// The ledger of this tenant, instead of `default`'s.
    #[must_use]
    pub fn tenant(self, tenant: impl Into<String>) -> Self {
        Self { tenant: tenant.into(), ..self }
    }

    pub(crate) fn tenant_name(&self) -> &str {
        &self.tenant
    }

    pub(crate) fn layout(&self) -> Result<Layout, Error> {
        let tenant =
            tenant_directory(&self.tenant).ok_or(Error::NameInvalid { what: "tenant", allowed: "of 1 to 80 bytes" })?;
        let book = self.books.join(&self.book).join(tenant);
        Ok(Layout { book, keys: self.keys.clone(), heads: self.heads.clone() })
    }
}
