//! `sealbook wrap --install`: a client's own configuration, with its servers behind the gateway.

use std::ffi::OsString;
use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::super::Context;
use super::clients::{CLIENTS, Client};
use super::edit::{self, Edited};
use crate::exit::Exit;
use crate::failure::Failure;

/// What the file was called before.
const KEPT: &str = ".before-sealbook";

/// Which file, and what is to be done with it.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Install: put a client's servers behind the gateway")]
pub(super) struct Installing {
    /// The client whose configuration is rewritten: claude-desktop, claude-code, cursor, vscode, windsurf, gemini
    ///
    /// Shows what would change, and changes it with --yes. The file of the project is meant where
    /// there is one, else that of the user. --observe, --fail, --buffered and --record go
    /// into the configuration, and the book that is found from here, by its directory: wherever the client starts
    /// the gateway, its rules and stops hold.
    #[arg(long, value_name = "CLIENT", value_parser = names())]
    pub(super) install: Option<String>,
    /// Change the file
    #[arg(long, requires = "install")]
    yes: bool,
    /// Bring back what the file was before
    #[arg(long, requires = "install")]
    undo: bool,
    /// The configuration file [default: where the client keeps it]
    #[arg(long, value_name = "FILE", requires = "install")]
    file: Option<PathBuf>,
}

impl Installing {
    /// Whether the client's servers come out from behind the gateway.
    pub(super) fn undoes(&self) -> bool {
        self.undo
    }
}

fn names() -> Vec<&'static str> {
    CLIENTS.iter().map(|client| client.name).collect()
}

pub(super) fn run(args: &Installing, options: &[String], context: &Context) -> Result<Exit, Failure> {
    let name = args.install.as_deref().unwrap_or_default();
    let client = Client::named(name).expect("the names are checked when they are read");
    let path = find(args, client, context)?;
    let before = read(&path)?;
    let broken = |at: usize| {
        let line = before.get(..at).unwrap_or(&before).matches('\n').count() + 1;
        let what = format!("{}, line {line}: this is no JSON", path.display());
        Failure::usage(what, "mend that line; nothing was changed")
    };
    let edited = if args.undo {
        undone(client, &path, &before).map_err(broken)?
    } else {
        let program = program()?;
        edit::wrap(&before, client.key, &program, options).map_err(broken)?
    };
    show(args, client, &path, &before, &edited, context)?;
    if args.yes && edited.text != before {
        let kept = kept(&path);
        if !args.undo && !kept.exists() {
            write(&kept, &before, &path)?;
        }
        write(&path, &edited.text, &path)?;
        if args.undo {
            let _ = fs::remove_file(&kept);
        }
    }
    Ok(Exit::Clean)
}

/// What the file was, to the byte, where nothing else was changed since; otherwise what it is with the servers
/// taken out from behind the gateway.
fn undone(client: &Client, path: &Path, now: &str) -> Result<Edited, usize> {
    let plain = edit::unwrap(now, client.key)?;
    let Ok(before) = fs::read_to_string(kept(path)) else { return Ok(plain) };
    let was = edit::unwrap(&before, client.key)?;
    // The kept text, put behind the gateway as the file shows it, must give the file.
    let is_same = edit::rewrapped(&before, now, client.key) == Some(now.to_owned());
    Ok(if is_same && was.servers.is_empty() { Edited { text: before, ..plain } } else { plain })
}

fn find(args: &Installing, client: &Client, context: &Context) -> Result<PathBuf, Failure> {
    let candidates = match &args.file {
        Some(file) => vec![context.environment.absolute(file)],
        None => client.candidates(&context.environment),
    };
    let found = candidates.iter().find_map(|path| path.canonicalize().ok());
    found.ok_or_else(|| {
        let places: Vec<String> = candidates.iter().map(|path| path.display().to_string()).collect();
        Failure::usage(
            format!("{} has no configuration at {}", client.name, places.join(" or ")),
            "add a server in the client first, or name the file with --file",
        )
    })
}

fn show(
    args: &Installing,
    client: &Client,
    path: &Path,
    before: &str,
    edited: &Edited,
    context: &Context,
) -> Result<(), Failure> {
    let diff = edit::diff(before, &edited.text);
    if diff.is_empty() {
        context.note(&format!("{}: nothing to change", path.display()));
    } else {
        let shown: String = diff.lines().map(|line| sealbook_report::shown(line).into_owned() + "\n").collect();
        context.out.write_text(&format!("{}\n{shown}", path.display()))?;
    }
    if !edited.remote.is_empty() && !args.undo {
        let names = edited.remote.join(", ");
        context.note(&format!("left as they are, since nothing is run for them: {names}"));
    }
    if !diff.is_empty() {
        let said = match (args.yes, args.undo) {
            (false, _) => "nothing was changed yet: add --yes".to_owned(),
            (true, false) => format!("changed; `sealbook wrap --install {} --undo --yes` brings it back", client.name),
            (true, true) => "brought back".to_owned(),
        };
        context.note(&format!("{said}; restart the client afterwards"));
    }
    Ok(())
}

/// The program as it was started, to be found again from anywhere.
fn program() -> Result<String, Failure> {
    let path = std::env::current_exe().map_err(|cause| Failure::Program { program: "sealbook".to_owned(), cause })?;
    path.into_os_string().into_string().map_err(|_: OsString| {
        Failure::usage("the path of this program is not UTF-8", "install it in another directory")
    })
}

fn kept(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(KEPT);
    PathBuf::from(name)
}

fn read(path: &Path) -> Result<String, Failure> {
    let failed = |cause| Failure::Input { name: path.display().to_string(), cause };
    String::from_utf8(fs::read(path).map_err(failed)?)
        .map_err(|_| failed(std::io::Error::new(ErrorKind::InvalidData, "it is not UTF-8")))
}

/// Writes a file whole or not at all, with the mode of `like`: such files hold keys of services.
fn write(path: &Path, text: &str, like: &Path) -> Result<(), Failure> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(".new");
    let draft = PathBuf::from(draft);
    let written = (|| {
        let mode = fs::metadata(like)?.permissions().mode();
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(text.as_bytes())?;
        file.set_permissions(fs::Permissions::from_mode(mode))?;
        file.sync_all()?;
        fs::rename(&draft, path)
    })();
    written.map_err(|cause| {
        let _ = fs::remove_file(&draft);
        Failure::Output { name: path.display().to_string(), cause }
    })
}
