//! Checking a proof that a keeper signed two histories: no book is needed, only the keeper's public key.

use std::path::Path;

use sealbook_ledger::{Checkpoint, Equivocation, Error, Origin, PublicKey};
use sealbook_report::EquivocationDetail;

use crate::command::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input::Input;

/// Reads a proof and says whether it holds: 0 where it does, 4 where not.
pub(crate) fn check(path: &Path, trusted: &[(Origin, PublicKey)], context: &Context) -> Result<Exit, Failure> {
    let mut input = Input::open(path)?;
    let text = String::from_utf8_lossy(&input.read_all()?).into_owned();
    let proof = Equivocation::decode(&text).map_err(|cause| Failure::from(cause).at(&*input.name))?;
    let refused = verify(&proof, trusted).err();
    context.out.show(&EquivocationDetail { proof: &proof, refused: refused.as_ref() })?;
    Ok(if refused.is_none() { Exit::Clean } else { Exit::Broken })
}

/// A key vouches for the ledger it was given for, and for no other.
fn verify(proof: &Equivocation, trusted: &[(Origin, PublicKey)]) -> Result<(), Error> {
    let origin = Checkpoint::of_note(&proof.first)?.origin;
    let keys: Vec<PublicKey> = trusted.iter().filter(|(of, _)| *of == origin).map(|(_, key)| *key).collect();
    proof.verify(&keys)
}
