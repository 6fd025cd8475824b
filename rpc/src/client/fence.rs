//! Until when a server may let its clients cache.

use std::time::Instant;

/// Until when a server may let its clients cache. Measured on the server's own monotonic clock from the *send* time of its last
/// committed renewal, so that it ends before the cluster may give the rights away, whatever happened to the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fence {
    /// Until this moment, unless it is moved on by a renewal. Then, connections of SMB clients must be dropped, not stalled: a client
    /// that only waits goes on reading its cache.
    Until(Instant),
    /// No longer: the server's life is over. A new one has to be started.
    Fenced,
}

impl Fence {
    /// Whether clients may cache at this moment.
    pub fn allows(self, now: Instant) -> bool {
        match self {
            Fence::Until(deadline) => now < deadline,
            Fence::Fenced => false,
        }
    }
}
