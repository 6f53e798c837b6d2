//! One tenant's ledger on disk: opening, appending, keys.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use sealbook_ledger::{
    Checkpoint, Continues, Draft, Hash, KeyEntry, KeyEvent, KeyRing, KeyRole, LeafType, NamedKey, Origin, PART_KEYS,
    Phase, PublicKey, SigningKey, Uuid,
};
use sealbook_policy::Judged;
use sealbook_record::{IdSource, Timestamp};

use crate::append::{Prepared, Preparer, Salts};
use crate::head_file::HeadFile;
use crate::keys::KeyDir;
use crate::own::Own;
use crate::projection::{CatchUp, Index};
use crate::reader::Reader;
use crate::sealer::{Replacement, Sealer};
use crate::ticket::Piece;
use crate::trusted::{Trusted, goes_on_from, read_ring};
use crate::whole::{make_private_dir, make_whole};
use crate::writer::{When, Writer};
use crate::{
    Clock, CommitError, Entropy, Error, IndexProgress, Sealed, Snapshot, SqliteStore, Store, Stored, SystemClock,
    SystemEntropy, Ticket, Upgraded,
};

/// Makes the record that tells who did an administrative action, which is named, and why.
pub type By<'f> = dyn FnMut(&'static str) -> Result<Judged, Error> + 'f;

/// Named parts of a draft.
pub(crate) type Parts = Vec<(Cow<'static, str>, Vec<u8>)>;

/// An append waits for the index when it is this far behind.
const INDEX_LAG_MAX: u64 = 100_000;
/// Records of a submission that are prepared together: enough for the writer to begin with.
const PIECE_RECORDS: usize = 256;

/// Where the files of a ledger lie.
#[derive(Debug, Clone)]
pub struct Layout {
    /// Directory of the book: `ledger.db`, `index.db` and what SQLite keeps beside them.
    pub book: PathBuf,
    /// Directory of the key files.
    pub keys: PathBuf,
    /// Directory of the newest heads: outside the book, so that a book that went back in time is found.
    pub heads: PathBuf,
}

impl Layout {
    /// The sealed file.
    pub fn ledger_db(&self) -> PathBuf {
        self.book.join("ledger.db")
    }

    /// The derived file.
    pub fn index_db(&self) -> PathBuf {
        self.book.join("index.db")
    }

    /// Where what was derived and may be thrown away lies, beside the index.
    pub(crate) fn derived(&self) -> PathBuf {
        self.book.join("derived")
    }

    pub(crate) fn head_file(&self, origin: &Origin) -> PathBuf {
        let name = origin.as_str().rsplit('/').next().unwrap_or_default();
        self.heads.join(format!("{name}.head"))
    }
}

/// How a ledger is opened.
#[derive(Clone)]
pub struct Options {
    /// Whether records are signed; on by default.
    pub sign: bool,
    /// Threads that prepare, verify and index.
    pub threads: usize,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Directories by the variables that name them, `HOME` and its like: the guards know paths that begin so.
    pub variables: Vec<(String, PathBuf)>,
    /// Who is told that a book of an older format was brought up to date.
    pub upgraded: Option<Upgraded>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            sign: true,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            variables: Vec::new(),
            upgraded: None,
        }
    }
}

/// The newest sealed state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The ledger.
    pub origin: Origin,
    /// How many records it holds.
    pub size: u64,
    /// The Merkle root over them.
    pub root: Hash,
    /// The signed note that says so.
    pub checkpoint: String,
}

/// One tenant's ledger. Cheap to share behind an [`Arc`]; all methods take `&self`.
pub struct Ledger {
    pub(crate) layout: Layout,
    pub(crate) options: Options,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) index: Index,
    pub(crate) preparer: Preparer,
    ids: Mutex<IdSource>,
    record_key: Arc<RwLock<Option<Arc<SigningKey>>>>,
    sealer: Arc<Mutex<Sealer>>,
    pub(crate) own: Arc<Own>,
    /// Or why nothing can be written.
    writer: Result<Writer, Error>,
    /// Records submitted since the index was last brought up to date by this handle.
    appended: AtomicU64,
    /// Records that were read by this handle and do not fit their seal.
    altered: Mutex<BTreeSet<u64>>,
    /// Approver keys of the ledger before, once they were asked for.
    pub(crate) inherited: OnceLock<Vec<PublicKey>>,
    /// The keys, and the places of the leaves that named them.
    ring: Mutex<(Vec<u64>, KeyRing)>,
}

impl Ledger {
    /// Makes a ledger with new keys. `continues` links it to one that it goes on from.
    ///
    /// A new tenant's ledger begins with the stops of everything that hold for the book's other tenants.
    pub fn create(layout: Layout, tenant: &str, options: Options, continues: Option<Continues>) -> Result<Self, Error> {
        make_private_dir(&layout.book)?;
        let mut random = [0; 16];
        options.entropy.fill(&mut random);
        let origin = Origin::from_random(random);
        // A crash in here leaves keys that nobody uses, and no book.
        make_whole(&layout.ledger_db(), |draft| {
            let store = SqliteStore::create(draft, &origin, tenant)?;
            let is_new = continues.is_none();
            let ledger = Self::found(Arc::new(store), layout.clone(), options.clone(), continues)?;
            if is_new {
                ledger.heed_beside()?;
            }
            ledger.scrub().map(drop)
        })?;
        let ledger = Self::open(layout, options)?;
        // Whoever stopped everything meanwhile may not have seen this ledger yet.
        if ledger.continues()?.is_none() {
            ledger.heed_beside()?;
        }
        Ok(ledger)
    }

    /// Seals the first leaf of an empty store: new keys, and what it goes on from.
    pub fn found(
        store: Arc<dyn Store>,
        layout: Layout,
        options: Options,
        continues: Option<Continues>,
    ) -> Result<Self, Error> {
        for dir in [&layout.book, &layout.heads] {
            make_private_dir(dir)?;
        }
        let keys = KeyDir::new(&layout.keys);
        let checkpoint = keys.generate(KeyRole::Checkpoint, &*options.entropy)?;
        let record = keys.generate(KeyRole::Record, &*options.entropy)?;
        let ledger = Self::assemble(store, layout, options, true)?;
        let named = |key: &SigningKey, role| NamedKey { key: *key.public(), role };
        let event = KeyEvent::Genesis {
            keys: vec![named(&checkpoint, KeyRole::Checkpoint), named(&record, KeyRole::Record)],
            continues,
        };
        // Nobody is asked who made the book before there is one: the genesis has no statement.
        let (id, now) = (ledger.next_id(), ledger.now());
        let parts = vec![(PART_KEYS.into(), event.to_json())];
        ledger.seal_key_leaf(id, now, parts, &[&checkpoint, &record])?;
        Ok(ledger)
    }

    /// Opens a ledger for reading and writing.
    ///
    /// The book is compared with the head that was kept outside it: one that went back in time, or
    /// holds another history, is refused. So is one whose newest checkpoint no key of it has signed.
    pub fn open(layout: Layout, options: Options) -> Result<Self, Error> {
        let store = SqliteStore::open(&layout.ledger_db())?.telling(options.upgraded.clone());
        Self::open_store(Arc::new(store), layout, options)
    }

    /// As [`Ledger::open`], over any engine.
    pub fn open_store(store: Arc<dyn Store>, layout: Layout, options: Options) -> Result<Self, Error> {
        make_private_dir(&layout.book)?;
        make_private_dir(&layout.heads)?;
        compare_with_kept(&layout, &*store)?;
        Self::assemble(store, layout, options, true)
    }

    /// Opens a ledger for reading. Keys and kept heads are not needed; nothing of the sealed book changes.
    pub fn open_read_only(layout: Layout, options: Options) -> Result<Self, Error> {
        let store = SqliteStore::open_read_only(&layout.ledger_db())?;
        Self::assemble(Arc::new(store), layout, options, false)
    }

    /// As [`Ledger::open`]; where the place cannot be written, or has no room left, it is opened for reading,
    /// and whatever is appended is refused with that reason.
    pub fn open_or_read(layout: Layout, options: Options) -> Result<Self, Error> {
        match Self::open(layout.clone(), options.clone()) {
            Err(why @ (Error::BookReadOnly { .. } | Error::DiskFull { .. })) => {
                let ledger = Self { writer: Err(why), ..Self::open_read_only(layout, options)? };
                ledger.compare_with_kept()?;
                Trusted::read(&*ledger.store.snapshot()?, ledger.origin())?;
                Ok(ledger)
            }
            opened => opened,
        }
    }

    /// Whether any head of this ledger is kept outside it and can be read.
    pub fn has_kept_head(&self) -> Result<bool, Error> {
        let notes = HeadFile::read(&self.layout.head_file(self.origin()))?;
        let own = |note: &String| Checkpoint::of_note(note).is_ok_and(|kept| kept.origin == *self.origin());
        Ok(notes.iter().any(own))
    }

    /// Compares the book with the heads that are kept outside it, as [`Ledger::open`] does.
    ///
    /// For a verifier, which opens the book for reading and changes nothing of it.
    pub fn compare_with_kept(&self) -> Result<(), Error> {
        compare_with_kept(&self.layout, &*self.store)
    }

    fn assemble(store: Arc<dyn Store>, layout: Layout, options: Options, writable: bool) -> Result<Self, Error> {
        let origin = store.origin().clone();
        let tenant = store.tenant().to_owned();
        let open_index = if writable { Index::open } else { Index::open_for_reading };
        let index = open_index(&layout.index_db(), &origin)?;
        let (record_key, own) = (Arc::default(), Arc::<Own>::default());
        let head_file = if writable { Some(HeadFile::open(&layout.head_file(&origin))?) } else { None };
        let sealer = Sealer::new(
            origin.clone(),
            KeyDir::new(&layout.keys),
            Arc::clone(&options.clock),
            head_file,
            Arc::clone(&record_key),
            Arc::clone(&own),
        );
        let preparer = Preparer { origin, tenant, entropy: Arc::clone(&options.entropy), threads: options.threads };
        let sealer = Arc::new(Mutex::new(sealer));
        let writer = if writable {
            Ok(Writer::start(Arc::clone(&store), Arc::clone(&sealer)))
        } else {
            Err(Error::BookReadOnly { path: store.place().to_owned(), cause: "it was opened for reading".to_owned() })
        };
        let ledger = Self {
            layout,
            options,
            store,
            index,
            preparer,
            ids: Mutex::new(IdSource::new()),
            record_key,
            sealer,
            own,
            writer,
            appended: AtomicU64::new(0),
            altered: Mutex::default(),
            inherited: OnceLock::new(),
            ring: Mutex::default(),
        };
        if writable {
            // A book of an older format has no list of what holds yet: until its first writer makes it, whoever asks
            // what holds reads the records themselves.
            ledger.sealer().load(&*ledger.store.snapshot()?)?;
        }
        Ok(ledger)
    }

    /// The ledger's random name, which nothing of another book can claim.
    pub fn origin(&self) -> &Origin {
        self.store.origin()
    }

    /// Whose ledger it is.
    pub fn tenant(&self) -> &str {
        &self.preparer.tenant
    }

    /// Records that questions to this handle came upon and that do not fit their seal, by sequence number.
    /// `verify` finds all there are.
    pub fn altered(&self) -> Vec<u64> {
        self.altered.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }

    /// Notes a record that was read in another way than by a question, if it does not fit its seal.
    pub fn note_altered(&self, stored: &Stored) {
        if !stored.altered.is_empty() {
            self.altered.lock().unwrap_or_else(PoisonError::into_inner).insert(stored.seq);
        }
    }

    /// How many threads may work on what comes in and on verifying.
    pub fn threads(&self) -> usize {
        self.options.threads
    }

    /// Where its files lie.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The time, by the ledger's clock.
    pub fn now(&self) -> Timestamp {
        self.options.clock.now()
    }

    /// A new id, above every one this process made before.
    pub fn next_id(&self) -> Uuid {
        let mut random = [0; 10];
        self.options.entropy.fill(&mut random);
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).next(self.now(), random)
    }

    /// Seals records, and returns when they are durable. Answers come in the order of the records.
    ///
    /// A record whose id is sealed already with the same bytes answers with its first place;
    /// with other bytes it is an [`Error::IdConflict`], and the rest of the batch is sealed.
    pub fn append(&self, records: Vec<Judged>) -> Result<Vec<Result<Sealed, Error>>, Error> {
        self.submit(records)?.wait()
    }

    /// Queues records and returns at once; the ticket waits for durability. Waits while the queue
    /// is full, and while the index is more than 100,000 records behind.
    pub fn submit(&self, records: Vec<Judged>) -> Result<Ticket, Error> {
        self.submit_signed(records, None, When::Now)
    }

    /// As [`Ledger::submit`], for what nobody waits for: it is sealed with the next records that somebody waits
    /// for, or after [`Ledger::hurry`], which whoever calls this must come to call.
    pub fn submit_later(&self, records: Vec<Judged>) -> Result<Ticket, Error> {
        self.submit_signed(records, None, When::Later)
    }

    /// What was submitted for later is sealed now.
    pub fn hurry(&self) {
        if let Ok(writer) = &self.writer {
            writer.hurry();
        }
    }

    /// Whether a submission of a few records would return at once: neither the disk nor the index is far behind.
    pub fn has_room(&self) -> bool {
        self.appended.load(Ordering::Relaxed) < INDEX_LAG_MAX / 2 && self.writer.as_ref().is_ok_and(Writer::has_room)
    }

    /// As [`Ledger::submit`], with a further signer beside the ledger's own.
    pub(crate) fn submit_signed(
        &self,
        records: Vec<Judged>,
        other: Option<&SigningKey>,
        when: When,
    ) -> Result<Ticket, Error> {
        let writer = self.writer()?;
        self.hold_back_for_index(records.len())?;
        let own = if self.options.sign { Some(self.record_signer()?) } else { None };
        let signers: Vec<&SigningKey> = own.as_deref().into_iter().chain(other).collect();
        self.preparer.check(&records)?;
        let mut pieces = Vec::new();
        let mut rest = records;
        // None at all are queued too: whoever waits for them waits for what was queued before.
        while pieces.is_empty() || !rest.is_empty() {
            // While the writer seals a piece, the next one is prepared.
            let later = rest.split_off(rest.len().min(PIECE_RECORDS));
            let piece = std::mem::replace(&mut rest, later);
            let records = piece.len();
            match self.preparer.prepare(piece, &signers).and_then(|prepared| writer.submit(prepared, when)) {
                Ok(pending) => pieces.push(Piece::new(records, Ok(pending))),
                Err(cause) if pieces.is_empty() => return Err(cause),
                // What comes after what was refused is not tried.
                Err(cause) => {
                    pieces.push(Piece::new(records + rest.len(), Err(cause)));
                    break;
                }
            }
        }
        Ok(Ticket::new(pieces))
    }

    /// The newest checkpoint.
    pub fn head(&self) -> Result<Head, Error> {
        let head = self.store.snapshot()?.head()?.ok_or_else(|| Error::BookUnreadable {
            path: self.store.place().to_owned(),
            cause: "it has no checkpoint".to_owned(),
        })?;
        let Checkpoint { origin, size, root } = Checkpoint::of_note(&head.note)?;
        Ok(Head { origin, size, root, checkpoint: head.note })
    }

    /// Reads records, checking each against the tree and its commitments.
    pub fn reader(&self) -> Result<Reader<'_>, Error> {
        Ok(Reader::new(self.store.snapshot()?))
    }

    /// Every key that the ledger ever named, with the range in which it may sign.
    pub fn keys(&self) -> Result<Vec<KeyEntry>, Error> {
        Ok(read_ring(&*self.store.snapshot()?)?.entries().to_vec())
    }

    /// Makes a new key of a role, names it in the ledger, and retires the one before.
    ///
    /// `by` makes the record that tells who did it and why, for each of the two actions.
    pub fn rotate_key(&self, role: KeyRole, by: &mut By<'_>) -> Result<PublicKey, Error> {
        self.rotate(role, by, &[])
    }

    pub(crate) fn rotate(&self, role: KeyRole, by: &mut By<'_>, extra: &[&SigningKey]) -> Result<PublicKey, Error> {
        self.writer()?;
        let old: Vec<Hash> = self.active_keys(role)?;
        let new = KeyDir::new(&self.layout.keys).generate(role, &*self.options.entropy)?;
        self.change_keys(
            &KeyEvent::Add(NamedKey { key: *new.public(), role }),
            by("key.add")?,
            &[extra, &[&new]].concat(),
        )?;
        for key in old {
            self.change_keys(&KeyEvent::Retire { key }, by("key.retire")?, extra)?;
        }
        Ok(*new.public())
    }

    /// How far the index has come.
    pub fn index_progress(&self) -> Result<IndexProgress, Error> {
        Ok(IndexProgress { indexed: self.index.lock().cursor()?, size: self.head()?.size, relisted: false })
    }

    /// Reads what was sealed since the last call, and writes the index a whole chunk at a time; what makes
    /// less than one waits in memory for a question or for [`Ledger::catch_up`]. A long-lived process
    /// calls it from a thread of its own, so that both find little to do.
    pub fn follow(&self) -> Result<IndexProgress, Error> {
        self.with_index(CatchUp::follow)
    }

    /// Brings the index up to the head. Queries do so by themselves.
    pub fn catch_up(&self) -> Result<IndexProgress, Error> {
        self.with_index(CatchUp::catch_up)
    }

    /// Gives back the pages of the book and of the index that are kept in memory to be quicker: what runs for days
    /// and does a little now and then would keep a hundred megabytes of them in the end.
    pub fn rest(&self) {
        self.store.rest();
        self.index.lock().rest();
    }

    /// Throws the index away and makes it again.
    ///
    /// What finds ids, key leaves and the records that say what holds in the book itself is made again too, where the
    /// book can be written.
    pub fn reindex(&self) -> Result<IndexProgress, Error> {
        if self.writer.is_ok() {
            self.store.relearn()?;
            self.sealer().load(&*self.store.snapshot()?)?;
        }
        let mut progress = self.with_index(CatchUp::rebuild)?;
        if self.writer.is_ok() {
            progress.relisted = self.sealer().list_standing(&*self.store, true).map_err(|e| match e {
                CommitError::Rejected(cause) => cause,
                CommitError::Unknown(cause) => Error::WriterStopped(cause),
            })?;
        }
        Ok(progress)
    }

    fn with_index(
        &self,
        work: impl FnOnce(&mut CatchUp, &dyn Store) -> Result<u64, Error>,
    ) -> Result<IndexProgress, Error> {
        let mut index = self.index.lock();
        self.appended.store(0, Ordering::Relaxed);
        let size = work(&mut index, &*self.store)?;
        Ok(IndexProgress { indexed: index.cursor()?, size, relisted: false })
    }

    /// Waits for the index where it is too far behind: it must not fall back without end.
    fn hold_back_for_index(&self, records: usize) -> Result<(), Error> {
        let appended = self.appended.fetch_add(records as u64, Ordering::Relaxed) + records as u64;
        if appended > INDEX_LAG_MAX {
            self.catch_up()?;
        }
        Ok(())
    }

    /// The keys, as the leaves tell them that the table of key leaves names; read once while it names no others.
    pub(crate) fn ring(&self, view: &dyn Snapshot) -> Result<KeyRing, Error> {
        let seqs = view.key_seqs()?;
        let mut known = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        if known.0 != seqs {
            *known = (seqs, read_ring(view)?);
        }
        Ok(known.1.clone())
    }

    pub(crate) fn active_keys(&self, role: KeyRole) -> Result<Vec<Hash>, Error> {
        let size = self.head()?.size;
        let active = |entry: &&KeyEntry| entry.role == role && entry.covers(size);
        Ok(self.keys()?.iter().filter(active).map(|entry| entry.key.fingerprint()).collect())
    }

    pub(crate) fn change_keys(&self, event: &KeyEvent, by: Judged, extra: &[&SigningKey]) -> Result<(), Error> {
        let dir = KeyDir::new(&self.layout.keys);
        let mut signers = Vec::new();
        for key in self.active_keys(KeyRole::Checkpoint)? {
            signers.extend(dir.load(KeyRole::Checkpoint, &key)?);
        }
        let all: Vec<&SigningKey> = signers.iter().chain(extra.iter().copied()).collect();
        let (id, occurred) = (by.record().id, by.record().occurred);
        let mut parts = by.parts();
        parts.push((PART_KEYS.into(), event.to_json()));
        self.seal_key_leaf(id, occurred, parts, &all)
    }

    fn seal_key_leaf(&self, id: Uuid, occurred: Timestamp, parts: Parts, signers: &[&SigningKey]) -> Result<(), Error> {
        let mut draft = self.draft(LeafType::Key, id, occurred, parts)?;
        for signer in signers {
            draft.sign(self.origin(), signer);
        }
        self.seal_now(&[Prepared::new(draft)], None).map(drop)
    }

    pub(crate) fn draft(&self, typ: LeafType, id: Uuid, occurred: Timestamp, parts: Parts) -> Result<Draft, Error> {
        let mut salts = Salts::new(&*self.options.entropy);
        Ok(Draft::new(typ, id, None, Phase::Event, occurred.as_micros(), parts, &mut |salt| salts.next(salt))?)
    }

    /// Seals outside the queue, in the caller's thread: for what changes keys or erases.
    pub(crate) fn seal_now(
        &self,
        records: &[Prepared],
        replacement: Option<&Replacement>,
    ) -> Result<Vec<Sealed>, Error> {
        self.writer()?;
        let sealed = self.sealer().seal(&*self.store, &[records], replacement);
        let answers = sealed.map_err(|e| match e {
            CommitError::Rejected(cause) => cause,
            CommitError::Unknown(cause) => Error::WriterStopped(cause),
        })?;
        answers.into_iter().flatten().collect()
    }

    pub(crate) fn record_signer(&self) -> Result<Arc<SigningKey>, Error> {
        let held = self.record_key.read().unwrap_or_else(PoisonError::into_inner).clone();
        held.ok_or_else(|| Error::KeyMissing {
            role: "record",
            key: self
                .active_keys(KeyRole::Record)
                .ok()
                .and_then(|k| k.first().map(Hash::to_string))
                .unwrap_or_default(),
            dir: self.layout.keys.clone(),
        })
    }

    fn sealer(&self) -> MutexGuard<'_, Sealer> {
        self.sealer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn writer(&self) -> Result<&Writer, Error> {
        self.writer.as_ref().map_err(Error::same)
    }
}

/// Compares the book with the heads that were kept outside it.
fn compare_with_kept(layout: &Layout, store: &dyn Store) -> Result<(), Error> {
    // Heads first: what another process seals and keeps meanwhile is then in the book, and no alarm.
    let notes = HeadFile::read(&layout.head_file(store.origin()))?;
    let snapshot = store.snapshot()?;
    let found = snapshot.head()?.map_or(0, |head| head.size);
    let reader = Reader::new(snapshot);
    for note in notes {
        // A torn slot says nothing.
        let Ok(kept) = Checkpoint::of_note(&note) else { continue };
        if kept.origin != *store.origin() {
            continue;
        }
        goes_on_from(&kept, found, &reader)?;
    }
    Ok(())
}
