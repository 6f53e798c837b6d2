//! Audits of modules, for the tests beside this one.

use std::path::{Path, PathBuf};

use sealbook_inspect::{
    Analyzer as _, Coverage, Error, FileOptions, ModuleAnalyzer, ModuleOptions, Prior, Scope, Selection, Silent, source,
};
use sealbook_record::{Finding, Timestamp};
use serde_json::Value;

use crate::book::{Book, result};

/// One audit of a tree.
pub(crate) struct Audited {
    pub(crate) coverage: Coverage,
    pub(crate) modules: Vec<Value>,
    pub(crate) findings: Vec<Finding>,
}

pub(crate) fn audit(root: &Path, options: ModuleOptions) -> Audited {
    try_audit(root, options).unwrap()
}

pub(crate) fn try_audit(root: &Path, options: ModuleOptions) -> Result<Audited, Error> {
    let book = Book::new();
    let mut request = book.request(root, FileOptions::default());
    request.options.module = options;
    let coverage = source("module")?.collect(&request, &book, &mut book.page(), &Silent)?;
    drop(request);
    let modules = book.of("module.audited").iter().map(result).collect();
    let mut records = Prior::records(&book, &Selection { source: Some("module"), ..Selection::default() })?;
    let scope = Scope { project: None, now: Timestamp::from_micros(0), since_baseline: None, suppressed: None };
    let findings = ModuleAnalyzer.analyze(&mut records, &scope, &Silent)?;
    drop(records);
    Ok(Audited { coverage, modules, findings })
}

pub(crate) fn whole() -> ModuleOptions {
    ModuleOptions { include_dependencies: true, ..ModuleOptions::default() }
}

impl Audited {
    /// The module of that name.
    pub(crate) fn module(&self, name: &str) -> &Value {
        self.modules
            .iter()
            .find(|module| module["name"] == name)
            .unwrap_or_else(|| panic!("{name}: {:?}", self.names()))
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        self.modules.iter().map(|module| module["name"].as_str().unwrap()).collect()
    }

    /// `why path` of all that was skipped, in order.
    pub(crate) fn skipped(&self) -> Vec<String> {
        let mut skipped: Vec<String> =
            self.coverage.skipped.iter().map(|skipped| format!("{} {}", skipped.why, skipped.path)).collect();
        skipped.sort();
        skipped
    }

    pub(crate) fn of(&self, rule: &str) -> Vec<&Finding> {
        assert!(ModuleAnalyzer.metadata().rules.contains(&rule));
        self.findings.iter().filter(|finding| finding.rule == rule).collect()
    }
}

/// What real tools wrote.
pub(crate) fn sample(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/modules").join(name);
    assert!(path.exists(), "{} is missing", path.display());
    path.canonicalize().unwrap()
}

/// A program that scripts/tools brought.
pub(crate) fn tool(path: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools").join(path);
    assert!(path.exists(), "{} is missing; run scripts/tools", path.display());
    path
}
