//! Who wrote each line of a file.

use sealbook_inspect::{Authorship, LineRun, Writer};

use super::words;
use crate::{Block, Column, Document, Row, Text, Tone, View, json};

/// Digits of an id that a person reads.
const ID_CHARS: usize = 10;
/// Of a line, so much is shown.
const TEXT_CHARS: usize = 48;

/// Who wrote each line, with what lines begin with for people.
#[derive(Debug, Clone, Copy)]
pub struct AuthorshipDetail<'a> {
    /// What is known.
    pub told: &'a Authorship,
}

impl View for AuthorshipDetail<'_> {
    fn document(&self) -> Document {
        let told = self.told;
        let mut page = Document::new();
        let by_calls: u64 =
            told.runs.iter().filter(|run| run.writer != Writer::Unrecorded).map(|run| u64::from(run.lines)).sum();
        let lines = u64::from(told.lines);
        let recorded = Text::plain(format!("{} of {}", words::grouped(by_calls), words::grouped(lines)));
        page.heading(1, Text::plain("Who wrote ").and_name(&told.path)).add(Block::Fields(vec![
            ("lines".to_owned(), Text::plain(words::grouped(lines))),
            ("by recorded calls".to_owned(), recorded),
            ("commits".to_owned(), Text::plain(words::grouped(told.commits.len() as u64))),
        ]));
        for note in &told.notes {
            page.line(Text::toned("Note: ", Tone::Doubtful).and(note));
        }
        let columns = vec![
            Column::number("Lines"),
            Column::text("Begins with"),
            Column::text("Written by"),
            Column::text("Call"),
            Column::text("Session"),
            Column::text("Approved by"),
            Column::text("Commit"),
        ];
        let lines: Vec<&[u8]> = told.content.split(|byte| *byte == b'\n').collect();
        page.add(Block::Table(columns, told.runs.iter().map(|run| self.row(run, &lines)).collect()));
        page
    }

    fn json(&self) -> String {
        json::text(self.told)
    }

    fn json_lines(&self) -> Vec<String> {
        self.told.runs.iter().map(json::text).collect()
    }
}

impl AuthorshipDetail<'_> {
    fn row(self, run: &LineRun, lines: &[&[u8]]) -> Row {
        let last = run.line + run.lines - 1;
        let range = if last > run.line { format!("{}-{last}", run.line) } else { run.line.to_string() };
        let first = lines.get(run.line as usize - 1).map(|line| String::from_utf8_lossy(line));
        let first: String = first.map(|line| line.trim().chars().take(TEXT_CHARS).collect()).unwrap_or_default();
        let (by, call, session, approved) = self.writer(run);
        vec![Text::plain(range), Text::name(first), by, call, session, approved, self.commit(run)]
    }

    fn writer(self, run: &LineRun) -> (Text, Text, Text, Text) {
        let calls = &self.told.calls;
        match &run.writer {
            Writer::Call { seq } => {
                let call = calls.get(seq);
                let by = call.map_or_else(Text::default, |call| match &call.on_behalf_of {
                    Some(person) => Text::name(&call.actor).and(" for ").and_name(person),
                    None => Text::name(&call.actor),
                });
                let what = call.map_or("", |call| call.tool.as_deref().unwrap_or(&call.action));
                let session = call.and_then(|call| call.session.as_ref()).map_or_else(Text::default, Text::name);
                let approved = call.map(|call| call.approved_by.join(", ")).unwrap_or_default();
                (by, Text::plain(format!("record {seq}, ")).and_name(what), session, Text::name(approved))
            }
            Writer::OneOf { seqs, or_unrecorded } => {
                let or = if *or_unrecorded { ", or nobody's recorded call" } else { "" };
                let all: Vec<String> = seqs.iter().map(u64::to_string).collect();
                let text = Text::toned(format!("one of records {}{or}", all.join(", ")), Tone::Doubtful);
                (Text::default(), text, Text::default(), Text::default())
            }
            Writer::Unrecorded => {
                let author = run.commit.as_ref().and_then(|id| self.told.commits.get(id));
                let by = author.map_or_else(
                    || Text::toned("not recorded", Tone::Faint),
                    |commit| Text::plain(&commit.author).and_toned(" (by git)", Tone::Faint),
                );
                (by, Text::default(), Text::default(), Text::default())
            }
        }
    }

    fn commit(self, run: &LineRun) -> Text {
        let Some(id) = &run.commit else { return Text::toned("not committed", Tone::Doubtful) };
        let short: String = id.chars().take(ID_CHARS).collect();
        match self.told.commits.get(id) {
            Some(commit) => Text::name(short).and(" ").and(&commit.subject),
            None => Text::name(short),
        }
    }
}
