//! How the types of consensus look on disk: own messages, separate from the types of openraft, so that a change there cannot
//! change what is on disk. Every conversion takes the other side apart field by field, so that a new field cannot be forgotten.

pub mod entry;
mod error;
mod ids;
mod membership;
pub(crate) mod peer;
mod snapshot_meta;
#[cfg(test)]
mod tests;

pub use error::CodecError;
pub use ids::{LogIdRecord, VoteRecord};
pub use membership::{MemberRecord, MembershipRecord, StoredMembershipRecord, VoterSetRecord};
pub use snapshot_meta::SnapshotMetaRecord;
