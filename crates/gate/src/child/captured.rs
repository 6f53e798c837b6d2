//! A program whose output is read, and that ends in time with all that it started.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

/// A program that was run, and what it said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Captured {
    /// Its exit code; nothing where a signal ended it.
    pub code: Option<i32>,
    /// It took too long and was killed.
    pub is_late: bool,
    /// Its standard output, as far as it was kept.
    pub out: Vec<u8>,
    /// Its standard error, as far as it was kept.
    pub err: Vec<u8>,
    /// It said more than was kept.
    pub is_cut: bool,
}

/// Runs a program to its end, without input and without a shell. After `most` it is killed; what it started in its
/// group is killed when it ends. Of each output, `bytes_max` are kept, and the rest is read and dropped.
pub fn run_captured(
    program: &OsStr,
    arguments: &[impl AsRef<OsStr>],
    directory: &Path,
    most: Duration,
    bytes_max: usize,
) -> io::Result<Captured> {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(directory).process_group(0);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let out = child.stdout.take().map(|pipe| std::thread::spawn(move || keep(pipe, bytes_max)));
    let err = child.stderr.take().map(|pipe| std::thread::spawn(move || keep(pipe, bytes_max)));
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let (say, ended) = channel();
    // It is seen that it has ended, and not taken away: until `wait` below its number is nobody else's.
    std::thread::spawn(move || {
        let seen = pid.map(|pid| waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT));
        let _ = say.send(seen.is_some_and(|seen| seen.is_ok()));
    });
    let is_late = ended.recv_timeout(most).is_err();
    if let Some(pid) = pid {
        let _ = kill_process_group(pid, Signal::KILL);
    }
    let status = child.wait()?;
    let read = |pipe: Option<std::thread::JoinHandle<(Vec<u8>, bool)>>| {
        pipe.and_then(|pipe| pipe.join().ok()).unwrap_or_default()
    };
    let ((out, out_cut), (err, err_cut)) = (read(out), read(err));
    Ok(Captured { code: status.code(), is_late, out, err, is_cut: out_cut || err_cut })
}

fn keep(mut pipe: impl Read, most: usize) -> (Vec<u8>, bool) {
    let mut kept = Vec::new();
    let _ = pipe.by_ref().take(most as u64).read_to_end(&mut kept);
    let dropped = io::copy(&mut pipe, &mut io::sink()).unwrap_or(0);
    (kept, dropped > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(script: &str, most: u64, bytes: usize) -> Captured {
        let most = Duration::from_millis(most);
        run_captured("sh".as_ref(), &["-c", script], Path::new("/"), most, bytes).unwrap()
    }

    #[test]
    fn what_it_says_is_kept_as_far_as_it_may() {
        let ran = run("pwd; echo no >&2; exit 3", 60_000, 1_000);
        assert_eq!((ran.code, &*ran.out, &*ran.err), (Some(3), &b"/\n"[..], &b"no\n"[..]));
        let ran = run("head -c 200000 /dev/zero", 60_000, 10);
        assert_eq!((ran.code, ran.out.len(), ran.is_cut), (Some(0), 10, true));
    }

    #[test]
    fn what_takes_too_long_is_killed_with_all_that_it_started() {
        let ran = run("sleep 600 & sleep 600", 50, 10);
        assert!(ran.is_late && ran.code.is_none());
        // The output stays open with whoever inherited it: this ends because nobody is left.
        let ran = run("sleep 600 & exit 0", 60_000, 10);
        assert!(!ran.is_late && ran.code == Some(0));
        assert!(run_captured("/nowhere/x".as_ref(), &[""; 0], Path::new("/"), Duration::from_secs(1), 1).is_err());
    }
}
