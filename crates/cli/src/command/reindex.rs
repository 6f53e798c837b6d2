//! `sealbook reindex`: makes everything again that is derived.

use std::path::Path;

use sealbook_record::{Severity, Target, TargetKind};
use sealbook_report::{Block, Document, Text, View};
use sealbook_store::IndexProgress;

use super::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// Throw the index away and make it again from what is sealed
///
/// Nothing that is sealed changes. The list of the records that say what holds is made again too, where it is
/// missing or not the one that was sealed: the whole book is read, and that it was done is a record. It also removes what an erasure could not remove while another
/// process was reading.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook reindex
  sealbook verify --projections            whether that is needed")]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args, context: &Context) -> Result<Exit, Failure> {
    let (session, progress) = match rebuild(context) {
        Err(Failure::IndexUnreadable { path, .. }) => {
            remove(&path)?;
            rebuild(context)?
        }
        rebuilt => rebuilt?,
    };
    if progress.relisted {
        // That what holds was not known for a while must not be known to this terminal alone.
        let mut record =
            session.event("book.relisted", Target::new(TargetKind::Ledger, session.ledger.origin().as_str()));
        record.severity = Severity::Warning;
        let why =
            "the list of records that say what holds was not the one that was sealed; it was made again from them";
        record.reason = Some(why.to_owned());
        session.seal(record)?;
    }
    let scrubbed = session.ledger.scrub()?;
    if !scrubbed {
        context.note("another process is reading the book: older pages of its files stay until it is done");
    }
    context.out.show(&Reindexed { progress, scrubbed })?;
    Ok(Exit::Clean)
}

fn rebuild(context: &Context) -> Result<(Session, IndexProgress), Failure> {
    let session = context.open()?;
    let progress = session.ledger.reindex()?;
    Ok((session, progress))
}

/// Removes a derived file that cannot even be emptied.
fn remove(index: &Path) -> Result<(), Failure> {
    for end in ["", "-wal", "-shm"] {
        let mut name = index.as_os_str().to_owned();
        name.push(end);
        match std::fs::remove_file(&name) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
                return Err(Failure::Output { name: name.to_string_lossy().into_owned(), cause });
            }
            _ => {}
        }
    }
    Ok(())
}

struct Reindexed {
    progress: IndexProgress,
    scrubbed: bool,
}

impl View for Reindexed {
    fn document(&self) -> Document {
        let mut page = Document::new();
        page.add(Block::Fields(vec![
            ("indexed".to_owned(), Text::plain(self.progress.indexed.to_string())),
            ("records".to_owned(), Text::plain(self.progress.size.to_string())),
        ]));
        if self.progress.relisted {
            let told = "The list of what holds was not the one that was sealed. It was made again from all records, \
                        sealed, and that is on record (book.relisted).";
            page.add(Block::Line(Text::plain(told)));
        }
        page
    }

    fn json(&self) -> String {
        let IndexProgress { indexed, size, relisted } = self.progress;
        format!("{{\"indexed\":{indexed},\"size\":{size},\"relisted\":{relisted},\"scrubbed\":{}}}", self.scrubbed)
    }
}
