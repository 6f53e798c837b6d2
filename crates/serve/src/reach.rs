//! What a run may reach beside files: programs by the gate, addresses by `flow`, and what it may not.

use std::future::Future;
use std::net::IpAddr;
use std::time::Duration;

use sealbook_flow::{Probe, ProbeFault};
use sealbook_gate::run_captured;
use sealbook_inspect::{Answered, Asked, Program, Ran, Reach, Trust, Unreached};
use tokio::runtime::{Builder, Runtime};

/// What a person allows a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Allowed {
    /// Programs that run their own code alone.
    pub programs: bool,
    /// Programs that run what the tree says: commands in it, its build scripts and configuration.
    pub code_of_the_tree: bool,
    /// Addresses on other machines.
    pub other_machines: bool,
}

impl Allowed {
    /// What a person's own command may do: anything but to run a stranger's code.
    pub const BY_A_PERSON: Self = Self { programs: true, code_of_the_tree: false, other_machines: true };
}

impl Reach for Allowed {
    fn run(&self, program: &Program<'_>) -> Result<Ran, Unreached> {
        if program.trust == Trust::Tree && !self.code_of_the_tree {
            return Err(Unreached::NotAllowed("it would run what the tree says, and nobody allowed that"));
        }
        if !self.programs {
            return Err(Unreached::NotAllowed("this run starts no programs"));
        }
        let Program { program, arguments, directory, most, bytes_max, .. } = program;
        let ran =
            run_captured(program, arguments, directory, *most, *bytes_max).map_err(|cause| match cause.kind() {
                std::io::ErrorKind::NotFound => Unreached::Missing("the program is not there".into()),
                kind => Unreached::Missing(format!("the program cannot be started: {kind}").into()),
            })?;
        if ran.is_late {
            return Err(Unreached::Late);
        }
        Ok(Ran { code: ran.code, out: ran.out, err: ran.err, is_cut: ran.is_cut })
    }

    fn ask(&self, asked: &Asked<'_>) -> Result<Answered, Unreached> {
        let is_runtime = |path: &std::path::Path| {
            path.file_name().is_some_and(|name| name == "docker.sock" || name == "podman.sock")
        };
        match asked.socket {
            Some(socket) if !self.other_machines && !is_runtime(socket) => {
                return Err(Unreached::NotAllowed("this run asks no sockets but those of container runtimes"));
            }
            Some(socket) if !socket.exists() => return Err(Unreached::Missing("the socket is not there".into())),
            Some(_) => {}
            None => self.admit(host_of(asked.url))?,
        }
        let Asked { method, url, headers, socket, most, bytes_max } = *asked;
        let probe = Probe { method, url, headers, socket, most, bytes_max };
        match wait(most, probe.ask())? {
            Ok(answer) => Ok(Answered { status: answer.status, body: answer.body, is_cut: answer.is_cut }),
            Err(ProbeFault::Unasked(why)) => Err(Unreached::Missing(why.into())),
            Err(ProbeFault::Late) => Err(Unreached::Late),
            Err(ProbeFault::Failed(why)) => Err(Unreached::Failed(why.into())),
        }
    }

    fn connect(&self, host: &str, port: u16, most: Duration) -> Result<(), Unreached> {
        self.admit(host)?;
        let connected = wait(most, tokio::net::TcpStream::connect((host, port)))?;
        connected.map(drop).map_err(|cause| {
            let why = match cause.kind() {
                std::io::ErrorKind::ConnectionRefused => "nobody listens there",
                std::io::ErrorKind::TimedOut => return Unreached::Late,
                std::io::ErrorKind::PermissionDenied => "this user may not connect there",
                _ => "it cannot be reached",
            };
            Unreached::Failed(why.into())
        })
    }
}

impl Allowed {
    fn admit(self, host: &str) -> Result<(), Unreached> {
        if self.other_machines || is_here(host) {
            return Ok(());
        }
        Err(Unreached::NotAllowed("this run asks nobody outside this machine"))
    }
}

/// Whether a host is this one by its own name or address; no other name is looked up.
fn is_here(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The host of an address, as it stands there.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or(rest);
    let host = authority.rsplit('@').next().unwrap_or(authority);
    match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
        Some((host, _)) => host,
        None => host.rsplit_once(':').map_or(host, |(host, _)| host),
    }
}

/// Waits for it on this thread, looking up names included.
fn wait<T>(most: Duration, work: impl Future<Output = T>) -> Result<T, Unreached> {
    let missing = |_| Unreached::Missing("this system gives no way to wait for an answer".into());
    let runtime: Runtime = Builder::new_current_thread().enable_all().build().map_err(missing)?;
    let done = runtime.block_on(async { tokio::time::timeout(most, work).await });
    // A name that is still looked up is not waited for.
    runtime.shutdown_background();
    done.map_err(|_| Unreached::Late)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_may_not_leave_this_machine_does_not() {
        let here = ["http://127.0.0.1:1/x", "http://localhost/", "http://ann:pw@[::1]:80/", "http://127.1.2.3"];
        let there = [
            "http://127.0.0.1.example.org/",
            "http://127.0.0.1@example.org/",
            "http://10.0.0.1/",
            "http://example.org\\@127.0.0.1/",
            "http://0x7f000001/",
        ];
        assert!(here.iter().all(|url| is_here(host_of(url))));
        assert!(there.iter().all(|url| !is_here(host_of(url))));
        let allowed = Allowed::default();
        assert!(matches!(allowed.connect("10.0.0.1", 1, Duration::from_secs(1)), Err(Unreached::NotAllowed(_))));
    }
}
