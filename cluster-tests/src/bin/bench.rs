//! scratch
use cluster_tests::bench::{etcd_side::*, load::*, machine::Machine};
use cluster_tests::etcd::*;
use std::sync::{Arc, atomic::AtomicU64};
use std::time::Duration;
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    println!("{:?}", Machine::look()?);
    let mut e = Etcd::start(Timing::LAN).await?;
    let l = e.leader().await?;
    let ep = e.endpoints();
    let n = Arc::new(AtomicU64::new(0));
    let s = |in_flight| Shape { in_flight, warm_up: Duration::from_millis(500), measure: Duration::from_secs(2) };
    let two = vec![ep[l].clone(), ep[(l + 1) % 3].clone()];
    for (name, eps, conns) in [
        ("leader", vec![ep[l].clone()], 1),
        ("leader", vec![ep[l].clone()], 4),
        ("leader", vec![ep[l].clone()], 8),
        ("leader", vec![ep[l].clone()], 16),
        ("two", two.clone(), 4),
        ("two", two, 8),
        ("all", ep.clone(), 3),
        ("all", ep.clone(), 8),
    ] {
        let c = Client::connect(&eps, conns)?;
        for w in [Write::Put, Write::PutIfAbsent] {
            for f in [1, 256] {
                println!("{name} {conns} {w:?} {:?}", writes(&c, w, s(f), &n).await?);
            }
        }
    }
    println!("pp follower-follower {}", ping_pong(&ep[(l + 1) % 3], &ep[(l + 2) % 3], 500).await?);
    println!("pp leader-follower {}", ping_pong(&ep[l], &ep[(l + 2) % 3], 500).await?);
    let w = Watch { every: Duration::from_millis(5), steady: Duration::from_millis(500), limit: Duration::from_secs(20) };
    println!("{:?}", failover(&mut e, 5, w).await?);
    Ok(())
}
