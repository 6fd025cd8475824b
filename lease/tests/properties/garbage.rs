//! Entries that no server would send: every field at random, from few values so that they meet, and now and then from all.

use std::sync::Arc;
use std::time::Duration;

use lease::{
    Access, ByteRange, Caching, ClientGuid, Command, ConnectionId, Disposition, Entry, Epoch, FileId, FileKey, Generation,
    Incarnation, LeaseKey, LeaseRequest, LeaseRequestV2, Lock, LockSequence, LogTime, NoticeNumber, Open, OpenId, Operation,
    OplockLevel, RangeLock, Reconnect, Request, RequestId, Sequence, ServerId, SessionId, Share, State, Unlock, VolumeId,
};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::foreign;
use crate::handles;
use crate::seen::try_all;
use crate::settings::settings;
use crate::snapshot::Applier;

fn number() -> BoxedStrategy<u64> {
    prop_oneof![40 => 0..4_u64, 1 => any::<u64>(), 1 => Just(u64::MAX)].boxed()
}

fn key() -> impl Strategy<Value = LeaseKey> {
    (0..3_u128).prop_map(LeaseKey::from_u128)
}

fn client() -> impl Strategy<Value = ClientGuid> {
    (0..3_u128).prop_map(ClientGuid::from_u128)
}

/// Files, of which the last are directories, and lie in each other now and then.
const FILES: u128 = 4;
const FIRST_DIRECTORY: u128 = 2;

fn parent() -> impl Strategy<Value = Option<FileId>> {
    prop::option::weighted(0.7, (FIRST_DIRECTORY..FILES).prop_map(FileId::from_u128))
}

fn file() -> BoxedStrategy<FileKey> {
    let file = prop_oneof![6 => 0..FIRST_DIRECTORY, 1 => FIRST_DIRECTORY..FILES];
    (prop::bool::weighted(0.1), file, prop::option::weighted(0.1, "[a-z:/\u{e4}]{0,3}"))
        .prop_map(|(other, file, stream)| FileKey {
            volume: VolumeId::new(u64::from(other)),
            file: FileId::from_u128(file),
            stream: stream.map(Arc::from),
        })
        .boxed()
}

fn caching() -> impl Strategy<Value = Caching> {
    (0..16_u32).prop_map(Caching::requested)
}

fn lease_request() -> BoxedStrategy<LeaseRequest> {
    let v2 =
        (any::<u16>(), prop::option::of(key())).prop_map(|(epoch, parent)| LeaseRequestV2 { epoch: Epoch::new(epoch), parent });
    (key(), caching(), prop::option::of(v2)).prop_map(|(key, state, v2)| LeaseRequest { key, state, v2 }).boxed()
}

/// A legacy oplock.
pub(crate) fn level() -> BoxedStrategy<OplockLevel> {
    prop_oneof![Just(OplockLevel::LevelII), Just(OplockLevel::Exclusive), Just(OplockLevel::Batch)].boxed()
}

fn open() -> BoxedStrategy<Command> {
    let access = prop_oneof![20 => Just(0x001f_01ff_u32), 5 => Just(0x1), 5 => Just(0x80), 1 => any::<u32>()];
    let share = prop_oneof![20 => Just(7_u8), 4 => 0..8_u8, 1 => any::<u8>()];
    let disposition = prop_oneof![Just(Disposition::Keep), Just(Disposition::Overwrite), Just(Disposition::Supersede)];
    let name = prop_oneof![60 => Just("name".to_owned()), 1 => Just(String::new()), 1 => Just("x".repeat(3000))];
    let odd = || prop::bool::weighted(0.02);
    let oplock = prop_oneof![4 => Just(OplockLevel::None), 1 => level()];
    let lease = prop_oneof![1 => Just(None), 3 => lease_request().prop_map(Some)];
    let marks = (prop::bool::weighted(0.05), prop::bool::weighted(0.05));
    let nfs = (foreign::delegation(), prop::bool::weighted(0.02));
    (number(), file(), name, odd(), access, share, disposition, parent(), marks, lease, (oplock, nfs))
        .prop_map(|(session, file, name, odd, access, share, disposition, parent, (created, delete_on_close), lease, more)| {
            let (oplock, (delegation, reclaim)) = more;
            let directory = (u128::from_be_bytes(file.file.to_bytes()) >= FIRST_DIRECTORY) != odd;
            Command::Open(Open {
                session: SessionId::new(session),
                file,
                name: name.into(),
                directory,
                parent,
                created,
                delete_on_close,
                access: Access(access),
                share: Share(share),
                disposition,
                lease: lease.filter(|_| delegation.is_none()),
                oplock: if delegation.is_none() { oplock } else { OplockLevel::None },
                delegation,
                reclaim,
                ..Open::default()
            })
        })
        .boxed()
}

/// Few ranges, so that they meet, and those at the end of all.
pub(crate) fn range() -> BoxedStrategy<ByteRange> {
    let offset = prop_oneof![16 => 0..3_u64, 1 => u64::MAX - 3..=u64::MAX];
    let length = prop_oneof![16 => 0..4_u64, 1 => u64::MAX - 3..=u64::MAX];
    let any = (offset, length).prop_map(|(offset, length)| ByteRange { offset, length });
    prop_oneof![1 => Just(ByteRange::new(1, 2)), 1 => any].boxed()
}

pub(crate) fn range_lock() -> impl Strategy<Value = RangeLock> {
    (range(), any::<bool>()).prop_map(|(range, exclusive)| RangeLock { range, exclusive })
}

/// Mostly one, and now and then none or several.
pub(crate) fn locks() -> BoxedStrategy<Vec<RangeLock>> {
    prop_oneof![8 => vec(range_lock(), 1), 2 => vec(range_lock(), 0..4)].boxed()
}

pub(crate) fn allocation() -> BoxedStrategy<u64> {
    prop_oneof![Just(0), 0..6_u64, Just(u64::MAX)].boxed()
}

fn lock() -> BoxedStrategy<Command> {
    let sequence = || prop::option::of((0..4_u32, 0..3_u32)).prop_map(|of| of.and_then(|(b, n)| LockSequence::new(b, n)));
    let session = || (1..4_u64, 1..7_u64).prop_map(|(session, open)| (SessionId::new(session), OpenId::new(open)));
    let ranges = prop_oneof![8 => vec(range(), 1), 1 => vec(range(), 0..4)];
    prop_oneof![
        1 => (session(), locks(), any::<bool>(), sequence(), allocation()).prop_map(
            |((session, open), locks, wait, sequence, allocation)| {
                Command::Lock(Lock { session, open, locks, wait, sequence, allocation })
            }
        ),
        1 => (session(), ranges, sequence())
            .prop_map(|((session, open), ranges, sequence)| Command::Unlock(Unlock { session, open, ranges, sequence })),
    ]
    .boxed()
}

/// Everything that can be done through an open, data more often than the rest.
pub(crate) fn operation() -> BoxedStrategy<Operation> {
    prop_oneof![
        3 => prop::option::of(range()).prop_map(|range| Operation::Read { range }),
        3 => prop::option::of(range()).prop_map(|range| Operation::Write { range }),
        1 => prop::option::of(allocation()).prop_map(|allocation| Operation::Resize { allocation }),
        2 => (parent(), prop::option::weighted(0.3, (0..FILES).prop_map(FileId::from_u128)))
            .prop_map(|(parent, replaces)| Operation::Rename { name: "other".into(), parent, replaces }),
        1 => parent().prop_map(|parent| Operation::Link { parent }),
        1 => Just(Operation::Dispose { delete: true }),
        1 => Just(Operation::Dispose { delete: false }),
        1 => Just(Operation::SetSecurity),
        2 => Just(Operation::SetAttributes),
        1 => prop::option::of(any::<u64>()).prop_map(|position| Operation::Use { position }),
    ]
    .boxed()
}

fn command() -> BoxedStrategy<Command> {
    let connection = || number().prop_map(ConnectionId::new);
    let span =
        || prop_oneof![6 => (0..100_000_u64).prop_map(Duration::from_millis), 1 => Just(Duration::MAX), 1 => Just(Duration::ZERO)];
    prop_oneof![
        2 => Just(Command::Tick),
        2 => settings(&span().boxed()).prop_map(Command::Configure),
        1 => span().prop_map(|ttl| Command::StartServer { ttl }),
        3 => Just(Command::RenewServer),
        1 => Just(Command::StopServer),
        4 => (client(), connection()).prop_map(|(client, connection)| Command::StartSession { client, connection, user: None, previous: None, id: None }),
        1 => number().prop_map(|session| Command::EndSession { session: SessionId::new(session) }),
        1 => connection().prop_map(|connection| Command::Disconnect { connection }),
        60 => handles::kept(open()),
        16 => handles::command(&file(), &lease_request()),
        16 => (1..4_u64, 1..12_u64).prop_map(|(session, open)| Command::Close {
            session: SessionId::new(session),
            open: OpenId::new(open),
        }),
        12 => (1..4_u64, 1..12_u64, operation()).prop_map(|(session, open, operation)| Command::Operate {
            session: SessionId::new(session),
            open: OpenId::new(open),
            operation,
        }),
        20 => lock(),
        20 => foreign::command(&file(), &parent().boxed()),
        24 => (client(), key(), prop_oneof![1 => Just(0_u32), 2 => 0..16_u32], prop::option::weighted(0.3, number())).prop_map(|(client, key, state, generation)| {
            Command::Acknowledge { client, key, state, generation: generation.map(Generation::new) }
        }),
        6 => (1..4_u64, 1..12_u64, prop_oneof![4 => 0..2_u8, 2 => any::<u8>()]).prop_map(|(session, open, level)| {
            Command::AcknowledgeOplock { session: SessionId::new(session), open: OpenId::new(open), level, generation: None }
        }),
        2 => (client(), key()).prop_map(|(client, key)| Command::Release { client, key }),
        2 => (0..40_u64).prop_map(|sequence| Command::Cancel { sequence: Sequence::new(sequence) }),
        1 => (connection(), client(), key(), number()).prop_map(|(connection, client, key, generation)| Command::Undeliverable {
            connection,
            client,
            key,
            generation: Generation::new(generation),
        }),
    ]
    .boxed()
}

fn entry() -> BoxedStrategy<Entry> {
    // A leap of time ends every life: rarely, or there would be nothing left to look at.
    let at = prop_oneof![500 => 0..60_000_u64, 1 => any::<u64>()];
    let sequence = || prop_oneof![12 => 0..100_000_u64, 2 => 0..20_u64, 1 => any::<u64>()];
    let request = (0..3_u64, prop_oneof![12 => Just(1_u64), 1 => number()], sequence(), 0..6_u64, number()).prop_map(
        |(server, incarnation, sequence, floor, seen)| Request {
            id: RequestId {
                server: ServerId::new(server),
                incarnation: Incarnation::new(incarnation),
                sequence: Sequence::new(sequence),
            },
            floor: Sequence::new(floor),
            notices_seen: NoticeNumber::new(seen),
        },
    );
    // Whether a command has a request does not depend on what it is, but for an operator's.
    (at, prop::option::weighted(0.97, request), command(), prop::bool::weighted(0.9))
        .prop_map(|(at, mut request, command, own)| {
            if let (
                Some(request),
                true,
                Command::Open(Open { session, .. })
                | Command::Close { session, .. }
                | Command::Operate { session, .. }
                | Command::Reconnect(Reconnect { session, .. })
                | Command::MakeResilient { session, .. }
                | Command::Lock(Lock { session, .. })
                | Command::ReturnDelegation { session, .. }
                | Command::Unlock(Unlock { session, .. }),
            ) = (&mut request, own, &command)
            {
                // Sessions one to three are of servers zero to two, as it begins.
                request.id.server = ServerId::new(session.get().wrapping_sub(1) % 3);
            }
            if own && matches!(command, Command::BreakLease { .. } | Command::Evict { .. }) {
                request = None;
            }
            Entry { at: LogTime::from_millis(at), request, command }
        })
        .boxed()
}

/// The servers and sessions that the small numbers name, so that not everything is refused at the door.
fn beginning() -> Vec<Entry> {
    let request = |server: u64, sequence: u64| {
        Some(Request {
            id: RequestId { server: ServerId::new(server), incarnation: Incarnation::new(1), sequence: Sequence::new(sequence) },
            floor: Sequence::new(0),
            notices_seen: NoticeNumber::new(0),
        })
    };
    let mut entries = Vec::new();
    for server in 0..3 {
        let ttl = Duration::from_secs(600);
        entries.push(Entry { at: LogTime::ZERO, request: request(server, 1000), command: Command::StartServer { ttl } });
        let command = Command::StartSession {
            client: ClientGuid::from_u128(u128::from(server)),
            connection: ConnectionId::new(server),
            user: None,
            previous: None,
            id: None,
        };
        entries.push(Entry { at: LogTime::ZERO, request: request(server, 1001), command });
    }
    entries
}

/// What garbage has to come across now and then: it is not all refused at the door.
const ABOUT: [&str; 36] = [
    "Alive",
    "Stopped",
    "SessionStarted",
    "SessionEnded",
    "Disconnected",
    "Opened",
    "Closed",
    "Clear",
    "Acknowledged",
    "Released",
    "Cancelled",
    "Noted",
    "parked",
    "break",
    "notice",
    "oplock notice",
    "no: StaleIncarnation",
    "no: Forgotten",
    "no: NoSuchSession",
    "no: NoSuchOpen",
    "no: NoSuchLease",
    "no: NotBreaking",
    "no: SharingViolation",
    "no: KeyOnOtherFile",
    "no: InvalidParameter",
    "no: LimitReached",
    "Locked",
    "no: LockNotGranted",
    "no: RangeNotLocked",
    "Unlocked",
    "GraceDeclared",
    "GraceEnded",
    "NfsClientReleased",
    "recall",
    "no: Grace",
    "no: NoGrace",
];

/// Nothing that can be entered makes the table panic, breaks an invariant, or makes two tables differ.
#[test]
fn nothing_is_too_odd() {
    try_all(&vec(entry(), 1..170), file!(), &ABOUT, |entries| {
        let mut state = State::new();
        let mut twin = State::new();
        let mut applier = Applier::default();
        for entry in beginning().iter().chain(entries) {
            let effects = applier.apply(&mut state, entry);
            assert_eq!(twin.apply(entry), effects);
            assert_eq!(twin.hash(), state.hash());
            for server in state.servers().map(|server| (server.id, server.incarnation)).collect::<Vec<_>>() {
                assert_eq!(twin.outstanding(server.0, server.1), state.outstanding(server.0, server.1));
            }
        }
        applier.seen
    });
}
