//! How the types of consensus look on disk: own messages, separate from the types of openraft, so that a change there cannot
//! change what is on disk. Every conversion takes the other side apart field by field, so that a new field cannot be forgotten.

mod error;
mod ids;
mod membership;
mod snapshot_meta;
#[cfg(test)]
mod tests;

pub use error::CodecError;
pub use ids::{LogIdRecord, VoteRecord};
pub use membership::{MemberRecord, MembershipRecord, StoredMembershipRecord, VoterSetRecord};
pub use snapshot_meta::SnapshotMetaRecord;
