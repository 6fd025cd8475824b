//! A network between the nodes of one process.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt};
use tokio::sync::watch;

use crate::error::{PeerError, TransportError};
use crate::peer::PeerEndpoint;
use crate::transport::{Transport, Verb};
use crate::types::{Member, NodeId};

/// A network between the nodes of one process. Clones are handles to the same one.
///
/// A node that is not connected is unreachable at once, as if its process were gone. A link that is cut swallows what is sent over it
/// until it is healed, as a firewall would: whoever waits runs into his own deadline.
#[derive(Debug, Clone, Default)]
pub struct Network {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// Counts the changes of the links.
    changes: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    nodes: BTreeMap<NodeId, PeerEndpoint>,
    cut: BTreeSet<(NodeId, NodeId)>,
    delay: Duration,
    messages: BTreeMap<Verb, u64>,
    forwards: u64,
}

impl Network {
    /// A network without nodes and without delay.
    pub fn new() -> Network {
        Network::default()
    }

    /// What a node sends through.
    pub fn transport(&self, from: NodeId) -> Arc<dyn Transport> {
        Arc::new(Port { network: self.clone(), from })
    }

    /// A node answers from now on.
    pub fn connect(&self, node: NodeId, endpoint: PeerEndpoint) {
        self.state().nodes.insert(node, endpoint);
    }

    /// A node is gone.
    pub fn disconnect(&self, node: NodeId) {
        self.state().nodes.remove(&node);
    }

    /// Nothing passes from one node to another, in this direction.
    pub fn cut(&self, from: NodeId, to: NodeId) {
        self.change(|state| {
            state.cut.insert((from, to));
        });
    }

    /// Nothing passes between a node and any other.
    pub fn isolate(&self, node: NodeId) {
        self.change(|state| {
            let others: Vec<NodeId> = state.nodes.keys().copied().filter(|other| *other != node).collect();
            state.cut.extend(others.iter().flat_map(|other| [(node, *other), (*other, node)]));
        });
    }

    /// Everything passes again.
    pub fn heal(&self) {
        self.change(|state| state.cut.clear());
    }

    /// Every message takes this long, in each direction.
    pub fn delay(&self, delay: Duration) {
        self.state().delay = delay;
    }

    /// How many calls of a kind were made.
    pub fn calls(&self, verb: Verb) -> u64 {
        self.state().messages.get(&verb).copied().unwrap_or(0)
    }

    /// How many batches of requests were sent to leaders.
    pub fn forwards(&self) -> u64 {
        self.state().forwards
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.shared.changes.send_modify(|changes| *changes += 1);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Passes when the link does, after the delay.
    async fn pass(&self, from: NodeId, to: NodeId) {
        let mut changes = self.shared.changes.subscribe();
        loop {
            changes.mark_unchanged();
            let (delay, cut) = {
                let state = self.state();
                (state.delay, state.cut.contains(&(from, to)))
            };
            if !cut {
                if !delay.is_zero() {
                    tokio::time::sleep(delay).await;
                }
                return;
            }
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    fn endpoint(&self, node: NodeId) -> Result<PeerEndpoint, TransportError> {
        self.state().nodes.get(&node).cloned().ok_or_else(|| TransportError::Unreachable(format!("{node} is not there")))
    }

    /// Sends a request; the answer comes back over the same link.
    async fn ask<F>(
        self,
        from: NodeId,
        to: NodeId,
        timeout: Duration,
        answer: impl FnOnce(PeerEndpoint) -> F,
    ) -> Result<Bytes, TransportError>
    where
        F: Future<Output = Result<Bytes, PeerError>>,
    {
        let exchange = async {
            self.endpoint(to)?;
            self.pass(from, to).await;
            let answer = answer(self.endpoint(to)?).await.map_err(TransportError::Remote)?;
            self.pass(to, from).await;
            self.endpoint(to)?;
            Ok(answer)
        };
        tokio::time::timeout(timeout, exchange).await.unwrap_or(Err(TransportError::Timeout))
    }
}

/// One node's access to the network.
struct Port {
    network: Network,
    from: NodeId,
}

impl Transport for Port {
    fn call(
        &self,
        to: NodeId,
        _member: &Member,
        verb: Verb,
        message: Bytes,
        timeout: Duration,
    ) -> BoxFuture<'static, Result<Bytes, TransportError>> {
        let (network, from) = (self.network.clone(), self.from);
        *network.state().messages.entry(verb).or_default() += 1;
        async move { network.ask(from, to, timeout, |peer| async move { peer.call(verb, message).await }).await }.boxed()
    }

    fn append(
        &self,
        to: NodeId,
        _member: &Member,
        requests: BoxStream<'static, Bytes>,
    ) -> BoxFuture<'static, Result<BoxStream<'static, Result<Bytes, TransportError>>, TransportError>> {
        let (network, from) = (self.network.clone(), self.from);
        async move {
            let endpoint = network.endpoint(to)?;
            let there = network.clone();
            let requests = requests.then(move |request| {
                let network = there.clone();
                async move {
                    network.pass(from, to).await;
                    request
                }
            });
            let responses = endpoint.append(from, requests.boxed()).then(move |response| {
                let network = network.clone();
                async move {
                    network.pass(to, from).await;
                    network.endpoint(to)?;
                    response.map_err(TransportError::Remote)
                }
            });
            Ok(responses.boxed())
        }
        .boxed()
    }

    fn forward(&self, to: NodeId, _member: &Member, batches: BoxStream<'static, Bytes>) -> BoxFuture<'static, TransportError> {
        let (network, from) = (self.network.clone(), self.from);
        async move {
            let endpoint = match network.endpoint(to) {
                Ok(endpoint) => endpoint,
                Err(gone) => return gone,
            };
            let there = network.clone();
            let batches = batches.then(move |batch| {
                let network = there.clone();
                async move {
                    network.state().forwards += 1;
                    network.pass(from, to).await;
                    batch
                }
            });
            let ended = endpoint.forward(from, batches.boxed()).await;
            network.pass(to, from).await;
            match ended {
                Ok(()) => TransportError::Unreachable("the stream ended".to_owned()),
                Err(error) => TransportError::Remote(error),
            }
        }
        .boxed()
    }

    fn snapshot(
        &self,
        to: NodeId,
        _member: &Member,
        chunks: BoxStream<'static, Bytes>,
        timeout: Duration,
    ) -> BoxFuture<'static, Result<Bytes, TransportError>> {
        let (network, from) = (self.network.clone(), self.from);
        let there = network.clone();
        let chunks = chunks.then(move |chunk| {
            let network = there.clone();
            async move {
                network.pass(from, to).await;
                Ok(chunk)
            }
        });
        async move { network.ask(from, to, timeout, |peer| async move { peer.snapshot(from, chunks.boxed()).await }).await }.boxed()
    }
}
