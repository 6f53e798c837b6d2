//! Reads the files of modules, many at once, and measures each.
//!
//! One thread walks, as many as the request allows measure, and the calling thread adds up. Few files are under way
//! at a time, and what is kept of each is a few figures, its imports and its complex functions.

use std::ffi::CString;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::sync::{Mutex, PoisonError};
use std::thread;

use aws_lc_rs::digest;

use super::find::{Found, is_foreign};
use super::graph;
use super::language::{Language, Means, is_generated, is_of_tests, of, of_shebang};
use super::lines::{self, Lines};
use super::reports::Reports;
use super::syntax::{FILE_BYTES_MAX, Function, Parsers, TOLD, Unparsed};
use crate::progress::go_on;
use crate::source::file::list::{Content, Listed, Place, list, open};
use crate::{Coverage, Error, Progress, TreePath};

/// Longer files are not read at all.
const READ_BYTES_MAX: u64 = 16 << 20;
/// Files between the walk and whoever adds up; each may hold a directory open.
const QUEUE: usize = 128;

/// One byte of so many may not parse, in a file that is not very short, before its figures count as missing.
const BLEMISH: usize = 20;
const BLEMISHED_LEAST: usize = 400;

/// A file to look at.
struct Job {
    place: Place,
    name: CString,
    path: String,
    module: usize,
}

/// What became of a file.
pub(super) enum Seen {
    Code(Box<Measured>),
    /// Text or data.
    Document,
    /// Text of which nobody here knows what it is.
    Unknown,
    /// A program wrote it.
    Generated,
    /// A file of tests, which were not asked for.
    Test,
    Foreign,
    /// It should have been read.
    Gap {
        why: &'static str,
        detail: Option<String>,
    },
}

/// The figures of one file.
pub(super) struct Measured {
    pub(super) language: &'static Language,
    pub(super) lines: Lines,
    pub(super) bytes: u64,
    pub(super) digest: [u8; 32],
    pub(super) functions: u64,
    pub(super) complexity: u64,
    pub(super) complexity_max: u32,
    pub(super) bands: [u64; 5],
    pub(super) complex: Vec<Complex>,
    pub(super) file: Option<graph::File>,
    /// Lines that ran in tests, and of how many, where a report tells of the file.
    pub(super) ran: Option<(u64, u64)>,
    /// The file is younger than the report that tells of it.
    pub(super) is_younger: bool,
    /// The line from which on a small part of it does not parse; the rest does.
    pub(super) blemish: Option<usize>,
    /// What is missing of its figures.
    pub(super) gap: Option<(&'static str, Option<String>)>,
}

/// A complex function.
pub(super) struct Complex {
    pub(super) function: Function,
    pub(super) ran: Option<(u64, u64)>,
}

/// Up to which number each band goes; the last has no end.
pub(super) const BANDS: [u32; 4] = [5, 10, 20, 50];

/// How files are looked at.
pub(super) struct Look<'a> {
    pub(super) found: &'a Found,
    pub(super) reports: &'a Reports,
    pub(super) include_tests: bool,
    /// Leave out what `.gitignore` does.
    pub(super) ignore_files: bool,
}

/// Looks at every file of the wanted modules, and gives what was seen, in no order.
pub(super) fn run(
    root: &Path,
    threads: usize,
    look: &Look<'_>,
    coverage: &mut Coverage,
    progress: &dyn Progress,
    receive: &mut dyn FnMut(usize, String, Seen, &mut Coverage),
) -> Result<(), Error> {
    let tree = open(root).map_err(|cause| Error::TargetUnreadable { path: root.to_owned(), cause })?;
    let (give_job, jobs) = sync_channel::<Job>(QUEUE);
    let (give_result, results) = sync_channel::<(usize, String, Seen)>(QUEUE);
    let jobs = &Mutex::new(jobs);
    progress.begin("files", None);
    let done = thread::scope(move |scope| {
        let give_walked = give_result.clone();
        scope.spawn(move || {
            list(tree, root, look.ignore_files, &mut |listed| {
                let Listed::File { place, name, path } = listed else { return ControlFlow::Continue(()) };
                let path = TreePath::new(path).to_string();
                let Some(module) = look.found.owner(&path).filter(|at| *at != usize::MAX) else {
                    return ControlFlow::Continue(());
                };
                let given = match look.left_out(&path, module) {
                    Some(seen) => give_walked.send((module, path, seen)).is_ok(),
                    None => give_job.send(Job { place, name, path, module }).is_ok(),
                };
                if given { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            });
        });
        for _ in 0..threads.max(1) {
            let give_result = give_result.clone();
            scope.spawn(move || {
                let mut parsers = Parsers::new();
                let next = || jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
                let mut heard = true;
                // Taken to the end in any case, or the walk would wait at a full queue.
                while let Ok(job) = next() {
                    if heard {
                        let seen = look.at(&job, &mut parsers);
                        heard = give_result.send((job.module, job.path, seen)).is_ok();
                    }
                }
            });
        }
        drop(give_result);
        for (module, path, seen) in results {
            go_on(progress)?;
            progress.advance(1);
            receive(module, path, seen, coverage);
        }
        Ok(())
    });
    progress.end();
    done
}

impl Look<'_> {
    /// What is not read, by its name.
    fn left_out(&self, path: &str, module: usize) -> Option<Seen> {
        let directory = &self.found.modules[module].directory;
        let within = path.strip_prefix(directory.as_str()).unwrap_or(path).trim_start_matches('/');
        if is_foreign(within) {
            return Some(Seen::Foreign);
        }
        if !self.include_tests && is_of_tests(within) {
            return Some(Seen::Test);
        }
        let name = path.rsplit('/').next().unwrap_or(path);
        // Without an end to its name it may be a script.
        (matches!(of(name), Means::Data) && name.contains('.')).then_some(Seen::Document)
    }

    fn at(&self, job: &Job, parsers: &mut Parsers) -> Seen {
        let name = job.path.rsplit('/').next().unwrap_or(&job.path);
        let (bytes, modified_s) = match job.place.read(&job.name, READ_BYTES_MAX) {
            Content::Whole { bytes, modified_s } => (bytes, modified_s),
            Content::TooLarge(size) => {
                let detail = Some(format!("{size} bytes; {READ_BYTES_MAX} at most are read"));
                return if matches!(of(name), Means::Code(_)) {
                    Seen::Gap { why: "too_large", detail }
                } else {
                    Seen::Document
                };
            }
            Content::NoFile => return Seen::Document,
            Content::Unreadable { why, detail } => return Seen::Gap { why, detail },
        };
        let is_binary = memchr::memchr(0, &bytes[..bytes.len().min(8_000)]).is_some();
        let language = match (of(name), is_binary) {
            (Means::Code(_), true) => {
                let detail = Some("it holds NUL bytes".to_owned());
                return Seen::Gap { why: "not_text", detail };
            }
            (Means::Code(language), false) => language,
            (_, true) => return Seen::Document,
            (means, false) => match (of_shebang(&bytes), means) {
                (Some(language), _) => language,
                (None, Means::Unknown) => {
                    return Seen::Unknown;
                }
                (None, _) if bytes.starts_with(b"#!") => return Seen::Unknown,
                (None, _) => return Seen::Document,
            },
        };
        if is_generated(&job.path, &bytes) {
            return Seen::Generated;
        }
        Seen::Code(Box::new(self.measure(job, language, bytes, modified_s, parsers)))
    }

    fn measure(
        &self,
        job: &Job,
        language: &'static Language,
        bytes: Vec<u8>,
        modified_s: i64,
        parsers: &mut Parsers,
    ) -> Measured {
        let told = self.reports.of(&job.path);
        let all = |(hits, _): &(super::report::Hits, i64)| hits.between(0, u32::MAX);
        let mut measured = Measured {
            language,
            lines: lines::count(language, &bytes),
            bytes: bytes.len() as u64,
            digest: digest::digest(&digest::SHA256, &bytes).as_ref().try_into().expect("SHA-256 is 32 bytes"),
            functions: 0,
            complexity: 0,
            complexity_max: 0,
            bands: [0; 5],
            complex: Vec::new(),
            file: None,
            ran: told.as_ref().map(all),
            is_younger: told.as_ref().is_some_and(|(_, at)| modified_s > *at),
            blemish: None,
            gap: None,
        };
        let Some(grammar) = language.grammar else { return measured };
        if bytes.len() > FILE_BYTES_MAX {
            let detail = format!("{} bytes; {FILE_BYTES_MAX} at most are parsed", bytes.len());
            measured.gap = Some(("not_parsed", Some(detail)));
            return measured;
        }
        let source = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        };
        let syntax = match parsers.read(grammar, source.as_bytes(), self.include_tests) {
            Ok(syntax) => syntax,
            Err(Unparsed::TooHard) => {
                let detail = "the parser was lost in it".to_owned();
                measured.gap = Some(("not_parsed", Some(detail)));
                return measured;
            }
        };
        // Grammars lag behind their languages: what they lose a few words of is still measured.
        let is_little = source.len() >= BLEMISHED_LEAST && syntax.broken_bytes * BLEMISH <= source.len();
        if is_little {
            measured.blemish = syntax.broken_at;
        } else if let Some(line) = syntax.broken_at {
            measured.gap = Some(("not_parsed", Some(format!("from line {line} on something is no {}", language.name))));
        }
        for function in syntax.functions {
            measured.functions += 1;
            measured.complexity += u64::from(function.complexity);
            measured.complexity_max = measured.complexity_max.max(function.complexity);
            let band = BANDS.iter().position(|most| function.complexity <= *most).unwrap_or(BANDS.len());
            measured.bands[band] += 1;
            if function.complexity >= TOLD {
                let ran = told.as_ref().map(|(hits, _)| hits.between(function.first, function.last));
                measured.complex.push(Complex { function, ran });
            }
        }
        let directory = &self.found.modules[job.module].directory;
        let path = job.path.strip_prefix(directory.as_str()).unwrap_or(&job.path).trim_start_matches('/').to_owned();
        measured.file = Some(graph::File { path, grammar, package: syntax.package, imports: syntax.imports });
        measured
    }
}
