//! How records and the meta record lie in sled.
//!
//! ```text
//! key of a part        'r', the key, number of the part (2, big-endian)
//! value of part 0      CRC32C of the stored key and the rest (4), how many parts there are (2), the first bytes of the value
//! value of others      CRC32C of the stored key and the rest (4), more bytes of the value
//! key of the meta      'm'
//! value of the meta    CRC32C of the stored key and the rest (4), a message
//! ```

use prost::Message;

use crate::codec::{LogIdRecord, StoredMembershipRecord};
use crate::store::error::StoreError;
use crate::types::{LogId, StoredMembership};

/// The most bytes of a value in one part, so that nothing that sled stores exceeds 4 KiB.
pub(super) const PART_BYTES: usize = 4000;
const RECORD: u8 = b'r';
pub(super) const META_KEY: &[u8] = b"m";
const FORMAT: u32 = 1;
/// The longest key, bytes.
const KEY_BYTES_MAX: usize = 1024;
/// The most parts of a value.
const PARTS_MAX: usize = u16::MAX as usize;

/// What a checkpoint covers, and what its records must hash to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointMeta {
    /// The last entry whose effect is in it.
    pub applied: Option<LogId>,
    /// The membership at that entry.
    pub membership: StoredMembership,
    /// The hash of the state.
    pub state_hash: u128,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
struct MetaRecord {
    #[prost(uint32, tag = "1")]
    format: u32,
    #[prost(message, optional, tag = "2")]
    applied: Option<LogIdRecord>,
    #[prost(message, optional, tag = "3")]
    membership: Option<StoredMembershipRecord>,
    #[prost(bytes = "vec", tag = "4")]
    state_hash: Vec<u8>,
}

pub(super) fn corrupt(what: impl Into<String>) -> StoreError {
    StoreError::Corrupt { what: format!("the checkpoint is not as it was written: {}", what.into()) }
}

fn sealed(key: &[u8], body: &[&[u8]]) -> Vec<u8> {
    let mut value = vec![0; 4];
    for part in body {
        value.extend(*part);
    }
    let crc = crc32c::crc32c_append(crc32c::crc32c(key), &value[4..]);
    value[..4].copy_from_slice(&crc.to_le_bytes());
    value
}

/// The body of a stored value, if it matches its checksum.
fn unsealed<'a>(key: &[u8], value: &'a [u8]) -> Result<&'a [u8], StoreError> {
    let (crc, body) = value.split_first_chunk::<4>().ok_or_else(|| corrupt("a value is too short"))?;
    if crc32c::crc32c_append(crc32c::crc32c(key), body) != u32::from_le_bytes(*crc) {
        return Err(corrupt("a record does not match its checksum"));
    }
    Ok(body)
}

pub(super) fn meta_value(meta: &CheckpointMeta) -> Vec<u8> {
    let CheckpointMeta { applied, membership, state_hash } = meta;
    let record = MetaRecord {
        format: FORMAT,
        applied: applied.as_ref().map(LogIdRecord::from),
        membership: Some(membership.into()),
        state_hash: state_hash.to_le_bytes().to_vec(),
    };
    sealed(META_KEY, &[&record.encode_to_vec()])
}

pub(super) fn read_meta(value: &[u8]) -> Result<CheckpointMeta, StoreError> {
    let record = MetaRecord::decode(unsealed(META_KEY, value)?).map_err(|error| corrupt(error.to_string()))?;
    let MetaRecord { format, applied, membership, state_hash } = record;
    if format != FORMAT {
        return Err(corrupt(format!("it is in format {format}, and this version reads format {FORMAT}")));
    }
    let membership = membership.ok_or_else(|| corrupt("it lacks its membership"))?;
    Ok(CheckpointMeta {
        applied: applied.map(LogId::from),
        membership: membership.try_into().map_err(|error: crate::codec::CodecError| corrupt(error.to_string()))?,
        state_hash: u128::from_le_bytes(state_hash.try_into().map_err(|_| corrupt("its hash has another length"))?),
    })
}

/// The stored key of a part.
pub(super) fn part_key(key: &[u8], part: u16) -> Vec<u8> {
    let mut stored = Vec::with_capacity(key.len() + 3);
    stored.push(RECORD);
    stored.extend(key);
    stored.extend(part.to_be_bytes());
    stored
}

/// Where the parts of keys with this prefix begin.
pub(super) fn group_prefix(prefix: &[u8]) -> Vec<u8> {
    [&[RECORD], prefix].concat()
}

/// The key and the part of a stored key, `None` for the meta record.
pub(super) fn split_key(stored: &[u8]) -> Option<(&[u8], u16)> {
    let (key, part) = stored.strip_prefix(&[RECORD])?.split_last_chunk::<2>()?;
    Some((key, u16::from_be_bytes(*part)))
}

/// A key and a value as sled stores them.
pub(super) type Pair = (Vec<u8>, Vec<u8>);

/// A record as the pairs to be stored.
pub(super) fn parts(key: &[u8], value: &[u8]) -> Result<Vec<Pair>, StoreError> {
    let count = value.len().div_ceil(PART_BYTES).max(1);
    if key.len() > KEY_BYTES_MAX || count > PARTS_MAX {
        let what = format!(
            "a record with a key of {} bytes and a value of {} bytes is too large for the checkpoint",
            key.len(),
            value.len()
        );
        return Err(StoreError::Corrupt { what });
    }
    let numbers = 0..u16::try_from(count).expect("it was compared with its limit");
    let pieces = value.chunks(PART_BYTES).chain(value.is_empty().then_some([].as_slice()));
    let stored = numbers.zip(pieces).map(|(part, piece)| {
        let stored_key = part_key(key, part);
        let count = u16::try_from(count).expect("it was compared with its limit").to_be_bytes();
        let count: &[u8] = if part == 0 { &count } else { &[] };
        let value = sealed(&stored_key, &[count, piece]);
        (stored_key, value)
    });
    Ok(stored.collect())
}

/// How many parts there are and the bytes of the first, from the stored value of part 0.
pub(super) fn first_part<'a>(stored_key: &[u8], value: &'a [u8]) -> Result<(u16, &'a [u8]), StoreError> {
    let body = unsealed(stored_key, value)?;
    let (count, piece) = body.split_first_chunk::<2>().ok_or_else(|| corrupt("a value is too short"))?;
    Ok((u16::from_be_bytes(*count), piece))
}

/// The bytes of a later part.
pub(super) fn later_part<'a>(stored_key: &[u8], value: &'a [u8]) -> Result<&'a [u8], StoreError> {
    unsealed(stored_key, value)
}
