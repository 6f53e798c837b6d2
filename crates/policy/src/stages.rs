//! The stages of a record on its way to the writer.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use sealbook_ledger::PART_STATEMENT;
use sealbook_record::{Record, Redaction};

use crate::Verdict;

/// The parts of a record by name, as `ledger::Draft::new` takes them.
pub type Parts = Vec<(Cow<'static, str>, Vec<u8>)>;

/// A record as it came in. It may hold secrets: it stays in memory, and shows nothing when debugged.
pub struct Raw(pub(crate) Record);

impl Raw {
    /// Anything that came in.
    pub fn new(record: Record) -> Self {
        Self(record)
    }

    /// The record with everything it came with; for rules, never for output.
    pub fn record(&self) -> &Record {
        &self.0
    }
}

impl From<Record> for Raw {
    fn from(record: Record) -> Self {
        Self(record)
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Raw({})", self.0.id)
    }
}

/// A record without its secrets. Only [`crate::Policy`] makes one.
#[derive(Debug, Clone)]
pub struct Redacted {
    pub(crate) record: Record,
    pub(crate) redactions: Vec<Redaction>,
    /// The part `statement`, made from the two.
    pub(crate) statement: Vec<u8>,
}

/// A redacted record and what was decided over the raw one. The writer takes nothing else.
#[derive(Debug, Clone)]
pub struct Judged {
    pub(crate) redacted: Redacted,
    pub(crate) verdict: Verdict,
}

impl Judged {
    /// The redacted record.
    pub fn record(&self) -> &Record {
        &self.redacted.record
    }

    /// What was taken out.
    pub fn redactions(&self) -> &[Redaction] {
        &self.redacted.redactions
    }

    /// What the rules said.
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// What was decided.
    pub fn decision(&self) -> Decision {
        self.verdict.decision()
    }

    /// The bytes of the part `statement`.
    pub fn statement(&self) -> &[u8] {
        &self.redacted.statement
    }

    /// Every part, `statement` among them, ready for `ledger::Draft::new`.
    pub fn parts(self) -> Parts {
        self.split().1
    }

    /// The record without its content, and the parts as in [`Judged::parts`]; nothing is copied.
    pub fn split(self) -> (Record, Parts) {
        let Redacted { mut record, statement, .. } = self.redacted;
        let content = std::mem::take(&mut record.parts);
        let mut parts = Vec::with_capacity(content.len() + 1);
        for (name, value) in content {
            let text: Box<str> = value.into();
            parts.push((Cow::Borrowed(name.as_str()), String::from(text).into_bytes()));
        }
        parts.push((Cow::Borrowed(PART_STATEMENT), statement));
        parts.sort_by(|(one, _), (other, _)| one.cmp(other));
        (record, parts)
    }
}

/// What the rules say of an action; the strictest of them decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decision {
    /// It may happen.
    Allow,
    /// It may happen; a rule wants it noted.
    Log,
    /// It may happen; a person must look at it afterwards.
    Alert,
    /// A person must approve it first.
    Ask,
    /// It must not happen.
    Block,
}

impl Decision {
    /// Every decision, the mildest first.
    pub const ALL: &'static [Self] = &[Self::Allow, Self::Log, Self::Alert, Self::Ask, Self::Block];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Log => "log",
            Self::Alert => "alert",
            Self::Ask => "ask",
            Self::Block => "block",
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Fails with the word it is not: nothing.
impl FromStr for Decision {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|decision| decision.as_str() == text).ok_or(())
    }
}
