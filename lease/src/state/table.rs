//! Things by their keys, cheap to clone.

use std::cmp::Ordering;
use std::sync::Arc;

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::id::{ClientGuid, FileKey, SessionId};
use crate::state::hold::LeaseId;
use crate::state::shards::{Filled, Placed, Shards};

/// A key that is placed by a hash which is the same on every node and in every version.
pub(crate) trait Spread {
    /// The hash.
    fn spread(&self) -> u64;
}

impl Spread for FileKey {
    fn spread(&self) -> u64 {
        let mut bytes = [0; 24];
        bytes[..8].copy_from_slice(&self.volume.get().to_be_bytes());
        bytes[8..].copy_from_slice(&self.file.to_bytes());
        let file = xxh3_64(&bytes);
        self.stream.as_ref().map_or(file, |stream| xxh3_64_with_seed(stream.as_bytes(), file))
    }
}

impl Spread for LeaseId {
    fn spread(&self) -> u64 {
        let mut bytes = [0; 32];
        bytes[..16].copy_from_slice(&self.client.to_bytes());
        bytes[16..].copy_from_slice(&self.key.to_bytes());
        xxh3_64(&bytes)
    }
}

impl Spread for ClientGuid {
    fn spread(&self) -> u64 {
        xxh3_64(&self.to_bytes())
    }
}

impl Spread for SessionId {
    fn spread(&self) -> u64 {
        xxh3_64(&self.get().to_be_bytes())
    }
}

/// Something that knows its own key.
pub(crate) trait Keyed {
    type Key: Ord + Spread;

    fn key(&self) -> &Self::Key;
}

/// A value and the hash of its key.
#[derive(Debug)]
pub(crate) struct Slot<V> {
    hash: u64,
    value: Arc<V>,
}

impl<V> Slot<V> {
    /// A value whose key has this hash.
    pub(crate) fn new(hash: u64, value: Arc<V>) -> Slot<V> {
        Slot { hash, value }
    }
}

impl<V> Clone for Slot<V> {
    fn clone(&self) -> Slot<V> {
        Slot { hash: self.hash, value: Arc::clone(&self.value) }
    }
}

impl<V> Placed for Slot<V> {
    fn hash(&self) -> u64 {
        self.hash
    }
}

/// The table. A clone shares all that neither has changed since. It is iterated in the order of the hashes, and of the keys where two
/// have the same hash: the order depends on nothing but what is in it.
#[derive(Debug, Clone)]
pub(crate) struct Table<V> {
    shards: Shards<Slot<V>>,
    len: usize,
}

impl<V: Keyed + Clone> Table<V> {
    /// An empty table, in so many groups of shards: a power of two.
    pub(crate) fn new(groups: usize) -> Table<V> {
        Table { shards: Shards::new(groups), len: 0 }
    }

    /// A table of groups that were filled at once, each sorted by hash and then by key.
    pub(crate) fn filled(groups: Vec<Filled<Slot<V>>>) -> Table<V> {
        let len = groups.iter().map(Filled::len).sum();
        Table { shards: Shards::filled(groups), len }
    }

    /// The hash of a key, and where in its shard the key is or would be.
    fn find(&self, key: &V::Key) -> (u64, Result<usize, usize>) {
        let hash = key.spread();
        let shard = self.shards.shard(hash);
        let mut at = self.shards.position(hash);
        while let Some(slot) = shard.get(at).filter(|slot| slot.hash == hash) {
            match slot.value.key().cmp(key) {
                Ordering::Less => at += 1,
                Ordering::Equal => return (hash, Ok(at)),
                Ordering::Greater => break,
            }
        }
        (hash, Err(at))
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: &V::Key) -> Option<&V> {
        let (hash, place) = self.find(key);
        place.ok().map(|at| self.shards.shard(hash)[at].value.as_ref())
    }

    /// The values whose keys have this hash: one, but for chance.
    pub(crate) fn with_hash(&self, hash: u64) -> impl Iterator<Item = &V> {
        self.shards.with_hash(hash).map(|slot| slot.value.as_ref())
    }

    /// The value of a key, to be changed; copied first if a clone of the table still has it.
    pub(crate) fn get_mut(&mut self, key: &V::Key) -> Option<&mut V> {
        let (hash, place) = self.find(key);
        let at = place.ok()?;
        Some(Arc::make_mut(&mut self.shards.shard_mut(hash)[at].value))
    }

    /// The value of a key, to be changed; made if there is none.
    pub(crate) fn entry(&mut self, key: &V::Key, make: impl FnOnce() -> V) -> &mut V {
        let (hash, place) = self.find(key);
        let shard = self.shards.shard_mut(hash);
        let (Ok(at) | Err(at)) = place;
        if place.is_err() {
            shard.insert(at, Slot { hash, value: Arc::new(make()) });
            self.len += 1;
        }
        Arc::make_mut(&mut shard[at].value)
    }

    /// Sets the value of its key.
    pub(crate) fn insert(&mut self, value: V) {
        let (hash, place) = self.find(value.key());
        let slot = Slot { hash, value: Arc::new(value) };
        let shard = self.shards.shard_mut(hash);
        match place {
            Ok(at) => shard[at] = slot,
            Err(at) => {
                shard.insert(at, slot);
                self.len += 1;
            }
        }
    }

    /// Takes a key out.
    pub(crate) fn remove(&mut self, key: &V::Key) {
        let (hash, place) = self.find(key);
        if let Ok(at) = place {
            self.shards.shard_mut(hash).remove(at);
            self.len -= 1;
        }
    }

    /// How many groups the entries are in.
    pub(crate) fn groups(&self) -> usize {
        self.shards.groups()
    }

    /// The entries of one group.
    pub(crate) fn group(&self, number: usize) -> impl Iterator<Item = &V> {
        self.shards.group(number).map(|slot| slot.value.as_ref())
    }

    /// All entries.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &V> {
        self.shards.iter().map(|slot| slot.value.as_ref())
    }
}
