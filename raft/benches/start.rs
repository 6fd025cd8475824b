//! How long a node takes to start with a large table: `cargo bench -p raft --bench start`, or with the number of leases in the checkpoint
//! and of log entries after it as arguments, and with the path of a folder that is filled the first time and used again after that. One durable node in this process, so that nothing else uses the machine meanwhile.

#![expect(clippy::print_stdout, reason = "the figures are what this program is for")]

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use lease::{
    Access, Caching, ClientGuid, Command, ConnectionId, Epoch, FileId, FileKey, Incarnation, LeaseKey, LeaseRequest,
    LeaseRequestV2, NoticeNumber, Open, Outcome, Request, RequestId, Sequence, ServerId, SessionId, Share, VolumeId,
};
use raft::{ClusterId, Config, Coordinator, LogConfig, Member, NoPeers, NodeId, Store};

const CLUSTER: ClusterId = ClusterId::from_bytes([7; 16]);
const NODE: NodeId = NodeId::new(1);
const CLIENTS: u64 = 100;
/// Starts of the same folder.
const ROUNDS: usize = 3;
/// How long a server counts as alive: longer than filling the table takes.
const TTL: Duration = Duration::from_secs(600);
/// So long that no checkpoint is written.
const NEVER: Duration = Duration::from_secs(24 * 3600);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut numbers = std::env::args().filter_map(|argument| argument.parse::<u64>().ok());
    let (leases, entries) = (numbers.next().unwrap_or(1_000_000), numbers.next().unwrap_or(100_000));
    let kept = std::env::args().skip(1).find(|argument| argument.starts_with('/')).map(PathBuf::from);
    let temporary = tempfile::tempdir()?;
    let folder = kept.as_deref().unwrap_or(temporary.path());
    if !folder.join("checkpoint").exists() {
        prepare(folder, leases, entries).await?;
    }
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let started = start(folder, NEVER).await?;
        led(&started.node).await?;
        let (log, table) = (started.log, started.table);
        println!("log opened after {log:?}, table loaded after {table:?}, serves after {:?}", began.elapsed());
        started.node.stop(false).await;
    }
    Ok(())
}

/// Makes a folder with so many leases in the checkpoint and so many entries in the log after it.
async fn prepare(folder: &Path, leases: u64, entries: u64) -> anyhow::Result<()> {
    let node = start(folder, Duration::from_secs(1)).await?.node;
    node.form(BTreeMap::from([(NODE, Member { address: "n1.test:1".to_owned() })])).await?;
    let mut load = Load::start(&node).await?;
    load.run(&node, leases, 1024).await?;
    let all = applied(&node);
    while node.progress().borrow().kept.checkpoint < Some(all) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    node.stop(false).await;

    let node = start(folder, NEVER).await?.node;
    led(&node).await?;
    let before = applied(&node);
    while applied(&node) < before + entries {
        load.run(&node, 1024, 8).await?;
    }
    println!("{leases} leases in the checkpoint, {} log entries after it", applied(&node) - before);
    // Without a last checkpoint, as after a crash: what changed is too much to be written in a moment.
    node.stop(false).await;
    Ok(())
}

struct Started {
    node: Coordinator,
    log: Duration,
    table: Duration,
}

async fn start(folder: &Path, checkpoint_interval: Duration) -> anyhow::Result<Started> {
    let began = Instant::now();
    let store = Store::open(folder, CLUSTER, NODE, &LogConfig::default())?;
    let log = began.elapsed();
    let config = Config { checkpoint_interval, ..Config::new(NODE, CLUSTER) };
    let node = Coordinator::start(config, store, Arc::new(NoPeers)).await?;
    Ok(Started { node, log, table: began.elapsed() })
}

/// Waits until a node has applied all that is committed, and answers.
async fn led(node: &Coordinator) -> anyhow::Result<()> {
    while node.read(raft::Consistency::Linearizable, |_| ()).await.is_err() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Ok(())
}

fn applied(node: &Coordinator) -> u64 {
    node.progress().borrow().applied.map_or(0, |id| id.index)
}

/// One SMB server, whose clients open one new file after the other.
struct Load {
    sessions: Vec<SessionId>,
    next: u64,
    open: BTreeSet<Sequence>,
}

impl Load {
    async fn start(node: &Coordinator) -> anyhow::Result<Load> {
        let mut load = Load { sessions: Vec::new(), next: 1, open: BTreeSet::new() };
        let request = load.request();
        while node.submit(request, Command::StartServer { ttl: TTL }).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        load.open.clear();
        for number in 0..CLIENTS {
            let request = load.request();
            let command = Command::StartSession {
                client: ClientGuid::from_u128(number.into()),
                connection: ConnectionId::new(number),
                user: None,
                previous: None,
                id: None,
            };
            let Outcome::SessionStarted { session } = node.submit(request, command).await?.answer? else {
                anyhow::bail!("no session")
            };
            load.sessions.push(session);
            load.open.clear();
        }
        Ok(load)
    }

    fn request(&mut self) -> Request {
        let sequence = Sequence::new(self.next);
        self.next += 1;
        self.open.insert(sequence);
        let floor = self.open.first().copied().unwrap_or(sequence);
        let id = RequestId { server: ServerId::new(1), incarnation: Incarnation::new(1), sequence };
        Request { id, floor, notices_seen: NoticeNumber::new(0) }
    }

    /// Opens so many files.
    async fn run(&mut self, node: &Coordinator, files: u64, in_flight: usize) -> anyhow::Result<()> {
        let mut waiting = VecDeque::new();
        for _ in 0..files {
            if waiting.len() == in_flight {
                self.answered(&mut waiting).await?;
            }
            let request = self.request();
            let sequence = request.id.sequence;
            waiting.push_back((sequence, node.submit_watched(request, Command::Open(self.open_of(sequence.get())))));
        }
        while !waiting.is_empty() {
            self.answered(&mut waiting).await?;
        }
        Ok(())
    }

    async fn answered(&mut self, waiting: &mut VecDeque<(Sequence, raft::Submission)>) -> anyhow::Result<()> {
        let Some((sequence, submission)) = waiting.pop_front() else { return Ok(()) };
        let outcome = submission.answer().await?.answer;
        anyhow::ensure!(matches!(outcome, Ok(Outcome::Opened { .. })), "not granted: {outcome:?}");
        self.open.remove(&sequence);
        Ok(())
    }

    fn open_of(&self, number: u64) -> Open {
        let session = usize::try_from(number % CLIENTS).map_or(0, |at| at);
        let mixed = u128::from(number.wrapping_mul(0x9E37_79B9_7F4A_7C15)) << 64 | u128::from(number);
        Open {
            session: self.sessions[session],
            file: FileKey { volume: VolumeId::new(1), file: FileId::from_u128(mixed), stream: None },
            name: Arc::from(format!("projects/{:03}/file-{number:08}.dat", number % 1000)),
            access: Access(Access::READ_DATA | Access::WRITE_DATA),
            share: Share(7),
            lease: Some(LeaseRequest {
                key: LeaseKey::from_u128(mixed),
                state: Caching::RWH,
                v2: Some(LeaseRequestV2 { epoch: Epoch::new(0), parent: None }),
            }),
            ..Open::default()
        }
    }
}
