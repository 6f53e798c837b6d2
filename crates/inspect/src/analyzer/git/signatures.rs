//! How many commits are signed.

use std::collections::BTreeMap;

use sealbook_record::{Finding, Severity};

use super::recent::{Recent, Window};
use super::state::{Reader, Writer};
use super::text::{Complete as _, count, percent, thousands};
use super::{Measure, Names, Seen};

/// Signatures, by what they were made with. Whether they are good is another question.
#[derive(Default)]
pub(super) struct Signatures {
    commits: u64,
    signed: u64,
    lately: Recent,
    signed_lately: Recent,
    kinds: BTreeMap<String, u64>,
    verdicts: BTreeMap<&'static str, u64>,
    wrong: Vec<(u64, String, String)>,
}

/// Signatures that do not hold, told one by one, at most.
const WRONG_SHOWN: usize = 20;

const GOOD: &str = "good";
const BAD: &str = "bad";
const NOT_VALID: &str = "by keys that were not valid";
const UNKNOWN: &str = "by keys nobody vouches for";
const UNVERIFIED: &str = "not verified";

impl Measure for Signatures {
    fn commit(&mut self, seen: &Seen<'_>) {
        let signature = seen.commit.signature.as_ref();
        self.commits += 1;
        self.lately.add(seen.lately);
        if let Some(signature) = signature {
            self.signed += 1;
            self.signed_lately.add(seen.lately);
            *self.kinds.entry(signature.kind.clone()).or_default() += 1;
            let verdict = match signature.verdict.as_deref() {
                Some("good") => GOOD,
                Some("bad") => BAD,
                Some("not_valid") => NOT_VALID,
                Some("unknown_key") => UNKNOWN,
                _ => UNVERIFIED,
            };
            *self.verdicts.entry(verdict).or_default() += 1;
            if matches!(verdict, BAD | NOT_VALID) && self.wrong.len() < WRONG_SHOWN {
                let why = signature.why.clone().unwrap_or_else(|| verdict.to_owned());
                self.wrong.push((seen.seq, seen.commit.id.clone(), why));
            }
        }
    }

    fn save(&self, out: &mut Writer) {
        out.number(self.commits);
        out.number(self.signed);
        self.lately.save(out);
        self.signed_lately.save(out);
        out.count(self.kinds.len());
        for (kind, number) in &self.kinds {
            out.text(kind);
            out.number(*number);
        }
        for verdict in [GOOD, BAD, NOT_VALID, UNKNOWN, UNVERIFIED] {
            out.number(self.verdicts.get(verdict).copied().unwrap_or(0));
        }
        out.count(self.wrong.len());
        for (seq, id, why) in &self.wrong {
            out.number(*seq);
            out.text(id);
            out.text(why);
        }
    }

    fn load(&mut self, from: &mut Reader<'_>, window: Window) -> Option<()> {
        self.commits = from.number()?;
        self.signed = from.number()?;
        self.lately = Recent::load(from, window)?;
        self.signed_lately = Recent::load(from, window)?;
        for _ in 0..from.count()? {
            self.kinds.insert(from.text()?.to_owned(), from.number()?);
        }
        for verdict in [GOOD, BAD, NOT_VALID, UNKNOWN, UNVERIFIED] {
            let number = from.number()?;
            if number > 0 {
                self.verdicts.insert(verdict, number);
            }
        }
        for _ in 0..from.count()? {
            self.wrong.push((from.number()?, from.text()?.to_owned(), from.text()?.to_owned()));
        }
        Some(())
    }

    fn finish(self: Box<Self>, _: &Names) -> Vec<Finding> {
        if self.commits == 0 {
            return Vec::new();
        }
        let kinds: Vec<String> = self.kinds.iter().map(|(kind, number)| format!("{kind} {number}")).collect();
        let kinds = if kinds.is_empty() { String::new() } else { format!(" ({})", kinds.join(", ")) };
        let lately = if self.lately.total() == 0 {
            String::new()
        } else {
            format!("; of the last year's, {}%", percent(self.signed_lately.total(), self.lately.total()))
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
