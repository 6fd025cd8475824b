//! The bytes of every kind of record. They are for ever: a record that was written once must stay readable.

use std::sync::Arc;

use super::world::{World, key, leased};
use crate::{
    Access, ByteRange, Caching, Command, FileKey, Group, Lock, LockSequence, Open, OpenId, Operation, Outcome, RangeLock, Record,
    State,
};

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
}

fn records(state: &State) -> Vec<Record> {
    let view = state.view();
    view.groups().flat_map(|group| view.records(&group)).collect()
}

/// A client lets a break time out, and is thrown out.
fn lapse(world: &mut World) {
    let (late, other) = (world.session(1, 0x33, 5), world.session(2, 0x44, 5));
    world.ask(1, Command::Open(leased(late, 0xaa, Caching::RWH)));
    world.ask(2, Command::Open(super::world::open(other)));
    world.advance(std::time::Duration::from_secs(35));
    world.apply(None, Command::Evict { client: super::world::client(0x33) });
    world.ask(2, Command::EndSession { session: other });
}

/// A break that runs, an open, operations and locks that wait, and locks that are held, on a stream in a directory that was written and is
/// to be deleted; and a file that a server has yet to delete.
fn story() -> World {
    let mut world = World::new();
    world.apply(None, Command::Configure(super::world::settings()));
    lapse(&mut world);
    let (one, two) = (world.session(1, 0x11, 3), world.session(2, 0x22, 4));
    let stream = || FileKey { stream: Some(Arc::from("s")), ..super::world::file(0x77) };
    let parent = Some(super::world::file(0x99).file);
    let mut lease = Open { file: stream(), parent, ..leased(one, 0xaa, Caching::RWH) };
    if let Some(v2) = lease.lease.as_mut().and_then(|lease| lease.v2.as_mut()) {
        v2.parent = Some(key(0xdd));
    }
    world.ask(1, Command::Open(lease));
    let created =
        Open { file: stream(), access: Access(Access::READ_DATA), parent, created: true, ..leased(two, 0xbb, Caching::RH) };
    world.ask(2, Command::Open(Open { delete_on_close: true, ..created }));
    let stat = Open { file: stream(), access: Access(Access::READ_ATTRIBUTES), delete_on_close: true, ..super::world::open(two) };
    if let Ok(Outcome::Opened { open, .. }) = world.outcome(2, Command::Open(stat)) {
        let replaces = Some(super::world::file(0x88).file);
        let rename = Operation::Rename { name: Arc::from("b"), parent, replaces };
        world.ask(2, Command::Operate { session: two, open, operation: rename });
    }
    let owner = OpenId::new(3);
    let lock = |offset, exclusive| RangeLock { range: ByteRange::new(offset, 5), exclusive };
    let own = Lock {
        session: one,
        open: owner,
        locks: vec![lock(10, true), lock(300, false)],
        wait: false,
        sequence: LockSequence::new(2, 7),
        allocation: 4096,
    };
    world.outcome(1, Command::Lock(own.clone())).unwrap();
    world.ask(2, Command::Lock(Lock { session: two, open: OpenId::new(4), locks: vec![lock(12, true)], wait: true, ..own }));
    let read = Operation::Read { range: Some(ByteRange::new(1, 2)) };
    world.ask(2, Command::Operate { session: two, open: OpenId::new(4), operation: read });
    for operation in [Operation::Write { range: None }, Operation::Dispose { delete: true }] {
        world.outcome(1, Command::Operate { session: one, open: OpenId::new(3), operation }).unwrap();
    }
    let gone = Open { file: super::world::file(0x66), delete_on_close: true, ..super::world::open(two) };
    if let Ok(Outcome::Opened { open, .. }) = world.outcome(2, Command::Open(gone)) {
        world.ask(2, Command::Close { session: two, open });
    }
    world
}

/// Every line is a key and a value: these are the records of the state, and the bytes in the file, whoever wrote them, are those of the same
/// state.
pub(super) fn has_these_bytes(state: &State, golden: &str) {
    let mut lines: Vec<String> =
        records(state).iter().map(|record| format!("{} {}", hex(&record.key), hex(&record.value))).collect();
    lines.sort();
    assert_eq!(lines, golden.lines().collect::<Vec<_>>(), "\n{}\n", lines.join("\n"));
    let bytes =
        |hex: &str| -> Vec<u8> { (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect() };
    let golden = golden.lines().map(|line| {
        let (key, value) = line.split_once(' ').unwrap();
        Record { key: bytes(key), value: bytes(value) }
    });
    let read = State::restore(golden).unwrap();
    assert_eq!(read.hash(), state.hash());
    assert_eq!(read.rule_level(), 1);
}

#[test]
fn records_are_these_bytes() {
    has_these_bytes(&story().state, include_str!("golden.txt"));
}

/// A group's records are all under its prefix.
#[test]
fn records_are_under_their_prefix() {
    let view = story().state.view();
    for group in view.groups() {
        let prefix = group.prefix();
        assert!(view.records(&group).iter().all(|record| record.key.starts_with(&prefix)), "{group:?}");
        assert!(!view.records(&group).is_empty(), "{group:?}");
    }
    assert!(view.records(&Group::Session(crate::SessionId::new(99))).is_empty());
}
