//! Documents that questions are answered from, cut into passages: a SQLite file of its own for each tenant, beside
//! the books. It is no evidence: what was added and removed is on record in the book, what it says lies here alone,
//! and removing a document removes its words.
//!
//! Passages are found by their words (FTS5, BM25); those that have vectors are found by these too, and the two orders
//! are joined by reciprocal ranks.

mod cut;
mod find;

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};
use sealbook_ledger::Hash;
use sealbook_record::Timestamp;
use serde_json::{Map, Value};

pub use self::cut::passages;
pub use self::find::{FoundPassages, Passage, PassageQuery};
use crate::Error;
use crate::sqlite::engine;
use crate::whole::{make_private_dir, private_file};

/// The longest document.
pub(crate) const DOCUMENT_BYTES_MAX: usize = 16 << 20;
const NAME_CHARS_MAX: usize = 1_000;
const METADATA_BYTES_MAX: usize = 16 << 10;
/// What this program writes.
const FORMAT: i64 = 1;

/// The words are stored in the index of words and nowhere else; `secure-delete` takes them out of it at once.
const TABLES: &str = "
CREATE TABLE documents (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, metadata TEXT NOT NULL,
    digest TEXT NOT NULL, bytes INTEGER NOT NULL, passages INTEGER NOT NULL, added_us INTEGER NOT NULL);
CREATE TABLE passages (id INTEGER PRIMARY KEY, document INTEGER NOT NULL REFERENCES documents (id),
    nth INTEGER NOT NULL, model TEXT, vector BLOB);
CREATE INDEX passages_of ON passages (document);
CREATE VIRTUAL TABLE words USING fts5 (content, tokenize = 'unicode61 remove_diacritics 2');
INSERT INTO words (words, rank) VALUES ('secure-delete', 1);
";

/// A tenant's documents. The file is opened for each question and each change; it is made when the first document is
/// added.
#[derive(Debug, Clone)]
pub struct Knowledge {
    path: PathBuf,
}

/// A document that is to be added.
#[derive(Debug, Clone)]
pub struct NewDocument {
    /// What it is called: adding another of this name replaces it.
    pub name: String,
    /// What it says.
    pub text: String,
    /// What else is known of it; shown beside each of its passages.
    pub metadata: Map<String, Value>,
}

/// Vectors of a document's passages, in their order, and the model that made them.
#[derive(Debug, Clone)]
pub struct Vectors {
    /// The model.
    pub model: String,
    /// One for each passage.
    pub vectors: Vec<Vec<f32>>,
}

/// A document that is there.
#[derive(Debug, Clone, PartialEq)]
pub struct DocumentInfo {
    /// What it is called.
    pub name: String,
    /// What else is known of it.
    pub metadata: Map<String, Value>,
    /// SHA-256 of its text.
    pub digest: Hash,
    /// How long it is.
    pub bytes: u64,
    /// Into how many passages it was cut.
    pub passages: u64,
    /// How many of them have vectors.
    pub embedded: u64,
    /// When it was added.
    pub added: Timestamp,
}

impl NewDocument {
    /// Whether it can be added.
    ///
    /// Errors: [`Error::DocumentInvalid`].
    pub fn check(&self) -> Result<(), Error> {
        let invalid = |why| Err(Error::DocumentInvalid { name: self.name.chars().take(100).collect(), why });
        if self.name.trim().is_empty() || self.name.chars().count() > NAME_CHARS_MAX {
            return invalid("a name has 1 to 1,000 letters");
        }
        if self.name.contains(char::is_control) {
            return invalid("its name holds a line end or another control character");
        }
        if self.text.len() > DOCUMENT_BYTES_MAX {
            return invalid("it has more than 16 MiB; add it in parts");
        }
        if !self.text.contains(char::is_alphanumeric) {
            return invalid("it has no word");
        }
        if Value::Object(self.metadata.clone()).to_string().len() > METADATA_BYTES_MAX {
            return invalid("its metadata has more than 16 KiB");
        }
        Ok(())
    }

    /// SHA-256 of its text.
    pub fn digest(&self) -> Hash {
        Hash::of(self.text.as_bytes())
    }
}

impl Knowledge {
    /// The documents in a file. Nothing is opened or made.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether anything was ever added.
    pub fn exists(&self) -> bool {
        self.path.is_file()
    }

    /// Adds a document, or puts it in the place of the one of its name, in one step. Gives what there is now, and the
    /// digest of what was replaced.
    ///
    /// Errors: [`Error::DocumentInvalid`], also where there are not as many vectors as passages; or the file cannot be
    /// used.
    pub fn put(
        &self,
        document: &NewDocument,
        vectors: Option<&Vectors>,
        now: Timestamp,
    ) -> Result<(DocumentInfo, Option<Hash>), Error> {
        document.check()?;
        let pieces = passages(&document.text);
        if vectors.is_some_and(|given| given.vectors.len() != pieces.len()) {
            let why = "there are not as many vectors as passages; the model's answer is incomplete";
            return Err(Error::DocumentInvalid { name: document.name.clone(), why });
        }
        let mut connection = self.open_to_write()?;
        let written = (|| {
            let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let before = take_out(&change, &document.name)?;
            change.execute(
                "INSERT INTO documents (name, metadata, digest, bytes, passages, added_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    document.name,
                    Value::Object(document.metadata.clone()).to_string(),
                    document.digest().to_string(),
                    document.text.len() as i64,
                    pieces.len() as i64,
                    now.as_micros()
                ],
            )?;
            let id = change.last_insert_rowid();
            for (nth, piece) in pieces.iter().enumerate() {
                let vector = vectors.map(|given| (&given.model, find::bytes_of(&given.vectors[nth])));
                let (model, vector) = vector.unzip();
                change
                    .prepare_cached("INSERT INTO passages (document, nth, model, vector) VALUES (?1, ?2, ?3, ?4)")?
                    .execute(params![id, nth as i64, model, vector])?;
                let passage = change.last_insert_rowid();
                change
                    .prepare_cached("INSERT INTO words (rowid, content) VALUES (?1, ?2)")?
                    .execute(params![passage, piece])?;
            }
            change.commit()?;
            Ok(before)
        })();
        let before = written.map_err(|e| self.failed(&e))?;
        let info = self.document(&document.name)?.ok_or_else(|| gone(&document.name))?;
        Ok((info, before.and_then(|digest: String| digest.parse().ok())))
    }

    /// Removes a document and its words. Gives what was there.
    ///
    /// Errors: [`Error::DocumentMissing`], or the file cannot be used.
    pub fn remove(&self, name: &str) -> Result<DocumentInfo, Error> {
        let info = self.document(name)?.ok_or_else(|| gone(name))?;
        let mut connection = self.open_to_write()?;
        (|| {
            let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            take_out(&change, name)?;
            change.commit()
        })()
        .map_err(|e| self.failed(&e))?;
        Ok(info)
    }

    /// The document of this name.
    pub fn document(&self, name: &str) -> Result<Option<DocumentInfo>, Error> {
        Ok(self.list_where("WHERE d.name = ?1", &[&name])?.pop())
    }

    /// All documents, by name.
    pub fn list(&self) -> Result<Vec<DocumentInfo>, Error> {
        self.list_where("", &[])
    }

    fn list_where(&self, which: &str, with: &[&dyn rusqlite::ToSql]) -> Result<Vec<DocumentInfo>, Error> {
        let Some(connection) = self.open_to_read()? else { return Ok(Vec::new()) };
        let sql = format!(
            "SELECT d.name, d.metadata, d.digest, d.bytes, d.passages, d.added_us,
             (SELECT count(*) FROM passages p WHERE p.document = d.id AND p.vector IS NOT NULL)
             FROM documents d {which} ORDER BY d.name"
        );
        let listed: rusqlite::Result<Vec<_>> = (|| {
            let mut statement = connection.prepare(&sql)?;
            let rows = statement.query_map(with, |row| {
                let (metadata, digest): (String, String) = (row.get(1)?, row.get(2)?);
                Ok(DocumentInfo {
                    name: row.get(0)?,
                    metadata: serde_json::from_str(&metadata).unwrap_or_default(),
                    digest: digest.parse().unwrap_or(Hash::ZERO),
                    bytes: row.get::<_, i64>(3)? as u64,
                    passages: row.get::<_, i64>(4)? as u64,
                    added: Timestamp::from_micros(row.get(5)?),
                    embedded: row.get::<_, i64>(6)? as u64,
                })
            })?;
            rows.collect()
        })();
        listed.map_err(|e| self.failed(&e))
    }

    /// The file, where there is one.
    fn open_to_read(&self) -> Result<Option<Connection>, Error> {
        if !self.path.exists() {
            return Ok(None);
        }
        let connection = self.connect()?;
        Ok((self.format(&connection)? == FORMAT).then_some(connection))
    }

    fn open_to_write(&self) -> Result<Connection, Error> {
        if let Some(dir) = self.path.parent() {
            make_private_dir(dir)?;
        }
        private_file(&self.path)?;
        let mut connection = self.connect()?;
        (|| {
            let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            if change.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))? == 0 {
                change.execute_batch(TABLES)?;
                change.pragma_update(None, "user_version", FORMAT)?;
            }
            change.commit()
        })()
        .map_err(|e: rusqlite::Error| self.failed(&e))?;
        self.format(&connection)?;
        Ok(connection)
    }

    fn connect(&self) -> Result<Connection, Error> {
        let opened = (|| {
            let connection = Connection::open(&self.path)?;
            connection.busy_timeout(std::time::Duration::from_secs(30))?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.pragma_update(None, "secure_delete", true)?;
            connection.pragma_update(None, "trusted_schema", false)?;
            Ok(connection)
        })();
        opened.map_err(|e: rusqlite::Error| self.failed(&e))
    }

    fn format(&self, connection: &Connection) -> Result<i64, Error> {
        let found = connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0));
        let found = found.map_err(|e| self.failed(&e))?;
        if found > FORMAT {
            let cause = format!("it has format {found}, and this program reads {FORMAT}");
            return Err(Error::KnowledgeUnreadable { path: self.path.clone(), cause });
        }
        Ok(found)
    }

    fn failed(&self, e: &rusqlite::Error) -> Error {
        match engine(&self.path, e) {
            Error::BookUnreadable { path, cause } => Error::KnowledgeUnreadable { path, cause },
            other => other,
        }
    }
}

fn gone(name: &str) -> Error {
    Error::DocumentMissing { name: name.chars().take(100).collect() }
}

/// Takes a document out, where it is there, and gives the digest that it had.
fn take_out(change: &Transaction<'_>, name: &str) -> rusqlite::Result<Option<String>> {
    let there = change
        .query_row("SELECT id, digest FROM documents WHERE name = ?1", [name], |row| {
            Ok((row.get::<_, i64>(0)?, row.get(1)?))
        })
        .optional()?;
    let Some((id, digest)) = there else { return Ok(None) };
    change.execute("DELETE FROM words WHERE rowid IN (SELECT id FROM passages WHERE document = ?1)", [id])?;
    change.execute("DELETE FROM passages WHERE document = ?1", [id])?;
    change.execute("DELETE FROM documents WHERE id = ?1", [id])?;
    Ok(Some(digest))
}
