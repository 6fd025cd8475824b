//! What nodes say to each other about the log and about elections.

use bytes::Bytes;
use prost::Message;

use super::error::CodecError;
use super::ids::{LogIdRecord, VoteRecord};
use super::membership::MembershipRecord;
use crate::types::{Batch, LogEntry, LogId, TypeConfig, Vote};

type AppendRequest = openraft::raft::AppendEntriesRequest<TypeConfig>;
type AppendResult = openraft::raft::StreamAppendResult<TypeConfig>;
type AppendError = openraft::raft::StreamAppendError<TypeConfig>;
type VoteRequest = openraft::raft::VoteRequest<TypeConfig>;
type VoteResponse = openraft::raft::VoteResponse<TypeConfig>;
type TransferRequest = openraft::raft::TransferLeaderRequest<TypeConfig>;
type TransferResponse = openraft::raft::TransferLeaderResponse<TypeConfig>;
type TransferError = openraft::raft::TransferLeaderError<TypeConfig>;
type Payload = openraft::EntryPayload<Batch, crate::types::NodeId, crate::types::Member>;

/// One log entry on its way. Blank if it has neither content.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct EntryRecord {
    #[prost(message, optional, tag = "1")]
    id: Option<LogIdRecord>,
    #[prost(bytes = "bytes", optional, tag = "2")]
    batch: Option<Bytes>,
    #[prost(message, optional, tag = "3")]
    membership: Option<MembershipRecord>,
}

/// Entries to append, or none for a heartbeat.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct AppendRecord {
    #[prost(message, optional, tag = "1")]
    vote: Option<VoteRecord>,
    #[prost(message, optional, tag = "2")]
    previous: Option<LogIdRecord>,
    #[prost(message, optional, tag = "3")]
    committed: Option<LogIdRecord>,
    #[prost(message, repeated, tag = "4")]
    entries: Vec<EntryRecord>,
}

/// What became of an append: matched up to an entry (or to nothing at all), unless there is a conflict or a higher vote.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct AppendedRecord {
    #[prost(message, optional, tag = "1")]
    matched: Option<LogIdRecord>,
    #[prost(message, optional, tag = "2")]
    conflict: Option<LogIdRecord>,
    #[prost(message, optional, tag = "3")]
    higher: Option<VoteRecord>,
}

/// A candidate's request, for a vote and for a pre-vote.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct CanvassRecord {
    #[prost(message, optional, tag = "1")]
    vote: Option<VoteRecord>,
    #[prost(message, optional, tag = "2")]
    last: Option<LogIdRecord>,
    #[prost(bool, tag = "3")]
    transfer: bool,
}

/// The answer to a candidate.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct BallotRecord {
    #[prost(message, optional, tag = "1")]
    vote: Option<VoteRecord>,
    #[prost(message, optional, tag = "2")]
    last: Option<LogIdRecord>,
    #[prost(bool, tag = "3")]
    granted: bool,
}

/// Leadership is handed over.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct HandoverRecord {
    #[prost(message, optional, tag = "1")]
    from: Option<VoteRecord>,
    #[prost(uint64, tag = "2")]
    to: u64,
    #[prost(message, optional, tag = "3")]
    last: Option<LogIdRecord>,
}

/// Whether it was taken: not, if the vote or the log is not what the leader expected.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct TakenRecord {
    #[prost(message, optional, tag = "1")]
    expected_vote: Option<VoteRecord>,
    #[prost(message, optional, tag = "2")]
    actual_vote: Option<VoteRecord>,
    #[prost(bool, tag = "3")]
    log_not_flushed: bool,
    #[prost(message, optional, tag = "4")]
    expected_log: Option<LogIdRecord>,
    #[prost(message, optional, tag = "5")]
    actual_log: Option<LogIdRecord>,
}

/// The leader's vote: the head of a snapshot, and the answer to one.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct SnapshotVoteRecord {
    #[prost(message, optional, tag = "1")]
    vote: Option<VoteRecord>,
}

/// Up to where a reader must have applied.
#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct ReadIndexRecord {
    #[prost(uint64, tag = "1")]
    pub(crate) index: u64,
}

/// A message between nodes, as bytes and back.
pub(crate) trait PeerMessage: Sized {
    /// The bytes.
    fn encode(&self) -> Bytes;
    /// The message, if the bytes are one.
    fn decode(bytes: Bytes) -> Result<Self, CodecError>;
}

fn vote(record: Option<VoteRecord>) -> Result<Vote, CodecError> {
    record.map(Vote::from).ok_or(CodecError::Missing("vote"))
}

fn log_id(record: Option<LogIdRecord>) -> Option<LogId> {
    record.map(LogId::from)
}

fn log_id_record(id: Option<&LogId>) -> Option<LogIdRecord> {
    id.map(LogIdRecord::from)
}

impl From<&LogEntry> for EntryRecord {
    fn from(entry: &LogEntry) -> EntryRecord {
        let LogEntry { log_id, payload } = entry;
        let (batch, membership) = match payload {
            Payload::Blank => (None, None),
            Payload::Normal(Batch(bytes)) => (Some(bytes.clone()), None),
            Payload::Membership(membership) => (None, Some(MembershipRecord::from(membership))),
        };
        EntryRecord { id: Some(LogIdRecord::from(log_id)), batch, membership }
    }
}

impl EntryRecord {
    fn into_entry(self) -> Result<LogEntry, CodecError> {
        let EntryRecord { id, batch, membership } = self;
        let log_id = log_id(id).ok_or(CodecError::Missing("log id"))?;
        let payload = match (batch, membership) {
            (None, None) => Payload::Blank,
            (Some(bytes), None) => Payload::Normal(Batch(bytes)),
            (None, Some(membership)) => Payload::Membership(membership.try_into()?),
            (Some(_), Some(_)) => return Err(CodecError::Inconsistent("an entry with two contents".to_owned())),
        };
        Ok(LogEntry { log_id, payload })
    }
}

impl PeerMessage for AppendRequest {
    fn encode(&self) -> Bytes {
        let AppendRequest { vote, prev_log_id, entries, leader_commit } = self;
        let record = AppendRecord {
            vote: Some(VoteRecord::from(vote)),
            previous: log_id_record(prev_log_id.as_ref()),
            committed: log_id_record(leader_commit.as_ref()),
            entries: entries.iter().map(EntryRecord::from).collect(),
        };
        record.encode_to_vec().into()
    }

    fn decode(bytes: Bytes) -> Result<AppendRequest, CodecError> {
        let AppendRecord { vote: by, previous, committed, entries } = AppendRecord::decode(bytes)?;
        Ok(AppendRequest {
            vote: vote(by)?,
            prev_log_id: log_id(previous),
            entries: entries.into_iter().map(EntryRecord::into_entry).collect::<Result<_, _>>()?,
            leader_commit: log_id(committed),
        })
    }
}

impl PeerMessage for AppendResult {
    fn encode(&self) -> Bytes {
        let mut record = AppendedRecord::default();
        match self {
            Ok(matched) => record.matched = log_id_record(matched.as_ref()),
            Err(AppendError::Conflict(at)) => record.conflict = Some(LogIdRecord::from(at)),
            Err(AppendError::HigherVote(vote)) => record.higher = Some(VoteRecord::from(vote)),
        }
        record.encode_to_vec().into()
    }

    fn decode(bytes: Bytes) -> Result<AppendResult, CodecError> {
        let AppendedRecord { matched, conflict, higher } = AppendedRecord::decode(bytes)?;
        Ok(match (conflict, higher) {
            (None, None) => Ok(log_id(matched)),
            (Some(at), None) => Err(AppendError::Conflict(at.into())),
            (None, Some(vote)) => Err(AppendError::HigherVote(vote.into())),
            (Some(_), Some(_)) => return Err(CodecError::Inconsistent("an append with two results".to_owned())),
        })
    }
}

impl PeerMessage for VoteRequest {
    fn encode(&self) -> Bytes {
        let VoteRequest { vote, last_log_id, leadership_transfer } = self;
        let record = CanvassRecord {
            vote: Some(VoteRecord::from(vote)),
            last: log_id_record(last_log_id.as_ref()),
            transfer: *leadership_transfer,
        };
        record.encode_to_vec().into()
    }

    fn decode(bytes: Bytes) -> Result<VoteRequest, CodecError> {
        let CanvassRecord { vote: by, last, transfer } = CanvassRecord::decode(bytes)?;
        Ok(VoteRequest { vote: vote(by)?, last_log_id: log_id(last), leadership_transfer: transfer })
    }
}

impl PeerMessage for VoteResponse {
    fn encode(&self) -> Bytes {
        let VoteResponse { vote, vote_granted, last_log_id } = self;
        let record =
            BallotRecord { vote: Some(VoteRecord::from(vote)), last: log_id_record(last_log_id.as_ref()), granted: *vote_granted };
        record.encode_to_vec().into()
    }

    fn decode(bytes: Bytes) -> Result<VoteResponse, CodecError> {
        let BallotRecord { vote: by, last, granted } = BallotRecord::decode(bytes)?;
        Ok(VoteResponse { vote: vote(by)?, vote_granted: granted, last_log_id: log_id(last) })
    }
}

impl PeerMessage for TransferRequest {
    fn encode(&self) -> Bytes {
        let record = HandoverRecord {
            from: Some(VoteRecord::from(self.from_leader())),
            to: self.to_node_id().get(),
            last: log_id_record(self.last_log_id()),
        };
        record.encode_to_vec().into()
    }

    fn decode(bytes: Bytes) -> Result<TransferRequest, CodecError> {
        let HandoverRecord { from, to, last } = HandoverRecord::decode(bytes)?;
        Ok(TransferRequest::new(vote(from)?, to.into(), log_id(last)))
    }
}

impl PeerMessage for TransferResponse {
    fn encode(&self) -> Bytes {
        let mut record = TakenRecord::default();
        match self {
            Ok(()) => {}
            Err(TransferError::VoteChanged { expected, actual }) => {
                record.expected_vote = Some(VoteRecord::from(expected));
                record.actual_vote = Some(VoteRecord::from(actual));
            }
            Err(TransferError::LogNotFlushed { expected, actual }) => {
                record.log_not_flushed = true;
                record.expected_log = log_id_record(expected.as_ref());
                record.actual_log = log_id_record(actual.as_ref());
            }
        }
        record.encode_to_vec().into()
    }

    fn decode(bytes: Bytes) -> Result<TransferResponse, CodecError> {
        let TakenRecord { expected_vote, actual_vote, log_not_flushed, expected_log, actual_log } = TakenRecord::decode(bytes)?;
        Ok(match (expected_vote, actual_vote) {
            _ if log_not_flushed => {
                Err(TransferError::LogNotFlushed { expected: log_id(expected_log), actual: log_id(actual_log) })
            }
            (Some(expected), Some(actual)) => Err(TransferError::VoteChanged { expected: expected.into(), actual: actual.into() }),
            (None, None) => Ok(()),
            (Some(_), None) | (None, Some(_)) => return Err(CodecError::Missing("vote")),
        })
    }
}

impl PeerMessage for Vote {
    fn encode(&self) -> Bytes {
        SnapshotVoteRecord { vote: Some(VoteRecord::from(self)) }.encode_to_vec().into()
    }

    fn decode(bytes: Bytes) -> Result<Vote, CodecError> {
        vote(SnapshotVoteRecord::decode(bytes)?.vote)
    }
}

impl PeerMessage for ReadIndexRecord {
    fn encode(&self) -> Bytes {
        self.encode_to_vec().into()
    }

    fn decode(bytes: Bytes) -> Result<ReadIndexRecord, CodecError> {
        Ok(<ReadIndexRecord as Message>::decode(bytes)?)
    }
}

#[cfg(test)]
mod tests;
