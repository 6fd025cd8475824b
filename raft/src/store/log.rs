//! The log.

use std::fmt::Debug;
use std::io;
use std::ops::RangeBounds;
use std::sync::Arc;
use std::time::Duration;

use openraft::storage::{IOFlushed, LogState, RaftLogStorage};
use openraft::{OptionalSend, RaftLogReader};

use super::data_dir::DataDir;
use super::error::{Failure, OpenError};
use crate::types::{LogEntry, LogId, TypeConfig, Vote};

/// Called once, on the writer's thread, when the log can not be written any more. It should end the process.
pub type FatalHook = Box<dyn FnOnce(Failure) + Send>;

/// Sizes of the log.
#[derive(Debug, Clone)]
pub struct LogConfig {
    /// Size of a segment file, bytes. The first segments are smaller, each twice the one before.
    pub segment_bytes: u64,
    /// How much of the recent log is held in memory, bytes.
    pub cache_bytes: usize,
    /// The most that one limited read returns, bytes; a larger entry is returned alone.
    pub read_bytes_max: usize,
    /// How many writes may wait for the disk.
    pub queued_writes_max: usize,
    /// After this time without work, what was left unsynced (the committed position, the proof of the tail) is synced.
    pub idle_sync: Duration,
}

impl Default for LogConfig {
    fn default() -> LogConfig {
        LogConfig {
            segment_bytes: 64 << 20,
            cache_bytes: 16 << 20,
            read_bytes_max: 1 << 20,
            queued_writes_max: 4096,
            idle_sync: Duration::from_millis(10),
        }
    }
}

/// How the disk is doing, for metrics and for the watchdog that takes leadership away from a node whose disk hangs. Lock-free.
#[derive(Debug, Default)]
pub struct SyncGauge {}

impl SyncGauge {
    /// How long the write and sync under way has been running, `None` if none is.
    pub fn outstanding(&self) -> Option<Duration> {
        unimplemented!()
    }

    /// How many syncs have completed since the log was opened.
    pub fn syncs(&self) -> u64 {
        unimplemented!()
    }

    /// How many entries they made durable.
    pub fn entries(&self) -> u64 {
        unimplemented!()
    }

    /// An upper bound of the time below which this share (0.0 to 1.0) of the syncs took.
    pub fn quantile(&self, share: f64) -> Duration {
        unimplemented!("{share}")
    }
}

/// The log of a node, with its vote. Clones are handles to the same log.
#[derive(Debug, Clone)]
pub struct LogStore {}

impl LogStore {
    /// Opens the log of a data folder, reads it back and checks it.
    pub fn open(dir: &DataDir, config: &LogConfig, on_fatal: FatalHook) -> Result<LogStore, OpenError> {
        drop(on_fatal);
        unimplemented!("{dir:?} {config:?}")
    }

    /// A log that is kept in memory only, for tests and for embedding without a disk.
    pub fn in_memory() -> LogStore {
        unimplemented!()
    }

    /// How the disk is doing.
    pub fn gauge(&self) -> Arc<SyncGauge> {
        unimplemented!()
    }

    /// Writes and syncs what is left, and ends the writer. Blocks; later writes fail.
    pub fn close(&self) {
        unimplemented!()
    }
}

/// Reads the log, together with other readers and with the writer.
#[derive(Debug, Clone)]
pub struct LogReader {}

impl RaftLogReader<TypeConfig> for LogReader {
    async fn try_get_log_entries<RB: RangeBounds<u64> + Clone + Debug + OptionalSend>(
        &mut self,
        range: RB,
    ) -> Result<Vec<LogEntry>, io::Error> {
        unimplemented!("{range:?}")
    }

    async fn read_vote(&mut self) -> Result<Option<Vote>, io::Error> {
        unimplemented!()
    }
}

impl RaftLogStorage<TypeConfig> for LogStore {
    type LogReader = LogReader;

    async fn get_log_state(&mut self) -> Result<LogState<TypeConfig>, io::Error> {
        unimplemented!()
    }

    async fn get_log_reader(&mut self) -> LogReader {
        unimplemented!()
    }

    async fn save_vote(&mut self, vote: &Vote) -> Result<(), io::Error> {
        unimplemented!("{vote}")
    }

    async fn append<I>(&mut self, entries: I, callback: IOFlushed<TypeConfig>) -> Result<(), io::Error>
    where
        I: IntoIterator<Item = LogEntry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        drop((entries.into_iter(), callback));
        unimplemented!()
    }

    async fn truncate_after(&mut self, last_log_id: Option<LogId>) -> Result<(), io::Error> {
        unimplemented!("{last_log_id:?}")
    }

    async fn purge(&mut self, log_id: LogId) -> Result<(), io::Error> {
        unimplemented!("{log_id}")
    }
}
