//! A program that is run with pipes for its input and output: its standard error stays ours, signals that end
//! us are handed on to it, and its exit code is told.

use std::ffi::OsStr;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;

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
}

impl Child {
    /// Starts a program. No shell is involved.
    pub fn start(program: &OsStr, arguments: &[impl AsRef<OsStr>]) -> io::Result<(Self, ChildStdin, ChildStdout)> {
        // Before the program is there: a signal in between is handed on and not lost.
        let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP, SIGQUIT])?;
        let mut inner = Command::new(program).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let pid = Arc::new(Mutex::new(i32::try_from(inner.id()).ok().and_then(Pid::from_raw)));
        let own = Arc::clone(&pid);
        std::thread::Builder::new().name("sealbook-signals".to_owned()).spawn(move || {
            for number in signals.forever() {
                let pid = own.lock().unwrap_or_else(PoisonError::into_inner);
                if let (Some(pid), Some(signal)) = (*pid, Signal::from_named_raw(number)) {
                    let _ = kill_process(pid, signal);
                }
            }
        })?;
        let (to, from) = (inner.stdin.take(), inner.stdout.take());
        let (to, from) = to.zip(from).ok_or_else(|| io::Error::other("the program has no pipes"))?;
        Ok((Self { inner, pid }, to, from))
    }

    /// Waits until it has ended.
    pub fn wait(mut self) -> Left {
        let status = self.inner.wait();
        self.pid.lock().unwrap_or_else(PoisonError::into_inner).take();
        status.map_or_else(|cause| Left { code: 2, said: format!("the server was lost: {cause}") }, left)
    }
}

fn left(status: ExitStatus) -> Left {
    if let Some(code) = status.code() {
        return Left { code: code as u8, said: format!("the server ended with code {code}") };
    }
    let signal = status.signal().unwrap_or_default();
    Left { code: 128 | (signal as u8 & 0x7f), said: format!("the server was ended by signal {signal}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_signals_are_told() {
        let of = |script: &str| Child::start(OsStr::new("sh"), &["-c", script]).unwrap().0.wait();
        assert_eq!(of("exit 7"), Left { code: 7, said: "the server ended with code 7".to_owned() });
        assert_eq!(of("kill -9 $$").code, 137);
        assert!(Child::start(OsStr::new("/nowhere/nothing"), &["x"]).is_err());
    }
}
