//! Processes of this host, and what they take.

use std::time::Duration;

use serde_json::json;
use sysinfo::{Pid, Process, ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};

use super::check::{Limits, Means, Seen, State};

/// Between two looks there must be so much, or shares of a core mean nothing.
const BETWEEN: Duration = Duration::from_millis(250);
/// Processes of one name that are listed.
const LISTED: usize = 20;
/// A process identifier is shorter.
const PID_FILE_BYTES: u64 = 64;

/// The processes there are.
pub(super) struct Processes(Option<System>);

impl Processes {
    /// Looks twice, so that it can be told what each takes at this moment.
    pub(super) fn look() -> Self {
        let Ok(mut system) = System::new() else { return Self(None) };
        let what = ProcessRefreshKind::nothing().with_memory().with_cpu().with_cmd(UpdateKind::OnlyIfNotSet);
        system.refresh_processes_specifics(ProcessesToUpdate::All, true, what);
        let (_hold, wait) = std::sync::mpsc::channel::<()>();
        let _ = wait.recv_timeout(BETWEEN);
        system.refresh_processes_specifics(ProcessesToUpdate::All, true, what);
        Self(Some(system))
    }

    /// There is none that needs them.
    pub(super) fn none() -> Self {
        Self(None)
    }
}

pub(super) fn look(
    means: &Means<'_>,
    name: &str,
    arguments: Option<&str>,
    pid_file: Option<&str>,
    limits: Limits,
) -> Seen {
    let Some(system) = &means.processes.0 else { return Seen::unknown("the processes of this host cannot be listed") };
    let of_file = match pid_file.map(|path| read_pid(&means.directory.join(path))).transpose() {
        Ok(pid) => pid,
        Err(why) => return Seen::down(why),
    };
    let fits = |process: &Process| {
        let is_named = process.name().to_string_lossy() == name.get(..15.min(name.len())).unwrap_or(name)
            || process.cmd().first().is_some_and(|word| is_program(&word.to_string_lossy(), name));
        let line = || process.cmd().iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
        is_named && arguments.is_none_or(|wanted| line().contains(wanted))
    };
    // A thread is no process of its own, and one that has ended and waits for its parent does nothing more.
    let lives = |process: &&Process| {
        process.thread_kind().is_none() && !matches!(process.status(), sysinfo::ProcessStatus::Zombie)
    };
    let mut found: Vec<&Process> = match of_file {
        Some(pid) => system.process(Pid::from_u32(pid)).into_iter().filter(lives).filter(|it| fits(it)).collect(),
        None => system.processes().values().filter(lives).filter(|it| fits(it)).collect(),
    };
    if found.is_empty() {
        return match of_file {
            Some(pid) => Seen::down(format!("process {pid}, which the file names, is not there or another one")),
            None => Seen::down("no such process runs"),
        };
    }
    found.sort_by_key(|process| (process.start_time(), process.pid()));
    let mut seen = Seen::new(State::Up, None);
    seen.figure("processes", found.len());
    let pids: Vec<u32> = found.iter().take(LISTED).map(|process| process.pid().as_u32()).collect();
    seen.figures.insert("pids".to_owned(), json!(pids));
    seen.figure("started_s", found[0].start_time());
    seen.figure("uptime_s", found[0].run_time());
    if !means.health_only {
        let cpu = found.iter().map(|process| f64::from(process.cpu_usage())).sum::<f64>();
        let memory = found.iter().map(|process| process.memory()).sum::<u64>();
        seen.figures.insert("cpu_percent".to_owned(), json!((cpu * 10.0).round() / 10.0));
        seen.figure("memory_bytes", memory);
        seen.hold(limits, Some(cpu), Some(memory as f64 / f64::from(1 << 20)));
    }
    seen
}

/// Whether the first word of a command line is that program; some write their state after it (`postgres: writer`).
fn is_program(word: &str, name: &str) -> bool {
    let word = word.split([' ', ':']).next().unwrap_or(word);
    word.rsplit('/').next().is_some_and(|word| word == name)
}

fn read_pid(path: &std::path::Path) -> Result<u32, String> {
    use std::io::Read as _;
    let mut text = String::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(PID_FILE_BYTES).read_to_string(&mut text));
    read.map_err(|cause| format!("its file of the process cannot be read: {}", cause.kind()))?;
    text.trim().parse().map_err(|_| "its file of the process holds no number".to_owned())
}
