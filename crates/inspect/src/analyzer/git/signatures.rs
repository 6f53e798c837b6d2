//! How many commits are signed.

use std::collections::BTreeMap;

use sealbook_record::{Finding, Severity};

use super::text::{Complete as _, count, percent, thousands};
use super::{Measure, Names, Seen};

/// Signatures, by what they were made with. Whether they are good is another question.
#[derive(Default)]
pub(super) struct Signatures {
    commits: u64,
    signed: u64,
    lately: u64,
    signed_lately: u64,
    kinds: BTreeMap<String, u64>,
}

impl Measure for Signatures {
    fn commit(&mut self, seen: &Seen<'_>) {
        let signature = seen.commit.signature.as_ref();
        self.commits += 1;
        self.lately += u64::from(seen.lately);
        if let Some(signature) = signature {
            self.signed += 1;
            self.signed_lately += u64::from(seen.lately);
            *self.kinds.entry(signature.kind.clone()).or_default() += 1;
        }
    }

    fn finish(self: Box<Self>, _: &Names) -> Vec<Finding> {
        if self.commits == 0 {
            return Vec::new();
        }
        let kinds: Vec<String> = self.kinds.iter().map(|(kind, number)| format!("{kind} {number}")).collect();
        let kinds = if kinds.is_empty() { String::new() } else { format!(" ({})", kinds.join(", ")) };
        let lately = if self.lately == 0 {
            String::new()
        } else {
            format!("; of the last year's, {}%", percent(self.signed_lately, self.lately))
        };
        let message = format!(
            "{} of {} carry a signature{kinds}, {}%{lately}; whether they are good was not checked",
            thousands(self.signed),
            count(self.commits, "commit"),
            percent(self.signed, self.commits),
        );
        let finding = Finding::new("git.signature", "signatures", Severity::Info, message, None, "")
            .recommend(
                "Anyone can write any author into a commit that is not signed: require signatures where it matters.",
            )
            .with("signed", self.signed)
            .with("commits", self.commits);
        vec![finding]
    }
}
