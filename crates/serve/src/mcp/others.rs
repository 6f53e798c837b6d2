//! The ledgers of a book's other tenants: a stop of everything is sealed in each of them.

use sealbook_policy::Raw;
use sealbook_record::Record;
use sealbook_store::{Ledger, Options};

use super::desk::Desk;
use crate::Error;

impl Desk {
    /// Seals the record in the ledger of every other tenant; the tenants' directories where that failed.
    pub(crate) fn seal_elsewhere(&self, record: &Record) -> Vec<String> {
        let Ok(others) = self.ledger().beside() else {
            return vec!["what lies beside this ledger cannot be read".to_owned()];
        };
        let failed = others.iter().filter(|directory| self.seal_in(directory, record).is_err());
        failed.map(|directory| directory.file_name().unwrap_or_default().to_string_lossy().into_owned()).collect()
    }

    fn seal_in(&self, directory: &std::path::Path, record: &Record) -> Result<(), Error> {
        let mut layout = self.ledger().layout().clone();
        directory.clone_into(&mut layout.book);
        let options = Options { threads: self.ledger().threads(), ..Options::default() };
        let other = Ledger::open(layout, options)?;
        let mut record = record.clone();
        record.id = other.next_id();
        other.tenant().clone_into(&mut record.tenant);
        let judged = self.policy()?.admit(Raw::new(record))?;
        other.append(vec![judged])?.into_iter().try_for_each(|sealed| sealed.map(drop))?;
        Ok(())
    }
}
