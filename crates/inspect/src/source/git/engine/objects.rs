//! Reading objects, each checked against its own name.
//!
//! Git's readers serve a forged object without a word: `git log`, `git show` and gitoxide inflate
//! what lies under a name and never ask whether the name is its hash. Here nothing is handed out
//! unhashed. What is forged is still handed out, because it is what git serves, but it says so.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::digest;
use gix::odb::pack::Find as _;

use super::cache::{Cache, Cached, Shared};
use super::copies::{Copies, Place, Scratch};
use super::id::Id;

/// No object larger than this is read: a few hostile bytes could claim any size.
pub(super) const OBJECT_LIMIT: usize = 1 << 30;

/// Inflated objects that all threads together keep.
const CACHE_BYTES: usize = 96 << 20;

/// The same for objects of which there is more than one copy.
const COPY_CACHE_BYTES: usize = 16 << 20;

/// An object database that any number of threads read, each through its own [`Objects`].
#[derive(Clone)]
pub(crate) struct Database {
    store: Arc<gix::odb::Store>,
    hash: Hash,
    cache: Arc<Shared>,
    copies: Arc<OnceLock<Copies>>,
    copy_cache: Arc<Shared>,
}

/// How objects are named.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Hash {
    Sha1,
    Sha256,
}

/// What sort of object.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Commit,
    Tree,
    Blob,
    Tag,
}

/// An object as git would serve it.
pub(crate) struct Object {
    pub(crate) data: Arc<[u8]>,
    /// Set if the content hashes to this name and not to the one it was found under.
    pub(crate) forged: Option<Id>,
}

/// Why an object cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Damage {
    /// It is nowhere.
    Missing,
    /// It cannot be inflated or parsed.
    Corrupt(String),
    /// It is of another kind than whoever names it says.
    WrongKind(Kind),
    /// It is larger than this reader will hold.
    TooLarge,
}

/// How much one reader read.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Tally {
    /// Objects hashed, by kind: commits, trees, blobs, tags.
    pub(crate) hashed: [u64; 4],
    /// Bytes hashed.
    pub(crate) bytes: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Self) {
        for (total, count) in self.hashed.iter_mut().zip(other.hashed) {
            *total += count;
        }
        self.bytes += other.bytes;
    }
}

impl Database {
    /// Opens the object database in `directory` (`…/.git/objects`), without replacements: an audit
    /// reads what was signed off, not what `refs/replace` puts in its place.
    pub(crate) fn open(directory: PathBuf, hash: Hash) -> std::io::Result<Self> {
        let options = gix::odb::store::init::Options { alloc_limit_bytes: Some(OBJECT_LIMIT), ..Default::default() };
        let store = gix::odb::Store::at_opts(directory, hash.into(), &mut std::iter::empty(), options)?;
        let shared = |bytes| Arc::new(Shared::new(bytes));
        let (cache, copy_cache) = (shared(CACHE_BYTES), shared(COPY_CACHE_BYTES));
        Ok(Self { store: Arc::new(store), hash, cache, copies: Arc::default(), copy_cache })
    }

    /// A reader for one thread.
    pub(crate) fn reader(&self) -> Objects {
        let mut handle = self.store.to_handle_arc();
        // Places in packs are keys of the cache: a pack must not be unloaded under them.
        handle.prevent_pack_unload();
        handle.ignore_replacements = true;
        let cache = Cache::new(self.cache.clone());
        let scratch = self.scratch();
        Objects { database: self.clone(), handle, cache, buffer: Vec::new(), scratch, tally: Tally::default() }
    }

    /// The names of this repository's own loose objects, those that changed last first.
    pub(crate) fn loose(&self) -> Vec<Id> {
        super::loose::names(self.store.path())
    }

    /// Every copy of every object, as they are when this is first asked for.
    pub(super) fn copies(&self) -> &Copies {
        self.copies.get_or_init(|| {
            let own = std::iter::once(self.store.path().to_owned());
            Copies::open(own.chain(self.store.alternate_db_paths().unwrap_or_default()).collect(), self.hash)
        })
    }

    pub(super) fn scratch(&self) -> Scratch {
        let cache = Cache::new(self.copy_cache.clone());
        Scratch { cache, inflate: gix::zlib::Inflate::default(), buffer: Vec::new() }
    }

    /// The loose file or the pack that holds what a name was found to stand for: of several copies the one that
    /// hashes to `actual`, or that cannot be read where nothing is known of it.
    pub(crate) fn locate(&self, id: &Id, actual: Option<Id>) -> Option<PathBuf> {
        let (copies, mut scratch) = (self.copies(), self.scratch());
        let places = copies.places(id);
        let mut is_meant = |place: &&Place| match copies.read(id, **place, &mut scratch) {
            Ok(object) => actual.is_some() && object.forged == actual,
            Err(_) => actual.is_none(),
        };
        let place = places.iter().find(|place| is_meant(place)).or(places.first())?;
        Some(copies.path(id, *place))
    }
}

/// One thread's reader.
pub(crate) struct Objects {
    database: Database,
    handle: gix::odb::store::Handle<Arc<gix::odb::Store>>,
    cache: Cache,
    buffer: Vec<u8>,
    scratch: Scratch,
    tally: Tally,
}

impl Objects {
    /// Reads an object that is said to be of this kind, and hashes it.
    pub(crate) fn read(&mut self, id: &Id, kind: Kind) -> Result<Object, Damage> {
        let found = self.find(id)?;
        if found.kind == kind {
            Ok(Object { data: found.data, forged: found.forged })
        } else {
            Err(Damage::WrongKind(found.kind))
        }
    }

    /// Reads an object of whatever kind, and hashes it.
    pub(crate) fn read_any(&mut self, id: &Id) -> Result<(Kind, Object), Damage> {
        let found = self.find(id)?;
        Ok((found.kind, Object { data: found.data, forged: found.forged }))
    }

    pub(crate) fn hash(&self) -> Hash {
        self.database.hash
    }

    /// What was hashed so far.
    pub(crate) fn tally(&self) -> Tally {
        self.tally
    }

    fn find(&mut self, id: &Id) -> Result<Cached, Damage> {
        if let Some(cached) = self.cache.get(id) {
            return Ok(cached);
        }
        let object = match self.find_loose(id) {
            Some(found) => found?,
            None => self.find_packed(id)?,
        };
        self.tally.hashed[object.kind as usize] += 1;
        self.tally.bytes += object.data.len() as u64;
        self.cache.name(*id, object.clone());
        Ok(object)
    }

    /// An object that was loose when the run began; a copy in a pack where the loose one cannot be read.
    fn find_loose(&mut self, id: &Id) -> Option<Result<Cached, Damage>> {
        let copies = self.database.copies();
        if !copies.is_loose(id) {
            return None;
        }
        self.cache.forget_fresh();
        let places = copies.places(id);
        let (packed, loose): (Vec<Place>, Vec<Place>) =
            places.into_iter().partition(|place| matches!(place, Place::Packed { .. }));
        let mut damage = None;
        for place in loose.into_iter().chain(packed) {
            match copies.read(id, place, &mut self.scratch) {
                Ok(object) => return Some(Ok(object)),
                // It was packed meanwhile.
                Err(Damage::Missing) => {}
                Err(found) => damage = damage.or(Some(found)),
            }
        }
        damage.map(Err)
    }

    fn find_packed(&mut self, id: &Id) -> Result<Cached, Damage> {
        self.cache.forget_fresh();
        let oid = to_gix(id).ok_or(Damage::Missing)?;
        let (handle, buffer, cache) = (&self.handle, &mut self.buffer, &mut self.cache);
        let decode = || {
            let found = handle.try_find_cached(&oid, buffer, cache)?;
            Ok(found
                .map(|(object, _)| (Kind::from(object.kind), cache.fresh().unwrap_or_else(|| Arc::from(object.data)))))
        };
        // A hostile pack may bring a decoder to panic; that is damage too, and no reason to stop.
        let (kind, data) = match catch_unwind(AssertUnwindSafe(decode)) {
            Ok(Ok(Some(found))) => found,
            Ok(Ok(None)) => return Err(Damage::Missing),
            Ok(Err(error)) => return Err(damage_of(&error)),
            Err(_) => return Err(Damage::Corrupt("it cannot be decoded".to_owned())),
        };
        let actual = self.database.hash.of(kind, &data);
        Ok(Cached { kind, data, forged: (actual != *id).then_some(actual) })
    }
}

pub(super) fn damage_of(error: &gix::Error) -> Damage {
    if error.classify().is_resource_exhausted() { Damage::TooLarge } else { Damage::Corrupt(error.to_string()) }
}

impl Hash {
    /// Bytes of a name.
    pub(crate) fn id_len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    /// The name that content of this kind must have.
    pub(crate) fn of(self, kind: Kind, data: &[u8]) -> Id {
        let algorithm = match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
        };
        let mut context = digest::Context::new(algorithm);
        let mut header = [0; 32];
        let header_len = {
            use std::io::Write as _;
            let mut rest = &mut header[..];
            write!(rest, "{} {}\0", kind.as_str(), data.len()).expect("32 bytes hold any header");
            32 - rest.len()
        };
        context.update(&header[..header_len]);
        context.update(data);
        Id::from_bytes(context.finish().as_ref()).expect("a digest has 20 or 32 bytes")
    }
}

impl From<Hash> for gix::hash::Kind {
    fn from(hash: Hash) -> Self {
        match hash {
            Hash::Sha1 => Self::Sha1,
            Hash::Sha256 => Self::Sha256,
        }
    }
}

impl Kind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Tree => "tree",
            Self::Blob => "blob",
            Self::Tag => "tag",
        }
    }
}

impl From<gix::objs::Kind> for Kind {
    fn from(kind: gix::objs::Kind) -> Self {
        match kind {
            gix::objs::Kind::Commit => Self::Commit,
            gix::objs::Kind::Tree => Self::Tree,
            gix::objs::Kind::Blob => Self::Blob,
            gix::objs::Kind::Tag => Self::Tag,
        }
    }
}

impl From<Kind> for gix::objs::Kind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Commit => Self::Commit,
            Kind::Tree => Self::Tree,
            Kind::Blob => Self::Blob,
            Kind::Tag => Self::Tag,
        }
    }
}

fn to_gix(id: &Id) -> Option<gix::ObjectId> {
    gix::ObjectId::try_from(id.as_bytes()).ok()
}
