//! Adding hooks to an agent's settings, and taking them out again.

use std::fmt::Write as _;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use sealbook_gate::hooks::{Agent, install};
use serde::{Deserialize, Serialize};

use crate::command::Context;
use crate::environment::Environment;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;

/// What is to be done to which settings.
pub(crate) struct Change<'a> {
    pub(crate) agent: Agent,
    pub(crate) undo: bool,
    pub(crate) yes: bool,
    pub(crate) project: bool,
    pub(crate) settings: Option<&'a Path>,
    pub(crate) classification: Option<&'a str>,
}

/// What lies beside settings that were changed, until that is undone.
#[derive(Serialize, Deserialize)]
struct Kept {
    v: u32,
    /// The settings as they were; none where there were none.
    original: Option<String>,
    /// What was made of them.
    installed: String,
}

pub(crate) fn run(change: &Change<'_>, context: &Context) -> Result<Exit, Failure> {
    let named = path(change, &context.environment)?;
    // Settings are often links into a directory of their own: that is changed, not the link.
    let path = named.canonicalize().unwrap_or(named);
    let beside = beside(&path);
    let present = read(&path)?;
    if change.undo {
        return undo(change, &path, &beside, present.as_deref(), context);
    }
    let command = command(change, context)?;
    let at = |cause: sealbook_gate::Error| Failure::from(cause).at(path.display().to_string());
    let Some(changed) = install::with_hooks(change.agent, present.as_deref(), &command).map_err(at)? else {
        context.note(&format!("the hooks are in {} already", path.display()));
        return Ok(Exit::Clean);
    };
    context.out.write_text(&diff(&path, present.as_deref().unwrap_or_default(), &changed))?;
    if !change.yes {
        context.note("nothing was written; --yes writes it");
        return Ok(Exit::Clean);
    }
    let kept = match read(&beside)?.as_deref().map(serde_json::from_str::<Kept>) {
        // Added to what we added before: the first state is the one to go back to.
        Some(Ok(kept)) if Some(&kept.installed) == present.as_ref() => Kept { installed: changed.clone(), ..kept },
        _ => Kept { v: 1, original: present, installed: changed.clone() },
    };
    // What lies beside them holds what they hold: keys of services, for one.
    write_like(&path, &beside, &serde_json::to_string_pretty(&kept).expect("texts are JSON"))?;
    write(&path, &changed)?;
    context.note(&format!("the hooks are in {}; `--undo` takes them out again", path.display()));
    Ok(Exit::Clean)
}

fn undo(
    change: &Change<'_>,
    path: &Path,
    beside: &Path,
    present: Option<&str>,
    context: &Context,
) -> Result<Exit, Failure> {
    let shown = path.display();
    let Some(kept) = read(beside)? else {
        let what = format!("no hooks of ours were added to {shown}");
        return Err(Failure::usage(what, "name the settings with --settings or --project as when they were added"));
    };
    let kept: Kept = serde_json::from_str(&kept)
        .map_err(|_| Failure::usage(format!("{} cannot be read", beside.display()), "take the hooks out by hand"))?;
    if present != Some(&kept.installed) {
        let what = format!("{shown} was changed since the hooks were added");
        let mend = format!("take them out by hand; how it was before is in {}", beside.display());
        return Err(Failure::usage(what, mend));
    }
    let original = kept.original.as_deref();
    context.out.write_text(&diff(path, &kept.installed, original.unwrap_or_default()))?;
    if !change.yes {
        context.note("nothing was written; --yes writes it");
        return Ok(Exit::Clean);
    }
    match original {
        Some(original) => write(path, original)?,
        None => remove(path)?,
    }
    remove(beside)?;
    context.note(&format!("{shown} is as it was"));
    Ok(Exit::Clean)
}

fn path(change: &Change<'_>, environment: &Environment) -> Result<PathBuf, Failure> {
    let own = install::settings_path(change.agent);
    if let Some(path) = change.settings {
        return Ok(environment.absolute(path));
    }
    if change.project {
        return Ok(environment.current_dir.join(own));
    }
    if let (Agent::Codex, Some(home)) = (change.agent, &environment.codex_home) {
        return Ok(home.join("hooks.json"));
    }
    Ok(environment.home.as_ref().ok_or(Failure::HomeUnknown)?.join(own))
}

/// What the agent's shell is to run: this program by its place, since a hook that is not found lets the
/// call go on.
fn command(change: &Change<'_>, context: &Context) -> Result<String, Failure> {
    let failed = |cause| Failure::Input { name: "the path of this program".to_owned(), cause };
    let program = Environment::program().map_err(failed)?;
    let mut words = vec![program.display().to_string(), "hook".to_owned(), change.agent.to_string()];
    let (book, tenant) = context.named_book()?;
    let options = [("--book", Some(&*book)), ("--tenant", Some(&*tenant)), ("--classification", change.classification)];
    for (option, value) in options {
        if let Some(value) = value {
            words.extend([option.to_owned(), value.to_owned()]);
        }
    }
    // The user's settings hold in every project, and a project's own book, rules and stops come first there.
    if !change.project {
        words.push("--outside-projects".to_owned());
    }
    Ok(words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "))
}

/// A word as a POSIX shell reads it.
fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=@%+,".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().as_bytes().to_vec();
    name.extend_from_slice(b".before-sealbook");
    PathBuf::from(std::ffi::OsString::from(std::ffi::OsStr::from_bytes(&name)))
}

fn read(path: &Path) -> Result<Option<String>, Failure> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(Failure::Input { name: path.display().to_string(), cause }),
    }
}

/// Writes a file whole or not at all, with the mode that it had.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    write_like(path, path, text)
}

/// As [`write`], with the mode of another file.
fn write_like(like: &Path, path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |cause| Failure::Output { name: path.display().to_string(), cause };
    let mode = like.metadata().map(|found| found.permissions()).ok();
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir).map_err(failed)?;
    }
    output::write_file(path, |out| out.write_all(text.as_bytes()).map_err(failed))?;
    mode.map_or(Ok(()), |mode| std::fs::set_permissions(path, mode)).map_err(failed)
}

fn remove(path: &Path) -> Result<(), Failure> {
    std::fs::remove_file(path).map_err(|cause| Failure::Output { name: path.display().to_string(), cause })
}

/// What changes, line by line, with three lines around.
fn diff(path: &Path, old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let lines = script(&old, &new);
    let is_near = |at: usize| lines[at.saturating_sub(3)..lines.len().min(at + 4)].iter().any(|(mark, _)| *mark != ' ');
    let mut out = format!("--- {path}\n+++ {path}\n", path = sealbook_report::shown(&path.display().to_string()));
    let mut is_gap = false;
    for (at, (mark, line)) in lines.iter().enumerate() {
        if is_near(at) {
            let _ = writeln!(out, "{mark}{}", sealbook_report::shown(line));
            is_gap = false;
        } else if !is_gap {
            out.push_str("@@\n");
            is_gap = true;
        }
    }
    out
}

/// The longest common subsequence as a script. Settings are short: beyond a bound, all is told as replaced.
fn script<'t>(old: &[&'t str], new: &[&'t str]) -> Vec<(char, &'t str)> {
    const CELLS_MAX: usize = 4_000_000;
    if old.len().saturating_mul(new.len()) > CELLS_MAX {
        return old.iter().map(|line| ('-', *line)).chain(new.iter().map(|line| ('+', *line))).collect();
    }
    let width = new.len() + 1;
    let mut longest = vec![0_u32; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            longest[i * width + j] = if old[i] == new[j] {
                longest[(i + 1) * width + j + 1] + 1
            } else {
                longest[(i + 1) * width + j].max(longest[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push((' ', old[i]));
            (i, j) = (i + 1, j + 1);
        } else if i < old.len() && (j == new.len() || longest[(i + 1) * width + j] >= longest[i * width + j + 1]) {
            lines.push(('-', old[i]));
            i += 1;
        } else {
            lines.push(('+', new[j]));
            j += 1;
        }
    }
    lines
}
