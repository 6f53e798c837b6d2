//! What every command about workflows needs: the book, the workflows in it, and what runs them.

use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sealbook_flow::workflow::{
    BookWishes, Definition, Equipment, Notice, Observer, Run, RunEvent, RunStatus, Runner, Shelf,
};
use sealbook_flow::{Journal, Recovery, Retry, SystemTime, Time};
use sealbook_policy::{ApprovalState, Policy, State};
use sealbook_record::Actor;
use sealbook_report::RunDetail;
use sealbook_store::{Ledger, SystemEntropy};

use crate::args::Acting;
use crate::command::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input::Input;
use crate::session::Journaled;
use crate::tools_file;

/// How often a signal is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// An open book, and the workflows in it.
pub(super) struct Room {
    pub(super) ledger: Arc<Ledger>,
    pub(super) journal: Arc<dyn Journal>,
    policy: Arc<Policy>,
    pub(super) shelf: Arc<Shelf>,
    pub(super) actor: Actor,
    pub(super) tenant: String,
    pub(super) project: Option<String>,
}

impl Room {
    pub(super) fn open(context: &Context, acting: &Acting) -> Result<Self, Failure> {
        let session = context.open_as(acting)?;
        let (actor, tenant, project) = (session.actor.clone(), session.place.tenant.clone(), session.project());
        let Journaled { ledger, journal, policy } = session.into_journal()?;
        let shelf = Arc::new(Shelf::new(Arc::clone(&ledger)));
        Ok(Self { ledger, journal, policy, shelf, actor, tenant, project })
    }

    /// What a word names: a file, or a workflow of the book.
    pub(super) fn named(&self, word: &str) -> Result<Definition, Failure> {
        match file(word)? {
            Some(definition) => Ok(definition),
            None => Ok(self.shelf.find(word)?),
        }
    }

    /// The same, as a version of the book: what is run can be read later.
    pub(super) fn kept(&self, word: &str) -> Result<Definition, Failure> {
        match file(word)? {
            Some(definition) => Ok(self.shelf.adopt(&*self.journal, &definition, &self.actor)?.0),
            None => Ok(self.shelf.find(word)?),
        }
    }

    /// What runs workflows with the tools of the configuration, and says on standard error what happens.
    pub(super) fn runner(&self, tools: Option<&Path>, context: &Context) -> Result<Runner, Failure> {
        let told = !context.global.quiet;
        let observer: Option<Observer> = (told && context.environment.is_watched).then(|| {
            let observer: Observer = Arc::new(|run, event| {
                if let Some(line) = line(run, event) {
                    crate::output::note(&line);
                }
            });
            observer
        });
        let approve = context.global.clone();
        let notice: Option<Notice> = told.then(|| {
            let notice: Notice = Arc::new(move |run, id, message| {
                let text =
                    format!("{run} waits for a person: {message}\n  `sealbook approve {id}` or `sealbook deny {id}`");
                crate::output::note(&crate::hints::scoped(&text, &approve));
            });
            notice
        });
        self.runner_told(tools, context, observer, notice)
    }

    /// The same, which says nothing.
    pub(super) fn runner_told(
        &self,
        tools: Option<&Path>,
        context: &Context,
        observer: Option<Observer>,
        notice: Option<Notice>,
    ) -> Result<Runner, Failure> {
        Ok(self.equipment(tools, context, observer, notice)?.runner())
    }

    pub(super) fn equipment(
        &self,
        tools: Option<&Path>,
        context: &Context,
        observer: Option<Observer>,
        notice: Option<Notice>,
    ) -> Result<Equipment, Failure> {
        let tools = tools_file::read(&context.environment, tools, &self.tenant)?;
        let time: Arc<dyn Time> = Arc::new(SystemTime::default());
        let (journal, entropy) = (Arc::clone(&self.journal), Arc::new(SystemEntropy));
        let recovery = Recovery { retry: Retry::default(), journal, time: Arc::clone(&time), entropy };
        let (registry, policy) = (Arc::new(tools.registry), Arc::clone(&self.policy));
        let (models, secrets) = (tools.models, tools.secrets);
        let agents = tools_file::agents(models, &registry, &secrets, &recovery, &self.tenant, policy, &self.ledger);
        Ok(Equipment {
            tenant: self.tenant.clone(),
            ledger: Arc::clone(&self.ledger),
            shelf: Arc::clone(&self.shelf),
            tools: registry,
            recovery,
            secrets,
            agents,
            wishes: Some(Arc::new(BookWishes::new(Arc::clone(&self.ledger), time))),
            observer,
            notice,
        })
    }

    /// Requests of this run that wait for a person.
    pub(super) fn waiting(&self, run: &Run) -> Result<Vec<String>, Failure> {
        let mut state = State::new();
        self.ledger.bring_up(&mut state)?;
        let now = self.ledger.now();
        let prefix = format!("{}/", run.workflow_id);
        let open = state.approvals().iter().filter(|it| {
            it.state(now) == ApprovalState::Waiting && it.call.server == "workflow" && it.call.tool.starts_with(&prefix)
        });
        let mut found = Vec::new();
        for asked in open {
            let stored = self.ledger.reader()?.record(asked.seq)?;
            if stored.record.is_some_and(|record| record.tags.contains(&run.run_id)) {
                found.push(asked.id.to_string());
            }
        }
        Ok(found)
    }

    /// Shows a run, and says how the program ends for it.
    pub(super) fn show(&self, run: &Run, definition: &Definition, context: &Context) -> Result<Exit, Failure> {
        let waiting = if run.status.is_open() { self.waiting(run)? } else { Vec::new() };
        context.out.show(&RunDetail { run, definition, now: self.ledger.now(), waiting: &waiting })?;
        Ok(context.answered(&self.ledger, exit(run.status)))
    }
}

/// 0 where all of it is done, 2 where it failed or was called off, 3 where something is still open.
pub(super) const fn exit(status: RunStatus) -> Exit {
    match status {
        RunStatus::Completed => Exit::Clean,
        RunStatus::Failed | RunStatus::Cancelled => Exit::Failure,
        RunStatus::Running | RunStatus::Frozen | RunStatus::Unknown => Exit::Incomplete,
    }
}

/// One line of what happens.
fn line(run: &str, event: &RunEvent) -> Option<String> {
    Some(match event {
        RunEvent::Began { workflow_id, .. } => format!("{run} {workflow_id} began"),
        RunEvent::StepBegan { path, .. } => format!("{run} {path} starting"),
        RunEvent::StepEnded { path, end, .. } => {
            let how = match end {
                sealbook_flow::workflow::StepEnd::Completed(_) | sealbook_flow::workflow::StepEnd::Hidden => {
                    "completed"
                }
                sealbook_flow::workflow::StepEnd::Cancelled => "called off",
                _ => "failed",
            };
            format!("{run} {path} {how}")
        }
        RunEvent::Ended { status, .. } => format!("{run} {}", status.as_str()),
        RunEvent::NotUndoable { path, .. } => format!("{run} {path} cannot be taken back"),
        RunEvent::Frozen | RunEvent::Resumed | RunEvent::CallBegan { .. } | RunEvent::CallEnded { .. } => return None,
    })
}

/// The definition in a file, where the word names one.
fn file(word: &str) -> Result<Option<Definition>, Failure> {
    let path = Path::new(word);
    if word != "-" && !path.is_file() {
        return Ok(None);
    }
    let mut input = Input::open(path)?;
    let bytes = input.read_all()?;
    let at = |error: sealbook_flow::Error| Failure::from(error).at(input.name.clone());
    let text = String::from_utf8(bytes).map_err(|error| Failure::InputNotUtf8 {
        place: format!("{}:1", crate::input::name_of(path)),
        column: error.utf8_error().valid_up_to() + 1,
    })?;
    Ok(Some(Definition::read(&text).map_err(|error| at(error.into()))?))
}

/// JSON: itself, `@FILE`, or `-` for standard input.
pub(super) fn json(what: &str, given: &str) -> Result<serde_json::Value, Failure> {
    let bytes = match given.strip_prefix('@') {
        Some(file) => Input::open(Path::new(file))?.read_all()?,
        None if given == "-" => Input::open(Path::new("-"))?.read_all()?,
        None => given.as_bytes().to_vec(),
    };
    serde_json::from_slice(&bytes).map_err(|cause| {
        let told = format!("{what} is no JSON: line {}, column {}", cause.line(), cause.column());
        Failure::usage(told, "give one JSON value, `@FILE`, or `-` for standard input")
    })
}

/// A map, as [`json`].
pub(super) fn map(what: &str, given: &str) -> Result<serde_json::Map<String, serde_json::Value>, Failure> {
    match json(what, given)? {
        serde_json::Value::Object(map) => Ok(map),
        _ => Err(Failure::usage(format!("{what} is no map"), "write `{\"name\": value}`")),
    }
}

/// Does what waits, until it is done.
pub(super) fn wait_for<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|cause| Failure::Input { name: "the system's timers".to_owned(), cause })?;
    Ok(runtime.block_on(work))
}

/// Waits a while.
pub(super) fn pause(how_long: Duration) -> Result<(), Failure> {
    wait_for(async move { tokio::time::sleep(how_long).await })
}

/// Comes when a person ends the program: what runs is called off, and that is on record. A second signal ends it at
/// once.
pub(super) fn interrupted() -> Result<Pin<Box<dyn Future<Output = ()> + Send>>, Failure> {
    let failed = |cause| Failure::Input { name: "signals".to_owned(), cause };
    let ended = sealbook_gate::ended_by_signal().map_err(failed)?;
    Ok(Box::pin(async move {
        while !ended.load(Ordering::Relaxed) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }))
}

/// Randomness for ids.
pub(super) fn random() -> u64 {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("the kernel's random generator answers");
    u64::from_le_bytes(bytes)
}
