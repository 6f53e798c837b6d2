//! What the files of one module come to.

use std::collections::BTreeMap;

use aws_lc_rs::digest;
use serde::Serialize;

use super::graph;
use super::lines::Lines;
use super::measure::{Measured, Seen};
use super::package::hex;
use crate::{Coverage, TreePath};

/// Complex functions that are told by name, at most.
const COMPLEX_MAX: usize = 200;
/// Bytes of their list.
const COMPLEX_BYTES: usize = 128 * 1024;
/// Files that are told to have run in no test, at most.
const UNTESTED_MAX: usize = 50;

/// Figures of one module.
#[derive(Debug, Default)]
pub(super) struct Figures {
    pub(super) languages: BTreeMap<&'static str, OfLanguage>,
    pub(super) functions: Functions,
    pub(super) tested: Tested,
    pub(super) left_out: LeftOut,
    pub(super) bytes: u64,
    pub(super) files: Vec<graph::File>,
    digests: Vec<(String, [u8; 32])>,
    /// Files in no language that is known.
    pub(super) unknown: Vec<String>,
    /// Files of which a small part does not parse, with its line.
    pub(super) blemished: Vec<(String, usize)>,
    /// Something of it could not be read or measured.
    pub(super) has_gaps: bool,
}

/// What is written in one language.
#[derive(Debug, Default, Serialize)]
pub(super) struct OfLanguage {
    pub(super) files: u64,
    #[serde(flatten)]
    pub(super) lines: Lines,
    /// Whether functions and imports are read too.
    pub(super) parsed: bool,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Functions {
    pub(super) count: u64,
    pub(super) complexity: u64,
    pub(super) complexity_max: u32,
    /// Functions of complexity 1-5, 6-10, 11-20, 21-50 and above.
    pub(super) bands: [u64; 5],
    /// The most complex first.
    pub(super) complex: Vec<Complex>,
}

#[derive(Debug, Serialize)]
pub(super) struct Complex {
    pub(super) path: String,
    pub(super) name: String,
    pub(super) line: u32,
    pub(super) lines: u32,
    pub(super) complexity: u32,
    /// The same with a whole choice among cases counted as one.
    pub(super) modified: u32,
    pub(super) digest: String,
    /// Lines that ran in tests, and of how many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ran: Option<(u64, u64)>,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Tested {
    /// Files that a report tells of.
    pub(super) files: u64,
    pub(super) lines: u64,
    pub(super) ran: u64,
    /// Files that are younger than the report that tells of them.
    pub(super) younger: u64,
    /// Files of which no line ran: path and lines.
    pub(super) untested: Vec<(String, u64)>,
    /// Files with functions that no report tells of, though there is one.
    pub(super) untold: u64,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct LeftOut {
    pub(super) tests: u64,
    pub(super) generated: u64,
    pub(super) foreign: u64,
    pub(super) documents: u64,
    /// Files in languages, or forms, that are not known.
    pub(super) unknown: u64,
}

impl Figures {
    pub(super) fn add(&mut self, path: String, seen: Seen, coverage: &mut Coverage) {
        match seen {
            Seen::Code(measured) => self.measured(path, *measured, coverage),
            Seen::Document => self.left_out.documents += 1,
            Seen::Unknown => {
                self.left_out.unknown += 1;
                self.unknown.push(path);
            }
            Seen::Generated => {
                self.left_out.generated += 1;
                coverage.ignored += 1;
            }
            Seen::Test => {
                self.left_out.tests += 1;
                coverage.ignored += 1;
            }
            Seen::Foreign => {
                self.left_out.foreign += 1;
                coverage.ignored += 1;
            }
            Seen::Gap { why, detail } => self.gap(&path, why, detail, coverage),
        }
    }

    fn gap(&mut self, path: &str, why: &'static str, detail: Option<String>, coverage: &mut Coverage) {
        self.has_gaps = true;
        coverage.skip(TreePath::from(path), why, detail);
    }

    fn measured(&mut self, path: String, measured: Measured, coverage: &mut Coverage) {
        match measured.gap {
            Some((why, detail)) => self.gap(&path, why, detail, coverage),
            None => coverage.covered += 1,
        }
        self.blemished.extend(measured.blemish.map(|line| (path.clone(), line)));
        coverage.bytes += measured.bytes;
        self.bytes += measured.bytes;
        let language = self.languages.entry(measured.language.name).or_default();
        language.files += 1;
        language.lines.add(measured.lines);
        language.parsed = measured.language.grammar.is_some();
        self.functions.count += measured.functions;
        self.functions.complexity += measured.complexity;
        self.functions.complexity_max = self.functions.complexity_max.max(measured.complexity_max);
        self.functions.bands.iter_mut().zip(measured.bands).for_each(|(all, own)| *all += own);
        for complex in measured.complex {
            let function = complex.function;
            self.functions.complex.push(Complex {
                path: path.clone(),
                name: function.name,
                line: function.first,
                lines: function.last + 1 - function.first,
                complexity: function.complexity,
                modified: function.modified,
                digest: function.digest.unwrap_or_default(),
                ran: complex.ran,
            });
        }
        if self.functions.complex.len() > 4 * COMPLEX_MAX {
            self.trim();
        }
        match measured.ran {
            Some((ran, lines)) => {
                self.tested.files += 1;
                self.tested.lines += lines;
                self.tested.ran += ran;
                self.tested.younger += u64::from(measured.is_younger);
                if ran == 0 && lines > 0 {
                    self.tested.untested.push((path.clone(), lines));
                }
            }
            None => self.tested.untold += u64::from(measured.functions > 0),
        }
        self.digests.push((path, measured.digest));
        self.files.extend(measured.file);
    }

    fn trim(&mut self) {
        let complex = &mut self.functions.complex;
        complex.sort_by(|a, b| {
            let weight = |it: &Complex| (it.modified, it.complexity);
            weight(b).cmp(&weight(a)).then_with(|| (&a.path, a.line).cmp(&(&b.path, b.line)))
        });
        complex.truncate(COMPLEX_MAX);
    }

    /// Puts everything in order; gives a digest over all files that were measured.
    pub(super) fn finish(&mut self) -> String {
        self.trim();
        self.tested.untested.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        self.tested.untested.truncate(UNTESTED_MAX);
        let mut bytes = 0;
        self.functions.complex.retain(|complex| {
            bytes += complex.path.len() + complex.name.len() + 120;
            bytes <= COMPLEX_BYTES
        });
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
        self.digests.sort_unstable();
        let mut context = digest::Context::new(&digest::SHA256);
        for (path, content) in std::mem::take(&mut self.digests) {
            context.update(&(path.len() as u64).to_be_bytes());
            context.update(path.as_bytes());
            context.update(&content);
        }
        hex(context.finish().as_ref())
    }

    pub(super) fn lines(&self) -> Lines {
        self.languages.values().fold(Lines::default(), |mut all, language| {
            all.add(language.lines);
            all
        })
    }

    pub(super) fn files(&self) -> u64 {
        self.languages.values().map(|language| language.files).sum()
    }
}
