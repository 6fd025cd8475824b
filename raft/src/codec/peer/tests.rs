use openraft::vote::RaftLeaderId;

use super::*;
use crate::types::{Member, NodeId};

type LeaderId = openraft::type_config::alias::LeaderIdOf<TypeConfig>;

fn id(term: u64, leader: u64, index: u64) -> LogId {
    LogId::new(LeaderId::new(term, NodeId::new(leader)), index)
}

fn there_and_back<M: PeerMessage + std::fmt::Debug>(message: &M) {
    let back = M::decode(message.encode()).unwrap();
    assert_eq!(format!("{back:?}"), format!("{message:?}"));
}

fn append() -> AppendRequest {
    let membership = openraft::Membership::new(
        vec![[NodeId::new(1), NodeId::new(2)].into()],
        [(NodeId::new(1), Member { address: "a:1".to_owned() }), (NodeId::new(2), Member { address: "b:2".to_owned() })]
            .into_iter()
            .collect::<std::collections::BTreeMap<_, _>>(),
    )
    .unwrap();
    let entry = |index, payload| LogEntry { log_id: id(3, 1, index), payload };
    AppendRequest {
        vote: Vote::new_committed(3, NodeId::new(1)),
        prev_log_id: Some(id(2, 2, 9)),
        entries: vec![
            entry(10, Payload::Blank),
            entry(11, Payload::Normal(Batch(Bytes::from_static(b"some entries")))),
            entry(12, Payload::Membership(membership)),
        ],
        leader_commit: Some(id(2, 2, 8)),
    }
}

#[test]
fn every_message_comes_back_as_it_was() {
    there_and_back(&append());
    there_and_back(&AppendRequest {
        vote: Vote::new(1, NodeId::new(9)),
        prev_log_id: None,
        entries: Vec::new(),
        leader_commit: None,
    });
    there_and_back::<AppendResult>(&Ok(None));
    there_and_back::<AppendResult>(&Ok(Some(id(0, 0, 0))));
    there_and_back::<AppendResult>(&Err(AppendError::Conflict(id(1, 2, 3))));
    there_and_back::<AppendResult>(&Err(AppendError::HigherVote(Vote::new(7, NodeId::new(3)))));
    there_and_back(&VoteRequest { vote: Vote::new(4, NodeId::new(2)), last_log_id: Some(id(3, 1, 12)), leadership_transfer: true });
    there_and_back(&VoteResponse { vote: Vote::new(4, NodeId::new(2)), vote_granted: true, last_log_id: None });
    there_and_back(&TransferRequest::new(Vote::new_committed(3, NodeId::new(1)), NodeId::new(2), Some(id(3, 1, 12))));
    there_and_back::<TransferResponse>(&Ok(()));
    let (expected, actual) = (Vote::new(1, NodeId::new(1)), Vote::new(2, NodeId::new(2)));
    there_and_back::<TransferResponse>(&Err(TransferError::VoteChanged { expected, actual }));
    there_and_back::<TransferResponse>(&Err(TransferError::LogNotFlushed { expected: Some(id(1, 1, 1)), actual: None }));
    there_and_back(&Vote::new_committed(u64::MAX, NodeId::new(u64::MAX)));
    there_and_back(&ReadIndexRecord { index: 77 });
}

/// Nodes of two versions talk to each other during an upgrade, so these bytes must stay readable.
#[test]
fn an_append_has_these_bytes() {
    let hex = append().encode().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    assert_eq!(
        hex,
        concat!(
            "0a0608031001180112060802100218091a0608021002180822080a0608031001180a22160a0608031001180b120c736f6d65",
            "20656e747269657322220a0608031001180c1a180a040a020102120708011203613a31120708021203623a32",
        )
    );
}

#[test]
fn what_is_no_message_is_refused() {
    let garbage = Bytes::from_static(&[0xff, 0x07, 0x13]);
    assert!(AppendRequest::decode(garbage.clone()).is_err());
    assert!(<VoteRequest as PeerMessage>::decode(garbage).is_err());
    // Readable, and without what it must have.
    assert!(matches!(AppendRequest::decode(Bytes::new()), Err(CodecError::Missing("vote"))));
    assert!(matches!(<Vote as PeerMessage>::decode(Bytes::new()), Err(CodecError::Missing("vote"))));
    let both = EntryRecord {
        id: Some(LogIdRecord { term: 1, leader: 1, index: 1 }),
        batch: Some(Bytes::new()),
        membership: Some(MembershipRecord::default()),
    };
    assert!(matches!(both.into_entry(), Err(CodecError::Inconsistent(_))));
    let nameless = EntryRecord { id: None, batch: None, membership: None };
    assert!(matches!(nameless.into_entry(), Err(CodecError::Missing("log id"))));
}
