//! Passphrases: from the terminal without echo, a file or a descriptor; never from the arguments, which every
//! process of the machine can read, nor from the environment, which every child inherits.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use crate::failure::Failure;

/// Longer than anything that is typed: a stranger's file is not read to its end.
const PASSPHRASE_BYTES_MAX: u64 = 4_096;

/// Where a passphrase comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum From<'a> {
    Terminal,
    File(&'a Path),
    Descriptor(u32),
}

impl<'a> From<'a> {
    /// As two options say; the terminal where neither does.
    pub(crate) fn options(file: Option<&'a PathBuf>, descriptor: Option<u32>) -> Self {
        match (file, descriptor) {
            (Some(file), _) => Self::File(file),
            (None, Some(descriptor)) => Self::Descriptor(descriptor),
            (None, None) => Self::Terminal,
        }
    }

    /// Reads it: the first line, without its end. Asks twice where `twice`, on a terminal.
    pub(crate) fn read(self, prompt: &str, twice: bool) -> Result<Zeroizing<String>, Failure> {
        match self {
            Self::File(path) => first_line(path),
            Self::Descriptor(number) => first_line(Path::new(&format!("/dev/fd/{number}"))),
            Self::Terminal => {
                let new = if twice { "new-" } else { "" };
                let given = ask(prompt, new)?;
                if twice && ask("Again: ", new)? != given {
                    return Err(Failure::usage("the two passphrases differ", "type the same one twice"));
                }
                Ok(given)
            }
        }
    }
}

fn first_line(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let failed = |cause| Failure::Input { name: path.display().to_string(), cause };
    let mut line = Zeroizing::new(String::with_capacity(PASSPHRASE_BYTES_MAX as usize));
    let file = File::open(path).map_err(failed)?.take(PASSPHRASE_BYTES_MAX);
    BufReader::new(file).read_line(&mut line).map_err(failed)?;
    while line.ends_with(['\n', '\r']) {
        line.pop();
    }
    Ok(line)
}

/// Asks the terminal itself: standard input and output may be pipes.
fn ask(prompt: &str, new: &'static str) -> Result<Zeroizing<String>, Failure> {
    let mut terminal =
        File::options().read(true).write(true).open("/dev/tty").map_err(|_| Failure::PassphraseMissing { new })?;
    let before = tcgetattr(&terminal).map_err(|_| Failure::PassphraseMissing { new })?;
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    silent.local_modes.insert(LocalModes::ECHONL);
    let failed = |cause| Failure::Input { name: "/dev/tty".to_owned(), cause };
    terminal.write_all(prompt.as_bytes()).map_err(failed)?;
    tcsetattr(&terminal, OptionalActions::Flush, &silent).map_err(|_| Failure::PassphraseMissing { new })?;
    let mut line = Zeroizing::new(String::with_capacity(PASSPHRASE_BYTES_MAX as usize));
    let read = BufReader::new((&mut terminal).take(PASSPHRASE_BYTES_MAX)).read_line(&mut line);
    let restored = tcsetattr(&terminal, OptionalActions::Flush, &before);
    read.map_err(failed)?;
    restored.map_err(|cause| failed(cause.into()))?;
    while line.ends_with(['\n', '\r']) {
        line.pop();
    }
    Ok(line)
}
