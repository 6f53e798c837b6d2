//! Trees: parsing, and what differs between two of them.

use std::collections::HashMap;

use super::id::Id;
use super::objects::{Damage, Hash, Kind};
use super::reader::Reader;

/// Trees nested deeper than this are not followed: nobody works in such, and a stack has an end.
const DEPTH_LIMIT: usize = 256;

/// What an entry is, in the modes git knows; older, laxer ones are read as git reads them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Mode(u32);

impl Mode {
    pub(crate) const TREE: Self = Self(0o040_000);
    pub(crate) const FILE: Self = Self(0o100_644);
    pub(crate) const EXECUTABLE: Self = Self(0o100_755);
    pub(crate) const LINK: Self = Self(0o120_000);
    pub(crate) const GITLINK: Self = Self(0o160_000);

    fn new(raw: u32) -> Self {
        match raw & 0o170_000 {
            0o100_000 if raw & 0o100 != 0 => Self::EXECUTABLE,
            0o100_000 => Self::FILE,
            0o120_000 => Self::LINK,
            0o040_000 => Self::TREE,
            _ => Self::GITLINK,
        }
    }

    pub(crate) fn is_tree(self) -> bool {
        self == Self::TREE
    }

    /// A commit of another repository: there is no object to read.
    pub(crate) fn is_gitlink(self) -> bool {
        self == Self::GITLINK
    }

    pub(crate) fn is_regular(self) -> bool {
        self == Self::FILE || self == Self::EXECUTABLE
    }

    /// File, link, directory or submodule, whatever the permissions.
    pub(crate) fn format(self) -> u32 {
        self.0 & 0o170_000
    }

    /// As in `git log --raw`: six octal digits.
    pub(crate) fn octal(self) -> String {
        format!("{:06o}", self.0)
    }
}

/// One entry of a tree.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) mode: Mode,
    pub(crate) name: &'a [u8],
    pub(crate) id: Id,
}

/// The entries of a tree object, in its order.
pub(crate) struct Entries<'a> {
    rest: &'a [u8],
    id_len: usize,
}

impl<'a> Entries<'a> {
    pub(crate) fn new(data: &'a [u8], hash: Hash) -> Self {
        Self { rest: data, id_len: hash.id_len() }
    }

    fn parse(&mut self) -> Option<Entry<'a>> {
        let mut mode = 0_u32;
        let mut at = 0;
        loop {
            match *self.rest.get(at)? {
                digit @ b'0'..=b'7' if at < 7 => mode = mode << 3 | u32::from(digit - b'0'),
                b' ' if at > 0 => break,
                _ => return None,
            }
            at += 1;
        }
        let rest = &self.rest[at + 1..];
        let end = rest.iter().position(|&byte| byte == 0)?;
        let id = Id::from_bytes(rest.get(end + 1..end + 1 + self.id_len)?)?;
        if end == 0 {
            return None;
        }
        self.rest = &rest[end + 1 + self.id_len..];
        Some(Entry { mode: Mode::new(mode), name: &rest[..end], id })
    }

    /// The next entry; an error if what is left is no entry.
    pub(crate) fn entry(&mut self) -> Result<Option<Entry<'a>>, Damage> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let malformed = || Damage::Corrupt("a tree entry is malformed".to_owned());
        self.parse().map(Some).ok_or_else(malformed)
    }
}

/// One path that differs between two trees. At least one side is there.
#[derive(Clone, Debug)]
pub(crate) struct Difference {
    pub(crate) path: Vec<u8>,
    pub(crate) old: Option<Side>,
    pub(crate) new: Option<Side>,
}

/// What a path is on one side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Side {
    pub(crate) mode: Mode,
    pub(crate) id: Id,
}

/// All paths that differ between two trees (an absent one is empty), in git's order.
/// What cannot be read is reported to the reader and left out.
pub(crate) fn diff(reader: &mut Reader<'_>, old: Option<Id>, new: Option<Id>) -> Vec<Difference> {
    let mut walk = Walk { reader, path: Vec::new(), depth: 0, found: Vec::new() };
    walk.trees(old, new);
    walk.found
}

/// What lies at a path below a tree.
pub(crate) fn lookup(reader: &mut Reader<'_>, tree: Id, path: &[u8]) -> Option<Side> {
    let mut at = Side { mode: Mode::TREE, id: tree };
    let mut walked = 0;
    for name in path.split(|&byte| byte == b'/') {
        if !at.mode.is_tree() {
            return None;
        }
        let data = reader.read(&at.id, Kind::Tree, &path[..walked])?;
        let mut entries = Entries::new(&data, reader.hash());
        at = loop {
            let entry = entries.entry().ok()??;
            if entry.name == name {
                break Side { mode: entry.mode, id: entry.id };
            }
        };
        walked = (walked + name.len() + 1).min(path.len());
    }
    Some(at)
}

/// Reads whatever a tree holds that none of the others holds at the same path, so that every object
/// of a history is checked even where no diff is made.
///
/// `seen` is given each file that is read, by its path, with one of the others' at that path.
pub(crate) fn read_new(reader: &mut Reader<'_>, tree: Id, others: &[Id], seen: &mut SeenNew<'_>) {
    let mut path = Vec::new();
    new_in(reader, tree, others, &mut path, 0, seen);
}

/// Given a path, its content and the content that was there, where there was one.
pub(crate) type SeenNew<'a> = dyn FnMut(&[u8], &[u8], Option<&[u8]>) + 'a;

fn new_in(reader: &mut Reader<'_>, tree: Id, others: &[Id], path: &mut Vec<u8>, depth: usize, seen: &mut SeenNew<'_>) {
    if others.contains(&tree) {
        return;
    }
    if depth > DEPTH_LIMIT {
        return reader.damaged(&tree, Kind::Tree, path, too_deep());
    }
    let hash = reader.hash();
    let Some(data) = reader.read(&tree, Kind::Tree, path) else {
        return;
    };
    let other_data: Vec<_> = others.iter().filter_map(|id| reader.read(id, Kind::Tree, path)).collect();
    let mut known: HashMap<&[u8], Vec<(Mode, Id)>> = HashMap::new();
    for data in &other_data {
        let mut entries = Entries::new(data, hash);
        while let Ok(Some(entry)) = entries.entry() {
            known.entry(entry.name).or_default().push((entry.mode, entry.id));
        }
    }
    let mut entries = Entries::new(&data, hash);
    loop {
        let entry = match entries.entry() {
            Ok(Some(entry)) => entry,
            Ok(None) => break,
            Err(damage) => {
                reader.damaged(&tree, Kind::Tree, path, damage);
                break;
            }
        };
        let there = known.get(entry.name).map(Vec::as_slice).unwrap_or_default();
        if entry.mode.is_gitlink() || there.iter().any(|(_, id)| *id == entry.id) {
            continue;
        }
        let before = path.len();
        if before > 0 {
            path.push(b'/');
        }
        path.extend_from_slice(entry.name);
        if entry.mode.is_tree() {
            let subtrees: Vec<Id> = there.iter().filter(|(mode, _)| mode.is_tree()).map(|(_, id)| *id).collect();
            new_in(reader, entry.id, &subtrees, path, depth + 1, seen);
        } else if let Some(data) = reader.read(&entry.id, Kind::Blob, path) {
            let before = there.iter().find(|(mode, _)| mode.is_regular() && entry.mode.is_regular());
            let before = before.and_then(|(_, id)| reader.read(id, Kind::Blob, path));
            seen(path, &data, before.as_deref());
        }
        path.truncate(before);
    }
}

fn too_deep() -> Damage {
    Damage::Corrupt(format!("trees are nested deeper than {DEPTH_LIMIT}"))
}

struct Walk<'r, 'o> {
    reader: &'r mut Reader<'o>,
    path: Vec<u8>,
    depth: usize,
    found: Vec<Difference>,
}

impl Walk<'_, '_> {
    fn trees(&mut self, old: Option<Id>, new: Option<Id>) {
        if old == new {
            return;
        }
        if self.depth > DEPTH_LIMIT {
            let id = new.or(old).expect("two absent trees are equal");
            return self.reader.damaged(&id, Kind::Tree, &self.path, too_deep());
        }
        let hash = self.reader.hash();
        let mut load = |id: Option<Id>| id.and_then(|id| Some((id, self.reader.read(&id, Kind::Tree, &self.path)?)));
        let (old, new) = (load(old), load(new));
        let mut left = Cursor::new(old.as_ref().map_or(&[], |(_, data)| data), hash);
        let mut right = Cursor::new(new.as_ref().map_or(&[], |(_, data)| data), hash);
        loop {
            let order = match (&left.next, &right.next) {
                (None, None) => break,
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some(a), Some(b)) => entry_order(a, b),
            };
            match order {
                std::cmp::Ordering::Less => self.entry(left.take(), None),
                std::cmp::Ordering::Greater => self.entry(None, right.take()),
                std::cmp::Ordering::Equal => {
                    let (a, b) = (left.take(), right.take());
                    self.entry(a, b);
                }
            }
        }
        for (side, object) in [(left.damage, old), (right.damage, new)] {
            if let (Some(damage), Some((id, _))) = (side, object) {
                self.reader.damaged(&id, Kind::Tree, &self.path, damage);
            }
        }
    }

    fn entry(&mut self, old: Option<Entry<'_>>, new: Option<Entry<'_>>) {
        let same = |a: &Entry<'_>, b: &Entry<'_>| a.id == b.id && a.mode == b.mode;
        if let (Some(a), Some(b)) = (&old, &new)
            && same(a, b)
        {
            return;
        }
        let before = self.path.len();
        if before > 0 {
            self.path.push(b'/');
        }
        self.path.extend_from_slice(new.or(old).expect("one side is there").name);
        let tree = |side: &Option<Entry<'_>>| side.filter(|e| e.mode.is_tree()).map(|e| e.id);
        let leaf =
            |side: &Option<Entry<'_>>| side.filter(|e| !e.mode.is_tree()).map(|e| Side { mode: e.mode, id: e.id });
        let (old_leaf, new_leaf) = (leaf(&old), leaf(&new));
        if old_leaf.is_some() || new_leaf.is_some() {
            self.found.push(Difference { path: self.path.clone(), old: old_leaf, new: new_leaf });
        }
        let (old_tree, new_tree) = (tree(&old), tree(&new));
        if old_tree.is_some() || new_tree.is_some() {
            self.depth += 1;
            self.trees(old_tree, new_tree);
            self.depth -= 1;
        }
        self.path.truncate(before);
    }
}

/// One side of a merge of two trees' entries.
struct Cursor<'a> {
    entries: Entries<'a>,
    next: Option<Entry<'a>>,
    damage: Option<Damage>,
}

impl<'a> Cursor<'a> {
    fn new(data: &'a [u8], hash: Hash) -> Self {
        let mut side = Self { entries: Entries::new(data, hash), next: None, damage: None };
        side.advance();
        side
    }

    fn take(&mut self) -> Option<Entry<'a>> {
        let entry = self.next.take();
        self.advance();
        entry
    }

    fn advance(&mut self) {
        match self.entries.entry() {
            Ok(entry) => self.next = entry,
            Err(damage) => self.damage = Some(damage),
        }
    }
}

/// Git's order: by bytes, a directory as if its name ended in `/`. A file and a directory of one
/// name are different entries.
fn entry_order(a: &Entry<'_>, b: &Entry<'_>) -> std::cmp::Ordering {
    let common = a.name.len().min(b.name.len());
    let end = |e: &Entry<'_>| match e.name.get(common) {
        Some(&byte) => byte,
        None if e.mode.is_tree() => b'/',
        None => 0,
    };
    a.name[..common].cmp(&b.name[..common]).then_with(|| end(a).cmp(&end(b))).then_with(|| {
        // Only a hostile tree has names that differ behind a `/` or NUL of their own.
        a.name.len().cmp(&b.name.len())
    })
}
