//! The handle that everything outside works with.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use lease::{Command, Incarnation, Outcome, Rejection, Request, ServerId};
use tokio::sync::watch;

use crate::config::Config;
use crate::error::{MembershipError, StartError, Unavailable};
use crate::progress::Progress;
use crate::outbox::{Answered, AttachError, Attachment, Reporter};
use crate::peer::PeerEndpoint;
use crate::status::{StateHash, Status};
use crate::storage::Store;
use crate::transport::Transport;
use crate::types::{Member, NodeId};

/// What the lease table said: carried out, or a committed "no" that is the same on every node.
pub type Answer = Result<Outcome, Rejection>;

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
#[derive(Clone)]
pub struct Coordinator {}

impl Coordinator {
    /// Starts a node on its store. It joins what its log says it belongs to; a node with an empty log waits to be formed or added.
    pub async fn start(config: Config, store: Store, transport: Arc<dyn Transport>) -> Result<Coordinator, StartError> {
        config.check()?;
        drop((store, transport));
        unimplemented!()
    }

    /// Makes these members a new cluster. Refused if this node belongs to one already.
    pub async fn form(&self, members: BTreeMap<NodeId, Member>) -> Result<(), MembershipError> {
        unimplemented!("{members:?}")
    }

    /// Asks, and waits for the answer: for at most the request timeout, except while the request is parked.
    pub async fn submit(&self, request: Request, command: Command) -> Result<Answered, Unavailable> {
        self.submit_watched(request, command).answer().await
    }

    /// Asks, and lets the caller see whether the request is parked.
    pub fn submit_watched(&self, request: Request, command: Command) -> Submission {
        unimplemented!("{request:?} {command:?}")
    }

    /// Attaches a server to this node. `seen` is the highest log position that the server was told of anywhere; the node catches up to
    /// it first. An older attachment of the same server is cut off.
    pub fn attach(
        &self,
        server: ServerId,
        incarnation: Incarnation,
        seen: u64,
    ) -> impl Future<Output = Result<Attachment, AttachError>> + Send + use<> {
        let _ = (server, incarnation, seen);
        async { unimplemented!() }
    }

    /// Asks on behalf of an attached server. Answers come through the attachment; so does an [`Unavailable`] when none came in time.
    ///
    /// # Errors
    ///
    /// [`Unavailable::Busy`] and [`Unavailable::Stopping`]: none of the requests was taken.
    pub fn propose(&self, from: &Reporter, requests: Vec<(Request, Command)>) -> Result<(), Unavailable> {
        unimplemented!("{from:?} {requests:?}")
    }

    /// Reads the table.
    pub async fn read<T: Send + 'static>(
        &self,
        consistency: Consistency,
        read: impl FnOnce(&lease::State) -> T + Send + 'static,
    ) -> Result<T, Unavailable> {
        drop(read);
        unimplemented!("{consistency:?}")
    }

    /// What this node knows of the cluster.
    pub async fn status(&self) -> Result<Status, Unavailable> {
        unimplemented!()
    }

    /// Adds a node that receives the log and has no vote.
    pub async fn add_learner(&self, node: NodeId, member: Member) -> Result<(), MembershipError> {
        unimplemented!("{node} {member:?}")
    }

    /// Gives a learner a vote, once it has caught up.
    pub async fn promote(&self, node: NodeId) -> Result<(), MembershipError> {
        unimplemented!("{node}")
    }

    /// Removes a member. The leader hands leadership over first when it removes itself. The id is never used again.
    pub async fn remove(&self, node: NodeId) -> Result<(), MembershipError> {
        unimplemented!("{node}")
    }

    /// Hands leadership over, to the voter that is furthest if none is named.
    pub async fn transfer_leadership(&self, to: Option<NodeId>) -> Result<(), MembershipError> {
        unimplemented!("{to:?}")
    }

    /// The hash of the whole table, and the applied entry that it belongs to.
    pub async fn state_hash(&self) -> Result<(u64, StateHash), Unavailable> {
        unimplemented!()
    }

    /// How far this node's state is.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        unimplemented!()
    }

    /// Who leads, as this node sees it; changes are seen at once.
    pub fn leader(&self) -> watch::Receiver<Option<(NodeId, Member)>> {
        unimplemented!()
    }

    /// What the peer service calls.
    pub fn peer(&self) -> PeerEndpoint {
        PeerEndpoint {}
    }

    /// Resolves, with the reason, when the node must stop: the process should end with an error.
    pub fn fatal(&self) -> impl Future<Output = String> + Send + use<> {
        async { unimplemented!() }
    }

    /// Stops the node, after handing leadership over if `transfer`. Requests still without an answer get [`Unavailable::Stopping`].
    pub async fn stop(self, transfer: bool) {
        unimplemented!("{transfer}")
    }
}

/// A request on its way.
#[derive(Debug)]
pub struct Submission {}

impl Submission {
    /// Waits until the request is parked or answered; whether it is parked.
    pub async fn parked(&mut self) -> bool {
        unimplemented!()
    }

    /// Waits for the answer.
    pub async fn answer(self) -> Result<Answered, Unavailable> {
        unimplemented!()
    }
}
