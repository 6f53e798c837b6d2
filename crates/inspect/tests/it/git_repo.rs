//! Repositories made for a test, and what git itself says of them.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sealbook_inspect::{Coverage, Error, FileOptions, GitOptions, Silent, source};
use tempfile::TempDir;

use crate::book::Book;

/// A repository in a directory of its own, out of reach of the user's configuration.
pub(crate) struct Repo {
    home: TempDir,
    pub(crate) path: PathBuf,
    clock: i64,
}

impl Repo {
    pub(crate) fn new() -> Self {
        Self::with(&["init", "-q", "-b", "main"])
    }

    /// With the arguments of `git init`.
    pub(crate) fn with(init: &[&str]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("repo");
        std::fs::create_dir(&path).unwrap();
        let repo = Self { home, path, clock: 1_600_000_000 };
        repo.git(init);
        repo.git(&["config", "core.quotepath", "off"]);
        repo.git(&["config", "gc.auto", "0"]);
        repo
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new("git");
        let clock = format!("{} +0130", self.clock);
        command
            .current_dir(&self.path)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.home.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs([("GIT_AUTHOR_NAME", "Ann Author"), ("GIT_AUTHOR_EMAIL", "ann@example.org")])
            .envs([("GIT_COMMITTER_NAME", "Carl Committer"), ("GIT_COMMITTER_EMAIL", "carl@example.org")])
            .env("GIT_AUTHOR_DATE", &clock)
            .env("GIT_COMMITTER_DATE", &clock);
        command
    }

    pub(crate) fn try_git<S: AsRef<OsStr>>(&self, args: &[S]) -> Output {
        self.command().args(args).output().unwrap()
    }

    /// Standard output; the command must succeed.
    pub(crate) fn git<S: AsRef<OsStr>>(&self, args: &[S]) -> Vec<u8> {
        let output = self.try_git(args);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {:?}: {said}", args.iter().map(AsRef::as_ref).collect::<Vec<_>>());
        output.stdout
    }

    pub(crate) fn line<S: AsRef<OsStr>>(&self, args: &[S]) -> String {
        String::from_utf8(self.git(args)).unwrap().trim().to_owned()
    }

    pub(crate) fn head(&self) -> String {
        self.line(&["rev-parse", "HEAD"])
    }

    pub(crate) fn write(&self, path: impl AsRef<[u8]>, content: impl AsRef<[u8]>) {
        let path = self.path.join(OsStr::from_bytes(path.as_ref()));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Commits whatever is in the working tree, a minute after the last commit.
    pub(crate) fn commit(&mut self, message: &str) -> String {
        self.clock += 60;
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "--no-verify", "-m", message]);
        self.head()
    }

    /// The same, in which it is later than in any test's book.
    pub(crate) fn later(mut self) -> Self {
        self.clock = 1_800_000_000;
        self
    }

    /// Lets a minute pass.
    pub(crate) fn tick(&mut self) {
        self.clock += 60;
    }

    /// Writes and commits one file.
    pub(crate) fn save(&mut self, path: &str, content: impl AsRef<[u8]>, message: &str) -> String {
        self.write(path, content);
        self.commit(message)
    }

    /// Many commits at once, each of which changes one of a few files.
    pub(crate) fn import(&mut self, commits: usize) {
        let mut stream = String::new();
        for at in 0..commits {
            self.clock += 60;
            let (clock, message) = (self.clock, format!("number {at}\n"));
            let content = format!("{at}\n{}", "line\n".repeat(at % 40));
            write!(stream, "commit refs/heads/main\ncommitter Carl <carl@example.org> {clock} +0000\n").unwrap();
            write!(stream, "data {}\n{message}", message.len()).unwrap();
            write!(stream, "M 644 inline dir/file-{}\ndata {}\n{content}\n", at % 7, content.len()).unwrap();
        }
        self.fast_import(&stream);
    }

    /// What `git fast-import` makes of a stream; branches go wherever it says.
    pub(crate) fn fast_import(&self, stream: &str) {
        let path = self.path.join(".git/stream");
        std::fs::write(&path, stream).unwrap();
        let stream = std::fs::File::open(path).unwrap();
        let status = self.command().args(["fast-import", "--quiet", "--force"]).stdin(stream).status().unwrap();
        assert!(status.success());
    }

    pub(crate) fn loose(&self, id: &str) -> PathBuf {
        self.path.join(".git/objects").join(&id[..2]).join(&id[2..])
    }
}

impl Book {
    pub(crate) fn git(&self, target: &Path, options: GitOptions) -> Coverage {
        self.try_git(target, options).unwrap()
    }

    pub(crate) fn try_git(&self, target: &Path, options: GitOptions) -> Result<Coverage, Error> {
        let mut request = self.request(target, FileOptions::default());
        request.options.git = options;
        source("git")?.collect(&request, self, &mut self.page(), &Silent)
    }
}

/// Decodes standard base64, for paths that are no text.
pub(crate) fn base64(text: &str) -> Vec<u8> {
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let digits: Vec<u8> = text.bytes().take_while(|byte| *byte != b'=').map(digit).collect();
    let mut bytes = Vec::new();
    for group in digits.chunks(4) {
        let bits = group.iter().fold(0_u32, |bits, digit| bits << 6 | u32::from(*digit)) << (6 * (4 - group.len()));
        bytes.extend_from_slice(&bits.to_be_bytes()[1..group.len()]);
    }
    bytes
}
