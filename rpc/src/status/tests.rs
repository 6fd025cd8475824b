//! The tables, printed: a change of a code is a change of the API.

use lease::{Incarnation, Limit, Rejection};
use raft::types::{Member, NodeId};
use raft::{AttachError, Detached, MembershipError, PeerError, TransportError, Unavailable};
use tonic::{Code, Status};

use super::{attach, detached, failure_reason, leader_of, membership, peer, transport_error, unavailable};
use crate::convert::answer;
use crate::proto::v1 as pb;

fn leader() -> (NodeId, Member) {
    (NodeId::new(2), Member { address: "10.0.0.2:7100".to_owned() })
}

/// Every way in which the cluster can be an error.
fn all_unavailable() -> Vec<Unavailable> {
    vec![
        Unavailable::NoLeader,
        Unavailable::NoQuorum,
        Unavailable::OutcomeUnknown,
        Unavailable::Stopping,
        Unavailable::NotLeader { leader: None },
        Unavailable::NotLeader { leader: Some(leader()) },
        Unavailable::Busy,
    ]
}

/// Every committed "no".
fn all_rejections() -> Vec<Rejection> {
    vec![
        Rejection::StaleIncarnation { current: None },
        Rejection::StaleIncarnation { current: Some(Incarnation::new(7)) },
        Rejection::Forgotten,
        Rejection::NoSuchSession,
        Rejection::NoSuchOpen,
        Rejection::NoSuchLease,
        Rejection::NotBreaking,
        Rejection::AckExceedsTarget,
        Rejection::KeyOnOtherFile,
        Rejection::SharingViolation,
        Rejection::Cancelled,
        Rejection::InvalidParameter,
        Rejection::DeletePending,
        Rejection::BeingDeleted,
        Rejection::OplockNotBreaking,
        Rejection::InvalidOplockProtocol,
        Rejection::AccessDenied,
        Rejection::LimitReached(Limit::Servers),
        Rejection::LimitReached(Limit::SessionsPerServer),
        Rejection::LimitReached(Limit::ConnectionsPerClient),
        Rejection::LimitReached(Limit::OpensPerFile),
        Rejection::LimitReached(Limit::ParkedOpensPerFile),
        Rejection::LockNotGranted,
        Rejection::RangeNotLocked,
        Rejection::InvalidLockRange,
        Rejection::FileLockConflict,
        Rejection::LimitReached(Limit::NameBytes),
        Rejection::LimitReached(Limit::LocksPerFile),
        Rejection::LimitReached(Limit::LocksPerOpen),
        Rejection::LimitReached(Limit::RangesPerRequest),
        Rejection::NoSuchDurableOpen,
        Rejection::FileNotAvailable,
        Rejection::DuplicateObjectId,
        Rejection::ContextMismatch,
        Rejection::FileForcedClosed,
        Rejection::NoSuchDelegation,
        Rejection::Grace,
        Rejection::NoGrace,
        Rejection::LimitReached(Limit::OpensPerClient),
        Rejection::LimitReached(Limit::LocksPerClient),
        Rejection::LimitReached(Limit::ParkedPerClient),
        Rejection::LimitReached(Limit::GracePeriods),
    ]
}

fn line(what: &str, status: &Status) -> String {
    let hint = leader_of(status.metadata()).map(|(node, member)| format!(" [{node} {}]", member.address)).unwrap_or_default();
    format!("{what:<28} {:?}: {}{hint}\n", status.code(), status.message())
}

/// The name of a variant: its debug form up to the first bracket.
fn name(value: &impl std::fmt::Debug) -> String {
    let text = format!("{value:?}");
    text.split([' ', '(', '{']).next().unwrap_or_default().to_owned()
}

#[test]
fn the_tables_are_as_documented() {
    let mut printed = String::from("Unavailable -> gRPC status and, over the stream, reason of a failure\n");
    for why in all_unavailable() {
        let text = line(&name(&why), &unavailable(&why));
        printed.push_str(&[text.trim_end(), " / ", failure_reason(&why).as_str_name(), "\n"].concat());
    }
    printed.push_str("\nAttachError, Detached -> gRPC status\n");
    for why in [AttachError::Superseded, AttachError::Behind { seen: 9, applied: 4 }, AttachError::Stopping] {
        printed.push_str(&line(&name(&why), &attach(&why)));
    }
    for why in [Detached::Superseded, Detached::Stopping] {
        printed.push_str(&line(&name(&why), &detached(why)));
    }
    printed.push_str("\nMembershipError -> gRPC status\n");
    let changes = [
        MembershipError::NotLeader { leader: Some(leader()) },
        MembershipError::AlreadyFormed,
        MembershipError::Refused("n4 is no member".to_owned()),
        MembershipError::InProgress,
        MembershipError::Unknown,
        MembershipError::Stopping,
    ];
    for why in changes {
        printed.push_str(&line(&name(&why), &membership(&why)));
    }
    printed.push_str("\nRejection -> result `rejected` of an OK response\n");
    for no in all_rejections() {
        let pb::reply::Result::Rejected(wire) = answer(&Err(no)) else { panic!("a rejection is one on the wire") };
        let reason = pb::RejectionReason::try_from(wire.reason).expect("a reason").as_str_name();
        let limit = pb::Limit::try_from(wire.limit).expect("a limit").as_str_name();
        let row = format!("{:<20} {reason} {limit} {:?}: {}\n", name(&no), wire.current_incarnation, wire.message);
        printed.push_str(&row);
    }
    // To accept a change: TENURE_ACCEPT=1 cargo test -p rpc
    if std::env::var_os("TENURE_ACCEPT").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/status/table.txt"), &printed).expect("the folder is writable");
    }
    let golden = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/status/table.txt")).unwrap_or_default();
    assert_eq!(printed, golden);
}

#[test]
fn every_rejection_comes_back_as_it_was() {
    for no in all_rejections() {
        assert_eq!(crate::convert::answer_from(&answer(&Err(no))), Some(Err(no)));
    }
}

#[test]
fn what_a_peer_answers_comes_back_as_it_was() {
    let errors = [
        PeerError::Malformed("no batch".to_owned()),
        PeerError::NotLeader { leader: Some(leader()) },
        PeerError::NotLeader { leader: None },
        PeerError::Busy("no quorum".to_owned()),
        PeerError::Stopping("told to".to_owned()),
    ];
    for error in errors {
        assert_eq!(transport_error(&peer(&error)), TransportError::Remote(error));
    }
}

#[test]
fn what_the_channel_reports_is_told_apart_from_what_the_peer_answers() {
    assert!(matches!(transport_error(&Status::unavailable("broken pipe")), TransportError::Unreachable(_)));
    assert!(matches!(transport_error(&Status::failed_precondition("other cluster")), TransportError::Refused(_)));
    assert_eq!(transport_error(&Status::deadline_exceeded("late")), TransportError::Timeout);
    assert_eq!(unavailable(&Unavailable::OutcomeUnknown).code(), Code::DeadlineExceeded);
}

#[test]
fn an_address_that_is_no_header_text_is_left_out_of_the_hint() {
    let why = Unavailable::NotLeader { leader: Some((NodeId::new(2), Member { address: "höst:1\n".to_owned() })) };
    let status = unavailable(&why);
    assert_eq!((status.code(), leader_of(status.metadata())), (Code::Unavailable, None));
}
