//! `sealbook review`: asks a model what it thinks of an action.

use std::path::PathBuf;
use std::sync::Arc;

use clap::builder::NonEmptyStringValueParser;
use sealbook_flow::{
    Domain, Domains, LedgerJournal, REVIEW_NAME, Recovery, ReviewRequest, Reviewed, Reviewer, Standing, SystemTime,
};
use sealbook_policy::{Decision, Policy};
use sealbook_record::{PartName, Target, TargetKind};
use sealbook_report::ReviewDetail;
use sealbook_store::SystemEntropy;
use serde_json::value::RawValue;

use super::Context;
use crate::args::Acting;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input::Input;
use crate::session::Session;
use crate::{content, digest_key, model_file};

/// Ask a model to review an action against the policies of a domain (no legal advice)
///
/// The action and its context are redacted before they are sent. Model, prompt digest and raw answer are
/// sealed. The review is advice in one direction: it can make a decision of the rules stricter, never
/// milder. An answer that cannot be read leaves the decision to a person; a failure is a rejection.
///
/// Which model is asked stands in `model.toml`, in `$SEALBOOK_HOME` or `$XDG_CONFIG_HOME/sealbook`; its key
/// is named there by a file or a variable. Ends with 0 for an approval, 1 for conditions, a rejection or
/// an answer that cannot be read, 2 where the model could not be asked.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook review --action 'send the monthly report to the auditor' --domain finance
  sealbook review --action 'delete user data' --context '{\"users\": 3}' --actor agent:cleaner
  sealbook review --action 'change the retention of logs' --context @change.json --format json")]
pub(crate) struct Args {
    /// What is to be done, in words
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    action: String,
    /// The circumstances: JSON, text, `@FILE`, or `-`
    #[arg(long, value_name = "CONTENT", allow_hyphen_values = true, default_value = "{}")]
    context: String,
    /// The domain: general, healthcare, finance, government, or that of --domain-file [default:
    /// `COMPLIANCE_DOMAIN`, else general]
    #[arg(long, value_name = "NAME")]
    domain: Option<String>,
    /// A domain of your own, as a TOML file
    #[arg(long, value_name = "FILE")]
    domain_file: Option<PathBuf>,
    /// Another model file than the one in your home
    #[arg(long, value_name = "FILE")]
    model_file: Option<PathBuf>,
    #[command(flatten)]
    acting: Acting,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let configured = model_file::read(&context.environment, args.model_file.as_deref())?;
    let (domains, domain) = domains(args)?;
    let domain = domain.or_else(|| context.environment.compliance_domain.clone());
    let session = context.open_as(&args.acting)?;
    let request = request(args, domain, &session)?;
    let key = digest_key::load_or_create(&session.place.layout.keys, session.ledger.origin())?;
    let policy = Arc::new(Policy::new(key));
    let journal = LedgerJournal::new(Arc::new(session.ledger), Arc::clone(&policy));
    let recovery = Recovery {
        retry: configured.retry,
        journal: Arc::new(journal),
        time: Arc::new(SystemTime::default()),
        entropy: Arc::new(SystemEntropy),
    };
    let reviewer = Reviewer::new(Arc::new(configured.model), policy, recovery).with_domains(domains);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|cause| Failure::Input { name: "the system's timers".to_owned(), cause })?;
    let answer = runtime.block_on(reviewer.review(request))?;
    show(&answer, context)?;
    Ok(match (answer.standing(), answer.admits(None, false)?) {
        (Standing::Failed, _) => Exit::Failure,
        (_, true) => Exit::Clean,
        (_, false) => Exit::Findings,
    })
}

fn domains(args: &Args) -> Result<(Domains, Option<String>), Failure> {
    let Some(path) = &args.domain_file else { return Ok((Domains::default(), args.domain.clone())) };
    let mut input = Input::open(path)?;
    let text = String::from_utf8(input.read_all()?).map_err(|error| Failure::InputNotUtf8 {
        place: input.name.clone(),
        column: error.utf8_error().valid_up_to() + 1,
    })?;
    let own = Domain::from_toml(&text).map_err(|cause| Failure::from(cause).at(&*input.name))?;
    let name = args.domain.clone().unwrap_or_else(|| own.name.clone());
    Ok((Domains::default().with(own), Some(name)))
}

fn request(args: &Args, domain: Option<String>, session: &Session) -> Result<ReviewRequest, Failure> {
    let mut scratch = session.event("policy.review", Target::new(TargetKind::Rule, "review"));
    content::set(&mut scratch, PartName::Context, &args.context)?;
    let nothing = || RawValue::from_string("{}".to_owned()).expect("it is JSON");
    Ok(ReviewRequest {
        actor: session.actor.clone(),
        action: args.action.clone(),
        context: scratch.parts.remove(&PartName::Context).unwrap_or_else(nothing),
        domain,
        parent: None,
        session: None,
        project: session.project(),
    })
}

fn show(reviewed: &Reviewed, context: &Context) -> Result<(), Failure> {
    let review = reviewed.review();
    let record = reviewed.id().to_string();
    let domain = reviewed.domain();
    context.out.show(&ReviewDetail {
        name: REVIEW_NAME,
        status: review.compliance_status.as_str(),
        risk: review.risk_level.as_str(),
        standing: reviewed.standing().as_str(),
        domain: &domain.name,
        regulations: &domain.regulations,
        lists: [
            ("Violations", &review.violations),
            ("Conditions", &review.approval_conditions),
            ("Required actions", &review.required_actions),
            ("Recommendations", &review.recommendations),
        ],
        notes: &review.legal_notes,
        at_least: reviewed.advice().applied_to(Decision::Allow).as_str(),
        record: &record,
        json: &review.response(),
    })
}
