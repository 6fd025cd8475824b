//! Memberships.

use std::collections::{BTreeMap, BTreeSet};

use super::error::CodecError;
use super::ids::LogIdRecord;
use crate::types::{LogId, Member, NodeId, StoredMembership};

/// The voters and learners of the cluster, as openraft holds them.
pub(crate) type Membership = openraft::Membership<NodeId, Member>;

/// One set of voters. A membership has two of them while it changes, and a quorum of each is needed.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct VoterSetRecord {
    /// The ids of the voters.
    #[prost(uint64, repeated, tag = "1")]
    pub voters: Vec<u64>,
}

/// One member, voter or learner.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct MemberRecord {
    /// Its id.
    #[prost(uint64, tag = "1")]
    pub node: u64,
    /// Where its gRPC listener is reached, as `host:port`.
    #[prost(string, tag = "2")]
    pub address: String,
}

/// The voters and learners, as they are written.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct MembershipRecord {
    /// The sets of voters.
    #[prost(message, repeated, tag = "1")]
    pub voter_sets: Vec<VoterSetRecord>,
    /// All members; the ones in no set of voters are learners.
    #[prost(message, repeated, tag = "2")]
    pub members: Vec<MemberRecord>,
}

impl From<&Membership> for MembershipRecord {
    fn from(membership: &Membership) -> MembershipRecord {
        let voter_sets = membership.get_joint_config().iter();
        MembershipRecord {
            voter_sets: voter_sets.map(|set| VoterSetRecord { voters: set.iter().map(|node| node.get()).collect() }).collect(),
            members: membership
                .nodes()
                .map(|(node, Member { address })| MemberRecord { node: node.get(), address: address.clone() })
                .collect(),
        }
    }
}

impl TryFrom<MembershipRecord> for Membership {
    type Error = CodecError;

    fn try_from(record: MembershipRecord) -> Result<Membership, CodecError> {
        let MembershipRecord { voter_sets, members } = record;
        let voter_sets: Vec<BTreeSet<NodeId>> =
            voter_sets.into_iter().map(|VoterSetRecord { voters }| voters.into_iter().map(NodeId::new).collect()).collect();
        let members: BTreeMap<NodeId, Member> =
            members.into_iter().map(|MemberRecord { node, address }| (NodeId::new(node), Member { address })).collect();
        Membership::new(voter_sets, members).map_err(|error| CodecError::Inconsistent(error.to_string()))
    }
}

/// A membership and the entry that made it so, as they are written.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct StoredMembershipRecord {
    /// The entry that brought the membership, absent before the cluster was formed.
    #[prost(message, optional, tag = "1")]
    pub log_id: Option<LogIdRecord>,
    /// The membership.
    #[prost(message, optional, tag = "2")]
    pub membership: Option<MembershipRecord>,
}

impl From<&StoredMembership> for StoredMembershipRecord {
    fn from(stored: &StoredMembership) -> StoredMembershipRecord {
        StoredMembershipRecord {
            log_id: stored.log_id().as_ref().map(LogIdRecord::from),
            membership: Some(MembershipRecord::from(stored.membership())),
        }
    }
}

impl TryFrom<StoredMembershipRecord> for StoredMembership {
    type Error = CodecError;

    fn try_from(record: StoredMembershipRecord) -> Result<StoredMembership, CodecError> {
        let StoredMembershipRecord { log_id, membership } = record;
        let membership = membership.ok_or(CodecError::Missing("membership"))?;
        Ok(StoredMembership::new(log_id.map(LogId::from), membership.try_into()?))
    }
}
