//! One entry of the lease table, and who asked for it.

use lease::{Command, Entry, Incarnation, LogTime, NoticeNumber, Request, RequestId, Sequence, ServerId};

use super::command::CommandRecord;
use crate::codec::CodecError;

/// One entry of the lease table, as it is written.
#[derive(Clone, PartialEq, prost::Message)]
pub struct EntryRecord {
    /// Log time, milliseconds.
    #[prost(uint64, tag = "1")]
    pub at: u64,
    /// Who asked; absent for the cluster's own entries.
    #[prost(message, optional, tag = "2")]
    pub request: Option<RequestRecord>,
    /// What is asked.
    #[prost(
        oneof = "CommandRecord",
        tags = "16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45"
    )]
    pub command: Option<CommandRecord>,
}

/// The name of a request, and what its server still cares about, as it is written.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct RequestRecord {
    /// The server.
    #[prost(uint64, tag = "1")]
    pub server: u64,
    /// Its life.
    #[prost(uint64, tag = "2")]
    pub incarnation: u64,
    /// Which of its requests.
    #[prost(uint64, tag = "3")]
    pub sequence: u64,
    /// The lowest sequence that may still be retried.
    #[prost(uint64, tag = "4")]
    pub floor: u64,
    /// The highest notice that the server has.
    #[prost(uint64, tag = "5")]
    pub notices_seen: u64,
}

impl From<&Request> for RequestRecord {
    fn from(request: &Request) -> RequestRecord {
        let Request { id: RequestId { server, incarnation, sequence }, floor, notices_seen } = *request;
        RequestRecord {
            server: server.get(),
            incarnation: incarnation.get(),
            sequence: sequence.get(),
            floor: floor.get(),
            notices_seen: notices_seen.get(),
        }
    }
}

impl From<RequestRecord> for Request {
    fn from(record: RequestRecord) -> Request {
        let RequestRecord { server, incarnation, sequence, floor, notices_seen } = record;
        Request {
            id: RequestId {
                server: ServerId::new(server),
                incarnation: Incarnation::new(incarnation),
                sequence: Sequence::new(sequence),
            },
            floor: Sequence::new(floor),
            notices_seen: NoticeNumber::new(notices_seen),
        }
    }
}

impl From<&Entry> for EntryRecord {
    fn from(entry: &Entry) -> EntryRecord {
        let Entry { at, request, command } = entry;
        EntryRecord {
            at: at.as_millis(),
            request: request.as_ref().map(RequestRecord::from),
            command: Some(CommandRecord::from(command)),
        }
    }
}

impl TryFrom<EntryRecord> for Entry {
    type Error = CodecError;

    fn try_from(record: EntryRecord) -> Result<Entry, CodecError> {
        let EntryRecord { at, request, command } = record;
        // An unknown command of a newer version reads as none at all.
        let command = command.ok_or(CodecError::Missing("command"))?;
        Ok(Entry { at: LogTime::from_millis(at), request: request.map(Request::from), command: Command::try_from(command)? })
    }
}
