//! What changed between `before` and `after`, as an RFC 6902 patch.
//!
//! Our own, because a JSON library that reads numbers into floats would report `1e400` as an error and
//! lose the digits of `0.10`. Values are compared by structure, numbers by their text.

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::json::Fields;
use crate::{PartName, Record};

/// Deeper values are compared as a whole.
const DEPTH_MAX: usize = 64;

/// An RFC 6902 patch. Serialises to the list of operations; displays as that JSON text.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(transparent)]
pub struct Patch {
    /// The operations in order; applied to `before` they give `after`.
    pub ops: Vec<PatchOp>,
}

impl Patch {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }

    /// How many operations.
    pub fn len(&self) -> usize {
        self.ops.len()
    }
}

impl std::fmt::Display for Patch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&serde_json::to_string(self).map_err(|_| std::fmt::Error)?)
    }
}

/// One operation of a patch. The path is a JSON pointer (RFC 6901).
#[derive(Debug, Clone)]
pub enum PatchOp {
    /// Something is there that was not.
    Add(String, Box<RawValue>),
    /// Something is gone.
    Remove(String),
    /// Something has another value.
    Replace(String, Box<RawValue>),
}

impl PatchOp {
    /// `add`, `remove` or `replace`.
    pub const fn op(&self) -> &'static str {
        match self {
            Self::Add(..) => "add",
            Self::Remove(..) => "remove",
            Self::Replace(..) => "replace",
        }
    }

    /// Where.
    pub fn path(&self) -> &str {
        match self {
            Self::Add(path, _) | Self::Remove(path) | Self::Replace(path, _) => path,
        }
    }

    /// The new value; none for `remove`.
    pub fn value(&self) -> Option<&RawValue> {
        match self {
            Self::Add(_, value) | Self::Replace(_, value) => Some(value),
            Self::Remove(_) => None,
        }
    }
}

impl Serialize for PatchOp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut fields = serializer.serialize_struct("PatchOp", 3)?;
        fields.serialize_field("op", self.op())?;
        fields.serialize_field("path", self.path())?;
        match self.value() {
            Some(value) => fields.serialize_field("value", value)?,
            None => fields.skip_field("value")?,
        }
        fields.end()
    }
}

impl Record {
    /// What changed from `before` to `after`; `None` unless both are there. An absent `before` (something
    /// was made) differs from one that is `{}`.
    pub fn diff(&self) -> Option<Patch> {
        let before = self.part(PartName::Before)?;
        let after = self.part(PartName::After)?;
        let mut patch = Patch::default();
        compare(before, after, &mut String::new(), 0, &mut patch.ops);
        Some(patch)
    }
}

fn compare(before: &RawValue, after: &RawValue, path: &mut String, depth: usize, ops: &mut Vec<PatchOp>) {
    if before.get() == after.get() {
        return;
    }
    let opening = |value: &RawValue| value.get().as_bytes().first().copied().unwrap_or_default();
    match (opening(before), opening(after)) {
        (b'{', b'{') if depth < DEPTH_MAX => compare_objects(before, after, path, depth, ops),
        (b'[', b'[') if depth < DEPTH_MAX => compare_lists(before, after, path, depth, ops),
        (b'"', b'"') if same_text(before, after) => {}
        _ => ops.push(PatchOp::Replace(path.clone(), after.to_owned())),
    }
}

fn same_text(before: &RawValue, after: &RawValue) -> bool {
    let text = |value: &RawValue| serde_json::from_str::<String>(value.get()).ok();
    text(before).is_some_and(|before| Some(before) == text(after))
}

/// Of duplicate keys the last counts, as for most readers of JSON.
fn compare_objects(before: &RawValue, after: &RawValue, path: &mut String, depth: usize, ops: &mut Vec<PatchOp>) {
    let (Ok(before_fields), Ok(after_fields)) = (Fields::parse(before.get()), Fields::parse(after.get())) else {
        // A key that is no Unicode text (a lone surrogate) has no JSON pointer.
        return ops.push(PatchOp::Replace(path.clone(), after.to_owned()));
    };
    for (key, old) in last_of_each(&before_fields) {
        with_segment(path, key, |path| match after_fields.last(key) {
            Some(new) => compare(old, new, path, depth + 1, ops),
            None => ops.push(PatchOp::Remove(path.clone())),
        });
    }
    for (key, new) in last_of_each(&after_fields) {
        if before_fields.last(key).is_none() {
            with_segment(path, key, |path| ops.push(PatchOp::Add(path.clone(), new.to_owned())));
        }
    }
}

fn last_of_each<'a>(fields: &'a Fields<'a>) -> Vec<(&'a str, &'a RawValue)> {
    let mut seen = std::collections::HashSet::with_capacity(fields.list.len());
    let mut unique: Vec<_> = fields
        .list
        .iter()
        .rev()
        .filter(|(key, _)| seen.insert(key.as_str()))
        .map(|(key, raw)| (key.as_str(), *raw))
        .collect();
    unique.reverse();
    unique
}

/// Common head and tail stay; of the middle, pairs are compared and the rest is added or removed.
fn compare_lists(before: &RawValue, after: &RawValue, path: &mut String, depth: usize, ops: &mut Vec<PatchOp>) {
    let items = |value: &'_ RawValue| serde_json::from_str::<Vec<Box<RawValue>>>(value.get()).unwrap_or_default();
    let (old, new) = (items(before), items(after));
    let head = old.iter().zip(&new).take_while(|(old, new)| old.get() == new.get()).count();
    let tail =
        old[head..].iter().rev().zip(new[head..].iter().rev()).take_while(|(old, new)| old.get() == new.get()).count();
    let (old_mid, new_mid) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    for (index, (old, new)) in old_mid.iter().zip(new_mid).enumerate() {
        with_segment(path, &(head + index).to_string(), |path| compare(old, new, path, depth + 1, ops));
    }
    let paired = old_mid.len().min(new_mid.len());
    for index in (paired..old_mid.len()).rev() {
        with_segment(path, &(head + index).to_string(), |path| ops.push(PatchOp::Remove(path.clone())));
    }
    for (index, new) in new_mid.iter().enumerate().skip(paired) {
        with_segment(path, &(head + index).to_string(), |path| ops.push(PatchOp::Add(path.clone(), new.clone())));
    }
}

fn with_segment<T>(path: &mut String, segment: &str, act: impl FnOnce(&mut String) -> T) -> T {
    let length = path.len();
    path.push('/');
    for character in segment.chars() {
        match character {
            '~' => path.push_str("~0"),
            '/' => path.push_str("~1"),
            other => path.push(other),
        }
    }
    let result = act(path);
    path.truncate(length);
    result
}
