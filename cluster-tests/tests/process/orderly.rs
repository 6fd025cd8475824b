//! A node that is asked to stop, as in a rolling upgrade.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use cluster_tests::cluster::{Cluster, Options};
use cluster_tests::gateway::Gateway;
use lease::{Caching, LeaseKey};

/// How long the end of a node may take.
const STOP_LIMIT: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_stop_one_by_one_under_attached_servers_and_nothing_is_lost() -> Result<()> {
    let mut cluster = Cluster::start(Options::default()).await?;
    let gateway = Gateway::start(1, cluster.endpoints()).await?;
    for step in 0..cluster.len() {
        // The server is attached to the node that goes, and the node leads.
        cluster.lead(step).await?;
        gateway.server.move_to(&cluster.endpoint(step)).await?;
        let key = LeaseKey::from_u128(step as u128 + 1);
        let opened = gateway.server.open(gateway.request(step as u128, key, Caching::RWH)).await?;
        ensure!(opened.lease.context("a lease")?.state == Caching::RWH);
        let begun = Instant::now();
        cluster.terminate(step)?;
        ensure!(begun.elapsed() < STOP_LIMIT, "n{} took {:?} to stop", step + 1, begun.elapsed());
        cluster.leader_but(Some(step)).await?;
        cluster.start_node(step)?;
        cluster.agreement().await?;
    }
    for node in 0..cluster.len() {
        let counts = cluster.status(node).await?.counts.unwrap_or_default();
        ensure!(counts.leases == 3 && counts.sessions == 1, "n{}: {counts:?}", node + 1);
    }
    cluster.done();
    Ok(())
}
