//! What was inflated, kept for a while: by name for us, by place in a pack for the delta decoder.
//!
//! All threads share one cache. Neighbouring commits touch the same files, so what one thread
//! inflates the other asks for next; and how much memory it takes does not depend on their number.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::id::Id;
use super::objects::Kind;

/// One thread's access to the shared cache.
pub(super) struct Cache {
    shared: Arc<Shared>,
    /// What the decoder put last: its place is known, its name not yet.
    fresh: Option<(Place, Arc<[u8]>)>,
}

/// Inflated objects, up to a number of bytes.
pub(super) struct Shared(Mutex<Table>);

impl Shared {
    pub(super) fn new(limit: usize) -> Self {
        let table = Table {
            by_id: HashMap::new(),
            by_place: HashMap::new(),
            slots: Vec::new(),
            free: Vec::new(),
            hand: 0,
            used: 0,
            limit,
        };
        Self(Mutex::new(table))
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // Nothing that could panic leaves the table half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cache {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, fresh: None }
    }

    pub(super) fn get(&self, id: &Id) -> Option<Cached> {
        self.shared.table().get(id)
    }

    /// Names what the decoder has just put, or keeps an object that came from no delta.
    pub(super) fn name(&mut self, id: Id, object: Cached) {
        let place = self.fresh.take().map(|(place, _)| place);
        self.shared.table().insert(id, place, object);
    }

    /// What the decoder put since the last [`Cache::forget_fresh`].
    pub(super) fn fresh(&self) -> Option<Arc<[u8]>> {
        self.fresh.as_ref().map(|(_, data)| data.clone())
    }

    /// Forgets what the decoder put, so that it is not taken for another object.
    pub(super) fn forget_fresh(&mut self) {
        self.fresh = None;
    }
}

impl gix::odb::pack::cache::DecodeEntry for Cache {
    fn put(&mut self, pack_id: u32, offset: u64, data: &[u8], _: gix::objs::Kind, _: usize) {
        self.fresh = Some(((pack_id, offset), data.into()));
    }

    fn get(&mut self, pack_id: u32, offset: u64, out: &mut Vec<u8>) -> Option<(gix::objs::Kind, usize)> {
        let (kind, data) = self.shared.table().at(pack_id, offset)?;
        out.clear();
        out.extend_from_slice(&data);
        // Nobody asks how many bytes it took in the pack.
        Some((kind.into(), 0))
    }
}

/// Objects under their names and, if they came from deltas, under their places, where they serve as
/// the bases of others. Those not asked for lately go first.
struct Table {
    by_id: HashMap<Id, usize>,
    by_place: HashMap<Place, usize>,
    slots: Vec<Slot>,
    free: Vec<usize>,
    hand: usize,
    used: usize,
    limit: usize,
}

/// A pack and an offset in it.
type Place = (u32, u64);

struct Slot {
    id: Id,
    place: Option<Place>,
    asked: bool,
    object: Option<Cached>,
}

/// A cached object.
#[derive(Clone)]
pub(super) struct Cached {
    pub(super) kind: Kind,
    pub(super) data: Arc<[u8]>,
    /// Its true name, where that is not the name it was found under.
    pub(super) forged: Option<Id>,
}

impl Table {
    fn get(&mut self, id: &Id) -> Option<Cached> {
        let slot = &mut self.slots[*self.by_id.get(id)?];
        slot.asked = true;
        slot.object.clone()
    }

    fn at(&mut self, pack: u32, offset: u64) -> Option<(Kind, Arc<[u8]>)> {
        let slot = &mut self.slots[*self.by_place.get(&(pack, offset))?];
        slot.asked = true;
        slot.object.as_ref().map(|object| (object.kind, object.data.clone()))
    }

    fn insert(&mut self, id: Id, place: Option<Place>, object: Cached) {
        let size = object.data.len();
        // Another thread may have been quicker.
        if size > self.limit / 4 || self.by_id.contains_key(&id) {
            return;
        }
        while self.used + size > self.limit {
            self.evict();
        }
        self.used += size;
        let place = place.filter(|place| !self.by_place.contains_key(place));
        let slot = Slot { id, place, asked: false, object: Some(object) };
        let index = if let Some(index) = self.free.pop() {
            self.slots[index] = slot;
            index
        } else {
            self.slots.push(slot);
            self.slots.len() - 1
        };
        self.by_id.insert(id, index);
        if let Some(place) = place {
            self.by_place.insert(place, index);
        }
    }

    /// Drops one object: the first under the hand that nobody asked for since the hand last passed.
    fn evict(&mut self) {
        loop {
            self.hand = if self.hand + 1 >= self.slots.len() { 0 } else { self.hand + 1 };
            let slot = &mut self.slots[self.hand];
            if std::mem::take(&mut slot.asked) {
                continue;
            }
            let Some(object) = slot.object.take() else { continue };
            self.used -= object.data.len();
            self.by_id.remove(&slot.id);
            if let Some(place) = slot.place.take() {
                self.by_place.remove(&place);
            }
            self.free.push(self.hand);
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(size: usize) -> Cached {
        Cached { kind: Kind::Blob, data: vec![0; size].into(), forged: None }
    }

    fn id(number: u8) -> Id {
        Id::from_bytes(&[number; 20]).expect("twenty bytes make a name")
    }

    #[test]
    fn what_is_asked_for_outlives_what_is_not() {
        let mut cache = Cache::new(Arc::new(Shared::new(100)));
        for number in 1..=4 {
            cache.name(id(number), object(25));
        }
        assert!(cache.get(&id(2)).is_some());
        for number in 5..=6 {
            cache.name(id(number), object(25));
        }
        assert!(cache.get(&id(2)).is_some());
        let kept = (1..=6).filter(|number| cache.get(&id(*number)).is_some()).count();
        assert_eq!(kept, 4, "memory is bounded");
        cache.name(id(7), object(26));
        assert!(cache.get(&id(7)).is_none(), "one object does not push out all others");
    }
}
