//! The records of the module source, as far as the rules need them.

use sealbook_record::{PartName, Record};
use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct Module {
    pub(super) name: String,
    pub(super) path: String,
    pub(super) functions: Functions,
    pub(super) imports: Imports,
    #[serde(default)]
    pub(super) tested: Option<Tested>,
    pub(super) dependencies: Dependencies,
}

#[derive(Deserialize)]
pub(super) struct Functions {
    pub(super) complex: Vec<Complex>,
}

#[derive(Deserialize)]
pub(super) struct Complex {
    pub(super) path: String,
    pub(super) name: String,
    pub(super) line: u64,
    pub(super) lines: u64,
    pub(super) complexity: u32,
    pub(super) modified: u32,
    pub(super) digest: String,
    #[serde(default)]
    pub(super) ran: Option<(u64, u64)>,
}

#[derive(Deserialize)]
pub(super) struct Imports {
    pub(super) cycles: Vec<Cycle>,
}

#[derive(Deserialize)]
pub(super) struct Cycle {
    pub(super) language: String,
    pub(super) members: Vec<String>,
    pub(super) way: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct Tested {
    pub(super) lines: u64,
    pub(super) ran: u64,
    pub(super) untested: Vec<(String, u64)>,
}

#[derive(Deserialize)]
pub(super) struct Dependencies {
    pub(super) locks: Vec<Lock>,
    pub(super) unlocked: Vec<Unlocked>,
    pub(super) unpinned: Vec<Wanted>,
    pub(super) missing: Vec<Wanted>,
    pub(super) duplicates: Vec<Duplicate>,
}

#[derive(Deserialize)]
pub(super) struct Lock {
    pub(super) path: String,
}

#[derive(Deserialize)]
pub(super) struct Unlocked {
    pub(super) manifest: String,
    pub(super) ecosystem: String,
    pub(super) requirements: u64,
}

#[derive(Deserialize)]
pub(super) struct Wanted {
    pub(super) manifest: String,
    pub(super) name: String,
    pub(super) wanted: String,
}

#[derive(Deserialize)]
pub(super) struct Duplicate {
    pub(super) name: String,
    pub(super) versions: Vec<String>,
}

impl Cycle {
    /// Whether the language loads a file where it is imported.
    pub(super) fn breaks_loading(&self) -> bool {
        matches!(self.language.as_str(), "Python" | "TypeScript or JavaScript")
    }
}

impl Module {
    /// A path below the module as one below the root.
    pub(super) fn path_of(&self, within: &str) -> String {
        if self.path == "." { within.to_owned() } else { format!("{}/{within}", self.path) }
    }
}

/// A module; nothing if its content is erased.
pub(super) fn read(record: &Record) -> Option<Module> {
    serde_json::from_str(record.part(PartName::Result)?.get()).ok()
}
