//! A program that is run, with pipes for its input and output or with ours: its standard error stays ours,
//! signals that end us are handed on to it, and its exit code is told.

mod captured;
mod served;

pub use captured::{Captured, run_captured};
pub use served::Served;

use std::ffi::OsStr;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::low_level::siginfo::Cause;

/// A running program.
#[derive(Debug)]
pub struct Child {
    inner: std::process::Child,
    /// Whom signals go to; nobody once it has ended.
    pid: Arc<Mutex<Option<Pid>>>,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// Its exit code; 128 and the signal's number where a signal ended it.
    pub code: u8,
    /// The same in words.
    pub said: String,
    /// The signal that ended it.
    pub signal: Option<i32>,
}

impl Child {
    /// Starts a program. No shell is involved.
    pub fn start(program: &OsStr, arguments: &[impl AsRef<OsStr>]) -> io::Result<(Self, ChildStdin, ChildStdout)> {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = Self::spawn(&mut command, true)?;
        let (to, from) = (child.inner.stdin.take(), child.inner.stdout.take());
        let (to, from) = to.zip(from).ok_or_else(|| io::Error::other("the program has no pipes"))?;
        Ok((child, to, from))
    }

    /// Starts a program on our own input and output. What a terminal sends to all that run in it (an
    /// interrupt, a quit) it gets from there; what somebody sends to us alone is handed on. We outlive it.
    pub fn attached(program: &OsStr, arguments: &[impl AsRef<OsStr>]) -> io::Result<Self> {
        Self::spawn(Command::new(program).args(arguments), false)
    }

    fn spawn(command: &mut Command, hands_all_on: bool) -> io::Result<Self> {
        // Before the program is there: a signal in between is handed on and not lost.
        let mut signals = SignalsInfo::<WithOrigin>::new([SIGTERM, SIGINT, SIGHUP, SIGQUIT])?;
        let inner = command.spawn()?;
        let pid = Arc::new(Mutex::new(i32::try_from(inner.id()).ok().and_then(Pid::from_raw)));
        let own = Arc::clone(&pid);
        std::thread::Builder::new().name("sealbook-signals".to_owned()).spawn(move || {
            for origin in signals.forever() {
                let pid = own.lock().unwrap_or_else(PoisonError::into_inner);
                let (Some(pid), Some(signal)) = (*pid, Signal::from_named_raw(origin.signal)) else { continue };
                // A terminal sends these to the program too, and what it sends itself it knows.
                let is_its_own = matches!(origin.signal, SIGINT | SIGQUIT)
                    && match origin.cause {
                        Cause::Sent(_) => origin.process.is_some_and(|by| by.pid == pid.as_raw_nonzero().get()),
                        _ => true,
                    };
                if hands_all_on || !is_its_own {
                    let _ = kill_process(pid, signal);
                }
            }
        })?;
        Ok(Self { inner, pid })
    }

    /// Waits until it has ended.
    pub fn wait(mut self) -> Left {
        let status = self.inner.wait();
        self.pid.lock().unwrap_or_else(PoisonError::into_inner).take();
        status.map_or_else(|cause| Left { code: 2, said: format!("it was lost: {cause}"), signal: None }, left)
    }
}

/// Runs a program to its end: without input, without output, and not for longer than `most`; then it is killed.
///
/// Errors: why it did not end well, in words that quote nothing.
pub fn run_briefly(program: &OsStr, arguments: &[impl AsRef<OsStr>], most: Duration) -> Result<(), String> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|cause| format!("it cannot be started: {}", cause.kind()))?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let (say, ended) = channel();
    // It is seen that it has ended, and not taken away: until `wait` below its number is nobody else's.
    std::thread::spawn(move || {
        let seen = pid.map(|pid| waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT));
        let _ = say.send(seen.is_some_and(|seen| seen.is_ok()));
    });
    let is_late = ended.recv_timeout(most).is_err();
    if is_late {
        let _ = child.kill();
    }
    let left = left(child.wait().map_err(|cause| format!("it was lost: {}", cause.kind()))?);
    match (is_late, left.code) {
        (true, _) => Err("it took too long and was killed".to_owned()),
        (false, 0) => Ok(()),
        (false, _) => Err(left.said),
    }
}

fn left(status: ExitStatus) -> Left {
    if let Some(code) = status.code() {
        return Left { code: code as u8, said: format!("it ended with code {code}"), signal: None };
    }
    let signal = status.signal().unwrap_or_default();
    Left { code: 128 | (signal as u8 & 0x7f), said: format!("it was ended by signal {signal}"), signal: Some(signal) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_run_briefly_ends_or_is_ended() {
        let run = |script: &str, most: u64| run_briefly("sh".as_ref(), &["-c", script], Duration::from_millis(most));
        assert_eq!(run("exit 0", 60_000), Ok(()));
        assert_eq!(run("exit 3", 60_000), Err("it ended with code 3".to_owned()));
        assert_eq!(run("exec sleep 600", 50), Err("it took too long and was killed".to_owned()));
        let missing = run_briefly("/nowhere/program".as_ref(), &[""; 0], Duration::from_mins(1));
        assert_eq!(missing, Err("it cannot be started: entity not found".to_owned()));
    }

    #[test]
    fn codes_and_signals_are_told() {
        let of = |script: &str| Child::start(OsStr::new("sh"), &["-c", script]).unwrap().0.wait();
        assert_eq!(of("exit 7"), Left { code: 7, said: "it ended with code 7".to_owned(), signal: None });
        assert_eq!(of("kill -9 $$").code, 137);
        assert!(Child::start(OsStr::new("/nowhere/nothing"), &["x"]).is_err());
    }
}
