//! Log time, as the leader stamps it.

use std::time::Duration;

use lease::LogTime;
use tokio::time::Instant;

/// The leader's clock for one leadership. It begins with the state's own time, once everything of earlier terms is applied, and goes
/// on with the monotonic clock of this machine; never with the wall clock.
///
/// It is never more than one step ahead of what is applied: when the leader was stopped, or its disk stuck, log time goes on from
/// where it was, so that a stall cannot let everything expire at once.
#[derive(Debug)]
pub(crate) struct LogClock {
    /// Log time at `since`.
    base: LogTime,
    since: Instant,
    step: Duration,
    last: LogTime,
}

impl LogClock {
    /// A clock that begins with this log time, and advances by at most `step` past what is applied.
    pub(crate) fn new(now: LogTime, step: Duration) -> LogClock {
        LogClock { base: now, since: Instant::now(), step, last: now }
    }

    /// The stamp of the next entry, given log time after the last applied entry.
    pub(crate) fn stamp(&mut self, applied: LogTime) -> LogTime {
        let limit = applied.after(self.step);
        let mut now = self.running();
        if now > limit {
            // The time in between never happened.
            now = limit.max(self.last);
            self.base = now;
            self.since = Instant::now();
        }
        self.last = self.last.max(now);
        self.last
    }

    /// How long until the clock shows `moment`, if nothing stalls. A clock that lags a little after a stall asks for less than it needs
    /// and is asked again.
    pub(crate) fn until(&self, moment: LogTime) -> Duration {
        moment.since(self.running())
    }

    /// The last stamp given.
    pub(crate) fn last(&self) -> LogTime {
        self.last
    }

    fn running(&self) -> LogTime {
        self.base.after(self.since.elapsed())
    }
}

#[cfg(test)]
mod tests;
