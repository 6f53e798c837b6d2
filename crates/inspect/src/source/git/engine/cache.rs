//! What was inflated, kept for a while: by name for us, by place in a pack for the delta decoder.

use std::collections::HashMap;
use std::sync::Arc;

use super::id::Id;
use super::objects::Kind;

/// Inflated objects up to a number of bytes; those not asked for lately go first.
///
/// An object has one allocation, found under its name and, if packed, under its place, where it
/// serves as the base of deltas.
pub(super) struct Cache {
    by_id: HashMap<Id, usize>,
    by_place: HashMap<Place, usize>,
    slots: Vec<Slot>,
    free: Vec<usize>,
    hand: usize,
    used: usize,
    limit: usize,
    fresh: Option<usize>,
}

/// A pack and an offset in it.
type Place = (u32, u64);

struct Slot {
    id: Option<Id>,
    place: Option<Place>,
    packed_len: usize,
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

impl Cache {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            by_id: HashMap::new(),
            by_place: HashMap::new(),
            slots: Vec::new(),
            free: Vec::new(),
            hand: 0,
            used: 0,
            limit,
            fresh: None,
        }
    }

    pub(super) fn get(&mut self, id: &Id) -> Option<Cached> {
        let slot = &mut self.slots[*self.by_id.get(id)?];
        slot.asked = true;
        slot.object.clone()
    }

    /// Names the object that the decoder has just put, or puts it if it came from no pack.
    pub(super) fn name(&mut self, id: Id, object: Cached) {
        let slot = match self.fresh.take() {
            Some(slot) => slot,
            None => match self.insert(None, object.clone(), 0) {
                Some(slot) => slot,
                None => return,
            },
        };
        self.slots[slot].id = Some(id);
        self.slots[slot].object = Some(object);
        if let Some(older) = self.by_id.insert(id, slot) {
            self.slots[older].id = None;
        }
    }

    /// What the decoder put since the last [`Cache::name`].
    pub(super) fn fresh(&self) -> Option<Arc<[u8]>> {
        self.slots[self.fresh?].object.as_ref().map(|object| object.data.clone())
    }

    /// Forgets what the decoder put, so that it is not taken for another object.
    pub(super) fn forget_fresh(&mut self) {
        self.fresh = None;
    }

    fn insert(&mut self, place: Option<Place>, object: Cached, packed_len: usize) -> Option<usize> {
        let size = object.data.len();
        if size > self.limit / 4 {
            return None;
        }
        while self.used + size > self.limit {
            self.evict();
        }
        self.used += size;
        let slot = Slot { id: None, place, packed_len, asked: false, object: Some(object) };
        let index = if let Some(index) = self.free.pop() {
            self.slots[index] = slot;
            index
        } else {
            self.slots.push(slot);
            self.slots.len() - 1
        };
        if let Some(place) = place
            && let Some(older) = self.by_place.insert(place, index)
        {
            self.slots[older].place = None;
        }
        Some(index)
    }

    /// Drops one object: the first under the hand that nobody asked for since the hand last passed.
    fn evict(&mut self) {
        loop {
            self.hand = if self.hand + 1 >= self.slots.len() { 0 } else { self.hand + 1 };
            let slot = &mut self.slots[self.hand];
            if std::mem::take(&mut slot.asked) {
                continue;
            }
            let Some(object) = slot.object.take() else {
                continue;
            };
            self.used -= object.data.len();
            if let Some(id) = slot.id.take() {
                self.by_id.remove(&id);
            }
            if let Some(place) = slot.place.take() {
                self.by_place.remove(&place);
            }
            if self.fresh == Some(self.hand) {
                self.fresh = None;
            }
            self.free.push(self.hand);
            return;
        }
    }
}

impl gix::odb::pack::cache::DecodeEntry for Cache {
    fn put(&mut self, pack_id: u32, offset: u64, data: &[u8], kind: gix::objs::Kind, packed_len: usize) {
        let object = Cached { kind: kind.into(), data: data.into(), forged: None };
        self.fresh = self.insert(Some((pack_id, offset)), object, packed_len);
    }

    fn get(&mut self, pack_id: u32, offset: u64, out: &mut Vec<u8>) -> Option<(gix::objs::Kind, usize)> {
        let slot = &mut self.slots[*self.by_place.get(&(pack_id, offset))?];
        slot.asked = true;
        let object = slot.object.as_ref()?;
        out.clear();
        out.extend_from_slice(&object.data);
        Some((object.kind.into(), slot.packed_len))
    }
}
