//! The `quality` source: what linters say, run here or read from SARIF, and words that are banned.
//!
//! Each run of a tool seals one `quality.run` record: version, digest of the configuration, rules loaded, files
//! covered, exit, and all that is open; `quality.page` where that is too long for one record; one `quality.finding`
//! for each thing that appears, changes, moves or goes; and `quality.failed` where a tool crashed, is missing or was
//! not allowed. Of a tool that loaded no rules nothing is believed.
//!
//! Tools that run code of the tree (clippy its build scripts, eslint its configuration, mypy its plugins) run only
//! where they are named. Files are changed only where that is asked for: the digests of before and after are sealed,
//! the intent before anything is changed.

mod banned;
mod fix;
mod open;
mod tell;
mod tool;
mod tree;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sealbook_record::TargetKind;
use serde::Serialize;

use self::banned::Word;
use self::open::keyed;
use self::tell::{Teller, Telling};
use self::tool::{Crash, Desk, Report, Said, TOOLS, Tool, read_sarif};
use self::tree::Tree;
use crate::progress::go_on;
use crate::reach::Trust;
use crate::source::resolved;
use crate::{Coverage, Error, OptionHelp, Options, Prior, Progress, Request, Sink, Source, SourceMetadata, TreePath};

/// The source's name in records.
pub(crate) const NAME: &str = "quality";
pub(crate) const RUN: &str = "quality.run";
pub(crate) const PAGE: &str = "quality.page";
const FINDING: &str = "quality.finding";
const FAILED: &str = "quality.failed";
const FIX: &str = "quality.fix";
/// The name under which banned words are told.
const BANNED: &str = "banned-words";

/// Options of the `quality` source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct QualityOptions {
    /// Only these tools, also where they run code of the tree; those that do not and have files where none is named.
    pub run: Vec<String>,
    /// Where programs lie, by the tool's name; they are looked for by their name otherwise.
    pub programs: BTreeMap<String, PathBuf>,
    /// Reports in SARIF to read.
    pub sarif: Vec<PathBuf>,
    /// Leave linters out.
    pub without_tools: bool,
    /// Leave banned words out.
    pub without_banned: bool,
    /// The file of banned words; what lies at the usual places where nothing is given.
    pub banned: Option<PathBuf>,
    /// Let tools mend what they can, in the files themselves.
    pub fix: bool,
}

impl QualityOptions {
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The tools there are.
    pub fn tools() -> impl Iterator<Item = &'static str> {
        TOOLS.iter().map(|tool| tool.name())
    }
}

/// Reads what linters say.
#[derive(Debug, Clone, Copy, Default)]
pub struct QualitySource;

static METADATA: SourceMetadata = SourceMetadata {
    name: NAME,
    about: "Quality: ruff, mypy, bandit, clippy, eslint, reports in SARIF, banned words",
    version: "1",
    kinds: &[TargetKind::Quality, TargetKind::File],
    actions: &[RUN, PAGE, FINDING, FAILED, FIX],
    options: &[
        OptionHelp { name: "run", about: "Only these tools, also where they run code of the tree" },
        OptionHelp { name: "sarif", about: "Reports in SARIF to read" },
        OptionHelp { name: "banned-words", about: "Only banned words" },
        OptionHelp { name: "fix", about: "Let tools mend what they can" },
    ],
};

impl Source for QualitySource {
    fn metadata(&self) -> &'static SourceMetadata {
        &METADATA
    }

    fn selects(&self, _: &Options) -> bool {
        false
    }

    fn collect(
        &self,
        request: &Request<'_>,
        prior: &dyn Prior,
        sink: &mut dyn Sink,
        progress: &dyn Progress,
    ) -> Result<Coverage, Error> {
        let target = resolved(&request.target)?;
        let own_root = || if target.is_dir() { target.clone() } else { target.parent().unwrap_or(&target).to_owned() };
        let root = request.base.clone().filter(|base| target.starts_with(base)).unwrap_or_else(own_root);
        let mut coverage = Coverage::default();
        let options = &request.options.quality;
        let words = words(&root, options, &mut coverage);
        let mut said: Vec<Said> = Vec::new();
        let tree =
            Tree::walk(&root, &target, request.options.file.ignore_files, &mut coverage, progress, &mut |file| {
                words.iter().flatten().for_each(|word| word.find(file, &mut said));
            })?;
        (coverage.covered, coverage.bytes) = (tree.texts.len() as u64, tree.bytes);
        let mut run = Running { request, prior, sink, coverage, root: &root, target: &target, tree: &tree, loaded: 0 };
        if let Some(words) = &words {
            run.banned(words, said)?;
        }
        if !options.without_tools {
            run.tools(progress)?;
        }
        for path in &options.sarif {
            go_on(progress)?;
            run.report(path)?;
        }
        if run.loaded == 0 && run.coverage.is_complete() {
            let detail = "no tool ran, no report was read, no word is banned".to_owned();
            run.coverage.skip(TreePath::from("."), "no_rules", Some(detail));
        }
        Ok(run.coverage)
    }
}

/// The banned words; nothing where nobody bans any.
fn words(root: &Path, options: &QualityOptions, coverage: &mut Coverage) -> Option<Vec<Word>> {
    if options.without_banned {
        return None;
    }
    let usual = || banned::PLACES.iter().map(|place| root.join(place)).find(|path| path.is_file());
    let Some(path) = options.banned.clone().or_else(usual) else {
        if options.without_tools {
            let detail = format!("no file bans words; write {}", banned::PLACES[0]);
            coverage.skip(TreePath::from("."), "no_rules", Some(detail));
        }
        return None;
    };
    let read = std::fs::read_to_string(&path).map_err(|cause| cause.kind().to_string());
    match read.and_then(|text| banned::words(&text)) {
        Ok(words) if words.is_empty() => {
            coverage.skip(TreePath::from(&*path), "no_rules", Some("it bans no word".to_owned()));
            None
        }
        Ok(words) => Some(words),
        Err(detail) => {
            coverage.skip(TreePath::from(&*path), "words_unreadable", Some(detail.chars().take(200).collect()));
            None
        }
    }
}

/// One run of the source.
struct Running<'a, 'r> {
    request: &'a Request<'r>,
    prior: &'a dyn Prior,
    sink: &'a mut dyn Sink,
    coverage: Coverage,
    root: &'a Path,
    target: &'a Path,
    tree: &'a Tree,
    /// Tools, reports and lists that had rules.
    loaded: u64,
}

impl Running<'_, '_> {
    fn teller(&mut self) -> Teller<'_, '_> {
        let scope = open::relative(&self.target.to_string_lossy(), &self.root.to_string_lossy());
        Teller { request: self.request, prior: self.prior, sink: self.sink, scope }
    }

    fn banned(&mut self, words: &[Word], said: Vec<Said>) -> Result<(), Error> {
        let files = Some(self.tree.texts.len() as u64);
        let rules = Some(words.len() as u64);
        let report = Report { rules, files, said, ..Report::default() };
        let lines = self.tree.endings.values().map(|(_, lines)| lines).sum();
        self.loaded += 1;
        self.tell(BANNED, report, "", (0, lines), "own")
    }

    fn tools(&mut self, progress: &dyn Progress) -> Result<(), Error> {
        let options = &self.request.options.quality;
        for tool in TOOLS {
            go_on(progress)?;
            let is_named = options.run.iter().any(|name| name == tool.name());
            if !tool.applies(self.tree) || !(is_named || options.run.is_empty()) {
                if is_named {
                    let detail = "there is nothing here that it reads".to_owned();
                    self.coverage.skip(TreePath::from(tool.name()), "nothing_to_read", Some(detail));
                }
                continue;
            }
            progress.begin(tool.name(), None);
            let done = self.tool(*tool, is_named);
            progress.end();
            done?;
        }
        Ok(())
    }

    fn tool(&mut self, tool: &dyn Tool, is_named: bool) -> Result<(), Error> {
        let trust = tool.trust(self.tree);
        if trust == Trust::Tree && !is_named {
            let detail = format!("it runs code of the tree; name it to let it: --run {}", tool.name());
            return self.crashed(tool.name(), &Crash { why: "not_consented", detail, exit: None });
        }
        let desk = Desk {
            reach: self.request.reach,
            program: self.program(tool),
            root: self.root,
            target: self.seen_from_root(),
            trust,
            tree: self.tree,
        };
        let config = self.tree.digest(tool.configuration());
        if self.request.options.quality.fix {
            let before = tool.run(&desk);
            match before {
                Ok(report) => self.report_of(tool, report, &config)?,
                Err(crash) => return self.crashed(tool.name(), &crash),
            }
            // Cargo takes the whole workspace, and what it changed elsewhere would be in no record.
            let is_scoped = tool.name() != "clippy" || self.target == self.root;
            let Some(arguments) = tool.fix(&desk).filter(|_| is_scoped) else {
                let note = format!("{} mends nothing here by itself", tool.name());
                self.coverage.notes.push(note);
                return Ok(());
            };
            let tree = self.tree;
            if let Err(crash) = fix::fix(&mut self.teller(), tool, &desk, tree, arguments)? {
                return self.crashed(tool.name(), &crash);
            }
        }
        match tool.run(&desk) {
            Ok(report) => self.report_of(tool, report, &config),
            Err(crash) => self.crashed(tool.name(), &crash),
        }
    }

    fn report_of(&mut self, tool: &dyn Tool, report: Report, config: &str) -> Result<(), Error> {
        if report.rules == Some(0) || report.files == Some(0) {
            let (why, detail) = match report.rules {
                Some(0) => ("no_rules", "it loaded no rule: its configuration turns all of them off"),
                _ => ("no_files", "it looked at no file: its configuration leaves all of them out"),
            };
            return self.crashed(tool.name(), &Crash { why, detail: detail.to_owned(), exit: report.exit });
        }
        self.loaded += 1;
        let counted = self.tree.count(tool.endings());
        self.tell(tool.name(), report, config, counted, "run")
    }

    /// The program: where somebody says it, else by its name, else the project's own.
    fn program(&self, tool: &dyn Tool) -> PathBuf {
        let options = &self.request.options.quality;
        let name = if tool.name() == "clippy" { "cargo" } else { tool.name() };
        let own = self.root.join("node_modules/.bin").join(name);
        match options.programs.get(tool.name()) {
            Some(path) => path.clone(),
            // What the project itself brings is code of the tree: such a tool runs only where it is named.
            None if tool.trust(self.tree) == Trust::Tree && own.exists() => own,
            None => PathBuf::from(name),
        }
    }

    fn seen_from_root(&self) -> std::ffi::OsString {
        let below = self.target.strip_prefix(self.root).unwrap_or(Path::new(""));
        Path::new(".").join(below).into_os_string()
    }

    fn report(&mut self, path: &Path) -> Result<(), Error> {
        const REPORT_BYTES_MAX: u64 = 256 << 20;
        let read = std::fs::metadata(path).map_err(|cause| cause.kind().to_string()).and_then(|found| {
            if found.len() > REPORT_BYTES_MAX {
                return Err(format!("{} bytes; {REPORT_BYTES_MAX} at most are read", found.len()));
            }
            std::fs::read_to_string(path).map_err(|cause| cause.kind().to_string())
        });
        match read.and_then(|text| read_sarif(&text)) {
            Ok(runs) if runs.is_empty() => {
                self.coverage.skip(TreePath::from(path), "no_rules", Some("no tool ran for this report".to_owned()));
                Ok(())
            }
            Ok(runs) => {
                for (name, report) in runs {
                    self.loaded += 1;
                    let lines = self.tree.endings.values().map(|(_, lines)| lines).sum();
                    self.tell(&name, report, "", (0, lines), "sarif")?;
                }
                Ok(())
            }
            Err(detail) => {
                self.coverage.skip(TreePath::from(path), "report_unreadable", Some(detail.chars().take(200).collect()));
                Ok(())
            }
        }
    }

    fn tell(
        &mut self,
        tool: &str,
        report: Report,
        config: &str,
        (files, lines): (u64, u64),
        how: &'static str,
    ) -> Result<(), Error> {
        for (path, why, said) in &report.unread {
            let path = open::relative(path, &self.root.to_string_lossy());
            let said = said.as_deref().map(|said| sealbook_policy::redact_text(said).chars().take(200).collect());
            self.coverage.skip(TreePath::from(&*format!("{tool}: {path}")), *why, said);
        }
        let is_whole = report.unread.is_empty();
        let open = keyed(report.said, self.root, self.tree);
        let telling = Telling {
            tool,
            how,
            version: &report.version,
            config,
            rules: report.rules,
            files: report.files.unwrap_or(files),
            lines,
            exit: report.exit,
            is_whole,
        };
        self.teller().run(&telling, open)
    }

    fn crashed(&mut self, tool: &str, crash: &Crash) -> Result<(), Error> {
        let detail = crash.detail.chars().take(300).collect();
        self.coverage.skip(TreePath::from(tool), crash.why, Some(detail));
        self.teller().failed(tool, crash)
    }
}
