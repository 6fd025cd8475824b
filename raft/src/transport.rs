//! What consensus needs from the network. `rpc` implements it over gRPC, the `testing` module in process.

use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;

use crate::error::{PeerError, TransportError};
use crate::types::{Member, NodeId};

/// What one node asks another, one request and one response. The bytes are `raft`'s own messages: a transport does not look inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// A heartbeat: the leader still leads. Small and urgent; must not wait behind an append or a snapshot.
    Heartbeat,
    /// A candidate asks for a vote.
    Vote,
    /// A would-be candidate asks whether it would get the vote.
    PreVote,
    /// The leader hands leadership over.
    TransferLeader,
    /// A node that wants to read asks the leader up to where it must have applied.
    ReadIndex,
}

impl Verb {
    /// Every verb, in the order of their numbers on the wire.
    pub const ALL: [Verb; 5] = [Verb::Heartbeat, Verb::Vote, Verb::PreVote, Verb::TransferLeader, Verb::ReadIndex];
}

/// Carries messages to other nodes. Connections are cached by the implementation, with a separate one for appends, for calls, for
/// forwards and for snapshots, so that a small urgent message never waits behind a large one.
pub trait Transport: Send + Sync + 'static {
    /// Sends one request and waits for its response, for at most `timeout`.
    fn call(
        &self,
        to: NodeId,
        member: &Member,
        verb: Verb,
        message: Bytes,
        timeout: Duration,
    ) -> BoxFuture<'static, Result<Bytes, TransportError>>;

    /// Opens a stream of log entries to a follower. Responses come in the order of the requests. Dropping the response stream ends it.
    fn append(
        &self,
        to: NodeId,
        member: &Member,
        requests: BoxStream<'static, Bytes>,
    ) -> BoxFuture<'static, Result<BoxStream<'static, Result<Bytes, TransportError>>, TransportError>>;

    /// Sends requests of SMB servers, from the node that they are attached to, for the leader to propose: batch after batch, as long as
    /// both ends live. The stream waits while the leader is busy. It resolves when it has ended, with the reason: the leader leads no
    /// more or cannot be reached, and any batch that was sent may or may not have been taken.
    fn forward(&self, to: NodeId, member: &Member, batches: BoxStream<'static, Bytes>) -> BoxFuture<'static, TransportError>;

    /// Sends a snapshot in chunks of at most 512 KiB; answered when the follower has installed it, within `timeout`.
    fn snapshot(
        &self,
        to: NodeId,
        member: &Member,
        chunks: BoxStream<'static, Bytes>,
        timeout: Duration,
    ) -> BoxFuture<'static, Result<Bytes, TransportError>>;
}

impl From<PeerError> for TransportError {
    fn from(error: PeerError) -> TransportError {
        TransportError::Remote(error)
    }
}

/// The transport of a cluster of one: there is nobody to reach.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoPeers;

impl NoPeers {
    fn unreachable(to: NodeId) -> TransportError {
        TransportError::Unreachable(format!("{to} cannot be reached from a node that has no peers"))
    }
}

impl Transport for NoPeers {
    fn call(
        &self,
        to: NodeId,
        _member: &Member,
        _verb: Verb,
        _message: Bytes,
        _timeout: Duration,
    ) -> BoxFuture<'static, Result<Bytes, TransportError>> {
        Box::pin(std::future::ready(Err(NoPeers::unreachable(to))))
    }

    fn append(
        &self,
        to: NodeId,
        _member: &Member,
        _requests: BoxStream<'static, Bytes>,
    ) -> BoxFuture<'static, Result<BoxStream<'static, Result<Bytes, TransportError>>, TransportError>> {
        Box::pin(std::future::ready(Err(NoPeers::unreachable(to))))
    }

    fn forward(&self, to: NodeId, _member: &Member, _batches: BoxStream<'static, Bytes>) -> BoxFuture<'static, TransportError> {
        Box::pin(std::future::ready(NoPeers::unreachable(to)))
    }

    fn snapshot(
        &self,
        to: NodeId,
        _member: &Member,
        _chunks: BoxStream<'static, Bytes>,
        _timeout: Duration,
    ) -> BoxFuture<'static, Result<Bytes, TransportError>> {
        Box::pin(std::future::ready(Err(NoPeers::unreachable(to))))
    }
}
