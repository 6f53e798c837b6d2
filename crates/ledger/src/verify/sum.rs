//! What all entries together have to answer for.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::{EntryPlace, Fault, Faults, Finding, Found, Report, Trust, revoked};
use crate::{FAULTS_MAX, Hash, KeyEvent, KeyRing, Origin};

/// The sum of several checkers, in the order of their ranges.
#[derive(Debug, Default)]
pub(crate) struct Sum {
    pub(crate) faults: Faults,
    pub(crate) findings: Vec<Finding>,
    /// Entries that were to be looked at.
    pub(crate) entries: u64,
    pub(crate) checkpoints: u64,
    key_events: Vec<(EntryPlace, KeyEvent)>,
    erasures: BTreeSet<(u64, String)>,
    erased: BTreeMap<(u64, String), EntryPlace>,
    unknown: BTreeMap<Hash, (EntryPlace, u64)>,
    withheld: u64,
    unsigned: u64,
    ids: Vec<(Uuid, u64)>,
    signatures: u64,
    sealed_us: Option<i64>,
}

impl Sum {
    pub(crate) fn take(&mut self, found: Found) {
        self.faults.join(found.faults);
        self.key_events.extend(found.key_events);
        self.erasures.extend(found.erasures);
        self.erased.extend(found.erased);
        for (key, (place, count)) in found.unknown {
            self.unknown.entry(key).or_insert((place, 0)).1 += count;
        }
        self.ids.extend(found.ids.unwrap_or_default());
        self.withheld += found.withheld;
        self.unsigned += found.unsigned;
        self.signatures += found.signatures;
        if let Some((entry, first, last)) = found.sealed_us {
            if let Some(before) = self.sealed_us.filter(|before| *before > first) {
                self.findings.push(Finding::ClockStep { entry, back_us: before.abs_diff(first) });
            }
            self.sealed_us = Some(last);
        }
        self.findings.extend(found.clock_steps);
    }

    /// Finds ids that came twice, where they were collected. Those of altered leaves are not believed.
    pub(crate) fn check_ids(&mut self) {
        let mut ids = std::mem::take(&mut self.ids);
        ids.retain(|(_, seq)| !self.faults.is_bad(*seq));
        ids.sort_unstable();
        for pair in ids.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
            let (id, seq) = pair[1];
            self.faults.add(Fault::DuplicateId { entry: EntryPlace { seq, id: Some(id) } });
        }
    }

    /// Holds erased parts against erase leaves, where all that came later was looked at.
    pub(crate) fn check_erasures(&mut self, covered_from: u64) {
        let mut unchecked = 0;
        for ((seq, name), entry) in &self.erased {
            if self.erasures.contains(&(*seq, name.clone())) {
                continue;
            }
            if *seq + 1 >= covered_from {
                self.faults.add(Fault::ErasedWithoutRecord { entry: *entry, name: name.clone() });
            } else {
                unchecked += 1;
            }
        }
        if unchecked > 0 {
            self.findings.push(Finding::ErasuresUnchecked { count: unchecked });
        }
    }

    /// Holds the keys against the key leaves of the stretches that were looked at, the first entry among
    /// them. Where these do not make the ring that was used, others were not looked at.
    pub(crate) fn check_keys_of_part(&mut self, ring: &KeyRing, has_first: bool) {
        let mut folded = KeyRing::new();
        for (entry, event) in &self.key_events {
            // What is refused here was refused for the ring that was used as well, or goes on from one unseen.
            let _ = folded.apply(entry.seq, event);
        }
        if has_first && folded.entries().is_empty() && !self.faults.is_bad(0) {
            self.faults.add(Fault::GenesisMissing);
        }
        if folded != *ring {
            self.findings.push(Finding::KeysUnchecked);
        }
    }

    /// Looks for erased parts that are still there, where every entry was looked at.
    pub(crate) fn find_still_present(&mut self) {
        for (seq, name) in &self.erasures {
            if !self.erased.contains_key(&(*seq, name.clone())) {
                let entry = EntryPlace { seq: *seq, id: None };
                let name = name.clone();
                self.findings.push(Finding::ErasedStillPresent { entry, name });
            }
        }
    }

    /// Folds the key leaves again and holds the keys against the ring that was used.
    pub(crate) fn check_keys(&mut self, ring: &KeyRing) {
        let mut folded = KeyRing::new();
        for (entry, event) in &self.key_events {
            let is_founded = entry.seq == 0 || !folded.entries().is_empty();
            if let Err(error) = folded.apply(entry.seq, event)
                && is_founded
            {
                let why = super::checker::why(&error);
                self.faults.add(Fault::KeyEventInvalid { entry: *entry, why });
            }
        }
        if folded.entries().is_empty() && !self.faults.is_bad(0) {
            self.faults.add(Fault::GenesisMissing);
        }
        // Where a key leaf is broken, the two differ for that reason.
        if let Some((entry, _)) = self.key_events.last()
            && self.faults.is_empty()
            && folded != *ring
        {
            self.faults.add(Fault::KeysIncomplete { entry: *entry });
        }
    }

    pub(crate) fn into_report(
        mut self,
        origin: &Origin,
        size: u64,
        root: Hash,
        ring: &KeyRing,
        trust: &Trust,
        vouchers: &[Hash],
    ) -> Report {
        for (key, (entry, count)) in std::mem::take(&mut self.unknown) {
            self.faults.add(Fault::KeyUnknown { entry, key, count });
        }
        if let Some(fault) = trust.fault(origin, vouchers) {
            self.faults.add(fault);
        }
        let mut findings: Vec<_> = revoked(ring).chain(self.findings).collect();
        if trust.keys.is_empty() {
            findings.push(Finding::NotPinned);
        }
        if self.unsigned > 0 {
            findings.push(Finding::Unsigned { count: self.unsigned });
        }
        if self.withheld > 0 {
            findings.push(Finding::PartsWithheld { count: self.withheld });
        }
        findings.truncate(FAULTS_MAX);
        let verified_entries = self.entries.saturating_sub(self.faults.bad_entries());
        let (fault_count, faults) = self.faults.into_parts();
        Report {
            valid: fault_count == 0,
            origin: origin.clone(),
            size,
            root,
            looked_at: None,
            verified_entries,
            total_entries: self.entries,
            erased_parts: self.erased.len() as u64,
            signatures: self.signatures,
            checkpoints: self.checkpoints,
            fault_count,
            faults,
            findings,
        }
    }
}
