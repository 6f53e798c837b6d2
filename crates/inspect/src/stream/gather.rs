//! Events by path.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use notify::event::{AccessKind, AccessMode, CreateKind, EventKind, ModifyKind, RemoveKind, RenameMode};
use serde::Serialize;

use super::ignores::Ignored;
use super::{Gap, Window};

/// Paths that are kept between two looks; above it a look at everything is cheaper than a list.
const PATHS_MAX: usize = 1 << 16;

/// What sort of thing happened to a path last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Sort {
    /// It came to be, or was moved to here.
    Created,
    /// Its content or its properties changed.
    Changed,
    /// It went, or was moved away.
    Removed,
}

/// What happened to one path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sighted {
    /// The last thing.
    pub sort: Sort,
    /// How many events there were.
    pub events: u64,
}

/// What happened since the last look.
pub(super) struct Gathered {
    root: PathBuf,
    ignores: Ignored,
    seen: BTreeMap<PathBuf, Sighted>,
    /// New directories, and how often they are still to be looked into: what was put into them before they were
    /// watched is told by nobody.
    fresh: Vec<(PathBuf, u8)>,
    /// What was handed over last: a second look into a new directory finds it again.
    last: HashSet<PathBuf>,
    events: u64,
    ignored: u64,
    gap: Option<Gap>,
}

impl Gathered {
    pub(super) fn new(root: &Path, ignores: Ignored) -> Self {
        Self {
            root: root.to_owned(),
            ignores,
            seen: BTreeMap::new(),
            fresh: Vec::new(),
            last: HashSet::new(),
            events: 0,
            ignored: 0,
            gap: None,
        }
    }

    /// Takes an event; whether it is of interest.
    pub(super) fn take(&mut self, event: &notify::Event) -> bool {
        if event.need_rescan() {
            return self.lose(Gap::Overflow);
        }
        let (first, sort) = match event.kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write))
            | EventKind::Modify(ModifyKind::Any | ModifyKind::Data(_) | ModifyKind::Metadata(_) | ModifyKind::Other) => {
                (Sort::Changed, Sort::Changed)
            }
            EventKind::Create(_) | EventKind::Modify(ModifyKind::Name(RenameMode::To)) => {
                (Sort::Created, Sort::Created)
            }
            EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(RenameMode::From)) => {
                (Sort::Removed, Sort::Removed)
            }
            // Both names: the old one and the new one.
            EventKind::Modify(ModifyKind::Name(_)) => (Sort::Removed, Sort::Created),
            // Reading is no change, and we read ourselves.
            EventKind::Access(_) => return false,
            EventKind::Any | EventKind::Other => (Sort::Changed, Sort::Changed),
        };
        if matches!(event.kind, EventKind::Modify(ModifyKind::Name(RenameMode::Both))) && event.paths.len() == 2 {
            // The system tells of both ends by themselves as well.
            return false;
        }
        let is_directory =
            matches!(event.kind, EventKind::Create(CreateKind::Folder) | EventKind::Remove(RemoveKind::Folder));
        let mut told = false;
        for (nth, path) in event.paths.iter().enumerate() {
            let sort = if nth == 0 { first } else { sort };
            told |= self.add(path, sort, is_directory, 1);
            let came = sort == Sort::Created && (is_directory || matches!(event.kind, EventKind::Modify(_)));
            if came && self.fresh.len() < PATHS_MAX {
                self.fresh.push((path.clone(), 2));
            }
        }
        told
    }

    fn add(&mut self, path: &Path, sort: Sort, is_directory: bool, events: u64) -> bool {
        let Ok(below) = path.strip_prefix(&self.root) else { return false };
        let is_own = below.components().any(|it| it.as_os_str() == ".git" || it.as_os_str() == ".sealbook");
        self.ignores.hear_of(below, sort != Sort::Changed);
        if is_own || self.ignores.leaves_out(below, is_directory) {
            self.ignored += events;
            return false;
        }
        self.events += events;
        if let Some(seen) = self.seen.get_mut(below) {
            seen.sort = match (seen.sort, sort) {
                // What is new stays new while it is written.
                (Sort::Created, Sort::Changed) => Sort::Created,
                (_, sort) => sort,
            };
            seen.events += events;
        } else if self.seen.len() < PATHS_MAX {
            self.seen.insert(below.to_owned(), Sighted { sort, events });
        } else {
            self.gap.get_or_insert(Gap::TooManyPaths);
        }
        true
    }

    pub(super) fn lose(&mut self, gap: Gap) -> bool {
        self.gap.get_or_insert(gap);
        true
    }

    pub(super) fn is_full(&self) -> bool {
        self.gap.is_some() || self.seen.len() >= PATHS_MAX
    }

    pub(super) fn hand_over(&mut self) -> Window {
        // Twice: the second time the directory is surely watched.
        for (path, times) in std::mem::take(&mut self.fresh) {
            self.look_into(&path);
            if times > 1 {
                self.fresh.push((path, times - 1));
            }
        }
        let seen = std::mem::take(&mut self.seen);
        self.last = if self.fresh.is_empty() { HashSet::new() } else { seen.keys().cloned().collect() };
        Window {
            events: std::mem::take(&mut self.events),
            ignored: std::mem::take(&mut self.ignored),
            seen: seen.into_iter().collect(),
            gap: self.gap.take(),
        }
    }

    /// Files of a new directory that no event told of.
    fn look_into(&mut self, directory: &Path) {
        let Ok(entries) = std::fs::read_dir(directory) else { return };
        for entry in entries.flatten() {
            let (path, is_directory) = (entry.path(), entry.file_type().is_ok_and(|it| it.is_dir()));
            let is_known = |below: &Path| self.seen.contains_key(below) || self.last.contains(below);
            let known = path.strip_prefix(&self.root).is_ok_and(is_known);
            if !known && !self.is_full() {
                self.add(&path, Sort::Created, is_directory, 0);
            }
            if is_directory && !self.is_full() {
                self.look_into(&path);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use notify::Event;

    use super::*;

    fn gathered() -> Gathered {
        Gathered::new(Path::new("/r"), Ignored::new(Path::new("/r")))
    }

    #[test]
    fn events_of_a_path_are_one_line() {
        let mut gathered = gathered();
        let event = |kind, path: &str| Event::new(kind).add_path(path.into());
        assert!(gathered.take(&event(EventKind::Create(CreateKind::File), "/r/a")));
        for _ in 0..5 {
            gathered.take(&event(EventKind::Modify(ModifyKind::Any), "/r/a"));
        }
        gathered.take(&event(EventKind::Remove(RemoveKind::File), "/r/b"));
        assert!(!gathered.take(&event(EventKind::Modify(ModifyKind::Any), "/r/.git/index")));
        assert!(!gathered.take(&event(EventKind::Access(AccessKind::Open(AccessMode::Read)), "/r/a")));
        let window = gathered.hand_over();
        assert_eq!((window.events, window.ignored), (7, 1));
        let told: Vec<_> =
            window.seen.iter().map(|(path, seen)| (path.to_str().unwrap(), seen.sort, seen.events)).collect();
        assert_eq!(told, [("a", Sort::Created, 6), ("b", Sort::Removed, 1)]);
        assert!(gathered.hand_over().seen.is_empty());
    }

    #[test]
    fn what_is_lost_is_said_and_memory_has_an_end() {
        let mut gathered = gathered();
        gathered.take(&Event::new(EventKind::Other).set_flag(notify::event::Flag::Rescan));
        assert_eq!(gathered.hand_over().gap, Some(Gap::Overflow));
        for nth in 0..=PATHS_MAX {
            gathered.take(&Event::new(EventKind::Create(CreateKind::File)).add_path(format!("/r/{nth}").into()));
        }
        let window = gathered.hand_over();
        assert_eq!((window.gap, window.seen.len()), (Some(Gap::TooManyPaths), PATHS_MAX));
    }
}
