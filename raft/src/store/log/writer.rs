//! The one writer of the log: takes what is queued, writes it with one write and one sync, and only then answers.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::Arc;

use openraft::storage::IOFlushed;
use tokio::sync::oneshot;

use super::FatalHook;
use super::gauge::SyncGauge;
use super::keeper::Keeper;
use super::memory::{IndexStep, View, Written};
use super::queue::{Command, Queued};
use super::record::{self, HeadRecord, Kind, Place, PositionRecord};
use super::segment::{RECORDS_AT, Segment, planned_size};
use super::shared::Shared;
use super::tail::{Proof, TailFile};
use crate::codec::{LogIdRecord, VoteRecord};
use crate::store::error::Failure;
use crate::types::{LogEntry, LogId, TypeConfig};

/// A point of the index is set at least this often, bytes.
pub(super) const INDEX_EVERY: u64 = 16 << 10;
/// A group is written when it has reached this size, even if more is queued, bytes.
const GROUP_BYTES: usize = 4 << 20;

/// Where the log ends.
#[derive(Debug)]
pub(super) struct End {
    pub(super) segment: Segment,
    /// Where in the segment the next record goes.
    pub(super) offset: u64,
    /// The checksum of the last record.
    pub(super) chain: u32,
    pub(super) view: View,
    /// The newest proof.
    pub(super) proof: Proof,
    /// The segments in use, and the highest entry in each.
    pub(super) segments: BTreeMap<u64, Option<u64>>,
}

/// What is told about a group once it is durable.
enum Waiter {
    Append(IOFlushed<TypeConfig>),
    Vote(oneshot::Sender<io::Result<()>>),
}

impl Waiter {
    fn tell(self, result: io::Result<()>) {
        match self {
            Waiter::Append(done) => done.io_completed(result),
            Waiter::Vote(done) => {
                // The one who asked may have been cancelled; the vote is durable all the same.
                done.send(result).ok();
            }
        }
    }
}

/// The writer.
pub(super) struct Writer {
    end: End,
    tail: TailFile,
    tail_synced: bool,
    keeper: Keeper,
    shared: Arc<Shared>,
    gauge: Arc<SyncGauge>,
    segment_bytes: u64,
    /// The group under way: its records go to the end of the segment with one write.
    buffer: Vec<u8>,
    waiters: Vec<Waiter>,
    written: Written,
    entries: u64,
    must_sync: bool,
    /// Where the index has its last point, and the entry that would follow without another one.
    indexed: Option<(u64, u64)>,
    failure: Option<Failure>,
    on_fatal: Option<FatalHook>,
}

impl Writer {
    pub(super) fn new(
        end: End,
        tail: TailFile,
        keeper: Keeper,
        shared: Arc<Shared>,
        segment_bytes: u64,
        on_fatal: FatalHook,
    ) -> Writer {
        let gauge = shared.gauge.clone();
        let mut writer = Writer {
            end,
            tail,
            tail_synced: true,
            keeper,
            shared,
            gauge,
            segment_bytes,
            buffer: Vec::new(),
            waiters: Vec::new(),
            written: Written::default(),
            entries: 0,
            must_sync: false,
            indexed: None,
            failure: None,
            on_fatal: Some(on_fatal),
        };
        writer.ask_for_next_segment();
        writer
    }

    /// Does what was queued. Commands that need no sync of their own wait for the next one that does.
    pub(super) fn work(&mut self, commands: VecDeque<Queued>) {
        for queued in commands {
            if let Err(error) = self.encode(queued) {
                self.fail(&error);
            }
            if self.buffer.len() >= GROUP_BYTES {
                self.flush_or_fail();
            }
        }
        if self.must_sync {
            self.flush_or_fail();
        }
    }

    /// Whether there is something that should be synced when nothing else is to do.
    pub(super) fn has_loose_ends(&self) -> bool {
        self.failure.is_none() && (!self.buffer.is_empty() || !self.tail_synced)
    }

    /// Syncs what is left: records that nobody waits for, and the proof of the tail.
    pub(super) fn settle(&mut self) {
        self.flush_or_fail();
        if self.failure.is_none() && !self.tail_synced {
            self.gauge.begin();
            match self.tail.sync() {
                Ok(()) => self.tail_synced = true,
                Err(error) => self.fail(&error),
            }
            self.gauge.cancel();
        }
    }

    fn encode(&mut self, queued: Queued) -> io::Result<()> {
        let Queued { change, command, _place } = queued;
        if let Some(failure) = &self.failure {
            refuse(command, failure);
            return Ok(());
        }
        self.written.change = change;
        match command {
            Command::Append { entries, done } => {
                self.waiters.push(Waiter::Append(done));
                self.must_sync = true;
                for entry in &entries {
                    self.put_entry(entry)?;
                }
            }
            Command::Vote { vote, done } => {
                self.waiters.push(Waiter::Vote(done));
                self.must_sync = true;
                self.put_message(Kind::Vote, &VoteRecord::from(&vote))?;
                self.end.view.vote = Some(vote);
            }
            Command::Truncate(last) => {
                self.put_message(Kind::Truncate, &position(last))?;
                self.end.view.last = last.or(self.end.view.purged);
                self.written.steps.push(IndexStep::Truncate(last.map_or(0, |id| id.index + 1)));
                self.indexed = None;
            }
            Command::Purge(upto) => {
                self.put_message(Kind::Purge, &position(Some(upto)))?;
                self.end.view.purged = Some(upto);
                self.end.view.last = self.end.view.last.filter(|last| last.index > upto.index).or(Some(upto));
            }
            Command::Committed(committed) => {
                self.put_message(Kind::Committed, &position(committed))?;
                self.end.view.committed = committed;
            }
        }
        Ok(())
    }

    fn put_entry(&mut self, entry: &LogEntry) -> io::Result<()> {
        let index = entry.log_id.index;
        self.make_room(record::payload_len(entry))?;
        let at = self.end.offset + self.buffer.len() as u64;
        if self.indexed.is_none_or(|(point, follower)| follower != index || at - point >= INDEX_EVERY) {
            self.written.steps.push(IndexStep::Entries { first: index, segment: self.end.segment.number, offset: at });
            self.indexed = Some((at, index));
        }
        self.indexed = self.indexed.map(|(point, _)| (point, index + 1));
        let place = self.place();
        self.end.chain = record::put_entry(&mut self.buffer, place, entry);
        self.end.view.last = Some(entry.log_id);
        self.entries += 1;
        let highest = self.end.segments.entry(self.end.segment.number).or_default();
        *highest = (*highest).max(Some(index));
        Ok(())
    }

    /// Adds a record that is no entry. The view is changed after it, not before: the record may begin a segment, whose head says
    /// what the records before it come to.
    fn put_message(&mut self, kind: Kind, message: &impl prost::Message) -> io::Result<()> {
        self.make_room(message.encoded_len())?;
        let place = self.place();
        self.end.chain = record::put_message(&mut self.buffer, place, kind, message);
        Ok(())
    }

    fn place(&self) -> Place {
        let group = u32::try_from(self.end.offset).expect("a segment is smaller than 4 GiB");
        Place { chain: self.end.chain, group }
    }

    /// Goes on in the next segment if a record with a payload of this size has no room in this one.
    fn make_room(&mut self, payload: usize) -> io::Result<()> {
        let used = self.end.offset + self.buffer.len() as u64;
        let needed = record::padded(payload) as u64;
        if used + needed > self.end.segment.size {
            self.flush()?;
            self.open_next_segment(needed)?;
        }
        if self.end.offset == RECORDS_AT as u64 && self.buffer.is_empty() {
            let head = HeadRecord::new(self.end.segment.number, &self.end.view);
            let place = self.place();
            self.end.chain = record::put_message(&mut self.buffer, place, Kind::Head, &head);
        }
        Ok(())
    }

    fn open_next_segment(&mut self, needed: u64) -> io::Result<()> {
        const HEAD_ROOM: u64 = 1024;
        let number = self.end.segment.number + 1;
        let least = (RECORDS_AT as u64 + HEAD_ROOM + needed).next_multiple_of(RECORDS_AT as u64);
        // Waiting for a segment is waiting for the disk.
        self.gauge.begin();
        self.end.segment = self.keeper.take(number, planned_size(number, self.segment_bytes).max(least))?;
        self.gauge.cancel();
        self.end.offset = RECORDS_AT as u64;
        self.end.segments.insert(number, None);
        self.indexed = None;
        self.written.steps.push(IndexStep::Open(number, self.end.segment.file.clone()));
        self.ask_for_next_segment();
        Ok(())
    }

    fn ask_for_next_segment(&mut self) {
        let next = self.end.segment.number + 1;
        self.keeper.prepare(next, planned_size(next, self.segment_bytes));
    }

    fn flush_or_fail(&mut self) {
        if self.failure.is_none()
            && let Err(error) = self.flush().map(|()| self.answer())
        {
            self.fail(&error);
        }
    }

    /// Makes the group durable: one write, one sync. Then, and only then, it is proven.
    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        self.gauge.begin();
        self.end.segment.file.write_at(&self.buffer, self.end.offset)?;
        self.end.segment.file.sync()?;
        self.end.offset += self.buffer.len() as u64;
        self.end.proof = Proof {
            sequence: self.end.proof.sequence + 1,
            segment: self.end.segment.number,
            offset: self.end.offset,
            crc: self.end.chain,
        };
        self.tail.write(self.end.proof)?;
        self.gauge.end(std::mem::take(&mut self.entries), self.buffer.len() as u64);
        self.tail_synced = false;
        self.buffer.clear();
        Ok(())
    }

    fn answer(&mut self) {
        self.must_sync = false;
        for waiter in self.waiters.drain(..) {
            waiter.tell(Ok(()));
        }
        self.drop_purged_segments();
        let change = self.written.change;
        self.shared.written(std::mem::replace(&mut self.written, Written { change, steps: Vec::new() }));
    }

    fn drop_purged_segments(&mut self) {
        let Some(purged) = self.end.view.purged else { return };
        while let Some((&number, highest)) = self.end.segments.first_key_value()
            && number != self.end.segment.number
            && highest.is_none_or(|highest| highest <= purged.index)
        {
            self.end.segments.pop_first();
            self.written.steps.push(IndexStep::Drop(number));
            self.keeper.remove(number);
        }
    }

    /// Nothing is written any more, and nobody is told that anything was.
    fn fail(&mut self, error: &io::Error) {
        let full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        let what = if full { "the disk is full; make room and start the node again" } else { "the disk failed a write or a sync" };
        let failure = Failure { what: format!("{what}: {error} (log in {})", self.shared.folder.display()) };
        self.failure = Some(failure.clone());
        self.shared.fail(failure.clone());
        if let Some(on_fatal) = self.on_fatal.take() {
            on_fatal(failure.clone());
        }
        for waiter in self.waiters.drain(..) {
            waiter.tell(Err(io::Error::other(failure.clone())));
        }
        self.must_sync = false;
    }
}

fn refuse(command: Command, failure: &Failure) {
    let error = || io::Error::other(failure.clone());
    match command {
        Command::Append { entries: _, done } => done.io_completed(Err(error())),
        Command::Vote { vote: _, done } => Waiter::Vote(done).tell(Err(error())),
        Command::Truncate(_) | Command::Purge(_) | Command::Committed(_) => {}
    }
}

fn position(log_id: Option<LogId>) -> PositionRecord {
    PositionRecord { log_id: log_id.as_ref().map(LogIdRecord::from) }
}
