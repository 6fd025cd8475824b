//! A state machine without openraft, and short words to speak to it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use lease::{
    Access, Caching, ClientGuid, Command, ConnectionId, Entry, FileId, FileKey, Incarnation, LeaseKey, LeaseRequest, LogTime,
    NoticeNumber, Open, Request, RequestId, Sequence, ServerId, SessionId, Share, VolumeId,
};
use openraft::EntryPayload;
use openraft::vote::RaftLeaderId;

use crate::codec::entry::{BatchWriter, Check};
use crate::machine::{Machine, MachineConfig, Opened};
use crate::store::{SnapshotFile, SnapshotStore};
use crate::types::{Batch, ClusterId, LogEntry, LogId, NodeId, TypeConfig};

type LeaderId = openraft::type_config::alias::LeaderIdOf<TypeConfig>;

pub(super) const CLUSTER: ClusterId = ClusterId::from_bytes([7; 16]);
pub(super) const LIFE: Incarnation = Incarnation::new(1);

pub(super) fn log_id(index: u64) -> LogId {
    LogId::new(LeaderId::new(1, NodeId::new(1)).to_committed(), index)
}

pub(super) fn server(number: u64) -> ServerId {
    ServerId::new(number)
}

pub(super) fn request_id(server: u64, sequence: u64) -> RequestId {
    RequestId { server: ServerId::new(server), incarnation: LIFE, sequence: Sequence::new(sequence) }
}

/// Sends a snapshot to another node.
pub(super) fn transfer(file: &SnapshotFile, to: &SnapshotStore) -> SnapshotFile {
    let mut receiver = to.receive().expect("there is room");
    for chunk in file.chunks() {
        receiver.append(&chunk.expect("readable")).expect("there is room");
    }
    receiver.finish().expect("what was sent is whole")
}

/// A table in memory.
pub(super) async fn in_memory(config: MachineConfig) -> Opened {
    Machine::open(config, None, SnapshotStore::in_memory(CLUSTER), None).await.expect("nothing can fail in memory")
}

/// A state machine, the position in its log, and log time.
pub(super) struct Log {
    pub(super) next: u64,
    pub(super) now: u64,
    sequences: [u64; 8],
}

impl Log {
    pub(super) fn new() -> Log {
        Log { next: 1, now: 0, sequences: [0; 8] }
    }

    /// The entry for the next request of a server.
    pub(super) fn ask(&mut self, server: u64, command: Command) -> Entry {
        let slot = usize::try_from(server).expect("a small number");
        self.sequences[slot] += 1;
        let id = request_id(server, self.sequences[slot]);
        let request = Request { id, floor: Sequence::new(1), notices_seen: NoticeNumber::new(0) };
        Entry { at: LogTime::from_millis(self.now), request: Some(request), command }
    }

    /// The next Raft entry, with these in it.
    pub(super) fn entry(&mut self, check: Option<Check>, entries: &[Entry]) -> LogEntry {
        let mut writer = BatchWriter::new(check);
        for entry in entries {
            assert!(writer.push(entry).expect("small enough"));
        }
        self.raw(writer.finish())
    }

    pub(super) fn raw(&mut self, batch: Batch) -> LogEntry {
        let log_id = log_id(self.next);
        self.next += 1;
        LogEntry { log_id, payload: EntryPayload::Normal(batch) }
    }

    /// Everything up to two clients with a session each: client 1 on server 1 with session 1, client 2 on server 2 with session 2.
    pub(super) fn two_clients(&mut self) -> Vec<LogEntry> {
        let ttl = Duration::from_secs(600);
        let start = |client| Command::StartSession {
            client: client_guid(client),
            connection: ConnectionId::new(1),
            user: None,
            previous: None,
            id: None,
        };
        let entries = [
            self.ask(1, Command::StartServer { ttl }),
            self.ask(2, Command::StartServer { ttl }),
            self.ask(1, start(1)),
            self.ask(2, start(2)),
        ];
        entries.map(|entry| self.entry(None, &[entry])).into()
    }

    /// Client 1 opens the file under RWH; then client 2 opens it and is parked, since client 1 has to give up W.
    pub(super) fn conflict(&mut self) -> Vec<LogEntry> {
        let holder = self.ask(1, Command::Open(open(1, 1, Caching::RWH)));
        let opener = self.ask(2, Command::Open(open(2, 1, Caching::RWH)));
        vec![self.entry(None, &[holder]), self.entry(None, &[opener])]
    }

    /// Client 1 agrees to RH.
    pub(super) fn acknowledge(&mut self) -> LogEntry {
        let command = Command::Acknowledge { client: client_guid(1), key: key(1), state: Caching::RH.bits(), generation: None };
        let entry = self.ask(1, command);
        self.entry(None, &[entry])
    }
}

pub(super) fn client_guid(client: u64) -> ClientGuid {
    ClientGuid::from_u128(client.into())
}

pub(super) fn key(client: u64) -> LeaseKey {
    LeaseKey::from_u128(client.into())
}

/// An open by the client with the session of the same number.
pub(super) fn open(client: u64, file: u128, state: Caching) -> Open {
    Open {
        session: SessionId::new(client),
        file: FileKey { volume: VolumeId::new(1), file: FileId::from_u128(file), stream: None },
        name: Arc::from("report.doc"),
        access: Access(Access::READ_DATA | Access::WRITE_DATA),
        share: Share(7),
        lease: Some(LeaseRequest { key: key(client), state, v2: None }),
        ..Open::default()
    }
}

/// Feeds entries as openraft does: all that are ready at once.
pub(super) async fn feed(machine: &mut Machine, entries: impl IntoIterator<Item = LogEntry>) -> Result<(), io::Error> {
    let entries: Vec<_> = entries.into_iter().map(|entry| Ok((entry, None))).collect();
    machine.apply_ready(futures::stream::iter(entries)).await
}
