//! Which added file was which deleted one: the choices of `git diff -M`.
//!
//! First equal content, then equal names with similar content, then the best of all pairs. Each
//! step and each tie is git's, because a different choice is a different history to read.

use std::collections::HashMap;

use super::objects::Kind;
use super::reader::Reader;
use super::similarity::{self, MAX_SCORE, Pieces};
use super::tree::{Difference, Side};

/// From here on a pair counts as a rename: 50%.
const MINIMUM: u64 = MAX_SCORE / 2;

/// What a pair of equal names needs: half way from there to the full score.
const MINIMUM_BY_NAME: u64 = MINIMUM + (MAX_SCORE - MINIMUM) / 2;

/// Git compares no more pairs than the square of this (`diff.renameLimit`).
const LIMIT: usize = 1_000;

/// How many old files are remembered for each new one.
const CANDIDATES: usize = 4;

/// A new file and the old one it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rename {
    /// Index of the deletion.
    pub(crate) old: usize,
    /// Index of the addition.
    pub(crate) new: usize,
    /// Similarity, of [`MAX_SCORE`].
    pub(crate) score: u64,
}

impl Rename {
    pub(crate) fn percent(self) -> u8 {
        (self.score * 100 / MAX_SCORE) as u8
    }
}

/// What detection found, and whether it stopped at git's limit.
#[derive(Default)]
pub(crate) struct Renames {
    pub(crate) pairs: Vec<Rename>,
    pub(crate) limited: bool,
}

/// Finds the renames among the differences of two trees.
pub(crate) fn detect(reader: &mut Reader<'_>, differences: &[Difference]) -> Renames {
    search(reader, differences, |_| true)
}

/// Finds what one added file was before; other added files make no claims.
pub(crate) fn source_of<'d>(
    reader: &mut Reader<'_>,
    differences: &'d [Difference],
    path: &[u8],
) -> Option<&'d Difference> {
    let renames = search(reader, differences, |difference| difference.path == path);
    renames.pairs.first().map(|rename| &differences[rename.old])
}

fn search(reader: &mut Reader<'_>, differences: &[Difference], claims: impl Fn(&Difference) -> bool) -> Renames {
    let mut search = Search { reader, old: Vec::new(), new: Vec::new(), pairs: Vec::new() };
    for (index, difference) in differences.iter().enumerate() {
        match (difference.old, difference.new) {
            (Some(side), None) => search.old.push(File::new(&difference.path, side, index)),
            (None, Some(side)) if claims(difference) => search.new.push(File::new(&difference.path, side, index)),
            _ => {}
        }
    }
    if search.old.is_empty() || search.new.is_empty() {
        return Renames::default();
    }
    search.equal_content();
    search.equal_names();
    let limited = !search.best_pairs();
    Renames { pairs: search.pairs, limited }
}

struct Search<'d, 'r, 'o> {
    reader: &'r mut Reader<'o>,
    old: Vec<File<'d>>,
    new: Vec<File<'d>>,
    pairs: Vec<Rename>,
}

struct File<'d> {
    path: &'d [u8],
    side: Side,
    index: usize,
    taken: bool,
    size: Size,
    pieces: Option<Pieces>,
}

/// What is known of a file's size.
#[derive(Clone, Copy)]
enum Size {
    Unasked,
    Unreadable,
    Bytes(usize),
}

impl<'d> File<'d> {
    fn new(path: &'d [u8], side: Side, index: usize) -> Self {
        Self { path, side, index, taken: false, size: Size::Unasked, pieces: None }
    }

    fn name(&self) -> &'d [u8] {
        self.path.rsplit(|&byte| byte == b'/').next().unwrap_or(self.path)
    }

    fn size(&mut self, reader: &mut Reader<'_>) -> Option<usize> {
        if matches!(self.size, Size::Unasked) {
            let data = reader.read(&self.side.id, Kind::Blob, self.path);
            self.size = data.map_or(Size::Unreadable, |data| Size::Bytes(data.len()));
        }
        match self.size {
            Size::Bytes(size) => Some(size),
            Size::Unasked | Size::Unreadable => None,
        }
    }

    fn cut(&mut self, reader: &mut Reader<'_>) {
        if self.pieces.is_none() {
            let data = reader.read(&self.side.id, Kind::Blob, self.path);
            self.pieces = Some(Pieces::of(data.as_deref().unwrap_or_default()));
        }
    }
}

impl Search<'_, '_, '_> {
    /// Pairs files of equal content; among several, one of equal name, not taken yet, is best.
    fn equal_content(&mut self) {
        /// Git looks at no more old files of equal content than this.
        const LOOK_AT: usize = 102;
        let mut by_id: HashMap<_, Vec<usize>> = HashMap::new();
        for (at, old) in self.old.iter().enumerate() {
            by_id.entry(old.side.id).or_default().push(at);
        }
        for new in 0..self.new.len() {
            let file = &self.new[new];
            let Some(candidates) = by_id.get(&file.side.id) else {
                continue;
            };
            let fits = |at: &&usize| {
                let (a, b) = (self.old[**at].side.mode, file.side.mode);
                (a.is_regular() && b.is_regular()) || a == b
            };
            let usable: Vec<usize> =
                candidates.iter().filter(fits).copied().filter(|&at| !self.old[at].taken).take(LOOK_AT).collect();
            let named = usable.iter().copied().find(|&at| self.old[at].name() == file.name());
            if let Some(old) = named.or(usable.first().copied()) {
                self.pair(old, new, MAX_SCORE);
            }
        }
    }

    /// Pairs files whose names occur once on each side, if they are similar enough.
    fn equal_names(&mut self) {
        let old = unique_names(&self.old);
        let new = unique_names(&self.new);
        for at in 0..self.old.len() {
            let file = &self.old[at];
            if file.taken || old.get(file.name()) != Some(&Some(at)) {
                continue;
            }
            let Some(&Some(other)) = new.get(file.name()) else {
                continue;
            };
            let score = self.score(at, other, MINIMUM_BY_NAME);
            if score >= MINIMUM_BY_NAME {
                self.pair(at, other, score);
            }
        }
    }

    /// Pairs what is left, best first; false if there are too many pairs to compare.
    fn best_pairs(&mut self) -> bool {
        let left = |files: &[File<'_>]| -> Vec<usize> { (0..files.len()).filter(|&at| !files[at].taken).collect() };
        let (old, new) = (left(&self.old), left(&self.new));
        if old.is_empty() || new.is_empty() {
            return true;
        }
        if old.len().saturating_mul(new.len()) > LIMIT * LIMIT {
            return false;
        }
        let mut ranked: Vec<Candidate> = Vec::with_capacity(new.len() * CANDIDATES);
        for &new in &new {
            let mut best = [None; CANDIDATES];
            for &old in &old {
                let score = self.score(old, new, MINIMUM);
                let same_name = self.old[old].name() == self.new[new].name();
                replace_worst(&mut best, Candidate { old, new, score, same_name });
            }
            self.new[new].pieces = None;
            ranked.extend(best.into_iter().flatten());
        }
        ranked.sort_by_key(|candidate| std::cmp::Reverse(candidate.rank()));
        for candidate in ranked.iter().take_while(|candidate| candidate.score >= MINIMUM) {
            if !self.old[candidate.old].taken && !self.new[candidate.new].taken {
                self.pair(candidate.old, candidate.new, candidate.score);
            }
        }
        true
    }

    fn pair(&mut self, old: usize, new: usize, score: u64) {
        self.old[old].taken = true;
        self.new[new].taken = true;
        self.pairs.push(Rename { old: self.old[old].index, new: self.new[new].index, score });
    }

    /// How similar two files are; 0 where that cannot reach the minimum.
    fn score(&mut self, old: usize, new: usize, minimum: u64) -> u64 {
        let (a, b) = (&mut self.old[old], &mut self.new[new]);
        if !a.side.mode.is_regular() || !b.side.mode.is_regular() {
            return 0;
        }
        let (Some(old_size), Some(new_size)) = (a.size(self.reader), b.size(self.reader)) else {
            return 0;
        };
        if !similarity::sizes_allow(old_size, new_size, minimum) {
            return 0;
        }
        a.cut(self.reader);
        b.cut(self.reader);
        match (&a.pieces, &b.pieces) {
            (Some(a), Some(b)) => similarity::score((a, old_size), (b, new_size)),
            _ => 0,
        }
    }
}

/// The index of each name, or nothing for a name that several files left bear.
fn unique_names<'d>(files: &[File<'d>]) -> HashMap<&'d [u8], Option<usize>> {
    let mut names = HashMap::new();
    for (at, file) in files.iter().enumerate().filter(|(_, file)| !file.taken) {
        names.entry(file.name()).and_modify(|index| *index = None).or_insert(Some(at));
    }
    names
}

#[derive(Clone, Copy)]
struct Candidate {
    old: usize,
    new: usize,
    score: u64,
    same_name: bool,
}

impl Candidate {
    fn rank(&self) -> (u64, bool) {
        (self.score, self.same_name)
    }
}

/// Puts a candidate in the place of the worst, if it is better; of two equally bad the first goes.
fn replace_worst(best: &mut [Option<Candidate>; CANDIDATES], candidate: Candidate) {
    let rank = |slot: &Option<Candidate>| slot.as_ref().map(Candidate::rank);
    let mut worst = 0;
    for at in 1..CANDIDATES {
        if rank(&best[at]) < rank(&best[worst]) {
            worst = at;
        }
    }
    if rank(&best[worst]) < Some(candidate.rank()) {
        best[worst] = Some(candidate);
    }
}
