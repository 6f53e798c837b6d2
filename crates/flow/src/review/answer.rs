//! What a reviewing model answers, read strictly: the whole text is one JSON object of exactly this form, or it is
//! no answer.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The schema of an answer, as it is given to endpoints that know schemas.
static SCHEMA: &str = r#"{"type":"object","additionalProperties":false,"required":["compliance_status","risk_level","violations","recommendations","required_actions","legal_notes","approval_conditions"],"properties":{"compliance_status":{"type":"string","enum":["APPROVED","CONDITIONAL","REJECTED"]},"risk_level":{"type":"string","enum":["LOW","MEDIUM","HIGH","CRITICAL"]},"violations":{"type":"array","items":{"type":"string"}},"recommendations":{"type":"array","items":{"type":"string"}},"required_actions":{"type":"array","items":{"type":"string"}},"legal_notes":{"type":"string"},"approval_conditions":{"type":"array","items":{"type":"string"}}}}"#;

/// Texts of one list.
const LIST_MAX: usize = 64;
/// Bytes of one text.
const TEXT_BYTES_MAX: usize = 16 * 1024;

/// Whether an action may go on, as far as the model is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the words say it")]
pub enum ComplianceStatus {
    Approved,
    Conditional,
    Rejected,
}

/// How much is at stake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the words say it")]
pub enum RiskLevel {
    Low,
    Medium,
    High,
    Critical,
}

impl ComplianceStatus {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "APPROVED",
            Self::Conditional => "CONDITIONAL",
            Self::Rejected => "REJECTED",
        }
    }
}

impl RiskLevel {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
            Self::Critical => "CRITICAL",
        }
    }
}

/// A review. Its words are a model's, redacted; it is no legal advice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// Whether the action may go on.
    pub compliance_status: ComplianceStatus,
    /// How much is at stake.
    pub risk_level: RiskLevel,
    /// What it would breach.
    pub violations: Vec<String>,
    /// What would be better.
    pub recommendations: Vec<String>,
    /// What has to be done.
    pub required_actions: Vec<String>,
    /// Whatever else there is to say.
    pub legal_notes: String,
    /// What must be so for the action to go on.
    pub approval_conditions: Vec<String>,
}

impl Review {
    /// Reads a model's answer; `None` where it is anything but one such object.
    ///
    /// One pair of fences around the whole (```` ```json ````) is taken off: models put them there. Nothing is
    /// searched for in other text. An answer that contradicts itself is none: approved with violations or
    /// conditions, conditional without conditions.
    pub fn from_answer(text: &str) -> Option<Self> {
        let text = without_fences(text.trim());
        let review: Self = serde_json::from_str(text).ok()?;
        let lists =
            [&review.violations, &review.recommendations, &review.required_actions, &review.approval_conditions];
        let fits =
            lists.iter().all(|list| list.len() <= LIST_MAX && list.iter().all(|text| text.len() <= TEXT_BYTES_MAX));
        let makes_sense = match review.compliance_status {
            ComplianceStatus::Approved => review.violations.is_empty() && review.approval_conditions.is_empty(),
            ComplianceStatus::Conditional => {
                !review.approval_conditions.is_empty()
                    && review.approval_conditions.iter().all(|condition| !condition.trim().is_empty())
            }
            ComplianceStatus::Rejected => true,
        };
        (fits && makes_sense && review.legal_notes.len() <= TEXT_BYTES_MAX).then_some(review)
    }

    /// What an answer that cannot be read counts as.
    pub(super) fn unreadable(answer: &str) -> Self {
        let list = |text: &str| vec![text.to_owned()];
        Self {
            compliance_status: ComplianceStatus::Conditional,
            risk_level: RiskLevel::Medium,
            violations: list("Could not parse full compliance review"),
            recommendations: list("Manual legal review recommended"),
            required_actions: list("Consult with legal counsel"),
            legal_notes: answer.to_owned(),
            approval_conditions: list("Pending manual review"),
        }
    }

    /// What a review that failed counts as.
    pub(super) fn failed(cause: &str) -> Self {
        let list = |text: &str| vec![text.to_owned()];
        Self {
            compliance_status: ComplianceStatus::Rejected,
            risk_level: RiskLevel::Critical,
            violations: list("Compliance review system failure"),
            recommendations: list("System requires manual review before proceeding"),
            required_actions: list("Contact system administrator"),
            legal_notes: format!("Automated compliance review failed: {cause}"),
            approval_conditions: Vec::new(),
        }
    }

    /// The answer of the tool `review_compliance`: `{"status":"success","review":{…}}`.
    pub fn response(&self) -> String {
        #[derive(Serialize)]
        struct Response<'a> {
            status: &'static str,
            review: &'a Review,
        }
        serde_json::to_string(&Response { status: "success", review: self }).expect("texts are JSON")
    }
}

/// The schema of an answer.
pub(super) fn schema() -> Box<RawValue> {
    RawValue::from_string(SCHEMA.to_owned()).expect("the tests read the schema")
}

fn without_fences(text: &str) -> &str {
    let inner =
        text.strip_prefix("```json").or_else(|| text.strip_prefix("```")).and_then(|rest| rest.strip_suffix("```"));
    inner.map_or(text, str::trim)
}
