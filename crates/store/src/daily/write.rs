//! Writing daily files, and going on where the last call ended.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use sealbook_ledger::LeafType;
use sealbook_record::{Dialect, Timestamp};
use sha2::{Digest, Sha256};

use super::{
    ACTION, DIALECT, Grown, HEAD, Head, LOCK, Link, VERSION, begins_with, daily_files, day_of, day_of_file,
    file_of_day, hash_of_start, hex,
};
use crate::sqlite::file_error;
use crate::{Error, Ledger};

/// What was written.
#[derive(Debug)]
pub struct Written {
    /// Records that were added.
    pub records: u64,
    /// Files that were made or grew.
    pub files: u64,
    /// Records that were left out: they were erased.
    pub erased: u64,
    /// How far the files go now.
    pub head: Head,
}

impl Ledger {
    /// Adds to the daily files in `dir` what was sealed since they were written last. The caller seals
    /// what the head says then, as a record with the action [`ACTION`] on [`Head::target`].
    ///
    /// A crash in here leaves a head that says so; the next call cuts off what it does not vouch for.
    ///
    /// Errors: [`Error::DailyRefused`] where the files are not what they were, or another ledger's.
    pub fn write_daily(&self, dir: &Path) -> Result<Written, Error> {
        std::fs::create_dir_all(dir).map_err(|cause| file_error(dir, cause))?;
        let path = dir.join(LOCK);
        let lock = File::options().create(true).truncate(false).write(true).open(&path);
        let lock = lock.map_err(|cause| file_error(&path, cause))?;
        // One at a time; released when it is closed.
        lock.lock().map_err(|cause| file_error(&path, cause))?;
        let reader = self.reader()?;
        let (checkpoint, note) = reader.checkpoint()?;
        let mut days = Days::go_on(self, dir, note)?;
        let dialect = Dialect::named(DIALECT)?;
        let mut erased = 0;
        for seq in days.head.next_seq..checkpoint.size {
            let stored = reader.record(seq)?;
            let Some(record) = stored.record.filter(|_| stored.leaf.typ == LeafType::Record) else {
                erased += u64::from(stored.leaf.typ == LeafType::Record);
                continue;
            };
            if record.action == ACTION {
                continue;
            }
            let sealed = Timestamp::from_micros(stored.leaf.sealed_us);
            days.add(seq, record.occurred.min(sealed), &dialect.write(&record))?;
        }
        days.finish(checkpoint.size, erased)
    }

    /// What the book says of how far these files went; none where it says nothing.
    pub(super) fn daily_sealed(&self, head: &Head) -> Result<Option<Grown>, Error> {
        #[derive(serde::Deserialize)]
        struct Said {
            last: Grown,
        }
        let query = crate::Query {
            action: vec![ACTION.to_owned()],
            target: vec![head.target()],
            limit: Some(1),
            ..crate::Query::default()
        };
        let newest = self.query(&query)?.rows.pop().and_then(|stored| stored.record);
        let said = newest.and_then(|record| {
            let result = record.part(sealbook_record::PartName::Result)?;
            serde_json::from_str::<Said>(result.get()).ok()
        });
        Ok(said.map(|said| said.last))
    }
}

/// The files while they are written.
struct Days<'a> {
    dir: &'a Path,
    head: Head,
    /// The last file, open, and its hash so far.
    open: Option<Open>,
    announced: bool,
    records: u64,
    files: u64,
}

struct Open {
    path: PathBuf,
    name: String,
    out: BufWriter<File>,
    hash: Sha256,
    bytes: u64,
}

impl<'a> Days<'a> {
    /// Goes on with the files that are there, after a look at the last of them.
    fn go_on(ledger: &Ledger, dir: &'a Path, checkpoint: String) -> Result<Self, Error> {
        let refused = |why: &'static str| Err(Error::DailyRefused { path: dir.to_owned(), why });
        let mut days = Self::begin(ledger, dir, checkpoint);
        let Some(head) = Head::read(dir)? else {
            if daily_files(dir)?.is_empty() && !dir.join(HEAD).exists() {
                return Ok(days);
            }
            return refused("it holds daily files that no head vouches for");
        };
        if head.origin != ledger.origin().as_str() {
            return refused("it holds the daily files of another ledger");
        }
        let checkpoint = std::mem::take(&mut days.head.checkpoint);
        days.head = Head { checkpoint, ..head };
        if let Some(sealed) = ledger.daily_sealed(&days.head)?
            && !begins_with(dir, &sealed)?
        {
            return refused("they are not what the book says they were");
        }
        let Some(last) = days.head.last.clone() else { return Ok(days) };
        let path = dir.join(&last.file);
        let found = if day_of_file(&last.file).is_some() { hash_of_start(&path, last.bytes)? } else { None };
        let Some((hash, length)) = found.filter(|(hash, _)| hex(hash.clone()) == last.sha256) else {
            return refused("the last file is not what it was");
        };
        if length > last.bytes && !days.head.writing {
            return refused("the last file has grown without us");
        }
        let file = File::options().append(true).open(&path).map_err(|cause| file_error(&path, cause))?;
        // Of a call that did not come to its end.
        file.set_len(last.bytes).map_err(|cause| file_error(&path, cause))?;
        days.open = Some(Open { path, name: last.file, out: BufWriter::new(file), hash, bytes: last.bytes });
        Ok(days)
    }

    fn begin(ledger: &Ledger, dir: &'a Path, checkpoint: String) -> Self {
        let head = Head {
            v: VERSION,
            log: ledger.next_id().to_string(),
            origin: ledger.origin().to_string(),
            next_seq: 0,
            writing: false,
            last: None,
            checkpoint,
        };
        Self { dir, head, open: None, announced: false, records: 0, files: 0 }
    }

    fn add(&mut self, seq: u64, at: Timestamp, line: &str) -> Result<(), Error> {
        if !self.announced {
            self.announced = true;
            self.write_head(true)?;
            self.files += u64::from(self.open.is_some());
        }
        let day = day_of(at);
        let is_open = self.open.as_ref().and_then(|open| day_of_file(&open.name)).is_some_and(|open| *open >= *day);
        if !is_open {
            self.close()?;
            self.create(seq, &day)?;
        }
        self.records += 1;
        self.put(line)
    }

    /// Makes the file of a day. One of that name is of a call that did not come to its end, or a stranger's.
    fn create(&mut self, seq: u64, day: &str) -> Result<(), Error> {
        let name = file_of_day(day);
        let path = self.dir.join(&name);
        if path.exists() && !self.head.writing {
            return Err(Error::DailyRefused { path, why: "it is there already and no head vouches for it" });
        }
        let file = File::create(&path).map_err(|cause| file_error(&path, cause))?;
        self.open = Some(Open { path, name, out: BufWriter::new(file), hash: Sha256::new(), bytes: 0 });
        self.files += 1;
        let link = Link {
            v: VERSION,
            log: self.head.log.clone(),
            origin: self.head.origin.clone(),
            first_seq: seq,
            previous: self.head.last.clone(),
            checkpoint: self.head.checkpoint.clone(),
        };
        let midnight = day.parse().expect("the day of a time is a time");
        self.put(&link.line(midnight))
    }

    fn put(&mut self, line: &str) -> Result<(), Error> {
        let open = self.open.as_mut().expect("a file is open before something is put into it");
        let failed = |cause| file_error(&open.path, cause);
        for bytes in [line.as_bytes(), b"\n"] {
            open.out.write_all(bytes).map_err(failed)?;
            open.hash.update(bytes);
            open.bytes += bytes.len() as u64;
        }
        Ok(())
    }

    /// Makes the open file durable and says so in the head that is to be written.
    fn close(&mut self) -> Result<(), Error> {
        let Some(mut open) = self.open.take() else { return Ok(()) };
        let done = open.out.flush().and_then(|()| open.out.get_ref().sync_all());
        done.map_err(|cause| file_error(&open.path, cause))?;
        self.head.last = Some(Grown { file: open.name, bytes: open.bytes, sha256: hex(open.hash) });
        Ok(())
    }

    fn finish(mut self, next_seq: u64, erased: u64) -> Result<Written, Error> {
        if self.records > 0 {
            self.close()?;
            self.head.next_seq = next_seq;
            self.write_head(false)?;
        } else if self.head.writing {
            self.write_head(false)?;
        }
        Ok(Written { records: self.records, files: self.files, erased, head: self.head })
    }

    /// Replaces the head whole. While somebody writes it says how far the files went before.
    fn write_head(&mut self, writing: bool) -> Result<(), Error> {
        let head = Head { writing, ..self.head.clone() };
        let path = self.dir.join(HEAD);
        let draft = self.dir.join(format!("{HEAD}.part"));
        let mut text = serde_json::to_string_pretty(&head).expect("its keys are texts");
        text.push('\n');
        let written = (|| {
            let mut file = File::create(&draft)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&draft, &path)?;
            File::open(self.dir)?.sync_all()
        })();
        written.map_err(|cause| file_error(&path, cause))?;
        if !writing {
            self.head.writing = false;
        }
        Ok(())
    }
}
