//! A front end with the one node that it needs, in this process.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lease::{ClientGuid, ServerId, ShareId, VolumeId};
use raft::{ClusterId, Config, Coordinator, Member, NodeId, Store};
use rpc::client::ServerOptions;
use rpc::{PeerOptions, PeerTransport, ServeOptions, serve};
use smb::client::Client;
use smb::{Figures, Limits, ShareConfig, SmbServer};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long anything that should happen is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// What is served.
pub(crate) const SHARE: &str = "share";
const CLUSTER: ClusterId = ClusterId::from_bytes([5; 16]);

/// A front end with the node that it needs.
pub(crate) struct Stage {
    server: SmbServer,
    coordinator: Coordinator,
    shutdown: CancellationToken,
    serving: JoinHandle<()>,
    _folder: TempDir,
    /// Tasks that there are when nobody is connected.
    tasks: usize,
}

impl Stage {
    /// Starts a node, and a front end that serves an empty folder to whoever comes.
    pub(crate) async fn set(limits: Limits) -> Stage {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound listener").to_string();
        let node = NodeId::new(1);
        let transport = Arc::new(PeerTransport::new(PeerOptions::new(CLUSTER, node)));
        let mut config = Config::new(node, CLUSTER);
        // What is kept for clients that are gone is soon forgotten.
        config.settings.durable_timeout = Duration::from_secs(1);
        config.settings.break_timeout = Duration::from_secs(1);
        let coordinator = Coordinator::start(config, Store::in_memory(CLUSTER), transport).await.expect("a new node starts");
        let shutdown = CancellationToken::new();
        let service = serve(listener, coordinator.clone(), ServeOptions::new(CLUSTER, node), shutdown.clone());
        let serving = tokio::spawn(async move { service.await.expect("the node serves") });
        coordinator.form([(node, Member { address: address.clone() })].into()).await.expect("a cluster of one is formed");
        let folder = TempDir::with_prefix("tenure-smb-").expect("a folder");
        let share = ShareConfig {
            name: SHARE.to_owned(),
            path: folder.path().to_owned(),
            volume: VolumeId::new(1),
            share: ShareId::new(1),
            anonymous: true,
            read_only: false,
            continuously_available: false,
        };
        let config = smb::Config { shares: vec![share], limits, ..smb::Config::new(SocketAddr::from(([127, 0, 0, 1], 0))) };
        let server = SmbServer::start(config, ServerOptions::new(ServerId::new(1), [address])).await.expect("the front end starts");
        let mut stage = Stage { server, coordinator, shutdown, serving, _folder: folder, tasks: 0 };
        let begun = Instant::now();
        while Client::connect(stage.address(), ClientGuid::from_u128(1), SHARE, None).await.is_err() {
            assert!(begun.elapsed() < PATIENCE, "nobody is served");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        stage.settle(|figures| figures.connections == 0).await;
        // Tasks of the node come and go; what a connection leaves behind does not go.
        tokio::time::sleep(Duration::from_millis(200)).await;
        stage.tasks = alive_tasks();
        stage
    }

    /// Where clients connect.
    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// What the front end has.
    pub(crate) fn figures(&self) -> Figures {
        self.server.figures()
    }

    /// Waits until the front end has what it should have.
    pub(crate) async fn settle(&self, done: impl Fn(&Figures) -> bool) {
        let begun = Instant::now();
        while !done(&self.figures()) {
            assert!(begun.elapsed() < PATIENCE, "waited in vain: {:?}", self.figures());
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Waits until nothing is left of any connection: no session, no open, no task.
    pub(crate) async fn empty(&self) {
        self.settle(|figures| (figures.connections, figures.sessions, figures.opens) == (0, 0, 0)).await;
        let begun = Instant::now();
        while alive_tasks() > self.tasks + TASKS_SPARE {
            assert!(begun.elapsed() < PATIENCE, "{} tasks are left, and there were {}", alive_tasks(), self.tasks);
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Ends it all.
    pub(crate) async fn strike(self) {
        self.server.stop().await;
        self.shutdown.cancel();
        self.coordinator.stop(false).await;
        self.serving.await.expect("the service does not panic");
    }
}

/// Tasks of the node itself that may run beside those that run always.
const TASKS_SPARE: usize = 8;

fn alive_tasks() -> usize {
    tokio::runtime::Handle::current().metrics().num_alive_tasks()
}
