//! How far the log may be purged.

use crate::types::LogId;

/// Up to where the log may be purged, given up to where two independent copies of the state reach: the older of the two, so that
/// losing either copy loses nothing; `None` while there are not two. Both must have been reread from the disk with their hash
/// equal: [`Checkpoint::load`](super::Checkpoint::load) and [`SnapshotFile::read`](crate::store::SnapshotFile::read).
pub fn purge_bound(checkpoint: Option<LogId>, snapshot: Option<LogId>) -> Option<LogId> {
    Some(checkpoint?.min(snapshot?))
}
