//! When the leader has to say that time passed: the break scanner.

use std::time::Duration;

use lease::LogTime;
use tokio::time::Instant;

use crate::clock::LogClock;

/// Decides when the next `Tick` is due. What it expires is decided by the state, so a tick too many does no harm; one too few would
/// leave a client waiting for a break that has timed out.
///
/// While anything in the state has a deadline, there is an entry every scan interval and one at each deadline. Every entry carries
/// time, so other entries count as ticks. Two ticks are never in flight.
#[derive(Debug)]
pub(crate) struct Ticker {
    scan_interval: Duration,
    /// When the last entry was stamped.
    last: Instant,
}

impl Ticker {
    pub(crate) fn new(scan_interval: Duration) -> Ticker {
        Ticker { scan_interval, last: Instant::now() }
    }

    /// An entry was stamped.
    pub(crate) fn stamped(&mut self) {
        self.last = Instant::now();
    }

    /// When the next tick is due, given the state's next deadline; never, if it has none.
    pub(crate) fn due(&self, deadline: Option<LogTime>, clock: &LogClock) -> Option<Instant> {
        let deadline = deadline?;
        let scan = self.last + self.scan_interval;
        if deadline <= clock.last() {
            // An entry that expires it is on its way.
            return Some(scan);
        }
        Some(scan.min(Instant::now() + clock.until(deadline)))
    }
}

#[cfg(test)]
mod tests;
