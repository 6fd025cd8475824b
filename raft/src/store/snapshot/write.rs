//! Writes a snapshot of this node's own state.

use std::fmt;

use super::file::SnapshotFile;
use super::format::{CHUNK_BYTES, Trailer, header, put_record};
use super::receive::Incoming;
use crate::store::error::StoreError;
use crate::types::{ClusterId, SnapshotMeta};

/// A snapshot being written: records in any order, then [`finish`](SnapshotWriter::finish). Removed if it is dropped before.
pub struct SnapshotWriter {
    incoming: Incoming,
    chunk: Vec<u8>,
    records: u64,
    chunks: u64,
    crc: u32,
}

impl fmt::Debug for SnapshotWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SnapshotWriter").field("records", &self.records).finish_non_exhaustive()
    }
}

impl SnapshotWriter {
    pub(super) fn begin(incoming: Incoming, cluster: ClusterId, meta: &SnapshotMeta) -> Result<SnapshotWriter, StoreError> {
        let mut writer = SnapshotWriter { incoming, chunk: Vec::new(), records: 0, chunks: 0, crc: 0 };
        writer.put(&header(cluster, meta))?;
        Ok(writer)
    }

    /// Adds a record. Key and value are at most 64 MiB each.
    pub fn record(&mut self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        put_record(&mut self.chunk, key, value)?;
        self.records += 1;
        if self.chunk.len() >= CHUNK_BYTES {
            self.end_chunk()?;
        }
        Ok(())
    }

    /// Ends the snapshot, syncs it and rereads it. The file is temporary until it is installed, and removed if its last handle is
    /// dropped before.
    pub fn finish(mut self, state_hash: u128) -> Result<SnapshotFile, StoreError> {
        self.end_chunk()?;
        let trailer = Trailer { records: self.records, chunks: self.chunks, state_hash };
        self.put(&trailer.to_bytes())?;
        let crc = self.crc;
        self.put(&crc.to_le_bytes())?;
        self.incoming.finish()
    }

    fn end_chunk(&mut self) -> Result<(), StoreError> {
        if self.chunk.is_empty() {
            return Ok(());
        }
        let chunk = std::mem::take(&mut self.chunk);
        let length = u32::try_from(chunk.len()).expect("a chunk is at most a little larger than a record");
        let mut header = length.to_le_bytes().to_vec();
        header.extend(crc32c::crc32c(&chunk).to_le_bytes());
        self.put(&header)?;
        self.put(&chunk)?;
        self.chunks += 1;
        self.chunk = chunk;
        self.chunk.clear();
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.crc = crc32c::crc32c_append(self.crc, bytes);
        self.incoming.append(bytes)
    }
}
