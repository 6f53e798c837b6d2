//! What can go wrong where a book lies.

use std::path::PathBuf;

use sealbook_ledger::{Origin, Uuid};

/// How a commit ended that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Surely not written: the batch may be tried again.
    #[error(transparent)]
    Rejected(Error),
    /// Nobody knows: stop, reopen, compare with the book.
    #[error(
        "the store did not say whether the batch was written ({0}); reopen the book: sealed records will be found there"
    )]
    Unknown(String),
}

/// An error of the store. Tampering is not one: that is a verdict of `verify`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no book here.
    #[error("there is no book at {path}; create one with `sealbook init`, or name another with --book", path = path.display())]
    BookMissing {
        /// Directory that was looked at.
        path: PathBuf,
    },
    /// A book is there already.
    #[error("there is a book at {path} already; open it, or choose another place", path = path.display())]
    BookExists {
        /// Directory of the book.
        path: PathBuf,
    },
    /// It was there when it was opened, and is not any more.
    #[error("the book at {path} was moved, deleted or replaced while it is open: nothing is written to it, and nothing passes; bring it back to its place, and start the program again", path = path.display())]
    BookMoved {
        /// The file that was opened.
        path: PathBuf,
    },
    /// Written by a newer version.
    #[error("the book at {path} has format {found}, this program reads up to {known}; use a newer sealbook, nothing was touched", path = path.display())]
    BookTooNew {
        /// Directory of the book.
        path: PathBuf,
        /// Format of the book.
        found: i64,
        /// Newest format that is known.
        known: i64,
    },
    /// Not a book at all, or damaged beyond its header.
    #[error("{path} cannot be read as a book: {cause}; restore a backup with `sealbook restore`", path = path.display())]
    BookUnreadable {
        /// File that was read.
        path: PathBuf,
        /// What the engine said.
        cause: String,
    },
    /// No key of the ledger has signed its newest checkpoint.
    #[error(
        "the newest checkpoint of the book {origin}, of {size} records, does not hold: {why}. Somebody wrote to the book behind the program, or it is damaged; `sealbook verify` says where, `sealbook restore FILE` goes on from a backup"
    )]
    HeadUntrusted {
        /// Which ledger.
        origin: Origin,
        /// How many records the checkpoint is said to cover.
        size: u64,
        /// What is wrong with it.
        why: String,
    },
    /// The list of records that say what holds is not the one that was sealed.
    #[error(
        "what holds in the book {origin} is not known: {why}. Somebody wrote to the book behind the program, or it is damaged; until it is mended, gates let nothing pass. `sealbook verify` says where, `sealbook reindex` makes the list again from the records"
    )]
    StandingUntrusted {
        /// Which ledger.
        origin: Origin,
        /// What is wrong.
        why: String,
    },
    /// A record that says what holds, or may, is not what was sealed.
    #[error(
        "record {seq} says what holds, or may, and its content is not what was sealed: nobody can tell what holds, and gates let nothing pass. `sealbook show {seq}` and `sealbook verify` say more; go on from a backup with `sealbook restore FILE`"
    )]
    StandingAltered {
        /// The record.
        seq: u64,
    },
    /// The book is older than the head that was kept outside it.
    #[error(
        "the book {origin} holds {found} records, the head kept outside it has seen {kept}: it was rolled back, cut or replaced by a copy; find the newer book, or continue as a linked ledger with `sealbook restore --continue --reason WHY`"
    )]
    BookRolledBack {
        /// Which ledger.
        origin: Origin,
        /// Size of the book.
        found: u64,
        /// Size of the kept head.
        kept: u64,
    },
    /// The book holds another history than the head that was kept outside it.
    #[error(
        "the book {origin} has another root at size {size} than the head kept outside it: its history was rewritten; run `sealbook verify`, keep both as evidence"
    )]
    BookForked {
        /// Which ledger.
        origin: Origin,
        /// Size at which the roots differ.
        size: u64,
    },
    /// The head moved between reading it and writing.
    #[error(
        "another writer sealed records first (expected size {expected}, found {found}); the batch was not written and may be tried again"
    )]
    HeadMoved {
        /// Size that was expected.
        expected: u64,
        /// Size that was found.
        found: u64,
    },
    /// The same id with other bytes.
    #[error("record {id} is sealed already with other content; use a new id for a new record")]
    IdConflict {
        /// The id.
        id: Uuid,
    },
    /// A record of another tenant.
    #[error(
        "record {id} belongs to tenant {given:?}, this ledger is {own:?}'s; open the book of that tenant with --tenant"
    )]
    TenantMismatch {
        /// The record.
        id: Uuid,
        /// Tenant of the record.
        given: String,
        /// Tenant of the ledger.
        own: String,
    },
    /// No record signer is valid any more.
    #[error(
        "the record key {key} was retired before the record was sealed and no other is at hand; add one with `sealbook key rotate`"
    )]
    KeyRetired {
        /// Fingerprint of the retired key.
        key: String,
    },
    /// A private key is not where it should be.
    #[error("{} is not in {dir}, and the book can be read and verified, not written; {}", missing_key(role, key), mend_of_key(role), dir = dir.display())]
    KeyMissing {
        /// What the key is for.
        role: &'static str,
        /// Fingerprint; empty where none is valid any more.
        key: String,
        /// Directory that was searched.
        dir: PathBuf,
    },
    /// A key file that others can read.
    #[error("the key file {path} has mode {mode:o}: others can read it; run `chmod 600` on it, and rotate the key if it may have been copied", path = path.display())]
    KeyModeLoose {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The key of redaction digests cannot be used.
    #[error("the digest key {path} {why}", path = path.display())]
    DigestKey {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and the mend.
        why: String,
    },
    /// A key that is not there, or not active.
    #[error("there is no active {role} key {key} in this ledger; `sealbook key list` shows them")]
    KeyUnknown {
        /// What the key should be for.
        role: &'static str,
        /// What was asked for.
        key: String,
    },
    /// The disk is full.
    #[error("the disk that holds {path} is full; nothing of this batch was written; make room and try again", path = path.display())]
    DiskFull {
        /// The book.
        path: PathBuf,
    },
    /// The book cannot be written.
    #[error("{path} cannot be written: {cause}; check its owner and mode, or open the book for reading", path = path.display())]
    BookReadOnly {
        /// The book.
        path: PathBuf,
        /// What the system said.
        cause: String,
    },
    /// The engine refused for another reason.
    #[error("the store at {path} failed: {cause}", path = path.display())]
    Engine {
        /// The file.
        path: PathBuf,
        /// What the engine said.
        cause: String,
    },
    /// A file of the book could not be read or written.
    #[error("{path}: {cause}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// A sealed row does not decode: `verify` says more.
    #[error("record {seq} of the book is damaged ({what}); run `sealbook verify` to see how far it goes")]
    RowDamaged {
        /// Its sequence number.
        seq: u64,
        /// What is wrong with it.
        what: String,
    },
    /// The writer stopped after an error whose outcome is not known.
    #[error("the writer stopped: {0}; reopen the book")]
    WriterStopped(String),
    /// Nothing under this id, hash or sequence number.
    #[error("no record {what}; `sealbook query` lists what there is")]
    RecordMissing {
        /// What was asked for.
        what: String,
    },
    /// A prefix that fits several records.
    #[error("{prefix:?} fits {count} records; give more digits of the hash")]
    RecordAmbiguous {
        /// The prefix.
        prefix: String,
        /// How many it fits.
        count: usize,
    },
    /// A part that cannot be erased.
    #[error("part {part:?} of record {seq} cannot be erased: {why}")]
    EraseRefused {
        /// The record.
        seq: u64,
        /// The part.
        part: String,
        /// Why.
        why: &'static str,
    },
    /// A query that cannot be answered.
    #[error("the query's {field} cannot be used: {why}")]
    QueryInvalid {
        /// The field.
        field: &'static str,
        /// Why, and the mend.
        why: String,
    },
    /// A range of records that is none.
    #[error("records {first} to {last} are no range of this book, which has {size}, from 0 on; {mend}")]
    RangeInvalid {
        /// The first record.
        first: u64,
        /// The last record.
        last: u64,
        /// How many records there are.
        size: u64,
        /// What to ask for instead.
        mend: &'static str,
    },
    /// Daily files that cannot be gone on with.
    #[error("the daily files at {path} were left alone: {why}; `sealbook verify --daily` says more, or write to an empty directory", path = path.display())]
    DailyRefused {
        /// Their directory, or the one in the way.
        path: PathBuf,
        /// Why.
        why: &'static str,
    },
    /// A document that cannot be added.
    #[error("the document {name:?} cannot be added: {why}")]
    DocumentInvalid {
        /// What it is called, shortened.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// No document of this name.
    #[error("there is no document {name:?}; `sealbook knowledge list` shows those there are")]
    DocumentMissing {
        /// What was asked for, shortened.
        name: String,
    },
    /// A file of documents that cannot be read.
    #[error("{path} cannot be read as a file of documents: {cause}; it is no evidence: remove it, and add the documents again", path = path.display())]
    KnowledgeUnreadable {
        /// The file.
        path: PathBuf,
        /// What the engine said.
        cause: String,
    },
    /// An error of the ledger's own formats.
    #[error(transparent)]
    Ledger(#[from] sealbook_ledger::Error),
    /// An error of the record's words.
    #[error(transparent)]
    Record(#[from] sealbook_record::Error),
}

fn missing_key(role: &str, key: &str) -> String {
    if key.is_empty() {
        format!("no {role} key is valid any more: the last was retired or revoked, and a new one")
    } else {
        format!("the {role} key {key}")
    }
}

/// A checkpoint key signs the record of every new key, so that nothing makes up for the last of them.
fn mend_of_key(role: &str) -> &'static str {
    match role {
        "record" => "bring the key file back, or make a new key with `sealbook key rotate record`",
        _ => "bring the key file back, or go on with new keys by `sealbook restore --continue --reason WHY`",
    }
}

impl Error {
    /// The stable code; each has a page under `docs/errors/`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BookMissing { .. } => "book_missing",
            Self::BookExists { .. } => "book_exists",
            Self::BookMoved { .. } => "book_moved",
            Self::BookTooNew { .. } => "book_too_new",
            Self::BookUnreadable { .. } => "book_unreadable",
            Self::HeadUntrusted { .. } => "head_untrusted",
            Self::StandingUntrusted { .. } => "standing_untrusted",
            Self::StandingAltered { .. } => "standing_altered",
            Self::BookRolledBack { .. } => "book_rolled_back",
            Self::BookForked { .. } => "book_forked",
            Self::HeadMoved { .. } => "head_moved",
            Self::IdConflict { .. } => "id_conflict",
            Self::TenantMismatch { .. } => "tenant_mismatch",
            Self::KeyRetired { .. } => "key_retired",
            Self::KeyMissing { .. } => "key_missing",
            Self::KeyModeLoose { .. } => "key_mode_loose",
            Self::DigestKey { .. } => "digest_key_unusable",
            Self::KeyUnknown { .. } => "key_unknown",
            Self::DiskFull { .. } => "disk_full",
            Self::BookReadOnly { .. } => "book_read_only",
            Self::Engine { .. } => "store_failed",
            Self::File { .. } => "file_failed",
            Self::RowDamaged { .. } => "row_damaged",
            Self::WriterStopped(_) => "writer_stopped",
            Self::RecordMissing { .. } => "record_missing",
            Self::RecordAmbiguous { .. } => "record_ambiguous",
            Self::EraseRefused { .. } => "erase_refused",
            Self::QueryInvalid { .. } => "query_invalid",
            Self::RangeInvalid { .. } => "range_invalid",
            Self::DailyRefused { .. } => "daily_refused",
            Self::DocumentInvalid { .. } => "document_invalid",
            Self::DocumentMissing { .. } => "document_missing",
            Self::KnowledgeUnreadable { .. } => "knowledge_unreadable",
            Self::Ledger(e) => e.code(),
            Self::Record(e) => e.code(),
        }
    }
}

impl Error {
    /// The same error for another submitter of the same commit.
    pub(crate) fn same(&self) -> Self {
        match self {
            Self::DiskFull { path } => Self::DiskFull { path: path.clone() },
            Self::BookMoved { path } => Self::BookMoved { path: path.clone() },
            Self::BookReadOnly { path, cause } => Self::BookReadOnly { path: path.clone(), cause: cause.clone() },
            Self::BookUnreadable { path, cause } => Self::BookUnreadable { path: path.clone(), cause: cause.clone() },
            Self::HeadUntrusted { origin, size, why } => {
                Self::HeadUntrusted { origin: origin.clone(), size: *size, why: why.clone() }
            }
            Self::StandingUntrusted { origin, why } => {
                Self::StandingUntrusted { origin: origin.clone(), why: why.clone() }
            }
            Self::StandingAltered { seq } => Self::StandingAltered { seq: *seq },
            Self::BookRolledBack { origin, found, kept } => {
                Self::BookRolledBack { origin: origin.clone(), found: *found, kept: *kept }
            }
            Self::BookForked { origin, size } => Self::BookForked { origin: origin.clone(), size: *size },
            Self::HeadMoved { expected, found } => Self::HeadMoved { expected: *expected, found: *found },
            Self::Engine { path, cause } => Self::Engine { path: path.clone(), cause: cause.clone() },
            Self::WriterStopped(cause) => Self::WriterStopped(cause.clone()),
            Self::RowDamaged { seq, what } => Self::RowDamaged { seq: *seq, what: what.clone() },
            Self::File { path, cause } => {
                Self::File { path: path.clone(), cause: std::io::Error::new(cause.kind(), cause.to_string()) }
            }
            other => Self::Engine { path: PathBuf::from("the book"), cause: other.to_string() },
        }
    }
}
