//! The loads on Tenure.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use lease::{Caching, LeaseKey, SessionId};
use rpc::client::Server;
use rpc::proto::v1;
use rpc::proto::v1::admin_service_client::AdminServiceClient;

use super::load::{self, Shape, Throughput, Watch, median};
use crate::cluster::Cluster;
use crate::gateway::{Gateway, request};

/// The numbers of servers, files and keys that no load before has used.
pub type Numbers = Arc<AtomicU64>;

/// Clients of each server.
pub const CLIENTS: u64 = 32;

/// Starts a server attached to this node, and to no other.
pub async fn attach(cluster: &Cluster, node: usize, numbers: &Numbers) -> Result<Gateway> {
    Gateway::start(numbers.fetch_add(1, Ordering::Relaxed), vec![cluster.endpoint(node)]).await
}

async fn grant(server: &Server, session: SessionId, number: u64) -> Result<()> {
    let key = LeaseKey::from_u128(number.into());
    let opened = server.open(request(session, number.into(), key, Caching::RWH)).await?;
    ensure!(opened.lease.context("a lease")?.state == Caching::RWH, "the file is contended");
    Ok(())
}

/// Grants of leases on files that nobody else has, the servers and then their clients taking turns.
pub async fn grants(servers: &[Gateway], shape: Shape, numbers: &Numbers) -> Result<Throughput> {
    let mut sessions = Vec::new();
    for gateway in servers {
        sessions.push((gateway.server.clone(), gateway.clients(CLIENTS).await?));
    }
    let servers: Arc<[(Server, Vec<SessionId>)]> = sessions.into();
    load::closed_loop(shape, numbers, move |number| {
        let servers = Arc::clone(&servers);
        async move {
            let turn = usize::try_from(number)?;
            let (server, sessions) = &servers[turn % servers.len()];
            grant(server, sessions[turn / servers.len() % sessions.len()], number).await
        }
    })
    .await
}

/// The median time of one read through a node, in milliseconds: of its own table as it is, or of what the whole cluster agrees on.
pub async fn read(cluster: &Cluster, node: usize, stale: bool, rounds: usize) -> Result<f64> {
    let mut admin = AdminServiceClient::connect(cluster.endpoint(node)).await?;
    let mut times = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let started = Instant::now();
        admin.get_lease(v1::GetLeaseRequest { client: vec![1; 16], key: vec![1; 16], stale }).await?;
        times.push(started.elapsed().as_secs_f64() * 1e3);
    }
    Ok(median(times))
}

/// The median time of break → acknowledgement → grant of the parked open, in milliseconds: from the second client's request to its
/// grant, the holder answering as soon as it is told.
pub async fn breaks(holder: &mut Gateway, opener: &Gateway, rounds: usize, numbers: &Numbers) -> Result<f64> {
    let mut times = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let number = numbers.fetch_add(2, Ordering::Relaxed);
        grant(&holder.server, holder.session, number).await?;
        let key = LeaseKey::from_u128(u128::from(number) + 1);
        let started = Instant::now();
        let opening = opener.server.open(request(opener.session, number.into(), key, Caching::RWH));
        let obeying = async {
            let (_, notice) = holder.next_break().await?;
            holder.obey(&notice).await
        };
        let granted = async { Ok::<_, anyhow::Error>((opening.await?, started.elapsed())) };
        let ((granted, took), acknowledged) = tokio::try_join!(granted, obeying)?;
        ensure!(acknowledged == Caching::RH && granted.lease.context("a lease")?.state == Caching::RH);
        times.push(took.as_secs_f64() * 1e3);
    }
    Ok(median(times))
}

/// Kills the leader some times while a server asks, attached to the leader and to a follower by turns; the time without service
/// of each kill in milliseconds.
pub async fn failover(cluster: &mut Cluster, kills: usize, watch: Watch, numbers: &Numbers) -> Result<Vec<f64>> {
    let gateway = Gateway::start(numbers.fetch_add(1, Ordering::Relaxed), cluster.endpoints()).await?;
    let mut gaps = Vec::new();
    for kill in 0..kills {
        let leader = cluster.leader().await?;
        gateway.server.move_to(&cluster.endpoint((leader + kill % 2) % cluster.len())).await?;
        let (server, session) = (gateway.server.clone(), gateway.session);
        let ask = move |number| {
            let server = server.clone();
            async move { grant(&server, session, number).await }
        };
        let gap = load::outage(watch, numbers, ask, || cluster.kill(leader)).await?;
        gaps.push(gap.as_secs_f64() * 1e3);
        cluster.start_node(leader)?;
        cluster.agreement().await?;
    }
    gateway.server.stop().await;
    Ok(gaps)
}
