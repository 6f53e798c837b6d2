//! What commit messages tell whoever asks, years later, why.

use sealbook_record::{Finding, Severity};

use super::authors::is_automatic;
use super::recent::Window;
use super::state::{Reader, Writer};
use super::text::{Complete as _, Evidence, count, percent, quote};
use super::{Measure, Names, Seen};

/// Subjects shorter than this name no change.
const SHORT_CHARS: usize = 8;

/// Changes of more lines than this deserve a reason.
const LARGE_LINES: u64 = 500;

/// Large changes named in the finding.
const NAMED: usize = 5;

/// From this share of vague messages on, it is a habit.
const HABIT_PERCENT: u64 = 10;

#[derive(Default)]
pub(super) struct Messages {
    commits: u64,
    empty: u64,
    vague: u64,
    example: Option<String>,
    evidence: Evidence,
    large: u64,
    unexplained: u64,
    largest: Vec<(u64, String, String)>,
    unexplained_evidence: Evidence,
}

impl Measure for Messages {
    fn commit(&mut self, seen: &Seen<'_>) {
        let commit = seen.commit;
        if commit.is_merge || is_automatic(&commit.author.name.0, &commit.author.email.0) {
            return;
        }
        self.commits += 1;
        let subject = commit.subject.0.trim();
        let vague = is_vague(subject);
        self.empty += u64::from(subject.is_empty());
        self.vague += u64::from(vague);
        if vague {
            self.evidence.cite(seen.seq);
            if !subject.is_empty() {
                self.example.get_or_insert_with(|| format!("{} in {}", quote(subject), commit.short_id()));
            }
        }
        if commit.lines > LARGE_LINES {
            self.large += 1;
            if !commit.has_body {
                self.unexplained += 1;
                self.unexplained_evidence.cite(seen.seq);
                self.largest.push((commit.lines, commit.short_id().to_owned(), subject.to_owned()));
                self.largest.sort_by(|a, b| b.cmp(a));
                self.largest.truncate(NAMED);
            }
        }
    }

    fn save(&self, out: &mut Writer) {
        for number in [self.commits, self.empty, self.vague, self.large, self.unexplained] {
            out.number(number);
        }
        out.maybe(self.example.as_deref(), Writer::text);
        out.evidence(&self.evidence);
        out.count(self.largest.len());
        for (lines, id, subject) in &self.largest {
            out.number(*lines);
            out.text(id);
            out.text(subject);
        }
        out.evidence(&self.unexplained_evidence);
    }

    fn load(&mut self, from: &mut Reader<'_>, _: Window) -> Option<()> {
        for number in [&mut self.commits, &mut self.empty, &mut self.vague, &mut self.large, &mut self.unexplained] {
            *number = from.number()?;
        }
        self.example = from.maybe(Reader::text)?.map(str::to_owned);
        self.evidence = from.evidence()?;
        for _ in 0..from.count()? {
            self.largest.push((from.number()?, from.text()?.to_owned(), from.text()?.to_owned()));
        }
        self.unexplained_evidence = from.evidence()?;
        Some(())
    }

    fn finish(self: Box<Self>, _: &Names) -> Vec<Finding> {
        let mut findings = Vec::new();
        let share = percent(self.vague, self.commits);
        if self.vague > 0 {
            let severity = if share >= HABIT_PERCENT && self.vague >= 5 { Severity::Warning } else { Severity::Info };
            let example = self.example.as_ref().map_or(String::new(), |example| format!(", such as {example}"));
            let message = format!(
                "{} of {} ({share}%) have a message that says nothing: {} empty, {} too short or general{example}",
                self.vague,
                count(self.commits, "commit"),
                self.empty,
                self.vague - self.empty,
            );
            let finding = Finding::new("git.message.vague", "message_quality", severity, message, None, "")
                .recommend("Say what changed and why in the first line; a hook or the review can ask for it.");
            findings.push(finding.rest_on(&self.evidence).with("vague", self.vague).with("percent", share));
        }
        if self.unexplained > 0 {
            let named: Vec<String> = self
                .largest
                .iter()
                .map(|(lines, id, subject)| format!("{id} {} ({})", quote(subject), count(*lines, "line")))
                .collect();
            let message = format!(
                "{} of {} of more than {LARGE_LINES} lines have no explanation beyond the first line; the largest: {}",
                self.unexplained,
                count(self.large, "commit"),
                named.join(", "),
            );
            let finding = Finding::new("git.message.unexplained", "message_quality", Severity::Info, message, None, "")
                .recommend("Split large changes, or tell in the message's body why they belong together.");
            findings.push(finding.rest_on(&self.unexplained_evidence).with("unexplained", self.unexplained));
        }
        findings
    }
}

/// Whether a subject tells nothing about its change.
fn is_vague(subject: &str) -> bool {
    const WORDS: [&str; 23] = [
        "wip", "fix", "fixes", "fixed", "bugfix", "update", "updates", "updated", "change", "changes", "changed",
        "misc", "stuff", "tmp", "temp", "test", "tests", "commit", "cleanup", "minor", "more", "work", "save",
    ];
    let words: Vec<String> =
        subject.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    let general = |word: &String| {
        WORDS.contains(&word.as_str()) || ["some", "the", "a", "and", "bug", "bugs"].contains(&word.as_str())
    };
    subject.chars().count() < SHORT_CHARS && words.len() < 2 || words.iter().all(general)
}

#[cfg(test)]
mod tests {
    use super::is_vague;

    #[test]
    fn messages_that_say_nothing_are_told_from_short_ones() {
        for vague in ["", "wip", "fix", "Fix.", "updates", "some fixes", "...", "asdf", "fix bug"] {
            assert!(is_vague(vague), "{vague:?}");
        }
        for telling in ["Fix typo in README", "Bump to 1.2", "cargo fmt", "Update dependencies", "v1.0.0 release"] {
            assert!(!is_vague(telling), "{telling:?}");
        }
    }
}
