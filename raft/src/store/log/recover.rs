//! Reads the log back, and decides what its end is: the end of what was written, a torn last write, or damage.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use super::memory::Memory;
use super::record;
use super::replay::Replay;
use super::segment::{self, Header, RECORDS_AT, Segment, number_of};
use super::tail::{Proof, TailFile};
use super::writer::End;
use crate::store::data_dir::DataDir;
use crate::store::disk::read_all;
use crate::store::error::OpenError;

/// The log as it was found.
pub(super) struct Recovered {
    pub(super) end: End,
    pub(super) tail: TailFile,
    pub(super) memory: Memory,
    /// A segment that was made ahead, and is still empty.
    pub(super) ready: Option<Segment>,
}

/// A segment, read whole.
struct Loaded {
    segment: Segment,
    path: PathBuf,
    bytes: Vec<u8>,
    header_good: bool,
    /// Whether the file is shorter than it was made.
    cut: bool,
}

/// Reads the log of a folder back, repairs what a torn last write left behind, and makes what remains durable.
pub(super) fn recover(dir: &DataDir, cache_bytes: usize) -> Result<Recovered, OpenError> {
    let (tail, proof) = TailFile::open(dir)?;
    let numbers = list(dir)?;
    let mut replay = Replay::new(dir.log_path(), cache_bytes, proof);
    let mut last: Option<(Loaded, usize)> = None;
    let mut later = Vec::new();
    for (position, number) in numbers.iter().copied().enumerate() {
        let loaded = load(dir, number)?;
        let oldest = position == 0;
        if oldest && !loaded.header_good {
            return Err(OpenError::damaged(&loaded.path, "its header does not match its checksum"));
        }
        if !later.is_empty() || !(oldest || loaded.header_good && replay.continues_in(&loaded.bytes)) {
            later.push(loaded);
            continue;
        }
        let end = replay.segment(&loaded.segment, &loaded.path, &loaded.bytes)?;
        last = Some((loaded, end));
    }
    let (last, end) = last.ok_or_else(|| OpenError::damaged(&dir.log_path(), "it holds no segment"))?;
    let ready = judge(dir, &replay, &last, end, later)?;
    let proof = repair(&tail, &replay, &last, end)?;
    let Replay { mut memory, chain, segments, .. } = replay;
    let view = memory.view;
    // What was committed has been in the log; if the log was cut behind it, all that is left of the log is committed.
    if memory.view.committed.is_some_and(|committed| committed.index >= memory.next()) {
        memory.view.committed = memory.view.last;
    }
    let end = End { segment: last.segment, offset: end as u64, chain, view, proof, segments };
    Ok(Recovered { end, tail, memory, ready })
}

/// The numbers of the segments, without a gap.
fn list(dir: &DataDir) -> Result<Vec<u64>, OpenError> {
    let folder = dir.log_path();
    let failed = |source| OpenError::io(&folder, source);
    let names = dir.disk().list(&folder).map_err(failed)?;
    for name in names.iter().filter(|name| Path::new(name).extension().is_some_and(|end| end == "tmp")) {
        dir.disk().remove(&folder.join(name)).map_err(failed)?;
    }
    let numbers: Vec<u64> = names.iter().filter_map(|name| number_of(name)).collect();
    if let Some((before, after)) = numbers.iter().zip(numbers.iter().skip(1)).find(|(before, after)| *before + 1 != **after) {
        let what = format!("segment {before} is followed by segment {after}: what is between them is missing");
        return Err(OpenError::damaged(&folder, what));
    }
    Ok(numbers)
}

fn load(dir: &DataDir, number: u64) -> Result<Loaded, OpenError> {
    let path = segment::path(dir, number);
    let failed = |source| OpenError::io(&path, source);
    let file = dir.disk().open(&path).map_err(failed)?;
    let mut bytes = read_all(file.as_ref()).map_err(failed)?;
    let length = bytes.len() as u64;
    match segment::read_header(&path, &bytes, dir.owner())? {
        Header::Good { number: found, .. } if found != number => {
            Err(OpenError::damaged(&path, format!("its header says that it is segment {found}")))
        }
        Header::Good { number, size } => {
            let whole = usize::try_from(size).map_err(|_| OpenError::damaged(&path, "its header says that it is too large"))?;
            bytes.truncate(whole);
            Ok(Loaded { segment: Segment { number, size, file }, path, bytes, header_good: true, cut: length < size })
        }
        Header::Bad => Ok(Loaded { segment: Segment { number, size: length, file }, path, bytes, header_good: false, cut: false }),
    }
}

/// Decides whether what comes after the last good record is nothing, a torn write, or damage. Removes segments after it that hold
/// nothing, and returns the one of them that can be used next.
fn judge(dir: &DataDir, replay: &Replay, last: &Loaded, end: usize, later: Vec<Loaded>) -> Result<Option<Segment>, OpenError> {
    let Proof { segment, offset, .. } = replay.proof;
    let here = last.segment.number;
    if !replay.proof_met {
        let what = format!(
            "segment {here} can be read up to byte {end}, but the log was durable up to byte {offset} of segment {segment}"
        );
        return Err(OpenError::damaged(&last.path, what));
    }
    // Each segment is synced before the next one is begun, and within one each write begins after the one before it was synced. So
    // a later write that is there proves that what can not be read at the end had been durable.
    if let Some(found) = survivor(&last.bytes, end).filter(|(_, group)| *group > end) {
        return Err(OpenError::damaged(&last.path, format!("byte {end} can not be read, but byte {} after it can", found.0)));
    }
    replay.check_complete()?;
    let mut ready = None;
    for loaded in later {
        if survivor(&loaded.bytes, RECORDS_AT).is_some() {
            let what = format!("byte {end} can not be read, but segment {} after it can", loaded.segment.number);
            return Err(OpenError::damaged(&last.path, what));
        }
        let empty = loaded.header_good && !loaded.cut && is_zero(loaded.bytes.get(RECORDS_AT..).unwrap_or_default());
        if empty && loaded.segment.number == here + 1 {
            ready = Some(loaded.segment);
        } else {
            dir.disk().remove(&loaded.path).map_err(|source| OpenError::io(&loaded.path, source))?;
        }
    }
    Ok(ready)
}

/// The last place from here on at which a record can be read, and where the write began that it was part of.
fn survivor(bytes: &[u8], from: usize) -> Option<(usize, usize)> {
    const BLOCK: usize = 4096;
    let mut found = None;
    let mut at = from.next_multiple_of(8);
    while at < bytes.len() {
        let block = (at / BLOCK + 1) * BLOCK;
        let block_end = block.min(bytes.len());
        if is_zero(&bytes[at..block_end]) {
            at = block_end.next_multiple_of(8);
            continue;
        }
        while at < block_end {
            match record::read(&bytes[at..]) {
                Some(record) => {
                    let group = record.place.group as usize;
                    found = Some(
                        found.map_or((at, group), |before: (usize, usize)| if before.1 > group { before } else { (at, group) }),
                    );
                    at += record.size();
                }
                None => at += 8,
            }
        }
    }
    found
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.chunks(16).all(|chunk| chunk == &[0; 16][..chunk.len()])
}

/// Clears what a torn write left, and makes durable what was read: what the last process wrote but did not sync is only in the page
/// cache, and if a sync of it had failed, the kernel would not write it again by itself.
fn repair(tail: &TailFile, replay: &Replay, last: &Loaded, end: usize) -> Result<Proof, OpenError> {
    let failed = |source| OpenError::io(&last.path, source);
    let Loaded { segment, bytes, .. } = last;
    let proven =
        if replay.proof.segment == segment.number { usize::try_from(replay.proof.offset).unwrap_or(end) } else { RECORDS_AT };
    if proven < end {
        segment.file.write_at(&bytes[proven..end], proven as u64).map_err(failed)?;
    }
    if last.cut || !is_zero(&bytes[end..]) {
        tracing::info!(segment = %last.path.display(), from = end, "a last write that was never acknowledged is dropped from the log");
        clear(segment, end as u64).map_err(failed)?;
    }
    segment.file.sync().map_err(failed)?;
    let proof = Proof { sequence: replay.proof.sequence + 1, segment: segment.number, offset: end as u64, crc: replay.chain };
    tail.write(proof).and_then(|()| tail.sync()).map_err(failed)?;
    Ok(proof)
}

fn clear(segment: &Segment, from: u64) -> std::io::Result<()> {
    let zeros = vec![0; 64 << 10];
    let mut at = from;
    while at < segment.size {
        let piece = usize::try_from(segment.size - at).unwrap_or(usize::MAX).min(zeros.len());
        segment.file.write_at(&zeros[..piece], at)?;
        at += piece as u64;
    }
    Ok(())
}

/// The segments in use, and the highest entry in each.
pub(super) type Segments = BTreeMap<u64, Option<u64>>;

/// Makes the log of a new folder. Refuses to replace one that holds anything.
pub(in crate::store) fn create_empty(dir: &DataDir) -> Result<(), OpenError> {
    let folder = dir.log_path();
    let failed = |source| OpenError::io(&folder, source);
    dir.disk().create_dir(&folder).map_err(failed)?;
    for name in dir.disk().list(&folder).map_err(failed)? {
        // A crash may have left a log that was being made; it is made again.
        let path = folder.join(&name);
        let file = dir.disk().open(&path).map_err(failed)?;
        let bytes = read_all(file.as_ref()).map_err(failed)?;
        if number_of(&name).is_some() && survivor(&bytes, RECORDS_AT).is_some() {
            return Err(OpenError::damaged(&path, "there is a log, but the file that says whose it is is missing"));
        }
        dir.disk().remove(&path).map_err(failed)?;
    }
    let first = Proof { sequence: 0, segment: 1, offset: RECORDS_AT as u64, crc: 0 };
    segment::prepare(dir, 1, segment::planned_size(1, u64::MAX), &AtomicBool::new(false)).map_err(failed)?;
    TailFile::create(dir, first).map_err(failed)?;
    dir.disk().sync_dir(&folder).map_err(failed)
}
