//! The last sealed manifest of the same tree, read back page by page.

use std::borrow::Cow;
use std::collections::VecDeque;

use sealbook_ledger::Uuid;
use sealbook_record::{PartName, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::entry::Known;
use super::{MANIFEST, NAME, PAGE};
use crate::{Error, Prior, Sealed, Selection};

/// The entries of the last manifest, in order.
pub(crate) struct Previous<'a> {
    /// The manifest's record and place.
    pub(crate) record: Uuid,
    pub(crate) seq: u64,
    pub(crate) occurred: Timestamp,
    /// When its run began, where it says so.
    pub(crate) began: Option<Timestamp>,
    /// The Merkle root over the entries.
    pub(crate) root: String,
    /// The part `input` of the manifest: what was asked for then.
    pub(crate) asked: String,
    pages: Box<dyn Iterator<Item = Result<Sealed, Error>> + 'a>,
    announced: usize,
    read: usize,
    entries: VecDeque<String>,
    /// Set when a page is missing or erased; nothing is given after that.
    pub(crate) broken: Option<String>,
}

#[derive(Deserialize)]
struct Manifest<'a> {
    #[serde(default)]
    began: Option<Timestamp>,
    #[serde(borrow)]
    root: Cow<'a, str>,
    #[serde(borrow)]
    pages: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Page<'a> {
    page: usize,
    #[serde(borrow)]
    entries: Vec<&'a RawValue>,
}

impl<'a> Previous<'a> {
    /// The newest manifest of that scope until then, if there is one that was not erased.
    pub(crate) fn of(
        prior: &'a dyn Prior,
        scope: &str,
        project: Option<&str>,
        until: Option<Timestamp>,
    ) -> Result<Option<Self>, Error> {
        let target = Some(scope);
        let selection =
            Selection { source: Some(NAME), actions: &[MANIFEST], target, project, until, ..Selection::default() };
        let Some(Sealed { seq, record }) = prior.latest(&selection)? else {
            return Ok(None);
        };
        let (Some(asked), Some(told)) = (record.part(PartName::Input), record.part(PartName::Result)) else {
            return Ok(None);
        };
        let Ok(manifest) = serde_json::from_str::<Manifest<'_>>(told.get()) else {
            return Ok(None);
        };
        let announced = manifest.pages.len();
        let pages = prior.records(&Selection { actions: &[PAGE], operation: record.operation, ..selection })?;
        Ok(Some(Self {
            record: record.id,
            seq,
            occurred: record.occurred,
            began: manifest.began,
            root: manifest.root.into_owned(),
            asked: asked.get().to_owned(),
            pages,
            announced,
            read: 0,
            entries: VecDeque::new(),
            broken: None,
        }))
    }

    /// The next entry's text, not yet taken.
    pub(crate) fn peek(&mut self) -> Result<Option<&str>, Error> {
        while self.entries.is_empty() && self.broken.is_none() && self.read < self.announced {
            let page = self.pages.next().transpose()?;
            self.broken = self.turn(page.as_ref());
            self.read += 1;
        }
        Ok(self.entries.front().map(String::as_str))
    }

    /// Takes the entry that [`Previous::peek`] gave.
    pub(crate) fn take(&mut self) -> Option<String> {
        self.entries.pop_front()
    }

    fn turn(&mut self, page: Option<&Sealed>) -> Option<String> {
        let number = self.read;
        let Some(Sealed { seq, record }) = page else {
            return Some(format!("page {number} of the last manifest is missing"));
        };
        let Some(part) = record.part(PartName::Result) else {
            return Some(format!("page {number} of the last manifest (record {seq}) was erased"));
        };
        match serde_json::from_str::<Page<'_>>(part.get()) {
            Ok(page) if page.page == number => {
                self.entries.extend(page.entries.iter().map(|entry| entry.get().to_owned()));
                None
            }
            _ => Some(format!("page {number} of the last manifest is not where it should be (record {seq})")),
        }
    }
}

/// Reads an entry back. One that no longer has its form (redaction may have put a word where a
/// number was) cannot be compared.
pub(crate) fn known(text: &str) -> Option<Known> {
    serde_json::from_str(text).ok()
}
