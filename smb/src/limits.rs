//! How much of a thing one front end takes on: whoever comes for more is refused, and counted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How much of a thing one front end takes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Connections that are served at once.
    pub connections_max: usize,
    /// Connections of one address; of IPv6 the first 64 bits of it count, which is what one host has to itself.
    pub connections_per_address_max: usize,
    /// Sessions of one connection, those included whose logon has begun.
    pub sessions_per_connection_max: usize,
    /// Tree connects of one session.
    pub trees_per_session_max: usize,
    /// Opens of one session.
    pub opens_per_session_max: usize,
    /// Credits that one connection holds (MS-SMB2 3.3.1.2): with a credit for each request, the requests that it can have under way.
    pub credits_max: u16,
    /// Requests of one connection that wait and were told so (MS-SMB2 3.3.4.2).
    pub waiting_max: usize,
    /// Bytes that one connection has under way: requests that are being carried out, and answers that were not sent yet. No more is read from a
    /// client that has so many.
    pub in_flight_bytes_max: u32,
    /// How long a connection may be there without a session: from its begin, or from the end of its last session.
    pub without_session_max: Duration,
    /// How long a frame may take to arrive, from its first byte to its last.
    pub frame_time_max: Duration,
    /// How long a client may take nothing of what is sent to it.
    pub stall_max: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections_max: 4096,
            connections_per_address_max: 1024,
            sessions_per_connection_max: 256,
            trees_per_session_max: 1024,
            opens_per_session_max: 16_384,
            credits_max: 8192,
            waiting_max: 512,
            in_flight_bytes_max: 64 << 20,
            without_session_max: Duration::from_secs(60),
            frame_time_max: Duration::from_secs(60),
            stall_max: Duration::from_secs(30),
        }
    }
}

/// What a client was refused for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// [`Limits::connections_max`]: the connection is closed at once.
    Connections,
    /// [`Limits::connections_per_address_max`]: the connection is closed at once.
    ConnectionsPerAddress,
    /// [`Limits::sessions_per_connection_max`]: SESSION_SETUP is answered STATUS_INSUFFICIENT_RESOURCES.
    SessionsPerConnection,
    /// [`Limits::trees_per_session_max`]: TREE_CONNECT is answered STATUS_INSUFFICIENT_RESOURCES.
    TreesPerSession,
    /// [`Limits::opens_per_session_max`]: CREATE is answered STATUS_INSUFFICIENT_RESOURCES.
    OpensPerSession,
    /// [`Limits::waiting_max`]: the request is answered STATUS_INSUFFICIENT_RESOURCES.
    Waiting,
    /// [`Limits::without_session_max`]: the connection is dropped.
    WithoutSession,
    /// [`Limits::frame_time_max`]: the connection is dropped.
    FrameTime,
    /// [`Limits::stall_max`], or more notifications than are kept for a client that does not read: the connection is dropped.
    Stall,
    /// What came violates the protocol ([`Violation`](crate::inbound::Violation)): the connection is dropped.
    Protocol,
}

impl Refusal {
    /// All of them.
    pub const ALL: [Refusal; 10] = [
        Refusal::Connections,
        Refusal::ConnectionsPerAddress,
        Refusal::SessionsPerConnection,
        Refusal::TreesPerSession,
        Refusal::OpensPerSession,
        Refusal::Waiting,
        Refusal::WithoutSession,
        Refusal::FrameTime,
        Refusal::Stall,
        Refusal::Protocol,
    ];

    /// The limit, as the configuration and the log call it.
    pub const fn name(self) -> &'static str {
        match self {
            Refusal::Connections => "connections",
            Refusal::ConnectionsPerAddress => "connections_per_address",
            Refusal::SessionsPerConnection => "sessions_per_connection",
            Refusal::TreesPerSession => "trees_per_session",
            Refusal::OpensPerSession => "opens_per_session",
            Refusal::Waiting => "waiting_per_connection",
            Refusal::WithoutSession => "without_session",
            Refusal::FrameTime => "frame_time",
            Refusal::Stall => "stall",
            Refusal::Protocol => "protocol",
        }
    }

    fn place(self) -> usize {
        Refusal::ALL.iter().position(|refusal| *refusal == self).unwrap_or_default()
    }
}

/// How often clients were refused.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    counts: [AtomicU64; Refusal::ALL.len()],
}

impl Refusals {
    /// Counts a refusal, and says so in the log: each time at first, then the more rarely the more there are, so that who sends nonsense does not
    /// fill a disk with it.
    pub(crate) fn note(&self, refusal: Refusal, who: &dyn std::fmt::Display, why: &str) {
        let count = self.counts[refusal.place()].fetch_add(1, Ordering::Relaxed) + 1;
        if count <= 16 || count.is_power_of_two() {
            tracing::warn!(limit = refusal.name(), client = %who, why, count, "a client was refused");
        }
    }

    /// How often so far.
    pub(crate) fn count(&self, refusal: Refusal) -> u64 {
        self.counts[refusal.place()].load(Ordering::Relaxed)
    }
}
