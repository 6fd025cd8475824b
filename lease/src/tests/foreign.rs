//! Who is no client of SMB: the bytes of what is known of it, and limits that scripts would take too long to reach.

use std::sync::Arc;
use std::time::Duration;

use super::world::{World, file, leased, open};
use crate::limits::{LOCKS_PER_CLIENT_MAX, LOCKS_PER_FILE_MAX, NAME_BYTES_MAX, PARKED_OPENS_PER_FILE_MAX, PARKED_PER_CLIENT_MAX};
use crate::{
    ByteRange, Caching, Command, Delegation, FileKey, ForeignAccess, Limit, NfsClient, NfsLock, NfsOwner, NfsOwnerId, NfsUnlock,
    Open, Operation, Outcome, RangeLock, Rejection, VALUE_BYTES_MAX, VolumeId,
};

fn owner(client: u128, owner: u128) -> NfsOwner {
    NfsOwner { client: NfsClient::from_u128(client), owner: NfsOwnerId::from_u128(owner) }
}

fn lock(of: u128, offset: u64, length: u64) -> NfsLock {
    NfsLock {
        file: file(of),
        name: Arc::from("a"),
        owner: owner(0x33, 7),
        lock: RangeLock { range: ByteRange::new(offset, length), exclusive: true },
        wait: false,
        reclaim: false,
        allocation: 0,
    }
}

/// A delegation that is recalled and one that was revoked, locks of NFS that are held and that wait, accesses that wait on their own file and
/// on another, and a grace period.
fn story() -> World {
    let mut world = World::new();
    let (one, two) = (world.session(1, 0x11, 3), world.session(2, 0x22, 4));
    let delegated = |of, delegation| Open { file: file(of), delegation: Some(delegation), ..open(one) };
    world.ask(1, Command::Open(delegated(0x70, Delegation::Write)));
    world.ask(
        2,
        Command::ForeignAccess(ForeignAccess { file: file(0x70), parent: None, operation: Operation::Resize { allocation: None } }),
    );
    world.advance(Duration::from_secs(35));
    world.ask(1, Command::Open(delegated(0x71, Delegation::Read)));
    let stream = FileKey { stream: Some(Arc::from("s")), ..file(0x71) };
    world.ask(2, Command::Open(Open { file: stream.clone(), ..leased(two, 0xbb, Caching::RWH) }));
    let write = Operation::Write { range: Some(ByteRange::new(1, 2)) };
    for of in [file(0x71), stream] {
        let parent = Some(file(0x99).file);
        world.ask(2, Command::ForeignAccess(ForeignAccess { file: of, parent, operation: write.clone() }));
    }
    let rename = Operation::Rename { name: Arc::from("b"), parent: Some(file(0x98).file), replaces: Some(file(0x71).file) };
    world.ask(1, Command::ForeignAccess(ForeignAccess { file: file(0x72), parent: None, operation: rename }));
    let held = NfsLock { allocation: 4096, ..lock(0x73, 10, 5) };
    world.outcome(1, Command::NfsLock(held.clone())).unwrap();
    world.ask(2, Command::DeclareGrace { volume: VolumeId::new(1), duration: Duration::from_secs(90) });
    world.ask(2, Command::NfsLock(NfsLock { owner: owner(0x44, 8), wait: true, reclaim: true, ..held }));
    world
}

#[test]
fn records_are_these_bytes() {
    super::golden::has_these_bytes(&story().state, include_str!("golden-foreign.txt"));
}

/// A name and the name of a stream together fit into a record.
#[test]
fn an_access_with_long_names_fits_into_a_record() {
    let mut world = World::new();
    let session = world.session(1, 0x11, 3);
    let access = |stream: usize, name: usize| {
        let of = FileKey { stream: Some(Arc::from("s".repeat(stream))), ..file(1) };
        let name = Arc::from("n".repeat(name));
        let operation = Operation::Rename { name, parent: Some(file(2).file), replaces: Some(file(3).file) };
        Command::ForeignAccess(ForeignAccess { file: of, parent: Some(file(2).file), operation })
    };
    let stream = Arc::from("s".repeat(NAME_BYTES_MAX / 2));
    world.ask(1, Command::Open(Open { file: FileKey { stream: Some(stream), ..file(1) }, ..leased(session, 1, Caching::RWH) }));
    let half = NAME_BYTES_MAX / 2;
    assert_eq!(world.outcome(1, access(half, half + 1)), Err(Rejection::LimitReached(Limit::NameBytes)));
    world.ask(1, access(half, half));
    assert_eq!(world.state.counts().parked, 1);
    let view = world.state.view();
    assert!(view.groups().flat_map(|group| view.records(&group)).all(|record| record.value.len() <= VALUE_BYTES_MAX));
}

/// A lock that is cut in two is one more, for which there may be no room; what needs none is done all the same.
#[test]
fn a_file_has_so_many_locks_of_nfs() {
    let mut world = World::new();
    let most = LOCKS_PER_FILE_MAX as u64;
    let unlock = |offset| Command::NfsUnlock(NfsUnlock { file: file(1), owner: owner(0x33, 7), range: ByteRange::new(offset, 1) });
    world.unchecked(1, Command::NfsLock(lock(1, 0, 4 * most))).unwrap();
    for at in 1..most {
        assert_eq!(world.unchecked(1, unlock(2 * at)), Ok(Outcome::Unlocked));
    }
    assert_eq!(world.state.counts().locks, LOCKS_PER_FILE_MAX);
    let full = Err(Rejection::LimitReached(Limit::LocksPerFile));
    assert_eq!(world.unchecked(1, unlock(2 * most)), full);
    assert_eq!(world.unchecked(1, Command::NfsLock(lock(1, 8 * most, 1))), full);
    assert_eq!(world.unchecked(1, unlock(3)), Ok(Outcome::Unlocked), "one less");
    assert_eq!(world.unchecked(1, unlock(2 * most)), Ok(Outcome::Unlocked));
    assert_eq!(world.unchecked(1, unlock(2 * most)), Ok(Outcome::Unlocked), "nothing is there");
    world.state.check().unwrap();
}

#[test]
fn a_client_has_so_many_locks_of_nfs() {
    let mut world = World::new();
    let files = (LOCKS_PER_CLIENT_MAX / LOCKS_PER_FILE_MAX * 2) as u128;
    let each = LOCKS_PER_CLIENT_MAX as u64 / u64::try_from(files).unwrap();
    for of in 1..=files {
        for at in 0..each {
            world.unchecked(1, Command::NfsLock(lock(of, 2 * at, 1))).unwrap();
        }
    }
    let full = Err(Rejection::LimitReached(Limit::LocksPerClient));
    assert_eq!(world.unchecked(1, Command::NfsLock(lock(99, 0, 1))), full);
    assert!(world.state.file_info(&file(99)).is_none(), "a file is not known for a lock that is refused");
    assert_eq!(world.unchecked(1, Command::NfsLock(NfsLock { owner: owner(0x44, 7), ..lock(99, 0, 1) })), Ok(Outcome::Locked));
    let client = NfsClient::from_u128(0x33);
    assert_eq!(world.unchecked(1, Command::ReleaseNfsClient { client }), Ok(Outcome::NfsClientReleased));
    assert_eq!(world.state.counts().locks, 1);
    world.state.check().unwrap();
}

/// The line of a file has so many places, and a client of NFS waits so often, whatever it waits for.
#[test]
fn so_many_wait() {
    let mut world = World::new();
    let asked = |of: u128, who: u128| Command::NfsLock(NfsLock { owner: owner(who, 7), wait: true, ..lock(of, 0, 1) });
    let files = (PARKED_PER_CLIENT_MAX / PARKED_OPENS_PER_FILE_MAX) as u128;
    for of in 1..=files + 1 {
        world.unchecked(1, asked(of, 0x44)).unwrap();
        for _ in 0..PARKED_OPENS_PER_FILE_MAX {
            if of <= files {
                world.parks(1, asked(of, 0x33));
            }
        }
    }
    let full = |limit| Err(Rejection::LimitReached(limit));
    assert_eq!(world.unchecked(1, asked(files + 1, 0x33)), full(Limit::ParkedPerClient));
    assert_eq!(world.unchecked(1, asked(1, 0x55)), full(Limit::ParkedOpensPerFile));
    world.parks(1, asked(files + 1, 0x55));
    let client = NfsClient::from_u128(0x33);
    world.unchecked(1, Command::ReleaseNfsClient { client }).unwrap();
    assert_eq!(world.state.counts().parked, 1);
    world.state.check().unwrap();
}

/// What waits for the breaks of another file takes a place in its line.
#[test]
fn so_many_wait_behind_another_file() {
    let mut world = World::new();
    let session = world.session(1, 0x11, 3);
    world.ask(1, Command::Open(leased(session, 1, Caching::RWH)));
    let rename = |of| {
        let operation = Operation::Rename { name: Arc::from("a"), parent: None, replaces: Some(file(1).file) };
        Command::ForeignAccess(ForeignAccess { file: file(of), parent: None, operation })
    };
    for of in 0..PARKED_OPENS_PER_FILE_MAX {
        world.parks(1, rename(10 + of as u128));
    }
    assert_eq!(world.unchecked(1, rename(9)), Err(Rejection::LimitReached(Limit::ParkedOpensPerFile)));
    assert!(world.state.file_info(&file(9)).is_none());
    world.state.check().unwrap();
}

#[test]
fn a_lock_of_nfs_has_a_name_of_a_length() {
    let mut world = World::new();
    let named = |bytes: usize| Command::NfsLock(NfsLock { name: Arc::from("n".repeat(bytes)), ..lock(1, 0, 1) });
    assert_eq!(world.outcome(1, named(NAME_BYTES_MAX + 1)), Err(Rejection::LimitReached(Limit::NameBytes)));
    assert_eq!(world.outcome(1, named(NAME_BYTES_MAX)), Ok(Outcome::Locked));
}

/// What is asked of a delegation says what it is, until when it has to be returned, and for which recall.
#[test]
fn a_delegation_can_be_looked_at() {
    let mut world = World::new();
    let (one, two) = (world.session(1, 0x11, 3), world.session(2, 0x22, 4));
    let Ok(Outcome::Opened { open: id, delegation: Some(Delegation::Write), .. }) =
        world.outcome(1, Command::Open(Open { delegation: Some(Delegation::Write), ..open(one) }))
    else {
        panic!("nobody else has the file");
    };
    let seen = |world: &World| world.state.delegation(id).map(|info| (info.delegation, info.return_by, info.generation.get()));
    assert_eq!(seen(&world), Some((Some(Delegation::Write), None, 0)));
    assert_eq!(world.state.opens().map(|info| info.delegation).collect::<Vec<_>>(), [Some(Delegation::Write)]);
    world.ask(2, Command::Open(open(two)));
    let by = world.now.after(Duration::from_secs(35));
    assert_eq!(seen(&world), Some((Some(Delegation::Write), Some(by), 1)));
    world.ask(1, Command::ReturnDelegation { session: one, open: id });
    assert_eq!(seen(&world), Some((None, None, 1)));
}

/// A rename by who has no open moves the file for all who opened it where it lay.
#[test]
fn a_file_is_renamed_without_an_open() {
    let mut world = World::new();
    let session = world.session(1, 0x11, 3);
    let (old, new) = (Some(file(8).file), Some(file(9).file));
    for parent in [old, Some(file(7).file)] {
        world.ask(1, Command::Open(Open { parent, ..open(session) }));
    }
    let rename = Operation::Rename { name: Arc::from("new/name"), parent: new, replaces: None };
    let access = ForeignAccess { file: file(1), parent: old, operation: rename };
    assert_eq!(world.outcome(2, Command::ForeignAccess(access)), Ok(Outcome::Clear));
    assert_eq!(world.state.file_info(&file(1)).map(|info| info.name), Some(Arc::from("new/name")));
    let below = |of: u128| world.state.opens_below(&file(of), 9).map(|opens| opens.len());
    assert_eq!([below(7), below(8), below(9)], [Some(1), Some(0), Some(1)], "a link elsewhere stays where it is");
}
