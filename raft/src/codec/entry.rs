//! What a Raft entry carries: a batch of entries of the lease table, encoded once by the leader.
//!
//! The messages are separate from the domain types and carry a version. A committed batch that a node cannot read in full stops
//! that node: skipping a part of it would make its table differ from the others.

mod command;
mod foreign;
mod handle;
mod lock;
mod open;
mod operation;
mod record;
mod settings;
#[cfg(test)]
mod tests;

use bytes::{Buf, Bytes, BytesMut};
use lease::Entry;
use prost::Message;

pub use command::CommandRecord;
pub use lock::{LockRecord, RangeRecord};
pub use open::OpenRecord;
pub use operation::OperateRecord;
pub use record::{EntryRecord, RequestRecord};

use super::CodecError;
use crate::types::Batch;

/// The version that this build writes. It reads all versions up to this one.
pub const BATCH_VERSION: u32 = 1;
/// The size limit of one encoded entry of the lease table, bytes.
pub const ENTRY_BYTES_MAX: usize = 64 << 10;
/// The size limit of a batch, bytes.
pub const BATCH_BYTES_MAX: usize = 1 << 20;

/// What every node compares with what it remembers: the hash of the state right after the Raft entry at this index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    /// The index of the Raft entry.
    pub index: u64,
    /// The hash of the state after it.
    pub hash: u128,
}

/// A batch as it is read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// What to compare before the entries are applied.
    pub check: Option<Check>,
    /// The entries, in order.
    pub entries: Vec<Entry>,
}

/// The head of a batch, as it is written; the entries follow as elements of field 3.
#[derive(Clone, PartialEq, Eq, Message)]
struct HeadRecord {
    /// The format version.
    #[prost(uint32, tag = "1")]
    version: u32,
    /// What to compare.
    #[prost(message, optional, tag = "2")]
    check: Option<CheckRecord>,
}

/// A batch as it is written. It is written piece by piece, and read whole.
#[derive(Clone, PartialEq, Message)]
struct BatchRecord {
    #[prost(uint32, tag = "1")]
    version: u32,
    #[prost(message, optional, tag = "2")]
    check: Option<CheckRecord>,
    #[prost(message, repeated, tag = "3")]
    entries: Vec<EntryRecord>,
}

/// A [`Check`], as it is written.
#[derive(Clone, PartialEq, Eq, Message)]
struct CheckRecord {
    /// The index of the Raft entry.
    #[prost(uint64, tag = "1")]
    index: u64,
    /// The hash, 16 bytes big-endian.
    #[prost(bytes = "bytes", tag = "2")]
    hash: Bytes,
}

/// The field number of the entries of a batch.
const ENTRIES_TAG: u32 = 3;

/// Puts a batch together.
#[derive(Debug)]
pub struct BatchWriter {
    bytes: BytesMut,
    entries: usize,
}

impl BatchWriter {
    /// Begins a batch.
    pub fn new(check: Option<Check>) -> BatchWriter {
        let check = check.map(|Check { index, hash }| CheckRecord { index, hash: Bytes::copy_from_slice(&hash.to_be_bytes()) });
        let mut bytes = BytesMut::with_capacity(512);
        HeadRecord { version: BATCH_VERSION, check }.encode_raw(&mut bytes);
        BatchWriter { bytes, entries: 0 }
    }

    /// Adds an entry, unless the batch would become larger than [`BATCH_BYTES_MAX`]: then says `false`, and the entry belongs in
    /// the next batch.
    ///
    /// # Errors
    /// [`CodecError::TooLarge`] if the entry alone is larger than [`ENTRY_BYTES_MAX`]: it fits in no batch.
    pub fn push(&mut self, entry: &Entry) -> Result<bool, CodecError> {
        let record = EntryRecord::from(entry);
        let len = record.encoded_len();
        if len > ENTRY_BYTES_MAX {
            return Err(CodecError::TooLarge { what: "entry", bytes: len, limit: ENTRY_BYTES_MAX });
        }
        // The length and the tag of the element take at most eight bytes more.
        if self.bytes.len() + len + 8 > BATCH_BYTES_MAX {
            return Ok(false);
        }
        prost::encoding::message::encode(ENTRIES_TAG, &record, &mut self.bytes);
        self.entries += 1;
        Ok(true)
    }

    /// How many entries are in it.
    pub fn entries(&self) -> usize {
        self.entries
    }

    /// The batch.
    pub fn finish(self) -> Batch {
        Batch(self.bytes.freeze())
    }
}

/// Reads a batch back.
///
/// # Errors
/// What is wrong with it. If it is committed, the node has to stop.
pub fn decode_batch(batch: &Batch) -> Result<Decoded, CodecError> {
    let bytes = batch.0.clone();
    if bytes.remaining() > BATCH_BYTES_MAX {
        return Err(CodecError::TooLarge { what: "batch", bytes: bytes.remaining(), limit: BATCH_BYTES_MAX });
    }
    let BatchRecord { version, check, entries } = BatchRecord::decode(bytes)?;
    if version == 0 || version > BATCH_VERSION {
        return Err(CodecError::Version { found: version, supported: BATCH_VERSION });
    }
    let check = check.map(Check::try_from).transpose()?;
    let entries = entries.into_iter().map(Entry::try_from).collect::<Result<_, _>>()?;
    Ok(Decoded { check, entries })
}

impl TryFrom<CheckRecord> for Check {
    type Error = CodecError;

    fn try_from(record: CheckRecord) -> Result<Check, CodecError> {
        let CheckRecord { index, hash } = record;
        let hash = <[u8; 16]>::try_from(&hash[..]).map_err(|_| CodecError::Missing("state hash"))?;
        Ok(Check { index, hash: u128::from_be_bytes(hash) })
    }
}
