//! Daily files of JSON Lines: written with a seal in the book, and checked.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use sealbook_record::{PartName, Target, TargetKind};
use sealbook_report::{Block, Column, Document, Text, Tone, View};
use sealbook_store::daily::{self, Check, Fault, Head, Written};
use sealbook_store::{Ledger, Query};

use crate::command::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// Adds to the daily files in `dir` what is new, and seals how far they go.
pub(crate) fn write(dir: &Path, session: &Session, context: &Context) -> Result<Exit, Failure> {
    let written = session.ledger.write_daily(dir)?;
    let result = result(&written.head);
    if newest(&session.ledger, &written.head)?.is_none_or(|said| said != result) {
        let mut record = session.event(daily::ACTION, Target::new(TargetKind::Log, written.head.target()));
        record.set_part_json(PartName::Result, result)?;
        let directory = context.environment.absolute(dir).display().to_string();
        record.set_part(PartName::Context, &BTreeMap::from([("directory", directory)])).expect("texts are JSON");
        let answer = session.ledger.append(vec![session.admit(record)?])?.pop().expect("one record has one answer");
        answer?;
    }
    let Written { records, files, erased, .. } = written;
    let mut note = format!("{records} records were added to {files} files in {}", dir.display());
    if erased > 0 {
        let _ = write!(note, "; {erased} are left out: they were erased");
    }
    context.note(&note);
    Ok(Exit::Clean)
}

/// What is sealed of a head.
fn result(head: &Head) -> String {
    let last = serde_json::to_string(&head.last).expect("its keys are texts");
    format!("{{\"last\":{last},\"next_seq\":{}}}", head.next_seq)
}

/// What was sealed of these files last.
fn newest(ledger: &Ledger, head: &Head) -> Result<Option<String>, Failure> {
    let query = Query {
        action: vec![daily::ACTION.to_owned()],
        target: vec![head.target()],
        limit: Some(1),
        ..Query::default()
    };
    let newest = ledger.query(&query)?.rows.pop().and_then(|stored| stored.record);
    Ok(newest.and_then(|record| Some(record.part(PartName::Result)?.get().to_owned())))
}

/// Checks the daily files in `dir`, against the book too where it is at hand.
pub(crate) fn verify(dir: &Path, context: &Context) -> Result<Exit, Failure> {
    let place = context.place()?;
    let check = if place.exists() {
        let actor = crate::who::acting(&crate::args::Acting::default(), &place)?;
        Session::open_unchecked(place, actor)?.ledger.verify_daily(dir)
    } else {
        daily::check(dir)
    }?;
    context.out.show(&Checked(&check))?;
    Ok(if check.is_whole() { Exit::Clean } else { Exit::Broken })
}

struct Checked<'a>(&'a Check);

impl View for Checked<'_> {
    fn document(&self) -> Document {
        let Check { files, records, with_book, faults, .. } = self.0;
        let mut page = Document::new();
        page.heading(2, "Daily files");
        let verdict =
            if faults.is_empty() { Text::toned("Whole", Tone::Good) } else { Text::toned("Not whole", Tone::Bad) };
        page.line(verdict.and(format!(": {files} files with {records} records.")));
        if !with_book {
            page.line("They were compared with each other and with their head, not with a book.");
        }
        let columns = vec![Column::text("File"), Column::whole("Code"), Column::text("What is wrong")];
        let row = |fault: &Fault| vec![Text::name(&fault.file), Text::plain(fault.code), Text::plain(fault.what)];
        page.add(Block::Table(columns, faults.iter().map(row).collect()));
        page
    }

    fn json(&self) -> String {
        #[derive(serde::Serialize)]
        struct Json<'a> {
            valid: bool,
            files: u64,
            records: u64,
            with_book: bool,
            faults: &'a [Fault],
        }
        let Check { files, records, with_book, faults, .. } = self.0;
        let json = Json { valid: faults.is_empty(), files: *files, records: *records, with_book: *with_book, faults };
        serde_json::to_string(&json).expect("its keys are texts")
    }
}
