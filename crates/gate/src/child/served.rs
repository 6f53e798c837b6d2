//! A program that serves us on its standard input and output, and ends with whoever started it.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

/// How long it has to end once it was asked to.
const GRACE: Duration = Duration::from_millis(500);

/// A running program, in a group of its own. When this is dropped, the whole group is ended.
#[derive(Debug)]
pub struct Served(std::process::Child);

impl Served {
    /// Starts a program with this environment and no other. No shell is involved; its standard error is dropped, for
    /// it may say anything.
    pub fn start(
        program: &OsStr,
        arguments: &[impl AsRef<OsStr>],
        environment: &[(OsString, OsString)],
        directory: &Path,
    ) -> io::Result<(Self, ChildStdin, ChildStdout)> {
        let mut command = Command::new(program);
        command.args(arguments).env_clear().envs(environment.iter().cloned()).current_dir(directory).process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let served = Self(child);
        let (to, from) = pipes.ok_or_else(|| io::Error::other("the program has no pipes"))?;
        Ok((served, to, from))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let Some(pid) = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw) else { return };
        let _ = kill_process_group(pid, Signal::TERM);
        let (say, ended) = channel();
        // It is seen that it has ended, and not taken away: until `wait` below its number is nobody else's.
        std::thread::spawn(move || {
            let seen = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
            let _ = say.send(seen.is_ok());
        });
        let _ = ended.recv_timeout(GRACE);
        let _ = kill_process_group(pid, Signal::KILL);
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};

    use super::*;

    #[test]
    fn it_has_the_environment_that_it_is_given_and_ends_with_us() {
        let environment = [("PATH", "/usr/bin:/bin"), ("ONE", "1")].map(|(name, value)| (name.into(), value.into()));
        // It heeds no end of its input and no signal that can be heeded.
        let script = "trap '' TERM; env | sort; echo; sleep 600 & read line; echo \"$line\"; wait; wait";
        let start = || Served::start("sh".as_ref(), &["-c", script], &environment, Path::new("/")).unwrap();
        let (served, mut to, from) = start();
        let mut lines = BufReader::new(from).lines().map_while(Result::ok);
        let names = lines.by_ref().take_while(|line| !line.is_empty());
        let names: Vec<String> = names.filter_map(|line| Some(line.split_once('=')?.0.to_owned())).collect();
        assert!(
            names.iter().all(|name| ["ONE", "PATH", "PWD", "OLDPWD", "SHLVL", "_"].contains(&name.as_str())),
            "{names:?}"
        );
        assert!(names.contains(&"ONE".to_owned()));
        to.write_all(b"hello\n").unwrap();
        assert_eq!(lines.next().as_deref(), Some("hello"));
        drop(served);
        // Its output ends, so that nothing of its group is left.
        assert_eq!(lines.next(), None);
    }
}
