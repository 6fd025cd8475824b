//! The lists that the tables are made of, against the plainest that does the same.

use crate::state::{List, Placed, Shards};

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
