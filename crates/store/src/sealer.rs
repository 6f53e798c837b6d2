//! Gives drafts their place: sequence number, previous hash, tree position, checkpoint.
//!
//! The state here is a copy of the ledger's right edge. It is believed only while the head that
//! is read inside the transaction is the head it was made for; any other head, and any failure,
//! makes it read the edge again.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use sealbook_ledger::{
    Checkpoint, Hash, KeyEvent, KeyRing, Leaf, LeafType, Origin, PART_KEYS, SigningKey, TreeState, Uuid, edge_tiles,
};

use sealbook_policy::Standing;

use crate::append::Prepared;
use crate::content::{Content, PartSlot};
use crate::head_file::HeadFile;
use crate::keys::{KeyDir, Signers};
use crate::own::{Own, Run};
use crate::seam::Stands;
use crate::standing::{self, Listed, StandingSeal};
use crate::trusted::{Tiles, Trusted, goes_on_from, read_ring};
use crate::{Clock, CommitError, Error, NewRow, Row, Sealed, Snapshot, Store, Transaction};

/// What a commit's answers are: for each submission, for each record.
pub(crate) type Answers = Vec<Vec<Result<Sealed, Error>>>;

/// A change of a row's parts that is sealed together with the record that tells of it.
pub(crate) struct Replacement {
    pub(crate) seq: u64,
    /// What lay there when the new content was made; anything else means that another was faster.
    pub(crate) before: Vec<u8>,
    pub(crate) content: Vec<u8>,
}

/// The right edge of a ledger, and the keys to go on from it.
pub(crate) struct Sealer {
    origin: Origin,
    keys: KeyDir,
    clock: Arc<dyn Clock>,
    head_file: Option<HeadFile>,
    /// Shared with submitters, who sign before they queue.
    record_key: Arc<RwLock<Option<Arc<SigningKey>>>>,
    own: Arc<Own>,
    edge: Option<Edge>,
    /// The newest checkpoint that was seen in the book: it never goes back behind it.
    seen: Option<Arc<str>>,
}

struct Edge {
    /// The checkpoint this is the edge of; `None` before the first.
    note: Option<Arc<str>>,
    tree: TreeState,
    prev: Hash,
    id_max: Option<Uuid>,
    ring: KeyRing,
    signers: Signers,
    /// The records that say what holds.
    listed: Listed,
}

impl Sealer {
    pub(crate) fn new(
        origin: Origin,
        keys: KeyDir,
        clock: Arc<dyn Clock>,
        head_file: Option<HeadFile>,
        record_key: Arc<RwLock<Option<Arc<SigningKey>>>>,
        own: Arc<Own>,
    ) -> Self {
        Self { origin, keys, clock, head_file, record_key, own, edge: None, seen: None }
    }

    /// Seals what several submitters brought, in one transaction.
    pub(crate) fn seal_group(&mut self, store: &dyn Store, group: &[&[Prepared]]) -> Result<Answers, CommitError> {
        self.seal(store, group, None)
    }

    /// As [`Sealer::seal_group`]; the parts of one older row are replaced in the same transaction.
    pub(crate) fn seal(
        &mut self,
        store: &dyn Store,
        group: &[&[Prepared]],
        replacement: Option<&Replacement>,
    ) -> Result<Answers, CommitError> {
        // A book of an older format has no list yet; its first writer makes it.
        if self.edge.as_ref().is_some_and(|edge| matches!(edge.listed, Listed::Not)) {
            let _ = self.list_standing(store, false);
            self.edge = self.edge.take().filter(|edge| !matches!(edge.listed, Listed::Not));
        }
        let mut tx = store.begin().map_err(CommitError::Rejected)?;
        // Taken out: whatever fails below leaves no edge, and the next call reads it again.
        let mut edge = self.current_edge(&*tx).map_err(CommitError::Rejected)?;
        let (answers, run) = self.write(&mut edge, &mut *tx, group).map_err(CommitError::Rejected)?;
        let Some(run) = run else {
            self.edge = Some(edge);
            return Ok(answers);
        };
        if let Some(replacement) = replacement {
            replace(&mut *tx, replacement).map_err(CommitError::Rejected)?;
        }
        // A crash before this line leaves the old head. One during it leaves the old or the new.
        self.own.begin(run);
        let committed = tx.commit();
        self.own.end(committed.is_ok());
        committed?;
        self.seen.clone_from(&edge.note);
        // A crash here leaves the kept head behind the book, which is no alarm.
        if let (Some(file), Some(note)) = (&mut self.head_file, &edge.note) {
            // The book is sealed whatever becomes of the copy: a full disk there must not turn a
            // durable commit into a refusal. The next commit writes it again.
            let _ = file.keep(note);
        }
        self.edge = Some(edge);
        Ok(answers)
    }

    /// Reads the head again, and the keys. Called when the ledger is opened.
    pub(crate) fn load(&mut self, snapshot: &dyn Snapshot) -> Result<(), Error> {
        self.edge = None;
        self.edge = Some(self.current_edge(snapshot)?);
        Ok(())
    }

    /// Makes the list of records that say what holds from the records themselves: where there is none, or `again`
    /// where the one that is there is not believed.
    ///
    /// Whether a list that was there, and not believed, was made again.
    ///
    /// Errors: among others, that nobody can tell from the records what holds.
    pub(crate) fn list_standing(&mut self, store: &dyn Store, again: bool) -> Result<bool, CommitError> {
        if !store.lists_standing() {
            return Ok(false);
        }
        let rejected = CommitError::Rejected;
        let mut is_again = false;
        if again && matches!(store.snapshot().map_err(rejected)?.standing_seal(), Err(Error::StandingUntrusted { .. }))
        {
            store.mend_standing().map_err(rejected)?;
            self.edge = None;
            is_again = true;
        }
        let view = store.snapshot().map_err(rejected)?;
        if view.standing_seal().map_err(rejected)?.is_some() {
            let ring = read_ring(&*view).map_err(rejected)?;
            let is_good = || standing::read(&*view, &self.origin, &ring, &Standing::ALL, Default::default()).is_ok();
            if !again || (!is_again && is_good()) {
                return Ok(false);
            }
            is_again = true;
        }
        drop(view);
        let mut tx = store.begin().map_err(rejected)?;
        let mut edge = self.current_edge(&*tx).map_err(rejected)?;
        let size = edge.tree.size();
        if let Some(key) = standing::signer(&edge.signers.checkpoint, &edge.ring, size).filter(|_| size > 0) {
            let nothing = (0, Default::default());
            let read = standing::by_reading(&*tx, &self.origin, &Standing::ALL, nothing);
            let (found, tallies) = read.map_err(rejected)?;
            let seal = StandingSeal { size, tallies };
            tx.clear_standing().map_err(rejected)?;
            tx.put_standing(&found, size, size, &seal.sign(&self.origin, key)).map_err(rejected)?;
            tx.commit()?;
            edge.listed = Listed::Sealed(seal);
        }
        self.edge = Some(edge);
        Ok(is_again)
    }

    fn current_edge(&mut self, view: &dyn Snapshot) -> Result<Edge, Error> {
        let head = view.head()?;
        let note = head.as_ref().map(|h| h.note.as_str());
        if let Some(edge) = self.edge.take().filter(|edge| edge.note.as_deref() == note) {
            return Ok(edge);
        }
        let edge = Edge::read(view, &self.origin, &self.keys)?;
        if let Some(seen) = &self.seen {
            let seen = Checkpoint::of_note(seen)?;
            goes_on_from(&seen, edge.tree.size(), &Tiles(view))?;
        }
        self.seen.clone_from(&edge.note);
        self.publish(&edge);
        Ok(edge)
    }

    fn publish(&self, edge: &Edge) {
        let mut shared = self.record_key.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        shared.clone_from(&edge.signers.record);
    }

    fn write(
        &self,
        edge: &mut Edge,
        tx: &mut dyn Transaction,
        group: &[&[Prepared]],
    ) -> Result<(Answers, Option<Run>), Error> {
        let sealed_us = self.clock.now().as_micros();
        let first = edge.tree.size();
        let mut leaves = Vec::new();
        let mut new: Vec<Place<'_>> = Vec::new();
        let mut answers = Answers::with_capacity(group.len());
        let mut keys_changed = false;
        let mut stands = Vec::new();
        let mut twins = Twins { floor: edge.id_max, places: HashMap::default(), known: 0 };
        for submission in group {
            let mut own = Vec::with_capacity(submission.len());
            for prepared in *submission {
                if let Some(answer) = find(edge, tx, &mut twins, &new, prepared)? {
                    own.push(answer);
                    continue;
                }
                let start = leaves.len();
                let placed = self.place(edge, prepared, sealed_us, &mut leaves);
                if let Ok(sealed) = placed {
                    keys_changed |= prepared.draft.typ == LeafType::Key;
                    stands.extend(prepared.standing.map(|sort| Stands { sort, seq: sealed.seq, hash: sealed.hash }));
                    new.push(Place { prepared, sealed, leaf: start..leaves.len() });
                }
                own.push(placed);
            }
            answers.push(own);
        }
        if new.is_empty() {
            return Ok((answers, None));
        }
        debug_assert_eq!(edge.tree.size(), first + new.len() as u64);
        let rows: Vec<NewRow<'_>> = new.iter().map(|place| place.row(&leaves)).collect();
        tx.append(&rows)?;
        for tile in edge.tree.take_dirty() {
            tx.put_tile(tile.level, tile.index, &tile.hashes)?;
        }
        if keys_changed {
            edge.signers = Signers::load(&self.keys, &edge.ring, edge.tree.size())?;
            self.publish(edge);
        }
        let note = self.checkpoint(edge)?;
        tx.put_checkpoint(edge.tree.size(), &note)?;
        edge.note = Some(note.into());
        self.put_standing(edge, tx, &stands, first)?;
        let loud = new.iter().filter(|place| !place.prepared.quiet).map(|place| place.sealed.seq).collect();
        Ok((answers, Some(Run { seqs: first..edge.tree.size(), loud, note: edge.note.clone() })))
    }

    /// Seals one draft after the last. An error refuses this record alone.
    fn place(
        &self,
        edge: &mut Edge,
        prepared: &Prepared,
        sealed_us: i64,
        leaves: &mut Vec<u8>,
    ) -> Result<Sealed, Error> {
        let seq = edge.tree.size();
        let draft = &prepared.draft;
        let hash = if draft.typ == LeafType::Key {
            edge.change_keys(seq, prepared)?;
            draft.seal_into(&self.origin, seq, &edge.prev, sealed_us, leaves)
        } else if let Some(stale) = draft.sigs().iter().find(|s| !edge.ring.may_sign(&s.key, draft.typ, seq)) {
            // The signer was retired between signing and sealing: sign again with the one that is valid now.
            // Nobody signs again for an approver.
            let own = draft.sigs().len() == 1;
            let Some(signer) = edge.signers.record.as_ref().filter(|_| own) else {
                return Err(Error::KeyRetired { key: stale.key.to_string() });
            };
            let mut again = draft.clone();
            again.clear_sigs();
            again.sign(&self.origin, signer);
            again.seal_into(&self.origin, seq, &edge.prev, sealed_us, leaves)
        } else {
            draft.seal_into(&self.origin, seq, &edge.prev, sealed_us, leaves)
        };
        let hash = hash?;
        edge.tree.push(hash);
        edge.prev = hash;
        edge.id_max = edge.id_max.max(Some(draft.id));
        Ok(Sealed { seq, id: draft.id, hash, duplicate: false })
    }

    /// Adds to the list of records that say what holds, and seals it anew: it is believed for one size alone.
    fn put_standing(
        &self,
        edge: &mut Edge,
        tx: &mut dyn Transaction,
        new: &[Stands],
        before: u64,
    ) -> Result<(), Error> {
        let size = edge.tree.size();
        let seal = match &mut edge.listed {
            Listed::Not => return Ok(()),
            Listed::Broken(bytes) => return tx.put_standing(&[], size, before, bytes),
            Listed::Gone(why) => {
                return Err(Error::StandingUntrusted { origin: self.origin.clone(), why: why.clone() });
            }
            Listed::Sealed(seal) => seal,
        };
        seal.size = size;
        for Stands { sort, seq, hash } in new {
            seal.tallies[usize::from(sort.number())].push(*seq, hash);
        }
        let key = standing::signer(&edge.signers.checkpoint, &edge.ring, size);
        key.map_or(Ok(()), |key| tx.put_standing(new, size, before, &seal.sign(&self.origin, key)))
    }

    fn checkpoint(&self, edge: &Edge) -> Result<String, Error> {
        let size = edge.tree.size();
        let signers: Vec<&SigningKey> = edge
            .signers
            .checkpoint
            .iter()
            .map(|key| &**key)
            .filter(|key| edge.ring.checkpoint_keys(size).any(|valid| valid == key.public()))
            .collect();
        if signers.is_empty() {
            let missing = edge.ring.checkpoint_keys(size).next().map(|key| key.fingerprint().to_string());
            return Err(Error::KeyMissing {
                role: "checkpoint",
                key: missing.unwrap_or_default(),
                dir: self.keys.path().to_owned(),
            });
        }
        Ok(Checkpoint { origin: self.origin.clone(), size, root: edge.tree.root() }.sign(&signers))
    }
}

/// Records of the group under way, by id. Filled only when an id comes that is not above all others.
struct Twins {
    /// The largest id before the group: ids above it are in the group, or nowhere.
    floor: Option<Uuid>,
    places: HashMap<Uuid, usize>,
    /// How many of the group's records are in `places`.
    known: usize,
}

impl Twins {
    fn find(&mut self, new: &[Place<'_>], id: Uuid) -> Option<usize> {
        for (at, place) in new.iter().enumerate().skip(self.known) {
            self.places.insert(place.prepared.draft.id, at);
        }
        self.known = new.len();
        self.places.get(&id).copied()
    }
}

/// The answer for a record that was sealed before, under the same id.
fn find(
    edge: &Edge,
    tx: &dyn Transaction,
    twins: &mut Twins,
    new: &[Place<'_>],
    prepared: &Prepared,
) -> Result<Option<Result<Sealed, Error>>, Error> {
    let id = prepared.draft.id;
    // Ids are made in ascending order, so nearly every one is above all that are sealed.
    if edge.id_max.is_none_or(|max| id > max) {
        return Ok(None);
    }
    if let Some(twin) = twins.find(new, id).map(|at| &new[at]) {
        let same = twin.prepared.says_the_same(prepared);
        return Ok(Some(answer(same, Sealed { duplicate: true, ..twin.sealed })));
    }
    if twins.floor.is_none_or(|floor| id > floor) {
        return Ok(None);
    }
    let Some(seq) = tx.seq_of(id)? else { return Ok(None) };
    let mut found = None;
    tx.scan(seq, seq + 1, &mut |row| {
        found = Some((prepared.is_sealed_as(&row), Leaf::hash(row.leaf)));
        Ok(false)
    })?;
    let (same, hash) = found.ok_or_else(|| Error::RowDamaged { seq, what: "it is not there".to_owned() })?;
    Ok(Some(answer(same, Sealed { seq, id, hash, duplicate: true })))
}

/// Empties the parts, if they still lie as they did when the erasure was asked for.
fn replace(tx: &mut dyn Transaction, replacement: &Replacement) -> Result<(), Error> {
    let Replacement { seq, before, content } = replacement;
    let mut same = false;
    tx.scan(*seq, seq + 1, &mut |row| {
        same = row.content == *before;
        Ok(false)
    })?;
    if !same {
        let why = "another process changed the record meanwhile; look at it and ask again";
        return Err(Error::EraseRefused { seq: *seq, part: "of any name".to_owned(), why });
    }
    tx.replace_content(*seq, content)
}

fn answer(same: bool, sealed: Sealed) -> Result<Sealed, Error> {
    if same { Ok(sealed) } else { Err(Error::IdConflict { id: sealed.id }) }
}

/// A prepared record that has its place.
struct Place<'p> {
    prepared: &'p Prepared,
    sealed: Sealed,
    leaf: std::ops::Range<usize>,
}

impl Place<'_> {
    fn row<'r>(&'r self, leaves: &'r [u8]) -> NewRow<'r> {
        NewRow {
            row: Row { seq: self.sealed.seq, leaf: &leaves[self.leaf.clone()], content: &self.prepared.content },
            id: self.prepared.draft.id,
            is_key: self.prepared.draft.typ == LeafType::Key,
        }
    }
}

impl Edge {
    fn read(view: &dyn Snapshot, origin: &Origin, keys: &KeyDir) -> Result<Self, Error> {
        let Some(Trusted { checkpoint, note, ring }) = Trusted::read(view, origin)? else {
            return Ok(Self {
                note: None,
                tree: TreeState::empty(),
                prev: Hash::ZERO,
                id_max: None,
                ring: KeyRing::new(),
                signers: Signers::default(),
                listed: Listed::Sealed(StandingSeal::default()),
            });
        };
        let size = checkpoint.size;
        let tiles = edge_tiles(size)
            .into_iter()
            .map(|(level, index)| Ok(view.tile(level, index)?.unwrap_or_default()))
            .collect::<Result<Vec<_>, Error>>()?;
        let tree = TreeState::from_edge(size, tiles)?;
        let damaged = |what: &str| Error::RowDamaged { seq: size.saturating_sub(1), what: what.to_owned() };
        if tree.root() != checkpoint.root {
            return Err(damaged("the tiles of the right edge do not make the root of the newest checkpoint"));
        }
        let mut prev = None;
        view.scan(size - 1, size, &mut |row| {
            prev = Some(Leaf::hash(row.leaf));
            Ok(false)
        })?;
        let prev = prev.ok_or_else(|| damaged("the newest record is not there"))?;
        let signers = Signers::load(keys, &ring, size)?;
        let listed = Listed::read(view, origin, &ring, size)?;
        Ok(Self { note: Some(note.into()), tree, prev, id_max: view.id_max()?, ring, signers, listed })
    }

    /// Takes the event of a key leaf, if those who may change the keys have signed it.
    fn change_keys(&mut self, seq: u64, prepared: &Prepared) -> Result<(), Error> {
        let bytes = prepared.draft.parts().iter().find(|p| p.name == PART_KEYS).map_or(&[][..], |p| &p.bytes);
        let mut ring = self.ring.clone();
        ring.apply(seq, &KeyEvent::from_json(bytes)?)?;
        let sigs = prepared.draft.sigs();
        if !ring.may_change(|key| sigs.iter().any(|s| s.key == *key), seq) {
            return Err(sealbook_ledger::Error::KeyEventRefused { why: "no valid checkpoint key has signed it" }.into());
        }
        // Retired between signing and sealing, by another process: it would stand there as a signature too many.
        if sigs.iter().any(|sig| !ring.may_sign(&sig.key, LeafType::Key, seq)) {
            let why = "a key that signed it was retired meanwhile; ask again";
            return Err(sealbook_ledger::Error::KeyEventRefused { why }.into());
        }
        self.ring = ring;
        Ok(())
    }
}

impl Prepared {
    /// Whether both would store the same bytes, salts and signatures apart.
    fn says_the_same(&self, other: &Self) -> bool {
        let (a, b) = (&self.draft, &other.draft);
        (a.typ, a.operation, a.phase, a.occurred_us) == (b.typ, b.operation, b.phase, b.occurred_us)
            && a.parts().len() == b.parts().len()
            && a.parts().iter().zip(b.parts()).all(|(x, y)| x.name == y.name && x.bytes == y.bytes)
    }

    /// Whether the row holds what this would store. A part that was erased since cannot differ.
    fn is_sealed_as(&self, row: &Row<'_>) -> bool {
        let Ok(leaf) = Leaf::parse(row.leaf) else { return false };
        let Some(slots) = Content::new(row.content).slots(leaf.parts.len()) else { return false };
        let draft = &self.draft;
        (leaf.typ, leaf.operation, leaf.phase, leaf.occurred_us)
            == (draft.typ, draft.operation, draft.phase, draft.occurred_us)
            && leaf.parts.len() == draft.parts().len()
            && leaf.parts.iter().zip(&slots).zip(draft.parts()).all(|(((name, _), slot), part)| {
                **name == *part.name
                    && match slot {
                        PartSlot::Present(_, bytes) => *bytes == part.bytes,
                        PartSlot::Erased => true,
                    }
            })
    }
}
