//! The coverage reports of a tree, and which of them tells of which file.

use std::collections::{BTreeSet, HashMap};
use std::os::fd::AsFd as _;
use std::path::Path;

use serde::Serialize;

use super::find::{Found, below};
use super::report::{Hits, PLACES, read};
use crate::source::file::list::{Content, open, read_below};
use crate::{Coverage, Error, TreePath};

/// Reports are shorter.
const REPORT_BYTES_MAX: u64 = 64 << 20;

/// All reports, by the files that they tell of.
#[derive(Default)]
pub(super) struct Reports {
    pub(super) read: Vec<Told>,
    /// By path below the root: the lines, and when the report was written.
    files: HashMap<String, (Hits, i64)>,
    /// Names of files whose paths begin elsewhere, as where another machine wrote the report.
    foreign: HashMap<String, Vec<(String, Hits, i64)>>,
}

/// A report that was read.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Told {
    pub(super) path: String,
    pub(super) format: &'static str,
    /// Files that it tells of.
    pub(super) files: usize,
}

impl Reports {
    /// Reads what lies at the usual places of the root and of the wanted modules, left out by ignore files or not.
    pub(super) fn look(root: &Path, found: &Found, coverage: &mut Coverage) -> Result<Self, Error> {
        let tree = open(root).map_err(|cause| Error::TargetUnreadable { path: root.to_owned(), cause })?;
        let mut reports = Self::default();
        let wanted = found.modules.iter().enumerate().filter(|(at, _)| found.is_wanted(*at));
        let mut directories: BTreeSet<&str> = wanted.map(|(_, module)| module.directory.as_str()).collect();
        directories.insert("");
        for directory in directories {
            for place in PLACES {
                let path = below(directory, place);
                if reports.read.iter().any(|known| known.path == path) {
                    continue;
                }
                let detail = match read_below(tree.as_fd(), &path, REPORT_BYTES_MAX) {
                    Some(Content::Whole { bytes, modified_s }) => {
                        let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned());
                        match text.and_then(|text| read(&text)) {
                            Ok(report) => {
                                reports.add(root, &path, directory, report, modified_s);
                                continue;
                            }
                            Err(detail) => detail,
                        }
                    }
                    Some(Content::TooLarge(size)) => format!("{size} bytes; {REPORT_BYTES_MAX} at most are read"),
                    Some(Content::Unreadable { detail, .. }) => detail.unwrap_or_default(),
                    None | Some(Content::NoFile) => continue,
                };
                let detail = detail.chars().take(200).collect();
                coverage.skip(TreePath::from(path.as_str()), "report_unreadable", Some(detail));
            }
        }
        Ok(reports)
    }

    fn add(&mut self, root: &Path, path: &str, directory: &str, report: super::report::Report, modified_s: i64) {
        self.read.push(Told { path: path.to_owned(), format: report.format, files: report.files.len() });
        let root = format!("{}/", TreePath::from(root).to_string().trim_end_matches('/'));
        for (name, hits) in report.files {
            let name = name.replace('\\', "/");
            let mut names = vec![name.clone()];
            if !name.starts_with('/') {
                names.extend(report.bases.iter().map(|base| format!("{}/{name}", base.trim_end_matches('/'))));
                names.push(below(directory, name.trim_start_matches("./")));
            }
            for name in &names {
                let within = name.strip_prefix(&root).or_else(|| (!name.starts_with('/')).then_some(name.as_str()));
                if let Some(within) = within {
                    let kept = self.files.entry(within.trim_start_matches("./").to_owned()).or_default();
                    kept.0.join(&hits);
                    kept.1 = kept.1.max(modified_s);
                }
            }
            for name in names.into_iter().filter(|name| name.starts_with('/') && !name.starts_with(&root)) {
                let last = name.rsplit('/').next().unwrap_or_default().to_owned();
                self.foreign.entry(last).or_default().push((name, hits.clone(), modified_s));
            }
        }
    }

    /// What the reports say of a file.
    pub(super) fn of(&self, path: &str) -> Option<(Hits, i64)> {
        if let Some(told) = self.files.get(path) {
            return Some(told.clone());
        }
        let last = path.rsplit('/').next()?;
        let end = format!("/{path}");
        let mut fits = self.foreign.get(last)?.iter().filter(|(name, ..)| name.ends_with(&end));
        fits.next().map(|(_, hits, at)| (hits.clone(), *at))
    }
}
