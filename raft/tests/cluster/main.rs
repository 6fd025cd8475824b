//! Coordinators in one process: what they promise to SMB servers, whoever leads and whatever is cut.
//!
//! The clock is paused: time passes only when every task waits for it.

mod common;
mod failover;
mod grants;
mod membership;
mod restarts;
mod snapshots;
