//! The calling side between nodes.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, Stream, StreamExt};
use raft::types::{ClusterId, Member, NodeId};
use raft::{Transport, TransportError, Verb};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use crate::identity;
use crate::limits::PEER_MESSAGE_BYTES_MAX;
use crate::proto::peer as pb;
use crate::proto::peer::peer_service_client::PeerServiceClient;
use crate::service::verb_to;
use crate::status;

/// How calls to other nodes are made.
#[derive(Debug, Clone)]
pub struct PeerOptions {
    /// The cluster.
    pub cluster: ClusterId,
    /// The node that calls.
    pub node: NodeId,
    /// How long a connection may take. At most an election timeout: whoever cannot be reached by then is not worth waiting for.
    pub connect_timeout: Duration,
    /// How often an otherwise silent connection is probed, and how long the answer may take.
    pub keepalive: Duration,
}

impl PeerOptions {
    /// The defaults for a LAN.
    pub fn new(cluster: ClusterId, node: NodeId) -> PeerOptions {
        PeerOptions { cluster, node, connect_timeout: Duration::from_millis(150), keepalive: Duration::from_secs(1) }
    }
}

/// What shares a connection. A small urgent message must never wait behind a large one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Lane {
    /// Heartbeats, votes, leadership, read indexes.
    Urgent,
    /// Requests of SMB servers.
    Forward,
    /// Log entries.
    Append,
    /// Snapshots.
    Snapshot,
}

/// A connection, and where it leads.
struct Cached {
    address: String,
    client: PeerServiceClient<Channel>,
}

/// Connections to the other nodes: one for each lane, made when first used, and made again by themselves after they broke.
/// Clones share them.
#[derive(Clone)]
pub struct PeerTransport {
    options: PeerOptions,
    channels: Arc<Mutex<BTreeMap<(NodeId, Lane), Cached>>>,
}

impl std::fmt::Debug for PeerTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PeerTransport").field("options", &self.options).finish_non_exhaustive()
    }
}

impl PeerTransport {
    /// No connections yet.
    pub fn new(options: PeerOptions) -> PeerTransport {
        PeerTransport { options, channels: Arc::default() }
    }

    /// The connection to a node on a lane. A node that moved to another address gets a new one.
    fn client(&self, to: NodeId, member: &Member, lane: Lane) -> Result<PeerServiceClient<Channel>, TransportError> {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cached) = channels.get(&(to, lane))
            && cached.address == member.address
        {
            return Ok(cached.client.clone());
        }
        let endpoint = Endpoint::from_shared(format!("http://{}", member.address))
            .map_err(|error| TransportError::Unreachable(format!("{to} has the address '{}': {error}", member.address)))?
            .connect_timeout(self.options.connect_timeout)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(self.options.keepalive)
            .keep_alive_timeout(self.options.keepalive)
            .keep_alive_while_idle(true)
            .initial_stream_window_size(4 << 20)
            .initial_connection_window_size(8 << 20);
        // `connect_lazy` needs a runtime, which is there: the transport is only called by consensus.
        let client = PeerServiceClient::new(endpoint.connect_lazy())
            .max_decoding_message_size(PEER_MESSAGE_BYTES_MAX)
            .max_encoding_message_size(PEER_MESSAGE_BYTES_MAX);
        channels.insert((to, lane), Cached { address: member.address.clone(), client: client.clone() });
        Ok(client)
    }

    /// A request that says who calls whom.
    fn signed<T>(&self, to: NodeId, message: T) -> Request<T> {
        let mut request = Request::new(message);
        identity::sign(request.metadata_mut(), self.options.cluster, self.options.node, to);
        request
    }
}

impl Transport for PeerTransport {
    fn call(
        &self,
        to: NodeId,
        member: &Member,
        verb: Verb,
        message: Bytes,
        timeout: Duration,
    ) -> BoxFuture<'static, Result<Bytes, TransportError>> {
        let client = self.client(to, member, Lane::Urgent);
        let request = self.signed(to, pb::CallRequest { verb: verb_to(verb).into(), message });
        async move {
            let mut client = client?;
            let response = within(timeout, client.call(request)).await?;
            Ok(response.into_inner().message)
        }
        .boxed()
    }

    fn append(
        &self,
        to: NodeId,
        member: &Member,
        requests: BoxStream<'static, Bytes>,
    ) -> BoxFuture<'static, Result<BoxStream<'static, Result<Bytes, TransportError>>, TransportError>> {
        let client = self.client(to, member, Lane::Append);
        let request = self.signed(to, Outgoing(requests.map(|message| pb::AppendRequest { message }).boxed()));
        async move {
            let mut client = client?;
            let responses = client.append(request).await.map_err(|status| status::transport_error(&status))?.into_inner();
            let responses = responses.map(|response| match response {
                Ok(pb::AppendResponse { message }) => Ok(message),
                Err(status) => Err(status::transport_error(&status)),
            });
            Ok(responses.boxed())
        }
        .boxed()
    }

    fn forward(&self, to: NodeId, member: &Member, batches: BoxStream<'static, Bytes>) -> BoxFuture<'static, TransportError> {
        let client = self.client(to, member, Lane::Forward);
        let request = self.signed(to, Outgoing(batches.map(|message| pb::ForwardRequest { message }).boxed()));
        async move {
            let mut client = match client {
                Ok(client) => client,
                Err(error) => return error,
            };
            match client.forward(request).await {
                Ok(_) => TransportError::Unreachable("the leader ended the stream".to_owned()),
                Err(status) => status::transport_error(&status),
            }
        }
        .boxed()
    }

    fn snapshot(
        &self,
        to: NodeId,
        member: &Member,
        chunks: BoxStream<'static, Bytes>,
        timeout: Duration,
    ) -> BoxFuture<'static, Result<Bytes, TransportError>> {
        let client = self.client(to, member, Lane::Snapshot);
        let request = self.signed(to, Outgoing(chunks.map(|chunk| pb::SnapshotRequest { chunk }).boxed()));
        async move {
            let mut client = client?;
            let response = within(timeout, client.snapshot(request)).await?;
            Ok(response.into_inner().message)
        }
        .boxed()
    }
}

/// A stream of messages under a name: the compiler cannot prove that a call with a nameless one can move between threads.
struct Outgoing<T>(BoxStream<'static, T>);

impl<T> Stream for Outgoing<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        self.0.poll_next_unpin(context)
    }
}

/// The answer, if it comes in time.
async fn within<T>(timeout: Duration, call: impl Future<Output = Result<T, Status>>) -> Result<T, TransportError> {
    match tokio::time::timeout(timeout, call).await {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(status)) => Err(status::transport_error(&status)),
        Err(_) => Err(TransportError::Timeout),
    }
}
