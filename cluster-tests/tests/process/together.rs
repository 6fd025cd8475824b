//! All nodes lose power at once.

use std::time::Duration;

use anyhow::{Result, ensure};
use cluster_tests::caller::{self, Caller, HANDLE, READ, Via, WRITE, id16};
use cluster_tests::cluster::{Cluster, Options};
use tokio::time::sleep;

const RWH: u32 = READ | WRITE | HANDLE;
const RH: u32 = READ | HANDLE;
/// How many files are held when the power goes.
const FILES: u64 = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_was_answered_is_lost_when_all_nodes_die_at_once() -> Result<()> {
    let mut cluster = Cluster::start(Options::default()).await?;
    let first = Caller::start(&cluster.endpoints(), 1).await?;
    let second = Caller::start(&cluster.endpoints(), 2).await?;
    let (s1, s2) = (first.session(id16(1), 1).await?, second.session(id16(2), 1).await?);
    let mut answered = Vec::new();
    for file in 1..=FILES {
        let node = usize::try_from(file % 3)?;
        answered.push(first.open(Via::Any(node), caller::open(s1, file.into(), id16(1000 + file), RWH)).await?);
    }
    // One break is under way: asked for, told, not acknowledged.
    let (sequence, asked) = (second.next(), caller::open(s2, 1, id16(2001), RH));
    let waiting = {
        let (second, asked) = (&second, asked.clone());
        async move { second.open_as(sequence, Via::Any(0), asked).await }
    };
    let power_cut = async {
        while first.breaks(Via::Any(1)).await?.is_empty() {
            sleep(Duration::from_millis(10)).await;
        }
        let mut processes = (0..3).map(|index| cluster.take(index)).collect::<Result<Vec<_>>>()?;
        for process in &mut processes {
            process.kill()?;
        }
        for index in 0..3 {
            cluster.start_node(index)?;
        }
        cluster.leader().await?;
        let owed = first.breaks(Via::Any(2)).await?;
        ensure!(owed.len() == 1 && owed[0].1.new_state == RH, "the break is owed again: {owed:?}");
        first.acknowledge(Via::Any(2), id16(1), id16(1001), RH).await?;
        anyhow::Ok(())
    };
    let (waited, cut) = tokio::join!(waiting, power_cut);
    cut?;
    ensure!(waited?.granted()?.1 == RH);
    for (was, node) in answered.iter().zip((0..3).cycle()) {
        let is = first.open_as(was.sequence, Via::Only(node), was.open.clone()).await?;
        ensure!(is.result == was.result, "n{} answers {is:?}, and it was {was:?}", node + 1);
    }
    cluster.agreement().await?;
    for node in 0..3 {
        ensure!(cluster.status(node).await?.counts.unwrap_or_default().opens == FILES + 1);
    }
    cluster.done();
    Ok(())
}
