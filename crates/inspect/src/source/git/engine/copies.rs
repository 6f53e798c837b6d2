//! Every copy of an object. One may lie in several packs and be loose as well, and which of them a reader of git
//! takes depends on the order in which it looks: what only one reader meets must not go unread.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use gix::odb::pack::data::decode::entry::ResolvedBase;
use gix::odb::pack::{data, index, multi_index};

use super::cache::{Cache, Cached};
use super::id::Id;
use super::loose;
use super::objects::{Damage, Hash, Kind, OBJECT_LIMIT, damage_of};

/// All packs and loose objects of a repository and its alternates, as they were when it was first asked for them.
pub(super) struct Copies {
    hash: Hash,
    directories: Vec<PathBuf>,
    packs: Vec<Pack>,
    tables: Vec<Table>,
    /// Names of loose objects and the directories they lie in, sorted.
    loose: Vec<(Id, usize)>,
    /// Tables whose names are not in order: what they hold depends on how it is looked for.
    pub(super) disordered: Vec<PathBuf>,
}

struct Pack {
    path: PathBuf,
    index: Option<index::File>,
    file: OnceLock<Option<data::File>>,
}

/// A sorted list of names, and where each lies.
struct Table {
    names: Names,
    /// Whether each name is there once.
    distinct: bool,
}

enum Names {
    /// Of the pack with this number.
    One(usize),
    /// Of these packs.
    Many(Box<multi_index::File>, Vec<Option<usize>>),
}

/// Where a copy lies.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Place {
    Packed { pack: usize, offset: u64 },
    Loose { directory: usize },
}

/// What one thread needs to read copies.
pub(super) struct Scratch {
    pub(super) cache: Cache,
    pub(super) inflate: gix::zlib::Inflate,
    pub(super) buffer: Vec<u8>,
}

impl Copies {
    /// Opens every index below the object directories.
    pub(super) fn open(directories: Vec<PathBuf>, hash: Hash) -> Self {
        let mut copies = Self {
            hash,
            directories,
            packs: Vec::new(),
            tables: Vec::new(),
            loose: Vec::new(),
            disordered: Vec::new(),
        };
        for at in 0..copies.directories.len() {
            let directory = copies.directories[at].clone();
            copies.open_packs(&directory.join("pack"));
            loose::each(&directory, &mut |id, _| copies.loose.push((id, at)));
        }
        copies.loose.sort_unstable();
        copies
    }

    fn open_packs(&mut self, directory: &Path) {
        let first = self.packs.len();
        for entry in fs::read_dir(directory).into_iter().flatten().filter_map(Result::ok) {
            let path = entry.path();
            // An index without its pack counts for nothing, nor does one that cannot be read.
            let pack = path.with_extension("pack");
            if path.extension().is_some_and(|extension| extension == "idx") && pack.exists() {
                let index = index::File::at(&path, self.hash.into()).ok();
                self.packs.push(Pack { path: pack, index, file: OnceLock::new() });
                let names = Names::One(self.packs.len() - 1);
                self.add(names, path);
            }
        }
        let path = directory.join("multi-pack-index");
        if let Ok(file) = multi_index::File::at(&path, Some(OBJECT_LIMIT))
            && file.object_hash() == self.hash.into()
        {
            let find = |name: &PathBuf| {
                let stem = name.file_stem();
                (first..self.packs.len()).find(|pack| self.packs[*pack].path.file_stem() == stem)
            };
            let packs = file.index_names().iter().map(find).collect();
            self.add(Names::Many(Box::new(file), packs), path);
        }
    }

    fn add(&mut self, names: Names, path: PathBuf) {
        let mut table = Table { names, distinct: true };
        let len = table.len(self);
        let mut sorted = true;
        for at in 1..len {
            let order = table.name(self, at - 1).cmp(table.name(self, at));
            sorted &= order.is_le();
            table.distinct &= order.is_lt();
        }
        if sorted {
            self.tables.push(table);
        } else {
            self.disordered.push(path);
        }
    }

    /// Whether an object of this name is loose.
    pub(super) fn is_loose(&self, id: &Id) -> bool {
        let at = self.loose.partition_point(|(other, _)| other < id);
        self.loose.get(at).is_some_and(|(other, _)| other == id)
    }

    /// All places where an object lies: packs first, as git looks there first.
    pub(super) fn places(&self, id: &Id) -> Vec<Place> {
        let mut places = Vec::new();
        for table in &self.tables {
            let from = table.from(self, id.as_bytes());
            let same = (from..table.len(self)).take_while(|at| table.name(self, *at) == id.as_bytes());
            places.extend(same.filter_map(|at| table.place(self, at)));
        }
        let from = self.loose.partition_point(|(other, _)| other < id);
        let loose = self.loose[from..].iter().take_while(|(other, _)| other == id);
        places.extend(loose.map(|(_, directory)| Place::Loose { directory: *directory }));
        places.sort_unstable();
        places.dedup();
        places
    }

    /// The objects whose names begin with this byte and that lie in more than one place.
    pub(super) fn doubles(&self, first: u8) -> Vec<(Id, Vec<Place>)> {
        let ranges: Vec<_> = self.tables.iter().map(|table| table.beginning_with(self, first)).collect();
        let loose = {
            let from = self.loose.partition_point(|(id, _)| id.as_bytes()[0] < first);
            let length = self.loose[from..].iter().take_while(|(id, _)| id.as_bytes()[0] == first).count();
            &self.loose[from..from + length]
        };
        let holders = ranges.iter().filter(|range| !range.is_empty()).count();
        let distinct = self.tables.iter().all(|table| table.distinct);
        if loose.is_empty() && holders < 2 && distinct {
            return Vec::new();
        }
        let mut all: Vec<(Id, Place)> = Vec::new();
        for (table, range) in self.tables.iter().zip(ranges) {
            for at in range {
                let id = Id::from_bytes(table.name(self, at)).expect("tables hold names of 20 or 32 bytes");
                all.extend(table.place(self, at).map(|place| (id, place)));
            }
        }
        all.extend(loose.iter().map(|(id, directory)| (*id, Place::Loose { directory: *directory })));
        all.sort_unstable();
        all.dedup();
        let same = all.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1);
        same.map(|same| (same[0].0, same.iter().map(|(_, place)| *place).collect())).collect()
    }

    /// The file that a copy lies in.
    pub(super) fn path(&self, id: &Id, place: Place) -> PathBuf {
        match place {
            Place::Packed { pack, .. } => self.packs[pack].path.clone(),
            Place::Loose { directory } => loose::path(&self.directories[directory], id),
        }
    }

    /// Reads one copy and hashes it.
    pub(super) fn read(&self, id: &Id, place: Place, scratch: &mut Scratch) -> Result<Cached, Damage> {
        let (kind, data) = match place {
            Place::Loose { .. } => loose::read(&self.path(id, place))?,
            Place::Packed { pack, offset } => {
                // A hostile pack may bring a decoder to panic; that is damage too, and no reason to stop.
                let decode = || self.decode(&self.packs[pack], offset, scratch);
                let kind = catch_unwind(AssertUnwindSafe(decode))
                    .unwrap_or_else(|_| Err(Damage::Corrupt("it cannot be decoded".to_owned())))?;
                (kind, std::mem::take(&mut scratch.buffer))
            }
        };
        let actual = self.hash.of(kind, &data);
        let object = Cached { kind, data: data.into(), forged: (actual != *id).then_some(actual) };
        if matches!(place, Place::Packed { .. }) {
            scratch.cache.name(*id, object.clone());
        }
        Ok(object)
    }

    fn decode(&self, pack: &Pack, offset: u64, scratch: &mut Scratch) -> Result<Kind, Damage> {
        let file = pack.file.get_or_init(|| {
            let mut file = data::File::at(&pack.path, self.hash.into()).ok()?;
            // The cache tells packs apart by it.
            file.id = self.packs.iter().position(|other| other.path == pack.path)? as u32;
            Some(file.with_alloc_limit_bytes(Some(OBJECT_LIMIT)))
        });
        let file = file.as_ref().ok_or_else(|| Damage::Corrupt("its pack cannot be opened".to_owned()))?;
        let base = |id: &gix::oid, _: &mut Vec<u8>| {
            let at = pack.index.as_ref().and_then(|index| Some(index.pack_offset_at_index(index.lookup(id)?)));
            at.map(|at| file.entry(at).map(ResolvedBase::InPack)).transpose()
        };
        let Scratch { cache, inflate, buffer } = scratch;
        cache.forget_fresh();
        let entry = file.entry(offset).map_err(|error| damage_of(&error))?;
        let outcome = file.decode_entry(entry, buffer, inflate, &base, cache);
        outcome.map(|outcome| outcome.kind.into()).map_err(|error| damage_of(&error))
    }
}

impl Table {
    fn len(&self, copies: &Copies) -> u32 {
        match &self.names {
            Names::One(pack) => copies.packs[*pack].index.as_ref().map_or(0, index::File::num_objects),
            Names::Many(file, _) => file.num_objects(),
        }
    }

    fn name<'a>(&'a self, copies: &'a Copies, at: u32) -> &'a [u8] {
        match &self.names {
            Names::One(pack) => {
                copies.packs[*pack].index.as_ref().expect("an index without names has no place").oid_at_index(at)
            }
            Names::Many(file, _) => file.oid_at_index(at),
        }
        .as_bytes()
    }

    /// Where it lies, if the table says so and the pack is there.
    fn place(&self, copies: &Copies, at: u32) -> Option<Place> {
        match &self.names {
            Names::One(pack) => {
                let index = copies.packs[*pack].index.as_ref()?;
                // A hostile index may name a long offset that it does not hold.
                let offset = catch_unwind(AssertUnwindSafe(|| index.pack_offset_at_index(at))).ok()?;
                Some(Place::Packed { pack: *pack, offset })
            }
            Names::Many(file, packs) => {
                let (pack, offset) = file.pack_id_and_pack_offset_at_index(at).ok()?;
                let pack = (*packs.get(pack as usize)?)?;
                Some(Place::Packed { pack, offset })
            }
        }
    }

    /// The first place whose name is not less.
    fn from(&self, copies: &Copies, name: &[u8]) -> u32 {
        let (mut low, mut high) = (0, self.len(copies));
        while low < high {
            let middle = low + (high - low) / 2;
            if self.name(copies, middle) < name {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    fn beginning_with(&self, copies: &Copies, first: u8) -> std::ops::Range<u32> {
        let end = first.checked_add(1).map_or(self.len(copies), |next| self.from(copies, &[next]));
        self.from(copies, &[first])..end
    }
}
