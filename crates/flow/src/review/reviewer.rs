//! Carrying out a review: everything that is asked and answered is in the book.

use std::sync::Arc;

use sealbook_policy::{Judged, Policy, Raw};
use sealbook_record::{Actor, Category, Outcome, PartName, Record, Severity, Target, TargetKind, Uuid};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{Advice, ComplianceStatus, ConditionsMet, Domain, Domains, REVIEW_NAME, Review, answer, prompt};
use crate::{Call, Completion, Ending, Entered, Error, Model, Prompt, Recovery, Repeat, Success, enter, offload};

/// Instructions and data together. A context that is longer is not cut: half a context is another context.
const PROMPT_BYTES_MAX: usize = 128 * 1024;

/// What is to be reviewed, as it came: it is redacted before anybody else sees it.
#[derive(Debug, Clone)]
pub struct ReviewRequest {
    /// Who wants to act.
    pub actor: Actor,
    /// What is to be done, in words.
    pub action: String,
    /// The circumstances, JSON text.
    pub context: Box<RawValue>,
    /// The domain; `general` where there is none.
    pub domain: Option<String>,
    /// The record that asks for the review, where there is one.
    pub parent: Option<Uuid>,
    /// The session that it belongs to.
    pub session: Option<String>,
    /// The project that it belongs to.
    pub project: Option<String>,
}

/// How a review came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The model answered.
    Answered,
    /// The model's answer cannot be read: a person decides.
    Unreadable,
    /// There is no answer: no.
    Failed,
}

impl Standing {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Unreadable => "unreadable",
            Self::Failed => "failed",
        }
    }
}

/// A review that was carried out and sealed.
#[derive(Debug, Clone)]
pub struct Reviewed {
    review: Review,
    standing: Standing,
    domain: Domain,
    id: Uuid,
    asked_by: Actor,
    unsealed: Option<String>,
}

impl Reviewed {
    /// What was said, redacted.
    pub const fn review(&self) -> &Review {
        &self.review
    }

    /// How it came about.
    pub const fn standing(&self) -> Standing {
        self.standing
    }

    /// The domain that it was looked at under.
    pub const fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The id of the review's intent.
    pub const fn id(&self) -> Uuid {
        self.id
    }

    /// Who wanted to act.
    pub const fn asked_by(&self) -> &Actor {
        &self.asked_by
    }

    /// What it does to a decision, as long as no condition is met.
    pub fn advice(&self) -> Advice {
        match (self.standing, self.review.compliance_status) {
            // What is not on record has not been reviewed.
            _ if self.unsealed.is_some() => Advice::BLOCK,
            (Standing::Answered, ComplianceStatus::Approved) => Advice::NONE,
            (Standing::Answered, ComplianceStatus::Conditional) | (Standing::Unreadable, _) => Advice::ASK,
            (Standing::Answered, ComplianceStatus::Rejected) | (Standing::Failed, _) => Advice::BLOCK,
        }
    }

    /// What it does to a decision when its conditions are met and that is on record. For conditions of another
    /// review, and where a person has to decide anyway, as [`Reviewed::advice`].
    pub fn advice_when(&self, met: &ConditionsMet) -> Advice {
        let conditional = self.review.compliance_status == ComplianceStatus::Conditional;
        if self.standing == Standing::Answered && conditional && met.is_of(self.id) && self.unsealed.is_none() {
            Advice::NONE
        } else {
            self.advice()
        }
    }

    /// Whether the action may go on as far as the review is concerned: approved, or conditional with its conditions
    /// met and recorded.
    ///
    /// Errors: [`Error::ReviewBlocked`] for a rejection, where `block_on_violation` says so.
    pub fn admits(&self, met: Option<&ConditionsMet>, block_on_violation: bool) -> Result<bool, Error> {
        let advice = met.map_or_else(|| self.advice(), |met| self.advice_when(met));
        if advice == Advice::BLOCK && block_on_violation {
            return Err(Error::ReviewBlocked { notes: self.review.legal_notes.clone() });
        }
        Ok(advice == Advice::NONE)
    }
}

/// Asks a model for reviews.
pub struct Reviewer {
    model: Arc<dyn Model>,
    policy: Arc<Policy>,
    recovery: Recovery,
    domains: Domains,
}

/// What the model call's intent says of the question.
#[derive(Serialize)]
struct Asked<'a> {
    model: String,
    prompt_sha256: &'a str,
    temperature: f64,
}

/// What the model call's outcome says of the answer.
#[derive(Serialize)]
struct Answered<'a> {
    model: Option<&'a str>,
    question_units: Option<u64>,
    answer_units: Option<u64>,
    answer: &'a str,
}

/// What the review's intent says.
#[derive(Serialize)]
struct Input<'a> {
    action: &'a str,
    domain: &'a str,
    regulations: &'a [String],
}

/// What the review's outcome says.
#[derive(Serialize)]
struct Verdict<'a> {
    action_reviewed: &'a RawValue,
    compliance_status: ComplianceStatus,
    risk_level: super::RiskLevel,
    domain: &'a str,
    standing: &'static str,
    model: String,
    prompt_sha256: Option<&'a str>,
    review: &'a Review,
}

/// What the outcome of a review that failed says.
#[derive(Serialize)]
struct FailureNote<'a> {
    error: &'static str,
    action: &'a RawValue,
    exception: &'a str,
}

/// What came of asking.
enum Told {
    Review(Review),
    Unreadable(Review),
    Failed(String),
}

impl Reviewer {
    /// A reviewer that asks this model, tries again as `recovery` says, and redacts as `policy` does.
    pub fn new(model: Arc<dyn Model>, policy: Arc<Policy>, recovery: Recovery) -> Self {
        Self { model, policy, recovery, domains: Domains::default() }
    }

    /// The same, with these domains.
    #[must_use]
    pub fn with_domains(self, domains: Domains) -> Self {
        Self { domains, ..self }
    }

    /// Reviews an action.
    ///
    /// Whatever goes wrong with asking or reading is a review too, one that says no or leaves it to a person.
    ///
    /// Errors: the request is not admitted, a rule or the stop forbids it, or the book cannot be written. Nothing
    /// was asked then, and whoever wanted to know has no review: that is no approval.
    pub async fn review(&self, request: ReviewRequest) -> Result<Reviewed, Error> {
        let domain = self.domains.find(request.domain.as_deref());
        let record = self.intent(&request, &domain);
        let judged = self.policy.admit(Raw::new(record.clone()))?;
        let journal = Arc::clone(&self.recovery.journal);
        let entered = offload(move || enter(&journal, record)).await??;
        let prompt = prompt_of(&judged, &domain);
        let told = self.ask(&request, &prompt, &entered).await;
        let digest = prompt.as_ref().map(Prompt::digest).ok();
        let (review, standing, cause) = match told {
            Told::Review(review) => (review, Standing::Answered, None),
            Told::Unreadable(review) => (review, Standing::Unreadable, None),
            Told::Failed(cause) => (Review::failed(&cause), Standing::Failed, Some(cause)),
        };
        let action = action_of(&judged);
        let ending = self.ending(&review, standing, &domain, &action, digest.as_deref(), cause.as_deref());
        let id = entered.id();
        let unsealed = offload(move || entered.end(ending)).await.and_then(|ended| ended).err();
        let unsealed = unsealed.map(|cause| cause.to_string());
        Ok(Reviewed { review, standing, domain, id, asked_by: request.actor, unsealed })
    }

    fn intent(&self, request: &ReviewRequest, domain: &Domain) -> Record {
        let mut record = self.record("policy.review", Target::new(TargetKind::Rule, &*domain.name), request);
        record.category = Category::SecurityEvent;
        record.reason = Some(REVIEW_NAME.to_owned());
        record.parent = request.parent;
        record.tags = vec!["attorney_review".to_owned(), domain.name.clone()];
        record.tags.extend(domain.regulations.iter().cloned());
        let input = Input { action: &request.action, domain: &domain.name, regulations: &domain.regulations };
        record.set_part(PartName::Input, &input).expect("texts are JSON");
        record.parts.insert(PartName::Context, request.context.clone());
        record
    }

    fn record(&self, action: &str, target: Target, request: &ReviewRequest) -> Record {
        let journal = &self.recovery.journal;
        let mut record = Record::event(journal.next_id(), request.actor.clone(), action, target, journal.now());
        record.session.clone_from(&request.session);
        record.project.clone_from(&request.project);
        record
    }

    async fn ask(&self, request: &ReviewRequest, prompt: &Result<Prompt, String>, review: &Entered) -> Told {
        let prompt = match prompt {
            Ok(prompt) => prompt,
            Err(cause) => return Told::Failed(cause.clone()),
        };
        let mut intent = self.record("model.ask", Target::new(TargetKind::Model, self.model.name()), request);
        intent.category = Category::LlmRequest;
        intent.operation = review.operation();
        intent.parent = Some(review.id());
        let digest = prompt.digest();
        let asked = Asked { model: self.model.name(), prompt_sha256: &digest, temperature: prompt.temperature };
        intent.set_part(PartName::Input, &asked).expect("texts and numbers are JSON");
        let call = Call { intent, repeat: Repeat::Idempotent };
        let answered = self
            .recovery
            .run(&call, |attempt| async move {
                let completion = self.model.ask(prompt, attempt.left).await?;
                let (question_units, answer_units) = completion.tokens;
                let note = RawValue::from_string(
                    serde_json::to_string(&Answered {
                        model: completion.model.as_deref(),
                        question_units,
                        answer_units,
                        answer: &completion.text,
                    })
                    .expect("texts and numbers are JSON"),
                );
                Ok(Success { result: note.ok(), value: completion, also: Vec::new() })
            })
            .await;
        match answered {
            // The answer itself is evidence: a review whose answer is not on record is none.
            Ok(done) => match done.unsealed {
                None => self.read(&done.value, request),
                Some(cause) => Told::Failed(cause.to_string()),
            },
            Err(cause) => Told::Failed(cause.to_string()),
        }
    }

    /// Reads an answer, after it was redacted: a model may repeat what it was never to see, or make something up.
    fn read(&self, completion: &Completion, request: &ReviewRequest) -> Told {
        let mut scratch = self.record("model.answer", Target::new(TargetKind::Model, self.model.name()), request);
        let set = scratch.set_part(PartName::Result, &completion.text);
        let text = set.ok().and_then(|()| {
            let judged = self.policy.admit(Raw::new(scratch)).ok()?;
            serde_json::from_str::<String>(judged.record().part(PartName::Result)?.get()).ok()
        });
        match text {
            Some(text) => {
                Review::from_answer(&text).map_or_else(|| Told::Unreadable(Review::unreadable(&text)), Told::Review)
            }
            None => Told::Failed("the answer could not be redacted".to_owned()),
        }
    }

    fn ending(
        &self,
        review: &Review,
        standing: Standing,
        domain: &Domain,
        action: &RawValue,
        digest: Option<&str>,
        cause: Option<&str>,
    ) -> Ending {
        let result = Verdict {
            action_reviewed: action,
            compliance_status: review.compliance_status,
            risk_level: review.risk_level,
            domain: &domain.name,
            standing: standing.as_str(),
            model: self.model.name(),
            prompt_sha256: digest,
            review,
        };
        let outcome = if standing == Standing::Failed { Outcome::Failed } else { Outcome::Ok };
        let mut ending = Ending::new(outcome).with(PartName::Result, &result);
        match standing {
            Standing::Answered => {}
            Standing::Unreadable => ending.severity = Some(Severity::Warning),
            Standing::Failed => {
                ending.severity = Some(Severity::Critical);
                ending.tags.push("review_failure".to_owned());
                let exception = cause.unwrap_or_default();
                let note = FailureNote { error: "Compliance review failed", action, exception };
                ending = ending.with(PartName::Error, &note);
            }
        }
        ending
    }
}

/// The action as it was redacted.
fn action_of(judged: &Judged) -> Box<RawValue> {
    #[derive(serde::Deserialize)]
    struct Kept {
        action: Box<RawValue>,
    }
    let input = judged.record().part(PartName::Input).map_or("null", RawValue::get);
    let kept: Option<Kept> = serde_json::from_str(input).ok();
    kept.map_or_else(|| RawValue::from_string("null".to_owned()).expect("it is JSON"), |kept| kept.action)
}

/// What the model is asked; or why it is not.
fn prompt_of(judged: &Judged, domain: &Domain) -> Result<Prompt, String> {
    let mut prompt = Prompt::new(prompt::instructions(domain, &judged.record().target.id), judged);
    prompt.form = Some(("policy_review", answer::schema()));
    let bytes = prompt.system().len() + prompt.data().len();
    if bytes > PROMPT_BYTES_MAX {
        return Err(format!("the action and its context are longer than {PROMPT_BYTES_MAX} bytes"));
    }
    Ok(prompt)
}
