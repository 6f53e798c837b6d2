//! `sealbook wrap` in front of the server, spoken to on its input and output.

use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

use super::Wire;
use crate::{Result, place, program};

struct Pipes {
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

pub(super) fn durable(measure: &mut dyn FnMut(&mut dyn Wire) -> Result<f64>) -> Result<f64> {
    with(&[], measure)
}

pub(super) fn buffered(measure: &mut dyn FnMut(&mut dyn Wire) -> Result<f64>) -> Result<f64> {
    with(&["--buffered"], measure)
}

fn with(options: &[&str], measure: &mut dyn FnMut(&mut dyn Wire) -> Result<f64>) -> Result<f64> {
    let home = place::fresh()?;
    let own = || -> Result<Command> {
        let mut command = Command::new(program()?);
        command.env_clear().env("SEALBOOK_HOME", home.path().join("home")).env("HOME", home.path());
        command.current_dir(home.path());
        Ok(command)
    };
    // A gateway makes no book.
    if !own()?.args(["--book", "default", "init", "--quiet"]).stdout(Stdio::null()).status()?.success() {
        return Err("sealbook init failed".into());
    }
    let mut command = own()?;
    command.arg("wrap").args(options).arg("--").arg(std::env::current_exe()?).arg("server");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let to = child.stdin.take().ok_or("the child has an input")?;
    let from = BufReader::new(child.stdout.take().ok_or("the child has an output")?);
    let mut pipes = Pipes { to, from };
    let figure = measure(&mut pipes);
    // Its input ends, and so does it.
    drop(pipes);
    let status = child.wait()?;
    if figure.is_ok() && !status.success() {
        return Err(format!("sealbook wrap: {status}").into());
    }
    figure
}

impl Wire for Pipes {
    fn send(&mut self, message: &Value, is_answered: bool) -> Result<String> {
        let mut line = message.to_string();
        line.push('\n');
        self.to.write_all(line.as_bytes())?;
        line.clear();
        if is_answered {
            self.from.read_line(&mut line)?;
        }
        Ok(line)
    }
}
