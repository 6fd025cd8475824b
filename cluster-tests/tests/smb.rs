//! SMB clients of real processes: one folder through three nodes, and nodes that die under them.

#[path = "smb/failover.rs"]
mod failover;
