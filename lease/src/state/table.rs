//! A table in shards, cheap to clone: clones share what neither of them has changed since.

use std::sync::Arc;

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::id::{ClientGuid, FileKey, SessionId};
use crate::state::hold::LeaseId;

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

/// Which of a power of two of shards a hash belongs to: its highest bits, so that a shard is sorted by the others.
pub(crate) fn shard_of(hash: u64, shards: usize) -> usize {
    let bits = shards.trailing_zeros();
    if bits == 0 { 0 } else { usize::try_from(hash >> (64 - bits)).expect("a shard's number has few bits") }
}

/// Something that knows its own key.
pub(crate) trait Keyed {
    type Key: Ord + Spread;

    fn key(&self) -> &Self::Key;
}

#[derive(Debug)]
struct Slot<V> {
    hash: u64,
    value: Arc<V>,
}

impl<V> Clone for Slot<V> {
    fn clone(&self) -> Slot<V> {
        Slot { hash: self.hash, value: Arc::clone(&self.value) }
    }
}

/// One pointer a shard and one a value are what a clone copies. A shard is sorted by hash, and by key where two keys have the same.
type Shard<V> = Arc<Vec<Slot<V>>>;

/// The table. A clone copies one pointer a shard; the first change to a shard after that copies its hashes and one pointer a value. It
/// is iterated in the order of the hashes, which is the same wherever the same keys are in it.
#[derive(Debug, Clone)]
pub(crate) struct Table<V> {
    shards: Box<[Shard<V>]>,
    len: usize,
}

impl<V: Keyed + Clone> Table<V> {
    /// An empty table with a power of two of shards.
    pub(crate) fn new(shards: usize) -> Table<V> {
        debug_assert!(shards.is_power_of_two(), "shards are told apart by bits");
        Table { shards: vec![Shard::<V>::default(); shards].into_boxed_slice(), len: 0 }
    }

    /// The shard of a key, and where in it the key is or would be.
    fn find(&self, key: &V::Key) -> (usize, u64, Result<usize, usize>) {
        let hash = key.spread();
        let shard = shard_of(hash, self.shards.len());
        let place = self.shards[shard].binary_search_by(|slot| slot.hash.cmp(&hash).then_with(|| slot.value.key().cmp(key)));
        (shard, hash, place)
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: &V::Key) -> Option<&V> {
        let (shard, _, place) = self.find(key);
        place.ok().map(|at| self.shards[shard][at].value.as_ref())
    }

    /// The values whose keys have this hash: one, but for chance.
    pub(crate) fn with_hash(&self, hash: u64) -> impl Iterator<Item = &V> {
        let shard = &self.shards[shard_of(hash, self.shards.len())];
        let first = shard.partition_point(|slot| slot.hash < hash);
        shard[first..].iter().take_while(move |slot| slot.hash == hash).map(|slot| slot.value.as_ref())
    }

    /// The value of a key, to be changed; copied first if a clone of the table still has it.
    pub(crate) fn get_mut(&mut self, key: &V::Key) -> Option<&mut V> {
        let (shard, _, place) = self.find(key);
        let at = place.ok()?;
        Some(Arc::make_mut(&mut Arc::make_mut(&mut self.shards[shard])[at].value))
    }

    /// Sets the value of its key.
    pub(crate) fn insert(&mut self, value: V) {
        let (shard, hash, place) = self.find(value.key());
        let slot = Slot { hash, value: Arc::new(value) };
        let shard = Arc::make_mut(&mut self.shards[shard]);
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
        let (shard, _, place) = self.find(key);
        if let Ok(at) = place {
            Arc::make_mut(&mut self.shards[shard]).remove(at);
            self.len -= 1;
        }
    }

    /// All entries.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &V> {
        self.shards.iter().flat_map(|shard| shard.iter().map(|slot| slot.value.as_ref()))
    }
}
