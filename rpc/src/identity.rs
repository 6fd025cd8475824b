//! Who speaks to whom between nodes: metadata of every call, checked on accept. Two clusters on one network, a recycled address or
//! a node of an older release must not mix into one log.

use raft::types::{ClusterId, NodeId};
use tonic::Status;
use tonic::metadata::{MetadataMap, MetadataValue};

/// Metadata: the cluster's id.
const CLUSTER: &str = "tenure-cluster";
/// Metadata: the node that calls.
const FROM: &str = "tenure-from";
/// Metadata: the node that is called.
const TO: &str = "tenure-to";
/// Metadata: the version of the protocol between nodes.
const PROTOCOL: &str = "tenure-protocol";

/// The version of the protocol between nodes. Raised when a node of the version before could misunderstand.
pub const PEER_PROTOCOL: u32 = 1;

/// Says who calls whom.
pub(crate) fn sign(metadata: &mut MetadataMap, cluster: ClusterId, from: NodeId, to: NodeId) {
    let cluster = MetadataValue::try_from(cluster.to_string()).expect("hexadecimal digits are header text");
    metadata.insert(CLUSTER, cluster);
    metadata.insert(FROM, MetadataValue::from(from.get()));
    metadata.insert(TO, MetadataValue::from(to.get()));
    metadata.insert(PROTOCOL, MetadataValue::from(PEER_PROTOCOL));
}

/// Who calls, if the call is for this node of this cluster.
pub(crate) fn check(metadata: &MetadataMap, cluster: ClusterId, node: NodeId) -> Result<NodeId, Status> {
    let version: u32 = number(metadata, PROTOCOL)?;
    if version != PEER_PROTOCOL {
        return Err(refuse(format!("this node speaks version {PEER_PROTOCOL} between nodes, the caller {version}")));
    }
    let theirs: ClusterId = number(metadata, CLUSTER)?;
    if theirs != cluster {
        return Err(refuse(format!("this node is of cluster {cluster}, the call is for {theirs}")));
    }
    let to = NodeId::new(number(metadata, TO)?);
    if to != node {
        return Err(refuse(format!("this node is {node}, the call is for {to}")));
    }
    let from = NodeId::new(number(metadata, FROM)?);
    if from == node {
        return Err(refuse(format!("the caller says that it is {node} too: a node id is used twice")));
    }
    Ok(from)
}

/// A value that must be there and make sense.
fn number<T: std::str::FromStr>(metadata: &MetadataMap, key: &'static str) -> Result<T, Status> {
    let value = metadata.get(key).ok_or_else(|| refuse(format!("{key} is missing")))?;
    value.to_str().ok().and_then(|text| text.parse().ok()).ok_or_else(|| refuse(format!("{key} makes no sense")))
}

/// The call does not belong here.
fn refuse(why: String) -> Status {
    Status::failed_precondition(why)
}

#[cfg(test)]
mod tests;
