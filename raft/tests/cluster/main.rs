//! Coordinators in one process: what they promise to SMB servers, whoever leads and whatever is cut.
//!
//! The clock is paused, except where a disk takes part: time passes only when every task waits for it.

#![expect(clippy::unwrap_used, reason = "where a helper of a test fails is all there is to say")]

mod chaos;
mod common;
mod edges;
mod failover;
mod grants;
mod hanging_disk;
mod membership;
mod restarts;
mod settings;
mod snapshots;
