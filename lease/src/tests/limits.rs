//! What one client can have, and that another can have it still. Too much for a look at the whole state after every step.

use std::sync::Arc;

use super::world::{World, file, key, leased, open};
use crate::limits::{
    LEASES_PER_CLIENT_MAX, LOCKS_PER_CLIENT_MAX, NAME_BYTES_MAX, OPENS_PER_CLIENT_MAX, PARKED_PER_CLIENT_MAX,
    RANGES_PER_REQUEST_MAX, USER_BYTES_MAX,
};
use crate::{
    ByteRange, Caching, Command, ConnectionId, Effect, Limit, Lock, Open, OpenId, Operation, Outcome, RangeLock, Rejection,
    SessionId,
};

fn opened(world: &mut World, server: u64, open: Open) -> (OpenId, Option<Caching>) {
    match world.unchecked(server, Command::Open(open)) {
        Ok(Outcome::Opened { open, lease, .. }) => (open, lease.map(|grant| grant.state)),
        other => panic!("{other:?}"),
    }
}

/// Each on a file of its own: a lease more than there can be is none, an open more is refused.
#[test]
fn so_many_opens_and_leases_are_one_clients() {
    let mut world = World::new();
    let (one, two) = (world.session(1, 1, 1), world.session(2, 2, 1));
    let number = |count: usize| count as u128 + 1;
    let with = |session, count| Open { file: file(number(count)), ..leased(session, number(count), Caching::RWH) };
    let first = opened(&mut world, 1, with(one, 0)).0;
    for count in 1..LEASES_PER_CLIENT_MAX {
        assert_eq!(opened(&mut world, 1, with(one, count)).1, Some(Caching::RWH));
    }
    assert_eq!(opened(&mut world, 1, with(one, LEASES_PER_CLIENT_MAX)).1, None, "it is open without one");
    let again = Open { file: file(1), ..leased(one, 1, Caching::RWH) };
    assert_eq!(opened(&mut world, 1, again).1, Some(Caching::RWH), "a lease that is there is one more's too");
    assert_eq!(opened(&mut world, 2, with(two, LEASES_PER_CLIENT_MAX + 1)).1, Some(Caching::RWH), "another client has its own");
    for count in LEASES_PER_CLIENT_MAX + 2..OPENS_PER_CLIENT_MAX {
        opened(&mut world, 1, Open { file: file(number(count)), ..open(one) });
    }
    let one_more = || Command::Open(Open { file: file(number(OPENS_PER_CLIENT_MAX)), ..open(one) });
    assert_eq!(world.unchecked(1, one_more()), Err(Rejection::LimitReached(Limit::OpensPerClient)));
    opened(&mut world, 2, Open { file: file(number(OPENS_PER_CLIENT_MAX)), ..open(two) });
    assert!(world.unchecked(1, Command::Close { session: one, open: first }).is_ok());
    assert!(world.unchecked(1, one_more()).is_ok(), "one that is closed makes room");
    world.state.check().unwrap();
}

#[test]
fn so_many_locks_are_one_clients() {
    let mut world = World::new();
    let (one, two) = (world.session(1, 1, 1), world.session(2, 2, 1));
    let lock = |session, open, first: usize, count: usize| {
        let lock = |number: usize| RangeLock { range: ByteRange::new(number as u64, 1), exclusive: false };
        let locks = (first..first + count).map(lock).collect();
        Command::Lock(Lock { session, open, locks, wait: false, sequence: None, allocation: 0 })
    };
    let requests = LOCKS_PER_CLIENT_MAX / RANGES_PER_REQUEST_MAX;
    let mut last = None;
    for number in 0..requests {
        // As many as an open can have, and as a file can.
        if number % (requests / 8) == 0 {
            last = Some(opened(&mut world, 1, Open { file: file(number as u128 / 64 + 1), ..open(one) }).0);
        }
        let command = lock(one, last.unwrap(), number * RANGES_PER_REQUEST_MAX, RANGES_PER_REQUEST_MAX - usize::from(number == 0));
        assert_eq!(world.unchecked(1, command), Ok(Outcome::Locked));
    }
    let (mine, _) = opened(&mut world, 1, Open { file: file(900), ..open(one) });
    let (theirs, _) = opened(&mut world, 2, Open { file: file(900), ..open(two) });
    let full = Err(Rejection::LimitReached(Limit::LocksPerClient));
    assert_eq!(world.unchecked(1, lock(one, mine, 0, 2)), full, "all or none");
    assert_eq!(world.unchecked(1, lock(one, mine, 0, 1)), Ok(Outcome::Locked), "there was room for one");
    assert_eq!(world.unchecked(1, lock(one, mine, 1, 1)), full);
    assert_eq!(world.unchecked(2, lock(two, theirs, 0, 2)), Ok(Outcome::Locked));
    assert!(world.unchecked(1, Command::Close { session: one, open: mine }).is_ok());
    let (mine, _) = opened(&mut world, 1, Open { file: file(900), ..open(one) });
    assert_eq!(world.unchecked(1, lock(one, mine, 9, 1)), Ok(Outcome::Locked), "what ends with its open makes room");
    world.state.check().unwrap();
}

/// An open that shares nothing has to wait for who caches the handle.
fn waits(session: SessionId, number: u128) -> Command {
    Command::Open(Open { file: file(number), share: crate::Share(0), ..open(session) })
}

#[test]
fn so_many_requests_of_one_client_wait() {
    let mut world = World::new();
    let (holder, one, two) = (world.session(1, 9, 1), world.session(2, 1, 1), world.session(2, 2, 2));
    for number in 1..=6 {
        opened(&mut world, 1, Open { file: file(number), ..leased(holder, number, Caching::RWH) });
    }
    for number in 0..PARKED_PER_CLIENT_MAX {
        let told = world.unlooked(2, waits(one, number as u128 % 5 + 1));
        assert!(matches!(told.last(), Some(Effect::Parked { .. })), "{told:?}");
    }
    let told = world.unlooked(2, waits(one, 6));
    let refused = Err(Rejection::LimitReached(Limit::ParkedPerClient));
    assert!(matches!(&told[..], [Effect::Reply { outcome, .. }] if *outcome == refused), "nobody is broken in vain: {told:?}");
    assert!(world.unchecked(2, Command::Open(Open { file: file(7), ..open(one) })).is_ok(), "what need not wait is not refused");
    let told = world.unlooked(2, waits(two, 6));
    assert!(matches!(told.last(), Some(Effect::Parked { .. })), "another client can wait: {told:?}");
    world.state.check().unwrap();
    assert_eq!(world.state.lease(super::world::client(9), key(6)).map(|lease| lease.opens), Some(1));
}

#[test]
fn a_file_is_renamed_to_a_name_of_a_length() {
    let mut world = World::new();
    let session = world.session(1, 1, 1);
    let (id, _) = opened(&mut world, 1, open(session));
    let named = |bytes: usize| {
        let name = Arc::from("n".repeat(bytes));
        Command::Operate { session, open: id, operation: Operation::Rename { name, parent: None, replaces: None } }
    };
    assert_eq!(world.outcome(1, named(NAME_BYTES_MAX + 1)), Err(Rejection::LimitReached(Limit::NameBytes)));
    assert_eq!(world.outcome(1, named(NAME_BYTES_MAX)), Ok(Outcome::Clear));
}

#[test]
fn a_user_has_a_name_of_a_length() {
    let mut world = World::new();
    let named = |bytes: usize| {
        let (client, connection) = (super::world::client(1), ConnectionId::new(1));
        let user = Some(Arc::from("n".repeat(bytes)));
        Command::StartSession { id: None, client, connection, user, previous: None }
    };
    assert_eq!(world.outcome(1, named(USER_BYTES_MAX + 1)), Err(Rejection::LimitReached(Limit::NameBytes)));
    assert!(matches!(world.outcome(1, named(USER_BYTES_MAX)), Ok(Outcome::SessionStarted { .. })));
}
