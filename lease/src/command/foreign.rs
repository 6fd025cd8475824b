//! What is asked by who has no open of SMB: clients of NFSv3 and NLM, the locks of NFSv4, programs on a server's host.

use std::sync::Arc;

use super::Operation;
use crate::id::{FileId, FileKey, NfsClient, NfsOwnerId};
use crate::range::{ByteRange, RangeLock};

/// Something that is done to a file by who has no open of it here. It has no lease key and so conflicts with every owner, and the server does
/// it when it has the answer, as with an operation through an open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignAccess {
    /// The file.
    pub file: FileKey,
    /// The directory of the same volume that it lies in, if the server knows.
    pub parent: Option<FileId>,
    /// What is done. What makes a file (CREATE, MKDIR, SYMLINK) changes its directory and nobody's caching of the file, as
    /// [`Operation::SetAttributes`] does.
    pub operation: Operation,
}

/// Whose a lock of NFS or NLM is: what is not the same owner conflicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NfsOwner {
    /// The client.
    pub client: NfsClient,
    /// Who of it: a lock owner, or what svid and oh of NLM come to.
    pub owner: NfsOwnerId,
}

/// LOCK of NFSv4 (RFC 8881 18.10) or NLM. What the same owner has locked in the range already is replaced, as POSIX has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NfsLock {
    /// The file.
    pub file: FileKey,
    /// Its path, for display only.
    pub name: Arc<str>,
    /// Who asks.
    pub owner: NfsOwner,
    /// What is to be locked. A length that means "to the end of the file" is spelt out by the server: up to offset 2^64 - 1.
    pub lock: RangeLock,
    /// Whether it waits for locks in its way.
    pub wait: bool,
    /// It takes back a lock that it had before, within a grace period.
    pub reclaim: bool,
    /// The file's allocation size in bytes, as the server sees it.
    pub allocation: u64,
}

/// LOCKU of NFSv4 (RFC 8881 18.12), or NLM UNLOCK: whatever the owner has locked in the range is free.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NfsUnlock {
    /// The file.
    pub file: FileKey,
    /// Who asks.
    pub owner: NfsOwner,
    /// What is unlocked.
    pub range: ByteRange,
}
