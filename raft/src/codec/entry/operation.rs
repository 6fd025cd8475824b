//! What is done to a file that is there.

use std::sync::Arc;

use bytes::Bytes;
use lease::{ByteRange, Command, FileId, OpenId, Operation, SessionId};

use super::command::bytes;
use super::lock::RangeRecord;
use super::open::file_id;
use crate::codec::CodecError;

/// An operation through an open, as it is written.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct OperateRecord {
    /// The session.
    #[prost(uint64, tag = "1")]
    pub session: u64,
    /// The open.
    #[prost(uint64, tag = "2")]
    pub open: u64,
    /// What is done.
    #[prost(message, optional, tag = "3")]
    pub operation: Option<OperationRecord>,
}

/// What is done, as it is written.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct OperationRecord {
    /// What it is: 1 read, 2 write, 3 resize, 4 rename, 5 link, 6 delete, 7 keep after all, 8 set security, 9 set attributes, 10
    /// use.
    #[prost(uint32, tag = "1")]
    pub kind: u32,
    /// Of a rename, the new path.
    #[prost(string, tag = "2")]
    pub name: String,
    /// Of a read or a write, what is read or written.
    #[prost(message, optional, tag = "3")]
    pub range: Option<RangeRecord>,
    /// Of a rename and a link, the directory, 16 bytes.
    #[prost(bytes = "bytes", optional, tag = "4")]
    pub parent: Option<Bytes>,
    /// Of a rename, the file that goes, 16 bytes.
    #[prost(bytes = "bytes", optional, tag = "5")]
    pub replaces: Option<Bytes>,
    /// Of a resize, the allocation size that it leaves in bytes.
    #[prost(uint64, optional, tag = "6")]
    pub allocation: Option<u64>,
    /// Of a use, the position that it sets in bytes.
    #[prost(uint64, optional, tag = "7")]
    pub position: Option<u64>,
}

impl From<&Operation> for OperationRecord {
    fn from(operation: &Operation) -> OperationRecord {
        let range = operation.range().map(RangeRecord::from);
        let (kind, name, parent, replaces) = match operation {
            Operation::Read { .. } => (1, "", None, None),
            Operation::Write { .. } => (2, "", None, None),
            Operation::Resize { .. } => (3, "", None, None),
            Operation::Rename { name, parent, replaces } => (4, name.as_ref(), *parent, *replaces),
            Operation::Link { parent } => (5, "", *parent, None),
            Operation::Dispose { delete: true } => (6, "", None, None),
            Operation::Dispose { delete: false } => (7, "", None, None),
            Operation::SetSecurity => (8, "", None, None),
            Operation::SetAttributes => (9, "", None, None),
            Operation::Use { .. } => (10, "", None, None),
        };
        let id = |id: FileId| bytes(id.to_bytes());
        let (allocation, position) = (operation.allocation(), operation.position());
        let (parent, replaces) = (parent.map(id), replaces.map(id));
        OperationRecord { kind, name: name.to_owned(), range, parent, replaces, allocation, position }
    }
}

impl TryFrom<OperationRecord> for Operation {
    type Error = CodecError;

    fn try_from(record: OperationRecord) -> Result<Operation, CodecError> {
        let OperationRecord { kind, name, range, parent, replaces, allocation, position } = record;
        let range = range.map(ByteRange::from);
        let parent = parent.map(|id| file_id("parent", &id)).transpose()?;
        let replaces = replaces.map(|id| file_id("replaced file", &id)).transpose()?;
        Ok(match kind {
            1 => Operation::Read { range },
            2 => Operation::Write { range },
            3 => Operation::Resize { allocation },
            4 => Operation::Rename { name: Arc::from(name), parent, replaces },
            5 => Operation::Link { parent },
            6 => Operation::Dispose { delete: true },
            7 => Operation::Dispose { delete: false },
            8 => Operation::SetSecurity,
            9 => Operation::SetAttributes,
            10 => Operation::Use { position },
            other => return Err(CodecError::unknown("operation", other)),
        })
    }
}

impl OperateRecord {
    pub(super) fn new(session: SessionId, open: OpenId, operation: &Operation) -> OperateRecord {
        OperateRecord { session: session.get(), open: open.get(), operation: Some(operation.into()) }
    }
}

impl TryFrom<OperateRecord> for Command {
    type Error = CodecError;

    fn try_from(record: OperateRecord) -> Result<Command, CodecError> {
        let OperateRecord { session, open, operation } = record;
        let operation = operation.ok_or(CodecError::Missing("operation"))?.try_into()?;
        Ok(Command::Operate { session: SessionId::new(session), open: OpenId::new(open), operation })
    }
}
