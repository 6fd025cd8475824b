//! Many small sorted lists instead of a large one, cheap to clone: clones share what neither of them has changed since.

use std::sync::Arc;

use smallvec::SmallVec;

/// Something that is placed by a hash.
pub(crate) trait Placed {
    /// The hash.
    fn hash(&self) -> u64;
}

/// Shards in a group.
const GROUP: usize = 128;
const GROUP_BITS: u32 = GROUP.trailing_zeros();

/// Entries that a shard keeps in one piece with its length, so that a look-up among a million waits for memory once and not twice. A million
/// entries make fifteen a shard of 65,536, and one shard in a hundred more than this.
const IN_PLACE: usize = 24;

type Entries<E> = SmallVec<[E; IN_PLACE]>;
type Shard<E> = Arc<Entries<E>>;
type Group<E> = Arc<[Shard<E>; GROUP]>;

/// Entries by hash: the highest bits of a hash are the number of its group, the next that of its shard in the group, and a shard is
/// sorted by the rest. A clone copies one pointer a group. The first change after that copies the pointers of one group and the entries
/// of one shard.
#[derive(Debug, Clone)]
pub(crate) struct Shards<E> {
    groups: Box<[Group<E>]>,
    bits: u32,
    /// What every group is at first: to be passed over without a look.
    empty: Group<E>,
}

impl<E: Placed + Clone + PartialEq> PartialEq for Shards<E> {
    fn eq(&self, other: &Shards<E>) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<E: Placed + Clone> Shards<E> {
    /// None, in so many groups of shards: a power of two.
    pub(crate) fn new(groups: usize) -> Shards<E> {
        debug_assert!(groups.is_power_of_two(), "groups are told apart by bits");
        let empty = Shard::<E>::default();
        let empty = Arc::new(std::array::from_fn(|_| Arc::clone(&empty)));
        Shards { groups: vec![Arc::clone(&empty); groups].into_boxed_slice(), bits: groups.trailing_zeros(), empty }
    }

    fn place(&self, hash: u64) -> (usize, usize) {
        let number = hash >> (64 - self.bits - GROUP_BITS);
        let number = usize::try_from(number).expect("the number of a shard has few bits");
        (number / GROUP, number % GROUP)
    }

    /// The shard that entries with this hash are in.
    pub(crate) fn shard(&self, hash: u64) -> &[E] {
        let (group, shard) = self.place(hash);
        self.groups[group][shard].as_slice()
    }

    /// The same, to be changed; copied first if a clone still has it.
    pub(crate) fn shard_mut(&mut self, hash: u64) -> &mut Entries<E> {
        let (group, shard) = self.place(hash);
        Arc::make_mut(&mut Arc::make_mut(&mut self.groups[group])[shard])
    }

    /// Where in its shard the first entry is whose hash is not below this one. Hashes are spread evenly, so a guess is nearly right; it
    /// is put right by steps that grow, so that a bad guess costs no more than a search.
    pub(crate) fn position(&self, hash: u64) -> usize {
        let shard = self.shard(hash);
        let rest = hash << (self.bits + GROUP_BITS);
        let guess = (u128::from(rest) * shard.len() as u128) >> 64;
        let guess = usize::try_from(guess).expect("a part of a length is a length");
        let mut step = 4;
        if shard.get(guess).is_some_and(|entry| entry.hash() < hash) {
            let mut low = guess + 1;
            loop {
                let high = shard.len().min(low + step);
                if high == shard.len() || shard[high - 1].hash() >= hash {
                    return low + shard[low..high].partition_point(|entry| entry.hash() < hash);
                }
                (low, step) = (high, step * 2);
            }
        }
        let mut high = guess;
        loop {
            let low = high.saturating_sub(step);
            if low == 0 || shard[low].hash() < hash {
                return low + shard[low..high].partition_point(|entry| entry.hash() < hash);
            }
            (high, step) = (low, step * 2);
        }
    }

    /// The entries with this hash.
    pub(crate) fn with_hash(&self, hash: u64) -> impl Iterator<Item = &E> {
        let shard = self.shard(hash);
        shard[self.position(hash)..].iter().take_while(move |entry| entry.hash() == hash)
    }

    /// How many groups there are.
    pub(crate) fn groups(&self) -> usize {
        self.groups.len()
    }

    /// The entries of one group, in the order of their hashes.
    pub(crate) fn group(&self, number: usize) -> impl Iterator<Item = &E> {
        let group = self.groups.get(number).filter(|group| !Arc::ptr_eq(group, &self.empty));
        group.into_iter().flat_map(|group| group.iter().flat_map(|shard| shard.iter()))
    }

    /// All entries, in the order of their hashes.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &E> {
        let groups = self.groups.iter().filter(|group| !Arc::ptr_eq(group, &self.empty));
        groups.flat_map(|group| group.iter().flat_map(|shard| shard.iter()))
    }
}

/// The number of the group, of so many, that entries with this hash go to.
pub(crate) fn group_of(groups: usize, hash: u64) -> usize {
    let number = hash.checked_shr(64 - groups.trailing_zeros()).unwrap_or(0);
    usize::try_from(number).expect("the number of a group has few bits")
}

/// One group of shards that was filled at once.
#[derive(Debug)]
pub(crate) struct Filled<E> {
    /// None if there is nothing in it.
    group: Option<Group<E>>,
    len: usize,
}

impl<E: Placed> Filled<E> {
    /// One of so many groups, with all its entries, sorted by hash.
    pub(crate) fn new(groups: usize, entries: Vec<E>) -> Filled<E> {
        debug_assert!(entries.is_sorted_by_key(Placed::hash), "entries are found by the order of their hashes");
        let len = entries.len();
        if len == 0 {
            return Filled { group: None, len };
        }
        let mut entries = entries.into_iter();
        let group = std::array::from_fn(|shard| {
            let in_shard = |entry: &&E| group_of(groups * GROUP, entry.hash()) % GROUP == shard;
            let count = entries.as_slice().iter().take_while(in_shard).count();
            Arc::new(entries.by_ref().take(count).collect())
        });
        debug_assert_eq!(entries.len(), 0, "all entries are of this group");
        Filled { group: Some(Arc::new(group)), len }
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }
}

impl<E: Placed + Clone> Shards<E> {
    /// All groups, in their order.
    pub(crate) fn filled(groups: Vec<Filled<E>>) -> Shards<E> {
        let mut shards = Shards::new(groups.len());
        for (place, filled) in shards.groups.iter_mut().zip(groups) {
            if let Some(group) = filled.group {
                *place = group;
            }
        }
        shards
    }
}
