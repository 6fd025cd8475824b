//! Segment files: made ahead of time, full of zeros, then filled with records from front to back.
//!
//! ```text
//! offset  size
//!      0     8  "TENURLOG"
//!      8     4  format version
//!     12     4  CRC32C of the rest of the header
//!     16    16  cluster id
//!     32     8  node id
//!     40     8  number of the segment, counted from 1
//!     48     8  size of the file, bytes
//!     56     8  zeros
//!   4096        records
//! ```
//!
//! The zeros are written, not left to the file system: overwriting blocks that are there needs no journal commit, which makes a
//! sync a third faster and tells of a full disk before an entry needs the room.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::store::data_dir::{DataDir, Identity};
use crate::store::disk::DiskFile;
use crate::store::error::OpenError;
use crate::types::{ClusterId, NodeId};

/// Where the records begin. The header has a page of its own, so that no later write can tear it.
pub(super) const RECORDS_AT: usize = 4096;
const HEADER: usize = 64;
const MAGIC: &[u8; 8] = b"TENURLOG";
const FORMAT: u32 = 1;
/// How much is zeroed between two syncs, so that preparing a segment does not hold up the log for long.
const ZEROS: usize = 256 << 10;
/// Offsets in a segment have 32 bits.
const SIZE_MAX: u64 = 1 << 31;

/// A segment file.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    pub(super) number: u64,
    pub(super) size: u64,
    pub(super) file: Arc<dyn DiskFile>,
}

pub(super) fn file_name(number: u64) -> String {
    format!("{number:016x}.log")
}

/// The number in a file name, `None` if it is not a segment's.
pub(super) fn number_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".log")?;
    let number = u64::from_str_radix(digits, 16).ok()?;
    (file_name(number) == name).then_some(number)
}

pub(super) fn header(owner: Identity, number: u64, size: u64) -> [u8; HEADER] {
    let mut bytes = [0; HEADER];
    bytes[..8].copy_from_slice(MAGIC);
    bytes[8..12].copy_from_slice(&FORMAT.to_le_bytes());
    bytes[16..32].copy_from_slice(&owner.cluster.to_bytes());
    bytes[32..40].copy_from_slice(&owner.node.get().to_le_bytes());
    bytes[40..48].copy_from_slice(&number.to_le_bytes());
    bytes[48..56].copy_from_slice(&size.to_le_bytes());
    let crc = checksum(&bytes);
    bytes[12..16].copy_from_slice(&crc.to_le_bytes());
    bytes
}

fn checksum(header: &[u8; HEADER]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&header[..12]), &header[16..])
}

/// What the header of a segment says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Header {
    /// It is whole: the number and the size of the segment.
    Good { number: u64, size: u64 },
    /// It does not match its checksum.
    Bad,
}

/// Reads the header of a segment, and refuses one of another node or of a newer version.
pub(super) fn read_header(path: &Path, bytes: &[u8], owner: Identity) -> Result<Header, OpenError> {
    let Some(header) = bytes.first_chunk::<HEADER>() else { return Ok(Header::Bad) };
    let u32_at = |at: usize| u32::from_le_bytes(header[at..at + 4].try_into().expect("four bytes"));
    let u64_at = |at: usize| u64::from_le_bytes(header[at..at + 8].try_into().expect("eight bytes"));
    if &header[..8] != MAGIC || u32_at(12) != checksum(header) {
        return Ok(Header::Bad);
    }
    if u32_at(8) != FORMAT {
        return Err(OpenError::Format { path: path.to_owned(), found: u32_at(8), supported: FORMAT });
    }
    let found = Identity {
        cluster: ClusterId::from_bytes(header[16..32].try_into().expect("sixteen bytes")),
        node: NodeId::new(u64_at(32)),
    };
    if found != owner {
        return Err(OpenError::Foreign { path: path.to_owned(), found, expected: owner });
    }
    Ok(Header::Good { number: u64_at(40), size: u64_at(48) })
}

/// Makes a segment, full of zeros and durable with its name. Gives up when it is told to stop.
pub(super) fn prepare(dir: &DataDir, number: u64, size: u64, stop: &AtomicBool) -> io::Result<Segment> {
    let folder = dir.log_path();
    let temporary = folder.join(format!("{number:016x}.tmp"));
    let made = fill(dir, &temporary, number, size, stop);
    if made.is_err() {
        // What there is of it would only take the room that is missing.
        dir.disk().remove(&temporary).ok();
    }
    let file = made?;
    dir.disk().rename(&temporary, &folder.join(file_name(number)))?;
    dir.disk().sync_dir(&folder)?;
    Ok(Segment { number, size, file })
}

fn fill(dir: &DataDir, path: &Path, number: u64, size: u64, stop: &AtomicBool) -> io::Result<Arc<dyn DiskFile>> {
    let file = dir.disk().create(path)?;
    let zeros = vec![0; ZEROS];
    let mut at = 0;
    while at < size {
        if stop.load(Ordering::Relaxed) {
            return Err(io::Error::new(io::ErrorKind::Interrupted, "the log is being closed"));
        }
        let piece = (size - at).min(ZEROS as u64);
        file.write_at(&zeros[..usize::try_from(piece).expect("at most the buffer")], at)?;
        file.sync()?;
        at += piece;
    }
    file.write_at(&header(dir.owner(), number, size), 0)?;
    file.sync()?;
    Ok(file)
}

/// The path of a segment.
pub(super) fn path(dir: &DataDir, number: u64) -> PathBuf {
    dir.log_path().join(file_name(number))
}

/// How big the segment with this number is made: the first ones are small, so that a small cluster needs little room.
pub(super) fn planned_size(number: u64, segment_bytes: u64) -> u64 {
    const FIRST: u64 = 64 << 10;
    let doubled = FIRST << number.saturating_sub(1).min(20);
    doubled.min(segment_bytes).clamp(2 * RECORDS_AT as u64, SIZE_MAX).next_multiple_of(RECORDS_AT as u64)
}
