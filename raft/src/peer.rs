//! What a node answers other nodes.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use openraft::ReadPolicy;
use openraft::errors::{LinearizableReadError, RaftError};
use openraft::raft::{AppendEntriesRequest, StreamAppendError, StreamAppendResult, TransferLeaderRequest, VoteRequest};
use tokio::sync::watch;

use crate::codec::CodecError;
use crate::codec::entry::decode_batch;
use crate::codec::peer::{PeerMessage, ReadIndexRecord};
use crate::error::PeerError;
use crate::leadership::{Heard, Leadership};
use crate::machine::Raft;
use crate::proposer::{Proposal, Proposer};
use crate::store::{SnapshotFile, SnapshotStore, StoreError};
use crate::transport::Verb;
use crate::types::{Batch, NodeId, TypeConfig, Vote};

type Snapshot = openraft::type_config::alias::SnapshotOf<TypeConfig, SnapshotFile>;

/// Chunks of a snapshot that may wait for the disk.
const SNAPSHOT_CHUNKS_AHEAD: usize = 4;

/// The answering side of [`Transport`](crate::Transport): the peer service calls it with what arrives. Cheap to clone.
#[derive(Clone)]
pub struct PeerEndpoint {
    pub(crate) raft: Raft,
    pub(crate) proposer: Proposer,
    pub(crate) leadership: watch::Receiver<Leadership>,
    pub(crate) snapshots: SnapshotStore,
    pub(crate) heard: Heard,
}

impl std::fmt::Debug for PeerEndpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PeerEndpoint").field("leadership", &*self.leadership.borrow()).finish_non_exhaustive()
    }
}

impl PeerEndpoint {
    /// Answers one request.
    pub async fn call(&self, verb: Verb, message: Bytes) -> Result<Bytes, PeerError> {
        match verb {
            Verb::Heartbeat => self.heartbeat(message).await,
            Verb::Vote => {
                let request = decode::<VoteRequest<TypeConfig>>(message)?;
                self.raft.vote(request).await.map(|response| response.encode()).map_err(stopping)
            }
            Verb::PreVote => {
                let request = decode::<VoteRequest<TypeConfig>>(message)?;
                self.raft.pre_vote(request).await.map(|response| response.encode()).map_err(stopping)
            }
            Verb::TransferLeader => {
                let request = decode::<TransferLeaderRequest<TypeConfig>>(message)?;
                self.raft.handle_transfer_leader(request).await.map(|response| response.encode()).map_err(stopping)
            }
            Verb::ReadIndex => self.read_index().await,
        }
    }

    /// Appends a stream of entries; responses in the order of the requests.
    pub fn append(&self, from: NodeId, requests: BoxStream<'static, Bytes>) -> BoxStream<'static, Result<Bytes, PeerError>> {
        // An unreadable request ends the stream of requests; what was readable before it is answered first.
        let unreadable = Arc::new(Mutex::new(None));
        let found = Arc::clone(&unreadable);
        let requests = requests
            .map(<AppendEntriesRequest<TypeConfig> as PeerMessage>::decode)
            .scan((), move |(), decoded| {
                let request = decoded
                    .map_err(|error| {
                        tracing::warn!(%from, %error, "an unreadable append");
                        *found.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    })
                    .ok();
                std::future::ready(request)
            })
            .boxed();
        let heard = self.heard.clone();
        let results = self.raft.stream_append(requests).map(move |result| match result {
            Ok(result) => {
                if accepted(&result) {
                    heard.note();
                }
                Ok(result.encode())
            }
            Err(fatal) => Err(stopping(fatal)),
        });
        let last = futures::stream::once(async move {
            let error = unreadable.lock().unwrap_or_else(PoisonError::into_inner).take();
            error.map(|error: CodecError| Err(PeerError::Malformed(error.to_string())))
        });
        results.chain(last.filter_map(std::future::ready)).boxed()
    }

    /// Receives and installs a snapshot. An error in the stream of chunks abandons it.
    pub async fn snapshot(
        &self,
        from: NodeId,
        mut chunks: BoxStream<'static, Result<Bytes, PeerError>>,
    ) -> Result<Bytes, PeerError> {
        let head = chunks.next().await.ok_or_else(|| PeerError::Malformed("a snapshot without a head".to_owned()))??;
        let vote = decode::<Vote>(head)?;
        let file = receive(self.snapshots.clone(), chunks).await?;
        tracing::info!(%from, meta = %file.meta(), bytes = file.size(), "installing a snapshot of the leader");
        let snapshot = Snapshot { meta: file.meta().clone(), snapshot: file };
        let response = self.raft.install_full_snapshot(vote, snapshot).await.map_err(stopping)?;
        Ok(response.vote.encode())
    }

    async fn heartbeat(&self, message: Bytes) -> Result<Bytes, PeerError> {
        let request = decode::<AppendEntriesRequest<TypeConfig>>(message)?;
        let previous = request.prev_log_id;
        let last = request.entries.last().map(|entry| entry.log_id).or(previous);
        let response = self.raft.append_entries(request).await.map_err(stopping)?;
        let result: StreamAppendResult<TypeConfig> = response.into_stream_result(previous, last);
        if accepted(&result) {
            self.heard.note();
        }
        Ok(result.encode())
    }

    /// Hands requests of another node to the proposer, batch after batch, until the stream ends; waits while there is no room for them.
    /// That they were taken says nothing of their outcome.
    ///
    /// # Errors
    /// Why no more are taken: the sender brings everything that it has no outcome of to the leader again.
    pub async fn forward(&self, from: NodeId, mut batches: BoxStream<'static, Bytes>) -> Result<(), PeerError> {
        while let Some(batch) = batches.next().await {
            self.take_forward(from, batch).await?;
        }
        Ok(())
    }

    async fn take_forward(&self, from: NodeId, batch: Bytes) -> Result<(), PeerError> {
        let decoded = decode_batch(&Batch(batch)).map_err(|error| malformed(&error))?;
        if decoded.entries.iter().any(|entry| entry.request.is_none()) {
            return Err(PeerError::Malformed("a forwarded command of nobody".to_owned()));
        }
        let leadership = self.leadership.borrow().clone();
        if leadership.mine.is_none() {
            return Err(PeerError::NotLeader { leader: leadership.leader });
        }
        tracing::trace!(%from, requests = decoded.entries.len(), "forwarded");
        let proposals = decoded.entries.into_iter().map(|entry| Proposal::new(entry.request, entry.command)).collect();
        self.proposer.offer_patiently(proposals).await.map_err(|_| stopping("shutdown"))
    }

    async fn read_index(&self) -> Result<Bytes, PeerError> {
        let index = read_index(&self.raft, &self.leadership).await?;
        Ok(ReadIndexRecord { index }.encode())
    }
}

/// Up to where a reader must have applied to see all that was answered before now. Asks a majority; only the leader can.
pub(crate) async fn read_index(raft: &Raft, leadership: &watch::Receiver<Leadership>) -> Result<u64, PeerError> {
    match raft.get_read_log_id(ReadPolicy::ReadIndex).await {
        Ok((read, _applied)) => Ok(read.index()),
        Err(RaftError::APIError(LinearizableReadError::ForwardToLeader(_))) => {
            Err(PeerError::NotLeader { leader: leadership.borrow().other().cloned() })
        }
        Err(RaftError::APIError(error)) => Err(PeerError::Busy(error.to_string())),
        Err(RaftError::Fatal(fatal)) => Err(stopping(fatal)),
    }
}

/// Whether the sender of an append was taken for the leader.
fn accepted(result: &StreamAppendResult<TypeConfig>) -> bool {
    !matches!(result, Err(StreamAppendError::HigherVote(_)))
}

fn decode<M: PeerMessage>(message: Bytes) -> Result<M, PeerError> {
    M::decode(message).map_err(|error| malformed(&error))
}

fn malformed(error: &CodecError) -> PeerError {
    PeerError::Malformed(error.to_string())
}

fn stopping(error: impl std::fmt::Display) -> PeerError {
    PeerError::Stopping(error.to_string())
}

/// Writes a snapshot that arrives to the disk, on a blocking thread.
async fn receive(
    store: SnapshotStore,
    mut chunks: BoxStream<'static, Result<Bytes, PeerError>>,
) -> Result<SnapshotFile, PeerError> {
    let (tx, mut rx) = tokio::sync::mpsc::channel::<Bytes>(SNAPSHOT_CHUNKS_AHEAD);
    let writing = tokio::task::spawn_blocking(move || -> Result<SnapshotFile, StoreError> {
        let mut receiver = store.receive()?;
        while let Some(chunk) = rx.blocking_recv() {
            receiver.append(&chunk)?;
        }
        // A file that was cut short fails its checks here.
        receiver.finish()
    });
    let mut broken = None;
    while let Some(chunk) = chunks.next().await {
        match chunk {
            Ok(chunk) => {
                if tx.send(chunk).await.is_err() {
                    break;
                }
            }
            Err(error) => {
                broken = Some(error);
                break;
            }
        }
    }
    drop(tx);
    let written = writing.await.map_err(|error| PeerError::Busy(format!("the snapshot could not be written: {error}")))?;
    match broken {
        Some(error) => Err(error),
        None => written.map_err(|error| PeerError::Busy(format!("the snapshot could not be written: {error}"))),
    }
}
