//! Reads one log: cuts it, parses it, joins what belongs together, selects, counts.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hasher as _};

use sealbook_record::Severity;

use super::entry::Entry;
use super::format::{Format, journal, plain};
use super::lines::Nature;
use super::mask::mask;
use super::seen::Seen;
use super::tally::Tally;
use super::templates::Miner;
use super::time::Clock;

/// Templates of one log, at most.
const TEMPLATES: usize = 4_096;
/// Errors with a request's id that are remembered, of one log.
const REQUESTS: usize = 50_000;
/// Lines and bytes that are joined to one entry; more are counted.
const JOINED_LINES: usize = 500;
const JOINED_BYTES: usize = 16 << 10;
/// Bytes of what went wrong that make a difference to the template.
const CAUSE_BYTES: usize = 300;

/// What is wanted of a log.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    /// This grave at least.
    pub(super) level: Option<Severity>,
    pub(super) since: Option<i64>,
    pub(super) until: Option<i64>,
    pub(super) services: Vec<String>,
    /// The log as a whole is of a service that was asked for, by its name.
    pub(super) is_of_service: bool,
}

/// An error that bears a request's id.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request {
    /// Digest of the id.
    pub(super) id: u64,
    /// Its template.
    pub(super) place: usize,
    pub(super) time: Option<i64>,
}

/// What one log says.
pub(super) struct Told {
    pub(super) seen: Seen,
    pub(super) miner: Miner,
    pub(super) tallies: Vec<Tally>,
    pub(super) requests: Vec<Request>,
    /// Whether there were more errors with ids than are remembered.
    pub(super) has_more_requests: bool,
}

/// The state of reading one log.
pub(super) struct Reader<'w> {
    format: Format,
    clock: Clock,
    wanted: &'w Wanted,
    /// Of all that the log says, this is the service, where the entries name none.
    service: &'w [u8],
    told: Told,
    masked: Vec<u8>,
    plain: Vec<u8>,
    /// The entry that further lines may belong to.
    pending: Option<Pending>,
    /// Whether entries begin with a time; then a line that does not continues the one before.
    is_dated: bool,
    trace: Trace,
}

/// An entry that waits for its next lines.
struct Pending {
    time: Option<i64>,
    level: Option<Severity>,
    message: Vec<u8>,
    service: Option<Vec<u8>>,
    id: Option<Vec<u8>>,
    /// Where the first line of the message ends.
    head: usize,
    lines: usize,
}

/// Where in a stack trace the lines are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trace {
    None,
    /// In a Python trace: it ends with a line that is not indented, which belongs to it.
    Python,
}

impl<'w> Reader<'w> {
    pub(super) fn new(format: Format, clock: Clock, wanted: &'w Wanted, service: &'w [u8], head: &[u8]) -> Self {
        let is_dated = format.joins_lines() && is_dated(head, &clock);
        let told = Told {
            seen: Seen::default(),
            miner: Miner::new(TEMPLATES),
            tallies: vec![Tally::default()],
            requests: Vec::new(),
            has_more_requests: false,
        };
        let (masked, plain) = (Vec::new(), Vec::new());
        Self { format, clock, wanted, service, told, masked, plain, pending: None, is_dated, trace: Trace::None }
    }

    /// Takes a line, or an entry of a journal.
    pub(super) fn take(&mut self, line: &[u8], nature: Nature) {
        self.told.seen.lines += 1;
        // A few of them stand in the text of servers that are sent nonsense; many are a hole in the file.
        let is_binary = || memchr::memchr_iter(0, line).count() * 10 > line.len();
        if nature.has_nul && self.format != Format::Journal && is_binary() {
            self.told.seen.binary += 1;
            return;
        }
        if !nature.is_utf8 && std::str::from_utf8(line).is_err() {
            self.told.seen.not_utf8 += 1;
        }
        if nature.has_escape && memchr::memchr(0x1b, line).is_some() {
            let mut plain = std::mem::take(&mut self.plain);
            without_colours(line, &mut plain);
            self.line(&plain);
            self.plain = plain;
        } else {
            self.line(line);
        }
    }

    fn line(&mut self, line: &[u8]) {
        if line.trim_ascii().is_empty() {
            return;
        }
        if self.format == Format::Journal {
            match journal::parse(line, &mut self.clock) {
                Some(entry) => self.count(&entry),
                None => self.told.seen.unparsed += 1,
            }
            return;
        }
        if self.format.joins_lines() {
            self.joined(line);
            return;
        }
        let parsed = self.format.parse(line, &mut self.clock);
        // What a program prints beside its log is text.
        self.told.seen.unparsed += u64::from(parsed.is_none());
        let entry = parsed.unwrap_or_else(|| plain::parse(line, &mut self.clock));
        self.count(&entry);
    }

    /// A line of a log whose entries may have several.
    fn joined(&mut self, line: &[u8]) {
        if self.continues(line)
            && let Some(pending) = &mut self.pending
        {
            self.told.seen.joined += 1;
            pending.lines += 1;
            if pending.lines <= JOINED_LINES && pending.message.len() + line.len() < JOINED_BYTES {
                pending.message.push(b'\n');
                pending.message.extend_from_slice(line);
            }
            return;
        }
        self.settle();
        let parsed = self.format.parse(line, &mut self.clock);
        if parsed.is_none() {
            self.told.seen.unparsed += 1;
        }
        let entry = parsed.unwrap_or_else(|| plain::parse(line, &mut self.clock));
        self.trace = if is_python(line) { Trace::Python } else { Trace::None };
        self.pending = Some(Pending {
            time: entry.time,
            level: entry.level,
            head: entry.message.len(),
            message: entry.message.into_owned(),
            service: entry.service.map(<[u8]>::to_vec),
            id: entry.id.map(<[u8]>::to_vec),
            lines: 1,
        });
    }

    /// Whether a line belongs to the entry before.
    fn continues(&mut self, line: &[u8]) -> bool {
        let Some(pending) = &self.pending else { return false };
        if is_python(line) {
            // A logger's own trace follows what it logs as an error; any other is an event of its own.
            self.trace = Trace::Python;
            return pending.level >= Some(Severity::Warning);
        }
        if self.is_dated {
            return !plain::is_dated(line, &mut self.clock)
                && self.format.parse_strictly(line, &mut self.clock).is_none();
        }
        if line[0].is_ascii_whitespace() || matches!(line[0], b'}' | b')' | b']') {
            return true;
        }
        if self.trace == Trace::Python {
            // `ValueError: …` ends it.
            self.trace = Trace::None;
            return true;
        }
        [&b"Caused by:"[..], b"at ", b"... ", b"Suppressed:", b"stack backtrace:", b"note: run with", b"goroutine "]
            .iter()
            .any(|begin| line.starts_with(begin))
    }

    /// Counts the entry that waited.
    pub(super) fn settle(&mut self) {
        let Some(pending) = self.pending.take() else { return };
        let level = pending.level.or_else(|| {
            let more = &pending.message[pending.head..];
            memchr::memmem::find(more, b"Traceback (most recent call last)").map(|_| Severity::Error)
        });
        let cause = cause_in(&pending.message, pending.head);
        let entry = Entry {
            time: pending.time,
            level,
            message: Cow::Borrowed(&pending.message),
            cause: cause.map(Cow::Borrowed),
            service: pending.service.as_deref(),
            id: pending.id.as_deref(),
            is_masked: false,
        };
        self.count(&entry);
    }

    /// Counts an entry, if it is wanted.
    fn count(&mut self, entry: &Entry<'_>) {
        let told = &mut self.told;
        told.seen.read += 1;
        if !is_wanted(self.wanted, entry) {
            return;
        }
        let service = entry.service.unwrap_or(self.service);
        told.seen.count(entry.time, entry.level, Some(service));
        let is_error = entry.level >= Some(Severity::Error);
        let cause = entry.cause.as_deref().filter(|cause| is_error && !cause.is_empty()).map(essence);
        kind_of(entry, cause, &mut self.masked);
        let place = told.miner.learn(&self.masked);
        if place >= told.tallies.len() {
            told.tallies.resize_with(place + 1, Tally::default);
        }
        told.tallies[place].count(entry.time, entry.level, Some(service), &mut || example(entry, cause));
        if let Some(id) = entry.id.filter(|_| is_error) {
            if told.requests.len() < REQUESTS {
                let mut hash = DefaultHasher::new();
                hash.write(id);
                told.requests.push(Request { id: hash.finish(), place, time: entry.time });
            } else {
                told.has_more_requests = true;
            }
        }
    }

    /// What was read.
    pub(super) fn finish(mut self) -> Told {
        self.settle();
        self.told
    }
}

/// The masked text by which an entry is told apart: its message, and for an error what went wrong.
pub(super) fn kind_of(entry: &Entry<'_>, cause: Option<&[u8]>, masked: &mut Vec<u8>) {
    if entry.is_masked {
        masked.clear();
        masked.extend_from_slice(&entry.message);
    } else {
        mask(&entry.message, masked);
    }
    let Some(cause) = cause else { return };
    let mut told = Vec::new();
    mask(&cause[..cause.len().min(CAUSE_BYTES)], &mut told);
    if !masked.ends_with(&told) {
        masked.extend_from_slice(if masked.is_empty() { b"" } else { b" | " });
        masked.extend_from_slice(&told);
    }
}

fn is_wanted(wanted: &Wanted, entry: &Entry<'_>) -> bool {
    if wanted.level.is_some() && entry.level < wanted.level {
        return false;
    }
    if wanted.since.is_some() || wanted.until.is_some() {
        // An entry without a time may be of any.
        let Some(time) = entry.time else { return false };
        if wanted.since.is_some_and(|since| time < since) || wanted.until.is_some_and(|until| time > until) {
            return false;
        }
    }
    wanted.services.is_empty()
        || match entry.service {
            Some(service) => wanted.services.iter().any(|wanted| wanted.as_bytes().eq_ignore_ascii_case(service)),
            None => wanted.is_of_service,
        }
}

fn example(entry: &Entry<'_>, cause: Option<&[u8]>) -> Vec<u8> {
    match cause {
        Some(cause) if memchr::memmem::find(&entry.message, cause).is_none() => {
            [&*entry.message, if entry.message.is_empty() { &b""[..] } else { b": " }, cause].concat()
        }
        _ => entry.message.to_vec(),
    }
}

/// What a joined entry says went wrong: the last line of a Python trace, the exception of a Java one, what a
/// Rust panic says.
fn cause_in(message: &[u8], head: usize) -> Option<&[u8]> {
    let more = message.get(head + 1..)?;
    let is_flush = |line: &&[u8]| line.first().is_some_and(|byte| !byte.is_ascii_whitespace());
    let mut lines = more.split(|byte| *byte == b'\n');
    if memchr::memmem::find(message, b"Traceback (most recent call last)").is_some() {
        return lines.rfind(is_flush);
    }
    if message[..head].starts_with(b"thread '") {
        return lines.find(is_flush);
    }
    let names_one = |line: &&[u8]| {
        is_flush(line)
            && [&b"Exception"[..], b"Error", b"Caused by"].iter().any(|word| memchr::memmem::find(line, word).is_some())
    };
    lines.find(names_one)
}

/// The line of a trace that says what went wrong; of a cause in one line, that line.
fn essence(cause: &[u8]) -> &[u8] {
    let is_flush = |line: &&[u8]| line.first().is_some_and(|byte| !byte.is_ascii_whitespace());
    if is_python(cause) { cause.split(|byte| *byte == b'\n').rfind(is_flush).unwrap_or(cause) } else { cause }
}

fn is_python(line: &[u8]) -> bool {
    line.starts_with(b"Traceback (most recent call last)")
}

/// Whether most lines that begin at the margin begin with a time.
pub(super) fn is_dated(head: &[u8], clock: &Clock) -> bool {
    let mut clock = clock.clone();
    let flush = head.split(|byte| *byte == b'\n').filter(|line| line.first().is_some_and(u8::is_ascii_graphic));
    let (mut all, mut dated) = (0, 0);
    let mut plain = Vec::new();
    for line in flush.take(200) {
        without_colours(line, &mut plain);
        all += 1;
        dated += usize::from(plain::is_dated(&plain, &mut clock));
    }
    dated * 4 > all
}

/// A line without what colours a terminal (ECMA-48, control sequences).
fn without_colours(line: &[u8], plain: &mut Vec<u8>) {
    plain.clear();
    let mut at = 0;
    while let Some(&byte) = line.get(at) {
        if byte == 0x1b && line.get(at + 1) == Some(&b'[') {
            let length = line[at + 2..].iter().position(|byte| (0x40..=0x7e).contains(byte));
            at = length.map_or(line.len(), |length| at + 3 + length);
        } else {
            plain.push(byte);
            at += 1;
        }
    }
}
