//! A million leases: what they take in memory, and how fast a node is back with them.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, Result, ensure};
use lease::{Caching, LeaseKey, ServerId, SessionId};
use rpc::client::{Server, ServerOptions};
use rpc::proto::v1;
use rpc::proto::v1::admin_service_client::AdminServiceClient;
use tokio::time::{sleep, timeout};
use tonic::transport::Endpoint;

use super::tenure_side::{CLIENTS, Numbers};
use crate::cluster::{Cluster, Options};
use crate::gateway::{Gateway, request};

/// How often the size of a process is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// Requests in flight while the table is filled.
const IN_FLIGHT: u64 = 512;
/// Requests in flight while entries gather in the log: the leader puts what waits into one entry, and few wait.
const IN_FLIGHT_SINGLE: u64 = 8;
/// Requests between two looks at how far the log is.
const STRETCH: u64 = 4000;
/// How long it may take until the log has grown enough for a snapshot.
const SNAPSHOT_LIMIT: Duration = Duration::from_secs(120);
/// How long a cold start may take before it counts as failed.
const START_LIMIT: Duration = Duration::from_secs(120);
/// A node rests when it used less than a tenth of a processor in each of so many looks of so long; and when to give up.
const QUIET_LOOKS: u32 = 12;
/// See [`QUIET_LOOKS`].
const REST_LOOK: Duration = Duration::from_secs(1);
/// See [`QUIET_LOOKS`].
const REST_LIMIT: Duration = Duration::from_secs(300);
/// How long a server counts as alive: longer than any cold start.
const TTL: Duration = Duration::from_secs(300);
/// So long that no checkpoint is written while entries gather behind the last one.
const NEVER: Duration = Duration::from_secs(24 * 3600);

/// What the table took.
#[derive(Debug, Clone, Copy)]
pub struct Volume {
    /// Bytes resident per lease at rest, on the largest node.
    pub rest: f64,
    /// The most bytes per lease while a snapshot was taken and sent.
    pub snapshot: f64,
    /// From the start of the process until the node answered a linearizable read, in seconds.
    pub start: f64,
    /// The same for the whole cluster at once, until a lease was granted.
    pub start_all: f64,
}

/// Opens this many files, as fast as a fixed number in flight allows.
async fn fill(clients: &[(Server, SessionId)], leases: u64, in_flight: u64, numbers: &Numbers) -> Result<()> {
    let per_worker = leases / in_flight + 1;
    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..in_flight {
        let (server, session) = clients[usize::try_from(worker)? % clients.len()].clone();
        let first = numbers.fetch_add(per_worker, Ordering::Relaxed);
        let last = first + per_worker.min(leases.saturating_sub(worker * per_worker));
        workers.spawn(async move {
            for number in first..last {
                let key = LeaseKey::from_u128(number.into());
                server.open(request(session, number.into(), key, Caching::RWH)).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(worker) = workers.join_next().await {
        worker??;
    }
    Ok(())
}

/// Opens files until the log has grown by this many entries; says by how many it has.
async fn grow_log(cluster: &Cluster, clients: &[(Server, SessionId)], entries: u64, numbers: &Numbers) -> Result<u64> {
    let leader = cluster.leader().await?;
    let before = cluster.status(leader).await?.applied_index;
    loop {
        let grown = cluster.status(leader).await?.applied_index.saturating_sub(before);
        if grown >= entries {
            return Ok(grown);
        }
        fill(clients, STRETCH.min(entries), IN_FLIGHT_SINGLE, numbers).await?;
    }
}

fn largest(cluster: &Cluster) -> Result<u64> {
    let mut largest = 0;
    for index in 0..cluster.len() {
        largest = largest.max(cluster.process(index)?.resident()?);
    }
    Ok(largest)
}

/// Waits until no node has anything left to do: checkpoints are written, and what they took is given back.
async fn at_rest(cluster: &Cluster) -> Result<()> {
    let begun = Instant::now();
    let mut quiet = 0;
    while quiet < QUIET_LOOKS {
        ensure!(begun.elapsed() < REST_LIMIT, "the nodes are still busy after {REST_LIMIT:?}");
        let mut used = Vec::new();
        for index in 0..cluster.len() {
            used.push(cluster.process(index)?.processor_time()?);
        }
        sleep(REST_LOOK).await;
        let mut busy = false;
        for (index, before) in used.into_iter().enumerate() {
            busy |= cluster.process(index)?.processor_time()?.saturating_sub(before) > REST_LOOK / 10;
        }
        quiet = if busy { 0 } else { quiet + 1 };
    }
    Ok(())
}

/// The names and times of all snapshot files.
fn snapshots(cluster: &Cluster) -> Result<BTreeSet<(PathBuf, SystemTime)>> {
    let mut found = BTreeSet::new();
    for index in 0..cluster.len() {
        for entry in fs::read_dir(cluster.data(index).join("snapshot"))? {
            let entry = entry?;
            // A file may be renamed or removed between the two looks.
            if let Ok(modified) = entry.metadata().and_then(|metadata| metadata.modified()) {
                found.insert((entry.path(), modified));
            }
        }
    }
    Ok(found)
}

/// Sends single requests until the growing log has made every node write a snapshot; the largest size seen meanwhile.
async fn while_a_snapshot_is_taken(cluster: &Cluster, gateway: &Gateway, numbers: &Numbers) -> Result<u64> {
    let before = snapshots(cluster)?;
    let stop = AtomicBool::new(false);
    let asking = async {
        while !stop.load(Ordering::Relaxed) {
            let number = numbers.fetch_add(1, Ordering::Relaxed);
            let open = request(gateway.session, number.into(), LeaseKey::from_u128(number.into()), Caching::RWH);
            gateway.server.open(open).await?;
        }
        anyhow::Ok(())
    };
    let looking = async {
        let (begun, mut most, mut written) = (Instant::now(), 0, BTreeSet::new());
        while written.len() < cluster.len() {
            most = most.max(largest(cluster)?);
            let fresh = snapshots(cluster)?.into_iter().filter(|file| !before.contains(file));
            written.extend(
                fresh
                    .filter(|(path, _)| path.extension().is_none_or(|end| end != "tmp"))
                    .filter_map(|(path, _)| Some(path.parent()?.to_owned())),
            );
            ensure!(begun.elapsed() < SNAPSHOT_LIMIT, "not every node wrote a snapshot within {SNAPSHOT_LIMIT:?}");
            sleep(LOOK).await;
        }
        stop.store(true, Ordering::Relaxed);
        anyhow::Ok(most)
    };
    Ok(tokio::try_join!(looking, asking)?.0)
}

/// Waits until a node answers a read that has to see everything.
async fn serves(address: &str, since: Instant) -> Result<Duration> {
    let mut admin = AdminServiceClient::new(Endpoint::from_shared(address.to_owned())?.connect_lazy());
    let read = v1::GetLeaseRequest { client: vec![0; 16], key: vec![0; 16], stale: false };
    loop {
        let answer = timeout(Duration::from_secs(2), admin.get_lease(read.clone())).await;
        if matches!(answer, Ok(Ok(_))) {
            return Ok(since.elapsed());
        }
        ensure!(since.elapsed() < START_LIMIT, "the node does not serve after {START_LIMIT:?}: {answer:?}");
        sleep(Duration::from_millis(5)).await;
    }
}

/// Fills a cluster, and measures its memory and its way back.
pub async fn measure(leases: u64, entries: u64, options: Options, numbers: &Numbers) -> Result<Volume> {
    let mut cluster = Cluster::start(options.clone()).await?;
    let leader = cluster.leader().await?;
    let (mut servers, mut clients) = (Vec::new(), Vec::new());
    for node in [leader, (leader + 1) % 3] {
        // Every node goes down in turn: a life that ends meanwhile would take its leases with it.
        let number = ServerId::new(numbers.fetch_add(1, Ordering::Relaxed));
        let endpoints = [node, (node + 1) % 3, (node + 2) % 3].map(|node| cluster.endpoint(node));
        let gateway =
            Gateway::start_with(ServerOptions { ttl: TTL, call_timeout: TTL, ..ServerOptions::new(number, endpoints) }).await?;
        clients.extend(gateway.clients(CLIENTS).await?.into_iter().map(|session| (gateway.server.clone(), session)));
        servers.push(gateway);
    }
    fill(&clients, leases, IN_FLIGHT, numbers).await?;
    // What has changed since the last checkpoint gets written.
    sleep(options.checkpoint_interval).await;
    at_rest(&cluster).await?;
    let rest = largest(&cluster)?;
    let snapshot = while_a_snapshot_is_taken(&cluster, &servers[0], numbers).await?.max(rest);
    let per_lease = |bytes: u64| bytes as f64 / leases as f64;
    eprintln!("         {:.0} bytes per lease at rest, {:.0} while a snapshot is taken", per_lease(rest), per_lease(snapshot));

    at_rest(&cluster).await?;
    // The checkpoint has it all; from here on only the log grows.
    cluster.reconfigure(|options| options.checkpoint_interval = NEVER)?;
    for index in 0..cluster.len() {
        cluster.kill(index)?;
        cluster.start_node(index)?;
        cluster.leader().await?;
        serves(&cluster.endpoint(index), Instant::now()).await?;
    }
    let grown = grow_log(&cluster, &clients, entries, numbers).await?;
    eprintln!("         {grown} entries in the log behind the checkpoint");
    let victim = (cluster.leader().await? + 2) % 3;
    cluster.kill(victim)?;
    let begun = Instant::now();
    cluster.start_node(victim)?;
    let start = serves(&cluster.endpoint(victim), begun).await?;

    for index in 0..cluster.len() {
        cluster.kill(index)?;
    }
    let begun = Instant::now();
    for index in 0..cluster.len() {
        cluster.start_node(index)?;
    }
    fill(&clients[..1], 1, 1, numbers).await?;
    let start_all = begun.elapsed();
    let counts = cluster.status(victim).await?.counts.context("no counts")?;
    ensure!(counts.leases >= leases + entries, "{} leases are left of {}", counts.leases, leases + entries);
    cluster.done();
    Ok(Volume {
        rest: per_lease(rest),
        snapshot: per_lease(snapshot),
        start: start.as_secs_f64(),
        start_all: start_all.as_secs_f64(),
    })
}
