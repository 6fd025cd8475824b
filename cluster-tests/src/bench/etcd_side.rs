//! The loads on etcd.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::time::{sleep, timeout};

use super::load::{self, Shape, Throughput, Watch, median};
use crate::etcd::{Client, Etcd};

/// The size of a value: about what one lease takes in a log.
const VALUE: [u8; 200] = [b'v'; 200];
/// How long one attempt of a client that retries may take before it tries another node.
const ATTEMPT: Duration = Duration::from_millis(250);

/// Which write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// A put of a new key.
    Put,
    /// A transaction: the key does not exist, so put it.
    PutIfAbsent,
}

/// Writes per second, over the connections of this client.
pub async fn writes(client: &Client, write: Write, shape: Shape, numbers: &Arc<AtomicU64>) -> Result<Throughput> {
    let client = client.clone();
    load::closed_loop(shape, numbers, move |number| {
        let client = client.clone();
        async move { put(&client, write, number).await }
    })
    .await
}

/// The median time of put → watch → put → watch in milliseconds: one client puts, a second one sees it and puts, the first sees that.
pub async fn ping_pong(first: &str, second: &str, rounds: usize) -> Result<f64> {
    let (first, second) = (Client::connect(&[first.to_owned()], 1)?, Client::connect(&[second.to_owned()], 1)?);
    let mut there = second.watch(b"there".to_vec()).await?;
    let mut back = first.watch(b"back".to_vec()).await?;
    let echo = tokio::spawn(async move {
        for _ in 0..rounds {
            let value = there.next().await?;
            second.put(b"back".to_vec(), value).await?;
        }
        anyhow::Ok(())
    });
    let mut times = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let started = Instant::now();
        // The put and the watch run side by side: what the second client does may come before the answer to the put.
        let (put, seen) = tokio::join!(first.put(b"there".to_vec(), VALUE.to_vec()), back.next());
        put?;
        seen?;
        times.push(started.elapsed().as_secs_f64() * 1e3);
    }
    echo.await??;
    Ok(median(times))
}

/// Kills the leader some times; the time without service of each in milliseconds.
pub async fn failover(etcd: &mut Etcd, kills: usize, watch: Watch) -> Result<Vec<f64>> {
    let client = Client::connect(&etcd.endpoints(), 1)?;
    let numbers = Arc::new(AtomicU64::new(1 << 40));
    let mut gaps = Vec::new();
    for _ in 0..kills {
        let leader = etcd.leader().await?;
        let client = client.clone();
        let retry = move |number| {
            let client = client.clone();
            async move {
                // A repeat is harmless: the key and its value are the same.
                while !matches!(timeout(ATTEMPT, put(&client, Write::Put, number)).await, Ok(Ok(()))) {
                    sleep(Duration::from_millis(2)).await;
                }
                Ok(())
            }
        };
        let gap = load::outage(watch, &numbers, retry, || etcd.kill(leader)).await?;
        gaps.push(gap.as_secs_f64() * 1e3);
        etcd.start_node(leader)?;
        etcd.leader().await?;
    }
    Ok(gaps)
}

async fn put(client: &Client, write: Write, number: u64) -> Result<()> {
    let key = format!("lease/{number:016x}").into_bytes();
    match write {
        Write::Put => client.put(key, VALUE.to_vec()).await,
        Write::PutIfAbsent => client.put_if_absent(key, VALUE.to_vec()).await,
    }
}
