//! What a snapshot covers.

use super::error::CodecError;
use super::ids::LogIdRecord;
use super::membership::StoredMembershipRecord;
use crate::types::{LogId, SnapshotMeta};

/// What a snapshot covers, as it is written.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct SnapshotMetaRecord {
    /// The last entry whose effect is in the snapshot, absent in the snapshot of an empty log.
    #[prost(message, optional, tag = "1")]
    pub last_log_id: Option<LogIdRecord>,
    /// The membership at that entry.
    #[prost(message, optional, tag = "2")]
    pub last_membership: Option<StoredMembershipRecord>,
}

impl From<&SnapshotMeta> for SnapshotMetaRecord {
    fn from(meta: &SnapshotMeta) -> SnapshotMetaRecord {
        let SnapshotMeta { last_log_id, last_membership } = meta;
        SnapshotMetaRecord {
            last_log_id: last_log_id.as_ref().map(LogIdRecord::from),
            last_membership: Some(last_membership.into()),
        }
    }
}

impl TryFrom<SnapshotMetaRecord> for SnapshotMeta {
    type Error = CodecError;

    fn try_from(record: SnapshotMetaRecord) -> Result<SnapshotMeta, CodecError> {
        let SnapshotMetaRecord { last_log_id, last_membership } = record;
        Ok(SnapshotMeta {
            last_log_id: last_log_id.map(LogId::from),
            last_membership: last_membership.ok_or(CodecError::Missing("membership"))?.try_into()?,
        })
    }
}
