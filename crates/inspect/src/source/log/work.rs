//! The work on one file: is it a log, what is new in it, what does that say.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};

use jiff::tz::TimeZone;
use sha2::Digest as _;

use super::find::{Place, base_name};
use super::format::Format;
use super::lines::{Cut, Lines};
use super::open::{Compression, Content, why};
use super::read::{Reader, Told, Wanted, is_dated};
use super::resume::{Job, Loss, Lost};
use super::state::{
    END_BYTES, MARK_BYTES, START_BYTES, State, Unread, again, digest_of, digest_to, head_of, hex, midstate,
};
use super::time::Clock;
use crate::{Progress, TreePath};

/// Bytes by which a format is judged.
const SAMPLE: u64 = 64 << 10;
/// Reasons that are kept of one file.
const UNREAD_MOST: usize = 32;
/// What holds for the place where it was met, also when a log is read on; the rest is met again.
const OF_LINES: [&str; 2] = ["line_too_long", "binary_lines"];
/// A last line without a newline is whole when nothing was added to it for so long: a minute.
const SETTLED_US: i64 = 60_000_000;

/// What holds for all files of a run.
pub(super) struct Task<'a> {
    pub(super) place: &'a Place,
    pub(super) wanted: &'a Wanted,
    pub(super) zone: TimeZone,
    pub(super) now_us: i64,
    /// A part is asked for: everything is read, and no place is kept.
    pub(super) is_selection: bool,
    /// Check all that was read before.
    pub(super) again: bool,
    pub(super) progress: &'a dyn Progress,
}

/// What became of one file.
pub(super) struct Done {
    pub(super) path: TreePath,
    pub(super) was: Option<TreePath>,
    pub(super) state: Option<State>,
    /// Bytes that were read before, and that are read now.
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) told: Option<Told>,
    pub(super) service: Vec<u8>,
    pub(super) skipped: Vec<Unread>,
    pub(super) lost: Option<Lost>,
    /// No log, by its name and by what is in it.
    pub(super) is_other: bool,
    /// Bytes of earlier runs that were read and checked again.
    pub(super) checked: u64,
}

impl Done {
    fn new(job: &Job) -> Self {
        Self {
            path: job.path.clone(),
            was: job.was.clone(),
            state: None,
            from: 0,
            to: 0,
            told: None,
            service: service_of(&job.path).to_vec(),
            skipped: Vec::new(),
            lost: None,
            is_other: false,
            checked: 0,
        }
    }

    fn skip(&mut self, why: &'static str, detail: &dyn ToString) {
        let detail = detail.to_string();
        self.again(Unread { why: why.into(), detail: (!detail.is_empty()).then_some(detail) });
    }

    /// Takes over what earlier runs passed over of what is not read again.
    fn carry(&mut self, before: Option<&State>) {
        let unread = before.iter().flat_map(|state| &state.unread);
        unread.filter(|it| OF_LINES.contains(&&*it.why)).for_each(|it| self.again(it.clone()));
    }

    /// Of lines that were passed over each run adds to what those before it said.
    fn again(&mut self, unread: Unread) {
        if !self.skipped.contains(&unread) && self.skipped.len() < UNREAD_MOST {
            self.skipped.push(unread);
        }
    }
}

/// Does it. Whatever goes wrong is a skip.
pub(super) fn work(task: &Task<'_>, mut job: Job) -> Done {
    let mut done = Done::new(&job);
    if !task.is_selection && !task.again && job.is_unchanged() {
        done.state = job.before.take().map(|state| State { path: job.path, ..state });
        done.skipped = done.state.as_ref().map_or_else(Vec::new, |state| state.unread.clone());
        return done;
    }
    let before = job.before.clone();
    if let Err(error) = read(task, &mut job, &mut done) {
        done.skip(why(&error, job.compression), &error);
        // Nothing was sealed of it, so the next run begins where this one did.
        done.state = done.state.take().or(before);
    }
    done
}

fn read(task: &Task<'_>, job: &mut Job, done: &mut Done) -> io::Result<()> {
    let mut file = task.place.open_file(&job.path)?;
    let mut before = job.before.take().filter(|_| !task.is_selection);
    if let Some(state) = &before
        && needs_check(task, job, state)
    {
        let mut each = |bytes| {
            task.progress.advance(bytes);
            !task.progress.is_cancelled()
        };
        done.checked = state.read;
        let is_same = digest_to(&file, job.compression, state.read, &mut each)?.as_ref() == Some(&state.sha256);
        if !is_same && !task.progress.is_cancelled() {
            let state = before.take().expect("it was just looked at");
            done.lost = Some(Lost { state, loss: Loss::Rewritten, size: Some(job.stat.size) });
        }
    }
    let resumed = before.as_ref().and_then(State::resumed);
    let before = before.filter(|_| resumed.is_some());
    let sample = sample(&file, job.compression)?;
    let clock = Clock::new(task.zone.clone(), job.stat.changed_us.min(task.now_us));
    let format = match &before {
        Some(state) => state.format,
        None => match judge(&sample, job.is_named, &clock) {
            Judged::Log(format) => format,
            Judged::Other => {
                done.is_other = true;
                return Ok(());
            }
            Judged::Binary(why, how) => {
                done.skip(why, &how);
                return Ok(());
            }
        },
    };
    let from = before.as_ref().map_or(0, |state| state.read);
    done.carry(before.as_ref());
    let wanted = Wanted { is_of_service: is_of(task.wanted, &job.path), ..task.wanted.clone() };
    let service = done.service.clone();
    let mut reader = Reader::new(format, clock, &wanted, &service, &sample);
    let content = content(&mut file, job.compression, from)?;
    let cut = if format == Format::Journal { Cut::Journal } else { Cut::Lines };
    let mut lines = Lines::new(content, cut, resumed.unwrap_or_default());
    let mut error = None;
    loop {
        let taken = lines.taken;
        match lines.block(&mut |line, nature| reader.take(line, nature)) {
            Ok(true) => task.progress.advance(lines.taken - taken),
            Ok(false) => break,
            Err(cause) => {
                error = Some(cause);
                break;
            }
        }
        if task.progress.is_cancelled() {
            return Ok(());
        }
    }
    let is_rotated = base_name(name_of(&job.path)).1;
    let is_settled = task.now_us.saturating_sub(job.stat.changed_us) > SETTLED_US;
    let is_final = job.compression.is_some() || is_rotated || is_settled;
    lines.rest(is_final && error.is_none(), &mut |line, nature| reader.take(line, nature));
    let mut told = reader.finish();
    told.seen.too_long += lines.too_long;
    (done.from, done.to) = (from, from + lines.taken);
    if told.seen.too_long > 0 {
        done.skip("line_too_long", &format!("{} lines of more than 1 MiB", told.seen.too_long));
    }
    if told.seen.binary > 0 {
        done.skip("binary_lines", &format!("{} lines that are no text", told.seen.binary));
    }
    if let Some(error) = error {
        done.skip(why(&error, job.compression), &error);
    }
    let state = before.as_ref();
    let mark = done.to.min(MARK_BYTES);
    let head = head_of(&file, job.compression, mark).ok().flatten().unwrap_or_default();
    let tail = tail_of(&file, job.compression, done.to)?;
    let (start, end) = ends_of(&file, job.compression, done.to)?;
    done.state = Some(State {
        path: job.path.clone(),
        device: job.stat.device,
        inode: job.stat.inode,
        size: job.stat.size,
        changed_us: job.stat.changed_us,
        read: done.to,
        head,
        tail,
        start,
        end,
        sha256: hex(&lines.hash.clone().finalize()),
        midstate: midstate(&lines.hash),
        format,
        compression: job.compression,
        entries: told.seen.entries + state.map_or(0, |state| state.entries),
        first: state.and_then(|state| state.first).or(told.seen.first),
        last: told.seen.last.max(state.and_then(|state| state.last)),
        unread: done.skipped.clone(),
    });
    done.told = Some(told);
    Ok(())
}

/// The digest of the last bytes that were read; empty for what is compressed.
fn tail_of(file: &File, compression: Option<Compression>, read: u64) -> io::Result<String> {
    if compression.is_some() {
        return Ok(String::new());
    }
    Ok(digest_of(file, read - read.min(MARK_BYTES), read)?.unwrap_or_default())
}

/// The short marks at the beginning and at the end of what was read, where there are as many bytes.
fn ends_of(file: &File, compression: Option<Compression>, read: u64) -> io::Result<(Option<String>, Option<String>)> {
    if compression.is_some() {
        return Ok((None, None));
    }
    let start = if read < START_BYTES { None } else { digest_of(file, 0, START_BYTES)? };
    let end = if read < END_BYTES { None } else { digest_of(file, read - END_BYTES, read)? };
    Ok((start, end))
}

/// What was read is checked byte by byte where that is asked for, and where a file was changed and did not grow.
fn needs_check(task: &Task<'_>, job: &Job, state: &State) -> bool {
    let is_edited =
        state.read >= job.stat.size && state.changed_us != job.stat.changed_us && state.inode == job.stat.inode;
    task.again || (is_edited && job.compression.is_none())
}

fn content(file: &mut File, compression: Option<Compression>, from: u64) -> io::Result<Content> {
    let mut file = again(file)?;
    if compression.is_none() {
        file.seek(SeekFrom::Start(from))?;
        return Ok(Content::new(file, None));
    }
    let mut content = Content::new(file, compression);
    io::copy(&mut (&mut content).take(from), &mut io::sink())?;
    Ok(content)
}

fn sample(file: &File, compression: Option<Compression>) -> io::Result<Vec<u8>> {
    let mut sample = Vec::new();
    let read = Content::new(again(file)?, compression).take(SAMPLE).read_to_end(&mut sample);
    match read {
        // What is broken further on is told when it is met.
        Err(error) if sample.is_empty() => Err(error),
        _ => Ok(sample),
    }
}

enum Judged {
    Log(Format),
    Other,
    Binary(&'static str, &'static str),
}

/// What a file is by its beginning. One whose name is no log's must be a log beyond doubt.
fn judge(sample: &[u8], is_named: bool, clock: &Clock) -> Judged {
    if sample.starts_with(b"LPKSHHRH") {
        return Judged::Binary("binary_journal", "write it out with `journalctl --file … -o export`");
    }
    let format = Format::detect(sample, clock);
    let nuls = memchr::memchr_iter(0, sample).count();
    if format != Format::Journal && nuls * 20 > sample.len() {
        return if is_named { Judged::Binary("binary", "") } else { Judged::Other };
    }
    if is_named {
        return Judged::Log(format);
    }
    let is_log = match format {
        Format::Journal | Format::Access | Format::Syslog3164 | Format::Syslog5424 => true,
        Format::Plain => nuls == 0 && is_dated(sample, clock),
        Format::Json | Format::Logfmt => {
            let mut clock = clock.clone();
            let mut lines = sample.split(|byte| *byte == b'\n').take(50);
            lines.any(|line| format.parse(line, &mut clock).is_some_and(|entry| entry.time.is_some()))
        }
    };
    if is_log { Judged::Log(format) } else { Judged::Other }
}

fn name_of(path: &TreePath) -> &[u8] {
    path.as_bytes().rsplit(|byte| *byte == b'/').next().unwrap_or_default()
}

/// The service that a log is of, by its name: `shop` of `shop.log.2.gz`.
fn service_of(path: &TreePath) -> &[u8] {
    let (base, _) = base_name(name_of(path));
    let dot = memchr::memchr(b'.', base).filter(|dot| *dot > 0);
    dot.map_or(base, |dot| &base[..dot])
}

/// Whether a log is of a service that was asked for, by its name or its directory's.
fn is_of(wanted: &Wanted, path: &TreePath) -> bool {
    let directories = path.as_bytes().split(|byte| *byte == b'/').rev().skip(1);
    let mut names = directories.chain([service_of(path)]);
    names.any(|name| wanted.services.iter().any(|wanted| wanted.as_bytes().eq_ignore_ascii_case(name)))
}
