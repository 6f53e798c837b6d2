//! References as records: one per reference per run, so that a forced push or a deletion shows.

use sealbook_policy::Raw;
use sealbook_record::{PartName, Severity, Target, TargetKind};
use serde::Serialize;

use super::engine::commit::Tag;
use super::engine::id::Id;
use super::engine::objects::Objects;
use super::engine::refs::{self, RefKind, Resolved};
use super::previous::Seen;
use super::tell_commit::set;
use super::tell_signature::SignatureTold;
use super::text::{Text, Who};
use super::{NAME, REF};
use crate::{Error, Request, Sink, TreePath};

/// Bytes of a tag's message that are kept as text.
const MESSAGE_BYTES: usize = 64 * 1024;

/// How a reference stands to what was sealed of it last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    New,
    Unchanged,
    /// Forward: what it pointed at is still in its history.
    Moved,
    /// Elsewhere: what it pointed at is no longer in its history.
    Forced,
    Deleted,
}

/// What is said of a reference.
pub(super) struct Standing<'a> {
    pub(super) state: State,
    pub(super) before: Option<&'a Seen>,
    /// The commit behind which all is sealed once this run is.
    pub(super) sealed: Option<Id>,
    /// Whether the commit it pointed at is still in the history of `HEAD`.
    pub(super) kept: bool,
}

#[derive(Serialize)]
struct RefTold<'a> {
    name: &'a TreePath,
    kind: &'static str,
    state: State,
    #[serde(skip_serializing_if = "Option::is_none")]
    symbolic: Option<TreePath>,
    target: Option<Id>,
    commit: Option<Id>,
    sealed: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<Place>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<TagTold<'a>>,
}

#[derive(Serialize)]
struct Place {
    target: Option<Id>,
    commit: Option<Id>,
}

#[derive(Serialize)]
struct TagTold<'a> {
    tagger: Option<Who<'a>>,
    message: Text<'a>,
    signature: Option<SignatureTold>,
}

impl<'a> TagTold<'a> {
    fn new(tag: &'a Tag, signature: Option<SignatureTold>) -> Self {
        Self {
            tagger: tag.tagger.as_ref().map(|tagger| Who::new(tagger, None)),
            message: Text::new(&tag.message, None, MESSAGE_BYTES),
            signature,
        }
    }
}

/// How a reference moved since it was sealed.
pub(super) fn state(objects: &mut Objects, now: &Resolved, before: Option<&Seen>) -> State {
    let Some(before) = before else {
        return State::New;
    };
    if now.target == before.target {
        return State::Unchanged;
    }
    match (before.commit, now.commit) {
        // A tag is not meant to move at all.
        _ if now.kind == RefKind::Tag => State::Forced,
        (None, _) => State::Moved,
        (Some(old), Some(new)) if refs::is_ancestor(objects, old, new) => State::Moved,
        _ => State::Forced,
    }
}

/// Seals a reference that is there.
pub(super) fn present(
    request: &Request<'_>,
    reference: &Resolved,
    standing: &Standing<'_>,
    signature: Option<SignatureTold>,
    sink: &mut dyn Sink,
) -> Result<(), Error> {
    let name = TreePath::new(reference.name.as_slice());
    let told = RefTold {
        name: &name,
        kind: kind(reference.kind, reference.tag.is_some()),
        state: standing.state,
        symbolic: reference.symbolic.as_deref().map(TreePath::new),
        target: reference.target,
        commit: reference.commit,
        sealed: standing.sealed,
        previous: standing.before.filter(|_| standing.state != State::Unchanged).map(place),
        tag: reference.tag.as_ref().map(|tag| TagTold::new(tag, signature)),
    };
    let now = Place { target: reference.target, commit: reference.commit };
    seal(request, &told, Some(&now), severity(reference.kind, standing), sink)
}

/// Seals that a reference is gone.
pub(super) fn deleted(
    request: &Request<'_>,
    name: &TreePath,
    standing: &Standing<'_>,
    sink: &mut dyn Sink,
) -> Result<(), Error> {
    let of_name = RefKind::of(name.as_bytes());
    let told = RefTold {
        name,
        kind: kind(of_name, false),
        state: standing.state,
        symbolic: None,
        target: None,
        commit: None,
        sealed: None,
        previous: standing.before.map(place),
        tag: None,
    };
    seal(request, &told, None, severity(of_name, standing), sink)
}

fn seal(
    request: &Request<'_>,
    told: &RefTold<'_>,
    now: Option<&Place>,
    severity: Severity,
    sink: &mut dyn Sink,
) -> Result<(), Error> {
    let target = Target::new(TargetKind::Git, told.name.to_string());
    let mut record = request.event(NAME, REF, target, request.now);
    record.severity = severity;
    set(&mut record, PartName::Result, told)?;
    if let Some(before) = &told.previous {
        set(&mut record, PartName::Before, before)?;
        if let Some(now) = now {
            set(&mut record, PartName::After, now)?;
        }
    }
    sink.record(Raw::new(record))
}

fn place(seen: &Seen) -> Place {
    Place { target: seen.target, commit: seen.commit }
}

fn kind(kind: RefKind, annotated: bool) -> &'static str {
    match kind {
        RefKind::Head => "head",
        RefKind::Branch => "branch",
        RefKind::Remote => "remote",
        RefKind::Tag if annotated => "annotated_tag",
        RefKind::Tag => "tag",
        RefKind::Replace => "replace",
        RefKind::Other => "other",
    }
}

/// History that is rewritten or lost weighs more than history that grows.
fn severity(kind: RefKind, standing: &Standing<'_>) -> Severity {
    match standing.state {
        _ if kind == RefKind::Replace => Severity::Warning,
        State::Forced if kind != RefKind::Head => Severity::Warning,
        State::Deleted if !standing.kept => Severity::Warning,
        _ => Severity::Info,
    }
}
