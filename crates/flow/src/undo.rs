//! What was done is taken back, with proof: files to what they were before, tools by the call that takes theirs back.
//!
//! The book says what to do: what each call found and left, and what would take it back. Nothing is guessed. A file
//! is only written where it still is what the call left; what changed since is told and not touched. Each undo is
//! sealed before and after, and a certificate says at the end what was taken back, what was not, and why.

mod deed;
mod file;
mod perform;
mod plan;

use std::path::PathBuf;

use sealbook_record::{CertifiedFile, FileContent, OperationStatus, Uuid, content_word};
use serde_json::Value;

pub(crate) use self::deed::written;
pub use self::file::{Files, Wanted};
pub use self::perform::{Doer, Performed};

/// What is to be taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// One operation.
    Operation(Uuid),
    /// All that was done in a session.
    Session(String),
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Operation(id) => write!(f, "operation {id}"),
            Self::Session(session) => write!(f, "session {session}"),
        }
    }
}

/// What would be done to take something back. Nothing was touched to find it out.
#[derive(Debug, Clone)]
pub struct UndoPlan {
    /// What is to be taken back.
    pub scope: Scope,
    /// Its operations, the one that began last first: in this order they are taken back.
    pub items: Vec<UndoItem>,
}

/// One operation, and how it is taken back.
#[derive(Debug, Clone)]
pub struct UndoItem {
    /// The operation.
    pub operation: Uuid,
    /// Where its first record lies.
    pub seq: u64,
    /// Its first intent.
    pub intent: Uuid,
    /// All of its records.
    pub seqs: Vec<u64>,
    /// What was done.
    pub action: String,
    /// To what.
    pub target: String,
    /// Who did it.
    pub actor: String,
    /// How it stands.
    pub status: OperationStatus,
    /// How it is taken back.
    pub undo: Undo,
    /// Whether it may have done more than what is taken back: a server's call is known by the files that it named.
    pub is_partly_known: bool,
    /// An undo that was begun and has no outcome.
    pub begun: Option<Uuid>,
    /// An undo that did not end well.
    pub failed: Option<Uuid>,
}

/// How an operation is taken back.
#[derive(Debug, Clone)]
pub enum Undo {
    /// It did nothing that could be: it read, was refused, or failed before it began.
    Nothing,
    /// It is taken back already.
    Done,
    /// Files are what they were.
    Files(Vec<FileUndo>),
    /// By a call.
    Call {
        /// The tool.
        tool: String,
        /// What it is given.
        input: Value,
    },
    /// Not at all.
    Impossible(String),
}

/// One file of an operation, and what would be done to it.
#[derive(Debug, Clone)]
pub struct FileUndo {
    /// Where it lies.
    pub path: PathBuf,
    /// What the call found.
    pub before: FileContent,
    /// What the call left.
    pub after: FileContent,
    /// What would be done.
    pub how: FileHow,
}

/// What would be done to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileHow {
    /// It is written back, or removed where there was none.
    Restore,
    /// It is already what it was.
    IsBack,
    /// It is not what the call left any more.
    Changed {
        /// What it is.
        now: FileContent,
    },
    /// It cannot be written back.
    Impossible(&'static str),
}

impl UndoItem {
    /// Whether nothing keeps it from being taken back, or nothing is to be.
    pub fn is_whole(&self) -> bool {
        match &self.undo {
            Undo::Nothing | Undo::Done | Undo::Call { .. } => true,
            Undo::Files(files) => files.iter().all(FileUndo::is_possible),
            Undo::Impossible(_) => false,
        }
    }
}

impl FileUndo {
    /// Why it cannot be what it was.
    pub fn why(&self) -> Option<String> {
        match &self.how {
            FileHow::Restore | FileHow::IsBack => None,
            FileHow::Changed { now } => Some(format!("it was changed since: it is {}", content_word(now))),
            FileHow::Impossible(why) => Some((*why).to_owned()),
        }
    }

    /// What a certificate says of it.
    fn told(&self) -> CertifiedFile {
        CertifiedFile {
            path: self.path.display().to_string(),
            from: content_word(&self.after),
            to: content_word(&self.before),
            restored: self.is_possible(),
            why: self.why(),
        }
    }

    /// Whether it will be what it was.
    pub const fn is_possible(&self) -> bool {
        matches!(self.how, FileHow::Restore | FileHow::IsBack)
    }
}

impl UndoPlan {
    /// Whether all of it can be taken back.
    pub fn is_whole(&self) -> bool {
        self.items.iter().all(UndoItem::is_whole)
    }

    /// Whether there is anything to do.
    pub fn is_empty(&self) -> bool {
        self.items.iter().all(|item| matches!(item.undo, Undo::Nothing | Undo::Done))
    }
}
