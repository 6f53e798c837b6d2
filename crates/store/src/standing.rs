//! What holds rests on sealed records alone: the list of those that say it, and the seal over that list.
//!
//! The list saves a reader the whole book and proves nothing by itself: whoever can write the file can edit it. A
//! running hash over it is sealed with every commit by the checkpoint key, with the ledger's origin and size, and
//! whoever reads the list comes to that hash or believes none of it. Where there is no seal, as in a book of an
//! older format, the records are read instead, all of them, and have to make the root that was signed.

use std::collections::BTreeSet;
use std::sync::Arc;

use sealbook_ledger::{
    Erasure, Hash, KeyRing, Leaf, LeafType, Origin, PART_ERASURE, PART_STATEMENT, SigningKey, TreeState, commit,
    edge_tiles,
};
use sealbook_policy::{Standing, Tallies, Tally};

use crate::content::{Content, PartSlot};
use crate::seam::Stands;
use crate::trusted::Trusted;
use crate::{Error, Row, Snapshot};

const DOMAIN: &[u8] = b"sealbook/state/v1\0";
/// Fingerprint and signature before what is signed, the size and a count and a hash of each sort.
const SEAL_BYTES: usize = 32 + 64 + BODY_BYTES;
const BODY_BYTES: usize = 8 + Standing::ALL.len() * 40;

/// What is sealed over the list: how many records the ledger has, and what those of each sort come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct StandingSeal {
    pub(crate) size: u64,
    pub(crate) tallies: Tallies,
}

impl StandingSeal {
    pub(crate) fn sign(&self, origin: &Origin, key: &SigningKey) -> Vec<u8> {
        let body = self.body();
        let mut bytes = Vec::with_capacity(SEAL_BYTES);
        bytes.extend_from_slice(key.fingerprint().as_bytes());
        bytes.extend_from_slice(&key.sign(&message(origin, &body)));
        bytes.extend_from_slice(&body);
        bytes
    }

    /// Errors: why it is not believed.
    pub(crate) fn open(bytes: &[u8], origin: &Origin, ring: &KeyRing) -> Result<Self, &'static str> {
        const UNREADABLE: &str = "the seal over the list of records that say what holds cannot be read";
        let (key, rest) = bytes.split_first_chunk::<32>().ok_or(UNREADABLE)?;
        let (sig, body) = rest.split_first_chunk::<64>().ok_or(UNREADABLE)?;
        let body: &[u8; BODY_BYTES] = body.try_into().map_err(|_| UNREADABLE)?;
        let number = |at: usize| body[at..at + 8].try_into().map_or(0, u64::from_be_bytes);
        let mut seal = Self { size: number(0), tallies: Tallies::default() };
        for (nth, tally) in seal.tallies.iter_mut().enumerate() {
            let at = 8 + nth * 40;
            let hash = body[at + 8..at + 40].try_into().map_or(Hash::ZERO, Hash);
            *tally = Tally { count: number(at), hash };
        }
        let key = ring.checkpoint_keys(seal.size).find(|valid| valid.fingerprint().as_bytes() == key);
        let signed = key.is_some_and(|key| key.verify(&message(origin, body), sig));
        signed.then_some(seal).ok_or("no key of the book has signed the list of records that say what holds")
    }

    fn body(&self) -> [u8; BODY_BYTES] {
        let mut body = [0; BODY_BYTES];
        body[..8].copy_from_slice(&self.size.to_be_bytes());
        for (nth, tally) in self.tallies.iter().enumerate() {
            let at = 8 + nth * 40;
            body[at..at + 8].copy_from_slice(&tally.count.to_be_bytes());
            body[at + 8..at + 40].copy_from_slice(tally.hash.as_bytes());
        }
        body
    }
}

fn message(origin: &Origin, body: &[u8; BODY_BYTES]) -> Vec<u8> {
    let origin = origin.as_str().as_bytes();
    let len = u16::try_from(origin.len()).unwrap_or(u16::MAX).to_be_bytes();
    [DOMAIN, &len, origin, body].concat()
}

/// What a writer knows of the list that it goes on with.
#[derive(Debug, Clone)]
pub(crate) enum Listed {
    /// There is none.
    Not,
    Sealed(StandingSeal),
    /// It is not believed, and stays so: nothing here signs what somebody else wrote.
    Broken(Vec<u8>),
    /// It was taken away: nothing is written until it is made again.
    Gone(String),
}

impl Listed {
    pub(crate) fn read(view: &dyn Snapshot, origin: &Origin, ring: &KeyRing, size: u64) -> Result<Self, Error> {
        let bytes = match view.standing_seal() {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Ok(Self::Not),
            Err(Error::StandingUntrusted { why, .. }) => return Ok(Self::Gone(why)),
            Err(other) => return Err(other),
        };
        Ok(match StandingSeal::open(&bytes, origin, ring) {
            Ok(seal) if seal.size == size => Self::Sealed(seal),
            _ => Self::Broken(bytes),
        })
    }
}

/// Records that say what holds, in their order, and what those of each sort come to with them.
pub(crate) type Found = (Vec<Stands>, Tallies);

/// The records of these sorts from `from` on, where those before came to `tallies`.
///
/// Errors: [`Error::StandingUntrusted`] and [`Error::StandingAltered`] where nobody can tell what holds.
pub(crate) fn read(
    view: &dyn Snapshot,
    origin: &Origin,
    ring: &KeyRing,
    sorts: &[Standing],
    (from, mut tallies): (u64, Tallies),
) -> Result<Found, Error> {
    let Some(bytes) = view.standing_seal()? else { return by_reading(view, origin, sorts, (from, tallies)) };
    let refuse = |why: &str| Error::StandingUntrusted { origin: origin.clone(), why: why.to_owned() };
    let seal = StandingSeal::open(&bytes, origin, ring).map_err(refuse)?;
    if Some(seal.size) != view.head()?.map(|head| head.size) {
        return Err(refuse("the list of records that say what holds is of another size than the book"));
    }
    let mut found = Vec::new();
    for sort in sorts {
        let tally = &mut tallies[usize::from(sort.number())];
        view.standing(*sort, from, &mut |stands| {
            tally.push(stands.seq, &stands.hash);
            found.push(stands);
            Ok(true)
        })?;
        if *tally != seal.tallies[usize::from(sort.number())] {
            return Err(refuse("the list of records that say what holds is not the one that was sealed"));
        }
    }
    found.sort_unstable_by_key(|stands| stands.seq);
    Ok((found, tallies))
}

/// As [`read`], from the records themselves.
pub(crate) fn by_reading(
    view: &dyn Snapshot,
    origin: &Origin,
    sorts: &[Standing],
    (from, mut tallies): (u64, Tallies),
) -> Result<Found, Error> {
    let Some(trusted) = Trusted::read(view, origin)? else { return Ok((Vec::new(), tallies)) };
    let size = trusted.checkpoint.size;
    let tiles = edge_tiles(from)
        .into_iter()
        .map(|(level, index)| Ok(view.tile(level, index)?.unwrap_or_default()))
        .collect::<Result<Vec<_>, Error>>()?;
    let mut tree = TreeState::from_edge(from, tiles)?;
    let (mut found, mut blank, mut erased) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    view.scan(from, size, &mut |row| {
        let hash = Leaf::hash(row.leaf);
        tree.push(hash);
        drop(tree.take_dirty());
        match Says::of(&row) {
            Says::Standing(sort) if sorts.contains(&sort) => {
                tallies[usize::from(sort.number())].push(row.seq, &hash);
                found.push(Stands { sort, seq: row.seq, hash });
            }
            Says::Standing(_) | Says::Nothing => {}
            Says::Unknown => return Err(Error::StandingAltered { seq: row.seq }),
            Says::Blank => drop(blank.insert(row.seq)),
            Says::Erases(seqs) => erased.extend(seqs),
        }
        Ok(true)
    })?;
    if tree.size() != size || tree.root() != trusted.checkpoint.root {
        let why = "its records do not make the root of its newest checkpoint".to_owned();
        return Err(Error::StandingUntrusted { origin: origin.clone(), why });
    }
    // What was emptied without a word may have said what holds.
    match blank.difference(&erased).next() {
        Some(&seq) => Err(Error::StandingAltered { seq }),
        None => Ok((found, tallies)),
    }
}

/// What a row says of what holds.
enum Says {
    Nothing,
    Standing(Standing),
    /// Its statement is not what was sealed, so nobody knows.
    Unknown,
    /// Its statement is gone.
    Blank,
    /// It tells of the erasure of the statements of these.
    Erases(Vec<u64>),
}

impl Says {
    fn of(row: &Row<'_>) -> Self {
        let Ok(leaf) = Leaf::parse(row.leaf) else { return Self::Unknown };
        let wanted = match leaf.typ {
            LeafType::Key => return Self::Nothing,
            LeafType::Record => PART_STATEMENT,
            LeafType::Erase => PART_ERASURE,
        };
        let Some(slots) = Content::new(row.content).slots(leaf.parts.len()) else { return Self::Unknown };
        let Some(at) = leaf.parts.iter().position(|(name, _)| **name == *wanted) else { return Self::Nothing };
        match slots[at] {
            PartSlot::Erased => Self::Blank,
            PartSlot::Present(salt, bytes) if commit(wanted, leaf.id, salt, bytes) != leaf.parts[at].1 => Self::Unknown,
            PartSlot::Present(_, bytes) if leaf.typ == LeafType::Erase => {
                let parts = Erasure::from_json(bytes).map(|erasure| erasure.parts).unwrap_or_default();
                let of_statements = parts.into_iter().filter(|part| part.name == PART_STATEMENT);
                Self::Erases(of_statements.map(|part| part.seq).collect())
            }
            PartSlot::Present(_, bytes) => sort_of(bytes).map_or(Self::Nothing, Self::Standing),
        }
    }
}

/// What the record of a statement is about.
pub(crate) fn sort_of(statement: &[u8]) -> Option<Standing> {
    #[derive(serde::Deserialize)]
    struct Form<'a> {
        #[serde(borrow)]
        action: std::borrow::Cow<'a, str>,
    }
    // Nearly every statement is passed over without being parsed.
    let may_be = memchr::memmem::find_iter(statement, ACTION).any(|at| {
        let rest = &statement[at + ACTION.len()..];
        let end = memchr::memchr(b'"', rest).unwrap_or(0);
        std::str::from_utf8(&rest[..end]).ok().and_then(Standing::of).is_some()
    });
    let form = may_be.then(|| serde_json::from_slice::<Form<'_>>(statement).ok()).flatten()?;
    Standing::of(&form.action)
}

const ACTION: &[u8] = br#""action":""#;

/// The key that is to seal the list of a ledger of that size, if one that may is at hand.
pub(crate) fn signer<'k>(keys: &'k [Arc<SigningKey>], ring: &KeyRing, size: u64) -> Option<&'k SigningKey> {
    keys.iter().map(|key| &**key).find(|key| ring.checkpoint_keys(size).any(|valid| valid == key.public()))
}
