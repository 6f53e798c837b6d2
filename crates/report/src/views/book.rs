//! The book itself: how it stands, its head, its keys, and what was just done to it.

use sealbook_ledger::KeyEntry;
use sealbook_record::Timestamp;
use sealbook_store::{BackupSummary, Head, IndexProgress, Sealed};
use serde::Serialize;

use super::words;
use crate::{Block, Column, Document, Text, Tone, View, json};

/// How a book stands: where it lies, how far it is.
#[derive(Debug, Clone, Copy)]
pub struct Status<'a> {
    /// Whose ledger.
    pub tenant: &'a str,
    /// The project it belongs to, where it belongs to one.
    pub project: Option<&'a str>,
    /// Directory of the book.
    pub book: &'a str,
    /// Directory of the keys.
    pub keys_dir: &'a str,
    /// Bytes of the book's files, index included, where they were counted.
    pub bytes: Option<u64>,
    /// The newest checkpoint.
    pub head: &'a Head,
    /// When the newest record was sealed.
    pub sealed: Option<Timestamp>,
    /// How far the index is.
    pub index: IndexProgress,
    /// Every key that was ever named.
    pub keys: &'a [KeyEntry],
}

/// The newest checkpoint, to be kept somewhere else.
#[derive(Debug, Clone, Copy)]
pub struct HeadDetail<'a> {
    /// The head.
    pub head: &'a Head,
}

/// The keys of a ledger and where they may sign.
#[derive(Debug, Clone, Copy)]
pub struct KeyList<'a> {
    /// Every key that was ever named.
    pub keys: &'a [KeyEntry],
}

/// What sealing one record gave.
#[derive(Debug, Clone, Copy)]
pub struct SealedDetail<'a> {
    /// Its place.
    pub sealed: &'a Sealed,
    /// Its receipt, where one was asked for.
    pub receipt: Option<&'a str>,
}

/// The proof that a record is in the book.
#[derive(Debug, Clone, Copy)]
pub struct ReceiptDetail<'a> {
    /// The record's place.
    pub seq: u64,
    /// The receipt, a C2SP tlog-proof.
    pub receipt: &'a str,
}

/// What a backup holds.
#[derive(Debug, Clone, Copy)]
pub struct BackupDetail<'a> {
    /// What the store says of it.
    pub summary: &'a BackupSummary,
    /// Where it lies.
    pub path: &'a str,
}

#[derive(Serialize)]
struct HeadJson<'a> {
    origin: String,
    size: u64,
    root: String,
    checkpoint: &'a str,
}

impl<'a> HeadJson<'a> {
    fn new(head: &'a Head) -> Self {
        Self {
            origin: head.origin.to_string(),
            size: head.size,
            root: head.root.to_string(),
            checkpoint: &head.checkpoint,
        }
    }
}

#[derive(Serialize)]
struct KeyJson {
    fingerprint: String,
    role: String,
    from_seq: u64,
    until_seq: Option<u64>,
    revoked_since: Option<u64>,
}

impl KeyJson {
    fn new(entry: &KeyEntry) -> Self {
        Self {
            fingerprint: entry.key.fingerprint().to_string(),
            role: entry.role.to_string(),
            from_seq: entry.from_seq,
            until_seq: entry.until_seq,
            revoked_since: entry.revoked_since,
        }
    }
}

/// What names a head, as fields.
pub(super) fn head_fields(head: &Head) -> Vec<(String, Text)> {
    vec![
        ("origin".to_owned(), Text::name(head.origin.to_string())),
        ("records".to_owned(), Text::plain(words::grouped(head.size))),
        ("root".to_owned(), Text::name(head.root.to_string())),
    ]
}

impl View for Status<'_> {
    fn document(&self) -> Document {
        let mut page = Document::new();
        page.heading(1, "Book");
        let mut fields = Vec::new();
        let mut add = |name: &str, value: Text| fields.push((name.to_owned(), value));
        if let Some(project) = self.project {
            add("project", Text::name(project));
        }
        add("tenant", Text::name(self.tenant));
        add("book", Text::name(self.book));
        add("keys", Text::name(self.keys_dir));
        if let Some(bytes) = self.bytes {
            add("size", Text::plain(words::bytes(bytes)));
        }
        fields.extend(head_fields(self.head));
        if let Some(sealed) = self.sealed {
            fields.push(("last sealed".to_owned(), Text::plain(sealed.to_string())));
        }
        let behind = self.index.size.saturating_sub(self.index.indexed);
        let index = match behind {
            0 => Text::toned("up to date", Tone::Good),
            behind => Text::toned(format!("{} behind", words::grouped(behind)), Tone::Doubtful),
        };
        fields.push(("index".to_owned(), index));
        page.add(Block::Fields(fields));
        page.heading(2, "Keys").append(KeyList { keys: self.keys }.document(), 2);
        page
    }

    fn json(&self) -> String {
        #[derive(Serialize)]
        struct Whole<'a> {
            tenant: &'a str,
            project: Option<&'a str>,
            book: &'a str,
            keys_dir: &'a str,
            bytes: Option<u64>,
            head: HeadJson<'a>,
            sealed: Option<Timestamp>,
            indexed: u64,
            keys: Vec<KeyJson>,
        }
        json::text(&Whole {
            tenant: self.tenant,
            project: self.project,
            book: self.book,
            keys_dir: self.keys_dir,
            bytes: self.bytes,
            head: HeadJson::new(self.head),
            sealed: self.sealed,
            indexed: self.index.indexed,
            keys: self.keys.iter().map(KeyJson::new).collect(),
        })
    }
}

impl View for HeadDetail<'_> {
    fn document(&self) -> Document {
        // The note alone: it says origin, size and root itself, and what is written to a file can be
        // checked against.
        let mut page = Document::new();
        page.add(Block::Verbatim("text", self.head.checkpoint.clone()));
        page
    }

    fn json(&self) -> String {
        json::text(&HeadJson::new(self.head))
    }
}

impl View for KeyList<'_> {
    fn document(&self) -> Document {
        let rows = self.keys.iter().map(|entry| {
            let until = entry.until_seq.map_or_else(String::new, |seq| seq.to_string());
            let state = match (entry.revoked_since, entry.until_seq) {
                (Some(since), _) => Text::toned(format!("revoked, in doubt from {since}"), Tone::Bad),
                (None, Some(_)) => Text::toned("retired", Tone::Faint),
                (None, None) => Text::toned("valid", Tone::Good),
            };
            vec![
                Text::name(entry.key.fingerprint().to_string()),
                Text::plain(entry.role.to_string()),
                Text::plain(entry.from_seq.to_string()),
                Text::plain(until),
                state,
            ]
        });
        let columns = vec![
            Column::text("Fingerprint"),
            Column::whole("Role"),
            Column::number("From"),
            Column::number("Until"),
            Column::text("State"),
        ];
        let mut page = Document::new();
        page.add(Block::Table(columns, rows.collect()));
        page
    }

    fn json(&self) -> String {
        #[derive(Serialize)]
        struct Whole {
            keys: Vec<KeyJson>,
        }
        json::text(&Whole { keys: self.keys.iter().map(KeyJson::new).collect() })
    }

    fn json_lines(&self) -> Vec<String> {
        self.keys.iter().map(|entry| json::text(&KeyJson::new(entry))).collect()
    }
}

impl View for SealedDetail<'_> {
    fn document(&self) -> Document {
        let sealed = self.sealed;
        let mut page = Document::new();
        page.add(Block::Fields(vec![
            ("sealed as".to_owned(), Text::plain(sealed.seq.to_string())),
            ("id".to_owned(), Text::name(sealed.id.to_string())),
            ("hash".to_owned(), Text::name(sealed.hash.to_string())),
        ]));
        if sealed.duplicate {
            page.line("It was sealed before, with the same bytes: nothing was added.");
        }
        if let Some(receipt) = self.receipt {
            page.add(Block::Verbatim("text", receipt.to_owned()));
        }
        page
    }

    fn json(&self) -> String {
        #[derive(Serialize)]
        struct Whole<'a> {
            seq: u64,
            id: String,
            hash: String,
            duplicate: bool,
            receipt: Option<&'a str>,
        }
        json::text(&Whole {
            seq: self.sealed.seq,
            id: self.sealed.id.to_string(),
            hash: self.sealed.hash.to_string(),
            duplicate: self.sealed.duplicate,
            receipt: self.receipt,
        })
    }
}

impl View for ReceiptDetail<'_> {
    fn document(&self) -> Document {
        // The receipt alone: what is written to a file is a receipt.
        let mut page = Document::new();
        page.add(Block::Verbatim("text", self.receipt.to_owned()));
        page
    }

    fn json(&self) -> String {
        #[derive(Serialize)]
        struct Whole<'a> {
            seq: u64,
            receipt: &'a str,
        }
        json::text(&Whole { seq: self.seq, receipt: self.receipt })
    }
}

impl View for BackupDetail<'_> {
    fn document(&self) -> Document {
        let summary = self.summary;
        let mut page = Document::new();
        page.add(Block::Fields(vec![
            ("backup".to_owned(), Text::name(self.path)),
            ("origin".to_owned(), Text::name(summary.origin.to_string())),
            ("records".to_owned(), Text::plain(words::grouped(summary.size))),
            ("root".to_owned(), Text::name(summary.root.to_string())),
            ("size".to_owned(), Text::plain(words::bytes(summary.bytes))),
        ]));
        page
    }

    fn json(&self) -> String {
        #[derive(Serialize)]
        struct Whole<'a> {
            path: &'a str,
            origin: String,
            size: u64,
            root: String,
            bytes: u64,
        }
        json::text(&Whole {
            path: self.path,
            origin: self.summary.origin.to_string(),
            size: self.summary.size,
            root: self.summary.root.to_string(),
            bytes: self.summary.bytes,
        })
    }
}
