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
    verdicts: BTreeMap<&'static str, u64>,
    wrong: Vec<(u64, String, String)>,
}

/// Signatures that do not hold, told one by one, at most.
const WRONG_SHOWN: usize = 20;

impl Measure for Signatures {
    fn commit(&mut self, seen: &Seen<'_>) {
        let signature = seen.commit.signature.as_ref();
        self.commits += 1;
        self.lately += u64::from(seen.lately);
        if let Some(signature) = signature {
            self.signed += 1;
            self.signed_lately += u64::from(seen.lately);
            *self.kinds.entry(signature.kind.clone()).or_default() += 1;
            let verdict = match signature.verdict.as_deref() {
                Some("good") => "good",
                Some("bad") => "bad",
                Some("not_valid") => "by keys that were not valid",
                Some("unknown_key") => "by keys nobody vouches for",
                _ => "not verified",
            };
            *self.verdicts.entry(verdict).or_default() += 1;
            if matches!(verdict, "bad" | "by keys that were not valid") && self.wrong.len() < WRONG_SHOWN {
                let why = signature.why.clone().unwrap_or_else(|| verdict.to_owned());
                self.wrong.push((seen.seq, seen.commit.id.clone(), why));
            }
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
        let verdicts: Vec<String> =
            self.verdicts.iter().map(|(verdict, number)| format!("{number} {verdict}")).collect();
        let verdicts = if verdicts.is_empty() { String::new() } else { format!("; of these {}", verdicts.join(", ")) };
        let message = format!(
            "{} of {} carry a signature{kinds}, {}%{lately}{verdicts}",
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
        let wrong = self.wrong.into_iter().map(|(seq, id, why)| {
            let message = format!("the signature of commit {} does not hold: {why}", id.get(..10).unwrap_or(&id));
            let mut finding = Finding::new("git.signature.bad", "signatures", Severity::Error, message, None, &id)
                .recommend("Ask whoever signed it; a commit that was changed after it was signed looks so.");
            finding.evidence = vec![(seq, seq)];
            finding
        });
        wrong.chain([finding]).collect()
    }
}
