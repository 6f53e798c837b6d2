//! `sealbook hook`: what a coding agent is about to do, judged and sealed.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use sealbook_gate::GateOptions;
use sealbook_gate::hooks::{self, Agent, Answer, Event, Setting};
use sealbook_policy::Policy;
use sealbook_record::Classification;

use super::Context;
use super::append::read_word;
use crate::args::{Acting, Global};
use crate::environment::Environment;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::install;
use crate::place::Place;
use crate::project::Project;
use crate::session::Session;
use crate::teller::Tellers;
use crate::who;

/// Judge and record what a coding agent does, as its hook
///
/// The agent starts it and writes an event to its standard input. What is about to happen is judged by
/// the rules and sealed before the agent is answered, in the agent's own form; what happened is sealed
/// with its result. Where a rule says `ask`, the agent asks its user if it can, else the call is refused.
/// An error, a panic and the deadline refuse, each with exit code 2 and a reason, where the event can be
/// refused; other events end with 1 then, which no agent takes for a refusal.
///
/// With --install, the hooks are added to the agent's settings; what is there keeps its place. Nothing
/// is written without --yes, and --undo takes them out again, byte for byte.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook hook claude-code --install              show what would be added to ~/.claude/settings.json
  sealbook hook claude-code --install --yes        add it
  sealbook hook cursor --install --project --yes   for the project in the working directory only
  sealbook hook claude-code --undo --yes")]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(crate) struct Args {
    /// The agent whose hook this is
    #[arg(value_name = "AGENT", value_parser = agents())]
    agent: Agent,
    /// Add the hooks to the agent's settings, after a look at what changes
    #[arg(long, conflicts_with = "undo")]
    install: bool,
    /// Put the settings back as they were before --install
    #[arg(long)]
    undo: bool,
    /// Write the change that is shown
    #[arg(long)]
    yes: bool,
    /// The settings of the project in the working directory, not the user's
    #[arg(long, conflicts_with = "settings")]
    project: bool,
    /// The settings file [default: the agent's own]
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// The book that is named is for directories that belong to no book of their own
    #[arg(long, conflicts_with_all = ["install", "undo"], requires = "book")]
    outside_projects: bool,
    /// Who may see what is recorded; of files, content is kept up to `internal`
    #[arg(long, value_name = "LEVEL")]
    classification: Option<String>,
    /// After so many milliseconds the call is refused
    #[arg(long, value_name = "MS", default_value_t = 10_000)]
    deadline_ms: u64,
}

fn agents() -> impl TypedValueParser<Value = Agent> {
    PossibleValuesParser::new(Agent::ALL.iter().map(|agent| agent.as_str())).try_map(|name| name.parse::<Agent>())
}

/// How long the end waits for people to be told; the agent has its answer, and waits for the process.
const TELLING_MAX: Duration = Duration::from_secs(2);
/// The most that is read of an event: agents send whole files.
const EVENT_BYTES_MAX: u64 = 64 << 20;

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    if args.install || args.undo {
        let change = install::Change {
            agent: args.agent,
            undo: args.undo,
            yes: args.yes,
            project: args.project,
            settings: args.settings.as_deref(),
            classification: args.classification.as_deref(),
        };
        return install::run(&change, context);
    }
    // What a panic says may quote what came in, and the agent shows standard error to its model.
    std::panic::set_hook(Box::new(|_| {}));
    // While the book is opened; where there is no thread for it, it is made when it is needed.
    let _ = std::thread::Builder::new().name("hook-warm".to_owned()).spawn(Policy::warm_up);
    let (agent, classification) = (args.agent, args.classification.clone());
    let which = Which { global: context.global.clone(), outside_projects: args.outside_projects };
    let environment = Environment::read();
    let tellers = Arc::new(Tellers::new(&environment, false));
    let (telling, limit) = (Arc::clone(&tellers), Duration::from_millis(args.deadline_ms));
    let work = move |say: &Sender<Said>| {
        let mut input = Vec::new();
        let read = std::io::stdin().take(EVENT_BYTES_MAX).read_to_end(&mut input);
        read.map_err(|cause| Failure::Input { name: "standard input".to_owned(), cause })?;
        let event = Event::parse(agent, &input)?;
        let _ = say.send(Said::CanBeRefused(event.can_be_refused()));
        answer(&event, classification.as_deref(), &which, &environment, telling, limit)
    };
    let answer = supervise(work, limit);
    if !answer.stdout.is_empty() {
        let _ = writeln!(std::io::stdout().lock(), "{}", answer.stdout);
    }
    let _ = std::io::stderr().lock().write_all(answer.stderr.as_bytes());
    tellers.finish(TELLING_MAX);
    // What still runs has missed its time, or is of no use any more.
    std::process::exit(i32::from(answer.code))
}

/// Which book is meant.
struct Which {
    global: Global,
    outside_projects: bool,
}

impl Which {
    /// The place of the book for what happens in a directory.
    fn place(&self, environment: &Environment, start: &Path) -> Result<Place, Failure> {
        if self.outside_projects {
            let unnamed = Global { book: None, tenant: None, ..self.global.clone() };
            let own = Place::find(environment, &unnamed, start)?;
            if !own.by_default {
                return Ok(own);
            }
        }
        Place::find(environment, &self.global, start)
    }
}

fn answer(
    event: &Event,
    classification: Option<&str>,
    which: &Which,
    environment: &Environment,
    tellers: Arc<Tellers>,
    limit: Duration,
) -> Result<Answer, Failure> {
    let start = event.cwd().filter(|cwd| cwd.is_dir()).unwrap_or_else(|| environment.current_dir.clone());
    let place = which.place(environment, &start)?;
    let user = who::acting(&Acting::default(), &place)?;
    let setting = Setting {
        on_behalf_of: user.id.clone(),
        verified: user.verified.clone(),
        project: place.project.as_ref().map(Project::name),
        classification: read_word("--classification", classification)?.unwrap_or(Classification::Internal),
    };
    // What remains is for the seal: a review that takes longer has failed, and that is on record.
    let review_max = limit.mul_f64(0.8);
    let notice = place.notice();
    let session = Session::open(place, user)?;
    let gate = session.into_gate(GateOptions::default(), environment, tellers, review_max)?;
    let mut answer = hooks::respond(&gate, event, &setting)?;
    if let Some(notice) = notice {
        let _ = writeln!(answer.stderr, "sealbook: {notice}");
    }
    Ok(answer)
}

/// What the work says on its way.
enum Said {
    /// The event is known.
    CanBeRefused(bool),
    Done(Result<Answer, Failure>),
}

/// Does the work in a thread of its own. If it fails, panics or takes too long, the answer says so.
fn supervise(work: impl FnOnce(&Sender<Said>) -> Result<Answer, Failure> + Send + 'static, limit: Duration) -> Answer {
    let (say, said): (Sender<Said>, Receiver<Said>) = channel();
    let begun = Instant::now();
    let started = std::thread::Builder::new().name("hook".to_owned()).spawn(move || {
        let done = work(&say);
        let _ = say.send(Said::Done(done));
    });
    // Until the event is known it may be one that can be refused.
    let mut refuses = true;
    if started.is_err() {
        return Answer::failed(refuses, "no thread could be started");
    }
    loop {
        match said.recv_timeout(limit.saturating_sub(begun.elapsed())) {
            Ok(Said::CanBeRefused(can)) => refuses = can,
            Ok(Said::Done(Ok(answer))) => return answer,
            Ok(Said::Done(Err(cause))) => return Answer::failed(refuses, &format!("{}: {cause}", cause.code())),
            Err(RecvTimeoutError::Timeout) => return Answer::failed(refuses, "deadline"),
            Err(RecvTimeoutError::Disconnected) => return Answer::failed(refuses, "panic"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_mins(10);

    fn refused(refuses: bool, why: &str) -> (u8, bool) {
        let answer = Answer::failed(refuses, why);
        (answer.code, answer.stderr.contains(why))
    }

    #[test]
    fn an_error_a_panic_and_a_deadline_refuse() {
        for can in [true, false] {
            let code = if can { 2 } else { 1 };
            let failing = move |say: &Sender<Said>| {
                let _ = say.send(Said::CanBeRefused(can));
                Err(Failure::HomeUnknown)
            };
            let answer = supervise(failing, LONG);
            assert!(answer.code == code && answer.stderr.contains("home_unknown"), "{answer:?}");

            let panicking = move |say: &Sender<Said>| {
                let _ = say.send(Said::CanBeRefused(can));
                panic!("sk-live-secret")
            };
            let answer = supervise(panicking, LONG);
            assert!(answer.code == code && answer.stderr.contains("panic"), "{answer:?}");
            assert!(!answer.stderr.contains("sk-live"), "{answer:?}");

            let (done, wait) = channel::<()>();
            let (told, hears) = channel::<()>();
            let hanging = move |say: &Sender<Said>| {
                let _ = say.send(Said::CanBeRefused(can));
                drop(told);
                let _ = wait.recv();
                Err(Failure::HomeUnknown)
            };
            let limit = Duration::from_millis(50);
            let answer = supervise(hanging, limit);
            let _ = hears.recv();
            drop(done);
            // Where even the event was not known in time, it is refused.
            assert!((answer.code == code || answer.code == 2) && answer.stderr.contains("deadline"), "{answer:?}");
            assert_eq!(refused(can, "why"), (code, true));
        }
    }
}
