//! Verifies a bundle, line by line, from a stranger.

use std::{
    collections::HashSet,
    io::{BufRead, Read},
};

use uuid::Uuid;

use super::{
    LINE_BYTES_MAX,
    line::{EntryLine, Header, Kind, checkpoint_from_line},
};
use crate::{
    Checkpoint, Entry, EntryPlace, Error, Fault, Hash, KeyRing, KeyRole, Report, Trust, check_inclusion,
    verify::{Checked, Checker, Keys, Peaks, Refusal, Sum, claims},
};

/// Verifies a bundle against what is trusted. What is wrong with it is in the report;
/// an error means that it could not be read, or is no bundle of this version.
pub fn verify_bundle(input: impl BufRead, trust: &Trust) -> Result<Report, Error> {
    verify_bundle_each(input, trust, &mut |_| ())
}

/// The same, and hands on each entry that can be read. Whether it is what was sealed, the report says afterwards.
pub fn verify_bundle_each(
    mut input: impl BufRead,
    trust: &Trust,
    each: &mut dyn FnMut(&Entry<'_>),
) -> Result<Report, Error> {
    let mut text = Vec::new();
    read_line(&mut input, &mut text)?;
    let header = Header::from_line(&text).ok_or(Error::BundleUnusable)?;
    let mut bundle = Bundle::new(&header);
    read_line(&mut input, &mut text)?;
    match checkpoint_from_line(&text) {
        Some(note) => bundle.note = Some(note),
        None => bundle.line_fault("it is not a checkpoint"),
    }
    let checkpoint = bundle.note.as_deref().and_then(|note| Checkpoint::of_note(note).ok());
    bundle.take_checkpoint(checkpoint);
    while read_line(&mut input, &mut text)? {
        bundle.line += 1;
        if bundle.seen == header.count {
            bundle.line_fault("the header announces fewer entries");
            break;
        }
        bundle.seen += 1;
        bundle.take_entry(&text, each);
    }
    Ok(bundle.finish(trust))
}

/// Reads up to a line feed, or one byte more than a line may have. False at the end.
fn read_line(input: &mut impl BufRead, text: &mut Vec<u8>) -> Result<bool, Error> {
    text.clear();
    Ok(input.by_ref().take(LINE_BYTES_MAX as u64 + 1).read_until(b'\n', text)? > 0)
}

struct Bundle<'a> {
    header: &'a Header,
    note: Option<String>,
    checkpoint: Option<Checkpoint>,
    checker: Checker<'a>,
    entry: EntryLine,
    ids: HashSet<Uuid>,
    chain: Chain,
    next_seq: u64,
    /// Number of the line at hand, from 1.
    line: u64,
    seen: u64,
}

impl<'a> Bundle<'a> {
    fn new(header: &'a Header) -> Self {
        Self {
            header,
            note: None,
            checkpoint: None,
            checker: Checker::new(&header.origin, Keys::Folded(KeyRing::new()), true),
            entry: EntryLine::default(),
            ids: HashSet::new(),
            chain: Chain::default(),
            next_seq: 0,
            line: 2,
            seen: 0,
        }
    }

    fn line_fault(&mut self, why: &'static str) {
        self.checker.report(Fault::LineMalformed { line: self.line, why });
    }

    fn take_checkpoint(&mut self, checkpoint: Option<Checkpoint>) {
        if self.note.is_some() && checkpoint.is_none() {
            self.line_fault("its checkpoint is malformed");
        }
        let size = checkpoint.as_ref().map(|checkpoint| checkpoint.size);
        if self.header.kind == Kind::Whole && size.is_some_and(|size| size != self.header.count) {
            self.line_fault("the checkpoint is not of the size that the header announces");
        }
        self.checkpoint = checkpoint;
    }

    fn take_entry(&mut self, text: &[u8], each: &mut dyn FnMut(&Entry<'_>)) {
        if let Err(why) = self.read_entry(text) {
            self.line_fault(why);
            self.next_seq += 1;
            return self.chain.push(None);
        }
        let seq = match self.header.kind {
            Kind::Whole => self.next_seq,
            Kind::Selection => self.entry.parsed.seq,
        };
        let entry = std::mem::take(&mut self.entry);
        let parts = entry.parts(text);
        let whole = Entry { seq, leaf: &text[entry.leaf.clone()], parts: &parts };
        let checked = self.checker.check(&whole);
        each(&whole);
        if !self.ids.insert(entry.parsed.id) {
            self.checker.report(Fault::DuplicateId { entry: checked.place });
        }
        match self.header.kind {
            Kind::Whole => self.chain.push(Some(checked)),
            Kind::Selection => self.include(&checked, entry.proof.as_deref().unwrap_or_default()),
        }
        self.next_seq = seq.saturating_add(1);
        self.entry = entry;
    }

    fn read_entry(&mut self, text: &[u8]) -> Result<(), &'static str> {
        self.entry.read(text).map_err(|error| match error {
            Error::LeafMalformed { expected, .. } => expected,
            _ => "it is not an entry",
        })?;
        if self.entry.proof.is_some() == (self.header.kind == Kind::Selection) {
            return Ok(());
        }
        Err("a selection has proofs, a whole bundle has none")
    }

    fn include(&mut self, checked: &Checked, proof: &[Hash]) {
        let Checked { place, hash, .. } = *checked;
        if place.seq < self.next_seq {
            self.checker.report(Fault::SeqUnexpected { entry: place });
        }
        let Some(Checkpoint { size, root, .. }) = &self.checkpoint else {
            return;
        };
        if check_inclusion(place.seq, &hash, *size, root, proof).is_err() {
            self.checker.report(Fault::NotIncluded { entry: place });
        }
    }

    fn finish(mut self, trust: &Trust) -> Report {
        if self.seen < self.header.count {
            self.line += 1;
            self.line_fault("the header announces more entries");
        }
        let (found, keys) = self.checker.finish();
        let ring = keys.ring();
        let mut sum = Sum::default();
        sum.entries = self.header.count;
        sum.checkpoints = 1;
        sum.take(found);
        sum.check_erasures(0);
        if self.header.kind == Kind::Whole {
            sum.find_still_present();
        }
        if ring.entries().is_empty() {
            sum.faults.add(Fault::GenesisMissing);
        }
        let signers = match (&self.note, &self.checkpoint) {
            (Some(note), Some(checkpoint)) => signers(note, checkpoint, self.header, ring, &mut sum),
            _ => Vec::new(),
        };
        let mut root = Hash::ZERO;
        if let Some(checkpoint) = &self.checkpoint {
            root = checkpoint.root;
            if self.header.kind == Kind::Whole && self.seen == checkpoint.size {
                root = self.chain.finish(checkpoint, &mut sum);
            }
        }
        let size = self.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.size);
        let is_first = |key: &&crate::KeyEntry| key.role == KeyRole::Checkpoint && key.from_seq == 0;
        let genesis = ring.entries().iter().filter(is_first).map(|key| key.key.fingerprint());
        let vouchers: Vec<Hash> = genesis.chain(signers).collect();
        sum.into_report(&self.header.origin, size, root, ring, trust, &vouchers)
    }
}

/// Checks the signatures of the checkpoint with the keys that all entries name.
fn signers(note: &str, checkpoint: &Checkpoint, header: &Header, ring: &KeyRing, sum: &mut Sum) -> Vec<Hash> {
    let size = checkpoint.size;
    match claims(note, &header.origin, ring, None) {
        Ok((body, claims)) => {
            if claims.iter().all(|(key, sig)| key.verify(body.as_bytes(), sig)) {
                return claims.iter().map(|(key, _)| key.fingerprint()).collect();
            }
            sum.faults.add(Fault::CheckpointInvalid { size, why: "a signature does not hold" });
        }
        Err(Refusal::UnknownKey(_)) => sum.faults.add(Fault::CheckpointKeyUnknown { size, count: 1 }),
        Err(Refusal::Invalid(why)) => sum.faults.add(Fault::CheckpointInvalid { size, why }),
    }
    Vec::new()
}

/// The chain of a whole bundle, and the tree in two views: as the leaves make it, and as
/// their successors say. Where the second makes the signed root, leaves were altered.
#[derive(Default)]
struct Chain {
    leaves: Peaks,
    successors: Peaks,
    /// The last two entries: what they hash to, and whether they name the one before.
    waiting: Vec<Link>,
    breaks: Vec<EntryPlace>,
    altered: Vec<EntryPlace>,
    has_hole: bool,
}

#[derive(Clone, Copy)]
struct Link {
    place: EntryPlace,
    hash: Option<Hash>,
    prev: Option<Hash>,
    is_broken: bool,
}

impl Chain {
    fn push(&mut self, checked: Option<Checked>) {
        let seq = self.leaves.size() + self.waiting.len() as u64;
        let mut link = Link {
            place: checked.map_or(EntryPlace { seq, id: None }, |checked| checked.place),
            hash: checked.map(|checked| checked.hash),
            prev: checked.and_then(|checked| checked.prev),
            is_broken: false,
        };
        let before = match self.waiting.last() {
            Some(before) => before.hash,
            None => Some(Hash::ZERO),
        };
        if let (Some(before), Some(prev)) = (before, link.prev) {
            link.is_broken = before != prev;
        }
        if link.is_broken {
            self.breaks.push(link.place);
        }
        self.waiting.push(link);
        if self.waiting.len() == 3 {
            self.pass();
        }
    }

    /// Lets the oldest waiting entry into the trees. Its successor's word counts where the
    /// successor itself is named by the one after it.
    fn pass(&mut self) {
        let link = self.waiting.remove(0);
        let next = self.waiting.first();
        let is_doubted = self.waiting.get(1).is_some_and(|after| after.is_broken);
        let says = next.filter(|next| (next.is_broken && !is_doubted) || link.hash.is_none());
        let says = says.and_then(|next| next.prev);
        self.has_hole |= link.hash.is_none() && says.is_none();
        let hash = link.hash.or(says).unwrap_or(Hash::ZERO);
        let alternative = says.unwrap_or(hash);
        if alternative != hash {
            self.altered.push(link.place);
        }
        self.leaves.push(0, hash);
        self.successors.push(0, alternative);
    }

    /// Holds the tree against the signed root. Returns the root as it was decided.
    fn finish(mut self, checkpoint: &Checkpoint, sum: &mut Sum) -> Hash {
        while !self.waiting.is_empty() {
            self.pass();
        }
        let (root, alternative) = (self.leaves.root(), self.successors.root());
        if root != checkpoint.root && alternative == checkpoint.root {
            self.altered.into_iter().for_each(|entry| sum.faults.add(Fault::LeafAltered { entry }));
            return alternative;
        }
        self.breaks.into_iter().for_each(|entry| sum.faults.add(Fault::ChainBreak { entry }));
        if root != checkpoint.root && !self.has_hole {
            sum.faults.add(Fault::CheckpointMismatch { size: checkpoint.size });
        }
        root
    }
}
