//! What a node answers other nodes.

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;

use crate::error::PeerError;
use crate::transport::Verb;
use crate::types::NodeId;

/// The answering side of [`Transport`](crate::Transport): the peer service calls it with what arrives. Cheap to clone.
#[derive(Debug, Clone)]
pub struct PeerEndpoint {}

impl PeerEndpoint {
    /// Answers one request.
    #[expect(clippy::unused_async, reason = "the signature comes first")]
    pub async fn call(&self, from: NodeId, verb: Verb, message: Bytes) -> Result<Bytes, PeerError> {
        unimplemented!("{from} {verb:?} {message:?}")
    }

    /// Appends a stream of entries; responses in the order of the requests.
    pub fn append(&self, from: NodeId, requests: BoxStream<'static, Bytes>) -> BoxStream<'static, Result<Bytes, PeerError>> {
        tracing::debug!(%from, "append");
        requests.map(Ok).boxed()
    }

    /// Receives and installs a snapshot. An error in the stream of chunks abandons it.
    #[expect(clippy::unused_async, reason = "the signature comes first")]
    pub async fn snapshot(&self, from: NodeId, chunks: BoxStream<'static, Result<Bytes, PeerError>>) -> Result<Bytes, PeerError> {
        drop(chunks);
        unimplemented!("{from}")
    }
}
