//! Locks are found by size and place: as well as by looking at each.

use super::world::{World, open};
use crate::limits::{
    LOCK_SEQUENCE_BUCKETS, LOCKS_PER_FILE_MAX, LOCKS_PER_OPEN_MAX, PARKED_OPENS_PER_FILE_MAX, RANGES_PER_REQUEST_MAX,
};
use crate::range::{ByteRange, LockOwner, RangeLock};
use crate::state::{LockRecord, Locks, Replays};
use crate::{Command, Effect, Limit, Lock, NfsClient, NfsOwner, NfsOwnerId, OpenId, Outcome, Rejection, SessionId, Unlock};

/// Numbers that look like chance and are always the same.
fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *seed >> 16
}

/// A range of any size, more often near a power of two and near the ends.
fn range(seed: &mut u64) -> ByteRange {
    let size = next(seed) % 65;
    let length = if size == 64 { u64::MAX } else { (1_u64 << size).wrapping_add(next(seed) % 3).wrapping_sub(1) };
    let near = [0, 1 << 20, 1 << 40, u64::MAX - (1 << 20), u64::MAX];
    let offset = near[usize::try_from(next(seed) % 5).unwrap()].wrapping_add(next(seed) % 64).wrapping_sub(32);
    if ByteRange::new(offset, length).is_valid() { ByteRange::new(offset, length) } else { ByteRange::new(offset, 1) }
}

#[test]
fn what_overlaps_is_found_whatever_its_size() {
    let mut seed = 7;
    let (mut refused, mut forbidden) = (0, 0);
    for _ in 0..200 {
        let (mut locks, mut list) = (Locks::default(), Vec::<LockRecord>::new());
        for number in 1..40 {
            let owner = LockOwner::Open(OpenId::new(next(&mut seed) % 3));
            let lock = RangeLock { range: range(&mut seed), exclusive: next(&mut seed).is_multiple_of(3) };
            let meets = |other: &&LockRecord| {
                let end = |range: ByteRange| u128::from(range.offset) + u128::from(range.length);
                let (one, two) = (other.lock.range, lock.range);
                u128::from(one.offset) < end(two) && u128::from(two.offset) < end(one)
            };
            let mut met = list.iter().filter(meets).peekable();
            let conflict = met.clone().any(|other| lock.exclusive || other.lock.exclusive && other.owner != owner);
            assert_eq!(locks.refuse(owner, lock), conflict, "{lock} beside {list:?}");
            let locked = met.any(|other| if other.lock.exclusive { other.owner != owner } else { lock.exclusive });
            assert_eq!(locks.forbid(Some(owner), false, lock.range, lock.exclusive), locked && lock.range.length > 0);
            refused += u32::from(conflict);
            forbidden += u32::from(locked);
            if !conflict {
                let record = LockRecord { number, owner, lock };
                assert!(locks.add(record) && !locks.clone().add(record));
                list.push(record);
            }
            assert_eq!(locks.conflict(), None);
            if next(&mut seed).is_multiple_of(4) && !list.is_empty() {
                let gone = list.swap_remove(usize::try_from(next(&mut seed)).unwrap() % list.len());
                assert_eq!(locks.remove(gone.number), Some(gone));
            }
            assert_eq!(locks.len(), list.len());
        }
    }
    assert!(refused > 500 && forbidden > 500, "{refused} {forbidden}");
}

/// Locks that may not be there at once are found.
#[test]
fn conflicting_locks_are_found() {
    let lock = |number, open, exclusive| LockRecord {
        number,
        owner: LockOwner::Open(OpenId::new(open)),
        lock: RangeLock { range: ByteRange::new(5, 10), exclusive },
    };
    let pair = |one, other| {
        let mut locks = Locks::default();
        assert!(locks.add(one) && locks.add(other));
        locks.conflict().is_some()
    };
    assert!(pair(lock(1, 1, true), lock(2, 2, true)));
    assert!(pair(lock(1, 1, true), lock(2, 1, true)));
    assert!(pair(lock(1, 1, false), lock(2, 2, true)));
    assert!(!pair(lock(1, 1, true), lock(2, 1, false)));
    assert!(!pair(lock(1, 1, false), lock(2, 2, false)));
}

/// Two of the same owner of NFS, who replaces what it had, and a lock that is known by its number.
#[test]
fn an_owner_of_nfs_has_nothing_twice() {
    let owner = LockOwner::Nfs(NfsOwner { client: NfsClient::from_u128(1), owner: NfsOwnerId::from_u128(2) });
    let lock = |number| LockRecord { number, owner, lock: RangeLock { range: ByteRange::new(5, 10), exclusive: false } };
    let mut locks = Locks::default();
    assert!(locks.add(lock(3)));
    assert_eq!(locks.conflict(), None);
    assert!(locks.has(3) && !locks.has(4));
    assert!(locks.add(lock(4)));
    assert_eq!(locks.conflict(), Some((3, 4)));
}

/// Sequences of four bits or none, and at least one of them.
#[test]
fn replays_that_make_sense_are_read() {
    let with = |first| {
        let mut bytes = [0xFF; LOCK_SEQUENCE_BUCKETS];
        bytes[0] = first;
        Replays::from_bytes(&bytes).map(|replays| replays.bytes().to_vec() == bytes)
    };
    assert_eq!([with(0), with(0xF), with(0x10), with(0xFE), with(0xFF)], [Some(true), Some(true), None, None, None]);
    assert_eq!(Replays::from_bytes(&[0; LOCK_SEQUENCE_BUCKETS - 1]), None);
}

/// A file whose last lock is gone is as one that never had any.
#[test]
fn nothing_is_kept_of_locks_that_are_gone() {
    let mut world = World::new();
    let session = world.session(1, 1, 1);
    let open = opened(&mut world, session);
    let range = ByteRange::new(5, 10);
    let lock = |locks| Command::Lock(Lock { session, open, locks, wait: false, sequence: None, allocation: 20 });
    world.outcome(1, lock(vec![RangeLock { range, exclusive: true }])).unwrap();
    assert!(world.state.file(&super::world::file(1)).unwrap().locks().is_some());
    world.outcome(1, Command::Unlock(Unlock { session, open, ranges: vec![range], sequence: None })).unwrap();
    assert!(world.state.file(&super::world::file(1)).unwrap().locks().is_none());
}

/// So many wait for locks of a file and not one more; those that wait are not sent away while they wait on.
#[test]
fn so_many_wait_for_locks() {
    let mut world = World::new();
    let session = world.session(1, 1, 1);
    let [holder, waiter] = [(); 2].map(|()| opened(&mut world, session));
    let range = ByteRange::new(5, 10);
    let lock = |open| {
        let locks = vec![RangeLock { range, exclusive: true }];
        Command::Lock(Lock { session, open, locks, wait: true, sequence: None, allocation: 0 })
    };
    world.outcome(1, lock(holder)).unwrap();
    for _ in 0..PARKED_OPENS_PER_FILE_MAX {
        assert!(matches!(world.ask(1, lock(waiter))[..], [Effect::Parked { .. }]));
    }
    assert_eq!(world.outcome(1, lock(waiter)), Err(Rejection::LimitReached(Limit::ParkedOpensPerFile)));
    assert_eq!(world.state.parked(&super::world::file(1)).count(), PARKED_OPENS_PER_FILE_MAX);
    let effects = world.ask(1, Command::Unlock(Unlock { session, open: holder, ranges: vec![range], sequence: None }));
    assert!(matches!(
        effects[..],
        [Effect::Reply { outcome: Ok(Outcome::Locked), .. }, Effect::Reply { outcome: Ok(Outcome::Unlocked), .. }]
    ));
    assert_eq!(world.state.parked(&super::world::file(1)).count(), PARKED_OPENS_PER_FILE_MAX - 1);
}

/// So many locks at most, of an open and on a file; and what one is refused of, others have.
#[test]
fn locks_have_limits() {
    let mut world = World::new();
    let session = world.session(1, 1, 1);
    let opens = LOCKS_PER_FILE_MAX / LOCKS_PER_OPEN_MAX + 1;
    let opens: Vec<OpenId> = (0..opens).map(|_| opened(&mut world, session)).collect();
    let lock = |open: OpenId, number: usize| RangeLock {
        range: ByteRange::new((open.get() << 32) + number as u64 * 2, 1),
        exclusive: number.is_multiple_of(2),
    };
    let ask = |world: &mut World, open: OpenId, numbers: std::ops::Range<usize>| {
        let locks = numbers.map(|number| lock(open, number)).collect();
        let lock = Lock { session, open, locks, wait: false, sequence: None, allocation: 0 };
        world.unchecked(1, Command::Lock(lock))
    };
    let (last, full) = opens.split_last().unwrap();
    for open in full {
        for first in (0..LOCKS_PER_OPEN_MAX).step_by(RANGES_PER_REQUEST_MAX) {
            assert_eq!(ask(&mut world, *open, first..first + RANGES_PER_REQUEST_MAX), Ok(Outcome::Locked));
        }
    }
    assert_eq!(world.state.counts().locks, LOCKS_PER_FILE_MAX);
    assert_eq!(ask(&mut world, *last, 0..1), Err(Rejection::LimitReached(Limit::LocksPerFile)));
    let unlock = |open, number| {
        let ranges = vec![lock(open, number).range];
        Command::Unlock(Unlock { session, open, ranges, sequence: None })
    };
    assert_eq!(world.unchecked(1, unlock(full[0], 5)), Ok(Outcome::Unlocked));
    let more = LOCKS_PER_OPEN_MAX;
    assert_eq!(ask(&mut world, full[1], more..more + 1), Err(Rejection::LimitReached(Limit::LocksPerOpen)));
    assert_eq!(ask(&mut world, *last, 0..1), Ok(Outcome::Locked));
    world.state.check().unwrap();
}

fn opened(world: &mut World, session: SessionId) -> OpenId {
    match world.outcome(1, Command::Open(open(session))) {
        Ok(Outcome::Opened { open, .. }) => open,
        other => panic!("{other:?}"),
    }
}
