//! What is done through an open.

use std::sync::Arc;

use lease::{ByteRange, Command, OpenId, Operation, SessionId};

use super::lock::RangeRecord;
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
    /// What is done: 1 read, 2 write, 3 resize, 4 rename, 5 link, 6 delete, 7 keep after all, 8 set security.
    #[prost(uint32, tag = "3")]
    pub operation: u32,
    /// Of a rename, the new path.
    #[prost(string, tag = "4")]
    pub name: String,
    /// Of a read or a write, what is read or written.
    #[prost(message, optional, tag = "5")]
    pub range: Option<RangeRecord>,
}

impl OperateRecord {
    pub(super) fn new(session: SessionId, open: OpenId, operation: &Operation) -> OperateRecord {
        let range = match operation {
            Operation::Read { range } | Operation::Write { range } => *range,
            Operation::Resize | Operation::Rename { .. } | Operation::Link | Operation::Dispose { .. } | Operation::SetSecurity => {
                None
            }
        };
        let (operation, name) = match operation {
            Operation::Read { .. } => (1, ""),
            Operation::Write { .. } => (2, ""),
            Operation::Resize => (3, ""),
            Operation::Rename { name } => (4, name.as_ref()),
            Operation::Link => (5, ""),
            Operation::Dispose { delete: true } => (6, ""),
            Operation::Dispose { delete: false } => (7, ""),
            Operation::SetSecurity => (8, ""),
        };
        let range = range.map(RangeRecord::from);
        OperateRecord { session: session.get(), open: open.get(), operation, name: name.to_owned(), range }
    }
}

impl TryFrom<OperateRecord> for Command {
    type Error = CodecError;

    fn try_from(record: OperateRecord) -> Result<Command, CodecError> {
        let OperateRecord { session, open, operation, name, range } = record;
        let range = range.map(ByteRange::from);
        let operation = match operation {
            1 => Operation::Read { range },
            2 => Operation::Write { range },
            3 => Operation::Resize,
            4 => Operation::Rename { name: Arc::from(name) },
            5 => Operation::Link,
            6 => Operation::Dispose { delete: true },
            7 => Operation::Dispose { delete: false },
            8 => Operation::SetSecurity,
            other => return Err(CodecError::unknown("operation", other)),
        };
        Ok(Command::Operate { session: SessionId::new(session), open: OpenId::new(open), operation })
    }
}
