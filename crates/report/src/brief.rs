//! An audit in a few lines: for a chat, the body of a mail, the message of a commit.

use sealbook_record::Finding;
use serde_json::{Value, json};

use crate::text::{shown, shown_short};
use crate::views::Findings;
use crate::{AuditReport, Format, Screen, Text, View, render};

/// Findings that are named, the weightiest.
const FINDINGS_SHOWN: usize = 8;
/// Characters of each.
const FINDING_CHARS: usize = 240;
/// Slack's bounds: a header, and the text of a section (docs.slack.dev, reference of Block Kit).
const HEADER_CHARS: usize = 150;
const SECTION_CHARS: usize = 2_900;

/// A title and lines, harmless wherever they are shown: nothing in them acts or hides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brief {
    /// One line.
    pub title: String,
    /// What is most worth knowing.
    pub lines: Vec<String>,
    /// The book's newest checkpoint, as it is.
    pub checkpoint: String,
}

impl Brief {
    /// What there is to say of an audit.
    pub fn of(report: &AuditReport<'_>) -> Self {
        let run = report.run;
        let findings = Findings { findings: &run.findings };
        let coverage = if run.complete { "complete" } else { "INCOMPLETE: not everything was read" };
        let mut lines = vec![format!("Coverage: {coverage}"), format!("Findings: {}", plain(&findings.summary()))];
        let sorted = findings.sorted();
        lines.extend(sorted.iter().take(FINDINGS_SHOWN).map(|finding| line(finding)));
        if sorted.len() > FINDINGS_SHOWN {
            lines.push(format!("… and {} more", sorted.len() - FINDINGS_SHOWN));
        }
        lines.push(format!("Book: {}, {} records, root {}", report.head.origin, report.head.size, report.head.root));
        lines.push(format!("Verified: {}", plain(&report.verdict())));
        lines.push(format!("Run: {}; `sealbook report --run {}` tells it again", run.run, run.run));
        Self {
            title: format!("Audit of {}", shown_short(&run.target, 120)),
            lines,
            checkpoint: report.head.checkpoint.clone(),
        }
    }

    /// The lines as a text, the checkpoint after them.
    pub fn text(&self) -> String {
        let indented: String = self.checkpoint.lines().map(|line| format!("    {line}\n")).collect();
        format!("{}\n\nCheckpoint, to be kept somewhere else:\n\n{indented}", self.lines.join("\n"))
    }

    /// As a message for an incoming webhook of Slack (docs.slack.dev, "Sending messages using incoming webhooks"), which
    /// others take too. It is plain text: what looks like a mention, a link or markup is none.
    pub fn chat(&self) -> Value {
        let plain =
            |text: &str, most: usize| json!({"type": "plain_text", "emoji": false, "text": escaped(text, most)});
        let mut sections = vec![json!({"type": "header", "text": plain(&self.title, HEADER_CHARS)})];
        let mut text = String::new();
        for line in &self.lines {
            if text.chars().count() + line.chars().count() > SECTION_CHARS / 2 {
                sections.push(json!({"type": "section", "text": plain(&text, SECTION_CHARS)}));
                text.clear();
            }
            text.push_str(line);
            text.push('\n');
        }
        sections.push(json!({"type": "section", "text": plain(text.trim_end(), SECTION_CHARS)}));
        let short = format!("{}: {}", self.title, self.lines[..2].join(", "));
        json!({"text": escaped(&short, SECTION_CHARS), "blocks": sections, "unfurl_links": false, "unfurl_media": false})
    }
}

fn line(finding: &Finding) -> String {
    let place = finding.location.as_ref().map_or_else(String::new, |location| {
        let line = location.line.map_or_else(String::new, |line| format!(":{line}"));
        format!(" {}{line}", location.path)
    });
    let told = format!("{} {}{place}: {}", finding.severity, finding.rule, finding.message);
    format!("- {}", shown_short(&told, FINDING_CHARS))
}

fn plain(text: &Text) -> String {
    text.pieces.iter().map(|piece| shown(&piece.text)).collect()
}

/// The three characters that Slack reads as its own are written as entities; what is cut ends before one, not in it.
fn escaped(text: &str, most: usize) -> String {
    let mut out = String::new();
    for c in text.chars() {
        let written = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            c => {
                if out.chars().count() + 1 > most {
                    break;
                }
                out.push(c);
                continue;
            }
        };
        if out.chars().count() + written.len() > most {
            break;
        }
        out.push_str(written);
    }
    out
}

/// A view in the formats in which reports are kept beside each other: names of files, and their bytes.
pub fn files_of(view: &dyn View) -> Vec<(&'static str, Vec<u8>)> {
    let formats = [("report.html", Format::Html), ("report.json", Format::Json), ("report.md", Format::Markdown)];
    let write = |format| {
        let mut out = Vec::new();
        render(view, format, Screen::default(), &mut out).expect("a vector takes all");
        out
    };
    formats.into_iter().map(|(name, format)| (name, write(format))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_escaped_is_never_cut_in_the_middle() {
        assert_eq!(escaped("a<!channel>&b", 100), "a&lt;!channel&gt;&amp;b");
        assert_eq!(escaped("ab<c", 5), "ab");
        assert_eq!(escaped("ab<c", 6), "ab&lt;");
    }
}
