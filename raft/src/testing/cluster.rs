//! A cluster of coordinators, and SMB servers that talk to them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lease::{Command, Effect, Incarnation, LogTime, NoticeNumber, Request, RequestId, Sequence, ServerId};

use super::Network;
use crate::config::Config;
use crate::coordinator::{Answer, Coordinator, Submission};
use crate::error::{StartError, Unavailable};
use crate::outbox::{AttachError, Attachment, Delivery};
use crate::storage::Store;
use crate::store::LogConfig;
use crate::types::{ClusterId, Member, NodeId};

/// How long anything that should happen is waited for. Only a test that fails takes this long.
const PATIENCE: Duration = Duration::from_secs(30);

/// Makes or opens the store of a node.
type OpenStore = Box<dyn FnMut(NodeId) -> Result<Store, StartError> + Send>;

/// A cluster in this process.
pub struct TestCluster {
    /// What is between the nodes.
    pub network: Network,
    nodes: BTreeMap<NodeId, Coordinator>,
    open: OpenStore,
    configure: fn(&mut Config),
}

impl TestCluster {
    /// The cluster that all tests use.
    pub const CLUSTER: ClusterId = ClusterId::from_bytes([7; 16]);

    /// Forms a cluster of this many nodes without disks, and waits until it has a leader.
    pub async fn in_memory(nodes: u64) -> TestCluster {
        TestCluster::in_memory_with(nodes, |_| {}).await
    }

    /// The same, with settings changed.
    pub async fn in_memory_with(nodes: u64, configure: fn(&mut Config)) -> TestCluster {
        TestCluster::on_stores(nodes, |_| Ok(Store::in_memory(TestCluster::CLUSTER)), configure).await
    }

    /// Forms a cluster whose nodes keep their data in folders of this folder.
    pub async fn durable_with(nodes: u64, folder: &Path, configure: fn(&mut Config)) -> TestCluster {
        let folder = folder.to_owned();
        let open = move |node: NodeId| {
            let log = LogConfig { segment_bytes: 1 << 20, ..LogConfig::default() };
            Store::open(&folder.join(node.to_string()), TestCluster::CLUSTER, node, &log)
        };
        TestCluster::on_stores(nodes, open, configure).await
    }

    /// Forms a cluster whose nodes keep their data where the caller says.
    ///
    /// # Panics
    ///
    /// If it does not come about.
    pub async fn on_stores(
        nodes: u64,
        open: impl FnMut(NodeId) -> Result<Store, StartError> + Send + 'static,
        configure: fn(&mut Config),
    ) -> TestCluster {
        let mut cluster = TestCluster { network: Network::new(), nodes: BTreeMap::new(), open: Box::new(open), configure };
        let members: BTreeMap<NodeId, Member> =
            (1..=nodes).map(NodeId::new).map(|node| (node, TestCluster::member(node))).collect();
        for node in members.keys() {
            cluster.start(*node).await.expect("a new node starts");
        }
        let first = cluster.node(NodeId::new(1)).clone();
        first.form(members).await.expect("a cluster of empty nodes is formed");
        cluster.leader().await;
        cluster
    }

    /// A member's address in this network; nothing listens there.
    pub fn member(node: NodeId) -> Member {
        Member { address: format!("{node}.test:1") }
    }

    /// Starts a node that is not running, on what it has kept.
    pub async fn start(&mut self, node: NodeId) -> Result<(), StartError> {
        let mut config = Config::new(node, TestCluster::CLUSTER);
        (self.configure)(&mut config);
        let store = (self.open)(node)?;
        let coordinator = Coordinator::start(config, store, self.network.transport(node)).await?;
        self.network.connect(node, coordinator.peer());
        self.nodes.insert(node, coordinator);
        Ok(())
    }

    /// Ends a node without a word to the others.
    pub async fn kill(&mut self, node: NodeId) {
        self.network.disconnect(node);
        if let Some(coordinator) = self.nodes.remove(&node) {
            coordinator.stop(false).await;
        }
    }

    /// Ends a node in order.
    pub async fn stop(&mut self, node: NodeId) {
        if let Some(coordinator) = self.nodes.remove(&node) {
            coordinator.stop(true).await;
        }
        self.network.disconnect(node);
    }

    /// Ends all nodes.
    pub async fn stop_all(&mut self) {
        for (node, coordinator) in std::mem::take(&mut self.nodes) {
            coordinator.stop(false).await;
            self.network.disconnect(node);
        }
    }

    /// A running node.
    ///
    /// # Panics
    ///
    /// If it does not run.
    pub fn node(&self, node: NodeId) -> &Coordinator {
        self.nodes.get(&node).expect("the node is running")
    }

    /// The running nodes.
    pub fn nodes(&self) -> impl DoubleEndedIterator<Item = (&NodeId, &Coordinator)> {
        self.nodes.iter()
    }

    /// Waits until some running node says that it leads.
    ///
    /// # Panics
    ///
    /// If none does in time.
    pub async fn leader(&self) -> NodeId {
        within("a leader", async {
            loop {
                for (node, coordinator) in &self.nodes {
                    let leads = coordinator.leader().borrow().as_ref().is_some_and(|(leader, _)| leader == node);
                    if leads {
                        return *node;
                    }
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await
    }

    /// A running node that does not lead.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub async fn follower(&self) -> NodeId {
        let leader = self.leader().await;
        *self.nodes.keys().find(|node| **node != leader).expect("a cluster has followers")
    }

    /// Waits until all running nodes have applied the same entries, and returns where they are.
    ///
    /// # Panics
    ///
    /// If they do not meet in time, or have met and differ.
    pub async fn agree(&self) -> u64 {
        within("the nodes to have applied the same", async {
            loop {
                let mut seen = Vec::new();
                for coordinator in self.nodes.values() {
                    seen.push(coordinator.state_hash().await.expect("a running node answers"));
                }
                let (index, hash) = seen[0];
                if seen.iter().all(|(other, _)| *other == index) {
                    assert!(seen.iter().all(|(_, other)| *other == hash), "the tables differ after entry {index}: {seen:?}");
                    return index;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await
    }
}

impl std::fmt::Debug for TestCluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestCluster").field("nodes", &self.nodes).finish_non_exhaustive()
    }
}

/// Waits for something that should happen soon.
///
/// # Panics
///
/// If it does not.
async fn within<T>(what: &str, happens: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, happens).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// An SMB server of a test: numbers its requests, and reads what is delivered to it.
#[derive(Debug)]
pub struct TestServer {
    id: ServerId,
    incarnation: Incarnation,
    next: AtomicU64,
    /// The highest log position that it was told of.
    seen: u64,
    notices_seen: u64,
    attachment: Option<Attachment>,
    backlog: Vec<Delivery>,
}

impl TestServer {
    /// A server that is not attached anywhere, in a given life.
    pub fn new(id: u64, incarnation: u64) -> TestServer {
        TestServer {
            id: ServerId::new(id),
            incarnation: Incarnation::new(incarnation),
            next: AtomicU64::new(1),
            seen: 0,
            notices_seen: 0,
            attachment: None,
            backlog: Vec::new(),
        }
    }

    /// Names the next request. All earlier outcomes are still cared about.
    pub fn request(&self) -> Request {
        let sequence = Sequence::new(self.next.fetch_add(1, Ordering::Relaxed));
        let id = RequestId { server: self.id, incarnation: self.incarnation, sequence };
        Request { id, floor: Sequence::new(1), notices_seen: NoticeNumber::new(self.notices_seen) }
    }

    /// Attaches to a node, giving up any attachment before.
    pub async fn attach(&mut self, node: &Coordinator) -> Result<(), AttachError> {
        self.backlog.clear();
        self.attachment = Some(node.attach(self.id, self.incarnation, self.seen).await?);
        Ok(())
    }

    /// Asks through a node and waits for the answer.
    pub async fn ask(&self, node: &Coordinator, command: Command) -> Result<Answer, Unavailable> {
        Ok(node.submit(self.request(), command).await?.answer)
    }

    /// Asks through a node, and waits until the request is parked.
    ///
    /// # Panics
    ///
    /// If it is not parked.
    pub async fn ask_parked(&self, node: &Coordinator, command: Command) -> Submission {
        let mut submission = node.submit_watched(self.request(), command);
        assert!(within("a request to be parked", submission.parked()).await, "the request is not parked");
        submission
    }

    /// Asks as an attached server does: the answer is delivered.
    ///
    /// # Panics
    ///
    /// If the server is not attached.
    pub fn propose(&self, node: &Coordinator, command: Command) -> Result<RequestId, Unavailable> {
        let request = self.request();
        let reporter = self.attachment.as_ref().expect("the server is attached").reporter();
        node.propose(&reporter, vec![(request, command)])?;
        Ok(request.id)
    }

    /// Waits for the next delivery that is of interest, and drops those before it.
    ///
    /// # Panics
    ///
    /// If none comes in time, or the attachment ends.
    pub async fn delivered<T>(&mut self, what: &str, mut interest: impl FnMut(&Delivery) -> Option<T>) -> T {
        within(what, async {
            loop {
                while !self.backlog.is_empty() {
                    let delivery = self.backlog.remove(0);
                    if let Delivery::Effect { index, .. } = &delivery {
                        self.seen = self.seen.max(*index);
                    }
                    if let Some(found) = interest(&delivery) {
                        return found;
                    }
                }
                let attachment = self.attachment.as_mut().expect("the server is attached");
                self.backlog = attachment.next().await.expect("the attachment lasts");
            }
        })
        .await
    }

    /// Waits for a lease break notification.
    pub async fn broken(&mut self) -> lease::Break {
        self.delivered("a break", |delivery| {
            let Delivery::Effect { effect: Effect::Break(notice), .. } = delivery else { return None };
            Some(notice.clone())
        })
        .await
    }

    /// Waits for the answer to a request.
    pub async fn answered(&mut self, id: RequestId) -> Answer {
        self.delivered("an answer", |delivery| {
            let Delivery::Effect { effect: Effect::Reply { to, outcome }, .. } = delivery else { return None };
            (*to == id).then(|| outcome.clone())
        })
        .await
    }
}

/// Log time of a node, for tests of time.
pub fn log_time(node: &Coordinator) -> LogTime {
    node.progress().borrow().now
}
