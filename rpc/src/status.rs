//! The tables between what can go wrong and gRPC statuses: the only place where codes are chosen. A committed "no" is none of these:
//! it is a result.

use raft::types::{Member, NodeId};
use raft::{AttachError, Detached, MembershipError, PeerError, TransportError, Unavailable};
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Code, Status};

use crate::proto::v1::FailureReason;

/// Metadata: the leader's address, if the node that refuses knows it.
pub const LEADER_ADDRESS: &str = "tenure-leader";
/// Metadata: the leader's node id, beside [`LEADER_ADDRESS`].
pub const LEADER_NODE: &str = "tenure-leader-node";
/// Metadata: that an error is a peer's own answer, and which.
const PEER_ERROR: &str = "tenure-peer-error";

/// The cluster could not answer: to whoever made a unary call.
pub fn unavailable(why: &Unavailable) -> Status {
    let code = match why {
        Unavailable::NoLeader | Unavailable::NoQuorum | Unavailable::Stopping | Unavailable::NotLeader { .. } => Code::Unavailable,
        Unavailable::OutcomeUnknown => Code::DeadlineExceeded,
        Unavailable::Busy => Code::ResourceExhausted,
    };
    let leader = match why {
        Unavailable::NotLeader { leader } => leader.as_ref(),
        Unavailable::NoLeader | Unavailable::NoQuorum | Unavailable::Stopping | Unavailable::OutcomeUnknown | Unavailable::Busy => {
            None
        }
    };
    with_leader(Status::new(code, why.to_string()), leader)
}

/// The cluster could not answer: to an attached server.
pub(crate) fn failure_reason(why: &Unavailable) -> FailureReason {
    match why {
        Unavailable::NoLeader | Unavailable::NoQuorum | Unavailable::Stopping | Unavailable::NotLeader { .. } => {
            FailureReason::Unavailable
        }
        Unavailable::OutcomeUnknown => FailureReason::OutcomeUnknown,
        Unavailable::Busy => FailureReason::Busy,
    }
}

/// A server could not be attached.
pub fn attach(why: &AttachError) -> Status {
    let code = match why {
        AttachError::Behind { .. } | AttachError::Stopping => Code::Unavailable,
        AttachError::Superseded => Code::Aborted,
    };
    Status::new(code, why.to_string())
}

/// A server's stream was ended by the node.
pub fn detached(why: Detached) -> Status {
    let code = match why {
        Detached::Superseded => Code::Aborted,
        Detached::Stopping => Code::Unavailable,
    };
    Status::new(code, why.to_string())
}

/// The membership or the leadership was not changed.
pub fn membership(why: &MembershipError) -> Status {
    let code = match why {
        MembershipError::NotLeader { .. } | MembershipError::Stopping => Code::Unavailable,
        MembershipError::AlreadyFormed | MembershipError::Refused(_) => Code::FailedPrecondition,
        MembershipError::InProgress => Code::Aborted,
        MembershipError::Unknown => Code::DeadlineExceeded,
    };
    let leader = match why {
        MembershipError::NotLeader { leader } => leader.as_ref(),
        MembershipError::AlreadyFormed
        | MembershipError::Refused(_)
        | MembershipError::InProgress
        | MembershipError::Unknown
        | MembershipError::Stopping => None,
    };
    with_leader(Status::new(code, why.to_string()), leader)
}

/// What one node answers another instead of an answer.
pub fn peer(why: &PeerError) -> Status {
    let (code, kind, text, leader) = match why {
        PeerError::Malformed(text) => (Code::InvalidArgument, "malformed", text.clone(), None),
        PeerError::NotLeader { leader } => (Code::Aborted, "not-leader", why.to_string(), leader.as_ref()),
        PeerError::Busy(text) => (Code::ResourceExhausted, "busy", text.clone(), None),
        PeerError::Stopping(text) => (Code::Unavailable, "stopping", text.clone(), None),
    };
    let mut status = with_leader(Status::new(code, text), leader);
    status.metadata_mut().insert(PEER_ERROR, MetadataValue::from_static(kind));
    status
}

/// The way back from [`peer`], and from what the channel itself reports.
pub(crate) fn transport_error(status: &Status) -> TransportError {
    let text = || status.message().to_owned();
    match status.metadata().get(PEER_ERROR).and_then(|kind| kind.to_str().ok()) {
        Some("malformed") => return TransportError::Remote(PeerError::Malformed(text())),
        Some("not-leader") => return TransportError::Remote(PeerError::NotLeader { leader: leader_of(status.metadata()) }),
        Some("busy") => return TransportError::Remote(PeerError::Busy(text())),
        Some("stopping") => return TransportError::Remote(PeerError::Stopping(text())),
        Some(_) | None => {}
    }
    match status.code() {
        Code::FailedPrecondition | Code::Unimplemented | Code::PermissionDenied | Code::Unauthenticated => {
            TransportError::Refused(text())
        }
        Code::DeadlineExceeded => TransportError::Timeout,
        Code::InvalidArgument | Code::OutOfRange => TransportError::Remote(PeerError::Malformed(text())),
        Code::ResourceExhausted => TransportError::Remote(PeerError::Busy(text())),
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::NotFound
        | Code::AlreadyExists
        | Code::Aborted
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss => TransportError::Unreachable(reason(status)),
    }
}

/// The message of a status with the causes below it: "transport error" alone helps nobody.
pub(crate) fn reason(status: &Status) -> String {
    let mut text = status.message().to_owned();
    let mut cause = std::error::Error::source(status);
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}

/// Says where the leader is.
fn with_leader(mut status: Status, leader: Option<&(NodeId, Member)>) -> Status {
    if let Some((node, member)) = leader {
        // An address that is no header text is left out: the hint is a convenience.
        if let Ok(address) = MetadataValue::try_from(member.address.as_str()) {
            status.metadata_mut().insert(LEADER_ADDRESS, address);
            status.metadata_mut().insert(LEADER_NODE, MetadataValue::from(node.get()));
        }
    }
    status
}

/// Where a refusal says that the leader is.
pub(crate) fn leader_of(metadata: &MetadataMap) -> Option<(NodeId, Member)> {
    let address = metadata.get(LEADER_ADDRESS)?.to_str().ok()?.to_owned();
    let node = metadata.get(LEADER_NODE)?.to_str().ok()?.parse().ok()?;
    Some((NodeId::new(node), Member { address }))
}

#[cfg(test)]
mod tests;
