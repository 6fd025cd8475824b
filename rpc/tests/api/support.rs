//! Three nodes in this process, over real sockets.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lease::{
    Access, Caching, ClientGuid, ConnectionId, Epoch, FileId, FileKey, LeaseKey, LeaseRequest, LeaseRequestV2, Open, ServerId,
    SessionId, Share, VolumeId,
};
use raft::{ClusterId, Config, Coordinator, Member, NodeId, Store};
use rpc::client::{Admin, Notice, Notices, Server, ServerOptions};
use rpc::{PeerOptions, PeerTransport, ServeOptions, serve};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long anything that should happen is waited for. Only a test that fails takes this long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// The cluster of all tests.
pub(crate) const CLUSTER: ClusterId = ClusterId::from_bytes([9; 16]);
/// FILE_READ_DATA and FILE_WRITE_DATA.
pub(crate) const READ_WRITE: u32 = 0x3;

/// A node that runs.
pub(crate) struct Node {
    pub(crate) address: String,
    pub(crate) coordinator: Coordinator,
    shutdown: CancellationToken,
    serving: JoinHandle<()>,
}

impl Node {
    /// Ends the node without a word to the others.
    pub(crate) async fn stop(self) {
        let Node { coordinator, shutdown, serving, .. } = self;
        shutdown.cancel();
        coordinator.stop(false).await;
        serving.await.expect("the service does not panic");
    }
}

/// Nodes that run.
pub(crate) struct Cluster {
    pub(crate) nodes: BTreeMap<NodeId, Node>,
}

/// Node `n<number>`.
pub(crate) fn n(number: u64) -> NodeId {
    NodeId::new(number)
}

impl Cluster {
    /// Forms a cluster of this many nodes and waits for a leader.
    pub(crate) async fn form(nodes: u64) -> Cluster {
        Cluster::form_with(nodes, |_| {}, |_| {}).await
    }

    /// The same, with settings changed.
    pub(crate) async fn form_with(nodes: u64, configure: fn(&mut Config), options: fn(&mut ServeOptions)) -> Cluster {
        let mut cluster = Cluster { nodes: BTreeMap::new() };
        for number in 1..=nodes {
            cluster.nodes.insert(n(number), start(n(number), configure, options).await);
        }
        let members = cluster.nodes.iter().map(|(node, running)| (*node, Member { address: running.address.clone() })).collect();
        cluster.nodes[&n(1)].coordinator.form(members).await.expect("a cluster of empty nodes is formed");
        cluster.leader().await;
        cluster
    }

    /// Waits until a running node leads and all running nodes know it.
    pub(crate) async fn leader(&self) -> NodeId {
        until("a leader that all know", || {
            let mut known = self.nodes.values().map(|node| node.coordinator.leader().borrow().as_ref().map(|(leader, _)| *leader));
            let first = known.next().flatten().filter(|leader| self.nodes.contains_key(leader))?;
            known.all(|other| other == Some(first)).then_some(first)
        })
        .await
    }

    /// A running node that does not lead.
    pub(crate) async fn follower(&self) -> NodeId {
        let leader = self.leader().await;
        *self.nodes.keys().find(|node| **node != leader).expect("there is more than one node")
    }

    /// Where a node is reached.
    pub(crate) fn address(&self, node: NodeId) -> String {
        self.nodes[&node].address.clone()
    }

    /// Where all nodes are reached, this one first.
    pub(crate) fn addresses_from(&self, node: NodeId) -> Vec<String> {
        let mut addresses: Vec<_> = self.nodes.keys().map(|other| (*other != node, self.address(*other))).collect();
        addresses.sort();
        addresses.into_iter().map(|(_, address)| address).collect()
    }

    /// Ends a node: its streams break, and it says nothing more to the others.
    pub(crate) async fn kill(&mut self, node: NodeId) {
        self.nodes.remove(&node).expect("the node runs").stop().await;
    }

    /// An operator's client.
    pub(crate) fn admin(&self) -> Admin {
        Admin::new(self.nodes.values().map(|node| node.address.clone()), PATIENCE)
    }

    /// Waits until all running nodes have applied the same, and compares their state hashes.
    pub(crate) async fn assert_same_state(&self) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let mut hashes = Vec::new();
            for node in self.nodes.values() {
                hashes.push(node.coordinator.state_hash().await.expect("the node runs"));
            }
            let (index, hash) = hashes[0];
            if hashes.iter().all(|(other, _)| *other == index) {
                assert!(hashes.iter().all(|(_, other)| *other == hash), "{hashes:?}");
                return;
            }
            assert!(tokio::time::Instant::now() < deadline, "the nodes do not come to the same index: {hashes:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// A server that prefers this node.
    pub(crate) async fn server(&self, id: u64, node: NodeId) -> (Server, Notices) {
        self.server_with(id, node, |_| {}).await
    }

    /// The same, with options changed.
    pub(crate) async fn server_with(&self, id: u64, node: NodeId, change: impl FnOnce(&mut ServerOptions)) -> (Server, Notices) {
        let mut options = ServerOptions::new(ServerId::new(id), self.addresses_from(node));
        options.ttl = Duration::from_secs(60);
        options.call_timeout = PATIENCE;
        change(&mut options);
        let (server, notices) = Server::start(options).await.expect("the server starts");
        // On a busy machine a node may be too slow for the server, which then takes the next.
        within("the attachment that the test needs", async {
            while server.attached_to().is_none_or(|attached| attached.node != node) {
                server.move_to(&self.address(node)).await.ok();
            }
        })
        .await;
        (server, notices)
    }
}

/// Starts a node that belongs to no cluster yet.
pub(crate) async fn start(node: NodeId, configure: fn(&mut Config), change: fn(&mut ServeOptions)) -> Node {
    start_at("127.0.0.1:0", node, configure, change).await
}

/// The same, listening at this address.
pub(crate) async fn start_at(address: &str, node: NodeId, configure: fn(&mut Config), change: fn(&mut ServeOptions)) -> Node {
    let listener = TcpListener::bind(address).await.expect("a free port");
    let address = listener.local_addr().expect("a bound listener").to_string();
    let transport = Arc::new(PeerTransport::new(PeerOptions::new(CLUSTER, node)));
    let mut config = Config::new(node, CLUSTER);
    // Many clusters share one machine here: elections that are due to that alone would only make noise.
    config.heartbeat = Duration::from_millis(100);
    config.election_timeout_min = Duration::from_millis(500);
    config.election_timeout_max = Duration::from_secs(1);
    configure(&mut config);
    let coordinator = Coordinator::start(config, Store::in_memory(CLUSTER), transport).await.expect("a new node starts");
    let shutdown = CancellationToken::new();
    let mut options = ServeOptions::new(CLUSTER, node);
    change(&mut options);
    let service = serve(listener, coordinator.clone(), options, shutdown.clone());
    let serving = tokio::spawn(async move { service.await.expect("the node serves") });
    Node { address, coordinator, shutdown, serving }
}

/// Waits until something is there.
pub(crate) async fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(tokio::time::Instant::now() < deadline, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits for something that should happen.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// The next break, whatever else comes before it.
pub(crate) async fn next_break(notices: &mut Notices) -> lease::Break {
    within("a break", async {
        loop {
            match notices.recv().await.expect("the life goes on") {
                Notice::Break { notice, .. } => return notice,
                Notice::Attached(_)
                | Notice::Detached { .. }
                | Notice::Revoked { .. }
                | Notice::OplockBreak { .. }
                | Notice::OplockRevoked { .. }
                | Notice::Recall { .. }
                | Notice::DelegationRevoked { .. }
                | Notice::Delete { .. }
                | Notice::Evicted { .. } => {}
                Notice::Fenced => panic!("fenced"),
            }
        }
    })
    .await
}

/// Client `number`.
pub(crate) fn client(number: u128) -> ClientGuid {
    ClientGuid::from_u128(number)
}

/// Lease key `number`.
pub(crate) fn key(number: u128) -> LeaseKey {
    LeaseKey::from_u128(number)
}

/// Connection `number`.
pub(crate) fn connection(number: u64) -> ConnectionId {
    ConnectionId::new(number)
}

/// File `number`.
pub(crate) fn file(number: u128) -> FileKey {
    FileKey { volume: VolumeId::new(1), file: FileId::from_u128(number), stream: None }
}

/// An open of a file that shares everything and asks for a version 2 lease.
pub(crate) fn open(session: SessionId, number: u128, lease: u128, state: Caching) -> Open {
    Open {
        session,
        file: file(number),
        name: format!("file{number}").into(),
        access: Access(READ_WRITE),
        share: Share(7),
        lease: Some(LeaseRequest { key: key(lease), state, v2: Some(LeaseRequestV2 { epoch: Epoch::new(1), parent: None }) }),
        ..Open::default()
    }
}
