//! Whether the list of records that say what holds says what the records say.
//!
//! Both sides are summed up as sets, as those of ids are; only where the sums differ is each record looked up. The
//! seal is checked against the list in its order, as a gate does.

use sealbook_ledger::{Fault, KeyRing, Leaf, LeafType, Origin, PART_STATEMENT};
use sealbook_policy::{Standing, Tallies};

use super::lookups::{Sum, Sums};
use crate::content::{Content, PartSlot};
use crate::seam::Stands;
use crate::standing::{StandingSeal, sort_of};
use crate::{Error, Row, Snapshot};

const TABLE: &str = "standing";
/// Differences that are named.
const NAMED_MOST: usize = 100;

/// Adds what a row says of itself, where it says what holds.
pub(super) fn add_row(sum: &mut Sum, sums: &Sums, row: Row<'_>) {
    if let Some(stands) = of_row(row) {
        add(sum, sums, stands);
    }
}

/// The list against the sum of what the records say, and against its seal. Nothing, where none is kept.
pub(super) fn faults(
    view: &dyn Snapshot,
    (origin, ring, size): (&Origin, &KeyRing, u64),
    sums: &Sums,
    of_records: Sum,
) -> Result<Vec<Fault>, Error> {
    match list_faults(view, (origin, ring, size), sums, of_records) {
        // The list itself is missing, or the book denies that it has one.
        Err(Error::StandingUntrusted { why, .. }) => Ok(vec![Fault::TableMismatch { table: TABLE, what: why }]),
        told => told,
    }
}

fn list_faults(
    view: &dyn Snapshot,
    (origin, ring, size): (&Origin, &KeyRing, u64),
    sums: &Sums,
    of_records: Sum,
) -> Result<Vec<Fault>, Error> {
    let Some(seal) = view.standing_seal()? else { return Ok(Vec::new()) };
    let (mut sum, mut tallies) = (Sum::default(), Tallies::default());
    for sort in Standing::ALL {
        view.standing(sort, 0, &mut |stands| {
            // What an erased alert said is known from the list alone.
            if sort != Standing::Alert || !is_erased(view, stands)? {
                add(&mut sum, sums, stands);
            }
            tallies[usize::from(sort.number())].push(stands.seq, &stands.hash);
            Ok(true)
        })?;
    }
    let mut faults = if sum == of_records { Vec::new() } else { differences(view, size)? };
    let why = match StandingSeal::open(&seal, origin, ring) {
        Err(why) => Some(why),
        Ok(seal) if seal.size != size => Some("its seal is of another size than the book"),
        Ok(seal) if seal.tallies != tallies => Some("it is not the list that was sealed"),
        Ok(_) => None,
    };
    faults.extend(why.map(|why| Fault::TableMismatch { table: TABLE, what: why.to_owned() }));
    Ok(faults)
}

fn of_row(row: Row<'_>) -> Option<Stands> {
    let mut parts = Vec::new();
    Content::new(row.content).parts_into(&mut parts);
    let statement = parts.iter().find(|part| part.name() == PART_STATEMENT)?;
    let sealbook_ledger::EntryPart::Present { bytes, .. } = statement else { return None };
    let sort = sort_of(bytes)?;
    let leaf = Leaf::parse(row.leaf).ok().filter(|leaf| leaf.typ == LeafType::Record)?;
    Some(Stands { sort, seq: leaf.seq, hash: Leaf::hash(row.leaf) })
}

fn add(sum: &mut Sum, sums: &Sums, stands: Stands) {
    let mut bytes = [0; 33];
    bytes[0] = stands.sort.number();
    bytes[1..].copy_from_slice(stands.hash.as_bytes());
    sum.add(sums, &bytes, stands.seq);
}

/// Names what differs, both ways.
fn differences(view: &dyn Snapshot, size: u64) -> Result<Vec<Fault>, Error> {
    let mut faults = Vec::new();
    let mut tell = |what: String| {
        faults.push(Fault::TableMismatch { table: TABLE, what });
        Ok(faults.len() < NAMED_MOST)
    };
    view.scan(0, size, &mut |row| {
        let Some(own) = of_row(row) else { return Ok(true) };
        let mut listed = None;
        view.standing(own.sort, own.seq, &mut |stands| {
            listed = Some(stands);
            Ok(false)
        })?;
        if listed == Some(own) { Ok(true) } else { tell(format!("it does not list the record at seq {}", own.seq)) }
    })?;
    for sort in Standing::ALL {
        view.standing(sort, 0, &mut |stands| {
            let mut own = None;
            if stands.seq < size {
                view.scan(stands.seq, stands.seq + 1, &mut |row| {
                    own = of_row(row);
                    Ok(false)
                })?;
            }
            if own == Some(stands) || (sort == Standing::Alert && is_erased(view, stands)?) {
                return Ok(true);
            }
            tell(format!("it lists seq {}, which does not say what holds, or another record there", stands.seq))
        })?;
    }
    Ok(faults)
}

/// Whether that record is there and its statement is gone.
fn is_erased(view: &dyn Snapshot, stands: Stands) -> Result<bool, Error> {
    let mut found = false;
    view.scan(stands.seq, stands.seq.saturating_add(1), &mut |row| {
        let Ok(leaf) = Leaf::parse(row.leaf) else { return Ok(false) };
        let Some(slots) = Content::new(row.content).slots(leaf.parts.len()) else { return Ok(false) };
        let place = leaf.parts.iter().position(|(name, _)| **name == *PART_STATEMENT);
        found = Leaf::hash(row.leaf) == stands.hash && place.is_some_and(|place| slots[place] == PartSlot::Erased);
        Ok(false)
    })?;
    Ok(found)
}
