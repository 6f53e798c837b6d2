//! Starts programs for tests, with nothing but `PATH`.

use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};

use sealbook_flow::{Launch, Launched, McpProgram};
use tokio::net::unix::pipe;

pub(crate) struct Starter;

struct Alive(Child);

impl Drop for Alive {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Launch for Starter {
    fn launch(&self, program: &McpProgram) -> Result<Launched, String> {
        let mut command = Command::new(&program.command);
        command.args(&program.arguments).env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin");
        for (name, value) in &program.environment {
            command.env(name, value.as_str());
        }
        let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut child = started.map_err(|cause| format!("it cannot be started: {}", cause.kind()))?;
        let (to, from) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Ok(Launched {
            input: Box::new(pipe::Sender::from_owned_fd(OwnedFd::from(to)).unwrap()),
            output: Box::new(pipe::Receiver::from_owned_fd(OwnedFd::from(from)).unwrap()),
            alive: Box::new(Alive(child)),
        })
    }
}
