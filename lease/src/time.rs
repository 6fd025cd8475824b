//! Log time: the only time that the rules know.

use std::fmt;
use std::time::Duration;

/// A moment in log time: milliseconds that the cluster has had a working leader, carried by each entry. It never runs backwards and
/// never faster than real time, so a deadline in log time is a lower bound in real time, whatever clocks and elections do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogTime(u64);

impl LogTime {
    /// The beginning of log time.
    pub const ZERO: LogTime = LogTime(0);

    /// This many milliseconds after the beginning.
    pub const fn from_millis(millis: u64) -> LogTime {
        LogTime(millis)
    }

    /// Milliseconds since the beginning.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The moment this much later; saturates at the end of time.
    #[must_use]
    pub fn after(self, wait: Duration) -> LogTime {
        LogTime(self.0.saturating_add(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)))
    }

    /// How long from `earlier` until this moment; zero when `earlier` is not earlier.
    pub fn since(self, earlier: LogTime) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for LogTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}s", self.0 / 1000, self.0 % 1000)
    }
}
