//! Grants per second and the time of one grant, with three durable nodes and the load in this process, and no network between them:
//! what consensus, the disk and the table cost by themselves. `cargo bench -p raft --bench grants`.

#![expect(clippy::print_stdout, reason = "the figures are what this program is for")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use lease::{
    Access, Caching, ClientGuid, Command, ConnectionId, Effect, Epoch, FileId, FileKey, Incarnation, LeaseKey, LeaseRequest,
    LeaseRequestV2, NoticeNumber, Open, Outcome, Request, RequestId, Sequence, ServerId, SessionId, Share, VolumeId,
};
use raft::testing::TestCluster;
use raft::{Attachment, Coordinator, Delivery, NodeId};

const ROUND: Duration = Duration::from_secs(3);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut cluster = TestCluster::durable_with(3, folder.path(), |_| {}).await;
    let leader = cluster.leader().await;
    let follower = cluster.follower().await;
    for (name, node) in [("leader", leader), ("follower", follower)] {
        let mut load = Load::start(&cluster, node, node.get()).await?;
        let mut times = load.run(1, ROUND).await?;
        times.sort();
        println!(
            "1 in flight, attached to the {name}: p50 {:?}, p99 {:?}, {} grants/s",
            at(&times, 50),
            at(&times, 99),
            per_second(&times)
        );
    }
    for in_flight in [32, 128, 512] {
        let mut first = Load::start(&cluster, leader, 10 + in_flight).await?;
        let mut second = Load::start(&cluster, follower, 1000 + in_flight).await?;
        let width = usize::try_from(in_flight)?;
        let (a, b) = tokio::try_join!(first.run(width, ROUND), second.run(width, ROUND))?;
        let mut times = [a, b].concat();
        times.sort();
        println!("2 x {in_flight} in flight: {} grants/s, p50 {:?}, p99 {:?}", per_second(&times), at(&times, 50), at(&times, 99));
    }
    for (node, coordinator) in cluster.nodes() {
        let gauge = coordinator.sync_gauge();
        let (syncs, entries, median) = (gauge.syncs(), gauge.entries(), gauge.quantile(0.5));
        println!("{node}: {syncs} syncs, {entries} Raft entries, half of the syncs took at most {median:?}");
    }
    cluster.stop_all().await;
    Ok(())
}

fn at(times: &[Duration], percent: usize) -> Duration {
    times.get(times.len() * percent / 100).copied().unwrap_or_default()
}

fn per_second(times: &[Duration]) -> u64 {
    times.len() as u64 / ROUND.as_secs()
}

/// One SMB server with one client, which opens one new file after the other.
struct Load {
    node: Coordinator,
    attachment: Attachment,
    server: ServerId,
    session: SessionId,
    next: u64,
    pending: BTreeMap<Sequence, Instant>,
    open: BTreeSet<Sequence>,
}

impl Load {
    async fn start(cluster: &TestCluster, node: NodeId, number: u64) -> anyhow::Result<Load> {
        let node = cluster.node(node).clone();
        let server = ServerId::new(number);
        let attachment = node.attach(server, Incarnation::new(1), 0).await?;
        let mut load =
            Load { node, attachment, server, session: SessionId::new(0), next: 1, pending: BTreeMap::new(), open: BTreeSet::new() };
        let request = load.request();
        load.node.submit(request, Command::StartServer { ttl: Duration::from_secs(600) }).await?.answer?;
        let request = load.request();
        let start = Command::StartSession {
            client: ClientGuid::from_u128(number.into()),
            connection: ConnectionId::new(1),
            user: None,
            previous: None,
            id: None,
        };
        let Outcome::SessionStarted { session } = load.node.submit(request, start).await?.answer? else {
            anyhow::bail!("no session")
        };
        load.session = session;
        load.open.clear();
        Ok(load)
    }

    fn request(&mut self) -> Request {
        let sequence = Sequence::new(self.next);
        self.next += 1;
        self.open.insert(sequence);
        let floor = self.open.first().copied().unwrap_or(sequence);
        let id = RequestId { server: self.server, incarnation: Incarnation::new(1), sequence };
        Request { id, floor, notices_seen: NoticeNumber::new(0) }
    }

    /// Keeps this many opens in flight for a while; returns how long each took.
    async fn run(&mut self, in_flight: usize, round: Duration) -> anyhow::Result<Vec<Duration>> {
        let begun = Instant::now();
        let mut times = Vec::new();
        self.ask(in_flight)?;
        while begun.elapsed() < round || !self.pending.is_empty() {
            let mut answered = 0;
            for delivery in self.attachment.next().await? {
                if let Delivery::Effect { effect: Effect::Reply { to, outcome }, .. } = delivery
                    && let Some(asked) = self.pending.remove(&to.sequence)
                {
                    anyhow::ensure!(matches!(outcome, Ok(Outcome::Opened { .. })), "not granted: {outcome:?}");
                    self.open.remove(&to.sequence);
                    times.push(asked.elapsed());
                    answered += 1;
                }
            }
            if begun.elapsed() < round {
                self.ask(answered)?;
            }
        }
        Ok(times)
    }

    fn ask(&mut self, count: usize) -> anyhow::Result<()> {
        if count == 0 {
            return Ok(());
        }
        let now = Instant::now();
        let mut requests = Vec::with_capacity(count);
        for _ in 0..count {
            let request = self.request();
            self.pending.insert(request.id.sequence, now);
            requests.push((request, Command::Open(self.open_of(request.id.sequence.get()))));
        }
        self.node.propose(&self.attachment.reporter(), requests)?;
        Ok(())
    }

    fn open_of(&self, number: u64) -> Open {
        let file = u128::from(self.server.get()) << 64 | u128::from(number);
        Open {
            session: self.session,
            file: FileKey { volume: VolumeId::new(1), file: FileId::from_u128(file), stream: None },
            name: Arc::from(format!("folder/file-{number}.doc")),
            access: Access(Access::READ_DATA | Access::WRITE_DATA),
            share: Share(7),
            lease: Some(LeaseRequest {
                key: LeaseKey::from_u128(file),
                state: Caching::RWH,
                v2: Some(LeaseRequestV2 { epoch: Epoch::new(0), parent: None }),
            }),
            ..Open::default()
        }
    }
}
