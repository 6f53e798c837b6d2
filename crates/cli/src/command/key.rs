//! `sealbook key`: the keys of a ledger.

use std::path::PathBuf;

use clap::Subcommand;
use sealbook_ledger::{Hash, KeyEntry, KeyRole, SigningKey};
use sealbook_policy::Judged;
use sealbook_record::{ActorKind, Target, TargetKind};
use sealbook_report::{Block, Document, KeyList, View};
use sealbook_store::Error;

use super::Context;
use crate::approver::{self, Change};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::passphrase;
use crate::session::Session;

/// List, publish, rotate, retire or revoke keys; make an approver's
///
/// Every change is sealed in the book, so that a verifier knows which key was valid where. Private
/// keys are files of mode 0600 in the key directory, one each; they are never printed. Changes need an approver's
/// passphrase.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook key list
  sealbook key public > shop.vkey                       give this to whoever verifies
  sealbook key approver                                 first of all: who may approve
  sealbook key rotate --reason 'yearly'
  sealbook key rotate record
  sealbook key revoke 8c8de4d6 --since 1200 --reason 'laptop stolen'")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Show every key that was ever named, and where it may sign
    List,
    /// Write the public checkpoint keys in the form that verifiers of signed notes read
    Public,
    /// Make an approver's key, locked under a passphrase
    ///
    /// It signs what only a person decides: approvals, resumes, changes of rules and keys. The first
    /// is believed; another needs the passphrase of one that is believed already.
    Approver {
        /// Read the new key's passphrase from this file [default: ask the terminal, twice]
        #[arg(long, value_name = "FILE", conflicts_with = "new_passphrase_fd")]
        new_passphrase_file: Option<PathBuf>,
        /// Read it from this open file descriptor
        #[arg(long, value_name = "N")]
        new_passphrase_fd: Option<u32>,
        #[command(flatten)]
        change: Change,
    },
    /// Make a new key, and retire the one before
    Rotate {
        /// What it signs: `checkpoint`, `record`, or `all`
        #[arg(value_name = "ROLE", default_value = "all", value_parser = ["checkpoint", "record", "all"])]
        role: String,
        #[command(flatten)]
        change: Change,
    },
    /// End a key; what it signed stays good
    Retire {
        /// Beginning of its fingerprint
        #[arg(value_name = "FINGERPRINT")]
        key: String,
        #[command(flatten)]
        change: Change,
    },
    /// End a key that others may have; what it signed from --since on is in doubt
    Revoke {
        /// Beginning of its fingerprint
        #[arg(value_name = "FINGERPRINT")]
        key: String,
        /// The first sequence number from which its signatures are in doubt
        #[arg(long, value_name = "SEQ")]
        since: u64,
        #[command(flatten)]
        change: Change,
    },
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let session = context.open()?;
    let ledger = &session.ledger;
    match &args.what {
        What::List => {}
        What::Public => {
            context.out.show(&Public::of(&session)?)?;
            return Ok(Exit::Clean);
        }
        What::Approver { new_passphrase_file, new_passphrase_fd, change } => {
            let new = passphrase::From::options(new_passphrase_file.as_ref(), *new_passphrase_fd);
            add_approver(&session, new, change)?;
        }
        What::Rotate { role, change } => {
            let approver = approver::unlock(&session, &change.unlock)?;
            for each in [KeyRole::Checkpoint, KeyRole::Record] {
                if role == "all" || role == each.as_str() {
                    rotate(&session, each, change, &approver)?;
                }
            }
        }
        What::Retire { key, change } => {
            let entry = find(&session, key, |entry| entry.until_seq.is_none())?;
            refuse_last(&session, &entry, "retires it and makes a new one")?;
            let approver = approver::unlock(&session, &change.unlock)?;
            ledger.retire_key_approved(entry.key.fingerprint(), told(&session, "key.retire", change)?, &approver)?;
        }
        What::Revoke { key, since, change } => {
            let entry = find(&session, key, |entry| entry.revoked_since.is_none())?;
            refuse_last(&session, &entry, "makes a new one, and then revoke this one")?;
            let approver = approver::unlock(&session, &change.unlock)?;
            let by = told(&session, "key.revoke", change)?;
            ledger.revoke_key_approved(entry.key.fingerprint(), *since, by, &approver)?;
        }
    }
    context.out.show(&KeyList { keys: &ledger.keys()? })?;
    Ok(Exit::Clean)
}

/// The first approver is believed as it is; a further one is named by one who is.
fn add_approver(session: &Session, new: passphrase::From<'_>, change: &Change) -> Result<(), Failure> {
    if session.actor.kind != ActorKind::User {
        return Err(Failure::ApproverNoPerson);
    }
    session.take_approvers_over()?;
    let size = session.ledger.head()?.size;
    let is_first = session.ledger.approvers()?.at(size).next().is_none();
    let signer = if is_first { None } else { Some(approver::unlock(session, &change.unlock)?) };
    let by = told(session, "key.add", change)?;
    let given = new.read("Passphrase of the new approver's key: ", true)?;
    // A crash after this line leaves a key file that nobody names.
    let key = approver::make(&session.place.layout.keys, &given)?;
    Ok(session.ledger.add_approver(*key.public(), by, signer.as_ref())?)
}

/// Without an approver nothing could be approved in this book for ever.
fn keep_one_approver(session: &Session, entry: &KeyEntry) -> Result<(), Failure> {
    let size = session.ledger.head()?.size;
    let others = session.ledger.approvers()?.at(size).filter(|other| other.key != entry.key).count();
    if entry.role == KeyRole::Approver && others == 0 {
        return Err(Failure::usage("it is the last approver's key", "add another first with `sealbook key approver`"));
    }
    Ok(())
}

fn rotate(session: &Session, role: KeyRole, change: &Change, approver: &SigningKey) -> Result<(), Failure> {
    // Both records are made before the first is sealed: what is refused leaves no half a rotation.
    let mut ready = vec![told(session, "key.retire", change)?, told(session, "key.add", change)?];
    let mut late = None;
    let mut by = |action: &'static str| {
        let place = ready.iter().position(|judged| judged.record().action == action);
        let judged = match place {
            Some(place) => Ok(ready.swap_remove(place)),
            None => told(session, action, change),
        };
        judged.map_err(|failure| {
            late = Some(failure);
            Error::WriterStopped("the record that tells of the rotation was refused".to_owned())
        })
    };
    let rotated = session.ledger.rotate_key_approved(role, &mut by, approver);
    match (rotated, late) {
        (Err(_), Some(failure)) => Err(failure),
        (rotated, _) => Ok(rotated.map(|_| ())?),
    }
}

/// The record that tells who changed a key, and why.
fn told(session: &Session, action: &str, change: &Change) -> Result<Judged, Failure> {
    let mut record = session.event(action, Target::new(TargetKind::Key, session.ledger.origin().to_string()));
    record.reason.clone_from(&change.reason);
    session.admit(record)
}

/// Without a key of either role nothing more can be sealed, not even that a new one was made.
fn refuse_last(session: &Session, entry: &KeyEntry, then: &str) -> Result<(), Failure> {
    if entry.role == KeyRole::Approver {
        return keep_one_approver(session, entry);
    }
    let is_active = |other: &&KeyEntry| other.role == entry.role && other.until_seq.is_none();
    let keys = session.ledger.keys()?;
    if entry.until_seq.is_some() || keys.iter().filter(is_active).count() > 1 {
        return Ok(());
    }
    let role = entry.role;
    let what = format!("it is the only {role} key, without which nothing more could be sealed");
    Err(Failure::usage(what, format!("run `sealbook key rotate {role}`, which {then}")))
}

/// The one key that fits and whose fingerprint begins like this.
fn find(session: &Session, prefix: &str, may: impl Fn(&KeyEntry) -> bool) -> Result<KeyEntry, Failure> {
    let prefix = prefix.to_ascii_lowercase();
    let keys = session.ledger.keys()?;
    let fits = |entry: &&KeyEntry| may(entry) && entry.key.fingerprint().to_string().starts_with(&prefix);
    let mut found = keys.iter().filter(fits);
    match (found.next(), found.next()) {
        (Some(entry), None) if prefix.len() >= 4 => Ok(entry.clone()),
        (Some(_), _) => Err(Failure::usage(
            "the fingerprint is too short to name one key",
            "give more of its digits, at least four",
        )),
        (None, _) => Err(Error::KeyUnknown { role: "checkpoint or record", key: prefix }.into()),
    }
}

/// The public checkpoint keys that are valid now.
struct Public {
    keys: Vec<(Hash, String)>,
}

impl Public {
    fn of(session: &Session) -> Result<Self, Failure> {
        let keys = session.ledger.keys()?;
        let origin = session.ledger.origin();
        let active = keys.iter().filter(|entry| entry.role == KeyRole::Checkpoint && entry.until_seq.is_none());
        Ok(Self { keys: active.map(|entry| (entry.key.fingerprint(), entry.key.vkey(origin))).collect() })
    }
}

impl View for Public {
    fn document(&self) -> Document {
        let mut page = Document::new();
        let lines: Vec<&str> = self.keys.iter().map(|(_, vkey)| vkey.as_str()).collect();
        page.add(Block::Verbatim("text", lines.join("\n")));
        page
    }

    fn json(&self) -> String {
        let keys: Vec<_> = self
            .keys
            .iter()
            .map(|(fingerprint, vkey)| serde_json::json!({"fingerprint": fingerprint.to_string(), "vkey": vkey}))
            .collect();
        serde_json::json!({ "keys": keys }).to_string()
    }
}
