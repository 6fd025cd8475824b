//! How far a node's state is.

use lease::LogTime;

use crate::types::LogId;

/// How far a node's state is, published after each batch of applied entries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// The last applied entry.
    pub applied: Option<LogId>,
    /// Log time after it.
    pub now: LogTime,
    /// When something in the state expires next, in log time.
    pub next_deadline: Option<LogTime>,
}
