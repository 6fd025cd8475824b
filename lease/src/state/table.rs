//! A sorted table in shards, cheap to clone: clones share what neither of them has changed since.

use std::collections::BTreeMap;
use std::sync::Arc;

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::id::{ClientGuid, FileKey, SessionId};

/// A key that is spread over shards by a hash which is the same on every node and in every version: iteration goes by shard.
pub(crate) trait ShardKey: Ord + Clone {
    /// The hash.
    fn spread(&self) -> u64;
}

impl ShardKey for FileKey {
    fn spread(&self) -> u64 {
        let mut bytes = [0; 24];
        bytes[..8].copy_from_slice(&self.volume.get().to_be_bytes());
        bytes[8..].copy_from_slice(&self.file.to_bytes());
        let file = xxh3_64(&bytes);
        self.stream.as_ref().map_or(file, |stream| xxh3_64_with_seed(stream.as_bytes(), file))
    }
}

impl ShardKey for ClientGuid {
    fn spread(&self) -> u64 {
        xxh3_64(&self.to_bytes())
    }
}

impl ShardKey for SessionId {
    fn spread(&self) -> u64 {
        xxh3_64(&self.get().to_be_bytes())
    }
}

/// One pointer a shard and one a value are what a clone copies.
type Shard<K, V> = Arc<BTreeMap<K, Arc<V>>>;

/// The table. A clone copies one pointer a shard; the first change to a shard after that copies its keys and one pointer a value.
#[derive(Debug, Clone)]
pub(crate) struct Table<K, V> {
    shards: Box<[Shard<K, V>]>,
    len: usize,
}

impl<K: ShardKey, V: Clone> Table<K, V> {
    /// An empty table.
    pub(crate) fn new(shards: usize) -> Table<K, V> {
        let empty = Arc::new(BTreeMap::new());
        Table { shards: vec![empty; shards].into_boxed_slice(), len: 0 }
    }

    fn shard(&self, key: &K) -> usize {
        let shards = self.shards.len() as u64;
        usize::try_from(key.spread() % shards).expect("a remainder of the number of shards is an index")
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.shards[self.shard(key)].get(key).map(Arc::as_ref)
    }

    /// The value of a key, to be changed; copied first if a clone of the table still has it.
    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let shard = self.shard(key);
        Arc::make_mut(&mut self.shards[shard]).get_mut(key).map(Arc::make_mut)
    }

    /// The value of a key, made if there is none.
    pub(crate) fn entry(&mut self, key: &K, make: impl FnOnce() -> V) -> &mut V {
        let shard = self.shard(key);
        let len = &mut self.len;
        let value = Arc::make_mut(&mut self.shards[shard]).entry(key.clone()).or_insert_with(|| {
            *len += 1;
            Arc::new(make())
        });
        Arc::make_mut(value)
    }

    /// Sets the value of a key.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        let shard = self.shard(&key);
        if Arc::make_mut(&mut self.shards[shard]).insert(key, Arc::new(value)).is_none() {
            self.len += 1;
        }
    }

    /// Takes a key out.
    pub(crate) fn remove(&mut self, key: &K) {
        let shard = self.shard(key);
        if Arc::make_mut(&mut self.shards[shard]).remove(key).is_some() {
            self.len -= 1;
        }
    }

    /// All entries, shard by shard, in order within each.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.shards.iter().flat_map(|shard| shard.iter().map(|(key, value)| (key, value.as_ref())))
    }
}
