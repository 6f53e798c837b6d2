//! The order of history: `git log`'s, newest first by the committer's clock.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap, HashSet};

use super::commit::Commit;
use super::id::Id;
use super::objects::{Kind, Objects};
use super::reader::{Fault, Wrong};

/// Clocks may be this much apart before a walk mistakes what is old.
const CLOCK_SLACK_SECONDS: i64 = 86_400;

/// A commit in its place in history.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) id: Id,
    pub(crate) commit: Commit,
    /// Its true name, where that is another.
    pub(crate) forged: Option<Id>,
    /// Its parents are not here: the clone is shallow.
    pub(crate) shallow: bool,
}

/// Walks from tips to roots, each commit once.
pub(crate) struct Walk<'a> {
    objects: Objects,
    shallow: &'a HashSet<Id>,
    since: Option<i64>,
    queue: BinaryHeap<Queued<()>>,
    seen: HashSet<Id>,
    faults: Vec<Fault>,
    counter: u64,
}

/// Where a walk begins and ends.
pub(crate) struct Bounds<'a> {
    /// From these commits, in this order where dates are equal.
    pub(crate) tips: &'a [Id],
    /// Nothing that these reach.
    pub(crate) hidden: &'a [Id],
    /// Commits whose parents are not here.
    pub(crate) shallow: &'a HashSet<Id>,
    /// Nothing much older than this, in seconds.
    pub(crate) since: Option<i64>,
}

/// A commit that waits for its turn; what else is known of it travels with it.
pub(super) struct Queued<T> {
    node: Box<Node>,
    order: u64,
    with: T,
}

impl<T> Queued<T> {
    /// Of commits of one date, those with the lower order go first.
    pub(super) fn new(node: Box<Node>, order: u64, with: T) -> Self {
        Self { node, order, with }
    }

    pub(super) fn into_parts(self) -> (Box<Node>, T) {
        (self.node, self.with)
    }
}

/// Whether a commit is so old that nothing behind it can be at or after a time.
pub(super) fn is_long_before(node: &Node, since: i64) -> bool {
    node.commit.committer.seconds < since.saturating_sub(CLOCK_SLACK_SECONDS)
}

impl<'a> Walk<'a> {
    pub(crate) fn new(objects: Objects, bounds: &Bounds<'a>) -> Self {
        let mut walk = Self {
            objects,
            shallow: bounds.shallow,
            since: bounds.since,
            queue: BinaryHeap::new(),
            seen: HashSet::new(),
            faults: Vec::new(),
            counter: 0,
        };
        if !bounds.hidden.is_empty() {
            walk.hide(bounds.tips, bounds.hidden);
        }
        for tip in bounds.tips {
            walk.push(*tip, None);
        }
        walk
    }

    /// What was wrong with the commits met since the last call.
    pub(crate) fn take_faults(&mut self) -> Vec<Fault> {
        std::mem::take(&mut self.faults)
    }

    /// The reader, once the walk is over.
    pub(crate) fn into_objects(self) -> Objects {
        self.objects
    }

    fn push(&mut self, id: Id, child: Option<Id>) {
        if self.seen.insert(id)
            && let Some(node) = self.load(id, child)
        {
            self.counter += 1;
            self.queue.push(Queued::new(Box::new(node), self.counter, ()));
        }
    }

    fn load(&mut self, id: Id, child: Option<Id>) -> Option<Node> {
        let read =
            self.objects.read(&id, Kind::Commit).and_then(|object| Ok((Commit::parse(&object.data)?, object.forged)));
        let (what, node) = match read {
            Ok((commit, forged)) => {
                let node = Node { id, commit, forged, shallow: self.shallow.contains(&id) };
                (forged.map(Wrong::Forged), Some(node))
            }
            Err(damage) => (Some(Wrong::Damaged(damage)), None),
        };
        if let Some(what) = what {
            // A forged commit is itself where it was met; a missing one was met in its child.
            let commit = node.as_ref().map(|node| node.id).or(child);
            self.faults.push(Fault { id, kind: Kind::Commit, what, path: Vec::new(), commit });
        }
        node
    }

    /// Marks what the hidden tips reach as seen, as far as it can meet what the tips reach.
    ///
    /// Both sides are walked together, newest first, until only hidden commits are left and these
    /// are older than anything to be shown. A commit whose clock is wrong by more than the slack
    /// may be shown again; none is ever left out.
    fn hide(&mut self, tips: &[Id], hidden: &[Id]) {
        let mut marks: HashMap<Id, bool> = HashMap::new();
        let mut queue = BinaryHeap::new();
        let mut shown = 0_usize;
        let mut oldest = i64::MAX;
        let sides = hidden.iter().map(|id| (*id, true)).chain(tips.iter().map(|id| (*id, false)));
        let mut next: Vec<(Id, bool)> = sides.collect();
        loop {
            for (id, hidden) in next.drain(..) {
                let known = marks.get(&id).copied();
                if known == Some(true) || known == Some(hidden) {
                    continue;
                }
                let Some(node) = self.peek(id) else { continue };
                marks.insert(id, hidden);
                shown += usize::from(!hidden);
                self.counter += 1;
                queue.push(Queued::new(Box::new(node), self.counter, hidden));
            }
            let Some((node, hidden)) = queue.pop().map(Queued::into_parts) else {
                break;
            };
            // It may have been hidden since it was queued.
            let now_hidden = marks[&node.id];
            shown -= usize::from(!hidden);
            let date = node.commit.committer.seconds;
            if !now_hidden {
                oldest = oldest.min(date);
            }
            if shown == 0 && date < oldest.saturating_sub(CLOCK_SLACK_SECONDS) {
                break;
            }
            if hidden == now_hidden && !node.shallow {
                next.extend(node.commit.parents.iter().map(|parent| (*parent, now_hidden)));
            }
        }
        self.seen.extend(marks.into_iter().filter(|(_, hidden)| *hidden).map(|(id, _)| id));
    }

    /// Reads a commit without taking note of faults: whoever shows it will.
    fn peek(&mut self, id: Id) -> Option<Node> {
        let object = self.objects.read(&id, Kind::Commit).ok()?;
        let commit = Commit::parse(&object.data).ok()?;
        Some(Node { id, commit, forged: object.forged, shallow: self.shallow.contains(&id) })
    }
}

impl Iterator for Walk<'_> {
    type Item = Box<Node>;

    fn next(&mut self) -> Option<Box<Node>> {
        let node = self.queue.pop()?.node;
        let too_old = self.since.is_some_and(|since| is_long_before(&node, since));
        if !node.shallow && !too_old {
            for parent in &node.commit.parents {
                self.push(*parent, Some(node.id));
            }
        }
        Some(node)
    }
}

impl<T> Ord for Queued<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        let date = |queued: &Self| queued.node.commit.committer.seconds;
        date(self).cmp(&date(other)).then_with(|| other.order.cmp(&self.order))
    }
}

impl<T> PartialOrd for Queued<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Queued<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T> Eq for Queued<T> {}
