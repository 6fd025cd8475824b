//! The lists that the tables are made of, against the plainest that does the same.

use std::sync::Arc;

use super::world::{World, file, leased};
use crate::state::{HoldId, Index, Keyed, LeaseId, List, Placed, Shards, Spread, Table};
use crate::{Caching, Command, FileKey, Open};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry(u64);

impl Placed for Entry {
    fn hash(&self) -> u64 {
        self.0
    }
}

/// Hashes that are evenly spread, all in one place, and at both ends.
fn hashes() -> Vec<u64> {
    let spread = (0..2000_u64).map(|number| number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let close = (0..200).map(|number| (1 << 60) + number * 3);
    let mut hashes: Vec<u64> = spread.chain(close).chain([0, 1, u64::MAX - 1, u64::MAX]).collect();
    hashes.sort_unstable();
    hashes.dedup();
    hashes
}

#[test]
fn a_guess_finds_what_a_search_finds() {
    let mut shards: Shards<Entry> = Shards::new(1);
    let hashes = hashes();
    // Not in their order.
    for hash in hashes.iter().step_by(2).chain(hashes.iter().skip(1).step_by(2)) {
        let at = shards.position(*hash);
        shards.shard_mut(*hash).insert(at, Entry(*hash));
    }
    assert!(shards.iter().map(|entry| entry.0).eq(hashes.iter().copied()));
    for hash in hashes.iter().flat_map(|hash| [hash.wrapping_sub(1), *hash, hash.wrapping_add(1)]) {
        assert_eq!(shards.position(hash), shards.shard(hash).partition_point(|entry| entry.0 < hash), "{hash:x}");
        assert_eq!(shards.with_hash(hash).count(), usize::from(hashes.binary_search(&hash).is_ok()), "{hash:x}");
    }
}

#[test]
fn a_clone_is_not_changed() {
    let mut shards: Shards<Entry> = Shards::new(2);
    shards.shard_mut(7).push(Entry(7));
    let clone = shards.clone();
    shards.shard_mut(7).clear();
    shards.shard_mut(u64::MAX).push(Entry(u64::MAX));
    assert_eq!(clone.iter().collect::<Vec<_>>(), [&Entry(7)]);
    assert_eq!(shards.iter().collect::<Vec<_>>(), [&Entry(u64::MAX)]);
    assert!(clone != shards);
}

/// The groups together are all there is, each in its order.
#[test]
fn groups_are_parts_of_the_whole() {
    let mut shards: Shards<Entry> = Shards::new(4);
    for hash in hashes() {
        let at = shards.position(hash);
        shards.shard_mut(hash).insert(at, Entry(hash));
    }
    assert_eq!(shards.groups(), 4);
    let groups: Vec<Vec<&Entry>> = (0..4).map(|group| shards.group(group).collect()).collect();
    assert!(groups.iter().all(|group| group.len() > 100));
    assert!(groups.concat().into_iter().eq(shards.iter()));
    assert_eq!(shards.group(4).count(), 0);
}

/// A key whose hash others have too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Alike(u64);

impl Spread for Alike {
    fn spread(&self) -> u64 {
        self.0 / 10
    }
}

impl Keyed for Alike {
    type Key = Alike;

    fn key(&self) -> &Alike {
        self
    }
}

/// Keys that share a hash are told apart, in whatever order they came.
#[test]
fn keys_with_one_hash_are_told_apart() {
    for order in [[1, 2, 3, 11], [11, 3, 2, 1], [2, 11, 3, 1], [3, 1, 11, 2]] {
        let mut table: Table<Alike> = Table::new(2);
        for number in order {
            table.insert(Alike(number));
        }
        assert_eq!(table.iter().map(|entry| entry.0).collect::<Vec<_>>(), [1, 2, 3, 11]);
        assert!([1, 2, 3, 11].iter().all(|number| table.get(&Alike(*number)) == Some(&Alike(*number))));
        assert_eq!((table.get(&Alike(4)), table.get(&Alike(0)), table.len(), table.groups()), (None, None, 4, 2));
        assert_eq!((table.group(0).count(), table.group(1).count()), (4, 0));
        table.remove(&Alike(2));
        assert_eq!(table.iter().map(|entry| entry.0).collect::<Vec<_>>(), [1, 3, 11]);
    }
}

/// A lease that two files say they have, as one by chance may have the hash of another, is found on both and taken from the right one.
#[test]
fn leases_with_one_hash_are_told_apart() {
    let mut world = World::new();
    let session = world.session(1, 1, 1);
    world.ask(1, Command::Open(leased(session, 0xa, Caching::RWH)));
    let id = LeaseId { client: super::world::client(1), key: super::world::key(0xa) };
    let (_, hold) = world.state.hold(HoldId::Lease(id)).unwrap();
    let files: Vec<FileKey> = (1..=5).map(file).collect();
    let hashes = |index: &Index| {
        let mut hashes: Vec<u64> = index.leases.files(id).collect();
        hashes.sort_unstable();
        hashes
    };
    let expected = |files: &[FileKey]| {
        let mut hashes: Vec<u64> = files.iter().map(Spread::spread).collect();
        hashes.sort_unstable();
        hashes
    };
    let mut index = Index::default();
    for (known, key) in files.iter().enumerate() {
        index.add_hold(key, hold);
        assert_eq!((hashes(&index), index.leases.len()), (expected(&files[..=known]), known + 1));
    }
    for (gone, key) in files.iter().enumerate() {
        index.remove_hold(key, hold);
        assert_eq!((hashes(&index), index.leases.len()), (expected(&files[gone + 1..]), 4 - gone));
    }
}

/// What the invariants of all files are checked by, and what people look at.
#[test]
fn every_file_is_in_a_group_and_found_by_its_name() {
    let mut world = World::new();
    let session = world.session(1, 1, 1);
    for number in 1..=50 {
        let name = Arc::from(if number % 10 == 0 { "ten" } else { "other" });
        world.ask(1, Command::Open(Open { file: file(number), name, ..super::world::open(session) }));
    }
    let files = world.state.files();
    assert_eq!(files.groups(), crate::state::FILE_GROUPS);
    assert_eq!((0..files.groups()).map(|group| files.group(group).count()).sum::<usize>(), 50);
    let named: Vec<FileKey> = world.state.files_named("ten", 9).into_iter().map(|info| info.file).collect();
    assert_eq!(named, [10, 20, 30, 40, 50].map(file));
    assert_eq!(world.state.files_named("ten", 2).len(), 2);
    assert!(world.state.files_named("none", 9).is_empty());
    let info = world.state.file_info(&file(20)).unwrap();
    assert_eq!((info.file, info.name.as_ref(), info.opens.len()), (file(20), "ten", 1));
    assert!(world.state.file_info(&file(51)).is_none());
}

/// Every way to grow and shrink to three and back.
#[test]
fn a_list_is_a_vector() {
    for ways in 0..6_usize.pow(6) {
        let (mut list, mut plain, mut rest) = (List::default(), Vec::new(), ways);
        for step in 0..6 {
            let (way, at) = (rest % 2, rest / 2 % 3);
            rest /= 6;
            if way == 0 && plain.len() < 3 {
                let at = at.min(plain.len());
                list.insert(at, step);
                plain.insert(at, step);
            } else if at < plain.len() {
                assert_eq!(list.remove(at), plain.remove(at));
            }
            assert_eq!(list.as_slice(), plain);
            assert_eq!(list.as_mut_slice(), plain);
        }
    }
}
