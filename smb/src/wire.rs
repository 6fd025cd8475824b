//! The wire format of SMB 2 and 3 (MS-SMB2 section 2.2) and of the file information it carries (MS-FSCC section 2).
//!
//! Plain data and its bytes, nothing else: no connection, no session, no rule. Every `decode` is given a whole message from its SMB2
//! header on, one element of a compound, since the offsets in it count from there; every `encode` appends a body behind a header
//! that is in the buffer already, for the same reason. A decoder reads what the lengths and offsets point at wherever that lies,
//! refuses what lies outside of the message, ignores flags and contexts that it does not know, and never panics. Whether a value is
//! allowed is for the server to say; only what can not be read at all is a [`WireError`].

pub mod buffer;
mod bytes;
pub mod change_notify;
pub mod close;
pub mod create;
pub mod error;
mod flags;
pub mod flush;
pub mod frame;
pub mod header;
pub mod info;
pub mod ioctl;
pub mod lease_context;
pub mod lock;
pub mod negotiate;
pub mod oplock_break;
pub mod query_directory;
pub mod query_info;
pub mod read;
pub mod session_setup;
pub mod set_info;
pub mod simple;
pub mod smb1;
pub mod status;
pub mod text;
pub mod time;
pub mod tree_connect;
pub mod write;

#[cfg(test)]
mod tests;

pub use bytes::FileId;
pub use header::{Command, Header, HeaderFlags, Target};
pub use status::NtStatus;
pub use time::FileTime;

/// Why bytes are not the message that they claim to be. A server answers STATUS_INVALID_PARAMETER or closes the connection,
/// depending on where it met this (MS-SMB2 3.3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The message ends inside this structure.
    #[error("{0} is cut off")]
    Truncated(&'static str),
    /// This structure does not begin with the number that it has to begin with: its StructureSize, or the protocol's mark.
    #[error("{0} does not begin as it should")]
    Mark(&'static str),
    /// The offset or the length of this field leads outside of the message, or the field is not aligned as a list needs it.
    #[error("{0} does not lie in the message")]
    Range(&'static str),
    /// This field has a value without a meaning, and nothing can be read after it.
    #[error("{0} has no such value")]
    Value(&'static str),
    /// This name is no UTF-16.
    #[error("{0} is no UTF-16")]
    Text(&'static str),
    /// This is longer than what is allowed here.
    #[error("{0} is too long")]
    TooLong(&'static str),
}
