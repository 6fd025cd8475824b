//! The proof of the tail: up to where the log was known to be durable, in a small file with two slots that are written in turn.
//!
//! ```text
//! offset  size       (the second slot lies at 4096)
//!      0     4  "TAIL"
//!      4     4  CRC32C of the rest of the slot
//!      8     8  sequence of the proof
//!     16     8  segment
//!     24     8  offset in it, where the next record will begin
//!     32     4  checksum of the record before that place
//!     36     4  zeros
//! ```

use std::io;
use std::sync::Arc;

use crate::store::data_dir::DataDir;
use crate::store::disk::{DiskFile, read_all};
use crate::store::error::OpenError;

const NAME: &str = "tail";
const SLOT: usize = 40;
const SECOND: u64 = 4096;
const MAGIC: &[u8; 4] = b"TAIL";

/// Up to here the log is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Proof {
    pub(super) sequence: u64,
    pub(super) segment: u64,
    pub(super) offset: u64,
    pub(super) crc: u32,
}

impl Proof {
    pub(super) fn to_bytes(self) -> [u8; SLOT] {
        let mut bytes = [0; SLOT];
        bytes[..4].copy_from_slice(MAGIC);
        bytes[8..16].copy_from_slice(&self.sequence.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.segment.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.offset.to_le_bytes());
        bytes[32..36].copy_from_slice(&self.crc.to_le_bytes());
        let crc = crc32c::crc32c(&bytes[8..]);
        bytes[4..8].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Proof> {
        let slot: &[u8; SLOT] = bytes.first_chunk()?;
        let u64_at = |at: usize| u64::from_le_bytes(slot[at..at + 8].try_into().expect("eight bytes"));
        let u32_at = |at: usize| u32::from_le_bytes(slot[at..at + 4].try_into().expect("four bytes"));
        if &slot[..4] != MAGIC || u32_at(4) != crc32c::crc32c(&slot[8..]) {
            return None;
        }
        Some(Proof { sequence: u64_at(8), segment: u64_at(16), offset: u64_at(24), crc: u32_at(32) })
    }
}

/// The file with the proofs.
#[derive(Debug, Clone)]
pub(super) struct TailFile {
    file: Arc<dyn DiskFile>,
}

impl TailFile {
    /// Makes the file with its first proof.
    pub(super) fn create(dir: &DataDir, first: Proof) -> io::Result<()> {
        let file = dir.disk().create(&dir.log_path().join(NAME))?;
        file.set_size(2 * SECOND)?;
        let tail = TailFile { file };
        tail.write(first)?;
        tail.sync()
    }

    /// Opens the file, and reads the newest proof in it.
    pub(super) fn open(dir: &DataDir) -> Result<(TailFile, Proof), OpenError> {
        let path = dir.log_path().join(NAME);
        let file = dir.disk().open(&path).map_err(|error| {
            if error.kind() == io::ErrorKind::NotFound {
                OpenError::damaged(&path, "the proof of the log's tail is missing")
            } else {
                OpenError::io(&path, error)
            }
        })?;
        let bytes = read_all(file.as_ref()).map_err(|source| OpenError::io(&path, source))?;
        let second = usize::try_from(SECOND).expect("a small number");
        let slots = [Proof::from_bytes(&bytes), bytes.get(second..).and_then(Proof::from_bytes)];
        let newest = slots.into_iter().flatten().max_by_key(|proof| proof.sequence);
        let proof = newest.ok_or_else(|| OpenError::damaged(&path, "no proof of the log's tail is readable"))?;
        Ok((TailFile { file }, proof))
    }

    /// Writes a proof over the older one of the two. It is durable with the next sync.
    pub(super) fn write(&self, proof: Proof) -> io::Result<()> {
        self.file.write_at(&proof.to_bytes(), (proof.sequence % 2) * SECOND)
    }

    /// Makes the newest proof durable.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }
}
