//! The snapshot file: the whole state at one entry of the log, as a stream of records, checked on every level.
//!
//! ```text
//! header    "TENURSNP", format version (4), length of the message (4), the message, CRC32C of all this (4)
//! chunks    length (4, not 0), CRC32C (4), records: length of the key (4), length of the value (4), key, value
//! trailer   zero (4), CRC32C of the next 32 bytes (4), records (8), chunks (8), state hash (16), CRC32C of the whole file (4)
//! ```
//!
//! All numbers are little-endian. A snapshot is written or received under a temporary name, synced, reread whole, and only then
//! [installed](SnapshotStore::install): renamed, its folder synced, and the ones before it removed.

mod file;
mod format;
mod receive;
mod scan;
mod store;
#[cfg(test)]
mod tests;
mod write;

pub use file::SnapshotFile;
pub use receive::SnapshotReceiver;
pub use store::SnapshotStore;
pub use write::SnapshotWriter;
