//! The parts of a snapshot file as bytes.

use prost::Message;

use crate::codec::SnapshotMetaRecord;
use crate::store::error::StoreError;
use crate::types::{ClusterId, SnapshotMeta};

pub(super) const MAGIC: &[u8; 8] = b"TENURSNP";
pub(super) const FORMAT: u32 = 1;
/// A chunk is closed when it has reached this size, bytes.
pub(super) const CHUNK_BYTES: usize = 256 << 10;
/// The largest key and the largest value, bytes.
pub(super) const PART_BYTES_MAX: usize = 64 << 20;
/// The largest chunk: one record of the largest size and a full chunk before it.
pub(super) const CHUNK_BYTES_MAX: usize = 2 * PART_BYTES_MAX + CHUNK_BYTES + 64;
pub(super) const HEADER_BYTES_MAX: usize = 1 << 20;
/// Magic, format and length of the message.
pub(super) const PREFIX: usize = 16;
/// Length and checksum of a chunk.
pub(super) const CHUNK_HEADER: usize = 8;
/// The trailer without its first eight bytes and without the checksum of the file.
pub(super) const TRAILER_BODY: usize = 32;

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct HeaderRecord {
    #[prost(bytes = "vec", tag = "1")]
    cluster: Vec<u8>,
    #[prost(message, optional, tag = "2")]
    meta: Option<SnapshotMetaRecord>,
}

/// The header, with its checksum.
pub(super) fn header(cluster: ClusterId, meta: &SnapshotMeta) -> Vec<u8> {
    let message = HeaderRecord { cluster: cluster.to_bytes().to_vec(), meta: Some(meta.into()) }.encode_to_vec();
    let length = u32::try_from(message.len()).expect("a membership is far smaller");
    let mut bytes = MAGIC.to_vec();
    bytes.extend(FORMAT.to_le_bytes());
    bytes.extend(length.to_le_bytes());
    bytes.extend(message);
    bytes.extend(crc32c::crc32c(&bytes).to_le_bytes());
    bytes
}

/// Reads the message of the header.
pub(super) fn read_header(message: &[u8], cluster: ClusterId) -> Result<SnapshotMeta, StoreError> {
    let HeaderRecord { cluster: found, meta } = HeaderRecord::decode(message).map_err(|_| corrupt("its header is no message"))?;
    if found != cluster.to_bytes() {
        return Err(StoreError::Foreign);
    }
    let meta = meta.ok_or_else(|| corrupt("its header says nothing"))?;
    SnapshotMeta::try_from(meta).map_err(|error| corrupt(error.to_string()))
}

pub(super) fn put_record(chunk: &mut Vec<u8>, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    for part in [key, value] {
        if part.len() > PART_BYTES_MAX {
            return Err(StoreError::Corrupt { what: format!("a record of {} bytes is too large for a snapshot", part.len()) });
        }
        let length = u32::try_from(part.len()).expect("it was compared with its limit");
        chunk.extend(length.to_le_bytes());
    }
    chunk.extend(key);
    chunk.extend(value);
    Ok(())
}

/// Hands each record of a chunk on, and returns how many there were.
pub(super) fn records(mut chunk: &[u8], mut sink: impl FnMut(&[u8], &[u8])) -> Result<u64, StoreError> {
    let mut count = 0;
    while !chunk.is_empty() {
        let bad = || corrupt("a record reaches beyond its chunk");
        let (lengths, rest) = chunk.split_at_checked(8).ok_or_else(bad)?;
        let (key, rest) = rest.split_at_checked(number(lengths) as usize).ok_or_else(bad)?;
        let (value, rest) = rest.split_at_checked(number(&lengths[4..]) as usize).ok_or_else(bad)?;
        sink(key, value);
        count += 1;
        chunk = rest;
    }
    Ok(count)
}

/// What the trailer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trailer {
    pub(super) records: u64,
    pub(super) chunks: u64,
    pub(super) state_hash: u128,
}

impl Trailer {
    /// The trailer without the checksum of the whole file, which follows it.
    pub(super) fn to_bytes(self) -> Vec<u8> {
        let mut body = self.records.to_le_bytes().to_vec();
        body.extend(self.chunks.to_le_bytes());
        body.extend(self.state_hash.to_le_bytes());
        let mut bytes = vec![0; 4];
        bytes.extend(crc32c::crc32c(&body).to_le_bytes());
        bytes.extend(body);
        bytes
    }

    pub(super) fn from_bytes(body: &[u8; TRAILER_BODY]) -> Trailer {
        let u64_at = |at: usize| u64::from_le_bytes(body[at..at + 8].try_into().expect("eight bytes"));
        let state_hash = u128::from_le_bytes(body[16..32].try_into().expect("sixteen bytes"));
        Trailer { records: u64_at(0), chunks: u64_at(8), state_hash }
    }
}

/// The number in the first four bytes.
pub(super) fn number(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes[..4].try_into().expect("four bytes"))
}

pub(super) fn corrupt(what: impl Into<String>) -> StoreError {
    StoreError::Corrupt { what: format!("the snapshot is not as it was written: {}", what.into()) }
}
