//! The bytes of every kind of record. They are for ever: a record that was written once must stay readable.

use std::sync::Arc;
use std::time::Duration;

use super::world::{World, key, leased};
use crate::{
    Access, ByteRange, Caching, Command, FileKey, Group, Lock, LockSequence, Open, OpenId, Operation, Outcome, RangeLock, Record,
    Rejection, State,
};

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
}

fn records(state: &State) -> Vec<Record> {
    let view = state.view();
    view.groups().flat_map(|group| view.records(&group)).collect()
}

/// A break that runs, an open, operations and locks that wait, and locks that are held, on a stream in a directory that was written and is
/// to be deleted.
fn story() -> World {
    let mut world = World::new();
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
    let owner = OpenId::new(1);
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
    world.ask(2, Command::Lock(Lock { session: two, open: OpenId::new(2), locks: vec![lock(12, true)], wait: true, ..own }));
    let read = Operation::Read { range: Some(ByteRange::new(1, 2)) };
    world.ask(2, Command::Operate { session: two, open: OpenId::new(2), operation: read });
    for operation in [Operation::Write { range: None }, Operation::Dispose { delete: true }] {
        world.outcome(1, Command::Operate { session: one, open: OpenId::new(1), operation }).unwrap();
    }
    world
}

/// Every line is a key and a value.
#[test]
fn records_are_these_bytes() {
    let mut lines: Vec<String> =
        records(&story().state).iter().map(|record| format!("{} {}", hex(&record.key), hex(&record.value))).collect();
    lines.sort();
    let golden = include_str!("golden.txt");
    assert_eq!(lines, golden.lines().collect::<Vec<_>>(), "\n{}\n", lines.join("\n"));
}

/// The bytes in the file, whoever wrote them, are those of the same state.
#[test]
fn these_bytes_are_read() {
    let bytes =
        |hex: &str| -> Vec<u8> { (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect() };
    let golden = include_str!("golden.txt").lines().map(|line| {
        let (key, value) = line.split_once(' ').unwrap();
        Record { key: bytes(key), value: bytes(value) }
    });
    let state = State::restore(golden).unwrap();
    assert_eq!(state.hash(), story().state.hash());
    assert_eq!(state.rule_level(), 1);
}

/// Every answer comes back from its record as it was.
#[test]
fn answers_come_back() {
    use crate::snapshot::answer::there_and_back;
    use crate::{Epoch, Grant, GrantV2, Incarnation, Limit, LogTime, OpenId, SessionId};
    let v2 = Some(GrantV2 { epoch: Epoch::new(65_535), parent: Some(key(2)) });
    let lease = Some(Grant { key: key(1), state: Caching::RWH, breaking: true, v2 });
    let plain = Some(Grant { key: key(1), state: Caching::None, breaking: false, v2: None });
    let durable = Some(crate::Durable { v2: true, persistent: true, timeout: Duration::from_secs(300) });
    let v1 = Some(crate::Durable { v2: false, persistent: false, timeout: Duration::from_millis(1) });
    let outcomes = [
        Outcome::Alive { until: LogTime::from_millis(u64::MAX) },
        Outcome::Stopped,
        Outcome::SessionStarted { session: SessionId::new(0) },
        Outcome::SessionEnded,
        Outcome::Disconnected,
        Outcome::Opened {
            open: OpenId::new(u64::MAX),
            lease: None,
            oplock: crate::OplockLevel::None,
            delegation: None,
            durable: None,
        },
        Outcome::Opened { open: OpenId::new(1), lease, oplock: crate::OplockLevel::None, delegation: None, durable: None },
        Outcome::Opened { open: OpenId::new(1), lease: plain, oplock: crate::OplockLevel::None, delegation: None, durable: None },
        Outcome::Closed { delete: false },
        Outcome::Closed { delete: true },
        Outcome::Clear,
        Outcome::Opened { open: OpenId::new(2), lease: None, oplock: crate::OplockLevel::LevelII, delegation: None, durable: None },
        Outcome::Opened {
            open: OpenId::new(2),
            lease: None,
            oplock: crate::OplockLevel::Exclusive,
            delegation: Some(crate::Delegation::Read),
            durable,
        },
        Outcome::Opened {
            open: OpenId::new(2),
            lease: None,
            oplock: crate::OplockLevel::Batch,
            delegation: Some(crate::Delegation::Write),
            durable: v1,
        },
        Outcome::OplockAcknowledged { level: crate::OplockLevel::LevelII },
        Outcome::Locked,
        Outcome::Unlocked,
        Outcome::Acknowledged { state: Caching::RW },
        Outcome::Released,
        Outcome::Cancelled,
        Outcome::Noted,
        Outcome::Reconnected {
            open: OpenId::new(3),
            lease,
            oplock: crate::OplockLevel::Batch,
            durable: crate::Durable { v2: true, persistent: false, timeout: Duration::ZERO },
        },
        Outcome::Resilient { timeout: Duration::from_secs(300) },
        Outcome::Deleted,
        Outcome::DelegationReturned,
        Outcome::NfsClientReleased,
        Outcome::GraceDeclared { until: LogTime::from_millis(7) },
        Outcome::GraceEnded,
    ];
    let limits = [
        Limit::Servers,
        Limit::SessionsPerServer,
        Limit::ConnectionsPerClient,
        Limit::OpensPerFile,
        Limit::ParkedOpensPerFile,
        Limit::NameBytes,
        Limit::LocksPerFile,
        Limit::LocksPerOpen,
        Limit::RangesPerRequest,
        Limit::OpensPerClient,
        Limit::LeasesPerClient,
        Limit::LocksPerClient,
        Limit::ParkedPerClient,
        Limit::GracePeriods,
    ];
    let rejections = [
        Rejection::StaleIncarnation { current: None },
        Rejection::StaleIncarnation { current: Some(Incarnation::new(0)) },
        Rejection::Forgotten,
        Rejection::NoSuchSession,
        Rejection::NoSuchOpen,
        Rejection::NoSuchLease,
        Rejection::NotBreaking,
        Rejection::AckExceedsTarget,
        Rejection::KeyOnOtherFile,
        Rejection::SharingViolation,
        Rejection::Cancelled,
        Rejection::InvalidParameter,
        Rejection::DeletePending,
        Rejection::OplockNotBreaking,
        Rejection::InvalidOplockProtocol,
        Rejection::AccessDenied,
        Rejection::LockNotGranted,
        Rejection::RangeNotLocked,
        Rejection::InvalidLockRange,
        Rejection::FileLockConflict,
        Rejection::NoSuchDurableOpen,
        Rejection::FileNotAvailable,
        Rejection::DuplicateObjectId,
        Rejection::ContextMismatch,
        Rejection::FileForcedClosed,
        Rejection::NoSuchDelegation,
        Rejection::Grace,
        Rejection::NoGrace,
    ];
    let rejections = rejections.into_iter().chain(limits.map(Rejection::LimitReached));
    for answer in outcomes.into_iter().map(Ok).chain(rejections.map(Err)) {
        assert_eq!(there_and_back(&answer), Some(answer));
    }
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
