//! What is known of the log without reading the disk: its ends, the vote, the recent entries, and where the older ones lie.
//!
//! Changes are made here first, in the order in which they are given to the writer, and numbered. An entry leaves this cache only
//! when the write with its number is durable, and then the index, which follows the writer, says where it lies. So an index entry
//! is only ever used for what the writer has passed, even while it lags behind truncations.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::Arc;

use super::index::{Index, Piece};
use super::record::weight;
use crate::store::disk::DiskFile;
use crate::types::{LogEntry, LogId, Vote};

/// The parts of the log that are not entries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct View {
    pub(super) vote: Option<Vote>,
    pub(super) committed: Option<LogId>,
    /// The last entry that was purged.
    pub(super) purged: Option<LogId>,
    /// The last entry, or the last that was purged if there is none.
    pub(super) last: Option<LogId>,
}

#[derive(Debug)]
struct Cached {
    entry: LogEntry,
    weight: usize,
    /// The number of the change that brought it.
    change: u64,
}

/// What the writer has done since it last said so.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// All changes up to this number are durable.
    pub(super) change: u64,
    /// What became of the index, in order.
    pub(super) steps: Vec<IndexStep>,
}

/// One step of the index.
#[derive(Debug)]
pub(super) enum IndexStep {
    /// A segment is in use from now on.
    Open(u64, Arc<dyn DiskFile>),
    /// The entries from this one on lie here, one after the other.
    Entries { first: u64, segment: u64, offset: u64 },
    /// The entries from this one on are gone.
    Truncate(u64),
    /// A segment is gone.
    Drop(u64),
}

/// The log as it is known in memory.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) view: View,
    /// The first entry, if there is one.
    first: u64,
    /// One past the last entry.
    next: u64,
    /// The entries from this one on are in the cache.
    cached_from: u64,
    cache: VecDeque<Cached>,
    weight: usize,
    weight_max: usize,
    changes: u64,
    durable_change: u64,
    index: Index,
    files: BTreeMap<u64, Arc<dyn DiskFile>>,
}

/// What a read needs: pieces on the disk, then entries from memory.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) pieces: Vec<(Arc<dyn DiskFile>, Piece)>,
    pub(super) cached: Vec<LogEntry>,
}

impl Memory {
    pub(super) fn new(weight_max: usize) -> Memory {
        Memory {
            view: View::default(),
            first: 0,
            next: 0,
            cached_from: 0,
            cache: VecDeque::new(),
            weight: 0,
            weight_max,
            changes: 0,
            durable_change: 0,
            index: Index::default(),
            files: BTreeMap::new(),
        }
    }

    /// The number of the next change.
    pub(super) fn number_change(&mut self) -> u64 {
        self.changes += 1;
        self.changes
    }

    pub(super) fn first(&self) -> u64 {
        self.first
    }

    pub(super) fn next(&self) -> u64 {
        self.next
    }

    fn is_empty(&self) -> bool {
        self.first == self.next
    }

    /// Begins with what the head of the oldest segment says: the entries before it are elsewhere, or gone.
    pub(super) fn begin(&mut self, view: View) {
        self.first = view.purged.map_or(0, |id| id.index + 1);
        self.next = view.last.map_or(self.first, |id| id.index + 1);
        self.cached_from = self.next;
        self.view = view;
    }

    /// Adds an entry as part of a change. Refuses one that would leave a hole.
    pub(super) fn append(&mut self, entry: LogEntry, change: u64) -> io::Result<()> {
        let index = entry.log_id.index;
        if self.is_empty() && self.view.purged.is_none() {
            (self.first, self.next, self.cached_from) = (index, index, index);
        } else if index != self.next {
            let what = format!("entry {index} does not follow entry {}", self.next.wrapping_sub(1));
            return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        }
        self.view.last = Some(entry.log_id);
        self.next = index + 1;
        let weight = weight(&entry);
        self.weight += weight;
        self.cache.push_back(Cached { entry, weight, change });
        Ok(())
    }

    /// Adds the entries of the next change, all or none.
    pub(super) fn append_all(&mut self, entries: &[LogEntry]) -> io::Result<()> {
        let hole = entries.windows(2).find(|pair| pair[0].log_id.index + 1 != pair[1].log_id.index);
        if let Some(pair) = hole {
            let what = format!("entry {} does not follow entry {}", pair[1].log_id.index, pair[0].log_id.index);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        }
        let change = self.changes + 1;
        entries.iter().try_for_each(|entry| self.append(entry.clone(), change))
    }

    /// Removes the entries after this one; all, if it is none. Says whether anything changed.
    pub(super) fn truncate_after(&mut self, last: Option<LogId>) -> bool {
        let keep = last.map_or(self.first, |id| id.index + 1).max(self.first);
        if keep >= self.next {
            return false;
        }
        while self.cache.back().is_some_and(|cached| cached.entry.log_id.index >= keep) {
            self.weight -= self.cache.pop_back().map_or(0, |cached| cached.weight);
        }
        self.next = keep;
        self.cached_from = self.cached_from.min(keep);
        self.view.last = if self.is_empty() { self.view.purged } else { last };
        true
    }

    /// Removes the entries up to this one. Says whether anything changed.
    pub(super) fn purge(&mut self, upto: LogId) -> bool {
        if self.view.purged.is_some_and(|purged| purged.index >= upto.index) {
            return false;
        }
        self.view.purged = Some(upto);
        self.first = upto.index + 1;
        while self.cache.front().is_some_and(|cached| cached.entry.log_id.index < self.first) {
            self.weight -= self.cache.pop_front().map_or(0, |cached| cached.weight);
        }
        if self.next <= self.first {
            self.next = self.first;
            self.view.last = Some(upto);
        }
        self.cached_from = self.cached_from.max(self.first);
        true
    }

    /// Takes over what the writer has made durable, and lets go of what need not be in memory any more.
    pub(super) fn written(&mut self, written: Written) {
        let Written { change, steps } = written;
        for step in steps {
            match step {
                IndexStep::Open(segment, file) => {
                    self.files.insert(segment, file);
                }
                IndexStep::Entries { first, segment, offset } => self.index.push(first, segment, offset),
                IndexStep::Truncate(from) => self.index.truncate(from),
                IndexStep::Drop(segment) => {
                    self.files.remove(&segment);
                    self.index.drop_segment(segment);
                }
            }
        }
        self.durable_change = change;
        self.index.forget_before(self.first);
        self.evict();
    }

    fn evict(&mut self) {
        while self.weight > self.weight_max {
            if self.cache.front().is_none_or(|cached| cached.change > self.durable_change) {
                break;
            }
            let Some(cached) = self.cache.pop_front() else { break };
            self.weight -= cached.weight;
            self.cached_from = cached.entry.log_id.index + 1;
        }
    }

    /// How to read the entries of `from..to` that are there; from the cache no more than `cached_bytes`, but at least one entry.
    pub(super) fn plan(&self, from: u64, to: u64, cached_bytes: usize) -> io::Result<Plan> {
        let from = from.max(self.first);
        let to = to.min(self.next);
        let mut plan = Plan::default();
        if from >= to {
            return Ok(plan);
        }
        if from < self.cached_from {
            let pieces = self.index.pieces(from, to.min(self.cached_from));
            if pieces.last().map(|piece| piece.end) != Some(to.min(self.cached_from)) {
                return Err(io::Error::other(format!("the index does not know where entry {from} and those after it lie")));
            }
            for piece in pieces {
                let file = self.files.get(&piece.segment).ok_or_else(|| io::Error::other("a segment of the index is not open"))?;
                plan.pieces.push((file.clone(), piece));
            }
        }
        let mut budget = cached_bytes;
        for index in from.max(self.cached_from)..to {
            let position = usize::try_from(index - self.cached_from).map_err(io::Error::other)?;
            let cached = self.cache.get(position).ok_or_else(|| io::Error::other("the cache has a hole"))?;
            if !plan.cached.is_empty() && cached.weight > budget {
                break;
            }
            budget = budget.saturating_sub(cached.weight);
            plan.cached.push(cached.entry.clone());
        }
        Ok(plan)
    }
}
