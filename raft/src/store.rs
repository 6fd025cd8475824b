//! Everything a node keeps on disk: the log with the vote, the snapshot file, and the checkpoint of the lease table.

pub mod checkpoint;
pub mod data_dir;
pub mod disk;
pub mod error;
pub mod log;
pub mod snapshot;

pub use checkpoint::{CHECKPOINT_THREAD, Checkpoint, CheckpointBatch, CheckpointMeta, Filler, purge_bound};
pub use data_dir::{DataDir, Identity};
pub use disk::{Disk, DiskFile, MemoryDisk, RealDisk};
pub use error::{Failure, OpenError, StoreError};
pub use log::{FatalHook, LogConfig, LogReader, LogStore, SyncGauge};
pub use snapshot::{SnapshotFile, SnapshotReceiver, SnapshotStore, SnapshotWriter};
