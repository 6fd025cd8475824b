//! How much of each thing the API takes.

use std::time::Duration;

/// Bytes of one message between an SMB server or an operator and a node, in either direction.
pub const MESSAGE_BYTES_MAX: usize = 4 << 20;
/// Bytes of one message between nodes: a batch of log entries has at most 1 MiB, and an append may carry several.
pub const PEER_MESSAGE_BYTES_MAX: usize = 16 << 20;
/// Streams that one connection may have open at a time. Each unary call is one while it runs.
pub const STREAMS_PER_CONNECTION_MAX: u32 = 256;
/// Connections that one node serves at a time.
pub const CONNECTIONS_MAX: usize = 4096;
/// SMB servers attached to one node.
pub const ATTACHED_MAX: usize = 1024;
/// Bytes of the headers of one call.
pub const HEADER_BYTES_MAX: u32 = 16 << 10;
/// Requests in one message of a stream.
pub const REQUESTS_PER_MESSAGE_MAX: usize = 4096;
/// Deliveries in one message of a stream.
pub(crate) const DELIVERIES_PER_MESSAGE_MAX: usize = 4096;
/// Bytes of deliveries after which a message of a stream is closed and the next one begun; one delivery has less than 8 KiB.
pub(crate) const DELIVERY_BYTES_PER_MESSAGE: usize = 1 << 20;
/// Deliveries that fit in one message whatever they say.
pub(crate) const DELIVERIES_UNMEASURED_MAX: usize = DELIVERY_BYTES_PER_MESSAGE / (8 << 10);
/// Messages that may wait for one attached server's connection. What is behind them waits in the mailbox, which is bounded.
pub(crate) const MESSAGES_QUEUED_MAX: usize = 8;
/// Leases on one page of a list.
pub const PAGE_SIZE_MAX: u32 = 1000;
/// Leases on one page of a list when the caller does not say.
pub const PAGE_SIZE_DEFAULT: u32 = 100;
/// Leases that are looked at for one page: the table is not applied to meanwhile, so this bounds how long it stands still.
pub(crate) const PAGE_SCAN_MAX: usize = 20_000;
/// How long a new stream may take to say which server it is.
pub(crate) const ATTACH_TIMEOUT: Duration = Duration::from_secs(5);

/// Bytes of the reason that an operator gives for what he does, in UTF-8.
pub const REASON_BYTES_MAX: usize = 1024;
