//! Calls that changed a file, as they were recorded: by digests of the file before and after.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use sealbook_ledger::{Hash, Phase, Uuid};
use sealbook_record::{
    FileContent, FileState, Outcome, PartName, Record, Target, TargetKind, plain_path, working_directory,
};
use serde::Deserialize;
use serde_json::Value;

use super::WritingCall;
use crate::progress::go_on;
use crate::{Error, Prior, Progress, Selection};

/// What a file was; `None` where there was none.
pub(super) type Content = Option<String>;

/// One call that changed the file.
#[derive(Debug)]
pub(super) struct Call {
    /// The record of how it ended.
    pub(super) seq: u64,
    pub(super) operation: Option<Uuid>,
    /// When it ended: seconds since the epoch.
    pub(super) seconds: i64,
    /// The digest of the file before; `None` where it is not known.
    pub(super) before: Option<Content>,
    /// The digest of the file after.
    pub(super) after: Content,
    /// Whether it wrote all of the file itself, whatever was there before.
    pub(super) is_whole: bool,
    /// Contents that are known and fit their digests.
    pub(super) contents: Vec<(String, Vec<u8>)>,
    pub(super) told: WritingCall,
}

/// What was announced, until it ends.
struct Announced {
    seq: u64,
    before: Vec<FileState>,
    input: Option<Value>,
    cwd: Option<PathBuf>,
}

/// The actions of records that may tell of a change of a file.
const ACTIONS: &[&str] = &["file.write", "file.delete", "tools.call", "tool.call", "command.run"];

/// Calls that changed the file under one of its names below the root, in the order in which they ended.
pub(super) fn of_file(
    prior: &dyn Prior,
    root: &Path,
    names: &BTreeSet<String>,
    project: Option<&str>,
    progress: &dyn Progress,
) -> Result<Vec<Call>, Error> {
    let file = File { at: names.iter().map(|name| root.join(name)).collect(), names };
    let mut announced: HashMap<Uuid, Announced> = HashMap::new();
    let mut calls = Vec::new();
    progress.begin("calls", None);
    for sealed in prior.records(&Selection { actions: ACTIONS, project, ..Selection::default() })? {
        go_on(progress)?;
        progress.advance(1);
        let sealed = sealed?;
        let (seq, record) = (sealed.seq, sealed.record);
        if record.phase == Phase::Intent {
            if let Some(operation) = record.operation {
                let (before, input) = (FileState::of_part(&record, PartName::Before), value(&record, PartName::Input));
                announced.insert(operation, Announced { seq, before, input, cwd: working_directory(&record) });
            }
            continue;
        }
        let intent = record.operation.and_then(|operation| announced.remove(&operation));
        // A call that failed may have written something all the same; what was refused or called off has not.
        if matches!(record.outcome, Some(Outcome::Blocked | Outcome::Cancelled)) {
            continue;
        }
        calls.extend(file.change(seq, &record, intent));
    }
    progress.end();
    Ok(calls)
}

/// The file that is asked about.
struct File<'n> {
    at: Vec<PathBuf>,
    /// Below the root.
    names: &'n BTreeSet<String>,
}

impl File<'_> {
    fn change(&self, seq: u64, record: &Record, intent: Option<Announced>) -> Option<Call> {
        let intent = intent.unwrap_or(Announced { seq, before: Vec::new(), input: None, cwd: None });
        let cwd = working_directory(record).or(intent.cwd);
        let of_this = |states: Vec<FileState>| states.into_iter().find(|state| self.is_at(&state.path, cwd.as_deref()));
        let mut contents = Vec::new();
        let (before, after, is_whole) = if let Some(after) = of_this(FileState::of_part(record, PartName::After)) {
            let before = of_this(intent.before).and_then(|state| content(&state, &mut contents));
            (before, content(&after, &mut contents)?, false)
        } else if let Some(after) = self.among_changed(record) {
            (None, after, false)
        } else {
            let text = self.written_whole(intent.input.or_else(|| value(record, PartName::Input)).as_ref()?)?;
            let sha256 = digest(text.as_bytes());
            contents.push((sha256.clone(), text.into_bytes()));
            (None, Some(sha256), true)
        };
        if before.as_ref() == Some(&after) {
            return None;
        }
        let told = WritingCall {
            intent: (intent.seq != seq).then_some(intent.seq),
            operation: record.operation.map(|id| id.to_string()),
            actor: record.actor.id.clone(),
            on_behalf_of: record.actor.on_behalf_of.clone(),
            session: record.session.clone(),
            action: record.action.clone(),
            tool: tool(record),
            source: record.source.clone(),
            at: record.occurred,
            approved_by: Vec::new(),
        };
        let seconds = record.occurred.as_micros().div_euclid(1_000_000);
        Some(Call { seq, operation: record.operation, seconds, before, after, is_whole, contents, told })
    }

    fn is_at(&self, path: &str, cwd: Option<&Path>) -> bool {
        let path = Path::new(path);
        let absolute = if path.is_absolute() { path.to_owned() } else { cwd.unwrap_or(Path::new("/")).join(path) };
        self.at.contains(&plain_path(&absolute))
    }

    /// What a command that was run on record says of the files below its directory.
    fn among_changed(&self, record: &Record) -> Option<Content> {
        #[derive(Deserialize)]
        struct Ran {
            files: Changed,
        }
        #[derive(Deserialize)]
        struct Changed {
            directory: PathBuf,
            list: Vec<FileState>,
        }
        let Ran { files } = serde_json::from_str(record.part(PartName::Result)?.get()).ok()?;
        let mut list = files.list.into_iter();
        let state = list.find(|state| self.is_at(&state.path, Some(&files.directory)))?;
        content(&state, &mut Vec::new())
    }

    /// The text that a tool was given for the whole of this file: beside it, an argument names the file.
    fn written_whole(&self, input: &Value) -> Option<String> {
        let fields = input.as_object()?;
        let texts = || fields.values().filter_map(Value::as_str);
        let names = |text: &str| {
            let text = text.trim_start_matches("./");
            !text.is_empty()
                && (self.is_at(text, None)
                    || self.names.contains(text)
                    || text.contains('/') && self.at.iter().any(|at| at.ends_with(text)))
        };
        texts().find(|text| names(text))?;
        let content = ["content", "contents", "text", "file_text", "data"];
        content.iter().find_map(|name| fields.get(*name)?.as_str().map(str::to_owned))
    }
}

/// The digest of what the file is; nothing where that is not known. A content that fits it is kept.
fn content(state: &FileState, contents: &mut Vec<(String, Vec<u8>)>) -> Option<Content> {
    match state.known() {
        FileContent::Unknown => None,
        FileContent::Absent => Some(None),
        FileContent::Sha256(sha256) => {
            contents.extend(state.kept().map(|kept| (sha256.clone(), kept.as_bytes().to_owned())));
            Some(Some(sha256))
        }
    }
}

pub(super) fn digest(bytes: &[u8]) -> String {
    Hash::of(bytes).to_string()
}

fn value(record: &Record, name: PartName) -> Option<Value> {
    serde_json::from_str(record.part(name)?.get()).ok()
}

/// What was called: the target, or the name that the agent has for it.
fn tool(record: &Record) -> Option<String> {
    let named = || Some(value(record, PartName::Metadata)?.get("tool_name")?.as_str()?.to_owned());
    match &record.target {
        Target { kind: TargetKind::Tool, id } => Some(id.clone()),
        _ => named(),
    }
}
