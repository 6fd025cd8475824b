//! Golden bytes of every command, and what must be refused.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use lease::{
    Access, ByteRange, Caching, ClientGuid, Command, ConnectionId, Disposition, Entry, Epoch, FileId, FileKey, Generation,
    Incarnation, LeaseKey, LeaseRequest, LeaseRequestV2, Lock, LockSequence, LogTime, NoticeNumber, Open, OpenId, Operation,
    RangeLock, Request, RequestId, Sequence, ServerId, SessionId, Settings, Share, ShareId, ShareSettings, Unlock, VolumeId,
};

use super::{BATCH_BYTES_MAX, BatchWriter, Check, Decoded, ENTRY_BYTES_MAX, decode_batch};
use crate::codec::CodecError;
use crate::types::Batch;

mod handles;

fn client() -> ClientGuid {
    ClientGuid::from_u128(0xc1)
}

fn key() -> LeaseKey {
    LeaseKey::from_u128(0x1e)
}

fn open() -> Open {
    Open {
        session: SessionId::new(17),
        file: FileKey { volume: VolumeId::new(1), file: FileId::from_u128(7), stream: Some(Arc::from("s")) },
        name: Arc::from("a.txt"),
        directory: true,
        access: Access(0x0012_019f),
        share: Share(7),
        disposition: Disposition::Supersede,
        parent: Some(folder()),
        created: true,
        delete_on_close: true,
        lease: Some(LeaseRequest {
            key: key(),
            state: Caching::RWH,
            v2: Some(LeaseRequestV2 { epoch: Epoch::new(9), parent: Some(LeaseKey::from_u128(2)) }),
        }),
        ..Open::default()
    }
}

/// A directory.
fn folder() -> FileId {
    FileId::from_bytes([0xdd; 16])
}

fn lock() -> Lock {
    let lock = |offset, length, exclusive| RangeLock { range: ByteRange::new(offset, length), exclusive };
    Lock {
        session: SessionId::new(17),
        open: OpenId::new(5),
        locks: vec![lock(1, 2, true), lock(u64::MAX, 1, false)],
        wait: true,
        sequence: LockSequence::new(64, 15),
        allocation: 4096,
    }
}

fn operate(operation: Operation) -> Command {
    Command::Operate { session: SessionId::new(17), open: OpenId::new(5), operation }
}

/// Every command once, with parameters that differ from the defaults.
fn commands() -> Vec<(Command, &'static str)> {
    vec![
        (Command::Tick, "820100"),
        (Command::Configure(Settings::default()), GOLDEN_SETTINGS),
        (Command::StartServer { ttl: Duration::from_secs(5) }, "90018827"),
        (Command::RenewServer, "9a0100"),
        (Command::StopServer, "a20100"),
        (
            Command::StartSession { client: client(), connection: ConnectionId::new(3), user: None, previous: None, id: None },
            "aa01140a10000000000000000000000000000000c11003",
        ),
        (Command::EndSession { session: SessionId::new(17) }, "b00111"),
        (Command::Disconnect { connection: ConnectionId::new(3) }, "b80103"),
        (Command::Open(open()), GOLDEN_OPEN),
        (Command::Close { session: SessionId::new(17), open: OpenId::new(5) }, "ca010408111005"),
        (operate(Operation::Read { range: None }), "f20108081110051a020801"),
        (operate(Operation::Write { range: None }), "f20108081110051a020802"),
        (operate(Operation::Read { range: Some(ByteRange::new(1, 2)) }), "f2010e081110051a0808011a0408011002"),
        (operate(Operation::Write { range: Some(ByteRange::new(0, 2)) }), "f2010c081110051a0608021a021002"),
        (
            Command::Lock(lock()),
            "820224081110051a06080110021801\
                                 1a0d08ffffffffffffffffff01100120012840300f388020",
        ),
        (Command::Lock(Lock { locks: Vec::new(), wait: false, sequence: None, allocation: 0, ..lock() }), "82020408111005"),
        (
            Command::Unlock(Unlock {
                session: SessionId::new(17),
                open: OpenId::new(5),
                ranges: vec![ByteRange::new(1, 2)],
                sequence: LockSequence::new(1, 0),
            }),
            "8a020c081110051a04080110022801",
        ),
        (operate(Operation::Resize { allocation: None }), "f20108081110051a020803"),
        (operate(Operation::Resize { allocation: Some(300) }), "f2010b081110051a05080330ac02"),
        (operate(Operation::Rename { name: Arc::from("b"), parent: None, replaces: None }), "f2010b081110051a050804120162"),
        (
            operate(Operation::Rename { name: Arc::from("b"), parent: Some(folder()), replaces: Some(folder()) }),
            "f2012f081110051a2908041201622210dddddddddddddddddddddddddddddddd2a10dddddddddddddddddddddddddddddddd",
        ),
        (operate(Operation::Link { parent: None }), "f20108081110051a020805"),
        (operate(Operation::Link { parent: Some(folder()) }), "f2011a081110051a1408052210dddddddddddddddddddddddddddddddd"),
        (operate(Operation::Dispose { delete: true }), "f20108081110051a020806"),
        (operate(Operation::Dispose { delete: false }), "f20108081110051a020807"),
        (operate(Operation::SetSecurity), "f20108081110051a020808"),
        (operate(Operation::SetAttributes), "f20108081110051a020809"),
        (operate(Operation::Use { position: None }), "f20108081110051a02080a"),
        (operate(Operation::Use { position: Some(300) }), "f2010b081110051a05080a38ac02"),
        (
            Command::Acknowledge { client: client(), key: key(), state: 3, generation: Some(Generation::new(2)) },
            "d201280a10000000000000000000000000000000c112100000000000000000000000000000001e18032002",
        ),
        (
            Command::AcknowledgeOplock {
                session: SessionId::new(17),
                open: OpenId::new(5),
                level: 1,
                generation: Some(Generation::new(2)),
            },
            "fa01080811100518012002",
        ),
    ]
    .into_iter()
    .chain(short_commands())
    .chain(handles::commands())
    .collect()
}

/// The rest of them.
fn short_commands() -> Vec<(Command, &'static str)> {
    vec![
        (
            Command::Release { client: client(), key: key() },
            "da01240a10000000000000000000000000000000c112100000000000000000000000000000001e",
        ),
        (Command::Cancel { sequence: Sequence::new(9) }, "e00109"),
        (
            Command::Undeliverable {
                connection: ConnectionId::new(3),
                client: client(),
                key: key(),
                generation: Generation::new(2),
            },
            "ea012808031210000000000000000000000000000000c11a100000000000000000000000000000001e2002",
        ),
    ]
}

/// The default settings.
const GOLDEN_SETTINGS: &str = "8a011a08b8910210a0fe0a18e0d40320b8910228e0d403380340e0a712";

/// The bytes of CREATE with everything that it can have.
const GOLDEN_OPEN: &str = "c2016e0811121708011210000000000000000000000000000000071a01731a05612e7478742001289f834830073803422a0a100000000000000000000000000000001e10071a1408091210000000000000000000000000000000025210dddddddddddddddddddddddddddddddd58016001";

fn request() -> Request {
    Request {
        id: RequestId { server: ServerId::new(4), incarnation: Incarnation::new(7), sequence: Sequence::new(9) },
        floor: Sequence::new(8),
        notices_seen: NoticeNumber::new(6),
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes everything");
        text
    })
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("two hexadecimal digits")).collect()
}

/// A batch of one entry without a request at time 0, so that the bytes are those of the command.
fn batch_of(command: &Command) -> Batch {
    let mut writer = BatchWriter::new(None);
    assert!(writer.push(&Entry { at: LogTime::ZERO, request: None, command: command.clone() }).unwrap());
    writer.finish()
}

#[test]
fn every_command_has_its_bytes_and_is_read_back() {
    for (command, golden) in commands() {
        let batch = batch_of(&command);
        // Version 1, then one entry with its length.
        let length = golden.len() / 2;
        let head = if length < 128 { format!("08011a{length:02x}") } else { format!("08011a{:02x}01", length & 0x7f | 0x80) };
        assert_eq!(hex(&batch.0), format!("{head}{golden}"), "{command:?}");
        let read = decode_batch(&batch).unwrap();
        assert_eq!(read.check, None);
        assert_eq!(read.entries, [Entry { at: LogTime::ZERO, request: None, command }]);
    }
}

#[test]
fn a_batch_carries_its_check_and_its_requests() {
    let check = Check { index: 4096, hash: 0x0123_4567_89ab_cdef_0011_2233_4455_6677 };
    let entry = Entry { at: LogTime::from_millis(300), request: Some(request()), command: Command::RenewServer };
    let mut writer = BatchWriter::new(Some(check));
    assert!(writer.push(&entry).unwrap());
    assert!(writer.push(&entry).unwrap());
    assert_eq!(writer.entries(), 2);
    let batch = writer.finish();
    let one = "1a1208ac02120a080410071809200828069a0100";
    assert_eq!(hex(&batch.0), format!("080112150880201210{}{one}{one}", "0123456789abcdef0011223344556677"));
    assert_eq!(decode_batch(&batch).unwrap(), Decoded { check: Some(check), entries: vec![entry.clone(), entry] });
}

#[test]
fn an_open_with_nothing_optional_is_read_back() {
    let plain = Open {
        file: FileKey { stream: None, ..open().file },
        name: Arc::from(""),
        directory: false,
        access: Access(0),
        share: Share(0),
        disposition: Disposition::Keep,
        parent: None,
        created: false,
        delete_on_close: false,
        lease: None,
        ..open()
    };
    let v1 = Open { lease: Some(LeaseRequest { key: key(), state: Caching::None, v2: None }), ..plain.clone() };
    for open in [plain, v1] {
        let command = Command::Open(open);
        assert_eq!(decode_batch(&batch_of(&command)).unwrap().entries[0].command, command);
    }
}

fn refusal(bytes: &[u8]) -> CodecError {
    decode_batch(&Batch(Bytes::copy_from_slice(bytes))).expect_err("must be refused")
}

#[test]
fn what_this_version_does_not_know_is_refused() {
    // A later version of the format, and none at all.
    assert!(matches!(refusal(&unhex("08021a03820100")), CodecError::Version { found: 2, supported: 1 }));
    assert!(matches!(refusal(&[]), CodecError::Version { found: 0, .. }));
    // A command with a number of a later version, which protobuf reads as no command.
    assert!(matches!(refusal(&unhex("08011a03f20300")), CodecError::Missing("command")));
    // Garbage, and an entry that is cut off.
    assert!(matches!(refusal(b"garbage"), CodecError::Malformed(_)));
    assert!(matches!(refusal(&unhex("08011a038201")), CodecError::Malformed(_)));
    // An id of 15 bytes.
    assert!(matches!(refusal(&unhex("08011a16aa01130a0f0000000000000000000000000000001003")), CodecError::Missing("client")));
}

#[test]
fn numbers_without_a_meaning_are_refused() {
    let good = hex(&batch_of(&Command::Open(open())).0);
    // The disposition and the state of the lease, given numbers that stand for nothing.
    for (from, to) in [("3803422a", "3804422a"), ("3803422a", "3800422a"), ("10071a14", "10061a14")] {
        assert_eq!(good.matches(from).count(), 1);
        let bad = good.replace(from, to);
        assert!(matches!(refusal(&unhex(&bad)), CodecError::Unknown { .. }), "{bad}");
    }
}

#[test]
fn a_lock_sequence_without_a_meaning_is_refused() {
    let good = hex(&batch_of(&Command::Lock(lock())).0);
    // Bucket 65, and a number of five bits.
    for (from, to) in [("2840300f", "2841300f"), ("2840300f", "28403010")] {
        assert_eq!(good.matches(from).count(), 1);
        assert!(matches!(refusal(&unhex(&good.replace(from, to))), CodecError::Unknown { .. }));
    }
}

#[test]
fn sizes_have_limits() {
    let named = |bytes: usize| Entry {
        at: LogTime::ZERO,
        request: Some(request()),
        command: Command::Open(Open { name: Arc::from("n".repeat(bytes)), ..open() }),
    };
    let mut writer = BatchWriter::new(None);
    assert!(matches!(writer.push(&named(ENTRY_BYTES_MAX)), Err(CodecError::TooLarge { what: "entry", .. })));
    // An entry that no longer fits is left for the next batch.
    let large = named(60 << 10);
    let mut fitted = 0;
    while writer.push(&large).unwrap() {
        fitted += 1;
    }
    let batch = writer.finish();
    assert!(batch.0.len() <= BATCH_BYTES_MAX && batch.0.len() > BATCH_BYTES_MAX - ENTRY_BYTES_MAX);
    assert_eq!(decode_batch(&batch).unwrap().entries.len(), fitted);

    let too_large = vec![0; BATCH_BYTES_MAX + 1];
    assert!(matches!(refusal(&too_large), CodecError::TooLarge { what: "batch", .. }));
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        drop(decode_batch(&Batch(Bytes::from(bytes))));
    }

    #[test]
    fn a_flipped_bit_is_refused_or_reads_as_something_that_is_written_alike(at in 0_usize..200, bit in 0_u8..8) {
        let mut bytes = batch_of(&Command::Open(open())).0.to_vec();
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        if let Ok(Decoded { check, entries }) = decode_batch(&Batch(Bytes::from(bytes))) {
            let mut writer = BatchWriter::new(check);
            for entry in &entries {
                proptest::prop_assert!(writer.push(entry).unwrap());
            }
            proptest::prop_assert_eq!(decode_batch(&writer.finish()).unwrap(), Decoded { check, entries });
        }
    }
}

/// As many settings as there can be fit in an entry.
#[test]
fn the_most_settings_fit_in_an_entry() {
    let most = Duration::from_secs(3600);
    let share = ShareSettings {
        force_level2_oplock: true,
        restrict_exclusive_opens: true,
        force_shared_delete: true,
        continuously_available: true,
        scale_out: true,
        stages_share_epoch: true,
        break_timeout: Some(most),
        persistent_lease_break_timeout: Some(most),
        persistent_oplock_break_timeout: Some(most),
        durable_timeout: Some(most),
    };
    let ids = (0..).map(|number| ShareId::new(u64::MAX - number)).take(lease::limits::SHARES_MAX);
    let settings = Settings { shares: ids.map(|id| (id, share.clone())).collect(), ..Settings::default() };
    let command = Command::Configure(settings);
    assert_eq!(decode_batch(&batch_of(&command)).unwrap().entries[0].command, command);
}
