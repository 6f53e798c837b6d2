//! All ranges together: chain across them, tree, tiles, checkpoints, keys, trust.

use std::collections::BTreeSet;

use super::{
    EntryPlace, Fault, RangeReport, Report, Subject, Trust,
    checkpoints::Checkpoints,
    sum::Sum,
    views::{View, Views},
};
use crate::{Error, Hash, KeyRole, TileReader, tree::hash_of};

/// A checkpoint as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCheckpoint {
    /// The size under which it is stored.
    pub size: u64,
    /// The signed note.
    pub note: Vec<u8>,
}

/// Joins what the ranges found and checks all that no range can see alone.
///
/// `checkpoints` are all that are stored, in ascending order of size. Ranges may
/// leave out parts of the ledger; for those, the stored tiles speak. Errors come
/// from reading tiles and checkpoints; whatever is wrong with them is in the report.
pub fn combine(
    subject: &Subject<'_>,
    mut ranges: Vec<RangeReport>,
    checkpoints: impl IntoIterator<Item = Result<StoredCheckpoint, Error>>,
    trust: &Trust,
) -> Result<Report, Error> {
    ranges.sort_by_key(|report| report.range.start);
    let mut sum = Sum::default();
    let breaks = join_chain(&mut ranges, subject.tiles)?;
    let covered_from = covered_from(subject.size, &ranges);
    let looked_at = stretches(&ranges);
    for report in &mut ranges {
        sum.entries += report.range.end - report.range.start;
        sum.take(std::mem::take(&mut report.found));
    }
    sum.check_erasures(covered_from);
    let is_whole = covered_from == 0;
    if !is_whole {
        sum.check_keys_of_part(subject.ring, looked_at.first().is_some_and(|(first, _)| *first == 0));
    } else if subject.size > 0 {
        sum.check_keys(subject.ring);
        sum.find_still_present();
    }

    let mut views = Views::new(subject, ranges)?;
    let mut stored = Checkpoints::new(subject);
    for checkpoint in checkpoints {
        stored.take(&views, &checkpoint?, &mut sum.faults)?;
    }
    stored.finish(&mut views, &mut sum.faults)?;
    sum.checkpoints = stored.count();
    report_leaves(&mut sum, &views, breaks);
    sum.check_ids();
    report_tiles(&mut sum, &views)?;

    let genesis = subject.ring.entries().iter().filter(|key| key.role == KeyRole::Checkpoint && key.from_seq == 0);
    let vouchers: Vec<Hash> = genesis.map(|key| key.key.fingerprint()).chain(stored.into_signers()).collect();
    let root = views.root(View::Resolved, subject.size)?;
    let report = sum.into_report(subject.origin, subject.size, root, subject.ring, trust, &vouchers);
    Ok(Report { looked_at: (!is_whole).then_some(looked_at), ..report })
}

/// First and last places of what was looked at; ranges that follow each other are one stretch.
fn stretches(ranges: &[RangeReport]) -> Vec<(u64, u64)> {
    let mut stretches: Vec<(u64, u64)> = Vec::new();
    for range in ranges.iter().map(|report| &report.range).filter(|range| !range.is_empty()) {
        match stretches.last_mut().filter(|(_, last)| last + 1 == range.start) {
            Some((_, last)) => *last = range.end - 1,
            None => stretches.push((range.start, range.end - 1)),
        }
    }
    stretches
}

/// Joins the chain across ranges. Returns the entries that do not name the one before.
fn join_chain(ranges: &mut [RangeReport], tiles: &dyn TileReader) -> Result<Vec<EntryPlace>, Error> {
    let mut breaks = Vec::new();
    for at in 0..ranges.len() {
        let (before, rest) = ranges.split_at_mut(at);
        let report = &mut rest[0];
        breaks.append(&mut report.chain.breaks);
        let Some((place, prev)) = report.chain.first else {
            continue;
        };
        let start = report.range.start;
        let expected = match before.last_mut().filter(|before| before.range.end == start) {
            _ if start == 0 => Some(Hash::ZERO),
            Some(before) => {
                let last = before.odd_tiles.get_mut(&((start - 1) / 256));
                if let Some(successor) = last.and_then(|tile| tile.successors.last_mut()) {
                    *successor = Some(prev);
                }
                before.chain.last
            }
            None => stored_hash(start - 1, tiles)?,
        };
        if expected.is_some_and(|expected| expected != prev) {
            breaks.push(place);
        }
    }
    Ok(breaks)
}

/// What the tile says of an entry that no range looked at.
fn stored_hash(seq: u64, tiles: &dyn TileReader) -> Result<Option<Hash>, Error> {
    let start = (seq % 256) as usize * 32;
    let tile = tiles.tile(0, seq / 256)?;
    Ok(tile.and_then(|tile| tile.get(start..start + 32).map(hash_of)))
}

/// From which place on every entry was looked at.
fn covered_from(size: u64, ranges: &[RangeReport]) -> u64 {
    ranges.iter().rev().fold(size, |from, report| if report.range.end == from { report.range.start } else { from })
}

fn report_leaves(sum: &mut Sum, views: &Views<'_>, breaks: Vec<EntryPlace>) {
    for suspect in views.suspects().iter().filter(|suspect| suspect.is_leaf()) {
        if !sum.faults.is_malformed(suspect.place.seq) {
            sum.faults.add(Fault::LeafAltered { entry: suspect.place });
        }
    }
    for entry in breaks {
        let before = entry.seq.wrapping_sub(1);
        if !views.is_altered(entry.seq) && !views.is_altered(before) && !sum.faults.is_malformed(before) {
            sum.faults.add(Fault::ChainBreak { entry });
        }
    }
}

fn report_tiles(sum: &mut Sum, views: &Views<'_>) -> Result<(), Error> {
    let suspects = views.suspects().iter().filter(|suspect| suspect.is_tile());
    let mut altered: BTreeSet<(u8, u64)> = suspects.map(|suspect| (0, suspect.place.seq / 256)).collect();
    for (level, index, is_there) in views.odd_tiles()? {
        if is_there {
            altered.insert((level, index));
        } else {
            sum.faults.add(Fault::TileMissing { level, index });
        }
    }
    for (level, index) in altered {
        sum.faults.add(Fault::TileAltered { level, index });
    }
    Ok(())
}
