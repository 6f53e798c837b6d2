//! `sealbook key`: the keys of a ledger.

use clap::Subcommand;
use sealbook_ledger::{Hash, KeyEntry, KeyRole};
use sealbook_policy::Judged;
use sealbook_record::{Target, TargetKind};
use sealbook_report::{Block, Document, KeyList, View};
use sealbook_store::Error;

use super::Context;
use crate::args::Acting;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// List, publish, rotate, retire or revoke keys
///
/// Every change is sealed in the book, so that a verifier knows which key was valid where. Private
/// keys are files of mode 0600 in the key directory, one each; they are never printed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook key list
  sealbook key public > shop.vkey                       give this to whoever verifies
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

#[derive(Debug, clap::Args)]
struct Change {
    /// Why
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    acting: Acting,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let session = match &args.what {
        What::List | What::Public => context.open()?,
        What::Rotate { change, .. } | What::Retire { change, .. } | What::Revoke { change, .. } => {
            context.open_as(&change.acting)?
        }
    };
    let ledger = &session.ledger;
    match &args.what {
        What::List => {}
        What::Public => {
            context.out.show(&Public::of(&session)?)?;
            return Ok(Exit::Clean);
        }
        What::Rotate { role, change } => {
            for each in [KeyRole::Checkpoint, KeyRole::Record] {
                if role == "all" || role == each.as_str() {
                    rotate(&session, each, change)?;
                }
            }
        }
        What::Retire { key, change } => {
            let entry = find(&session, key, |entry| entry.until_seq.is_none())?;
            refuse_last(&session, &entry, "retires it and makes a new one")?;
            ledger.retire_key(entry.key.fingerprint(), told(&session, "key.retire", change)?)?;
        }
        What::Revoke { key, since, change } => {
            let entry = find(&session, key, |entry| entry.revoked_since.is_none())?;
            refuse_last(&session, &entry, "makes a new one, and then revoke this one")?;
            ledger.revoke_key(entry.key.fingerprint(), *since, told(&session, "key.revoke", change)?)?;
        }
    }
    context.out.show(&KeyList { keys: &ledger.keys()? })?;
    Ok(Exit::Clean)
}

fn rotate(session: &Session, role: KeyRole, change: &Change) -> Result<(), Failure> {
    // Both records are made before the first is sealed: what is refused leaves no half a rotation.
    let mut ready = vec![told(session, "key.retire", change)?, told(session, "key.add", change)?];
    let mut late = None;
    let rotated = session.ledger.rotate_key(role, &mut |action| {
        let place = ready.iter().position(|judged| judged.record().action == action);
        let judged = match place {
            Some(place) => Ok(ready.swap_remove(place)),
            None => told(session, action, change),
        };
        judged.map_err(|failure| {
            late = Some(failure);
            Error::WriterStopped("the record that tells of the rotation was refused".to_owned())
        })
    });
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
