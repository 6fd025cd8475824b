//! How many requests one server's stream carries, and how long one takes: nodes without disks in this process, so that what is
//! measured is the API, the client and consensus, and not the disk.
//!
//! ```sh
//! cargo bench -p rpc --bench stream
//! ```

#[path = "../tests/api/support.rs"]
#[expect(dead_code, reason = "shared with the tests, which use the rest")]
mod support;

use std::time::{Duration, Instant};

use lease::Caching;
use support::{Cluster, client, connection, n, open};

/// How long each figure is measured.
const MEASURED: Duration = Duration::from_secs(3);

#[tokio::main]
#[expect(clippy::print_stdout, reason = "figures are its output")]
async fn main() {
    println!("nodes  in flight  requests/s  p50 us  p99 us");
    for nodes in [1, 3] {
        let cluster = Cluster::form(nodes).await;
        let node = if nodes == 1 { n(1) } else { cluster.follower().await };
        for in_flight in [1_u64, 16, 128, 512] {
            let (count, mut micros) = measure(&cluster, node, in_flight).await;
            micros.sort_unstable();
            let rate = count * 1000 / u64::try_from(MEASURED.as_millis()).expect("a few seconds");
            let at = |share: usize| micros[(micros.len() - 1) * share / 100];
            println!("{nodes:>5}  {in_flight:>9}  {rate:>10}  {:>6}  {:>6}", at(50), at(99));
        }
    }
}

/// Opens and closes files through one stream, so many at a time. Returns how many requests were answered, and how long each took.
async fn measure(cluster: &Cluster, node: raft::NodeId, in_flight: u64) -> (u64, Vec<u128>) {
    let (server, _notices) = cluster.server(in_flight, node).await;
    let session = server.start_session(client(in_flight.into()), connection(1)).await.expect("a session");
    let until = Instant::now() + MEASURED;
    let mut workers = Vec::new();
    for worker in 0..in_flight {
        let server = server.clone();
        workers.push(tokio::spawn(async move {
            let mut micros = Vec::new();
            let number = u128::from(in_flight) << 32 | u128::from(worker);
            while Instant::now() < until {
                let asked = Instant::now();
                let opened = server.open(open(session, number, number, Caching::RWH)).await.expect("granted");
                micros.push(asked.elapsed().as_micros());
                let asked = Instant::now();
                server.close(session, opened.open).await.expect("closed");
                micros.push(asked.elapsed().as_micros());
            }
            micros
        }));
    }
    let mut micros = Vec::new();
    for worker in workers {
        micros.extend(worker.await.expect("no panic"));
    }
    server.stop().await;
    (micros.len() as u64, micros)
}
