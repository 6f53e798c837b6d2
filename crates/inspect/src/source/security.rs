//! The `security` source: what in a tree lets others in. Secrets that are written out, ways to write code that are
//! wrong nearly wherever they stand, permissions that are too wide, and dependencies that somebody warns of.
//!
//! Each run tells all that lies there now, and ends with a `security.scan` record that says with which rules it looked,
//! at what, and what a comment in a file allowed. Without a rule, or with advisories that cannot be read, the run is
//! incomplete: nothing was found because nothing was looked for.
//!
//! A secret leaves this source as a keyed digest, a length and a rule.

mod advisories;
mod files;
mod permission;
mod surroundings;
mod tell;

use std::path::{Path, PathBuf};

use sealbook_record::TargetKind;
use serde::Serialize;

use self::files::{Look, Seen};
use self::tell::Teller;
pub(crate) use self::tell::{RulesTold, SecretTold};
use crate::secrets::RuleSet;
use crate::source::file::list::{self, Missing};
use crate::source::{refuse_file, resolved};
use crate::{Coverage, Error, OptionHelp, Options, Prior, Progress, Request, Sink, Source, SourceMetadata, TreePath};

/// The source's name in records.
const NAME: &str = "security";
const SCAN: &str = "security.scan";
const SECRET: &str = "security.secret";
const PATTERN: &str = "security.pattern";
const PERMISSION: &str = "security.permission";
const ADVISORY: &str = "security.advisory";

/// Bytes of a file of rules.
const RULES_BYTES: u64 = 8 << 20;

/// Reads what in a tree lets others in.
#[derive(Debug, Clone, Copy, Default)]
pub struct SecuritySource;

static METADATA: SourceMetadata = SourceMetadata {
    name: NAME,
    about: "Secrets that are written out, insecure code, permissions too wide, dependencies with known holes",
    version: "1",
    kinds: &[TargetKind::File],
    actions: &[SECRET, PATTERN, PERMISSION, ADVISORY, SCAN],
    options: &[
        OptionHelp {
            name: "rules",
            about: "A file of rules for secrets, in the form of gitleaks, in place of the built-in ones",
        },
        OptionHelp { name: "advisories", about: "A directory with advisories of OSV or RustSec" },
    ],
};

/// Options of the `security` source, and of whoever looks for secrets in history.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SecurityOptions {
    /// Rules for secrets in the form of gitleaks' configuration, in place of the built-in ones.
    pub rules: Option<PathBuf>,
    /// Advisories of OSV (JSON) or `RustSec` (Markdown), anywhere below this directory.
    pub advisories: Option<PathBuf>,
}

impl SecurityOptions {
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The rules that are in force, and what is missing of them in the coverage.
    pub(crate) fn rules(&self, coverage: &mut Coverage) -> Result<RuleSet, Error> {
        let Some(path) = &self.rules else { return Ok(RuleSet::built_in()) };
        let refuse = |cause: String| Error::RulesInvalid { path: path.clone(), cause };
        let size = path.metadata().map_err(|cause| refuse(cause.to_string()))?.len();
        if size > RULES_BYTES {
            return Err(refuse(format!("it has {size} bytes; {RULES_BYTES} at most are read")));
        }
        let text = std::fs::read(path).map_err(|cause| refuse(cause.to_string()))?;
        let rules = RuleSet::of_file(&String::from_utf8(text).map_err(|_| refuse("it is no UTF-8".to_owned()))?)
            .map_err(refuse)?;
        for refused in &rules.refused {
            if refused.weakens {
                let about = format!("{}: {}", refused.what, refused.why);
                coverage.skip(TreePath::from(&**path), "rule_not_supported", Some(about));
            } else {
                coverage.notes.push(format!("{} of {} is not in force: {}", refused.what, path.display(), refused.why));
            }
        }
        if rules.len() == 0 {
            let why = "no rule was loaded, so nothing was looked for".to_owned();
            coverage.skip(TreePath::from(&**path), "no_rules", Some(why));
        }
        Ok(rules)
    }
}

/// What the index holds and the tree lacks: not checked out, or deleted and not committed.
fn missing(root: &Path, teller: &mut Teller<'_>, coverage: &mut Coverage) {
    let mut deleted = 0_u64;
    for Missing { path, is_left_out } in list::missing(root) {
        teller.unread(&path);
        if is_left_out {
            let why = "git tracks it, and was told not to check it out".to_owned();
            coverage.skip(path, "not_checked_out", Some(why));
        } else {
            deleted += 1;
        }
    }
    if deleted > 0 {
        coverage.notes.push(format!("{deleted} files that git tracks are not in the tree, which is not committed"));
    }
}

impl Source for SecuritySource {
    fn metadata(&self) -> &'static SourceMetadata {
        &METADATA
    }

    fn accepts(&self, target: &Path) -> Result<(), Error> {
        refuse_file(NAME, target)
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
        let root = resolved(&request.target)?;
        self.accepts(&root)?;
        let mut coverage = Coverage::default();
        let options = &request.options.security;
        let rules = options.rules(&mut coverage)?;
        let patterns = RuleSet::patterns();
        let mut teller = Teller::new(request, &rules, &patterns);
        let look = Look { secrets: &rules, patterns: &patterns, ignore_files: request.options.file.ignore_files };
        files::run(&root, request.threads, &look, progress, &mut |path, seen| {
            match seen {
                Seen::Text { bytes, found } => {
                    coverage.covered += 1;
                    coverage.bytes += bytes;
                    teller.found(&path, found, sink, &mut coverage)?;
                }
                Seen::Binary { bytes } => {
                    coverage.bytes += bytes;
                    teller.binaries += 1;
                    teller.unread(&path);
                }
                Seen::Permission(issues) => teller.permissions(&path, issues, sink)?,
                Seen::LeftOut(left_out) => left_out.tell(&mut coverage),
                Seen::Gap { why, detail } => {
                    teller.unread(&path);
                    coverage.skip(path, why, detail);
                }
            }
            Ok(())
        })?;
        missing(&root, &mut teller, &mut coverage);
        let why = match teller.binaries {
            0 => "there is nothing here to look through".to_owned(),
            count => format!("{count} files are here, and none of them is text that can be looked through"),
        };
        coverage.nothing_read(TreePath::from("."), "no_file", why);
        if let Some(directory) = &options.advisories {
            advisories::run(request, directory, prior, &mut teller, sink, &mut coverage, progress)?;
        }
        teller.finish(&root, sink, &mut coverage)?;
        Ok(coverage)
    }
}
