//! Plays the records of the log back, in order.

use std::path::{Path, PathBuf};

use prost::Message;

use super::memory::{IndexStep, Memory, Written};
use super::record::{self, HeadRecord, Kind, PositionRecord, Record};
use super::recover::Segments;
use super::segment::{RECORDS_AT, Segment};
use super::tail::Proof;
use super::writer::INDEX_EVERY;
use crate::codec::{CodecError, VoteRecord};
use crate::store::error::OpenError;
use crate::types::{LogId, Vote};

/// What was played back so far.
pub(super) struct Replay {
    pub(super) memory: Memory,
    /// The checksum of the last record.
    pub(super) chain: u32,
    pub(super) segments: Segments,
    pub(super) proof: Proof,
    /// Whether the place of the proof was passed, with the right record before it.
    pub(super) proof_met: bool,
    folder: PathBuf,
    /// The entries before this one, as far as they are not purged, lie in segments that are not there.
    missing_until: u64,
    begun: bool,
    indexed: Option<(u64, u64)>,
}

impl Replay {
    pub(super) fn new(folder: PathBuf, cache_bytes: usize, proof: Proof) -> Replay {
        Replay {
            memory: Memory::new(cache_bytes),
            chain: 0,
            segments: Segments::new(),
            proof,
            proof_met: false,
            folder,
            missing_until: 0,
            begun: false,
            indexed: None,
        }
    }

    /// Whether the next segment begins with a record that follows the last one.
    pub(super) fn continues_in(&self, bytes: &[u8]) -> bool {
        let first = bytes.get(RECORDS_AT..).and_then(record::read);
        first.is_some_and(|record| record.place.chain == self.chain)
    }

    /// Plays back a segment, and returns where its records end.
    pub(super) fn segment(&mut self, segment: &Segment, path: &Path, bytes: &[u8]) -> Result<usize, OpenError> {
        self.segments.insert(segment.number, None);
        self.indexed = None;
        self.step(IndexStep::Open(segment.number, segment.file.clone()));
        let mut at = RECORDS_AT;
        loop {
            self.check_proof(segment.number, at, path)?;
            let Some(record) = bytes.get(at..).and_then(record::read) else { return Ok(at) };
            let expected = if self.begun { self.chain } else { record.place.chain };
            if record.place.chain != expected {
                return Err(OpenError::damaged(path, format!("the record at byte {at} does not follow the one before it")));
            }
            self.apply(segment.number, at, &record)
                .map_err(|what| OpenError::damaged(path, format!("the record at byte {at}: {what}")))?;
            self.chain = record.crc;
            at += record.size();
        }
    }

    fn check_proof(&mut self, number: u64, at: usize, path: &Path) -> Result<(), OpenError> {
        let Proof { segment, offset, crc, .. } = self.proof;
        if (segment, offset) == (number, at as u64) {
            if crc != self.chain {
                return Err(OpenError::damaged(path, format!("what lies before byte {at} is not what was proven to lie there")));
            }
            self.proof_met = true;
        }
        Ok(())
    }

    fn apply(&mut self, segment: u64, at: usize, record: &Record<'_>) -> Result<(), String> {
        let first = at == RECORDS_AT;
        if first != (record.kind == Kind::Head) {
            return Err("a segment begins with its head, and has no other".into());
        }
        match record.kind {
            Kind::Blank | Kind::Batch | Kind::Membership => self.entry(segment, at as u64, record),
            Kind::Head => self.head(segment, record),
            Kind::Vote => {
                let vote = VoteRecord::decode(record.payload).map_err(text)?;
                self.memory.view.vote = Some(Vote::from(vote));
                Ok(())
            }
            Kind::Truncate => {
                let last = position(record).map_err(text)?;
                self.memory.truncate_after(last);
                self.missing_until = self.missing_until.min(self.memory.next());
                self.indexed = None;
                self.step(IndexStep::Truncate(last.map_or(0, |id| id.index + 1)));
                Ok(())
            }
            Kind::Purge => {
                self.memory.purge(position(record).map_err(text)?.ok_or("it purges nothing")?);
                Ok(())
            }
            Kind::Committed => {
                self.memory.view.committed = position(record).map_err(text)?;
                Ok(())
            }
        }
    }

    fn entry(&mut self, segment: u64, at: u64, record: &Record<'_>) -> Result<(), String> {
        let entry = record.entry().map_err(text)?.ok_or("it holds no entry")?;
        let index = entry.log_id.index;
        self.memory.append(entry, 0).map_err(|error| error.to_string())?;
        let highest = self.segments.entry(segment).or_default();
        *highest = (*highest).max(Some(index));
        if self.indexed.is_none_or(|(point, follower)| follower != index || at - point >= INDEX_EVERY) {
            self.step(IndexStep::Entries { first: index, segment, offset: at });
            self.indexed = Some((at, index));
        }
        self.indexed = self.indexed.map(|(point, _)| (point, index + 1));
        Ok(())
    }

    fn head(&mut self, segment: u64, record: &Record<'_>) -> Result<(), String> {
        let head = HeadRecord::decode(record.payload).map_err(text)?;
        let view = head.view();
        if head.segment != segment {
            return Err(format!("it is the head of segment {}", head.segment));
        }
        if self.begun && view != self.memory.view {
            return Err("the head does not say what the segments before come to".into());
        }
        if !self.begun {
            self.begun = true;
            self.memory.begin(view);
            self.missing_until = self.memory.next();
        }
        Ok(())
    }

    fn step(&mut self, step: IndexStep) {
        self.memory.written(Written { change: 0, steps: vec![step] });
    }

    /// Refuses a log whose oldest segments were taken away before they were purged.
    pub(super) fn check_complete(&self) -> Result<(), OpenError> {
        let first = self.memory.first();
        if first < self.missing_until {
            let what = format!("the entries from {first} to {} are missing", self.missing_until - 1);
            return Err(OpenError::damaged(&self.folder, what));
        }
        Ok(())
    }
}

fn position(record: &Record<'_>) -> Result<Option<LogId>, CodecError> {
    Ok(PositionRecord::decode(record.payload)?.log_id.map(LogId::from))
}

fn text(error: impl Into<CodecError>) -> String {
    error.into().to_string()
}
