//! What other nodes ask.

use futures::StreamExt;
use futures::stream::BoxStream;
use raft::types::{ClusterId, NodeId};
use raft::{PeerEndpoint, PeerError, Verb};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

use crate::identity;
use crate::proto::peer as pb;
use crate::server::ServeOptions;
use crate::status;

/// The peer service.
pub(crate) struct Peers {
    endpoint: PeerEndpoint,
    cluster: ClusterId,
    node: NodeId,
    shutdown: CancellationToken,
}

impl Peers {
    pub(crate) fn new(endpoint: PeerEndpoint, options: &ServeOptions, shutdown: CancellationToken) -> Peers {
        Peers { endpoint, cluster: options.cluster, node: options.node, shutdown }
    }

    /// Who calls. What is refused is logged: it is an operator's mistake that shows nowhere else on this node.
    fn caller<T>(&self, request: &Request<T>) -> Result<NodeId, Status> {
        identity::check(request.metadata(), self.cluster, self.node).inspect_err(|refusal| {
            tracing::warn!(from = ?request.remote_addr(), reason = refusal.message(), "refused a call between nodes");
        })
    }
}

#[tonic::async_trait]
impl pb::peer_service_server::PeerService for Peers {
    async fn call(&self, request: Request<pb::CallRequest>) -> Result<Response<pb::CallResponse>, Status> {
        self.caller(&request)?;
        let pb::CallRequest { verb, message } = request.into_inner();
        let verb = verb_from(verb)?;
        let message = self.endpoint.call(verb, message).await.map_err(|error| status::peer(&error))?;
        Ok(Response::new(pb::CallResponse { message }))
    }

    type AppendStream = BoxStream<'static, Result<pb::AppendResponse, Status>>;

    async fn append(&self, request: Request<Streaming<pb::AppendRequest>>) -> Result<Response<Self::AppendStream>, Status> {
        let from = self.caller(&request)?;
        let requests = request
            .into_inner()
            // A broken stream simply ends: the leader sees it break as well, and opens another.
            .scan((), |(), item| std::future::ready(item.ok().map(|pb::AppendRequest { message }| message)))
            .take_until(self.shutdown.clone().cancelled_owned());
        let responses = self.endpoint.append(from, requests.boxed()).map(|response| match response {
            Ok(message) => Ok(pb::AppendResponse { message }),
            Err(error) => Err(status::peer(&error)),
        });
        Ok(Response::new(responses.take_until(self.shutdown.clone().cancelled_owned()).boxed()))
    }

    async fn forward(&self, request: Request<Streaming<pb::ForwardRequest>>) -> Result<Response<pb::ForwardResponse>, Status> {
        let from = self.caller(&request)?;
        let batches = request
            .into_inner()
            // A broken stream simply ends: the sender sees it break as well, and opens another.
            .scan((), |(), item| std::future::ready(item.ok().map(|pb::ForwardRequest { message }| message)));
        tokio::select! {
            ended = self.endpoint.forward(from, batches.boxed()) => {
                ended.map(|()| Response::new(pb::ForwardResponse {})).map_err(|error| status::peer(&error))
            }
            () = self.shutdown.cancelled() => Err(status::peer(&PeerError::Stopping("shutdown".to_owned()))),
        }
    }

    async fn snapshot(&self, request: Request<Streaming<pb::SnapshotRequest>>) -> Result<Response<pb::SnapshotResponse>, Status> {
        let from = self.caller(&request)?;
        let chunks = request.into_inner().map(|item| match item {
            Ok(pb::SnapshotRequest { chunk }) => Ok(chunk),
            Err(broken) => Err(PeerError::Malformed(format!("the stream broke: {}", status::reason(&broken)))),
        });
        let message = self.endpoint.snapshot(from, chunks.boxed()).await.map_err(|error| status::peer(&error))?;
        Ok(Response::new(pb::SnapshotResponse { message }))
    }
}

/// A verb, for the wire.
pub(crate) fn verb_to(verb: Verb) -> pb::Verb {
    match verb {
        Verb::Heartbeat => pb::Verb::Heartbeat,
        Verb::Vote => pb::Verb::Vote,
        Verb::PreVote => pb::Verb::PreVote,
        Verb::TransferLeader => pb::Verb::TransferLeader,
        Verb::ReadIndex => pb::Verb::ReadIndex,
    }
}

/// A verb from the wire.
fn verb_from(number: i32) -> Result<Verb, Status> {
    match pb::Verb::try_from(number) {
        Ok(pb::Verb::Heartbeat) => Ok(Verb::Heartbeat),
        Ok(pb::Verb::Vote) => Ok(Verb::Vote),
        Ok(pb::Verb::PreVote) => Ok(Verb::PreVote),
        Ok(pb::Verb::TransferLeader) => Ok(Verb::TransferLeader),
        Ok(pb::Verb::ReadIndex) => Ok(Verb::ReadIndex),
        Ok(pb::Verb::Unspecified) => Err(Status::invalid_argument("verb: must be specified")),
        Err(_) => Err(Status::invalid_argument(format!("verb: has no value {number}"))),
    }
}
