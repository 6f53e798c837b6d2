//! Checking a receipt or a checkpoint by itself: no book is needed, only the keeper's public key.

use std::path::Path;

use sealbook_ledger::{Fault, Origin, PublicKey, SignedCheckpoint};
use sealbook_report::{Block, Document, Text, View};
use serde::Serialize;

use crate::against::{self, Kept};
use crate::command::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input::Input;

/// Reads what was kept and says whether it holds: 0 where it does, 4 where not.
pub(crate) fn check(path: &Path, trusted: &[(Origin, PublicKey)], context: &Context) -> Result<Exit, Failure> {
    let mut input = Input::open(path)?;
    let text = String::from_utf8_lossy(&input.read_all()?).into_owned();
    let kept = Kept::read(&text).map_err(|cause| cause.at(&*input.name))?;
    let answer = Answer::of(&kept, trusted)?;
    context.out.show(&answer)?;
    Ok(if answer.valid { Exit::Clean } else { Exit::Broken })
}

#[derive(Serialize)]
struct Answer {
    valid: bool,
    /// `receipt` or `checkpoint`.
    kind: &'static str,
    origin: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    checked: &'static [&'static str],
    not_checked: &'static [&'static str],
    faults: Vec<FaultTold>,
}

#[derive(Serialize)]
struct FaultTold {
    code: &'static str,
    message: String,
}

const OF_A_RECEIPT: &[&str] = &[
    "the key is of the ledger that the receipt names",
    "the signature of the checkpoint",
    "that the record stands at its place in the ledger that was signed",
];
const OF_A_CHECKPOINT: &[&str] =
    &["the key is of the ledger that the checkpoint names", "the signature of the checkpoint"];
const LEFT_OPEN: &[&str] = &[
    "whether the book still holds it, and what came after it: no book is here",
    "what was recorded: neither holds any content",
    "signatures of the record by its makers",
    "whether the key was valid when it signed: take it from somebody you trust",
];

impl Answer {
    fn of(kept: &Kept, trusted: &[(Origin, PublicKey)]) -> Result<Self, Failure> {
        let origin = kept.origin()?;
        // A key vouches for the ledger it was given for, and for no other.
        let keys: Vec<PublicKey> = trusted.iter().filter(|(of, _)| *of == origin).map(|(_, key)| *key).collect();
        let opened: Result<SignedCheckpoint, Fault> = if keys.is_empty() {
            Err(Fault::Untrusted { why: "the key that was given is of another ledger" })
        } else {
            against::open(kept, keys)
        };
        let (kind, seq, checked) = match kept {
            Kept::Receipt(receipt) => ("receipt", Some(receipt.seq), OF_A_RECEIPT),
            Kept::Checkpoint(_) => ("checkpoint", None, OF_A_CHECKPOINT),
        };
        let size = opened.as_ref().ok().map(|signed| signed.checkpoint.size);
        let told = |fault: Fault| FaultTold { code: fault.code(), message: fault.to_string() };
        let faults: Vec<_> = opened.err().map(told).into_iter().collect();
        let origin = origin.to_string();
        Ok(Self { valid: faults.is_empty(), kind, origin, size, seq, checked, not_checked: LEFT_OPEN, faults })
    }
}

impl View for Answer {
    fn document(&self) -> Document {
        let mut page = Document::new();
        let text = |text: &str| Text::plain(text.to_owned());
        let verdict = if self.valid { "it holds" } else { "it does not hold" };
        let mut fields = vec![(self.kind.to_owned(), text(verdict)), ("ledger".to_owned(), text(&self.origin))];
        fields.extend(self.seq.map(|seq| ("record".to_owned(), text(&seq.to_string()))));
        fields.extend(self.size.map(|size| ("signed size".to_owned(), text(&size.to_string()))));
        fields.extend(self.faults.iter().map(|fault| (fault.code.to_owned(), text(&fault.message))));
        fields.extend(self.checked.iter().map(|what| ("checked".to_owned(), text(what))));
        fields.extend(self.not_checked.iter().map(|what| ("not checked".to_owned(), text(what))));
        page.add(Block::Fields(fields));
        page
    }

    fn json(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers are JSON")
    }
}
