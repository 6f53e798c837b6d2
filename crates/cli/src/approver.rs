//! The approver: a person with a passphrase, whose key signs what only a person may decide.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sealbook_ledger::{Hash, SigningKey};
use sealbook_policy::LockedKey;
use sealbook_record::{ActorKind, PartName, Record};
use sealbook_store::{Error, Sealed};
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::passphrase;
use crate::session::Session;

/// Longer than any such file.
const FILE_BYTES_MAX: u64 = 4_096;

/// Where the approver's passphrase comes from.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Unlock {
    /// Read the approver's passphrase from the first line of this file [default: ask the terminal]
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_fd")]
    passphrase_file: Option<PathBuf>,
    /// Read it from this open file descriptor
    #[arg(long, value_name = "N")]
    passphrase_fd: Option<u32>,
}

/// What is said of a change that an approver has to sign.
#[derive(Debug, clap::Args)]
pub(crate) struct Change {
    /// Why
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) reason: Option<String>,
    #[command(flatten)]
    pub(crate) unlock: Unlock,
}

impl Unlock {
    /// Where it comes from.
    pub(crate) fn from(&self) -> passphrase::From<'_> {
        passphrase::From::options(self.passphrase_file.as_ref(), self.passphrase_fd)
    }
}

/// The approver's key, opened by the passphrase.
///
/// Only a person approves: an actor of another kind is refused before anything is asked.
pub(crate) fn unlock(session: &Session, args: &Unlock) -> Result<SigningKey, Failure> {
    if session.actor.kind != ActorKind::User {
        return Err(Failure::ApproverNoPerson);
    }
    // A restore that broke off may have named none of them.
    session.take_approvers_over()?;
    let size = session.ledger.head()?.size;
    let approvers = session.ledger.approvers()?;
    let keys: Vec<Hash> = approvers.at(size).map(|entry| entry.key.fingerprint()).collect();
    if keys.is_empty() {
        return Err(Failure::ApproverMissing);
    }
    let dir = &session.place.layout.keys;
    let mut here = Vec::new();
    for key in &keys {
        here.extend(load(&file_of(dir, key))?.filter(|locked| locked.key == *key));
    }
    if here.is_empty() {
        return Err(Error::KeyMissing { role: "approver", key: keys[0].to_string(), dir: dir.clone() }.into());
    }
    // Several approvers may keep their keys here: the passphrase says whose is meant.
    let given = args.from().read("Approver's passphrase: ", false)?;
    let mut opened = here.iter().map(|locked| locked.unlock(&given));
    let first = opened.next().expect("there is one");
    first.or_else(|cause| opened.find_map(Result::ok).ok_or(cause)).map_err(Failure::Lock)
}

/// Seals a record that an approver signs.
///
/// What redaction would change is refused: the signature would be under other words than those meant.
pub(crate) fn seal(session: &Session, record: Record, approver: &SigningKey) -> Result<Sealed, Failure> {
    let input = record.part(PartName::Input).map(|part| part.get().to_owned());
    let judged = session.admit(record)?;
    if judged.record().part(PartName::Input).map(|part| part.get().to_owned()) != input {
        return Err(Failure::HoldsSecret);
    }
    let answers = session.ledger.append_approved(vec![judged], approver)?;
    let answer = answers.into_iter().next().ok_or_else(|| Error::WriterStopped("it gave no answer".to_owned()))?;
    Ok(answer?)
}

/// Makes a key and keeps it locked. Nothing names it yet.
pub(crate) fn make(dir: &Path, passphrase: &str) -> Result<SigningKey, Failure> {
    let (mut seed, mut random) = (Zeroizing::new([0; 32]), [0; 40]);
    getrandom::fill(&mut *seed).expect("the kernel's random generator answers");
    getrandom::fill(&mut random).expect("the kernel's random generator answers");
    let key = SigningKey::from_seed(&seed);
    let locked = LockedKey::lock(&key, passphrase, &random).map_err(Failure::Lock)?;
    let path = file_of(dir, &key.fingerprint());
    let written = (|| {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let draft = path.with_extension("new");
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(locked.encode().as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&draft, &path)?;
        File::open(dir)?.sync_all()
    })();
    written.map_err(|cause| Failure::Output { name: path.display().to_string(), cause })?;
    Ok(key)
}

fn file_of(dir: &Path, key: &Hash) -> PathBuf {
    dir.join(format!("approver-{}.key", &key.to_string()[..16]))
}

fn load(path: &Path) -> Result<Option<LockedKey>, Failure> {
    let failed = |cause| Failure::Input { name: path.display().to_string(), cause };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(failed(e)),
    };
    let mode = file.metadata().map_err(failed)?.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(Error::KeyModeLoose { path: path.to_owned(), mode }.into());
    }
    let mut text = String::new();
    file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
    LockedKey::decode(&text).map(Some).map_err(|cause| Failure::Lock(cause).at(path.display().to_string()))
}

/// Says so where a sealed change changed nothing: another process was faster, or the key is not believed.
pub(crate) fn check_effect(session: &Session, seq: u64) -> Result<(), Failure> {
    match session.state()?.refused().iter().find(|(refused, _)| *refused == seq) {
        Some((seq, why)) => Err(Failure::WithoutEffect { seq: *seq, why }),
        None => Ok(()),
    }
}
