//! The commands, one file each.

mod activity;
mod alerts;
pub(crate) mod append;
mod approvals;
mod approve;
mod backup;
pub(crate) mod baseline;
mod blame;
mod completions;
mod compliance;
mod demo;
mod deny;
mod diff;
mod erase;
mod exec;
mod export;
mod file;
mod gaps;
mod git;
mod head;
mod health;
mod hook;
mod import;
mod ingest;
pub(crate) mod init;
mod key;
mod knowledge;
mod logs;
mod mark;
mod mcp;
mod module;
mod operation;
mod prove;
mod quality;
mod query;
mod reindex;
mod repo;
pub(crate) mod report;
mod restore;
mod resume;
mod retention;
mod review;
mod rules;
mod saga;
mod schedule;
mod security;
mod service;
mod show;
mod status;
mod stop;
mod suppress;
mod tail;
mod tool;
mod undo;
mod verify;
mod watch;
mod workflow;
mod wrap;

use std::path::Path;

use clap::Subcommand;
use sealbook_report::Format;

use crate::args::{Acting, Cli, Global};
use crate::environment::Environment;
use crate::exit::Exit;
use crate::failure::{self, Failure};
use crate::hints;
use crate::output::{Output, note};
use crate::place::Place;
use crate::project::Project;
use crate::session::Session;
use crate::who;

/// What can be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(init::Args),
    Status(status::Args),
    Repo(repo::Args),
    Wrap(wrap::Args),
    Mcp(mcp::Args),
    Git(git::Args),
    File(file::Args),
    Baseline(baseline::Args),
    Diff(diff::Args),
    Blame(blame::Args),
    #[command(alias = "log")]
    Logs(logs::Args),
    Module(module::Args),
    Security(security::Args),
    Suppress(suppress::Args),
    #[command(alias = "services")]
    Service(service::Args),
    Quality(quality::Args),
    Watch(watch::Args),
    Schedule(schedule::Args),
    Append(append::Args),
    Hook(hook::Args),
    Exec(exec::Args),
    Import(import::Args),
    Ingest(ingest::Args),
    Export(export::Args),
    Query(query::Args),
    Tail(tail::Args),
    Show(show::Args),
    Mark(mark::Args),
    Activity(activity::Args),
    Health(health::Args),
    Verify(verify::Args),
    Gaps(gaps::Args),
    Prove(prove::Args),
    Head(head::Args),
    Erase(erase::Args),
    Key(key::Args),
    Rules(rules::Args),
    Approvals(approvals::Args),
    Approve(approve::Args),
    Deny(deny::Args),
    Alerts(alerts::Args),
    Stop(stop::Args),
    Resume(resume::Args),
    Undo(undo::Args),
    Operation(operation::Args),
    Retention(retention::Args),
    Compliance(compliance::Args),
    Backup(backup::Args),
    Restore(restore::Args),
    Report(report::Args),
    Review(review::Args),
    #[command(alias = "tools")]
    Tool(tool::Args),
    Saga(saga::Args),
    Knowledge(knowledge::Args),
    #[command(alias = "workflows")]
    Workflow(workflow::Args),
    Reindex(reindex::Args),
    Demo(demo::Args),
    Completions(completions::Args),
}

/// What every command gets: the options of every command, and what lies around the program.
pub(crate) struct Context {
    pub(crate) environment: Environment,
    pub(crate) global: Global,
    pub(crate) out: Output,
}

/// Does what the command line says.
pub(crate) fn run(cli: Cli, environment: Environment) -> Exit {
    let Cli { global, command } = cli;
    let errors = global.format.unwrap_or(Format::Terminal);
    let out = Output::new(global.format, global.output.clone(), environment.screen);
    let context = Context { environment, global, out };
    dispatch(command, &context).unwrap_or_else(|failure| failure.show(errors, &context.global))
}

fn dispatch(command: Command, context: &Context) -> Result<Exit, Failure> {
    fits(&command, context.out.format)?;
    match command {
        Command::Init(args) => init::run(&args, context),
        Command::Status(args) => status::run(&args, context),
        Command::Repo(args) => repo::run(&args, context),
        Command::Wrap(args) => wrap::run(&args, context),
        Command::Mcp(args) => mcp::run(&args, context),
        Command::Git(args) => git::run(&args, context),
        Command::File(args) => file::run(&args, context),
        Command::Baseline(args) => baseline::run(&args, context),
        Command::Diff(args) => diff::run(&args, context),
        Command::Blame(args) => blame::run(&args, context),
        Command::Logs(args) => logs::run(&args, context),
        Command::Module(args) => module::run(&args, context),
        Command::Security(args) => security::run(&args, context),
        Command::Suppress(args) => suppress::run(&args, context),
        Command::Watch(args) => watch::run(&args, context),
        Command::Schedule(args) => schedule::run(&args, context),
        Command::Quality(args) => quality::run(&args, context),
        Command::Service(args) => service::run(&args, context),
        Command::Append(args) => append::run(&args, context),
        Command::Exec(args) => exec::run(&args, context),
        Command::Hook(args) => hook::run(&args, context),
        Command::Import(args) => import::run(&args, context),
        Command::Ingest(args) => ingest::run(&args, context),
        Command::Export(args) => export::run(&args, context),
        Command::Query(args) => query::run(&args, context),
        Command::Tail(args) => tail::run(&args, context),
        Command::Show(args) => show::run(&args, context),
        Command::Mark(args) => mark::run(&args, context),
        Command::Activity(args) => activity::run(&args, context),
        Command::Health(args) => health::run(&args, context),
        Command::Verify(args) => verify::run(&args, context),
        Command::Gaps(args) => gaps::run(&args, context),
        Command::Prove(args) => prove::run(&args, context),
        Command::Head(args) => head::run(&args, context),
        Command::Erase(args) => erase::run(&args, context),
        Command::Key(args) => key::run(&args, context),
        Command::Rules(args) => rules::run(&args, context),
        Command::Approvals(args) => approvals::run(&args, context),
        Command::Approve(args) => approve::run(&args, context),
        Command::Deny(args) => deny::run(&args, context),
        Command::Alerts(args) => alerts::run(&args, context),
        Command::Stop(args) => stop::run(&args, context),
        Command::Resume(args) => resume::run(&args, context),
        Command::Undo(args) => undo::run(&args, context),
        Command::Operation(args) => operation::run(&args, context),
        Command::Retention(args) => retention::run(&args, context),
        Command::Compliance(args) => compliance::run(&args, context),
        Command::Backup(args) => backup::run(&args, context),
        Command::Restore(args) => restore::run(&args, context),
        Command::Report(args) => report::run(&args, context),
        Command::Review(args) => review::run(&args, context),
        Command::Tool(args) => tool::run(&args, context),
        Command::Saga(args) => saga::run(&args, context),
        Command::Workflow(args) => workflow::run(&args, context),
        Command::Knowledge(args) => knowledge::run(&args, context),
        Command::Reindex(args) => reindex::run(&args, context),
        Command::Demo(args) => demo::run(&args, context),
        Command::Completions(args) => completions::run(&args, context),
    }
}

/// Refuses a format that the command has nothing for, before it does anything.
fn fits(command: &Command, format: Format) -> Result<(), Failure> {
    use Command::{Compliance, File, Git, Logs, Module, Quality, Query, Repo, Report, Security, Service};
    let (fits, what, mend) = match format {
        Format::CycloneDx => (
            matches!(command, Module(_) | Repo(_) | Report(_)),
            "this command has no bill of materials",
            "ask `sealbook module`, `repo --sources module` or `report` for one, or choose another --format",
        ),
        Format::Sarif => (
            matches!(command, Module(_) | Repo(_) | Report(_) | Git(_) | File(_) | Logs(_) | Query(_))
                || matches!(command, Quality(_) | Security(_) | Service(_))
                || matches!(command, Compliance(args) if args.is_assessment()),
            "this command has no findings",
            "ask an audit, `sealbook query`, `report` or `compliance --framework` for them, or choose another --format",
        ),
        Format::Oscal => (
            matches!(command, Report(_)) || matches!(command, Compliance(args) if args.is_assessment()),
            "this command assesses nothing",
            "ask `sealbook compliance --framework NAME` or a `report` of it, or choose another --format",
        ),
        _ => return Ok(()),
    };
    if fits { Ok(()) } else { Err(Failure::usage(what, mend)) }
}

impl Context {
    /// The place of the book that the command is about.
    pub(crate) fn place(&self) -> Result<Place, Failure> {
        self.place_of(&self.environment.current_dir)
    }

    /// The place of the book of the project around a directory; a configuration that is not believed is told.
    pub(crate) fn place_of(&self, start: &Path) -> Result<Place, Failure> {
        let place = Place::find(&self.environment, &self.global, start)?;
        if let Some(text) = place.project.as_ref().and_then(Project::disbelief) {
            self.note(&text);
        }
        Ok(place)
    }

    /// Opens the book that the command is about.
    pub(crate) fn open(&self) -> Result<Session, Failure> {
        self.open_as(&Acting::default())
    }

    /// Opens the book that the command is about, to write to it.
    pub(crate) fn open_as(&self, acting: &Acting) -> Result<Session, Failure> {
        let place = self.place()?;
        let actor = who::acting(acting, &place)?;
        Session::open(place, actor)
    }

    /// Says which book a gate uses that nobody named to it.
    pub(crate) fn note_book(&self, place: &Place) {
        if let Some(text) = place.notice() {
            self.note(&text);
        }
    }

    /// Directory and tenant of the book that is found from here, so that it is found from anywhere.
    ///
    /// Errors: there is none.
    pub(crate) fn named_book(&self) -> Result<(String, String), Failure> {
        let place = self.place()?;
        place.refuse_strange()?;
        place.notice_gone()?;
        self.note_book(&place);
        if !place.exists() {
            return Err(sealbook_store::Error::BookMissing { path: place.layout.book }.into());
        }
        // The file itself may have been named; its directory stands for it.
        let directory = if place.is_file_named() { &*place.layout.book } else { place.directory() };
        let text = directory
            .to_str()
            .map(str::to_owned)
            .ok_or_else(|| Failure::usage("the path of the book is not UTF-8", "move it to another directory"))?;
        Ok((text, place.tenant))
    }

    /// Whether progress is shown.
    pub(crate) fn is_watched(&self) -> bool {
        self.environment.is_watched && !self.global.quiet
    }

    /// How a command ends that asked the book: records that it came upon and that do not fit their seal are
    /// named, and nobody takes the answer for a whole one.
    pub(crate) fn answered(&self, ledger: &sealbook_store::Ledger, exit: Exit) -> Exit {
        let altered = ledger.altered();
        if altered.is_empty() {
            return exit;
        }
        let named: Vec<String> = altered.iter().take(20).map(u64::to_string).collect();
        let more = if altered.len() > 20 { ", …" } else { "" };
        let text = format!(
            "what is stored of record {}{more} is not what was sealed; `sealbook verify` finds all such records",
            named.join(", ")
        );
        failure::say("part_altered", &text, Exit::Broken, self.global.format.unwrap_or_default());
        exit.or_worse(Exit::Broken)
    }

    /// Something said to a person beside the answer, unless they asked for quiet.
    pub(crate) fn note(&self, text: &str) {
        let text = hints::scoped(text, &self.global);
        let text = &*sealbook_policy::redact_text(&text);
        if !self.global.quiet {
            note(text);
        }
    }
}
