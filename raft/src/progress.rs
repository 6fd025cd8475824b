//! How far a node's state is.

use std::sync::Arc;

use lease::{LogTime, Settings};

use crate::codec::entry::Check;
use crate::types::LogId;

/// How far a node's state is, published after each batch of applied entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// The last applied entry.
    pub applied: Option<LogId>,
    /// Log time after it.
    pub now: LogTime,
    /// When something in the state expires next, in log time.
    pub next_deadline: Option<LogTime>,
    /// The settings that hold after it.
    pub settings: Arc<Settings>,
    /// The newest hash that every node remembers: what the leader puts into its next batch, unless it has done so already.
    pub marker: Option<Check>,
    /// The index of the newest hash that a leader's batch confirmed.
    pub checked: Option<u64>,
    /// Bytes of all batches applied since the start of this process.
    pub applied_bytes: u64,
    /// What is kept of the state beside the log.
    pub kept: Kept,
}

/// What a node keeps of the state beside the log, and from where on it has the log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kept {
    /// The last entry that the checkpoint on the disk covers; none before there is one, and in memory.
    pub checkpoint: Option<u64>,
    /// The last entry that the newest snapshot covers.
    pub snapshot: Option<u64>,
    /// The last entry that is purged from the log.
    pub purged: Option<u64>,
}
