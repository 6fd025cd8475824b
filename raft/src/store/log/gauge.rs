//! How the disk is doing.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Times fall into buckets of eight to a doubling, from a microsecond to over an hour.
const BUCKETS: usize = 33 * PER_DOUBLING;
const PER_DOUBLING: usize = 8;

/// How the disk is doing, for metrics and for the watchdog that takes leadership away from a node whose disk hangs. Lock-free.
#[derive(Debug)]
pub struct SyncGauge {
    base: Instant,
    /// When the write under way began, in nanoseconds since `base`; 0 while there is none.
    began: AtomicU64,
    syncs: AtomicU64,
    entries: AtomicU64,
    bytes: AtomicU64,
    buckets: [AtomicU64; BUCKETS],
    short_of_space: AtomicBool,
}

impl Default for SyncGauge {
    fn default() -> SyncGauge {
        SyncGauge {
            base: Instant::now(),
            began: AtomicU64::new(0),
            syncs: AtomicU64::new(0),
            entries: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            buckets: [const { AtomicU64::new(0) }; BUCKETS],
            short_of_space: AtomicBool::new(false),
        }
    }
}

impl SyncGauge {
    /// How long the write and sync under way has been running, `None` if none is.
    pub fn outstanding(&self) -> Option<Duration> {
        match self.began.load(Ordering::Acquire) {
            0 => None,
            began => Some(Duration::from_nanos(self.now().saturating_sub(began))),
        }
    }

    /// How many syncs have completed since the log was opened.
    pub fn syncs(&self) -> u64 {
        self.syncs.load(Ordering::Relaxed)
    }

    /// How many entries they made durable.
    pub fn entries(&self) -> u64 {
        self.entries.load(Ordering::Relaxed)
    }

    /// How many bytes they made durable.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// An upper bound of the time that this share (0.0 to 1.0) of the writes and syncs stayed below, zero if there was none. It is
    /// at most a seventh too high.
    pub fn quantile(&self, share: f64) -> Duration {
        let counts: Vec<u64> = self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed)).collect();
        let all: u64 = counts.iter().sum();
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a statistic, clamped to its range"
        )]
        let wanted = (share.clamp(0.0, 1.0) * all as f64).ceil() as u64;
        let mut seen = 0;
        for (bucket, count) in counts.iter().enumerate() {
            seen += count;
            if seen >= wanted.max(1) {
                return Duration::from_micros(upper_bound(bucket));
            }
        }
        Duration::ZERO
    }

    /// Whether the segment that will be needed next could not be made, which most often means that the disk is full. The log can
    /// still be written until the segment in use is full.
    pub fn short_of_space(&self) -> bool {
        self.short_of_space.load(Ordering::Relaxed)
    }

    pub(super) fn set_short_of_space(&self, short: bool) {
        self.short_of_space.store(short, Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        u64::try_from(self.base.elapsed().as_nanos()).unwrap_or(u64::MAX).max(1)
    }

    pub(super) fn begin(&self) {
        self.began.store(self.now(), Ordering::Release);
    }

    pub(super) fn cancel(&self) {
        self.began.store(0, Ordering::Release);
    }

    pub(super) fn end(&self, entries: u64, bytes: u64) {
        let took = self.now().saturating_sub(self.began.swap(0, Ordering::AcqRel));
        self.syncs.fetch_add(1, Ordering::Relaxed);
        self.entries.fetch_add(entries, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.buckets[bucket(took / 1000)].fetch_add(1, Ordering::Relaxed);
    }
}

/// The bucket of a time in microseconds: the position of its highest bit, and the three bits after it.
fn bucket(micros: u64) -> usize {
    let per = PER_DOUBLING as u64;
    if micros < per {
        return usize::try_from(micros).expect("below eight");
    }
    let doubling = u64::from(micros.ilog2()) - 2;
    let within = (micros >> (doubling - 1)) - per;
    usize::try_from(doubling * per + within).map_or(BUCKETS - 1, |bucket| bucket.min(BUCKETS - 1))
}

/// The smallest time, in microseconds, that is above everything in the bucket.
fn upper_bound(bucket: usize) -> u64 {
    let (doubling, within) = (bucket / PER_DOUBLING, (bucket % PER_DOUBLING) as u64);
    match doubling {
        0 => within + 1,
        _ => (PER_DOUBLING as u64 + within + 1) << (doubling - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_is_below_the_bound_of_its_bucket_and_not_far_below() {
        for micros in (0..5000).chain((5000..50_000_000).step_by(9973)) {
            let bound = upper_bound(bucket(micros));
            assert!(micros < bound, "{micros} < {bound}");
            assert!(bound <= micros + micros / 7 + 1, "{bound} is far above {micros}");
        }
    }

    #[test]
    fn quantiles_are_of_what_was_measured() {
        let gauge = SyncGauge::default();
        assert_eq!(gauge.quantile(0.5), Duration::ZERO);
        assert_eq!(gauge.outstanding(), None);
        gauge.buckets[bucket(100)].fetch_add(99, Ordering::Relaxed);
        gauge.buckets[bucket(9000)].fetch_add(1, Ordering::Relaxed);
        let [p50, p99, p100] = [0.5, 0.99, 1.0].map(|share| gauge.quantile(share).as_micros());
        assert!((100..=115).contains(&p50), "{p50}");
        assert_eq!(p99, p50);
        assert!((9000..=10300).contains(&p100), "{p100}");
    }

    #[test]
    fn a_write_under_way_is_seen_until_it_ends() {
        let gauge = SyncGauge::default();
        gauge.begin();
        assert!(gauge.outstanding().is_some());
        gauge.end(3, 100);
        assert_eq!(gauge.outstanding(), None);
        assert_eq!((gauge.syncs(), gauge.entries(), gauge.bytes()), (1, 3, 100));
    }
}
