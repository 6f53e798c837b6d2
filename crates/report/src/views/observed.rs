//! What a run saw, thing by thing: commits, lines and who wrote them, files.

mod logs;
mod quality;
mod services;

use sealbook_inspect::TreePath;
use sealbook_record::{PartName, Record};
use sealbook_store::Stored;
use serde::Deserialize;

use super::record::RecordJson;
use super::section::table;
use super::{records, words};
use crate::{Column, Document, Row, Text, Tone, View, json};

/// Digits of a commit's id that a person reads.
const ID_CHARS: usize = 12;

/// A person reads this many languages of a module.
const LANGUAGES_SHOWN: usize = 3;

/// Records of sources, each kind as a table of its own.
#[derive(Debug, Clone, Copy)]
pub struct Observed<'a> {
    /// The records, in the order in which they are shown.
    pub rows: &'a [Stored],
}

/// What is shown of the part `result` of a `git.commit`.
#[derive(Deserialize)]
struct Commit {
    id: String,
    author: Person,
    subject: Said,
    files_changed: u64,
    added: u64,
    deleted: u64,
}

/// What is shown of the part `result` of a `git.blame`.
#[derive(Deserialize)]
struct Blame {
    path: TreePath,
    runs: Vec<Lines>,
    commits: std::collections::BTreeMap<String, Written>,
}

#[derive(Deserialize)]
#[expect(clippy::struct_field_names, reason = "the fields are those of the record")]
struct Lines {
    line: u64,
    lines: u64,
    commit: String,
}

#[derive(Deserialize)]
struct Written {
    author: Person,
    subject: Said,
}

#[derive(Deserialize)]
struct Person {
    name: Said,
    email: Said,
    time: String,
}

/// Text as sources keep it: itself, its bytes, or the beginning of what was too long.
#[derive(Deserialize)]
#[serde(untagged)]
enum Said {
    Whole(TreePath),
    Cut { head: TreePath },
}

/// What is shown of the part `result` of a `module.audited`.
#[derive(Deserialize)]
struct Module {
    name: String,
    path: String,
    complete: bool,
    files: u64,
    lines: Counted,
    languages: std::collections::BTreeMap<String, Counted>,
    functions: Functions,
    tested: Option<Tested>,
    dependencies: Dependencies,
}

#[derive(Deserialize)]
struct Counted {
    code: u64,
}

#[derive(Deserialize)]
struct Functions {
    count: u64,
    complexity_max: u64,
}

#[derive(Deserialize)]
struct Tested {
    lines: u64,
    ran: u64,
}

#[derive(Deserialize)]
struct Dependencies {
    direct: u64,
    all: u64,
}

/// What is shown of a `file.observed`.
#[derive(Deserialize)]
struct Change {
    change: String,
    #[serde(default)]
    fields: Vec<String>,
}

#[derive(Deserialize)]
struct Entry {
    kind: String,
    size: Option<u64>,
    mode: Option<String>,
    user: Option<String>,
    sha256: Option<String>,
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole(text) => write!(f, "{text}"),
            Self::Cut { head } => write!(f, "{head}…"),
        }
    }
}

impl View for Observed<'_> {
    fn document(&self) -> Document {
        let (mut commits, mut lines, mut files, mut others) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut logs = logs::Logs::default();
        let (mut modules, mut services, mut tools) = (Vec::new(), Vec::new(), Vec::new());
        for stored in self.rows {
            let told = stored.record.as_ref().and_then(|record| match record.action.as_str() {
                "git.commit" => commit(stored.seq, record).map(|row| commits.push(row)),
                "git.blame" => blame(record).map(|rows| lines.extend(rows)),
                "file.observed" => file(stored.seq, record).map(|row| files.push(row)),
                "log.segment" => logs.segment(record),
                "log.run" | "log.selection" => logs.run(record),
                "service.checked" | "service.host" => services::row(stored.seq, record).map(|row| services.push(row)),
                "quality.run" | "quality.failed" => quality::row(stored.seq, record).map(|row| tools.push(row)),
                "module.audited" => module(stored.seq, record).map(|row| modules.push(row)),
                // Its bill of materials goes on; people read it in the format that is made for it.
                "module.bom" => Some(()),
                _ => None,
            });
            if told.is_none() {
                others.push(records::row(stored));
            }
        }
        let mut page = Document::new();
        table(&mut page, "Commits", COMMITS, commits);
        table(&mut page, "Lines", LINES, lines);
        table(&mut page, "Files", FILES, files);
        logs.tell(&mut page);
        table(&mut page, "Modules", MODULES, modules);
        table(&mut page, "Tools", quality::TOOLS, tools);
        table(&mut page, "Services", services::SERVICES, services);
        table(&mut page, "Other records", &records::columns(), others);
        page
    }

    fn json(&self) -> String {
        json::text(&self.rows.iter().map(RecordJson::short).collect::<Vec<_>>())
    }

    fn json_lines(&self) -> Vec<String> {
        self.rows.iter().map(|stored| json::text(&RecordJson::short(stored))).collect()
    }

    fn bom(&self) -> Option<String> {
        super::bom::of(self.rows)
    }
}

static COMMITS: &[Column] = &[
    Column::number("Seq"),
    Column::whole("When"),
    Column::text("Author"),
    Column::whole("Commit"),
    Column::number("Files"),
    Column::number("+"),
    Column::number("-"),
    Column::text("Subject"),
];

static LINES: &[Column] = &[
    Column::text("File"),
    Column::number("Lines"),
    Column::whole("Commit"),
    Column::whole("When"),
    Column::text("Author"),
    Column::text("Subject"),
];

static FILES: &[Column] = &[
    Column::number("Seq"),
    Column::text("File"),
    Column::text("Seen as"),
    Column::number("Size"),
    Column::whole("Mode"),
    Column::text("Owner"),
    Column::text("SHA-256"),
];

static MODULES: &[Column] = &[
    Column::number("Seq"),
    Column::text("Module"),
    Column::text("Where"),
    Column::text("Languages"),
    Column::number("Files"),
    Column::number("Code"),
    Column::number("Functions"),
    Column::number("Complexity, most"),
    Column::number("Packages"),
    Column::number("Lines tested"),
];

fn commit(seq: u64, record: &Record) -> Option<Row> {
    let commit: Commit = part(record, PartName::Result)?;
    Some(vec![
        Text::plain(seq.to_string()),
        Text::plain(words::second(record.occurred)),
        person(&commit.author),
        short(&commit.id),
        Text::plain(words::grouped(commit.files_changed)),
        Text::plain(words::grouped(commit.added)),
        Text::plain(words::grouped(commit.deleted)),
        Text::plain(commit.subject.to_string()),
    ])
}

fn blame(record: &Record) -> Option<Vec<Row>> {
    let Blame { path, runs, commits } = part(record, PartName::Result)?;
    let rows = runs.into_iter().map(|run| {
        let last = run.line + run.lines.saturating_sub(1);
        let lines = if last > run.line { format!("{}-{last}", run.line) } else { run.line.to_string() };
        let mut row = vec![Text::name(path.to_string()), Text::plain(lines), short(&run.commit)];
        match commits.get(&run.commit) {
            Some(written) => row.extend([
                Text::plain(&written.author.time),
                person(&written.author),
                Text::plain(written.subject.to_string()),
            ]),
            None => row.extend([Text::default(), Text::default(), Text::default()]),
        }
        row
    });
    Some(rows.collect())
}

fn file(seq: u64, record: &Record) -> Option<Row> {
    let Change { change, fields } = part(record, PartName::Result)?;
    let entry: Option<Entry> = part(record, PartName::After).or_else(|| part(record, PartName::Before));
    let tone = match change.as_str() {
        "vanished" => Tone::Bad,
        "changed" | "appeared" | "renamed" => Tone::Doubtful,
        _ => Tone::Plain,
    };
    let mut seen = Text::toned(change, tone);
    if !fields.is_empty() {
        seen = seen.and(format!(": {}", fields.join(", ")));
    }
    let mut row = vec![Text::plain(seq.to_string()), Text::name(&record.target.id), seen];
    let text = |text: Option<String>| text.map_or_else(Text::default, Text::plain);
    match entry {
        Some(entry) => row.extend([
            Text::plain(entry.size.map_or(entry.kind, words::bytes)),
            text(entry.mode),
            text(entry.user),
            entry.sha256.map_or_else(Text::default, Text::name),
        ]),
        None => row.extend([Text::default(), Text::default(), Text::default(), Text::default()]),
    }
    Some(row)
}

fn module(seq: u64, record: &Record) -> Option<Row> {
    let module: Module = part(record, PartName::Result)?;
    let mut languages: Vec<(&String, u64)> = module.languages.iter().map(|(name, it)| (name, it.code)).collect();
    languages.sort_by_key(|(_, code)| std::cmp::Reverse(*code));
    let shown: Vec<&str> = languages.iter().take(LANGUAGES_SHOWN).map(|(name, _)| name.as_str()).collect();
    let packages = words::grouped(module.dependencies.direct);
    let tested = module.tested.filter(|tested| tested.lines > 0);
    let name = Text::name(&module.name);
    Some(vec![
        Text::plain(seq.to_string()),
        if module.complete { name } else { name.and(" ").and_toned("incomplete", Tone::Bad) },
        Text::name(&module.path),
        Text::plain(shown.join(", ")),
        Text::plain(words::grouped(module.files)),
        Text::plain(words::grouped(module.lines.code)),
        Text::plain(words::grouped(module.functions.count)),
        Text::plain(words::grouped(module.functions.complexity_max)),
        Text::plain(format!("{packages} of {}", words::grouped(module.dependencies.all))),
        tested.map_or_else(Text::default, |tested| Text::plain(format!("{}%", tested.ran * 100 / tested.lines))),
    ])
}

fn person(person: &Person) -> Text {
    Text::plain(person.name.to_string()).and(" (").and_name(person.email.to_string()).and(")")
}

fn short(id: &str) -> Text {
    Text::name(id.chars().take(ID_CHARS).collect::<String>())
}

fn part<'a, T: Deserialize<'a>>(record: &'a Record, name: PartName) -> Option<T> {
    serde_json::from_str(record.part(name)?.get()).ok()
}
