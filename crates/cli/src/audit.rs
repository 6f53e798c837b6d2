//! One audit: sources and analyzers over a target, sealed, told from what was sealed, proven.

mod told;

use std::path::{Path, PathBuf};

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use sealbook_inspect::{Audit, Options, Refs, SOURCES, SecurityOptions};
use sealbook_ledger::{Report, Uuid};
use sealbook_record::Severity;
use sealbook_report::{AuditRun, Format};
use sealbook_serve::{Allowed, verdict_of_ledger};
use sealbook_store::{Query, Stored};

pub(crate) use self::told::{Told, show};
use crate::args::Acting;
use crate::command::append::read_word;
use crate::command::init::Made;
use crate::command::{Context, baseline, init};
use crate::exit::Exit;
use crate::failure::{self, Failure};
use crate::progress::Bars;
use crate::project::{directory_name, root_of};
use crate::session::Session;
use crate::who;

/// Options of every audit.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "The run")]
pub(crate) struct Running {
    #[command(flatten)]
    pub(crate) acting: Acting,
    /// Why
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) reason: Option<String>,
    /// End with exit code 1 on findings of this severity or above, or `never` [default: critical]
    #[arg(long, value_name = "SEVERITY")]
    pub(crate) fail_on: Option<String>,
    /// Do not verify the book afterwards
    #[arg(long)]
    pub(crate) no_verify: bool,
}

/// What is audited, with what.
#[derive(Default)]
pub(crate) struct Plan {
    /// A directory or a file, links resolved.
    pub(crate) target: PathBuf,
    /// Names of the sources.
    pub(crate) sources: Vec<String>,
    /// Names of the analyzers whose findings are asked for; every one's, where none is named.
    pub(crate) analyzers: &'static [&'static str],
    pub(crate) options: Options,
    /// Show the run's records of these actions too.
    pub(crate) show: &'static [&'static str],
    /// What it is compared with: a baseline by name or file.
    pub(crate) baseline: Option<PathBuf>,
}

/// What an audit of modules saw.
pub(crate) const MODULES: &[&str] = &["module.audited", "module.bom"];

/// How many of a run's records one answer lists.
const LISTED_MAX: usize = 10_000;

/// Runs it, shows it, and gives the exit. Code of the tree is not run.
pub(crate) fn run(plan: Plan, running: &Running, context: &Context) -> Result<Exit, Failure> {
    run_allowed(plan, Allowed::BY_A_PERSON, running, context)
}

/// The same with what it may reach beside files.
pub(crate) fn run_allowed(plan: Plan, allowed: Allowed, running: &Running, context: &Context) -> Result<Exit, Failure> {
    show(&[perform(plan, allowed, running, context)?], context)
}

/// Runs it, and gives what is to be shown.
pub(crate) fn perform(plan: Plan, allowed: Allowed, running: &Running, context: &Context) -> Result<Told, Failure> {
    if context.out.format == Format::CycloneDx && !plan.sources.iter().any(|name| name == "module") {
        let mend = "add `module` to --sources, or choose another --format";
        return Err(Failure::usage("this audit makes no bill of materials", mend));
    }
    // What none of them reads leaves no book behind.
    sealbook_serve::accept(&plan.sources, &plan.target)?;
    let root = root_of(&plan.target);
    let session = open(context, &root, &running.acting)?;
    let fail_on = fail_on(running, &session)?;
    let bars = Bars::new(context.is_watched());

    let show = plan.show;
    let baseline = match &plan.baseline {
        Some(given) => {
            let (baseline, line) = baseline::load(given, &root, &session, context)?;
            if line.seq.is_none() {
                context.note(baseline::UNSEALED);
            }
            Some(baseline.picture)
        }
        None => None,
    };
    let plan = sealbook_serve::Plan {
        target: plan.target,
        project: session.project().or_else(|| Some(directory_name(&root))),
        base: root,
        sources: plan.sources,
        analyzers: plan.analyzers,
        options: plan.options,
        actor: session.actor.clone(),
        reason: running.reason.clone(),
        baseline,
        allowed,
    };
    let audit = sealbook_serve::collect(plan, &session.ledger, session.policy()?, &bars)?;
    tell_failures(&audit, context);
    let report =
        if running.no_verify { None } else { Some(verdict_of_ledger(&session.ledger, &session.checks(), &bars)?) };
    drop(bars);
    let told = told(&session, audit.run)?.expect("the run's intent was sealed");
    let shown = if show.is_empty() { Vec::new() } else { sample_of(&session, audit.run, show, context)? };
    let exit = exit(&audit, &told, report.as_ref(), fail_on);
    let (head, keys) = (session.ledger.head()?, session.ledger.keys()?);
    Ok(Told { run: told, head, keys, verification: report, shown, exit })
}

/// The book of the project at `root`; made where there is none yet.
pub(crate) fn open(context: &Context, root: &Path, acting: &Acting) -> Result<Session, Failure> {
    let place = context.place_of(root)?;
    if place.exists() && (place.by_pointer || place.of_bare || context.global.book.is_some()) {
        let actor = who::acting(acting, &place)?;
        return Session::open(place, actor);
    }
    let session = if context.global.book.is_some() {
        let actor = who::acting(acting, &place)?;
        Session::create(place, actor)?
    } else {
        let (is_known, by_pointer) = (place.by_mark, place.by_pointer);
        let made = match place.project.filter(|_| by_pointer).map(|project| project.root) {
            Some(pointed) => init::make_for(context, &pointed, acting)?,
            None if is_known => init::make_for(context, root, acting)?,
            None => init::make_unasked(context, root, acting)?,
        };
        match made {
            Made::New(session) => session,
            Made::Found(session) => return Ok(session),
        }
    };
    init::tell_made(context, &session);
    Ok(session)
}

/// A run as its sealed records tell it; `None` where there is no such run.
pub(crate) fn told(session: &Session, run: Uuid) -> Result<Option<AuditRun>, Failure> {
    Ok(sealbook_serve::run_of(&session.ledger, run)?)
}

/// The run's records of some actions, as many as a page holds: an answer stays bounded.
fn sample_of(session: &Session, run: Uuid, actions: &[&str], context: &Context) -> Result<Vec<Stored>, Failure> {
    let action = actions.iter().map(|action| (*action).to_owned()).collect();
    let page = session.ledger.query(&Query { action, limit: Some(LISTED_MAX), ..of_run(run) })?;
    if page.next.is_some() {
        context.note(&format!(
            "the first {LISTED_MAX} records are listed; `sealbook query --operation {run}` pages through all"
        ));
    }
    Ok(page.rows)
}

fn of_run(run: Uuid) -> Query {
    Query { operation: vec![run.to_string()], ascending: true, ..Query::default() }
}

/// What failed altogether is an error too, beside its line in the report.
pub(crate) fn tell_failures(audit: &Audit, context: &Context) {
    let sources = audit.sources.iter().filter_map(|run| run.result.as_ref().err());
    let analyses = audit.analyses.iter().filter_map(|analysis| analysis.result.as_ref().err());
    for error in sources.chain(analyses) {
        let format = context.global.format.unwrap_or_default();
        failure::say(error.code(), &error.to_string(), Exit::Failure, format);
    }
}

/// The least severity that fails an audit: the option, else the configuration, else `critical`.
pub(crate) fn fail_on(running: &Running, session: &Session) -> Result<Option<Severity>, Failure> {
    least(running.fail_on.as_deref(), session)
}

/// The same, of what was given or not.
pub(crate) fn least(given: Option<&str>, session: &Session) -> Result<Option<Severity>, Failure> {
    let project = session.place.project.as_ref();
    let configured = project.and_then(|project| project.config.fail_on.as_deref());
    match given.or(configured) {
        Some("never") => Ok(None),
        given => Ok(read_word("--fail-on", given)?.or(Some(Severity::Critical))),
    }
}

pub(crate) fn exit(audit: &Audit, told: &AuditRun, verification: Option<&Report>, fail_on: Option<Severity>) -> Exit {
    let failed = if audit.has_failed() { Exit::Failure } else { Exit::Clean };
    exit_of(told, verification, fail_on).or_worse(failed)
}

/// What a run comes to, as it was sealed.
pub(crate) fn exit_of(told: &AuditRun, verification: Option<&Report>, fail_on: Option<Severity>) -> Exit {
    let found = fail_on.is_some_and(|least| told.findings.iter().any(|it| it.severity >= least));
    [
        (verification.is_some_and(|report| !report.valid), Exit::Broken),
        (!told.complete, Exit::Incomplete),
        (found, Exit::Findings),
    ]
    .into_iter()
    .find_map(|(holds, exit)| holds.then_some(exit))
    .unwrap_or(Exit::Clean)
}

/// The references that a git audit can walk from, by name.
pub(crate) fn refs() -> impl TypedValueParser<Value = Refs> {
    PossibleValuesParser::new(["head", "usual", "all"]).map(|name| match name.as_str() {
        "head" => Refs::Head,
        "all" => Refs::All,
        _ => Refs::Usual,
    })
}

/// Where the rules and advisories of a security audit lie.
pub(crate) fn security(context: &Context, rules: Option<&Path>, advisories: Option<&Path>) -> SecurityOptions {
    let absolute = |path: &Path| context.environment.absolute(path);
    SecurityOptions { rules: rules.map(absolute), advisories: advisories.map(absolute) }
}

/// What advisories are held against: the modules, with all that they bring in, read before.
pub(crate) fn add_modules(sources: &mut Vec<String>, options: &mut Options) {
    options.module.include_dependencies = true;
    if !sources.iter().any(|name| name == "module") {
        let at = sources.iter().position(|name| name == "security").unwrap_or(sources.len());
        sources.insert(at, "module".to_owned());
    }
    if !sources.iter().any(|name| name == "security") {
        sources.push("security".to_owned());
    }
}

/// The names of all sources there are, for help; plural forms are accepted.
pub(crate) fn source_names() -> Vec<PossibleValue> {
    let value = |name: &'static str| match name {
        "log" => PossibleValue::new(name).alias("logs"),
        "service" => PossibleValue::new(name).alias("services"),
        _ => PossibleValue::new(name),
    };
    SOURCES.iter().map(|source| value(source.metadata().name)).collect()
}
