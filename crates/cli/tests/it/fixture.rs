//! A home of its own for each test, and the program run in it with an empty environment.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;
use tempfile::TempDir;

/// A temporary home and a project in it.
pub(crate) struct Place {
    dir: TempDir,
}

/// What the program said and how it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Place {
    /// A home without a book, and an empty project directory.
    pub(crate) fn empty() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("shop")).unwrap();
        Self { dir }
    }

    /// The same with a book for the project, in which `ann` acts.
    pub(crate) fn new() -> Self {
        let place = Self::empty();
        place.ok(["init", "--quiet"]);
        place.configure("actor = \"ann\"\n");
        place
    }

    /// Writes the project's configuration, with the mark that makes it one of this home.
    pub(crate) fn configure(&self, text: &str) {
        let pointer = std::fs::read_to_string(self.project().join(".sealbook/book.toml")).unwrap();
        let marks = pointer.lines().find(|line| line.starts_with("marks")).unwrap();
        self.write(".sealbook/config.toml", format!("{text}{marks}\n"));
    }

    /// The project's directory, where the program is started.
    pub(crate) fn project(&self) -> PathBuf {
        self.dir.path().canonicalize().unwrap().join("shop")
    }

    /// The home: books, keys, heads.
    pub(crate) fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    /// The directory of the project's only book.
    pub(crate) fn book(&self) -> PathBuf {
        let books = std::fs::read_dir(self.home().join("books")).unwrap();
        let book = books.map(|book| book.unwrap().path()).find(|path| path.is_dir()).unwrap();
        book.join("default")
    }

    /// A path beside the project.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file of the project.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.project().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// The program, to be changed before it is run.
    pub(crate) fn command<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sealbook"));
        command.env_clear().env("SEALBOOK_HOME", self.home()).env("TZ", "UTC");
        command.current_dir(self.project()).args(arguments);
        command
    }

    /// Runs the program.
    pub(crate) fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Ended {
        end(&mut self.command(arguments), b"")
    }

    /// Runs the program with something on its standard input.
    pub(crate) fn run_with<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
        input: impl AsRef<[u8]>,
    ) -> Ended {
        end(&mut self.command(arguments), input.as_ref())
    }

    /// Runs the program, which must end clean; gives what it said.
    pub(crate) fn ok<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> String {
        let ended = self.run(arguments);
        assert_eq!(ended.code, 0, "{ended:?}");
        ended.out
    }

    /// The answer as JSON.
    pub(crate) fn json<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Value {
        let arguments = arguments.into_iter().map(|a| a.as_ref().to_owned());
        let out = self.ok(arguments.chain([OsStr::new("--format").to_owned(), OsStr::new("json").to_owned()]));
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
    }

    /// Seals a record and gives its sequence number.
    pub(crate) fn append(&self, arguments: &[&str]) -> u64 {
        self.json(["append"].iter().chain(arguments))["seq"].as_u64().unwrap()
    }

    /// Makes the approver's key, with a passphrase from a file.
    pub(crate) fn make_approver(&self) {
        std::fs::write(self.beside("passphrase"), "correct horse\n").unwrap();
        self.ok(["key", "approver", "--new-passphrase-file", self.beside("passphrase").to_str().unwrap()]);
    }

    /// Runs the program with the approver's passphrase; it must end clean.
    pub(crate) fn approved(&self, arguments: &[&str]) -> String {
        let passphrase = self.beside("passphrase");
        self.ok(arguments.iter().copied().chain(["--passphrase-file", passphrase.to_str().unwrap()]))
    }

    /// The only approver's key file.
    pub(crate) fn approver_file(&self) -> PathBuf {
        let keys = std::fs::read_dir(self.home().join("keys")).unwrap().map(|key| key.unwrap().path());
        let is_approver = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with("approver-");
        keys.into_iter().find(is_approver).unwrap()
    }

    /// The text without what differs from run to run.
    pub(crate) fn plain(&self, text: &str) -> String {
        let project = self.project().display().to_string();
        let dir = self.dir.path().canonicalize().unwrap().display().to_string();
        let text = text.replace(&project, "[project]").replace(&dir, "[dir]");
        let text = text.replace(&self.dir.path().display().to_string(), "[dir]");
        plain(&text)
    }
}

/// Runs a command to its end.
pub(crate) fn end(command: &mut Command, input: &[u8]) -> Ended {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A program that does not read its input closes the pipe.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    Ended {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Replaces ids, hashes, times, signatures and sizes by what they are.
fn plain(text: &str) -> String {
    static PATTERNS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
        [
            (r"sealbook/[0-9a-f]{32}", "[origin]"),
            (r"[0-9a-f]{8}-[0-9a-f]{4}-[78][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", "[id]"),
            (r"[0-9a-f]{64}", "[hash]"),
            (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)", "[time]"),
            (r"(?m)^[A-Za-z0-9+/]{43}=$", "[root]"),
            (r"— \[origin\] \S+", "— [origin] [signature]"),
            (r"\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}", "+[vkey]"),
            (r"shop-[0-9a-f]{8}", "shop-[random]"),
            (r#"marks = \["[0-9a-f]{32}"\]"#, "marks = [mark]"),
            (r"uid:\d+", "uid:[uid]"),
            (r"after [\d.]+ (µs|ms|s)", "after [duration]"),
            (r"\b[\d.]+ (B|KiB|MiB)\b", "[size]"),
            (r"(?m)^extra \S+$", "extra [leaf]"),
        ]
        .map(|(pattern, with)| (Regex::new(pattern).unwrap(), with))
        .into()
    });
    PATTERNS.iter().fold(text.to_owned(), |text, (pattern, with)| pattern.replace_all(&text, *with).into_owned())
}

/// Runs git with a fixed author and date, and no configuration of this machine.
pub(crate) fn git(root: &Path, arguments: &[&str]) {
    git_at(root, arguments, "2024-05-01T10:00:00Z");
}

/// The same at a time of its own.
pub(crate) fn git_at(root: &Path, arguments: &[&str], time: &str) {
    let mut command = Command::new("git");
    command.current_dir(root).args(arguments).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    for (name, value) in [
        ("HOME", "/nowhere"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_AUTHOR_NAME", "Ann"),
        ("GIT_AUTHOR_EMAIL", "ann@example.org"),
        ("GIT_AUTHOR_DATE", time),
        ("GIT_COMMITTER_NAME", "Ann"),
        ("GIT_COMMITTER_EMAIL", "ann@example.org"),
        ("GIT_COMMITTER_DATE", time),
    ] {
        command.env(name, value);
    }
    let ended = end(&mut command, b"");
    assert_eq!(ended.code, 0, "git {arguments:?}: {ended:?}");
}
