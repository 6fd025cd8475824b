//! The log with the vote: an append-only stream of records in segment files.
//!
//! Everything that must be durable before consensus may go on is a record of one stream: entries, votes, truncations, purges, the
//! committed position. One writer takes what is queued, writes it with **one** write and makes it durable with **one** `fdatasync`,
//! and then answers. So the order in which things become durable is the order in which they were asked for.
//!
//! # How a cut or damaged log is told from a torn last write
//!
//! After a crash the last write may be there in part. It was never acknowledged, so it may be dropped; anything before it may not.
//! The difference must be provable without a second sync on the path of an answer:
//!
//! 1. A write begins only after the write before it was synced, and a segment is begun only after the one before it was synced.
//!    Each record says where the write that it belongs to began (its *group*). So whoever finds a readable record of a write that
//!    began behind an unreadable place knows that the unreadable place had been durable: that is damage. The records of the torn
//!    write itself, of which any may have survived, say that it began before the place, and prove nothing.
//! 2. This proves all writes but the last. For the last one there is the *tail file*: after each sync, the new end of the log and the
//!    checksum before it are written over the older of two slots of a small file. This write is not synced on the spot, it only
//!    has to be in the page cache to survive the death of the process; it is synced when nothing has been queued for
//!    [`LogConfig::idle_sync`], and at the end. A slot only ever says what is already true, so it does no harm if it becomes
//!    durable before or after anything else; an older slot merely proves less.
//! 3. Checksums chain, also across segments, and each segment begins with what all before it come to. So a missing, exchanged or
//!    old segment is noticed, at either end of the log and within it.
//!
//! What can not be noticed: the power fails within [`LogConfig::idle_sync`] of the last write, *and* the disk loses exactly that
//! write although it was synced.
//!
//! # Rules
//!
//! A failed write or sync ends the log for this process: nothing is answered after it, the [`FatalHook`] is called, and the process
//! has to end. What the disk then holds is read back at the next start; what was read but never proven is written again and
//! synced before it is used, because the kernel forgets pages whose write failed.

mod gauge;
mod index;
mod keeper;
mod memory;
mod queue;
mod reader;
mod record;
mod recover;
mod replay;
mod segment;
mod shared;
mod storage;
mod tail;
#[cfg(test)]
mod tests;
mod writer;

use std::time::Duration;

pub use gauge::SyncGauge;
pub use reader::LogReader;
pub(super) use recover::create_empty;
pub use storage::LogStore;

use super::error::Failure;

/// Called once, on the writer's thread, when the log can not be written any more. It should end the process.
pub type FatalHook = Box<dyn FnOnce(Failure) + Send>;

/// Sizes of the log.
#[derive(Debug, Clone)]
pub struct LogConfig {
    /// Size of a segment file, bytes; below 4 GiB. The first segments are smaller, each twice the one before.
    pub segment_bytes: u64,
    /// How much of the recent log is held in memory, bytes.
    pub cache_bytes: usize,
    /// The most that one limited read returns, bytes; a larger entry is returned alone.
    pub read_bytes_max: usize,
    /// How many writes may wait for the disk.
    pub queued_writes_max: usize,
    /// After this time without work, what was left unsynced (the committed position, the proof of the tail) is synced.
    pub idle_sync: Duration,
    /// Whether the writer has threads of its own. Without them every call does its work before it returns, and nothing is synced
    /// when idle: for simulation.
    pub threads: bool,
}

impl Default for LogConfig {
    fn default() -> LogConfig {
        LogConfig {
            segment_bytes: 64 << 20,
            cache_bytes: 16 << 20,
            read_bytes_max: 1 << 20,
            queued_writes_max: 4096,
            idle_sync: Duration::from_millis(10),
            threads: true,
        }
    }
}
