//! The `drift` analyzer: what changed since the last audit, or since a baseline, that somebody should
//! look at.
//!
//! That a file changed is no finding: work changes files. Findings are changes that work rarely makes
//! (rights that grow wider, content whose time stands still), changes that take effect elsewhere
//! (configuration, dependencies), and more change than usual.

mod baseline;
mod change;
mod clock;
mod configuration;
mod dependency;
mod permission;
mod velocity;

use sealbook_record::Finding;

use self::change::Change;
use self::velocity::Velocity;
use crate::progress::go_on;
use crate::{Analyzer, AnalyzerMetadata, Error, Progress, Scope, Sealed};

/// Reads what changed into findings.
#[derive(Debug, Clone, Copy, Default)]
pub struct DriftAnalyzer;

static METADATA: AnalyzerMetadata = AnalyzerMetadata {
    name: "drift",
    about: "Rights that grew wider, content whose time stands still, configuration and dependencies that changed, more change than usual",
    version: "2",
    sources: &["file"],
    actions: &["file.observed", "file.manifest"],
    rules: &[
        "drift.permission",
        "drift.clock",
        "drift.configuration",
        "drift.dependency",
        "drift.velocity",
        "drift.baseline",
        "drift.reference",
    ],
};

/// The sort of all findings of this analyzer.
const KIND: &str = "drift";

impl Analyzer for DriftAnalyzer {
    fn metadata(&self) -> &'static AnalyzerMetadata {
        &METADATA
    }

    fn analyze(
        &self,
        records: &mut dyn Iterator<Item = Result<Sealed, Error>>,
        scope: &Scope<'_>,
        progress: &dyn Progress,
    ) -> Result<Vec<Finding>, Error> {
        let mut velocity = Velocity::default();
        // Of the run that is read; what was told of earlier ones is history.
        let (mut changes, mut operation) = (Vec::new(), None);
        for sealed in records {
            go_on(progress)?;
            let Sealed { seq, record } = sealed?;
            if operation != Some(record.operation) {
                operation = Some(record.operation);
                changes.clear();
            }
            if record.action == "file.manifest" {
                velocity.run(seq, &record);
            } else {
                changes.extend(Change::observed(seq, &record));
            }
        }
        let mut findings = Vec::new();
        if let Some(difference) = scope.since_baseline {
            changes = difference.files.iter().filter_map(|file| Change::since(difference, file)).collect();
            findings.extend(baseline::findings(difference));
        }
        findings.extend(permission::findings(&changes));
        findings.extend(clock::findings(&changes));
        findings.extend(configuration::findings(&changes));
        findings.extend(dependency::findings(&changes));
        findings.extend(velocity.finish());
        Ok(findings)
    }
}
