//! What every command needs to know of the workspace: its root, its tracked
//! files, its packages, and how to run something in it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// What a command came to: a line to say, or everything that is wrong.
pub(crate) type Verdict = Result<String, Vec<String>>;

/// One problem as a verdict.
pub(crate) fn fail<T>(problem: impl Into<String>) -> Result<T, Vec<String>> {
    Err(vec![problem.into()])
}

/// `said` if there are no problems.
pub(crate) fn verdict(problems: Vec<String>, said: impl FnOnce() -> String) -> Verdict {
    if problems.is_empty() { Ok(said()) } else { Err(problems) }
}

/// Whether a path ends in `.kind`.
pub(crate) fn is_kind(path: &str, kind: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == kind)
}

/// The checkout these commands work on.
pub(crate) struct Workspace {
    /// Absolute path of the directory that holds the workspace manifest.
    pub(crate) root: PathBuf,
}

impl Workspace {
    /// The workspace this program was built from.
    pub(crate) fn find() -> Result<Self, Vec<String>> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        match manifest.parent() {
            Some(root) if root.join("Cargo.toml").is_file() => Ok(Self { root: root.to_owned() }),
            _ => fail(format!("{}: no workspace above it; build xtask in the checkout", manifest.display())),
        }
    }

    /// Reads a file by its path from the root.
    pub(crate) fn read(&self, path: &str) -> Result<String, Vec<String>> {
        std::fs::read_to_string(self.root.join(path)).map_err(|cause| vec![format!("{path}: {cause}")])
    }

    /// Paths of the files git tracks or would track (new and not ignored), from the root, sorted,
    /// those that end in one of `endings`; all of them when `endings` is empty.
    pub(crate) fn files(&self, endings: &[&str]) -> Result<Vec<String>, Vec<String>> {
        let listed = self.capture("git", &["ls-files", "-z", "--cached", "--others", "--exclude-standard"])?;
        let mut files: Vec<String> = listed
            .split('\0')
            .filter(|path| !path.is_empty() && (endings.is_empty() || endings.iter().any(|end| path.ends_with(end))))
            .filter(|path| self.root.join(path).is_file())
            .map(str::to_owned)
            .collect();
        files.sort();
        files.dedup();
        Ok(files)
    }

    /// `cargo metadata` of the locked dependency graph.
    pub(crate) fn metadata(&self) -> Result<Value, Vec<String>> {
        let text = self.capture("cargo", &["metadata", "--format-version", "1", "--locked"])?;
        serde_json::from_str(&text).map_err(|cause| vec![format!("cargo metadata: {cause}")])
    }

    /// A command that runs in the root.
    pub(crate) fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.root);
        command
    }

    /// Runs a command, shows each line of its standard output as it comes, and returns them all.
    pub(crate) fn follow(command: &mut Command) -> Result<Vec<String>, Vec<String>> {
        let line = format!("{command:?}");
        let mut child = command.stdout(Stdio::piped()).spawn().map_err(|cause| vec![format!("{line}: {cause}")])?;
        let mut lines = Vec::new();
        if let Some(output) = child.stdout.take() {
            for text in BufReader::new(output).lines() {
                let text = text.map_err(|cause| vec![format!("{line}: {cause}")])?;
                println!("{text}");
                lines.push(text);
            }
        }
        match child.wait() {
            Ok(status) if status.success() => Ok(lines),
            Ok(status) => fail(format!("{line}: {status}")),
            Err(cause) => fail(format!("{line}: {cause}")),
        }
    }

    /// Runs a command and returns what it wrote to standard output.
    pub(crate) fn capture(&self, program: &str, arguments: &[&str]) -> Result<String, Vec<String>> {
        let line = format!("{program} {}", arguments.join(" "));
        let output = match self.command(program, arguments).stderr(Stdio::inherit()).output() {
            Ok(output) => output,
            Err(cause) => return fail(format!("`{line}`: {cause}")),
        };
        if !output.status.success() {
            return fail(format!("`{line}`: {}", output.status));
        }
        String::from_utf8(output.stdout).map_err(|_| vec![format!("`{line}`: output is not UTF-8")])
    }
}
