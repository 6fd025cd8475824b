//! Checks around changes of the membership.

use std::time::Duration;

use raft::MembershipError;
use raft::types::{Member, NodeId};
use tokio::sync::watch;
use tonic::Status;

use crate::convert::BadField;
use crate::status;

/// An address that other nodes can connect to: a host and a port.
pub(super) fn check_address(address: &str) -> Result<(), BadField> {
    let bad = |problem: &str| Err(BadField::new("address", format!("{problem}, got '{}'", address.escape_debug())));
    if address.len() > 255 {
        return Err(BadField::new("address", "must be at most 255 bytes"));
    }
    let Some((host, port)) = address.rsplit_once(':') else {
        return bad("must be host:port");
    };
    if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '/' | '@' | '?' | '#')) {
        return bad("must name a host");
    }
    match port.parse::<u16>() {
        Ok(1..) => Ok(()),
        Ok(0) | Err(_) => bad("must end in a port"),
    }
}

/// Who leads after this node has handed leadership over.
pub(super) async fn next_leader(
    leader: &mut watch::Receiver<Option<(NodeId, Member)>>,
    from: NodeId,
    timeout: Duration,
) -> Result<NodeId, Status> {
    let other = leader.wait_for(|leader| leader.as_ref().is_some_and(|(node, _)| *node != from));
    match tokio::time::timeout(timeout, other).await {
        Ok(Ok(leader)) => leader.as_ref().map(|(node, _)| *node).ok_or_else(|| status::membership(&MembershipError::Unknown)),
        Ok(Err(_)) => Err(status::membership(&MembershipError::Stopping)),
        Err(_) => Err(status::membership(&MembershipError::Unknown)),
    }
}
