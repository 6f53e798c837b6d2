//! Whether a proof that a keeper signed two histories holds.

use sealbook_ledger::{Checkpoint, Conflict, Equivocation, Error};
use serde::Serialize;

use super::words;
use crate::{Block, Document, Text, Tone, View, json};

/// A proof of equivocation, checked.
#[derive(Debug, Clone, Copy)]
pub struct EquivocationDetail<'a> {
    /// What it claims.
    pub proof: &'a Equivocation,
    /// Why it does not hold, where it does not.
    pub refused: Option<&'a Error>,
}

impl EquivocationDetail<'_> {
    /// What the two notes say of themselves, where they can be read.
    fn checkpoints(&self) -> [Option<Checkpoint>; 2] {
        [&self.proof.first, &self.proof.second].map(|note| Checkpoint::of_note(note).ok())
    }

    fn conflict(&self) -> (&'static str, String) {
        match &self.proof.conflict {
            Conflict::Roots => ("roots", "one size, two roots".to_owned()),
            Conflict::Prefix { .. } => ("prefix", "the second does not begin with the first".to_owned()),
            Conflict::Leaves { seq, .. } => ("leaves", format!("record {} is two records", words::grouped(*seq))),
        }
    }
}

impl View for EquivocationDetail<'_> {
    fn document(&self) -> Document {
        let verdict = match self.refused {
            None => Text::toned("it holds", Tone::Bad)
                .and(": trusted keys signed both checkpoints, and both cannot be true of one ledger"),
            Some(error) => Text::toned("it does NOT hold", Tone::Doubtful).and(format!(": {error}")),
        };
        let mut fields = vec![("verdict".to_owned(), verdict)];
        let checkpoints = self.checkpoints();
        if let Some(origin) = checkpoints.iter().flatten().map(|checkpoint| &checkpoint.origin).next() {
            fields.push(("origin".to_owned(), Text::name(origin.to_string())));
        }
        fields.push(("conflict".to_owned(), Text::plain(self.conflict().1)));
        for (name, checkpoint) in ["first", "second"].into_iter().zip(checkpoints) {
            if let Some(Checkpoint { size, root, .. }) = checkpoint {
                let text = Text::plain(words::count(size, "record", "records")).and(", root ");
                fields.push((name.to_owned(), text.and_name(root.to_string())));
            }
        }
        let mut page = Document::new();
        page.heading(1, "Proof of equivocation");
        page.add(Block::Fields(fields));
        page
    }

    fn json(&self) -> String {
        #[derive(Serialize)]
        struct Whole<'a> {
            holds: bool,
            #[serde(skip_serializing_if = "Option::is_none")]
            refused: Option<Refused>,
            conflict: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            seq: Option<u64>,
            first: Option<Side<'a>>,
            second: Option<Side<'a>>,
        }
        #[derive(Serialize)]
        struct Refused {
            code: &'static str,
            message: String,
        }
        #[derive(Serialize)]
        struct Side<'a> {
            origin: String,
            size: u64,
            root: String,
            note: &'a str,
        }
        let side = |checkpoint: Option<Checkpoint>, note| {
            let Checkpoint { origin, size, root } = checkpoint?;
            Some(Side { origin: origin.to_string(), size, root: root.to_string(), note })
        };
        let [first, second] = self.checkpoints();
        json::text(&Whole {
            holds: self.refused.is_none(),
            refused: self.refused.map(|error| Refused { code: error.code(), message: error.to_string() }),
            conflict: self.conflict().0,
            seq: match self.proof.conflict {
                Conflict::Leaves { seq, .. } => Some(seq),
                _ => None,
            },
            first: side(first, &self.proof.first),
            second: side(second, &self.proof.second),
        })
    }
}
