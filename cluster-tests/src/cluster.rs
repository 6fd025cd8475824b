//! A cluster of real `tenure serve` processes on loopback, and what a bad day does to them.

mod binary;
mod config;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rpc::proto::v1;
use rpc::proto::v1::admin_service_client::AdminServiceClient;
use tempfile::TempDir;
use tokio::time::{sleep, timeout};
use tonic::transport::{Channel, Endpoint};

pub use binary::tenure;
pub use config::{Options, Smb};

use crate::ports;
use crate::process::Process;

/// How long three processes may take to form a cluster, and a node to catch up.
const SETTLE_LIMIT: Duration = Duration::from_secs(60);
/// How often a condition is looked at.
const POLL: Duration = Duration::from_millis(10);
/// How long one look at a node may take.
const LOOK_LIMIT: Duration = Duration::from_secs(2);

/// Processes with their folders. On drop the processes end and the folders go, unless the test did not come to [`Cluster::done`].
#[derive(Debug)]
pub struct Cluster {
    options: Options,
    nodes: Vec<Node>,
    folder: Option<TempDir>,
}

#[derive(Debug)]
struct Node {
    number: u64,
    address: SocketAddr,
    process: Option<Process>,
    looks: Channel,
}

impl Cluster {
    /// Starts the nodes and waits until they have formed a cluster with a leader.
    pub async fn start(options: Options) -> Result<Cluster> {
        let mut cluster = Cluster::prepare(options)?;
        for index in 0..cluster.len() {
            cluster.start_node(index)?;
        }
        cluster.leader().await?;
        Ok(cluster)
    }

    /// Writes the configuration files and starts nothing.
    pub fn prepare(options: Options) -> Result<Cluster> {
        let folder = TempDir::with_prefix("tenure-cluster-")?;
        let nodes: Vec<Node> = ports::free(options.nodes)?
            .into_iter()
            .zip(1..)
            .map(|(address, number)| {
                let looks = Endpoint::from_shared(format!("http://{address}"))?.connect_timeout(LOOK_LIMIT).connect_lazy();
                Ok(Node { number, address, process: None, looks })
            })
            .collect::<Result<_>>()?;
        let mut cluster = Cluster { options, nodes, folder: Some(folder) };
        for index in 0..cluster.len() {
            cluster.write_config(index)?;
        }
        Ok(cluster)
    }

    /// How many nodes there are, running or not.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Where a node is reached.
    pub fn address(&self, index: usize) -> SocketAddr {
        self.nodes[index].address
    }

    /// The same as a URL.
    pub fn endpoint(&self, index: usize) -> String {
        format!("http://{}", self.nodes[index].address)
    }

    /// All nodes' URLs.
    pub fn endpoints(&self) -> Vec<String> {
        (0..self.len()).map(|index| self.endpoint(index)).collect()
    }

    /// The folder that a node keeps its log in.
    pub fn data(&self, index: usize) -> PathBuf {
        self.folder().join(format!("n{}", self.nodes[index].number))
    }

    /// What a node has printed.
    pub fn log(&self, index: usize) -> String {
        std::fs::read_to_string(self.log_path(index)).unwrap_or_default()
    }

    /// A node's configuration file.
    pub fn config(&self, index: usize) -> PathBuf {
        self.folder().join(format!("n{}.toml", self.nodes[index].number))
    }

    /// Changes the options for nodes that are started from now on.
    pub fn reconfigure(&mut self, change: impl FnOnce(&mut Options)) -> Result<()> {
        change(&mut self.options);
        (0..self.len()).try_for_each(|index| self.write_config(index))
    }

    /// Starts a node, for the first time or again with what it has on disk.
    pub fn start_node(&mut self, index: usize) -> Result<()> {
        let mut command = Command::new(tenure()?);
        command.arg("serve").arg("--config").arg(self.config(index)).env("RUST_BACKTRACE", "1");
        let name = format!("n{}", self.nodes[index].number);
        let process = Process::start(&name, &mut command, &self.log_path(index))?;
        self.nodes[index].process = Some(process);
        Ok(())
    }

    /// The process of a node that was started and neither killed nor taken.
    pub fn process(&self, index: usize) -> Result<&Process> {
        self.nodes[index].process.as_ref().context("the node does not run")
    }

    /// Takes the process out of the cluster's hands.
    pub fn take(&mut self, index: usize) -> Result<Process> {
        self.nodes[index].process.take().context("the node does not run")
    }

    /// Kills a node (SIGKILL) and waits until it is gone.
    pub fn kill(&mut self, index: usize) -> Result<()> {
        self.take(index)?.kill()
    }

    /// Asks a node to end in order (SIGTERM) and waits for it.
    pub fn terminate(&mut self, index: usize) -> Result<()> {
        let mut process = self.take(index)?;
        process.terminate()?;
        let status = process.wait(SETTLE_LIMIT)?;
        ensure!(status.success(), "ended with {status}: {}", process.log_tail());
        Ok(())
    }

    /// What a node says of the cluster.
    pub async fn status(&self, index: usize) -> Result<v1::StatusResponse> {
        let mut admin = AdminServiceClient::new(self.nodes[index].looks.clone());
        Ok(timeout(LOOK_LIMIT, admin.status(v1::StatusRequest {})).await??.into_inner())
    }

    /// The index of the leader, as soon as a majority of the nodes that answer name the same one of the highest term.
    pub async fn leader(&self) -> Result<usize> {
        self.leader_but(None).await
    }

    /// The same, but another than the one that was killed or stopped.
    pub async fn leader_but(&self, not: Option<usize>) -> Result<usize> {
        let deadline = Instant::now() + SETTLE_LIMIT;
        while Instant::now() < deadline {
            if let Some(leader) = self.agreed_leader().await.filter(|leader| Some(*leader) != not) {
                return Ok(leader);
            }
            sleep(POLL).await;
        }
        bail!("no leader after {SETTLE_LIMIT:?}:\n{}", self.tails())
    }

    /// Hands leadership to a node and waits until all agree.
    pub async fn lead(&self, index: usize) -> Result<()> {
        let to = self.nodes[index].number;
        let deadline = Instant::now() + SETTLE_LIMIT;
        loop {
            let leader = self.leader().await?;
            if leader == index {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "n{to} does not become the leader:\n{}", self.tails());
            let mut admin = AdminServiceClient::new(self.nodes[leader].looks.clone());
            // A refusal is seen by who leads then, and tried again.
            timeout(LOOK_LIMIT, admin.transfer_leadership(v1::TransferLeadershipRequest { to: Some(to) })).await.ok();
            sleep(POLL).await;
        }
    }

    /// Waits until all running nodes have applied the same entries, and checks that they hold the same table. The state hash.
    pub async fn agreement(&self) -> Result<(u64, String)> {
        let deadline = Instant::now() + SETTLE_LIMIT;
        let mut by_index: BTreeMap<u64, String> = BTreeMap::new();
        loop {
            let mut seen = Vec::new();
            for index in (0..self.len()).filter(|index| self.nodes[*index].process.is_some()) {
                if let Ok(status) = self.status(index).await {
                    let (applied, hash) = (status.applied_index, status.state_hash);
                    let known = by_index.entry(applied).or_insert_with(|| hash.clone());
                    ensure!(*known == hash, "two tables at index {applied}: {known} and {hash}");
                    seen.push((applied, hash));
                }
            }
            let running = self.nodes.iter().filter(|node| node.process.is_some()).count();
            let answered = seen.len();
            seen.dedup();
            if let [at] = &seen[..]
                && answered == running
            {
                return Ok(at.clone());
            }
            ensure!(Instant::now() < deadline, "no agreement after {SETTLE_LIMIT:?}: {seen:?}\n{}", self.tails());
            sleep(POLL).await;
        }
    }

    /// The test is through: nothing needs to be kept.
    pub fn done(mut self) {
        self.stop_all();
        self.folder.take();
    }

    async fn agreed_leader(&self) -> Option<usize> {
        let mut named = Vec::new();
        for index in 0..self.len() {
            if self.nodes[index].process.is_some()
                && let Ok(status) = self.status(index).await
            {
                named.push((status.term, status.leader, status.node));
            }
        }
        let term = named.iter().map(|(term, ..)| *term).max()?;
        named.retain(|(at, leader, _)| *at == term && leader.is_some());
        let leader = named.first()?.1?;
        let agree = named.iter().all(|(_, named, _)| *named == Some(leader)) && named.iter().any(|(.., node)| *node == leader);
        let majority = 2 * named.len() > self.len();
        self.nodes.iter().position(|node| agree && majority && node.number == leader)
    }

    fn write_config(&mut self, index: usize) -> Result<()> {
        let members: Vec<(u64, SocketAddr)> = self.nodes.iter().map(|node| (node.number, node.address)).collect();
        let text = config::toml(&self.options, self.nodes[index].number, &members, &self.data(index));
        std::fs::write(self.config(index), text).context("cannot write a configuration file")
    }

    fn folder(&self) -> &Path {
        self.folder.as_ref().expect("the folder is there until the end").path()
    }

    fn log_path(&self, index: usize) -> PathBuf {
        self.folder().join(format!("n{}.log", self.nodes[index].number))
    }

    fn tails(&self) -> String {
        let running = self.nodes.iter().filter_map(|node| Some((node.number, node.process.as_ref()?)));
        running.map(|(number, process)| ["--- n", &number.to_string(), "\n", &process.log_tail(), "\n"].concat()).collect()
    }

    fn stop_all(&mut self) {
        for node in &mut self.nodes {
            node.process.take();
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop_all();
        if let Some(folder) = self.folder.take()
            && (thread::panicking() || self.options.keep_on_drop)
        {
            let kept = folder.keep();
            eprintln!("the folder of the cluster is kept: {}", kept.display());
        }
    }
}
