//! Loads: a closed loop with a fixed number in flight, one operation after the other, and an outage watched by a client that retries.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use hdrhistogram::Histogram;
use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::{interval, timeout};

/// What a closed loop came to.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Throughput {
    /// How many were in flight all the time.
    pub in_flight: usize,
    /// Operations answered in a second.
    pub per_second: f64,
    /// The median time of one, in milliseconds.
    pub p50_ms: f64,
    /// The time that 99 of 100 stay under, in milliseconds.
    pub p99_ms: f64,
}

/// How long a closed loop runs, and how wide.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// How many operations are in flight all the time.
    pub in_flight: usize,
    /// What runs before anything counts.
    pub warm_up: Duration,
    /// What counts.
    pub measure: Duration,
}

/// Times in microseconds with three digits.
fn microseconds() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 3_600_000_000, 3).expect("an hour with three digits is allowed")
}

fn record(histogram: &mut Histogram<u64>, took: Duration) {
    histogram.saturating_record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
}

fn milliseconds(histogram: &Histogram<u64>, quantile: f64) -> f64 {
    histogram.value_at_quantile(quantile) as f64 / 1e3
}

/// Runs operations, each with its own number, a fixed number of them in flight. The first error ends it.
pub async fn closed_loop<F, Fut>(shape: Shape, numbers: &Arc<AtomicU64>, operation: F) -> Result<Throughput>
where
    F: Fn(u64) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<()>> + Send,
{
    let begin = Instant::now() + shape.warm_up;
    let end = begin + shape.measure;
    let mut workers = JoinSet::new();
    for _ in 0..shape.in_flight {
        let (operation, numbers) = (operation.clone(), Arc::clone(numbers));
        workers.spawn(async move {
            let mut times = microseconds();
            loop {
                let started = Instant::now();
                if started >= end {
                    return Ok(times);
                }
                operation(numbers.fetch_add(1, Ordering::Relaxed)).await?;
                let done = Instant::now();
                if (begin..end).contains(&done) {
                    record(&mut times, done - started);
                }
            }
        });
    }
    let mut all = microseconds();
    while let Some(worker) = workers.join_next().await {
        let times: Result<Histogram<u64>> = worker.context("a load worker died")?;
        all.add(times?).context("histograms of one kind add up")?;
    }
    ensure!(!all.is_empty(), "nothing was answered in {:?}", shape.measure);
    Ok(Throughput {
        in_flight: shape.in_flight,
        per_second: all.len() as f64 / shape.measure.as_secs_f64(),
        p50_ms: milliseconds(&all, 0.5),
        p99_ms: milliseconds(&all, 0.99),
    })
}

/// What watching an outage needs to know.
#[derive(Debug, Clone, Copy)]
pub struct Watch {
    /// A new operation is started this often, whatever the others do.
    pub every: Duration,
    /// The service counts as steady after this long with answers.
    pub steady: Duration,
    /// How long it may take in all.
    pub limit: Duration,
}

/// The longest time without an answered operation around a blow: what a client that retries sees of it. The operation itself
/// retries until it is answered.
pub async fn outage<F, Fut, B>(watch: Watch, numbers: &Arc<AtomicU64>, operation: F, blow: B) -> Result<Duration>
where
    F: Fn(u64) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<()>> + Send,
    B: FnOnce() -> Result<()>,
{
    let mut beat = interval(watch.every);
    let mut pending = JoinSet::new();
    let start = Instant::now();
    let mut blow = Some(blow);
    let mut struck: Option<Instant> = None;
    let (mut last, mut longest) = (start, Duration::ZERO);
    loop {
        tokio::select! {
            _ = beat.tick() => {
                let (operation, number) = (operation.clone(), numbers.fetch_add(1, Ordering::Relaxed));
                pending.spawn(async move { timeout(watch.limit, operation(number)).await.context("never answered")?.map(|()| Instant::now()) });
            }
            Some(answer) = pending.join_next() => {
                let answered = answer.context("a probe died")??;
                if struck.is_some() {
                    longest = longest.max(answered.saturating_duration_since(last));
                }
                last = last.max(answered);
            }
        }
        if start.elapsed() >= watch.steady
            && let Some(blow) = blow.take()
        {
            struck = Some(Instant::now());
            blow()?;
        }
        match struck {
            Some(at) if at.elapsed() >= longest + watch.steady && last.elapsed() < watch.every * 4 && longest > watch.every * 4 => {
                break;
            }
            Some(at) => ensure!(at.elapsed() < watch.limit, "no steady service within {:?}", watch.limit),
            None => {}
        }
    }
    // What was begun is answered too, or the figure would leave the unlucky out.
    while let Some(answer) = pending.join_next().await {
        answer.context("a probe died")??;
    }
    Ok(longest)
}

/// The middle of some values, for interleaved rounds.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => values[length / 2],
        length => f64::midpoint(values[length / 2 - 1], values[length / 2]),
    }
}
