//! Other processes: this test binary, started again as another program.

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use crate::{appender, limits, power};

const ROLE: &str = "FAULTS_ROLE";

/// Not a test of its own: what the other tests start. Without a role it does nothing.
#[test]
fn program() {
    match std::env::var(ROLE).as_deref() {
        Err(_) => {}
        Ok("append") => appender::main(),
        Ok("fill the disk") => limits::fill_the_disk(),
        Ok("no room for a book") => limits::no_room(),
        Ok("read only") => limits::read_only(),
        Ok("lose power") => power::program::main(),
        Ok(other) => panic!("no program `{other}`"),
    }
}

/// A number that the parent has set.
pub(crate) fn setting(name: &str) -> u64 {
    text_setting(name).parse().unwrap_or_else(|_| panic!("{name} is not a number"))
}

/// A text that the parent has set.
pub(crate) fn text_setting(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

/// How often something is tried: what the variable says, or the share that every test run affords.
pub(crate) fn share(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |_| setting(variable))
}

/// This binary as a program with a role.
pub(crate) fn command(role: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("a test knows its file"));
    command
        .args(["child::program", "--exact", "--nocapture", "--test-threads=1"])
        .env(ROLE, role)
        .env("RUST_BACKTRACE", "0");
    command
}

/// Says a line to the parent, in one write: a process that is killed says all of it or nothing.
pub(crate) fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).expect("the parent listens");
    out.flush().expect("the parent listens");
}

/// Waits for the parent to say go.
pub(crate) fn wait_for_go() {
    // The test harness has begun a line.
    say("\nready\n");
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).expect("the parent speaks");
}

/// A process under way.
pub(crate) struct Process {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts it, up to where it waits for go.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("this binary runs");
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let mut process = Self { child, lines };
        while process.next().expect("it ended before it was ready") != "ready" {}
        process
    }

    /// Lets it go on.
    pub(crate) fn go(&mut self) {
        let stdin = self.child.stdin.as_mut().expect("it is piped");
        // It may be dead already, where somebody kills it on purpose.
        let _ = stdin.write_all(b"go\n").and_then(|()| stdin.flush());
    }

    /// The next line it says; `None` when it has ended.
    pub(crate) fn next(&mut self) -> Option<String> {
        self.lines.next().map(|line| line.expect("it says text"))
    }

    /// SIGKILL. What it said before stays to be read.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it can be killed");
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().expect("it can be waited for")
    }
}

/// Runs a command to its end and shows what it said if it failed.
pub(crate) fn run_to_end(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().expect("it runs");
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}

/// Whether a program is there and does as told.
pub(crate) fn works(program: &str, arguments: &[&str]) -> bool {
    let status = Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// Passes the place to a program.
pub(crate) fn at<'c>(command: &'c mut Command, root: &Path) -> &'c mut Command {
    command.env("FAULTS_ROOT", root)
}

/// The place that the parent has passed.
pub(crate) fn root() -> std::path::PathBuf {
    text_setting("FAULTS_ROOT").into()
}
