//! Runs of workflows: steps one after the other and beside each other, going on after many, and a book with many runs.

use std::path::Path;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use sealbook_flow::workflow::{
    BookWishes, Definition, Equipment, NoHands, Observer, RunEvent, RunRequest, RunStatus, Shelf, Wish, find_run, runs,
    wish,
};
use sealbook_flow::{Journal, LedgerJournal, NoSecrets, Recovery, Registry, Retry, SystemTime};
use sealbook_record::{Actor, ActorKind};
use sealbook_store::{Ledger, Options, SystemEntropy};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::measure::{Bound, Contender, Row, in_turns, rate, tell, timed};
use crate::{Result, book, place, raw, setting};

const STEPS: usize = 1_000;
const BRANCHES: usize = 100;
const ROUNDS: usize = 10_000;
const FEW: usize = 100;

pub(crate) fn run() -> Result {
    sequential()?;
    fan_out()?;
    going_on()?;
    many_runs()
}

/// A book, and what runs need in it.
struct Room {
    equipment: Equipment,
}

impl Room {
    fn new(dir: &Path) -> Result<Self> {
        Ok(Self::of(Arc::new(book::create(dir, true)?)))
    }

    fn of(ledger: Arc<Ledger>) -> Self {
        let journal: Arc<dyn Journal> = Arc::new(LedgerJournal::new(Arc::clone(&ledger), Arc::new(book::policy())));
        let (time, entropy) = (Arc::new(SystemTime::default()), Arc::new(SystemEntropy));
        let equipment = Equipment {
            tenant: ledger.tenant().to_owned(),
            shelf: Arc::new(Shelf::new(Arc::clone(&ledger))),
            ledger,
            tools: Arc::new(Registry::new()),
            recovery: Recovery { retry: Retry::default(), journal, time, entropy },
            secrets: Arc::new(NoSecrets),
            agents: Arc::new(NoHands),
            wishes: None,
            observer: None,
            notice: None,
        };
        Self { equipment }
    }

    /// Runs it once; in which time it did.
    fn run(&self, definition: &Definition, run_id: Option<String>) -> Result<Duration> {
        let actor = Some(Actor::new(ActorKind::Agent, "builder"));
        let request = RunRequest { actor, run_id, ..RunRequest::default() };
        let runner = self.equipment.clone().runner();
        let (run, took) = timed(|| Ok(wait_for(runner.run(definition, &request, Box::pin(std::future::pending())))??))?;
        if run.status != RunStatus::Completed {
            return Err(format!("the run ended as {}: {:?}", run.status.as_str(), run.why).into());
        }
        Ok(took)
    }
}

fn wait_for<T>(work: impl Future<Output = T>) -> Result<T> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work))
}

fn node(id: &str, node_type: &str, config: &Value) -> Value {
    json!({"node_id": id, "name": id, "node_type": node_type, "config": config})
}

fn definition(nodes: &[Value], edges: &[(String, String)]) -> Result<Definition> {
    let edges: Vec<Value> = edges.iter().map(|(from, to)| json!({"from": from, "to": to})).collect();
    let json = json!({"workflow_id": "bench", "name": "Bench", "timeout_s": 3_600, "nodes": nodes, "edges": edges});
    Ok(Definition::read(&json.to_string())?)
}

fn out() -> Value {
    node("out", "output", &json!({"template": "done"}))
}

/// Commits of bare SQLite, one row each, as many as there are steps.
fn commits(rows: &[raw::Packed], page: u32) -> Result<f64> {
    let place = place::fresh()?;
    let connection = raw::create(&place.path().join("raw.db"), page, raw::PACKED)?;
    let ((), took) =
        timed(|| rows.chunks(1).enumerate().try_for_each(|(at, row)| raw::insert_packed(&connection, 1 + at, row)))?;
    Ok(rate(rows.len(), took))
}

/// Rows as these runs leave them.
fn rows(definition: &Definition, count: usize) -> Result<(Vec<raw::Packed>, u32)> {
    let place = place::fresh()?;
    Room::new(place.path())?.run(definition, None)?;
    let ledger_db = book::layout(place.path()).ledger_db();
    let rows = raw::packed_rows(&ledger_db)?;
    Ok((rows.into_iter().cycle().take(count).collect(), raw::page_bytes(&ledger_db)?))
}

fn sequential() -> Result {
    let id = |at: usize| format!("s{at}");
    let mut nodes: Vec<Value> = (0..STEPS - 1).map(|at| node(&id(at), "parallel", &json!({}))).collect();
    nodes.push(out());
    let mut edges: Vec<(String, String)> = (1..STEPS - 1).map(|at| (id(at - 1), id(at))).collect();
    edges.push((id(STEPS - 2), "out".to_owned()));
    let chain = definition(&nodes, &edges)?;
    let (rows, page) = rows(&chain, STEPS)?;
    let ours = || Ok(rate(STEPS, Room::new(place::fresh()?.path())?.run(&chain, None)?));
    let contenders: Vec<Contender<'_>> = vec![("ours", Box::new(ours)), ("commits", Box::new(|| commits(&rows, page)))];
    let figures = in_turns(contenders)?;
    let what = "1,000 steps, one after the other, against commits";
    let row = Row { bench: "workflow", what, unit: "steps/s", target: Some(Bound::AtLeast(0.7)) };
    tell(row, &figures[0], &figures[1]);
    Ok(())
}

fn fan_out() -> Result {
    let id = |at: usize| format!("b{at}");
    let mut nodes = vec![node("fork", "parallel", &json!({"max_concurrent": 64}))];
    nodes.extend((0..BRANCHES).map(|at| node(&id(at), "parallel", &json!({}))));
    nodes.extend([node("join", "merge", &json!({"reducer": "list"})), out()]);
    let to = |from: &str, to: &str| (from.to_owned(), to.to_owned());
    let mut edges: Vec<(String, String)> =
        (0..BRANCHES).flat_map(|at| [to("fork", &id(at)), to(&id(at), "join")]).collect();
    edges.push(to("join", "out"));
    let wide = definition(&nodes, &edges)?;
    let (rows, page) = rows(&wide, BRANCHES)?;
    let ours = || Ok(rate(BRANCHES, Room::new(place::fresh()?.path())?.run(&wide, None)?));
    let contenders: Vec<Contender<'_>> = vec![("ours", Box::new(ours)), ("commits", Box::new(|| commits(&rows, page)))];
    let figures = in_turns(contenders)?;
    let what = "100 branches and their join, against commits";
    tell(Row { bench: "workflow", what, unit: "branches/s", target: None }, &figures[0], &figures[1]);
    Ok(())
}

/// A run with so many finished steps behind, whose process is gone: how long until it goes on.
fn going_on() -> Result {
    let extract = json!({"transform_type": "extract", "transform_config": {"source_field": "item", "path": "n"}});
    let body = json!([node("b", "transform", &extract)]);
    let config = json!({"iteration_source": "inputs.list", "loop_body": body, "max_iterations": ROUNDS});
    let list = json!({"input_type": "json", "default_value": (0..ROUNDS).map(|n| json!({"n": n})).collect::<Vec<_>>()});
    let wait = node("wait", "wait", &json!({"seconds": 3_000}));
    let nodes = [node("list", "input", &list), node("each", "loop", &config), wait, out()];
    let edges = [("list", "each"), ("each", "wait"), ("wait", "out")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    let long = definition(&nodes, &edges)?;
    let place = place::fresh()?;
    let id = "exec_000000000001".to_owned();
    {
        let room = Room::new(place.path())?;
        let request = RunRequest { run_id: Some(id.clone()), ..RunRequest::default() };
        let (ledger, journal) = (Arc::clone(&room.equipment.ledger), Arc::clone(&room.equipment.recovery.journal));
        let mut equipment = room.equipment.clone();
        let time = Arc::new(SystemTime::default());
        equipment.wishes = Some(Arc::new(BookWishes::new(ledger, time)));
        // It is halted in its wait, which is as a process that ends there leaves it.
        let at_wait: Observer = Arc::new(move |run, event| {
            if matches!(event, RunEvent::StepBegan { path, .. } if path == "wait") {
                let _ = wish(&*journal, run, "bench", Wish::Freeze, Actor::unknown(), None);
            }
        });
        equipment.observer = Some(at_wait);
        wait_for(equipment.runner().run(&long, &request, Box::pin(std::future::pending())))??;
    }
    let ours = || {
        let ledger = Ledger::open(book::layout(place.path()), Options::default())?;
        let mut equipment = Room::of(Arc::new(ledger)).equipment;
        let goes_on = Arc::new(Notify::new());
        let heard = Arc::clone(&goes_on);
        equipment.observer = Some(Arc::new(move |_, event| {
            if matches!(event, RunEvent::StepBegan { path, .. } if path == "wait") {
                heard.notify_one();
            }
        }));
        let (ledger, runner) = (Arc::clone(&equipment.ledger), equipment.runner());
        let ((), took) = timed(|| {
            let before = find_run(&ledger, &id)?;
            let request = RunRequest::default();
            let going = runner.resume(&long, &request, &before, Box::pin(std::future::pending()));
            let (mut going, mut first) = (Box::pin(going), Box::pin(goes_on.notified()));
            wait_for(std::future::poll_fn(|context| match going.as_mut().poll(context) {
                Poll::Ready(ended) => Poll::Ready(Err(format!("it ended: {ended:?}"))),
                Poll::Pending => first.as_mut().poll(context).map(Ok),
            }))??;
            Ok(())
        })?;
        Ok(took.as_secs_f64())
    };
    let figures = in_turns(vec![("ours", Box::new(ours)), ("a second", Box::new(|| Ok(1.0)))])?;
    let what = "going on with 10,000 finished steps behind, against a second";
    let row = Row { bench: "workflow", what, unit: "s", target: Some(Bound::AtMost(1.0)) };
    tell(row, &figures[0], &figures[1]);
    Ok(())
}

/// What `list`, `runs` and `status` take where there are many runs, against few.
fn many_runs() -> Result {
    let tiny = definition(&[out()], &[])?;
    let many = setting("SEALBOOK_BENCH_RUNS", 10_000)? as usize;
    let filled = |count: usize| -> Result<(tempfile::TempDir, Room)> {
        let place = place::fresh()?;
        let room = Room::new(place.path())?;
        let (shelf, journal) = (&room.equipment.shelf, &room.equipment.recovery.journal);
        let (tiny, _) = shelf.adopt(&**journal, &tiny, &Actor::unknown())?;
        (0..count).try_for_each(|at| room.run(&tiny, Some(format!("exec_{at:012x}"))).map(drop))?;
        find_run(&room.equipment.ledger, "exec_000000000000")?;
        Ok((place, room))
    };
    let asked = |room: &Room, count: usize| -> Result<f64> {
        let ledger = &room.equipment.ledger;
        let ((), took) = timed(|| {
            for at in 0..20 {
                Shelf::new(Arc::clone(ledger)).list()?;
                runs(ledger, None, &[], 20)?;
                find_run(ledger, &format!("exec_{:012x}", at * (count / 20)))?;
            }
            Ok(())
        })?;
        Ok(took.as_secs_f64() * 1e3 / 20.0)
    };
    let ((_one, few), (_other, much)) = (filled(FEW)?, filled(many)?);
    let contenders: Vec<Contender<'_>> =
        vec![("many", Box::new(|| asked(&much, many))), ("few", Box::new(|| asked(&few, FEW)))];
    let figures = in_turns(contenders)?;
    let what = "list, runs and status with 10,000 runs, against 100";
    let row = Row { bench: "workflow", what, unit: "ms", target: Some(Bound::AtMost(2.0)) };
    tell(row, &figures[0], &figures[1]);
    Ok(())
}
