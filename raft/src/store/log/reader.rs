//! Reads entries: the recent ones from memory, the older ones from the disk.

use std::fmt::Debug;
use std::io;
use std::ops::{Bound, RangeBounds};
use std::sync::Arc;

use futures::Stream;
use futures::stream::{self, TryStreamExt};
use openraft::{OptionalSend, RaftLogReader};

use super::index::Piece;
use super::memory::Plan;
use super::record;
use super::shared::Shared;
use crate::store::disk::DiskFile;
use crate::types::{LogEntry, TypeConfig, Vote};

/// How much is read from the disk at once, bytes.
const WINDOW: u64 = 256 << 10;

/// Reads the log, together with other readers and with the writer. Clones are independent.
#[derive(Debug, Clone)]
pub struct LogReader {
    pub(super) shared: Arc<Shared>,
    pub(super) read_bytes_max: usize,
    /// Whether reads of the disk go to a thread where they may block.
    pub(super) threads: bool,
}

impl LogReader {
    /// The entries of a range that are there, up to a number of bytes, but at least one.
    async fn read(&self, from: u64, to: u64, bytes_max: usize) -> io::Result<Vec<LogEntry>> {
        let Plan { pieces, cached } = self.shared.read().plan(from, to, bytes_max)?;
        if pieces.is_empty() {
            return Ok(cached);
        }
        let read = move || read_pieces(&pieces, cached, bytes_max);
        if self.threads { tokio::task::spawn_blocking(read).await.map_err(io::Error::other)? } else { read() }
    }
}

fn bounds(range: &impl RangeBounds<u64>) -> (u64, u64) {
    let from = match range.start_bound() {
        Bound::Included(from) => *from,
        Bound::Excluded(before) => before.saturating_add(1),
        Bound::Unbounded => 0,
    };
    let to = match range.end_bound() {
        Bound::Included(last) => last.saturating_add(1),
        Bound::Excluded(to) => *to,
        Bound::Unbounded => u64::MAX,
    };
    (from, to)
}

impl RaftLogReader<TypeConfig> for LogReader {
    async fn try_get_log_entries<RB: RangeBounds<u64> + Clone + Debug + OptionalSend>(
        &mut self,
        range: RB,
    ) -> Result<Vec<LogEntry>, io::Error> {
        let (from, to) = bounds(&range);
        self.read(from, to, usize::MAX).await
    }

    async fn entries_stream<RB>(&mut self, range: RB) -> impl Stream<Item = Result<LogEntry, io::Error>> + OptionalSend
    where
        RB: RangeBounds<u64> + Clone + Debug + OptionalSend,
    {
        let (from, to) = bounds(&range);
        let (from, to) = {
            let memory = self.shared.read();
            (from.max(memory.first()), to.min(memory.next()))
        };
        let pieces = stream::try_unfold((self.clone(), from), move |(reader, from)| async move {
            if from >= to {
                return Ok::<_, io::Error>(None);
            }
            let entries = reader.read(from, to, reader.read_bytes_max).await?;
            let next = entries.last().map(|entry| entry.log_id.index + 1);
            let next = next.ok_or_else(|| io::Error::other(format!("entry {from} went away while the log was being read")))?;
            Ok(Some((stream::iter(entries.into_iter().map(Ok::<_, io::Error>)), (reader, next))))
        });
        Box::pin(pieces.try_flatten())
    }

    async fn read_vote(&mut self) -> Result<Option<Vote>, io::Error> {
        Ok(self.shared.read().view.vote)
    }

    async fn limited_get_log_entries(&mut self, start: u64, end: u64) -> Result<Vec<LogEntry>, io::Error> {
        self.read(start, end, self.read_bytes_max).await
    }
}

fn read_pieces(pieces: &[(Arc<dyn DiskFile>, Piece)], cached: Vec<LogEntry>, bytes_max: usize) -> io::Result<Vec<LogEntry>> {
    let mut sink = Sink { entries: Vec::new(), budget: bytes_max, full: false };
    for (file, piece) in pieces {
        read_piece(file.as_ref(), *piece, &mut sink)?;
    }
    for entry in cached {
        sink.push(entry);
    }
    Ok(sink.entries)
}

/// Entries, up to a number of bytes.
struct Sink {
    entries: Vec<LogEntry>,
    budget: usize,
    full: bool,
}

impl Sink {
    fn push(&mut self, entry: LogEntry) {
        let weight = record::weight(&entry);
        self.full |= weight > self.budget && !self.entries.is_empty();
        if !self.full {
            self.budget = self.budget.saturating_sub(weight);
            self.entries.push(entry);
        }
    }
}

fn read_piece(file: &dyn DiskFile, piece: Piece, sink: &mut Sink) -> io::Result<()> {
    let size = file.size()?;
    let damaged = |at: u64| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("the log can not be read back at byte {at} of segment {}", piece.segment),
        )
    };
    let (mut at, mut window, mut begin) = (piece.offset, Vec::new(), piece.offset);
    let mut expected = piece.start;
    while expected < piece.end && !sink.full {
        let inside = usize::try_from(at - begin).map_err(io::Error::other)?;
        let rest = window.get(inside..).unwrap_or_default();
        let needed = record::extent(rest).unwrap_or(record::HEADER);
        if rest.len() < needed {
            let length = WINDOW.max(needed as u64).min(size.saturating_sub(at));
            if length < needed as u64 {
                return Err(damaged(at));
            }
            window = vec![0; usize::try_from(length).map_err(io::Error::other)?];
            file.read_at(&mut window, at)?;
            begin = at;
            continue;
        }
        let record = record::read(rest).ok_or_else(|| damaged(at))?;
        if let Some(entry) = record.entry().map_err(io::Error::other)?
            && entry.log_id.index >= piece.start
        {
            if entry.log_id.index != expected {
                return Err(damaged(at));
            }
            expected += 1;
            sink.push(entry);
        }
        at += record.size() as u64;
    }
    Ok(())
}
