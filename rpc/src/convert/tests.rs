//! Whatever arrives is either understood or refused by name; whatever is sent comes back as it was.

use std::sync::Arc;
use std::time::Duration;

use lease::{
    Access, Break, ByteRange, Caching, ClientGuid, Command, ConnectionId, Disposition, Effect, Epoch, FileId, FileKey, Generation,
    Grant, GrantV2, Incarnation, LeaseKey, LeaseRequest, LeaseRequestV2, Lock, LockSequence, LogTime, NoticeNumber, Open, OpenId,
    Operation, OplockBreak, OplockLevel, Outcome, RangeLock, Rejection, RequestId, Route, Sequence, ServerId, SessionId, Share,
    Unlock, VolumeId,
};

use super::{Told, answer, answer_from, command_from, command_to, delivery, request, request_from, told};
use crate::client::{OplockRevoked, Revoked};
use crate::proto::v1 as pb;
use crate::proto::v1::request::Command as Wire;

mod handles;

fn file(stream: Option<&str>) -> FileKey {
    FileKey { volume: VolumeId::new(3), file: FileId::from_u128(77), stream: stream.map(Arc::from) }
}

fn open() -> Open {
    Open {
        session: SessionId::new(4),
        file: file(Some("data")),
        name: Arc::from("a/b"),
        access: Access(0x0012_019F),
        share: Share(5),
        disposition: Disposition::Supersede,
        parent: Some(FileId::from_u128(12)),
        created: true,
        delete_on_close: true,
        lease: Some(LeaseRequest {
            key: LeaseKey::from_u128(8),
            state: Caching::RWH,
            v2: Some(LeaseRequestV2 { epoch: Epoch::new(65_535), parent: Some(LeaseKey::from_u128(9)) }),
        }),
        ..Open::default()
    }
}

fn rename() -> Operation {
    Operation::Rename { name: "b".into(), parent: Some(FileId::from_u128(12)), replaces: Some(FileId::from_u128(13)) }
}

fn operate(operation: Operation) -> Command {
    Command::Operate { session: SessionId::new(3), open: OpenId::new(1), operation }
}

fn lock() -> Lock {
    let lock = |offset, exclusive| RangeLock { range: ByteRange::new(offset, 2), exclusive };
    Lock {
        session: SessionId::new(3),
        open: OpenId::new(1),
        locks: vec![lock(u64::MAX, true), lock(1, false)],
        wait: false,
        sequence: LockSequence::new(64, 15),
        allocation: 4096,
    }
}

/// One of each command that has a wire form.
fn commands() -> Vec<Command> {
    let (client, key) = (ClientGuid::from_u128(5), LeaseKey::from_u128(6));
    vec![
        Command::StartServer { ttl: Duration::from_secs(5) },
        Command::RenewServer,
        Command::StopServer,
        Command::StartSession { client, connection: ConnectionId::new(2), user: None, previous: None, id: None },
        Command::EndSession { session: SessionId::new(3) },
        Command::Disconnect { connection: ConnectionId::new(2) },
        Command::Open(open()),
        Command::Open(Open {
            disposition: Disposition::Overwrite,
            lease: Some(LeaseRequest { key, state: Caching::R, v2: None }),
            ..open()
        }),
        Command::Open(Open {
            disposition: Disposition::Keep,
            parent: None,
            created: false,
            delete_on_close: false,
            lease: None,
            file: file(None),
            directory: true,
            name: "".into(),
            ..open()
        }),
        Command::Close { session: SessionId::new(3), open: OpenId::new(1) },
        operate(Operation::Read { range: None }),
        operate(Operation::Read { range: Some(ByteRange::new(1, 2)) }),
        operate(Operation::Write { range: Some(ByteRange::new(u64::MAX, 0)) }),
        operate(Operation::Resize { allocation: None }),
        operate(Operation::Resize { allocation: Some(4096) }),
        operate(Operation::Rename { name: "b".into(), parent: None, replaces: None }),
        operate(rename()),
        operate(Operation::Link { parent: None }),
        operate(Operation::Link { parent: Some(FileId::from_u128(12)) }),
        operate(Operation::Dispose { delete: true }),
        operate(Operation::Dispose { delete: false }),
        operate(Operation::SetSecurity),
        operate(Operation::SetAttributes),
        operate(Operation::Use { position: None }),
        operate(Operation::Use { position: Some(u64::MAX) }),
        Command::Lock(lock()),
        Command::Lock(Lock { locks: lock().locks[..1].to_vec(), wait: true, sequence: None, ..lock() }),
        Command::Unlock(Unlock {
            session: SessionId::new(3),
            open: OpenId::new(1),
            ranges: vec![ByteRange::new(1, 2), ByteRange::new(3, 0)],
            sequence: LockSequence::new(1, 0),
        }),
        Command::Acknowledge { client, key, state: 0x6, generation: Some(Generation::new(2)) },
        Command::Acknowledge { client, key, state: 0, generation: None },
        Command::Open(Open { lease: None, oplock: OplockLevel::Batch, ..open() }),
        Command::AcknowledgeOplock {
            session: SessionId::new(3),
            open: OpenId::new(1),
            level: 255,
            generation: Some(Generation::new(2)),
        },
        Command::Release { client, key },
        Command::Cancel { sequence: Sequence::new(11) },
        Command::Undeliverable { connection: ConnectionId::new(2), client, key, generation: Generation::new(4) },
    ]
}

#[test]
fn every_command_comes_back_as_it_was() {
    for command in commands().into_iter().chain(handles::commands()) {
        let wire = command_to(&command).expect("a server's command has a wire form");
        assert_eq!(command_from(Some(&wire)), Ok(command));
    }
    assert_eq!(command_to(&Command::Tick), None);
    assert_eq!(command_to(&Command::Configure(lease::Settings::default())), None);
    let (client, key) = (ClientGuid::from_u128(5), LeaseKey::from_u128(6));
    assert_eq!(command_to(&Command::BreakLease { client, key, into: Caching::R }), None);
    assert_eq!(command_to(&Command::Evict { client }), None);
}

#[test]
fn every_outcome_comes_back_as_it_was() {
    let grant = Grant { key: LeaseKey::from_u128(6), state: Caching::RW, breaking: true, v2: None };
    let v2 = GrantV2 { epoch: Epoch::new(9), parent: Some(LeaseKey::from_u128(1)) };
    let outcomes = [
        Outcome::Alive { until: LogTime::from_millis(12) },
        Outcome::Stopped,
        Outcome::SessionStarted { session: SessionId::new(1) },
        Outcome::SessionEnded,
        Outcome::Disconnected,
        Outcome::Opened {
            open: OpenId::new(1),
            lease: None,
            oplock: OplockLevel::None,
            delegation: None,
            durable: None,
            before: None,
        },
        Outcome::Opened {
            open: OpenId::new(1),
            lease: Some(grant),
            oplock: OplockLevel::None,
            delegation: None,
            durable: None,
            before: None,
        },
        Outcome::Opened {
            open: OpenId::new(1),
            lease: Some(Grant { v2: Some(v2), ..grant }),
            oplock: OplockLevel::None,
            delegation: None,
            durable: None,
            before: None,
        },
        Outcome::Closed { delete: false },
        Outcome::Closed { delete: true },
        Outcome::Clear,
        Outcome::Opened {
            open: OpenId::new(2),
            lease: None,
            oplock: OplockLevel::LevelII,
            delegation: None,
            durable: None,
            before: None,
        },
        Outcome::Opened {
            open: OpenId::new(2),
            lease: None,
            oplock: OplockLevel::Exclusive,
            delegation: None,
            durable: None,
            before: None,
        },
        Outcome::Opened {
            open: OpenId::new(2),
            lease: None,
            oplock: OplockLevel::Batch,
            delegation: None,
            durable: None,
            before: None,
        },
        Outcome::OplockAcknowledged { level: OplockLevel::None },
        Outcome::Locked,
        Outcome::Unlocked,
        Outcome::Acknowledged { state: Caching::RH },
        Outcome::Released,
        Outcome::Cancelled,
        Outcome::Noted,
    ];
    for outcome in outcomes.into_iter().chain(handles::outcomes()) {
        assert_eq!(answer_from(&answer(&Ok(outcome.clone()))), Some(Ok(outcome)));
    }
}

#[test]
fn every_effect_comes_back_as_it_was() {
    let (server, incarnation) = (ServerId::new(1), Incarnation::new(2));
    let to = Route { server, incarnation, connection: ConnectionId::new(3) };
    let id = RequestId { server, incarnation, sequence: Sequence::new(4) };
    let (client, key, generation) = (ClientGuid::from_u128(5), LeaseKey::from_u128(6), Generation::new(7));
    let notice = Break {
        to,
        client,
        key,
        file: file(None),
        name: "a/b".into(),
        from: Caching::RWH,
        into: Caching::RH,
        epoch: Some(Epoch::new(2)),
        ack_by: Some(LogTime::from_millis(35_000)),
        generation,
        notice: None,
    };
    let quiet = Break { ack_by: None, epoch: None, notice: Some(NoticeNumber::new(8)), ..notice.clone() };
    for notice in [notice, quiet] {
        let wire = delivery(9, &Effect::Break(notice.clone()));
        assert_eq!(wire.index, 9);
        let Some(Told::Break(back)) = told(server, incarnation, wire) else { panic!("a break is one on the wire") };
        assert_eq!(back, notice);
    }
    let gone = Effect::Revoked { to, client, key, file: file(Some("s")), generation, notice: NoticeNumber::new(8) };
    let Some(Told::Revoked(back)) = told(server, incarnation, delivery(9, &gone)) else {
        panic!("a revocation is one on the wire")
    };
    let connection = to.connection;
    assert_eq!(back, Revoked { connection, client, key, file: file(Some("s")), generation, notice: NoticeNumber::new(8) });
    let broken = OplockBreak {
        to,
        session: SessionId::new(3),
        open: OpenId::new(9),
        file: file(None),
        name: "a/b".into(),
        into: OplockLevel::LevelII,
        ack_by: Some(LogTime::from_millis(35_000)),
        generation,
        notice: None,
    };
    let quiet = OplockBreak { into: OplockLevel::None, ack_by: None, notice: Some(NoticeNumber::new(8)), ..broken.clone() };
    for notice in [broken, quiet] {
        let wire = delivery(9, &Effect::OplockBreak(notice.clone()));
        let Some(Told::OplockBreak(back)) = told(server, incarnation, wire) else { panic!("a break is one on the wire") };
        assert_eq!(back, notice);
    }
    let (session, open) = (SessionId::new(3), OpenId::new(9));
    let gone = Effect::OplockRevoked { to, session, open, file: file(None), generation, notice: NoticeNumber::new(8) };
    let Some(Told::OplockRevoked(back)) = told(server, incarnation, delivery(9, &gone)) else {
        panic!("a revocation is one on the wire")
    };
    let notice = NoticeNumber::new(8);
    assert_eq!(back, OplockRevoked { connection, session, open, file: file(None), generation, notice });
    let Some(Told::Parked { sequence: 4 }) = told(server, incarnation, delivery(9, &Effect::Parked { to: id })) else {
        panic!("parked is parked on the wire")
    };
    let reply = Effect::Reply { to: id, outcome: Err(Rejection::Forgotten) };
    let Some(Told::Reply { sequence: 4, answer: Err(Rejection::Forgotten) }) = told(server, incarnation, delivery(9, &reply))
    else {
        panic!("a reply is one on the wire")
    };
}

#[test]
fn a_delivery_that_makes_no_sense_is_none() {
    let (server, incarnation) = (ServerId::new(1), Incarnation::new(2));
    let nonsense = [
        None,
        Some(pb::delivery::What::Reply(pb::Reply { sequence: 1, result: None })),
        Some(pb::delivery::What::LeaseBreak(pb::Break::default())),
        Some(pb::delivery::What::Failure(pb::Failure { sequence: 1, reason: 77, message: String::new() })),
        Some(pb::delivery::What::Reply(pb::Reply {
            sequence: 1,
            result: Some(pb::reply::Result::Acknowledged(pb::Acknowledged { state: 0x6 })),
        })),
        Some(pb::delivery::What::Reply(pb::Reply {
            sequence: 1,
            result: Some(pb::reply::Result::Rejected(pb::Rejection { reason: 99, ..pb::Rejection::default() })),
        })),
    ];
    for what in nonsense {
        assert!(told(server, incarnation, pb::Delivery { index: 1, what: what.clone() }).is_none(), "{what:?}");
    }
}

/// The open of [`open`] on the wire, with something changed.
fn wire_open(change: impl FnOnce(&mut pb::Open)) -> Wire {
    let Some(Wire::Open(mut open)) = command_to(&Command::Open(open())) else { panic!("an open is one on the wire") };
    change(&mut open);
    Wire::Open(open)
}

/// An operation on the wire, with something changed.
fn wire_operate(operation: Operation, change: impl FnOnce(&mut pb::Operate)) -> Wire {
    let Some(Wire::Operate(mut operate)) = command_to(&operate(operation)) else { panic!("an operation is one on the wire") };
    change(&mut operate);
    Wire::Operate(operate)
}

/// The locks of [`lock`] on the wire, with something changed.
fn wire_lock(change: impl FnOnce(&mut pb::Lock)) -> Wire {
    let Some(Wire::Lock(mut lock)) = command_to(&Command::Lock(lock())) else { panic!("locks are locks on the wire") };
    change(&mut lock);
    Wire::Lock(lock)
}

/// The same, with something of its lease context changed.
fn wire_lease(change: impl FnOnce(&mut pb::LeaseContext)) -> Wire {
    wire_open(|open| change(open.lease.as_mut().expect("it asks for a lease")))
}

/// The same, with something of its file changed.
fn wire_file(change: impl FnOnce(&mut pb::FileKey)) -> Wire {
    wire_open(|open| change(open.file.as_mut().expect("it names a file")))
}

#[test]
fn what_makes_no_sense_is_refused_by_the_name_of_its_field() {
    let long = "x".repeat(4096);
    let (client, key) = (vec![1; 16], vec![2; 16]);
    let cases: Vec<(&str, Wire)> = vec![
        ("ttl_ms", Wire::StartServer(pb::StartServer { ttl_ms: 0 })),
        ("ttl_ms", Wire::StartServer(pb::StartServer { ttl_ms: 199 })),
        ("ttl_ms", Wire::StartServer(pb::StartServer { ttl_ms: u32::MAX })),
        ("client", Wire::StartSession(pb::StartSession { connection: 1, ..pb::StartSession::default() })),
        ("client", Wire::StartSession(pb::StartSession { client: vec![0; 17], ..pb::StartSession::default() })),
        ("session", Wire::EndSession(pb::EndSession { session: 0 })),
        ("session", wire_open(|open| open.session = 0)),
        ("file", wire_open(|open| open.file = None)),
        ("file.file", wire_file(|file| file.file = vec![0; 15])),
        ("file.stream", wire_file(|file| file.stream = Some(String::new()))),
        ("file.stream", wire_file(|file| file.stream = Some(long.clone()))),
        ("name", wire_open(|open| open.name = String::new())),
        ("name", wire_open(|open| open.name.clone_from(&long))),
        ("access", wire_open(|open| open.access = 0x0000_0200)),
        ("access", wire_open(|open| open.access = 0x8000_0000)),
        ("access", wire_open(|open| open.access = 0x0200_0000)),
        ("share", wire_open(|open| open.share = 8)),
        ("share", wire_open(|open| open.share = 0x107)),
        ("disposition", wire_open(|open| open.disposition = 0)),
        ("disposition", wire_open(|open| open.disposition = 4)),
        ("disposition", wire_open(|open| open.disposition = -1)),
        ("parent", wire_open(|open| open.parent = Some(vec![1; 15]))),
        ("parent", wire_operate(Operation::Link { parent: None }, |link| link.parent = Some(vec![]))),
        ("parent", wire_operate(Operation::Write { range: None }, |write| write.parent = Some(vec![1; 16]))),
        ("replaces", wire_operate(Operation::Link { parent: None }, |link| link.replaces = Some(vec![1; 16]))),
        ("replaces", wire_operate(rename(), |rename| rename.replaces = Some(vec![1; 17]))),
        ("name", wire_operate(rename(), |rename| rename.name = String::new())),
        ("operation", wire_operate(Operation::Write { range: None }, |write| write.operation = 99)),
        ("lease.key", wire_lease(|lease| lease.key = vec![])),
        ("lease.v2.epoch", wire_lease(|lease| lease.v2 = Some(pb::LeaseContextV2 { epoch: 65_536, parent: None }))),
        ("lease.v2.parent", wire_lease(|lease| lease.v2 = Some(pb::LeaseContextV2 { epoch: 1, parent: Some(vec![1; 8]) }))),
        ("session", Wire::Close(pb::Close { session: 0, open: 1 })),
        ("open", Wire::Close(pb::Close { session: 1, open: 0 })),
        ("client", Wire::Acknowledge(pb::Acknowledge { client: vec![], key: key.clone(), state: 0, generation: None })),
        ("key", Wire::Acknowledge(pb::Acknowledge { client: client.clone(), key: vec![], state: 0, generation: None })),
        ("client", Wire::Release(pb::Release { client: vec![], key })),
        ("key", Wire::Release(pb::Release { client: client.clone(), key: vec![3; 32] })),
        ("locks", wire_lock(|lock| lock.locks.clear())),
        ("locks", wire_lock(|lock| lock.locks = vec![lock.locks[0]; 129])),
        ("locks.range", wire_lock(|lock| lock.locks[1].range = None)),
        ("wait", wire_lock(|lock| lock.wait = true)),
        ("session", wire_lock(|lock| lock.session = 0)),
        ("open", wire_lock(|lock| lock.open = 0)),
        ("sequence.bucket", wire_lock(|lock| lock.sequence = Some(pb::LockSequence { bucket: 0, number: 1 }))),
        ("sequence.bucket", wire_lock(|lock| lock.sequence = Some(pb::LockSequence { bucket: 65, number: 1 }))),
        ("sequence.number", wire_lock(|lock| lock.sequence = Some(pb::LockSequence { bucket: 64, number: 16 }))),
        ("ranges", Wire::Unlock(pb::Unlock { session: 1, open: 1, ranges: vec![], sequence: None })),
        ("open", Wire::Unlock(pb::Unlock { session: 1, open: 0, ranges: vec![pb::ByteRange::default()], sequence: None })),
        ("range", wire_operate(Operation::Resize { allocation: None }, |resize| resize.range = Some(pb::ByteRange::default()))),
        ("allocation", wire_operate(Operation::SetSecurity, |security| security.allocation = Some(1))),
        ("position", wire_operate(Operation::SetSecurity, |security| security.position = Some(1))),
        ("cancel.sequence", Wire::Cancel(pb::Cancel { sequence: 0 })),
        ("key", Wire::ReportUndeliverable(pb::ReportUndeliverable { connection: 1, client, key: vec![], generation: 1 })),
    ];
    for (field, wire) in cases.into_iter().chain(handles::nonsense()) {
        let bad = command_from(Some(&wire)).expect_err("it makes no sense");
        assert_eq!(bad.field, field, "{bad} for {wire:?}");
        let status = tonic::Status::from(bad);
        assert_eq!(status.code(), tonic::Code::InvalidArgument);
        assert!(status.message().starts_with(&format!("{field}: ")), "{}", status.message());
        assert!(status.message().len() < 200, "what is refused is not repeated at length: {}", status.message());
    }
    assert_eq!(command_from(None).expect_err("nothing is asked").field, "command");
}

#[test]
fn a_header_is_checked() {
    let good = pb::RequestHeader { server: 1, incarnation: 2, sequence: 3, floor: 3, notices_seen: 9 };
    let request = request_from(Some(&good)).expect("it makes sense");
    assert_eq!((request.floor, request.notices_seen), (Sequence::new(3), NoticeNumber::new(9)));
    let cases = [
        ("server", pb::RequestHeader { server: 0, ..good }),
        ("incarnation", pb::RequestHeader { incarnation: 0, ..good }),
        ("sequence", pb::RequestHeader { sequence: 0, ..good }),
        ("floor", pb::RequestHeader { floor: 4, ..good }),
        ("floor", pb::RequestHeader { floor: u64::MAX, ..good }),
    ];
    for (field, header) in cases {
        assert_eq!(request_from(Some(&header)).expect_err("it makes no sense").field, field);
    }
    assert_eq!(request_from(None).expect_err("nobody asks").field, "header");
    assert_eq!(self::request(request.id, 4, 0).expect_err("the floor is above").field, "floor");
}

#[test]
fn what_the_protocol_reduces_is_reduced_and_what_it_lets_the_rules_refuse_is_passed_on() {
    // Reserved bits of a lease state are ignored, and an impossible combination asks for nothing (MS-SMB2 3.3.5.9.8).
    for (bits, state) in [(0xFFFF_FFF8, Caching::None), (0xFFFF_FFFB, Caching::RH), (0x4, Caching::None), (0x6, Caching::None)] {
        let command = command_from(Some(&wire_lease(|lease| lease.state = bits))).expect("it is reduced");
        let Command::Open(Open { lease: Some(lease), .. }) = command else { panic!("an open is an open") };
        assert_eq!(lease.state, state);
    }
    // The root of a share has no name.
    let root = wire_open(|open| {
        open.name = String::new();
        open.directory = true;
    });
    assert!(command_from(Some(&root)).is_ok());
    // An acknowledgement of an impossible state is rejected by the rules, as the protocol has it.
    let acknowledge = pb::Acknowledge { client: vec![1; 16], key: vec![2; 16], state: 0xFFFF_FFFF, generation: None };
    let command = command_from(Some(&Wire::Acknowledge(acknowledge)));
    assert!(matches!(command, Ok(Command::Acknowledge { state: 0xFFFF_FFFF, .. })), "{command:?}");
}
