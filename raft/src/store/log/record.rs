//! One record of the log as bytes.
//!
//! ```text
//! offset  size
//!      0     4  length of the payload, bytes
//!      4     4  CRC32C of everything else in the record
//!      8     1  kind
//!      9     3  zeros
//!     12     4  chain: the checksum of the record before
//!     16     4  group: where in this segment the write began that this record was part of
//!     20     4  zeros
//!     24     8  index      of the entry; zeros in the other kinds
//!     32     8  term
//!     40     8  leader
//!     48        payload, then zeros up to a multiple of 8
//! ```
//!
//! All numbers are little-endian. A batch is the payload as it is; the other payloads are messages of the codec.

use bytes::Bytes;
use openraft::EntryPayload;
use prost::Message;

use super::memory::View;
use crate::codec::{CodecError, LogIdRecord, MembershipRecord, VoteRecord};
use crate::types::{Batch, LogEntry, LogId, Vote};

/// Size of a record without its payload, bytes.
pub(super) const HEADER: usize = 48;
/// The largest payload, bytes.
pub(super) const PAYLOAD_BYTES_MAX: usize = 256 << 20;

/// What a record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An entry without a command.
    Blank,
    /// An entry with a batch of commands.
    Batch,
    /// An entry with a membership.
    Membership,
    /// The vote is now this.
    Vote,
    /// The entries after this one are gone.
    Truncate,
    /// The entries up to this one are no longer needed.
    Purge,
    /// The entries up to this one are committed.
    Committed,
    /// The first record of a segment: what the records before it come to.
    Head,
}

impl Kind {
    const ALL: [Kind; 8] =
        [Kind::Blank, Kind::Batch, Kind::Membership, Kind::Vote, Kind::Truncate, Kind::Purge, Kind::Committed, Kind::Head];

    const fn to_byte(self) -> u8 {
        match self {
            Kind::Blank => 1,
            Kind::Batch => 2,
            Kind::Membership => 3,
            Kind::Vote => 4,
            Kind::Truncate => 5,
            Kind::Purge => 6,
            Kind::Committed => 7,
            Kind::Head => 8,
        }
    }

    fn from_byte(byte: u8) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.to_byte() == byte)
    }
}

/// A position in the log, or the one before its beginning.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(super) struct PositionRecord {
    #[prost(message, optional, tag = "1")]
    pub(super) log_id: Option<LogIdRecord>,
}

/// What the records of all earlier segments come to, at the start of a segment.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(super) struct HeadRecord {
    #[prost(uint64, tag = "1")]
    pub(super) segment: u64,
    #[prost(message, optional, tag = "2")]
    pub(super) vote: Option<VoteRecord>,
    #[prost(message, optional, tag = "3")]
    pub(super) purged: Option<LogIdRecord>,
    #[prost(message, optional, tag = "4")]
    pub(super) committed: Option<LogIdRecord>,
    #[prost(message, optional, tag = "5")]
    pub(super) last: Option<LogIdRecord>,
}

impl HeadRecord {
    pub(super) fn new(segment: u64, view: &View) -> HeadRecord {
        let View { vote, committed, purged, last } = view;
        HeadRecord {
            segment,
            vote: vote.as_ref().map(VoteRecord::from),
            purged: purged.as_ref().map(LogIdRecord::from),
            committed: committed.as_ref().map(LogIdRecord::from),
            last: last.as_ref().map(LogIdRecord::from),
        }
    }

    pub(super) fn view(&self) -> View {
        let HeadRecord { segment: _, vote, purged, committed, last } = *self;
        View {
            vote: vote.map(Vote::from),
            committed: committed.map(LogId::from),
            purged: purged.map(LogId::from),
            last: last.map(LogId::from),
        }
    }
}

/// Where a record stands: what its checksum and the ones after it depend on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// The checksum of the record before.
    pub(super) chain: u32,
    /// Where the write that it is part of began in the segment.
    pub(super) group: u32,
}

/// How much room a record with a payload of this size takes.
pub(super) const fn padded(payload: usize) -> usize {
    (HEADER + payload).next_multiple_of(8)
}

fn put_raw(buffer: &mut Vec<u8>, kind: Kind, place: Place, id: LogIdRecord, payload: &[u8]) -> u32 {
    let length = u32::try_from(payload.len()).expect("payloads are checked against their limit when they are appended");
    let start = buffer.len();
    buffer.extend(length.to_le_bytes());
    buffer.extend([0; 4]);
    buffer.extend([kind.to_byte(), 0, 0, 0]);
    buffer.extend(place.chain.to_le_bytes());
    buffer.extend(place.group.to_le_bytes());
    buffer.extend([0; 4]);
    buffer.extend(id.index.to_le_bytes());
    buffer.extend(id.term.to_le_bytes());
    buffer.extend(id.leader.to_le_bytes());
    buffer.extend(payload);
    let crc = checksum(&buffer[start..]);
    buffer[start + 4..start + 8].copy_from_slice(&crc.to_le_bytes());
    buffer.resize(start + padded(payload.len()), 0);
    crc
}

/// Appends the record of an entry, and returns its checksum.
pub(super) fn put_entry(buffer: &mut Vec<u8>, place: Place, entry: &LogEntry) -> u32 {
    let id = LogIdRecord::from(&entry.log_id);
    match &entry.payload {
        EntryPayload::Blank => put_raw(buffer, Kind::Blank, place, id, &[]),
        EntryPayload::Normal(Batch(bytes)) => put_raw(buffer, Kind::Batch, place, id, bytes),
        EntryPayload::Membership(membership) => {
            put_raw(buffer, Kind::Membership, place, id, &MembershipRecord::from(membership).encode_to_vec())
        }
    }
}

/// Appends a record that is no entry, and returns its checksum.
pub(super) fn put_message(buffer: &mut Vec<u8>, place: Place, kind: Kind, message: &impl Message) -> u32 {
    put_raw(buffer, kind, place, LogIdRecord::default(), &message.encode_to_vec())
}

/// How long the payload of an entry is, bytes.
pub(super) fn payload_len(entry: &LogEntry) -> usize {
    match &entry.payload {
        EntryPayload::Blank => 0,
        EntryPayload::Normal(Batch(bytes)) => bytes.len(),
        EntryPayload::Membership(membership) => MembershipRecord::from(membership).encoded_len(),
    }
}

/// About how much memory an entry takes, bytes.
pub(super) fn weight(entry: &LogEntry) -> usize {
    const FIXED: usize = 128;
    match &entry.payload {
        EntryPayload::Blank => FIXED,
        EntryPayload::Normal(Batch(bytes)) => FIXED + bytes.len(),
        EntryPayload::Membership(membership) => FIXED + 64 * membership.nodes().count(),
    }
}

/// A record that was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'a> {
    pub(super) kind: Kind,
    pub(super) crc: u32,
    pub(super) place: Place,
    pub(super) id: LogIdRecord,
    pub(super) payload: &'a [u8],
}

impl Record<'_> {
    /// How much room it takes.
    pub(super) fn size(&self) -> usize {
        padded(self.payload.len())
    }

    /// The entry in it, `None` if it is another kind.
    pub(super) fn entry(&self) -> Result<Option<LogEntry>, CodecError> {
        let payload = match self.kind {
            Kind::Blank => EntryPayload::Blank,
            Kind::Batch => EntryPayload::Normal(Batch(Bytes::copy_from_slice(self.payload))),
            Kind::Membership => EntryPayload::Membership(MembershipRecord::decode(self.payload)?.try_into()?),
            Kind::Vote | Kind::Truncate | Kind::Purge | Kind::Committed | Kind::Head => return Ok(None),
        };
        Ok(Some(LogEntry { log_id: self.id.into(), payload }))
    }
}

fn checksum(record: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&record[..4]), &record[8..])
}

fn word<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes[at..at + N].try_into().expect("the header was measured")
}

/// Where the record that begins here ends, without its padding, if these bytes could be one. Needs the header only.
pub(super) fn extent(bytes: &[u8]) -> Option<usize> {
    let header = bytes.get(..HEADER)?;
    let length = u32::from_le_bytes(word(header, 0)) as usize;
    Kind::from_byte(header[8])?;
    (length <= PAYLOAD_BYTES_MAX).then_some(HEADER + length)
}

/// Reads the record at the start of the bytes, `None` if there is none that passes its checksum.
pub(super) fn read(bytes: &[u8]) -> Option<Record<'_>> {
    let record = bytes.get(..extent(bytes)?)?;
    let crc = u32::from_le_bytes(word(record, 4));
    if checksum(record) != crc {
        return None;
    }
    Some(Record {
        kind: Kind::from_byte(record[8])?,
        crc,
        place: Place { chain: u32::from_le_bytes(word(record, 12)), group: u32::from_le_bytes(word(record, 16)) },
        id: LogIdRecord {
            index: u64::from_le_bytes(word(record, 24)),
            term: u64::from_le_bytes(word(record, 32)),
            leader: u64::from_le_bytes(word(record, 40)),
        },
        payload: &record[HEADER..],
    })
}
