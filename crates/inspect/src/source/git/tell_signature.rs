//! Signatures of commits and tags: what they were made with, and whether they are good as far as keys are at hand.

use std::path::PathBuf;

use serde::Serialize;

use super::engine::commit::{SignatureKind, split_signed, split_signed_tag};
use super::engine::repository::Repository;
use super::engine::sshsig::{AllowedSigners, Verdict};
use crate::{Coverage, Request, TreePath};

/// Bytes of a file of allowed signers.
const SIGNERS_BYTES: u64 = 4 << 20;

/// The keys at hand.
pub(super) struct Signers {
    allowed: AllowedSigners,
    pub(super) from: Option<PathBuf>,
}

#[derive(Serialize, Clone)]
pub(super) struct SignatureTold {
    kind: SignatureKind,
    /// `good`, `bad`, `unknown_key`, `not_valid` or `not_verified`.
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    signer: Option<String>,
    /// The key's fingerprint.
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'static str>,
}

impl Signers {
    /// The file that was named, else the one that the repository's own configuration names.
    pub(super) fn read(request: &Request<'_>, repository: &Repository, coverage: &mut Coverage) -> Self {
        let named = request.options.git.allowed_signers.clone();
        let is_named = named.is_some();
        let Some(path) = named.or_else(|| repository.allowed_signers()) else {
            return Self { allowed: AllowedSigners::default(), from: None };
        };
        let size = path.metadata().map_or(0, |it| it.len());
        let text = if size > SIGNERS_BYTES {
            Err(format!("it has {size} bytes"))
        } else {
            std::fs::read_to_string(&path).map_err(|cause| cause.to_string())
        };
        match text {
            Ok(text) => {
                let allowed = AllowedSigners::parse(&text);
                if allowed.len() == 0 {
                    coverage.notes.push(format!("{} names no key that is read here", path.display()));
                }
                Self { allowed, from: Some(path) }
            }
            Err(cause) => {
                let why = format!("whose keys are whose is not known: {cause}");
                if is_named {
                    coverage.skip(TreePath::from(&*path), "signers_unreadable", Some(why));
                } else {
                    coverage.notes.push(format!("{}: {why}", path.display()));
                }
                Self { allowed: AllowedSigners::default(), from: None }
            }
        }
    }

    /// Looks at the signature of a commit, as its object has it.
    pub(super) fn of_commit(&self, kind: SignatureKind, data: Option<&[u8]>, at: i64) -> SignatureTold {
        self.look(kind, data.and_then(split_signed), at)
    }

    /// The same for a tag.
    pub(super) fn of_tag(&self, kind: SignatureKind, data: Option<&[u8]>, at: i64) -> SignatureTold {
        self.look(kind, data.and_then(split_signed_tag), at)
    }

    fn look(&self, kind: SignatureKind, parts: Option<(Vec<u8>, Vec<u8>)>, at: i64) -> SignatureTold {
        let verdict = match (kind, parts) {
            (SignatureKind::Ssh, Some((signature, signed))) => self.allowed.verify(&signature, &signed, at),
            (SignatureKind::Ssh, None) => Verdict::NotVerified { why: "the object cannot be read" },
            (SignatureKind::Gpg, _) => Verdict::NotVerified {
                why: "keys of OpenPGP are not read here; `git verify-commit` and `git verify-tag` do",
            },
            (SignatureKind::X509, _) => Verdict::NotVerified {
                why: "certificates are not read here; `git verify-commit` and `git verify-tag` do",
            },
            (SignatureKind::Unknown, _) => Verdict::NotVerified { why: "its form is not known" },
        };
        let told = |verdict, signer, fingerprint, why| SignatureTold { kind, verdict, signer, fingerprint, why };
        match verdict {
            Verdict::Good { signer, key } => told("good", Some(signer), Some(key), None),
            Verdict::Bad { why } => told("bad", None, None, Some(why)),
            Verdict::UnknownKey { key } => {
                told("unknown_key", None, Some(key), Some("no file of allowed signers has its key"))
            }
            Verdict::NotValid { signer, key, why } => told("not_valid", Some(signer), Some(key), Some(why)),
            Verdict::NotVerified { why } => told("not_verified", None, None, Some(why)),
        }
    }
}
