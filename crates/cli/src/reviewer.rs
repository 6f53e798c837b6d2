//! The model behind the rules that want a review: what a gate asks for, done by `flow`.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sealbook_flow::{
    ComplianceStatus, Domain, Domains, LedgerJournal, Recovery, ReviewRequest, Reviewed, Reviewer, Standing, SystemTime,
};
use sealbook_gate::{Opinion, ToReview};
use sealbook_policy::{Decision, Policy};
use sealbook_record::PartName;
use sealbook_store::{Ledger, SystemEntropy};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::digest_key;
use crate::environment::Environment;
use crate::failure::Failure;
use crate::model_file;
use crate::place::Place;

/// Asks the model of `model.toml`. It is read when the first review is wanted.
pub(crate) struct ModelReview {
    ledger: Arc<Ledger>,
    keys: PathBuf,
    /// Where `model.toml` and `domains/` lie; unknown without a home.
    home: Option<PathBuf>,
    deadline: Duration,
    reviewer: Mutex<Option<Arc<Reviewer>>>,
}

/// What a model is shown beside the action; redacted before it is.
#[derive(Serialize)]
struct Circumstances<'a> {
    actor: &'a str,
    target: &'a str,
    source: &'a str,
    input: Option<&'a RawValue>,
    context: Option<&'a RawValue>,
}

impl ModelReview {
    /// No review lasts longer than `deadline`, whatever the model's file says.
    pub(crate) fn new(ledger: Arc<Ledger>, place: &Place, environment: &Environment, deadline: Duration) -> Self {
        let home = model_file::home(environment).ok();
        Self { ledger, keys: place.layout.keys.clone(), home, deadline, reviewer: Mutex::default() }
    }

    fn ask(&self, asked: &ToReview<'_>) -> Result<Reviewed, Failure> {
        let reviewer = self.reviewer(asked.domain)?;
        let record = asked.record;
        let part = |name| record.part(name);
        let context = Circumstances {
            actor: &record.actor.id,
            target: &record.target.id,
            source: &record.source,
            input: part(PartName::Input),
            context: part(PartName::Context),
        };
        let request = ReviewRequest {
            actor: record.actor.clone(),
            action: format!("{} on {}", record.action, record.target.id),
            context: to_raw_value(&context).expect("texts and JSON are JSON"),
            domain: Some(asked.domain.to_owned()),
            parent: Some(record.id),
            session: record.session.clone(),
            project: record.project.clone(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|cause| Failure::Input { name: "the system's timers".to_owned(), cause })?;
        Ok(runtime.block_on(reviewer.review(request))?)
    }

    fn reviewer(&self, domain: &str) -> Result<Arc<Reviewer>, Failure> {
        let mut known = self.reviewer.lock().unwrap_or_else(PoisonError::into_inner);
        let own = self.domain(domain)?;
        if let (Some(reviewer), None) = (&*known, &own) {
            return Ok(Arc::clone(reviewer));
        }
        let configured = model_file::read_in(self.home.as_deref().ok_or(Failure::HomeUnknown)?)?;
        let key = digest_key::load_or_create(&self.keys, self.ledger.origin())?;
        let policy = Arc::new(Policy::new(key));
        let journal = LedgerJournal::new(Arc::clone(&self.ledger), Arc::clone(&policy));
        let mut retry = configured.retry;
        retry.deadline = retry.deadline.min(self.deadline);
        let recovery = Recovery {
            retry,
            journal: Arc::new(journal),
            time: Arc::new(SystemTime::default()),
            entropy: Arc::new(SystemEntropy),
        };
        let reviewer = Reviewer::new(Arc::new(configured.model), policy, recovery);
        let Some(own) = own else {
            let reviewer = Arc::new(reviewer);
            *known = Some(Arc::clone(&reviewer));
            return Ok(reviewer);
        };
        Ok(Arc::new(reviewer.with_domains(Domains::default().with(own))))
    }

    /// The domain of that name in `domains/`, where there is one.
    fn domain(&self, name: &str) -> Result<Option<Domain>, Failure> {
        let Some(path) = self.home.as_ref().map(|home| home.join("domains").join(format!("{name}.toml"))) else {
            return Ok(None);
        };
        let name = path.display().to_string();
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Some(Domain::from_toml(&text).map_err(|cause| Failure::from(cause).at(name))?)),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(Failure::Input { name, cause }),
        }
    }
}

impl sealbook_gate::Reviewer for ModelReview {
    fn review(&self, asked: &ToReview<'_>) -> Opinion {
        let reviewed = match self.ask(asked) {
            Ok(reviewed) => reviewed,
            Err(failure) => return Opinion::rejected(format!("it failed ({})", failure.code())),
        };
        let review = reviewed.review();
        match reviewed.advice().applied_to(Decision::Allow) {
            Decision::Block if reviewed.standing() == Standing::Failed => {
                Opinion::rejected(format!("it failed; review {}", reviewed.id()))
            }
            Decision::Block => Opinion::rejected(format!("it says no; review {}", reviewed.id())),
            Decision::Ask
                if reviewed.standing() == Standing::Answered
                    && review.compliance_status == ComplianceStatus::Conditional =>
            {
                Opinion::on_conditions(reviewed.id(), review.approval_conditions.clone())
            }
            Decision::Ask => Opinion::person_decides(),
            _ => Opinion::nothing_to_add(),
        }
    }
}
