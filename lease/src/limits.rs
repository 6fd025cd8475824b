//! How much there can be of each thing. Reaching a limit is a [`Rejection`](crate::Rejection), the same on every node.

use std::time::Duration;

/// SMB servers that the cluster knows.
pub const SERVERS_MAX: usize = 1024;
/// Sessions of one SMB server.
pub const SESSIONS_PER_SERVER_MAX: usize = 65_536;
/// Connections that one client has to all servers together.
pub const CONNECTIONS_PER_CLIENT_MAX: usize = 64;
/// Opens of one stream of one file.
pub const OPENS_PER_FILE_MAX: usize = 16_384;
/// Requests that wait on one stream of one file.
pub const PARKED_OPENS_PER_FILE_MAX: usize = 1024;
/// Opens below a directory that its rename waits for. With more it is refused as if one of them would not go.
pub const OPENS_BELOW_MAX: usize = 1024;
/// Opens of one client, those included that are waiting for it to come back.
pub const OPENS_PER_CLIENT_MAX: usize = 262_144;
/// Leases of one client: less than there can be opens. One open more is granted none.
pub const LEASES_PER_CLIENT_MAX: usize = 131_072;
/// Byte-range locks of one client, of NFS or SMB.
pub const LOCKS_PER_CLIENT_MAX: usize = 65_536;
/// Requests of one client that wait.
pub const PARKED_PER_CLIENT_MAX: usize = 4096;
/// The longest time that a client can be barred from caching writes and handles.
pub const BARRED_MAX: Duration = Duration::from_secs(86_400);
/// Volumes that are in a grace period at the same time.
pub const GRACE_PERIODS_MAX: usize = 64;
/// The longest grace period.
pub const GRACE_MAX: Duration = Duration::from_secs(600);
/// Shares of which anything is set.
pub const SHARES_MAX: usize = 1024;
/// The longest time that an open without a connection is kept (MS-SMB2 3.3.5.9.10, 3.3.5.15.9).
pub const DURABLE_TIMEOUT_MAX: Duration = Duration::from_secs(300);
/// Bytes of the name of a user, in UTF-8.
pub const USER_BYTES_MAX: usize = 256;
/// Byte-range locks on one stream of one file.
pub const LOCKS_PER_FILE_MAX: usize = 32_768;
/// Byte-range locks of one open.
pub const LOCKS_PER_OPEN_MAX: usize = 8192;
/// Ranges that one request locks or unlocks.
pub const RANGES_PER_REQUEST_MAX: usize = 128;
/// Buckets of lock sequences of an open (MS-SMB2 3.3.1.10).
pub const LOCK_SEQUENCE_BUCKETS: usize = 64;
/// Bytes of a path (for display) or of a stream name, in UTF-8.
pub const NAME_BYTES_MAX: usize = 2048;
/// Outcomes remembered for one server. When it asks for more, the oldest is forgotten and its floor rises.
pub const ANSWERS_PER_SERVER_MAX: usize = 16_384;
/// The shortest and the longest life that a server may ask for between renewals.
pub const SERVER_TTL_MIN: Duration = Duration::from_millis(200);
/// See [`SERVER_TTL_MIN`].
pub const SERVER_TTL_MAX: Duration = Duration::from_secs(600);
/// The shortest and the longest time that a client can be given to acknowledge a break. Shorter settings count as the shortest: a break
/// that is over in the entry that begins it would be none.
pub const BREAK_TIMEOUT_MIN: Duration = Duration::from_millis(1);
/// See [`BREAK_TIMEOUT_MIN`].
pub const BREAK_TIMEOUT_MAX: Duration = Duration::from_secs(3600);
