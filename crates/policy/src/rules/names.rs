//! Which names a part surely does not have: a rule that looks for one of those need not look.

use std::borrow::Cow;
use std::cell::OnceCell;

use sealbook_record::{PartName, Record};

use super::field::{Place, Step, folded};
use super::walk::any_name;

const WORDS: usize = 16;
const BITS: u64 = 64 * WORDS as u64;

/// The mark of a name: names of one mark are taken for each other, and never one for none.
type Mark = u16;

/// The marks of the names in one part.
struct Marks([u64; WORDS]);

impl Marks {
    fn of(json: &str) -> Self {
        let mut marks = [0; WORDS];
        any_name(json.as_bytes(), &mut |name| {
            let mark = mark(name);
            marks[usize::from(mark / 64)] |= 1 << (mark % 64);
            if let Cow::Owned(folded) = folded(name) {
                let mark = self::mark(&folded);
                marks[usize::from(mark / 64)] |= 1 << (mark % 64);
            }
            false
        });
        Self(marks)
    }

    fn has(&self, mark: Mark) -> bool {
        self.0[usize::from(mark / 64)] >> (mark % 64) & 1 == 1
    }
}

/// FNV-1a, folded.
fn mark(name: &str) -> Mark {
    let hash = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    ((hash ^ (hash >> 32)) % BITS) as Mark
}

/// The marks of a record's parts, made when they are first asked for.
#[derive(Default)]
pub(crate) struct Names([OnceCell<Box<Marks>>; PartName::ALL.len()]);

/// A place and the names without which there is nothing in it.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) place: Place,
    needs: Vec<Mark>,
}

impl Look {
    pub(crate) fn new(place: Place) -> Self {
        let needs = match &place {
            Place::Part { path, .. } => path.iter().filter_map(needed).collect(),
            _ => Vec::new(),
        };
        Self { place, needs }
    }

    /// Calls `each` with every text there until it says `true`; whether it did.
    pub(crate) fn any(&self, record: &Record, names: &Names, each: &mut dyn FnMut(&str) -> bool) -> bool {
        if let Place::Part { part, .. } = &self.place
            && !self.needs.is_empty()
        {
            let Some(json) = record.part(*part) else { return false };
            let marks = names.0[*part as usize].get_or_init(|| Box::new(Marks::of(json.get())));
            if !self.needs.iter().all(|mark| marks.has(*mark)) {
                return false;
            }
        }
        self.place.any(record, each)
    }
}

/// The mark of a step that only a member's name can be; a number may be that of an element.
fn needed(step: &Step) -> Option<Mark> {
    match step {
        Step::Name(name) | Step::Folded(name) if name.parse::<usize>().is_err() => Some(mark(name)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use sealbook_record::PartName;

    use super::*;
    use crate::rules::tests::record;

    #[test]
    fn every_part_has_a_place() {
        for (index, part) in PartName::ALL.iter().enumerate() {
            assert_eq!(*part as usize, index);
        }
    }

    #[test]
    fn what_is_there_is_never_passed_over() {
        let mut record = record();
        record.set_part_json(PartName::Input, r#"{"a":{"p\u0061th" :"x"},"list":[["y"]]}"#).unwrap();
        for (place, there) in [
            ("input.a.path", true),
            ("input.**.path", true),
            ("input.list.0.0", true),
            ("input.**.0", true),
            ("input.*.path", true),
            ("input.**.paths", false),
            ("input.list.0.path", false),
            ("result.path", false),
            ("action", true),
            ("names(input)", true),
        ] {
            let look = Look::new(Place::parse(place).unwrap());
            assert_eq!(look.any(&record, &Names::default(), &mut |_| true), there, "{place}");
        }
    }
}
