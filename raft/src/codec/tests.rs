use std::collections::{BTreeMap, BTreeSet};

use openraft::vote::RaftLeaderId;
use prost::Message;

use super::membership::Membership;
use super::{CodecError, LogIdRecord, MemberRecord, MembershipRecord, SnapshotMetaRecord, VoteRecord, VoterSetRecord};
use crate::types::{LogId, Member, NodeId, SnapshotMeta, StoredMembership, TypeConfig, Vote};

fn log_id(term: u64, leader: u64, index: u64) -> LogId {
    LogId::new(openraft::type_config::alias::LeaderIdOf::<TypeConfig>::new(term, NodeId::new(leader)), index)
}

fn membership() -> Membership {
    let sets = vec![BTreeSet::from([NodeId::new(1), NodeId::new(2)]), BTreeSet::from([NodeId::new(2), NodeId::new(3)])];
    let members: BTreeMap<NodeId, Member> =
        (1..=4).map(|node| (NodeId::new(node), Member { address: format!("host{node}:7000") })).collect();
    Membership::new(sets, members).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

#[test]
fn a_log_id_comes_back() {
    let id = log_id(7, 2, 300);
    let bytes = LogIdRecord::from(&id).encode_to_vec();
    assert_eq!(hex(&bytes), "0807100218ac02");
    assert_eq!(LogId::from(LogIdRecord::decode(bytes.as_slice()).unwrap()), id);
}

#[test]
fn a_vote_comes_back_with_its_commitment() {
    let granted = Vote::new(9, NodeId::new(3));
    let committed = Vote::new_committed(9, NodeId::new(3));
    for (vote, golden) in [(granted, "08091003"), (committed, "080910031801")] {
        let bytes = VoteRecord::from(&vote).encode_to_vec();
        assert_eq!(hex(&bytes), golden);
        assert_eq!(Vote::from(VoteRecord::decode(bytes.as_slice()).unwrap()), vote);
    }
}

#[test]
fn a_joint_membership_with_a_learner_comes_back() {
    let before = membership();
    let bytes = MembershipRecord::from(&before).encode_to_vec();
    let after = Membership::try_from(MembershipRecord::decode(bytes.as_slice()).unwrap()).unwrap();
    assert_eq!(after, before);
}

#[test]
fn the_meta_of_a_snapshot_comes_back() {
    let empty = SnapshotMeta::default();
    let full = SnapshotMeta {
        last_log_id: Some(log_id(3, 1, 41)),
        last_membership: StoredMembership::new(Some(log_id(2, 1, 17)), membership()),
    };
    for meta in [empty, full] {
        let bytes = SnapshotMetaRecord::from(&meta).encode_to_vec();
        let back = SnapshotMeta::try_from(SnapshotMetaRecord::decode(bytes.as_slice()).unwrap()).unwrap();
        assert_eq!(back, meta);
    }
}

#[test]
fn a_voter_that_is_no_member_is_refused() {
    let record = MembershipRecord {
        voter_sets: vec![VoterSetRecord { voters: vec![1, 2] }],
        members: vec![MemberRecord { node: 1, address: String::new() }],
    };
    assert!(matches!(Membership::try_from(record), Err(CodecError::Inconsistent(_))));
}

#[test]
fn garbage_is_refused() {
    assert!(matches!(LogIdRecord::decode([0xff_u8; 5].as_slice()).map_err(CodecError::from), Err(CodecError::Malformed(_))));
    assert!(matches!(SnapshotMeta::try_from(SnapshotMetaRecord::default()), Err(CodecError::Missing("membership"))));
}
