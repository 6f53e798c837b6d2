//! The `compliance` analyzer: what the records of a book support of catalogues of controls.
//!
//! It never says that anything complies. Of each control it says whether the book holds records of the sort that the
//! control asks for (evidenced, partial, no evidence, not assessed), which records, what they prove *and what they
//! do not*. What no record could show is not assessed.

mod catalogue;
mod evidence;
mod gap;
mod need;
mod places;

use sealbook_record::{Finding, Severity};
use serde_json::json;

pub use self::catalogue::{Catalogue, Control, Feature, Mapping, catalogues, catalogues_of, mapping};
use self::evidence::Evidence;
use self::need::{Judged, State};
use crate::progress::go_on;
use crate::{Analyzer, AnalyzerMetadata, ComplianceOptions, Error, Progress, Scope, Sealed};

/// Reads the records of a book into what they support.
#[derive(Debug, Clone)]
pub struct ComplianceAnalyzer {
    /// Which catalogues, and of which time.
    pub options: ComplianceOptions,
}

impl ComplianceAnalyzer {
    /// Of every catalogue, over all that is recorded.
    pub const OF_ALL: Self = Self { options: ComplianceOptions { frameworks: Vec::new(), since: None, until: None } };
}

static METADATA: AnalyzerMetadata = AnalyzerMetadata {
    name: "compliance",
    about: "What the records support of catalogues of controls, gaps of the trail, alerts that nobody resolved",
    version: "1",
    sources: &["trail"],
    actions: &[],
    rules: &["compliance.control", "compliance.trail", "compliance.violation"],
};

/// The rule of what is said of a control.
pub(crate) const CONTROL: &str = "compliance.control";

impl Analyzer for ComplianceAnalyzer {
    fn metadata(&self) -> &'static AnalyzerMetadata {
        &METADATA
    }

    fn reads_all(&self) -> bool {
        true
    }

    fn analyze(
        &self,
        records: &mut dyn Iterator<Item = Result<Sealed, Error>>,
        _scope: &Scope<'_>,
        progress: &dyn Progress,
    ) -> Result<Vec<Finding>, Error> {
        let catalogues = catalogues_of(&self.options.frameworks)?;
        let mut evidence = Evidence::default();
        for sealed in records {
            go_on(progress)?;
            let Sealed { seq, record } = sealed?;
            evidence.push(seq, &record, &self.options);
        }
        let mut findings = gap::findings(&evidence);
        for catalogue in catalogues {
            findings.extend(catalogue.controls.iter().map(|control| assess(catalogue, control, &evidence)));
        }
        Ok(findings)
    }
}

/// What the evidence says of a control.
fn assess(catalogue: &Catalogue, control: &Control, evidence: &Evidence) -> Finding {
    let needs: Vec<Judged> = control.needs.iter().map(|need| need.judge(evidence)).collect();
    let rests: Vec<Judged> = control.rests.iter().map(|need| need.judge(evidence)).collect();
    let result = result_of(&needs, &rests, evidence);
    let lacking = || needs.iter().chain(&rests).filter(|judged| judged.state != State::Met);
    let why: Vec<&str> = lacking().map(|judged| judged.why.as_str()).collect();
    let why = if why.is_empty() { String::new() } else { format!(": {}", why.join("; ")) };
    let message = format!("{} {} ({}): {result}{why}", catalogue.title, control.cite, control.title);
    let severity = if matches!(result, EVIDENCED | NOT_ASSESSED) { Severity::Info } else { Severity::Warning };
    let content = format!("{}/{}", catalogue.id, control.id);
    let mut finding = Finding::new(CONTROL, "control", severity, message, None, &content);
    finding.evidence = places::union(needs.iter().chain(&rests).flat_map(|judged| judged.evidence.iter().copied()));
    let told = |judged: &[Judged]| judged.iter().map(Judged::told).collect::<Vec<_>>();
    let metadata = json!({
        "catalogue": catalogue.id, "title": catalogue.title, "edition": catalogue.edition,
        "version": catalogue.version, "source": catalogue.source,
        "control": control.id, "cite": control.cite, "name": control.title, "asks": control.asks,
        "result": result, "needs": told(&needs), "rests": told(&rests),
        "proves": control.proves, "does_not_prove": control.not,
    });
    if let serde_json::Value::Object(metadata) = metadata {
        finding.metadata = metadata;
    }
    if let Some(first) = lacking().next().filter(|_| result != NOT_ASSESSED) {
        finding.recommendation = Some(first.mend.to_owned());
    }
    finding
}

const EVIDENCED: &str = "evidenced";
const PARTIAL: &str = "partial";
const NO_EVIDENCE: &str = "no evidence";
const NOT_ASSESSED: &str = "not assessed";

/// Of a book that does not hold, nothing is evidence of its own accord.
fn result_of(needs: &[Judged], rests: &[Judged], evidence: &Evidence) -> &'static str {
    if needs.is_empty() {
        return NOT_ASSESSED;
    }
    let all = |state: State| needs.iter().all(|judged| judged.state == state);
    let is_firm = rests.iter().all(|judged| judged.state == State::Met);
    let is_broken = evidence.facts().is_none_or(|facts| facts.verified == Some(false));
    if all(State::Lacking) {
        NO_EVIDENCE
    } else if all(State::Met) && is_firm && !is_broken {
        EVIDENCED
    } else {
        PARTIAL
    }
}
