//! How the records of a group lie in the checkpoint: together, as one value.
//!
//! What is written together is read together, and a table of a million leases has three records for each. One value for a group of
//! them takes a third of the operations of the store, which dominate the time of a checkpoint and of a start.

use lease::{Group, Record, StateHash};
use prost::encoding::{decode_varint, encode_varint};

/// The version of the format.
const VERSION: u8 = 1;
/// A longer prefix is not the address of its group, but its beginning and its hash are.
const ADDRESS_BYTES_MAX: usize = 256;
/// How much of a longer prefix is in the address, so that addresses sort nearly as the groups do.
const BEGINNING_BYTES: usize = 64;

/// A value of the checkpoint is not a group of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unreadable {
    /// A newer version wrote it.
    #[error("the checkpoint has groups in format {0}, and this version reads format {VERSION}")]
    Version(u8),
    /// Its parts do not fit together.
    #[error("a group of records in the checkpoint cannot be read")]
    Malformed,
}

/// The key under which a group lies. The prefix of a stream with a long name is longer than the store takes.
pub(super) fn address(group: &Group) -> Vec<u8> {
    let mut prefix = group.prefix();
    if prefix.len() > ADDRESS_BYTES_MAX {
        let mut hash = StateHash::default();
        hash.add(&prefix, &[]);
        prefix.truncate(BEGINNING_BYTES);
        prefix.extend_from_slice(&hash.0.to_be_bytes());
    }
    prefix
}

/// Puts the records of a group together.
pub(super) fn pack(records: &[Record]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(1 + records.iter().map(|record| record.key.len() + record.value.len() + 4).sum::<usize>());
    packed.push(VERSION);
    let mut before: &[u8] = &[];
    for Record { key, value } in records {
        // The keys of a group begin alike.
        let shared = before.iter().zip(key).take_while(|(one, other)| one == other).count();
        encode_varint(shared as u64, &mut packed);
        encode_varint((key.len() - shared) as u64, &mut packed);
        packed.extend_from_slice(&key[shared..]);
        encode_varint(value.len() as u64, &mut packed);
        packed.extend_from_slice(value);
        before = key;
    }
    packed
}

/// Takes the records of a group apart.
pub(super) fn unpack(packed: &[u8], mut each: impl FnMut(&[u8], &[u8])) -> Result<(), Unreadable> {
    let (version, mut rest) = packed.split_first().ok_or(Unreadable::Malformed)?;
    if *version != VERSION {
        return Err(Unreadable::Version(*version));
    }
    let mut key = Vec::new();
    while !rest.is_empty() {
        let shared = length(&mut rest)?;
        if shared > key.len() {
            return Err(Unreadable::Malformed);
        }
        key.truncate(shared);
        key.extend_from_slice(piece(&mut rest)?);
        each(&key, piece(&mut rest)?);
    }
    Ok(())
}

fn length(rest: &mut &[u8]) -> Result<usize, Unreadable> {
    let length = decode_varint(rest).map_err(|_| Unreadable::Malformed)?;
    usize::try_from(length).map_err(|_| Unreadable::Malformed)
}

fn piece<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], Unreadable> {
    let length = length(rest)?;
    let (piece, after) = rest.split_at_checked(length).ok_or(Unreadable::Malformed)?;
    *rest = after;
    Ok(piece)
}

#[cfg(test)]
mod tests;
