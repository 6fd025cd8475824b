//! Reads a snapshot file from front to back, checking everything.

use super::format::{
    CHUNK_BYTES_MAX, CHUNK_HEADER, FORMAT, HEADER_BYTES_MAX, MAGIC, PREFIX, TRAILER_BODY, Trailer, corrupt, number, read_header,
    records,
};
use crate::store::disk::DiskFile;
use crate::store::error::StoreError;
use crate::types::{ClusterId, SnapshotMeta};

/// What a snapshot file holds.
#[derive(Debug)]
pub(super) struct Summary {
    pub(super) meta: SnapshotMeta,
    pub(super) trailer: Trailer,
    pub(super) size: u64,
}

/// Reads on, and keeps the checksum of everything read.
struct Cursor<'a> {
    file: &'a dyn DiskFile,
    at: u64,
    size: u64,
    crc: u32,
}

impl Cursor<'_> {
    fn take(&mut self, length: usize) -> Result<Vec<u8>, StoreError> {
        if (length as u64) > self.size - self.at {
            return Err(corrupt(format!("it ends at byte {}, in the middle of something", self.size)));
        }
        let mut bytes = vec![0; length];
        self.file.read_at(&mut bytes, self.at)?;
        self.at += length as u64;
        self.crc = crc32c::crc32c_append(self.crc, &bytes);
        Ok(bytes)
    }
}

/// Reads the whole file, handing each record on.
pub(super) fn scan(file: &dyn DiskFile, cluster: ClusterId, mut sink: impl FnMut(&[u8], &[u8])) -> Result<Summary, StoreError> {
    let size = file.size()?;
    let mut cursor = Cursor { file, at: 0, size, crc: 0 };
    let meta = scan_header(&mut cursor, cluster)?;
    let (mut count, mut chunks) = (0, 0);
    loop {
        let header = cursor.take(CHUNK_HEADER)?;
        let (length, crc) = (number(&header) as usize, number(&header[4..]));
        if length == 0 {
            let trailer = scan_trailer(&mut cursor, crc)?;
            if (trailer.records, trailer.chunks) != (count, chunks) {
                return Err(corrupt(format!("it holds {count} records, and should hold {}", trailer.records)));
            }
            return Ok(Summary { meta, trailer, size });
        }
        if length > CHUNK_BYTES_MAX {
            return Err(corrupt("a chunk says that it is larger than any"));
        }
        let chunk = cursor.take(length)?;
        if crc32c::crc32c(&chunk) != crc {
            return Err(corrupt(format!("the chunk before byte {} does not match its checksum", cursor.at)));
        }
        count += records(&chunk, &mut sink)?;
        chunks += 1;
    }
}

fn scan_header(cursor: &mut Cursor<'_>, cluster: ClusterId) -> Result<SnapshotMeta, StoreError> {
    let prefix = cursor.take(PREFIX)?;
    if !prefix.starts_with(MAGIC) {
        return Err(corrupt("it does not begin like one"));
    }
    let (format, length) = (number(&prefix[8..]), number(&prefix[12..]) as usize);
    if format != FORMAT {
        return Err(corrupt(format!("it is in format {format}, and this version reads format {FORMAT}")));
    }
    if length > HEADER_BYTES_MAX {
        return Err(corrupt("its header says that it is larger than any"));
    }
    let message = cursor.take(length)?;
    let expected = cursor.crc;
    if number(&cursor.take(4)?) != expected {
        return Err(corrupt("its header does not match its checksum"));
    }
    read_header(&message, cluster)
}

fn scan_trailer(cursor: &mut Cursor<'_>, crc: u32) -> Result<Trailer, StoreError> {
    let body = cursor.take(TRAILER_BODY)?;
    let expected = cursor.crc;
    let whole = number(&cursor.take(4)?);
    if crc32c::crc32c(&body) != crc || whole != expected {
        return Err(corrupt("it does not match its checksum"));
    }
    if cursor.at != cursor.size {
        return Err(corrupt("something follows its end"));
    }
    let body: &[u8; TRAILER_BODY] = body.first_chunk().expect("it was read whole");
    Ok(Trailer::from_bytes(body))
}
