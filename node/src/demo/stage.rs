//! Three node processes in a temporary folder, and nothing of them left at the end, however the end comes.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lease::{ServerId, Settings, ShareId, ShareSettings};
use raft::types::NodeId;

use crate::config::{Config, NamedShare, Served, Smb};
use crate::exit::Failure;

/// How long a node may take to stop in order, before it is killed.
const STOP_WITHIN: Duration = Duration::from_secs(5);
/// The share of a demonstration that serves SMB.
pub(super) const SHARE: &str = "demo";
/// How much of a node's log is shown when something went wrong.
const LOG_LINES_SHOWN: usize = 15;

/// The three nodes. Dropping it ends them and removes their folder.
pub(super) struct Stage {
    configs: BTreeMap<NodeId, Config>,
    props: Props,
}

/// What has to be cleared away, shared with the hook that runs when the demonstration panics, on
/// whatever thread.
#[derive(Clone)]
pub(super) struct Props(Arc<Mutex<Set>>);

struct Set {
    folder: Option<tempfile::TempDir>,
    nodes: BTreeMap<NodeId, Child>,
}

impl Stage {
    /// A folder, three free ports and three configurations; nothing runs yet.
    pub(super) fn set(break_timeout: Duration, smb: bool) -> Result<Stage, Failure> {
        let folder = tempfile::Builder::new().prefix("tenure-demo-").tempdir().map_err(|error| cannot("make a folder", &error))?;
        let addresses = free_addresses(3)?;
        let members: BTreeMap<NodeId, String> = (1_u64..).map(NodeId::new).zip(addresses).collect();
        let mut configs = BTreeMap::new();
        let served = folder.path().join("share");
        let listen = if smb { free_addresses(3)? } else { Vec::new() };
        let mut listen = listen.into_iter();
        if smb {
            std::fs::create_dir(&served).map_err(|error| cannot("make a folder to serve", &error))?;
        }
        for (id, address) in &members {
            let smb = listen.next().map(|address| Smb {
                listen: address.parse().expect("a socket address was just bound"),
                server: ServerId::new(id.get()),
                users: None,
                name: "tenure".to_owned(),
                signing_required: false,
                test_controls: false,
                limits: smb::Limits::default(),
            });
            let config = Config {
                cluster: "demo".to_owned(),
                node: *id,
                listen: address.parse().expect("a socket address was just bound"),
                advertise: address.clone(),
                data: folder.path().join(id.to_string()),
                rules: Settings { break_timeout, ..Settings::default() },
                shares: smb.is_some().then(|| share(&served)).into_iter().collect(),
                smb,
                scan_interval: Duration::from_secs(1).min(break_timeout),
                members: members.clone(),
                ..Config::example()
            };
            std::fs::write(folder.path().join(format!("{id}.toml")), config.to_toml())
                .map_err(|error| cannot("write a configuration", &error))?;
            configs.insert(*id, config);
        }
        Ok(Stage { configs, props: Props(Arc::new(Mutex::new(Set { folder: Some(folder), nodes: BTreeMap::new() }))) })
    }

    /// The nodes, and where each is reached.
    pub(super) fn addresses(&self) -> BTreeMap<NodeId, String> {
        self.configs.iter().map(|(id, config)| (*id, config.advertise.clone())).collect()
    }

    /// Where each node serves SMB, if they do.
    pub(super) fn smb(&self) -> BTreeMap<NodeId, SocketAddr> {
        self.configs.iter().filter_map(|(id, config)| Some((*id, config.smb.as_ref()?.listen))).collect()
    }

    /// What a panic has to clear away.
    pub(super) fn props(&self) -> Props {
        self.props.clone()
    }

    /// Starts a node; it may need a moment until it answers.
    pub(super) fn start(&self, id: NodeId) -> Result<u32, Failure> {
        let binary = std::env::current_exe().map_err(|error| cannot("find this program", &error))?;
        let mut set = self.props.set();
        let folder = set.path()?;
        let log = OpenOptions::new().create(true).append(true).open(folder.join(format!("{id}.log")));
        let log: File = log.map_err(|error| cannot("write a log", &error))?;
        let mut command = Command::new(binary);
        command.arg("serve").arg("--config").arg(folder.join(format!("{id}.toml"))).arg("--lifeline");
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"TENURE_")) {
            command.env_remove(name);
        }
        // A group of its own: Ctrl-C is for the demonstration, which then ends its nodes.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log);
        let node = command.spawn().map_err(|error| cannot("start a node", &error))?;
        let process = node.id();
        set.nodes.insert(id, node);
        Ok(process)
    }

    /// Ends a node with SIGKILL.
    pub(super) fn kill(&self, id: NodeId) -> Result<(), Failure> {
        let mut node = self.props.set().nodes.remove(&id).ok_or_else(|| Failure::Refused(format!("{id} does not run")))?;
        node.kill().and_then(|()| node.wait()).map(|_| ()).map_err(|error| cannot("kill a node", &error))
    }

    /// A node that has ended by itself, which none should.
    pub(super) fn fallen(&self) -> Option<(NodeId, ExitStatus)> {
        let mut set = self.props.set();
        set.nodes.iter_mut().find_map(|(id, node)| Some((*id, node.try_wait().ok().flatten()?)))
    }

    /// The last lines of a node's log.
    pub(super) fn log_tail(&self, id: NodeId) -> Vec<String> {
        let path = self.props.set().path().map(|folder| folder.join(format!("{id}.log")));
        let log = path.ok().and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..].iter().map(|line| format!("    {id}: {line}")).collect()
    }

    /// Stops all nodes in order; a failure says which did not. The folder goes with the stage.
    pub(super) async fn strike(&self) -> Result<(), Failure> {
        for node in self.props.set().nodes.values_mut() {
            drop(node.stdin.take());
        }
        let until = Instant::now() + STOP_WITHIN;
        let mut wrong = Vec::new();
        loop {
            {
                let mut set = self.props.set();
                set.nodes.retain(|id, node| match node.try_wait() {
                    Ok(None) if Instant::now() < until => true,
                    Ok(Some(status)) if status.success() => false,
                    Ok(Some(status)) => {
                        wrong.push(format!("{id} ended with {status}"));
                        false
                    }
                    Ok(None) | Err(_) => {
                        end(node);
                        wrong.push(format!("{id} did not stop in time and was killed"));
                        false
                    }
                });
                if set.nodes.is_empty() {
                    break;
                }
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        if wrong.is_empty() { Ok(()) } else { Err(Failure::Refused(wrong.join(", "))) }
    }

    /// Leaves nodes and folder behind, and says where the folder is and which processes the nodes are.
    pub(super) fn keep(self) -> Result<(PathBuf, BTreeMap<NodeId, u32>), Failure> {
        let mut set = self.props.set();
        for node in set.nodes.values_mut() {
            let told = node.stdin.take().map_or(Ok(()), |mut lifeline| writeln!(lifeline, "{}", crate::serve::KEEP));
            told.map_err(|error| cannot("leave a node running", &error))?;
        }
        let folder = set.folder.take().ok_or_else(|| Failure::Refused("the folder is gone".to_owned()))?;
        let processes = std::mem::take(&mut set.nodes).into_iter().map(|(id, node)| (id, node.id())).collect();
        drop(set);
        Ok((folder.keep(), processes))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.props.clear();
    }
}

impl Props {
    fn set(&self) -> MutexGuard<'_, Set> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Kills what runs and removes the folder. Safe to call in a panic, also in one that has the lock.
    pub(super) fn clear(&self) {
        let mut set = match self.0.try_lock() {
            Ok(set) => set,
            Err(std::sync::TryLockError::Poisoned(set)) => set.into_inner(),
            Err(std::sync::TryLockError::WouldBlock) => return,
        };
        set.nodes.values_mut().for_each(end);
        set.nodes.clear();
        set.folder = None;
    }
}

impl Set {
    fn path(&self) -> Result<&Path, Failure> {
        self.folder.as_ref().map(tempfile::TempDir::path).ok_or_else(|| Failure::Refused("the folder is gone".to_owned()))
    }
}

/// The one share of a demonstration that serves SMB: open to everybody, and continuously available.
fn share(folder: &Path) -> (ShareId, NamedShare) {
    let settings = ShareSettings { continuously_available: true, ..ShareSettings::default() };
    let served = Served { path: folder.to_owned(), anonymous: true, read_only: false };
    (ShareId::new(1), NamedShare { name: SHARE.to_owned(), settings, served: Some(served) })
}

/// Kills a node and waits until it is gone, so that nothing writes into the folder any more.
fn end(node: &mut Child) {
    // It may have ended already; gone is all that counts.
    let _gone = node.kill();
    let _gone = node.wait();
}

/// Addresses on which nobody listens. They are free when they are found; a node that finds its own taken says so and ends.
fn free_addresses(number: usize) -> Result<Vec<String>, Failure> {
    let listeners: Result<Vec<TcpListener>, _> = (0..number).map(|_| TcpListener::bind("127.0.0.1:0")).collect();
    let addresses = listeners.and_then(|all| all.iter().map(|one| Ok(one.local_addr()?.to_string())).collect());
    addresses.map_err(|error| cannot("find a free port", &error))
}

fn cannot(what: &str, error: &std::io::Error) -> Failure {
    Failure::Refused(format!("cannot {what}: {error}"))
}
