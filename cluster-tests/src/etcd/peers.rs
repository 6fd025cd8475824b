//! Three etcd processes.

use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;
use tokio::time::sleep;

use super::client::Client;
use crate::ports;
use crate::process::Process;

/// How long three nodes may take to elect their first leader.
const FORM_LIMIT: Duration = Duration::from_secs(30);
/// How many nodes.
const NODES: usize = 3;

/// Whether Debian's `etcd-server` is installed, and in which version.
pub fn installed() -> Option<String> {
    let output = Command::new("etcd").arg("--version").stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.lines().next()?.rsplit(' ').next()?.to_owned())
}

/// The two timings of its elections.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// How often a leader is heard.
    pub heartbeat: Duration,
    /// How long a follower waits for it.
    pub election: Duration,
}

impl Timing {
    /// What etcd runs with unless told otherwise.
    pub const DEFAULT: Timing = Timing { heartbeat: Duration::from_millis(100), election: Duration::from_secs(1) };
    /// What suits nodes in one rack.
    pub const LAN: Timing = Timing { heartbeat: Duration::from_millis(30), election: Duration::from_millis(300) };
}

/// A cluster of three, ended and removed on drop.
#[derive(Debug)]
pub struct Etcd {
    nodes: Vec<Node>,
    timing: Timing,
    folder: TempDir,
}

#[derive(Debug)]
struct Node {
    name: String,
    client: SocketAddr,
    peer: SocketAddr,
    process: Option<Process>,
}

impl Etcd {
    /// Starts three nodes and waits for their leader.
    pub async fn start(timing: Timing) -> Result<Etcd> {
        let addresses = ports::free(2 * NODES)?;
        let nodes = addresses.chunks_exact(2).zip(1..).map(|(pair, number)| Node {
            name: format!("e{number}"),
            client: pair[0],
            peer: pair[1],
            process: None,
        });
        let mut etcd = Etcd { nodes: nodes.collect(), timing, folder: TempDir::with_prefix("tenure-etcd-")? };
        for index in 0..NODES {
            etcd.start_node(index)?;
        }
        etcd.leader().await?;
        Ok(etcd)
    }

    /// The address of each node, as a URL.
    pub fn endpoints(&self) -> Vec<String> {
        self.nodes.iter().map(|node| format!("http://{}", node.client)).collect()
    }

    /// The index of the leader, as soon as all nodes that run agree on one.
    pub async fn leader(&self) -> Result<usize> {
        let deadline = Instant::now() + FORM_LIMIT;
        while Instant::now() < deadline {
            if let Some(leader) = self.agreed_leader().await {
                return Ok(leader);
            }
            sleep(Duration::from_millis(20)).await;
        }
        bail!(
            "etcd has no leader after {FORM_LIMIT:?}; {}",
            self.nodes[0].process.as_ref().map(Process::log_tail).unwrap_or_default()
        );
    }

    /// Kills a node (SIGKILL).
    pub fn kill(&mut self, index: usize) -> Result<()> {
        self.nodes[index].process.take().context("the node does not run")?.kill()
    }

    /// Starts a node, for the first time or again with what it has on disk.
    pub fn start_node(&mut self, index: usize) -> Result<()> {
        let initial: Vec<String> = self.nodes.iter().map(|node| format!("{}=http://{}", node.name, node.peer)).collect();
        let node = &self.nodes[index];
        let mut command = Command::new("etcd");
        command
            .args(["--name", &node.name, "--initial-cluster-state", "new", "--logger", "zap", "--log-level", "warn"])
            .arg("--data-dir")
            .arg(self.folder.path().join(&node.name))
            .arg(format!("--listen-client-urls=http://{}", node.client))
            .arg(format!("--advertise-client-urls=http://{}", node.client))
            .arg(format!("--listen-peer-urls=http://{}", node.peer))
            .arg(format!("--initial-advertise-peer-urls=http://{}", node.peer))
            .arg(format!("--initial-cluster={}", initial.join(",")))
            .arg(format!("--heartbeat-interval={}", self.timing.heartbeat.as_millis()))
            .arg(format!("--election-timeout={}", self.timing.election.as_millis()));
        let log = self.folder.path().join(format!("{}.log", node.name));
        self.nodes[index].process = Some(Process::start(&node.name, &mut command, &log)?);
        Ok(())
    }

    async fn agreed_leader(&self) -> Option<usize> {
        let mut leaders = Vec::new();
        let mut members = Vec::new();
        for (index, node) in self.nodes.iter().enumerate().filter(|(_, node)| node.process.is_some()) {
            let (member, leader) = Client::connect(&[format!("http://{}", node.client)], 1).ok()?.status().await.ok()?;
            members.push((member, index));
            leaders.push(leader);
        }
        leaders.dedup();
        let [leader] = leaders[..] else { return None };
        members.iter().find(|(member, _)| *member == leader).map(|(_, index)| *index)
    }
}
