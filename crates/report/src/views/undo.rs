//! What would be taken back, and what was.

use sealbook_flow::{FileHow, FileUndo, Performed, Undo, UndoItem, UndoPlan};
use sealbook_record::{Certificate, CertifiedFile, FileContent, Undone, content_word};
use serde::Serialize;

use super::words;
use crate::{Block, Column, Document, Row, Text, Tone, View, json};

/// What would be done to take something back.
#[derive(Debug, Clone, Copy)]
pub struct UndoPreview<'a> {
    /// As it was looked at.
    pub plan: &'a UndoPlan,
}

/// A certificate of undo.
#[derive(Debug, Clone, Copy)]
pub struct CertificateDetail<'a> {
    /// What was done.
    pub performed: &'a Performed,
}

static COLUMNS: &[Column] = &[
    Column::number("Seq"),
    Column::text("Action"),
    Column::text("What"),
    Column::whole("Undo"),
    Column::text("Why not"),
];

impl View for UndoPreview<'_> {
    fn document(&self) -> Document {
        let mut page = Document::new();
        page.heading(1, Text::plain("To take back: ").and_name(self.plan.scope.to_string()));
        let spoken = || self.plan.items.iter().filter(|item| !matches!(item.undo, Undo::Nothing));
        let rows: Vec<Row> = spoken().flat_map(preview_rows).collect();
        if rows.is_empty() {
            page.line("Nothing was done that could be taken back.");
            return page;
        }
        page.add(Block::Table(COLUMNS.to_vec(), rows));
        let (whole, all) = (spoken().filter(|item| item.is_whole()).count(), spoken().count());
        let text =
            format!("{whole} of {} can be taken back wholly", words::count(all as u64, "operation", "operations"));
        page.line(Text::toned(text, if whole == all { Tone::Good } else { Tone::Doubtful }));
        page
    }

    fn json(&self) -> String {
        #[derive(Serialize)]
        struct Whole<'a> {
            scope: String,
            whole: bool,
            operations: Vec<ItemJson<'a>>,
        }
        let operations = self.plan.items.iter().map(ItemJson::of).collect();
        json::text(&Whole { scope: self.plan.scope.to_string(), whole: self.plan.is_whole(), operations })
    }

    fn json_lines(&self) -> Vec<String> {
        self.plan.items.iter().map(|item| json::text(&ItemJson::of(item))).collect()
    }
}

#[derive(Serialize)]
struct ItemJson<'a> {
    operation: String,
    seq: u64,
    action: &'a str,
    target: &'a str,
    actor: &'a str,
    status: &'static str,
    undo: &'static str,
    whole: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<FileJson>,
}

#[derive(Serialize)]
struct FileJson {
    path: String,
    after: String,
    before: String,
    undo: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

impl<'a> ItemJson<'a> {
    fn of(item: &'a UndoItem) -> Self {
        let (undo, why, tool, files) = match &item.undo {
            Undo::Nothing => ("nothing", None, None, Vec::new()),
            Undo::Done => ("done", None, None, Vec::new()),
            Undo::Call { tool, .. } => ("call", None, Some(tool.as_str()), Vec::new()),
            Undo::Impossible(why) => ("impossible", Some(why.as_str()), None, Vec::new()),
            Undo::Files(files) => ("files", None, None, files.iter().map(FileJson::of).collect()),
        };
        Self {
            operation: item.operation.to_string(),
            seq: item.seq,
            action: &item.action,
            target: &item.target,
            actor: &item.actor,
            status: item.status.as_str(),
            undo,
            whole: item.is_whole(),
            why,
            tool,
            files,
        }
    }
}

impl FileJson {
    fn of(file: &FileUndo) -> Self {
        let path = file.path.display().to_string();
        Self {
            path,
            after: content_word(&file.after),
            before: content_word(&file.before),
            undo: how(file).0,
            why: file.why(),
        }
    }
}

/// What would be done to a file: the word, and how it sounds.
fn how(file: &FileUndo) -> (&'static str, Tone) {
    match (&file.how, &file.before) {
        (FileHow::Restore, FileContent::Absent) => ("remove", Tone::Good),
        (FileHow::Restore, _) => ("write back", Tone::Good),
        (FileHow::IsBack, _) => ("is back", Tone::Plain),
        (FileHow::Changed { .. }, _) => ("changed since", Tone::Bad),
        (FileHow::Impossible(_), _) => ("impossible", Tone::Bad),
    }
}

fn preview_rows(item: &UndoItem) -> Vec<Row> {
    let row = |what: &str, (undo, tone): (&str, Tone), why: String| {
        vec![
            Text::plain(item.seq.to_string()),
            Text::name(&item.action),
            Text::name(what),
            Text::toned(undo, tone),
            Text::plain(why),
        ]
    };
    match &item.undo {
        Undo::Nothing => Vec::new(),
        Undo::Done => vec![row(&item.target, ("is taken back", Tone::Plain), String::new())],
        Undo::Call { tool, .. } => vec![row(&item.target, ("call", Tone::Good), format!("by {tool}"))],
        Undo::Impossible(why) => vec![row(&item.target, ("impossible", Tone::Bad), why.clone())],
        Undo::Files(files) => files
            .iter()
            .map(|file| row(&file.path.display().to_string(), how(file), file.why().map(shortened).unwrap_or_default()))
            .collect(),
    }
}

/// Twelve characters of a digest are enough for a person.
fn shortened(text: String) -> String {
    match text.rsplit_once(' ') {
        Some((rest, digest)) if digest.len() == 64 => format!("{rest} {}…", &digest[..12]),
        _ => text,
    }
}

impl View for CertificateDetail<'_> {
    fn document(&self) -> Document {
        let Certificate { scope, complete, undone, not_undone, operations } = &self.performed.certificate;
        let mut page = Document::new();
        page.heading(1, Text::plain("Certificate of undo: ").and_name(scope));
        let verdict = if *complete {
            Text::toned("all of it was taken back", Tone::Good)
        } else {
            Text::toned("not all of it was taken back", Tone::Bad)
        };
        page.add(Block::Fields(vec![
            ("result".to_owned(), verdict),
            ("taken back".to_owned(), Text::plain(words::grouped(*undone as u64))),
            ("not".to_owned(), Text::plain(words::grouped(*not_undone as u64))),
            ("sealed in".to_owned(), Text::plain(self.performed.record.to_string())),
        ]));
        if operations.iter().any(|told| told.undone == Undone::Compensated && told.why.is_some()) {
            let note = "what servers did beside the files that their calls named is not on record";
            page.add(Block::Fields(vec![("note".to_owned(), Text::plain(note))]));
        }
        let rows = operations.iter().flat_map(|told| {
            let tone = match told.undone {
                Undone::Compensated => Tone::Good,
                Undone::Already => Tone::Plain,
                Undone::CompensationFailed | Undone::NotUndoable => Tone::Bad,
            };
            let row = move |what: &str, state: Text, why: &Option<String>| {
                let why = why.clone().map(shortened).unwrap_or_default();
                vec![Text::name(&told.action), Text::name(what), state, Text::plain(why)]
            };
            let of_file = move |file: &CertifiedFile| {
                let state =
                    if file.restored { Text::toned("is back", Tone::Good) } else { Text::toned("is not", Tone::Bad) };
                row(&file.path, state, &file.why)
            };
            if told.files.is_empty() {
                vec![row(&told.operation, Text::toned(told.undone.as_str(), tone), &told.why)]
            } else {
                told.files.iter().map(of_file).collect()
            }
        });
        let columns =
            vec![Column::text("Action"), Column::text("What"), Column::whole("State"), Column::text("Why not")];
        page.add(Block::Table(columns, rows.collect()));
        page
    }

    fn json(&self) -> String {
        #[derive(Serialize)]
        struct Whole<'a> {
            record: String,
            #[serde(flatten)]
            certificate: &'a Certificate,
        }
        json::text(&Whole { record: self.performed.record.to_string(), certificate: &self.performed.certificate })
    }
}
