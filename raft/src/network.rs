//! openraft's network on top of a [`Transport`]: encodes, decodes, and translates errors.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt};
use openraft::errors::{NetworkError, RPCError, ReplicationClosed, StreamingError, Timeout, Unreachable};
use openraft::network::{Backoff, RPCOption, RPCTypes, RaftNetworkFactory, RaftNetworkV2, stream_append_sequential};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, StreamAppendError, StreamAppendResult, TransferLeaderRequest,
    TransferLeaderResponse, VoteRequest, VoteResponse,
};

use crate::codec::peer::PeerMessage;
use crate::error::TransportError;
use crate::store::SnapshotFile;
use crate::transport::{Transport, Verb};
use crate::types::{Member, NodeId, TypeConfig, Vote};

type RpcError = RPCError<TypeConfig>;
type Snapshot = openraft::type_config::alias::SnapshotOf<TypeConfig, SnapshotFile>;
type Responses = BoxStream<'static, Result<Bytes, TransportError>>;

/// Chunks of a snapshot that are read ahead of the network.
const SNAPSHOT_CHUNKS_AHEAD: usize = 4;

/// Makes the links to the other nodes.
pub(crate) struct Links {
    node: NodeId,
    transport: Arc<dyn Transport>,
    /// How long an append may go without an answer before its stream is given up.
    append_timeout: Duration,
    snapshot_timeout: Duration,
}

impl Links {
    pub(crate) fn new(node: NodeId, transport: Arc<dyn Transport>, append_timeout: Duration, snapshot_timeout: Duration) -> Links {
        Links { node, transport, append_timeout, snapshot_timeout }
    }

    fn link(&self, target: NodeId, member: &Member, purpose: Purpose) -> Link {
        Link {
            node: self.node,
            target,
            member: member.clone(),
            purpose,
            transport: Arc::clone(&self.transport),
            append_timeout: self.append_timeout,
            snapshot_timeout: self.snapshot_timeout,
        }
    }
}

impl RaftNetworkFactory<TypeConfig> for Links {
    type Network = Link;

    async fn new_client(&mut self, target: NodeId, node: &Member) -> Link {
        self.link(target, node, Purpose::Append)
    }

    async fn new_heartbeat_client(&mut self, target: NodeId, node: &Member) -> Link {
        self.link(target, node, Purpose::Heartbeat)
    }
}

/// What a link is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// Entries, on a stream with many requests under way.
    Append,
    /// Heartbeats, one call each.
    Heartbeat,
}

/// The way to one node.
pub(crate) struct Link {
    node: NodeId,
    target: NodeId,
    member: Member,
    purpose: Purpose,
    transport: Arc<dyn Transport>,
    append_timeout: Duration,
    snapshot_timeout: Duration,
}

impl Link {
    async fn call<Q: PeerMessage, A: PeerMessage>(
        &self,
        verb: Verb,
        action: RPCTypes,
        request: &Q,
        timeout: Duration,
    ) -> Result<A, RpcError> {
        let bytes = self
            .transport
            .call(self.target, &self.member, verb, request.encode(), timeout)
            .await
            .map_err(|error| self.failed(&error, action, timeout))?;
        A::decode(bytes).map_err(|error| RPCError::Network(NetworkError::from_string(error)))
    }

    /// Translates an error. What openraft calls unreachable makes it pause before it tries again.
    fn failed(&self, error: &TransportError, action: RPCTypes, timeout: Duration) -> RpcError {
        match error {
            TransportError::Timeout => RPCError::Timeout(Timeout { action, id: self.node, target: self.target, timeout }),
            TransportError::Unreachable(_) | TransportError::Refused(_) | TransportError::Remote(_) => {
                RPCError::Unreachable(Unreachable::from_string(error))
            }
        }
    }

    async fn open_stream(&self, requests: BoxStream<'static, Bytes>) -> Result<Responses, RpcError> {
        let opening = self.transport.append(self.target, &self.member, requests);
        match tokio::time::timeout(self.append_timeout, opening).await {
            Ok(Ok(responses)) => Ok(responses),
            Ok(Err(error)) => Err(self.failed(&error, RPCTypes::AppendEntries, self.append_timeout)),
            Err(_) => Err(self.failed(&TransportError::Timeout, RPCTypes::AppendEntries, self.append_timeout)),
        }
    }

    /// The next response; an error if a request that was sent has waited too long for it.
    async fn next_response(
        &self,
        responses: &mut Responses,
        sent: &AtomicU64,
        answered: u64,
    ) -> Option<Result<StreamAppendResult<TypeConfig>, RpcError>> {
        loop {
            let waiting = sent.load(Ordering::Acquire) > answered;
            match tokio::time::timeout(self.append_timeout, responses.next()).await {
                Ok(Some(Ok(bytes))) => {
                    return Some(PeerMessage::decode(bytes).map_err(|error| RPCError::Network(NetworkError::from_string(error))));
                }
                Ok(Some(Err(error))) => {
                    return Some(Err(self.failed(&error, RPCTypes::AppendEntries, self.append_timeout)));
                }
                Ok(None) => return None,
                Err(_) if waiting => {
                    return Some(Err(self.failed(&TransportError::Timeout, RPCTypes::AppendEntries, self.append_timeout)));
                }
                // Nothing was asked, so nothing needs to be answered.
                Err(_) => {}
            }
        }
    }
}

impl RaftNetworkV2<TypeConfig> for Link {
    type SnapshotData = SnapshotFile;

    async fn append_entries(
        &mut self,
        rpc: AppendEntriesRequest<TypeConfig>,
        option: RPCOption,
    ) -> Result<AppendEntriesResponse<TypeConfig>, RpcError> {
        let last = rpc.entries.last().map(|entry| entry.log_id).or(rpc.prev_log_id);
        let result: StreamAppendResult<TypeConfig> =
            self.call(Verb::Heartbeat, RPCTypes::AppendEntries, &rpc, option.hard_ttl()).await?;
        Ok(match result {
            Ok(matched) if matched == last => AppendEntriesResponse::Success,
            Ok(matched) => AppendEntriesResponse::PartialSuccess(matched),
            Err(StreamAppendError::Conflict(_)) => AppendEntriesResponse::Conflict,
            Err(StreamAppendError::HigherVote(vote)) => AppendEntriesResponse::HigherVote(vote),
        })
    }

    fn stream_append<S>(
        &mut self,
        mut input: S,
        option: RPCOption,
    ) -> BoxFuture<'_, Result<BoxStream<'_, Result<StreamAppendResult<TypeConfig>, RpcError>>, RpcError>>
    where
        S: Stream<Item = AppendEntriesRequest<TypeConfig>> + Send + Unpin + 'static,
    {
        if self.purpose == Purpose::Heartbeat {
            return stream_append_sequential(self, input, option);
        }
        Box::pin(async move {
            // openraft pauses after an error while it is asked for the next request, and only there: a stream that was opened, and
            // failed, without asking would be tried again and again without a pause.
            let Some(first) = input.next().await else { return Ok(futures::stream::empty().boxed()) };
            let input = futures::stream::once(std::future::ready(first)).chain(input);
            let sent = Arc::new(AtomicU64::new(0));
            let counter = Arc::clone(&sent);
            let requests = input.map(move |request| {
                counter.fetch_add(1, Ordering::AcqRel);
                request.encode()
            });
            let responses = self.open_stream(requests.boxed()).await?;
            let link = &*self;
            // After an error the stream ends, and openraft begins another one.
            let results = futures::stream::unfold(Some((responses, 0)), move |state| {
                let sent = Arc::clone(&sent);
                async move {
                    let (mut responses, answered) = state?;
                    let result = link.next_response(&mut responses, &sent, answered).await?;
                    let next = result.as_ref().is_ok_and(Result::is_ok).then_some((responses, answered + 1));
                    Some((result, next))
                }
            });
            Ok(results.boxed())
        })
    }

    async fn vote(&mut self, rpc: VoteRequest<TypeConfig>, option: RPCOption) -> Result<VoteResponse<TypeConfig>, RpcError> {
        self.call(Verb::Vote, RPCTypes::Vote, &rpc, option.hard_ttl()).await
    }

    async fn pre_vote(&mut self, rpc: VoteRequest<TypeConfig>, option: RPCOption) -> Result<VoteResponse<TypeConfig>, RpcError> {
        self.call(Verb::PreVote, RPCTypes::Vote, &rpc, option.hard_ttl()).await
    }

    async fn full_snapshot(
        &mut self,
        vote: Vote,
        snapshot: Snapshot,
        cancel: impl Future<Output = ReplicationClosed> + Send + 'static,
        _option: RPCOption,
    ) -> Result<SnapshotResponse<TypeConfig>, StreamingError<TypeConfig>> {
        let chunks = snapshot_chunks(&vote, &snapshot.snapshot);
        let sending = self.transport.snapshot(self.target, &self.member, chunks, self.snapshot_timeout);
        tokio::select! {
            closed = cancel => Err(StreamingError::Closed(closed)),
            sent = sending => {
                let bytes = sent.map_err(|error| StreamingError::from(self.failed(&error, RPCTypes::InstallSnapshot, self.snapshot_timeout)))?;
                let vote = Vote::decode(bytes).map_err(|error| StreamingError::Network(NetworkError::from_string(error)))?;
                Ok(SnapshotResponse::new(vote))
            }
        }
    }

    async fn transfer_leader(
        &mut self,
        req: TransferLeaderRequest<TypeConfig>,
        option: RPCOption,
    ) -> Result<TransferLeaderResponse<TypeConfig>, RpcError> {
        self.call(Verb::TransferLeader, RPCTypes::TransferLeader, &req, option.hard_ttl()).await
    }

    /// Short, since a node that restarts is caught up within that time; and never the default's whole election timeout.
    fn backoff(&self) -> Option<Backoff> {
        let pauses = [10, 20, 40, 80].into_iter().chain(std::iter::repeat(100));
        Some(Backoff::new(pauses.map(Duration::from_millis)))
    }
}

/// A snapshot as it is sent: the leader's vote, then the file. Reading the file happens on a blocking thread, a few chunks ahead; if it
/// fails, the stream ends early and the receiver finds the file incomplete.
fn snapshot_chunks(vote: &Vote, file: &SnapshotFile) -> BoxStream<'static, Bytes> {
    let (tx, rx) = tokio::sync::mpsc::channel(SNAPSHOT_CHUNKS_AHEAD);
    let file = file.clone();
    tokio::task::spawn_blocking(move || {
        for chunk in file.chunks() {
            match chunk {
                Ok(chunk) => {
                    if tx.blocking_send(chunk).is_err() {
                        return;
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "cannot read the snapshot that is being sent");
                    return;
                }
            }
        }
    });
    let head = futures::stream::once(std::future::ready(vote.encode()));
    head.chain(tokio_stream::wrappers::ReceiverStream::new(rx)).boxed()
}
