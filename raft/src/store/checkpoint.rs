//! The checkpoint of the lease table: the state as of some entry of the log, in sled, as keys and values whose meaning is the
//! caller's. It is written behind the log, so that a restart loads the table and plays back a short log. It is never on the path of
//! an answer, and never the only copy of anything.
//!
//! # What sled is not trusted with
//!
//! - *Durability.* Its `flush` calls `sync_file_range`, which loses what was acknowledged when the power fails. So each write ends with
//!   `flush` and then `fdatasync` of its file. Values are cut to at most 4 KiB, because it puts large ones into files that it never syncs.
//! - *Integrity.* It did not notice flipped bits. So each record has a checksum that covers its key, and the caller compares the
//!   hash of what it loaded with the one in [`CheckpointMeta`].
//! - *Not to panic.* It runs on a thread of its own, where a panic is caught. Where panics abort, a marker file tells the next
//!   start that the last one died while it read the table.
//!
//! Whatever is wrong, the folder is set aside as `checkpoint.bad-<n>`, one line is logged, and the caller is told that there is no
//! checkpoint: the table is rebuilt from the snapshot file and the log.
//!
//! # Why a crash never leaves a mixed table
//!
//! Changes that fit into one batch of sled go there together with the meta record: sled applies a batch whole or not at all.
//! Larger changes first remove the meta record, durably, then are applied in batches, and at last the meta record is written. A
//! table without a meta record is no checkpoint. A whole new table is written into a folder of its own, made durable, and then
//! takes the place of the old one by being renamed.

mod batch;
mod handle;
mod layout;
mod purge;
mod stored;
mod table;
#[cfg(test)]
mod tests;

pub use batch::CheckpointBatch;
pub use handle::{CHECKPOINT_THREAD, Checkpoint};
pub use layout::CheckpointMeta;
pub use purge::purge_bound;
pub use stored::{Changer, Filler};
