//! The handle that everything outside works with.

mod start;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lease::{Caching, ClientGuid, Command, Incarnation, LeaseKey, Outcome, Rejection, Request, ServerId};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::error::{MembershipError, StartError, Unavailable};
use crate::fatal::FatalSignal;
use crate::leadership::Leadership;
use crate::machine::{MachineHandle, Raft};
use crate::membership::Membership;
use crate::operator::Operator;
use crate::outbox::{Answered, AttachError, Attachment, Reporter, Waiter};
use crate::peer::PeerEndpoint;
use crate::progress::Progress;
use crate::proposer::Proposer;
use crate::read::Reader;
use crate::router::Router;
use crate::status::{StateHash, Status};
use crate::storage::Store;
use crate::store::{DataDir, LogStore};
use crate::transport::Transport;
use crate::types::{Member, NodeId};

/// What the lease table said: carried out, or a committed "no" that is the same on every node.
pub type Answer = Result<Outcome, Rejection>;

/// How long the state machine may take to be let go when the node stops.
const END_TIMEOUT: Duration = Duration::from_secs(10);

/// How fresh a read has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Consistency {
    /// Sees everything that was answered anywhere before the read began (a read index).
    #[default]
    Linearizable,
    /// Whatever this node has applied; works without a leader.
    Stale,
}

/// A running node of the cluster: the lease table, made durable and replicated. Clones are handles to the same node.
///
/// Dropping the handles does not stop the node; [`stop`](Coordinator::stop) does.
#[derive(Clone)]
pub struct Coordinator {
    inner: Arc<Inner>,
}

struct Inner {
    config: Config,
    raft: Raft,
    machine: MachineHandle,
    router: Router,
    proposer: Proposer,
    leadership: watch::Receiver<Leadership>,
    leader: watch::Receiver<Option<(NodeId, Member)>>,
    transport: Arc<dyn Transport>,
    peer: PeerEndpoint,
    /// Numbers the attachments, so that a later one cuts off an earlier one.
    attachments: AtomicU64,
    fatal: FatalSignal,
    stop: CancellationToken,
    tasks: TaskTracker,
    log: LogStore,
    /// Locked until the node has stopped.
    dir: Mutex<Option<DataDir>>,
}

impl std::fmt::Debug for Coordinator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Coordinator").field("node", &self.inner.config.node).finish_non_exhaustive()
    }
}

impl Coordinator {
    /// Starts a node on its store. It joins what its log says it belongs to; a node with an empty log waits to be formed or added.
    pub async fn start(config: Config, store: Store, transport: Arc<dyn Transport>) -> Result<Coordinator, StartError> {
        let inner = start::start(config, store, transport).await?;
        Ok(Coordinator { inner: Arc::new(inner) })
    }

    /// Makes these members a new cluster. Refused if this node belongs to one already.
    pub async fn form(&self, members: BTreeMap<NodeId, Member>) -> Result<(), MembershipError> {
        self.membership().form(members).await
    }

    /// Asks, and waits for the answer: for at most the request timeout, except while the request is parked.
    pub async fn submit(&self, request: Request, command: Command) -> Result<Answered, Unavailable> {
        self.submit_watched(request, command).answer().await
    }

    /// Asks, and lets the caller see whether the request is parked.
    pub fn submit_watched(&self, request: Request, command: Command) -> Submission {
        Submission { waiter: self.inner.router.submit(request, command) }
    }

    /// Attaches a server to this node. `seen` is the highest log position that the server was told of anywhere; the node catches up to
    /// it first. An older attachment of the same server is cut off.
    pub fn attach(
        &self,
        server: ServerId,
        incarnation: Incarnation,
        seen: u64,
    ) -> impl Future<Output = Result<Attachment, AttachError>> + Send + use<> {
        let generation = self.inner.attachments.fetch_add(1, Ordering::Relaxed);
        let machine = self.inner.machine.clone();
        // A node that is cut off does not catch up: the server is better off elsewhere.
        let patience = self.inner.config.election_timeout_max * 4;
        async move { machine.attach(server, incarnation, generation, seen, patience).await }
    }

    /// Asks on behalf of an attached server ([`Attachment::reporter`]). Answers come through the attachment; so does an [`Unavailable`]
    /// when none came in time.
    ///
    /// # Errors
    ///
    /// [`Unavailable::Busy`] and [`Unavailable::Stopping`]: none of the requests was taken.
    pub fn propose(&self, from: &Reporter, requests: Vec<(Request, Command)>) -> Result<(), Unavailable> {
        self.inner.router.propose(from, requests)
    }

    /// Reads the table.
    pub async fn read<T: Send + 'static>(
        &self,
        consistency: Consistency,
        read: impl FnOnce(&lease::State) -> T + Send + 'static,
    ) -> Result<T, Unavailable> {
        if consistency == Consistency::Linearizable {
            self.reader().catch_up().await?;
        }
        self.inner.machine.read(read).await
    }

    /// What this node knows of the cluster.
    pub async fn status(&self) -> Result<Status, Unavailable> {
        let leader = self.inner.leader.borrow().as_ref().map(|(leader, _)| *leader);
        Status::of(&self.inner.config, &self.inner.raft, &self.inner.machine, leader).await
    }

    /// Takes from a lease, on an operator's word, what it has beyond a state, as a conflict would ([`Command::BreakLease`]). On the leader
    /// only. Says where in the log it is carried out.
    ///
    /// # Errors
    ///
    /// [`Unavailable`]; a repeat does no harm.
    pub async fn break_lease(&self, client: ClientGuid, key: LeaseKey, into: Caching) -> Result<u64, Unavailable> {
        self.operator().enter(Command::BreakLease { client, key, into }).await
    }

    /// Throws a client out, on an operator's word ([`Command::Evict`]). As [`Coordinator::break_lease`].
    ///
    /// # Errors
    ///
    /// [`Unavailable`]; a repeat costs the client what it has opened since.
    pub async fn evict(&self, client: ClientGuid) -> Result<u64, Unavailable> {
        self.operator().enter(Command::Evict { client }).await
    }

    /// Adds a node that receives the log and has no vote.
    pub async fn add_learner(&self, node: NodeId, member: Member) -> Result<(), MembershipError> {
        self.membership().add_learner(node, member).await
    }

    /// Gives a learner a vote, once it has caught up.
    pub async fn promote(&self, node: NodeId) -> Result<(), MembershipError> {
        self.membership().promote(node).await
    }

    /// Removes a member. A leader that is to remove itself hands leadership over and answers [`MembershipError::NotLeader`] with the
    /// new leader's address: ask there. The id must never be used again.
    pub async fn remove(&self, node: NodeId) -> Result<(), MembershipError> {
        self.membership().remove(node).await
    }

    /// Hands leadership over, to the voter that is furthest if none is named.
    pub async fn transfer_leadership(&self, to: Option<NodeId>) -> Result<(), MembershipError> {
        self.membership().transfer(to).await
    }

    /// The hash of the whole table, and the applied entry that it belongs to.
    pub async fn state_hash(&self) -> Result<(u64, StateHash), Unavailable> {
        let (index, hash) = self.inner.machine.state_hash().await?;
        Ok((index, StateHash(hash)))
    }

    /// How far this node's state is.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.inner.machine.progress()
    }

    /// Who leads, as this node sees it; changes are seen at once.
    pub fn leader(&self) -> watch::Receiver<Option<(NodeId, Member)>> {
        self.inner.leader.clone()
    }

    /// This node.
    pub fn node(&self) -> NodeId {
        self.inner.config.node
    }

    /// How long a sync of the log takes, how many there were, and whether one hangs.
    pub fn sync_gauge(&self) -> Arc<crate::store::SyncGauge> {
        self.inner.log.gauge()
    }

    /// What the peer service calls.
    pub fn peer(&self) -> PeerEndpoint {
        self.inner.peer.clone()
    }

    /// Resolves, with the reason, when the node must stop: the process should end with an error.
    pub fn fatal(&self) -> impl Future<Output = String> + Send + use<> {
        self.inner.fatal.wait()
    }

    /// Stops the node, after handing leadership over if `transfer`. Requests still without an answer get [`Unavailable::Stopping`].
    pub async fn stop(self, transfer: bool) {
        let inner = &self.inner;
        if transfer && inner.leadership.borrow().mine.is_some() {
            let patience = inner.config.election_timeout_max * 4;
            if let Err(error) = self.membership_within(patience).transfer(None).await {
                tracing::info!(%error, "leadership could not be handed over before the stop");
            }
        }
        inner.stop.cancel();
        // The keeper writes a last checkpoint, for which the state machine has to run.
        inner.tasks.close();
        inner.tasks.wait().await;
        if let Err(error) = inner.raft.shutdown().await {
            tracing::warn!(%error, "consensus did not end in order");
        }
        // The state machine goes a moment after consensus has ended; only then is the folder free for another start.
        if tokio::time::timeout(END_TIMEOUT, inner.machine.gone()).await.is_err() {
            tracing::warn!("the state machine did not end in time");
        }
        let log = inner.log.clone();
        let closed = tokio::task::spawn_blocking(move || log.close()).await;
        if let Err(error) = closed {
            tracing::warn!(%error, "the log could not be closed in order");
        }
        drop(inner.dir.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    fn membership(&self) -> Membership<'_> {
        self.membership_within(self.inner.config.request_timeout)
    }

    fn membership_within(&self, timeout: Duration) -> Membership<'_> {
        Membership { node: self.inner.config.node, raft: &self.inner.raft, leadership: &self.inner.leadership, timeout }
    }

    fn operator(&self) -> Operator<'_> {
        Operator { proposer: &self.inner.proposer, leadership: &self.inner.leadership, timeout: self.inner.config.request_timeout }
    }

    fn reader(&self) -> Reader<'_> {
        Reader {
            raft: &self.inner.raft,
            machine: &self.inner.machine,
            transport: &*self.inner.transport,
            leadership: &self.inner.leadership,
            call_timeout: self.inner.config.election_timeout_max,
            timeout: self.inner.config.request_timeout,
        }
    }
}

/// A request on its way.
#[derive(Debug)]
pub struct Submission {
    waiter: Result<Waiter, Unavailable>,
}

impl Submission {
    /// Waits until the request is parked, answered or given up; whether it is parked.
    pub async fn parked(&mut self) -> bool {
        match &mut self.waiter {
            Ok(waiter) => waiter.parked().await.is_ok() && waiter.is_parked(),
            Err(_) => false,
        }
    }

    /// Waits for the answer.
    pub async fn answer(self) -> Result<Answered, Unavailable> {
        self.waiter?.answer().await
    }
}

#[cfg(test)]
impl Coordinator {
    /// The state machine, for tests that break it on purpose.
    pub(crate) fn machine(&self) -> &MachineHandle {
        &self.inner.machine
    }
}
