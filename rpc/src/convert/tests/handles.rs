//! Opens that are kept for their client, clients of NFS, and what servers are told of both.

use std::sync::Arc;
use std::time::Duration;

use lease::{
    Access, AppInstance, AppInstanceId, AppInstanceVersion, ByteRange, Caching, ClientGuid, Command, ConnectionId, CreateAction,
    CreateGuid, Delegation, Durable, DurableRequest, Effect, FileId, ForeignAccess, Generation, Grant, Incarnation, LeaseKey,
    LeaseRequest, LogTime, NfsClient, NfsLock, NfsOwner, NfsOwnerId, NfsUnlock, NoticeNumber, Open, OpenId, OpenedAs, Operation,
    OplockLevel, Outcome, RangeLock, Recall, Reconnect, Route, ServerId, SessionId, ShareId, VolumeId,
};

use super::{file, open, rename, wire_open};
use crate::client::{DelegationRevoked, Deletion, Evicted};
use crate::convert::{Told, answer, answer_from, command_to, delivery, told};
use crate::proto::v1 as pb;
use crate::proto::v1::request::Command as Wire;

fn owner() -> NfsOwner {
    NfsOwner { client: NfsClient::from_u128(1), owner: NfsOwnerId::from_u128(2) }
}

fn nfs_lock() -> NfsLock {
    NfsLock {
        file: file(None),
        name: Arc::from("a/b"),
        owner: owner(),
        lock: RangeLock { range: ByteRange::new(5, u64::MAX - 4), exclusive: true },
        wait: true,
        reclaim: true,
        allocation: 4096,
    }
}

fn nfs_unlock() -> Command {
    Command::NfsUnlock(NfsUnlock { file: file(None), owner: owner(), range: ByteRange::new(1, 2) })
}

fn reconnect() -> Reconnect {
    Reconnect {
        session: SessionId::new(3),
        open: Some(OpenId::new(1)),
        file: Some(file(Some("s"))),
        create_guid: Some(CreateGuid::from_u128(4)),
        persistent: true,
        lease: Some(LeaseRequest { key: LeaseKey::from_u128(6), state: Caching::RWH, v2: None }),
    }
}

fn durable() -> DurableRequest {
    DurableRequest::V2 { create_guid: CreateGuid::from_u128(4), timeout: Duration::from_secs(300), persistent: true }
}

/// An open with everything that it can say, with this delegation instead of a lease.
fn delegated(delegation: Delegation) -> Open {
    let version = Some(AppInstanceVersion { high: 1, low: u64::MAX });
    Open {
        lease: None,
        delegation: Some(delegation),
        share_id: ShareId::new(7),
        options: 0xFFFF_FFFF,
        durable: Some(durable()),
        replay: true,
        app: Some(AppInstance { id: AppInstanceId::from_u128(5), version }),
        reclaim: true,
        only_replay: true,
        ..open()
    }
}

/// One of each command, and more of those that say different things.
pub(super) fn commands() -> Vec<Command> {
    let (session, open) = (SessionId::new(3), OpenId::new(1));
    let (client, connection) = (ClientGuid::from_u128(5), ConnectionId::new(2));
    let access =
        |operation| Command::ForeignAccess(ForeignAccess { file: file(None), parent: Some(FileId::from_u128(9)), operation });
    vec![
        Command::StartSession {
            client,
            connection,
            user: Some(Arc::from("S-1-5-21")),
            previous: Some(session),
            id: Some(SessionId::CHOSEN_MIN),
        },
        Command::Open(delegated(Delegation::Write)),
        Command::Open(Open { durable: Some(DurableRequest::V1), ..delegated(Delegation::Read) }),
        Command::Open(Open { app: Some(AppInstance { id: AppInstanceId::from_u128(5), version: None }), ..super::open() }),
        Command::Reconnect(reconnect()),
        Command::Reconnect(Reconnect { create_guid: None, persistent: false, file: None, lease: None, ..reconnect() }),
        Command::Reconnect(Reconnect { open: None, persistent: false, ..reconnect() }),
        Command::MakeResilient { session, open, timeout: Duration::ZERO },
        Command::MakeResilient { session, open, timeout: Duration::from_millis(u64::from(u32::MAX)) },
        Command::Deleted { file: file(None) },
        Command::ReturnDelegation { session, open },
        access(Operation::Read { range: Some(ByteRange::new(1, 2)) }),
        access(Operation::SetAttributes),
        access(rename()),
        Command::ForeignAccess(ForeignAccess {
            file: file(Some("s")),
            parent: None,
            operation: Operation::Dispose { delete: true },
        }),
        Command::NfsLock(nfs_lock()),
        Command::NfsLock(NfsLock { name: Arc::from(""), wait: false, reclaim: false, allocation: 0, ..nfs_lock() }),
        nfs_unlock(),
        Command::ReleaseNfsClient { client: NfsClient::from_u128(1) },
        Command::DeclareGrace { volume: VolumeId::new(3), duration: Duration::from_secs(600) },
        Command::DeclareGrace { volume: VolumeId::new(0), duration: Duration::from_millis(1) },
        Command::EndGrace { volume: VolumeId::new(3) },
    ]
}

pub(super) fn outcomes() -> Vec<Outcome> {
    let grant = Grant { key: LeaseKey::from_u128(6), state: Caching::RW, breaking: true, v2: None };
    let durable = Durable { v2: true, persistent: true, timeout: Duration::from_secs(60) };
    let v1 = Durable { v2: false, persistent: false, timeout: Duration::ZERO };
    let before = |action, stream| {
        Box::new(OpenedAs {
            file: file(stream),
            name: Arc::from("dir\\file"),
            access: Access(0x12_019F),
            options: 0x40,
            action,
            position: 5,
        })
    };
    let opened = |oplock, delegation, durable| Outcome::Opened {
        open: OpenId::new(2),
        lease: None,
        oplock,
        delegation,
        durable,
        before: None,
    };
    let replayed = |action| Outcome::Opened {
        open: OpenId::new(2),
        lease: None,
        oplock: OplockLevel::Batch,
        delegation: None,
        durable: Some(durable),
        before: Some(before(action, None)),
    };
    let reconnected = |lease, oplock| {
        let before = before(CreateAction::Opened, Some("s"));
        Outcome::Reconnected { open: OpenId::new(2), lease, oplock, durable, before }
    };
    vec![
        opened(OplockLevel::Batch, None, Some(durable)),
        opened(OplockLevel::None, Some(Delegation::Read), Some(v1)),
        opened(OplockLevel::None, Some(Delegation::Write), None),
        reconnected(Some(grant), OplockLevel::None),
        reconnected(None, OplockLevel::Batch),
        replayed(CreateAction::Opened),
        replayed(CreateAction::Created),
        replayed(CreateAction::Overwritten),
        replayed(CreateAction::Superseded),
        Outcome::Resilient { timeout: Duration::from_secs(300) },
        Outcome::Deleted,
        Outcome::DelegationReturned,
        Outcome::NfsClientReleased,
        Outcome::GraceDeclared { until: LogTime::from_millis(7) },
        Outcome::GraceEnded,
    ]
}

/// A message with something changed.
fn wire<T>(command: &Command, unwrap: fn(Wire) -> Option<T>, wrap: fn(T) -> Wire, change: impl FnOnce(&mut T)) -> Wire {
    let mut message = command_to(command).and_then(unwrap).expect("the message of this command");
    change(&mut message);
    wrap(message)
}

fn wire_reconnect(change: impl FnOnce(&mut pb::Reconnect)) -> Wire {
    let unwrap = |wire| if let Wire::Reconnect(message) = wire { Some(message) } else { None };
    wire(&Command::Reconnect(reconnect()), unwrap, Wire::Reconnect, change)
}

fn wire_access(change: impl FnOnce(&mut pb::ForeignAccess)) -> Wire {
    let access = ForeignAccess { file: file(None), parent: None, operation: Operation::Resize { allocation: None } };
    let unwrap = |wire| if let Wire::ForeignAccess(message) = wire { Some(message) } else { None };
    wire(&Command::ForeignAccess(access), unwrap, Wire::ForeignAccess, change)
}

fn wire_nfs_lock(change: impl FnOnce(&mut pb::NfsLock)) -> Wire {
    let unwrap = |wire| if let Wire::NfsLock(message) = wire { Some(message) } else { None };
    wire(&Command::NfsLock(nfs_lock()), unwrap, Wire::NfsLock, change)
}

fn wire_nfs_unlock(change: impl FnOnce(&mut pb::NfsUnlock)) -> Wire {
    let unwrap = |wire| if let Wire::NfsUnlock(message) = wire { Some(message) } else { None };
    wire(&nfs_unlock(), unwrap, Wire::NfsUnlock, change)
}

fn wire_session(change: impl FnOnce(&mut pb::StartSession)) -> Wire {
    let mut start = pb::StartSession { client: vec![1; 16], ..pb::StartSession::default() };
    change(&mut start);
    Wire::StartSession(start)
}

/// What is refused, and the field that the refusal names.
pub(super) fn nonsense() -> Vec<(&'static str, Wire)> {
    let v2 = |create_guid| {
        Some(pb::DurableContext { v2: Some(pb::DurableContextV2 { create_guid, ..pb::DurableContextV2::default() }) })
    };
    let short = || vec![1; 15];
    let grace = |duration_ms| Wire::DeclareGrace(pb::DeclareGrace { volume: 1, duration_ms });
    vec![
        ("user", wire_session(|start| start.user = Some(String::new()))),
        ("user", wire_session(|start| start.user = Some("x".repeat(257)))),
        ("previous", wire_session(|start| start.previous = Some(0))),
        ("delegation", wire_open(|open| open.delegation = 1)),
        ("delegation", wire_open(|open| open.delegation = 3)),
        ("oplock", wire_open(|open| open.oplock = 1)),
        ("delegation", wire_open(|open| (open.lease, open.oplock, open.delegation) = (None, 1, 2))),
        ("durable.v2.create_guid", wire_open(|open| open.durable = v2(short()))),
        ("app.id", wire_open(|open| open.app = Some(pb::AppInstance { id: short(), version: None }))),
        ("session", wire_reconnect(|reconnect| reconnect.session = 0)),
        ("open", wire_reconnect(|reconnect| reconnect.open = Some(0))),
        ("open", wire_reconnect(|reconnect| (reconnect.open, reconnect.create_guid) = (None, None))),
        ("persistent", wire_reconnect(|reconnect| reconnect.create_guid = None)),
        ("create_guid", wire_reconnect(|reconnect| reconnect.create_guid = Some(short()))),
        ("file.file", wire_reconnect(|reconnect| reconnect.file = Some(pb::FileKey::default()))),
        ("lease.key", wire_reconnect(|reconnect| reconnect.lease = Some(pb::LeaseContext::default()))),
        ("session", Wire::MakeResilient(pb::MakeResilient { session: 0, open: 1, timeout_ms: 1 })),
        ("open", Wire::MakeResilient(pb::MakeResilient { session: 1, open: 0, timeout_ms: 1 })),
        ("file", Wire::ReportDeleted(pb::ReportDeleted { file: None })),
        ("open", Wire::ReturnDelegation(pb::ReturnDelegation { session: 1, open: 0 })),
        ("file", wire_access(|access| access.file = None)),
        ("lies_in", wire_access(|access| access.lies_in = Some(short()))),
        ("operation", wire_access(|access| access.operation = 0)),
        ("name", wire_access(|access| access.name = "a".to_owned())),
        ("name", wire_access(|access| access.operation = pb::Operation::Rename.into())),
        ("range", wire_access(|access| access.range = Some(pb::ByteRange::default()))),
        ("parent", wire_access(|access| access.parent = Some(vec![1; 16]))),
        ("replaces", wire_access(|access| access.replaces = Some(vec![1; 16]))),
        ("file", wire_nfs_lock(|lock| lock.file = None)),
        ("name", wire_nfs_lock(|lock| lock.name = "x".repeat(4096))),
        ("owner", wire_nfs_lock(|lock| lock.owner = None)),
        ("owner.client", wire_nfs_lock(|lock| lock.owner = Some(pb::NfsOwner { client: short(), owner: vec![1; 16] }))),
        ("owner.owner", wire_nfs_lock(|lock| lock.owner = Some(pb::NfsOwner { client: vec![1; 16], owner: short() }))),
        ("lock", wire_nfs_lock(|lock| lock.lock = None)),
        ("lock.range", wire_nfs_lock(|lock| lock.lock = Some(pb::RangeLock { range: None, exclusive: true }))),
        ("range", wire_nfs_unlock(|unlock| unlock.range = None)),
        ("owner", wire_nfs_unlock(|unlock| unlock.owner = None)),
        ("client", Wire::ReleaseNfsClient(pb::ReleaseNfsClient { client: short() })),
        ("duration_ms", grace(0)),
        ("duration_ms", grace(600_001)),
    ]
}

#[test]
fn what_servers_are_told_comes_back_as_it_was() {
    let (server, incarnation) = (ServerId::new(1), Incarnation::new(2));
    let to = Route { server, incarnation, connection: ConnectionId::new(3) };
    let (session, open, generation) = (SessionId::new(3), OpenId::new(9), Generation::new(7));
    let (connection, notice, name) = (to.connection, NoticeNumber::new(8), Arc::<str>::from("a/b"));
    let back = |effect| told(server, incarnation, delivery(9, &effect));

    let return_by = LogTime::from_millis(35_000);
    let recall = Recall { to, session, open, file: file(None), name: Arc::clone(&name), return_by, generation };
    let Some(Told::Recall(seen)) = back(Effect::Recall(recall.clone())) else { panic!("a recall is one on the wire") };
    assert_eq!(seen, recall);
    let gone = Effect::DelegationRevoked { to, session, open, file: file(None), generation, notice };
    let Some(Told::DelegationRevoked(seen)) = back(gone) else { panic!("a revocation is one on the wire") };
    assert_eq!(seen, DelegationRevoked { connection, session, open, file: file(None), generation, notice });
    let delete = Effect::Delete { to: server, incarnation, file: file(Some("s")), name: Arc::clone(&name) };
    let Some(Told::Delete(seen)) = back(delete) else { panic!("a deletion is one on the wire") };
    assert_eq!(seen, Deletion { file: file(Some("s")), name });
    let client = ClientGuid::from_u128(5);
    let Some(Told::Evicted(seen)) = back(Effect::Evicted { to, session, client }) else { panic!("an eviction is one on the wire") };
    assert_eq!(seen, Evicted { connection, session, client });
}

#[test]
fn what_an_older_client_does_not_know_is_none() {
    let nonsense = [
        pb::delivery::What::Recall(pb::Recall::default()),
        pb::delivery::What::Delete(pb::Delete::default()),
        pb::delivery::What::Evicted(pb::Evicted::default()),
        pb::delivery::What::DelegationRevoked(pb::DelegationRevoked::default()),
    ];
    for what in nonsense {
        let delivery = pb::Delivery { index: 1, what: Some(what.clone()) };
        assert!(told(ServerId::new(1), Incarnation::new(2), delivery).is_none(), "{what:?}");
    }
    let opened = pb::Opened { open: 1, delegation: 3, ..pb::Opened::default() };
    assert_eq!(answer_from(&pb::reply::Result::Opened(opened)), None);
    let whole = Outcome::Reconnected {
        open: OpenId::new(1),
        lease: None,
        oplock: OplockLevel::Batch,
        durable: Durable { v2: true, persistent: false, timeout: Duration::from_secs(60) },
        before: Box::new(OpenedAs {
            file: file(None),
            name: Arc::from("f"),
            access: Access(1),
            options: 0,
            action: CreateAction::Opened,
            position: 0,
        }),
    };
    let pb::reply::Result::Reconnected(whole) = answer(&Ok(whole)) else { panic!("another answer") };
    assert!(answer_from(&pb::reply::Result::Reconnected(whole.clone())).is_some());
    let unsaid = pb::OpenedAs { action: 0, ..whole.before.clone().expect("it is said") };
    for lacking in [
        pb::Reconnected { durable: None, ..whole.clone() },
        pb::Reconnected { before: None, ..whole.clone() },
        pb::Reconnected { before: Some(unsaid), ..whole },
    ] {
        assert_eq!(answer_from(&pb::reply::Result::Reconnected(lacking)), None);
    }
}
