//! A leader that stands still for longer than an election, and wakes up believing that it still leads.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use cluster_tests::caller::{self, Caller, HANDLE, READ, Via, WRITE, id16};
use cluster_tests::cluster::{Cluster, Options};
use tokio::time::{sleep, timeout};

const RWH: u32 = READ | WRITE | HANDLE;
const RH: u32 = READ | HANDLE;

/// Acknowledges the first break that the server is owed.
async fn acknowledge_first(caller: &Caller, via: Via, client: u64) -> Result<()> {
    let notice = loop {
        if let Some((_, notice)) = caller.breaks(via).await?.into_iter().next() {
            break notice;
        }
        sleep(Duration::from_millis(20)).await;
    };
    let key = notice.key.as_slice().try_into()?;
    caller.acknowledge(via, id16(client), key, notice.new_state).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deposed_leader_that_wakes_up_grants_nothing() -> Result<()> {
    let cluster = Cluster::start(Options::default()).await?;
    let leader = cluster.leader().await?;
    let (a, b) = ((leader + 1) % 3, (leader + 2) % 3);
    let first = Caller::start(&cluster.endpoints(), 1).await?;
    let second = Caller::start(&cluster.endpoints(), 2).await?;
    let (s1, s2) = (first.session(id16(1), 1).await?, second.session(id16(2), 1).await?);
    let held = first.open(Via::Any(a), caller::open(s1, 1, id16(11), RWH)).await?;
    ensure!(held.granted()?.1 == RWH);
    // Its connection is warm, so that what is sent while it stands still waits in its socket.
    first.breaks(Via::Only(leader)).await?;

    cluster.process(leader)?.pause()?;
    let (sequence, asked) = (first.next(), caller::open(s1, 2, id16(12), RWH));
    let to_the_deposed = first.open_as(sequence, Via::Only(leader), asked.clone());
    let meanwhile = async {
        // Longer than any election, and the others have elected.
        let next = cluster.leader_but(Some(leader)).await?;
        ensure!(next != leader);
        let taken = second.open(Via::Any(b), caller::open(s2, 2, id16(22), RWH)).await?;
        ensure!(taken.granted()?.1 == RWH, "the file was free: {taken:?}");
        // The break of file 1 runs its whole course without the old leader.
        let waiting = second.open(Via::Any(b), caller::open(s2, 1, id16(21), RH));
        let (waited, acknowledged) = tokio::join!(waiting, acknowledge_first(&first, Via::Any(a), 1));
        acknowledged?;
        ensure!(waited?.granted()?.1 == RH);
        cluster.process(leader)?.resume()?;
        // The first server still asks for file 2, so that its holder is told to give up writing.
        acknowledge_first(&second, Via::Any(b), 2).await?;
        anyhow::Ok(taken)
    };
    let (late, taken) = tokio::join!(timeout(Duration::from_secs(60), to_the_deposed), meanwhile);
    let taken = taken?;
    // It may say that it could not find out; then the same request is asked elsewhere.
    let late = match late? {
        Ok(answered) => answered,
        Err(_) => first.open_as(sequence, Via::Any(a), asked).await.context("the repeat")?,
    };
    ensure!(late.index > taken.index, "granted at {} behind the back of {}", late.index, taken.index);
    ensure!(late.granted()?.1 & WRITE == 0, "two clients believe that they alone write: {late:?}");
    cluster.agreement().await?;
    ensure!(cluster.status(leader).await?.counts.unwrap_or_default().opens == 4);
    cluster.done();
    Ok(())
}
