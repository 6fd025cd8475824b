//! Golden bytes of what durable handles, delegations, clients of NFS and operators bring.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use lease::{
    AppInstance, AppInstanceId, AppInstanceVersion, ByteRange, Caching, Command, ConnectionId, CreateGuid, Delegation,
    DurableRequest, FileKey, ForeignAccess, LeaseRequest, NfsClient, NfsLock, NfsOwner, NfsOwnerId, NfsUnlock, Open, OpenId,
    Operation, RangeLock, Reconnect, SessionId, Settings, ShareId, ShareSettings, VolumeId,
};

use super::{batch_of, client, folder, hex, key, open, refusal, unhex};
use crate::codec::CodecError;
use crate::codec::entry::foreign::{ForeignAccessRecord, NfsLockRecord};
use crate::codec::entry::handle::{AppRecord, ReconnectRecord};
use crate::codec::entry::operation::OperateRecord;

fn guid() -> CreateGuid {
    CreateGuid::from_bytes([0xaa; 16])
}

fn nfs() -> NfsClient {
    NfsClient::from_bytes([0xcc; 16])
}

fn file() -> FileKey {
    FileKey { stream: None, ..open().file }
}

/// An open that asks for nothing but has everything new in it.
fn new_open(durable: DurableRequest, version: Option<AppInstanceVersion>) -> Open {
    Open {
        session: SessionId::new(17),
        file: file(),
        delegation: Some(Delegation::Write),
        share_id: ShareId::new(3),
        options: 0x40,
        durable: Some(durable),
        replay: true,
        app: Some(AppInstance { id: AppInstanceId::from_bytes([0xbb; 16]), version }),
        reclaim: true,
        ..Open::default()
    }
}

fn lock() -> NfsLock {
    NfsLock {
        file: file(),
        name: Arc::from("a"),
        owner: NfsOwner { client: nfs(), owner: NfsOwnerId::from_bytes([0xdd; 16]) },
        lock: RangeLock { range: ByteRange::new(1, 2), exclusive: true },
        wait: true,
        reclaim: true,
        allocation: 4096,
    }
}

fn access() -> ForeignAccess {
    ForeignAccess { file: file(), parent: Some(folder()), operation: Operation::SetAttributes }
}

/// Of shares, one with everything and one with nothing.
fn settings() -> Settings {
    let all = ShareSettings {
        force_level2_oplock: true,
        restrict_exclusive_opens: true,
        force_shared_delete: true,
        continuously_available: true,
        scale_out: true,
        stages_share_epoch: true,
        break_timeout: Some(Duration::from_millis(1)),
        persistent_lease_break_timeout: Some(Duration::from_millis(2)),
        persistent_oplock_break_timeout: Some(Duration::from_millis(3)),
        durable_timeout: Some(Duration::from_millis(4)),
    };
    let shares = BTreeMap::from([(ShareId::new(1), all), (ShareId::new(300), ShareSettings::default())]);
    Settings { shares, ..Settings::default() }
}

fn start() -> Command {
    Command::StartSession {
        client: client(),
        connection: ConnectionId::new(3),
        user: Some(Arc::from("S-1")),
        previous: Some(SessionId::new(16)),
        id: Some(SessionId::CHOSEN_MIN),
    }
}

/// Each once, with parameters that differ from the defaults.
pub(super) fn commands() -> Vec<(Command, &'static str)> {
    let v2 = DurableRequest::V2 { create_guid: guid(), timeout: Duration::from_secs(300), persistent: true };
    let (session, open) = (SessionId::new(17), OpenId::new(5));
    let renamed = Operation::Rename { name: Arc::from("b"), parent: None, replaces: Some(folder()) };
    vec![
        (start(), "aa01260a10000000000000000000000000000000c110031a03532d3120102880808080808080808001"),
        (
            Command::Configure(settings()),
            "8a012d08b8910210a0fe0a18e0d40320b8910228e0d403320c0801103f1801200228033004320308ac02380340e0a712",
        ),
        (
            Command::Open(new_open(DurableRequest::V1, None)),
            "c2013e08111214080112100000000000000000000000000000000738016802700378408201008801019201120a10bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb980101",
        ),
        (
            Command::Open(Open { only_replay: true, ..new_open(DurableRequest::V1, None) }),
            "c2014108111214080112100000000000000000000000000000000738016802700378408201008801019201120a10bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb980101a00101",
        ),
        (
            Command::Open(new_open(v2, Some(AppInstanceVersion { high: 1, low: 2 }))),
            "c2015c08111214080112100000000000000000000000000000000738016802700378408201180a10aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa10e0a71218018801019201180a10bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb120408011002980101",
        ),
        (
            Command::Reconnect(reconnect()),
            "920242081110051a1408011210000000000000000000000000000000072210aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa280132120a100000000000000000000000000000001e",
        ),
        (
            Command::Reconnect(Reconnect {
                open: None,
                file: None,
                create_guid: None,
                persistent: false,
                lease: None,
                ..reconnect()
            }),
            "9202020811",
        ),
        (Command::MakeResilient { session, open, timeout: Duration::from_secs(300) }, "9a02080811100518e0a712"),
        (Command::Deleted { file: file() }, "a202140801121000000000000000000000000000000007"),
        (Command::ReturnDelegation { session, open }, "aa020408111005"),
        (
            Command::ForeignAccess(access()),
            "b2022c0a1408011210000000000000000000000000000000071210dddddddddddddddddddddddddddddddd1a020809",
        ),
        (
            Command::ForeignAccess(ForeignAccess { parent: None, operation: renamed, ..access() }),
            "b2022f0a1408011210000000000000000000000000000000071a1708041201622a10dddddddddddddddddddddddddddddddd",
        ),
        (
            Command::NfsLock(lock()),
            "ba024c0a1408011210000000000000000000000000000000071201611a10cccccccccccccccccccccccccccccccc2210dddddddddddddddddddddddddddddddd2a0608011002180130013801408020",
        ),
        (
            Command::NfsUnlock(NfsUnlock { file: file(), owner: lock().owner, range: ByteRange::new(1, 2) }),
            "c202400a1408011210000000000000000000000000000000071a10cccccccccccccccccccccccccccccccc2210dddddddddddddddddddddddddddddddd2a0408011002",
        ),
        (Command::ReleaseNfsClient { client: nfs() }, "ca0210cccccccccccccccccccccccccccccccc"),
        (Command::DeclareGrace { volume: VolumeId::new(1), duration: Duration::from_secs(90) }, "d2020608011090bf05"),
        (Command::EndGrace { volume: VolumeId::new(1) }, "d80201"),
        (
            Command::BreakLease { client: client(), key: key(), into: Caching::RH },
            "e202260a10000000000000000000000000000000c112100000000000000000000000000000001e1803",
        ),
        (Command::Evict { client: client() }, "ea0210000000000000000000000000000000c1"),
    ]
}

fn reconnect() -> Reconnect {
    Reconnect {
        session: SessionId::new(17),
        open: Some(OpenId::new(5)),
        file: Some(file()),
        create_guid: Some(guid()),
        persistent: true,
        lease: Some(LeaseRequest { key: key(), state: Caching::None, v2: None }),
    }
}

#[test]
fn numbers_without_a_meaning_are_refused() {
    let open = new_open(DurableRequest::V1, None);
    let broken = Command::BreakLease { client: client(), key: key(), into: Caching::RH };
    let cases = [
        // A delegation of no kind, a flag of a share of none, W and H without R, and an operation that there is not.
        (Command::Open(open), "6802", "6803"),
        (Command::Configure(settings()), "103f", "107f"),
        (broken, "1e1803", "1e1806"),
        (Command::ForeignAccess(access()), "1a020809", "1a02080b"),
    ];
    for (command, from, to) in cases {
        let good = hex(&batch_of(&command).0);
        assert_eq!(good.matches(from).count(), 1, "{good}");
        assert!(matches!(refusal(&unhex(&good.replace(from, to))), CodecError::Unknown { .. }), "{command:?}");
    }
}

#[test]
fn what_every_version_writes_must_be_there() {
    let short = Bytes::from_static(&[0xcc; 15]);
    let foreign = ForeignAccessRecord { operation: None, ..(&access()).into() };
    assert!(matches!(ForeignAccess::try_from(foreign), Err(CodecError::Missing("operation"))));
    let locked = || NfsLockRecord::from(&lock());
    assert!(matches!(NfsLock::try_from(NfsLockRecord { file: None, ..locked() }), Err(CodecError::Missing("file"))));
    assert!(matches!(NfsLock::try_from(NfsLockRecord { range: None, ..locked() }), Err(CodecError::Missing("range"))));
    assert!(matches!(NfsUnlock::try_from(NfsLockRecord { range: None, ..locked() }), Err(CodecError::Missing("range"))));
    assert!(matches!(
        NfsUnlock::try_from(NfsLockRecord { client: short.clone(), ..locked() }),
        Err(CodecError::Missing("NFS client"))
    ));
    assert!(matches!(
        NfsLock::try_from(NfsLockRecord { owner: short.clone(), ..locked() }),
        Err(CodecError::Missing("lock owner"))
    ));
    let guidless = ReconnectRecord { create_guid: Some(short.clone()), ..(&reconnect()).into() };
    assert!(matches!(Reconnect::try_from(guidless), Err(CodecError::Missing("CreateGuid"))));
    let nameless = AppRecord { id: short, version: None };
    assert!(matches!(AppInstance::try_from(nameless), Err(CodecError::Missing("application"))));
    let operate = OperateRecord { session: 17, open: 5, operation: None };
    assert!(matches!(Command::try_from(operate), Err(CodecError::Missing("operation"))));
}
