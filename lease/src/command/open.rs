//! CREATE, as far as caching and sharing go.

use std::sync::Arc;

use super::{AppInstance, DurableRequest};
use crate::caching::Caching;
use crate::id::{Epoch, FileId, FileKey, LeaseKey, SessionId, ShareId};
use crate::oplock::OplockLevel;
use crate::outcome::CreateAction;

/// CREATE, as far as caching and sharing go (MS-SMB2 2.2.13).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "flags of the protocol, each of which can be set with any other")]
pub struct Open {
    /// The session that asks.
    pub session: SessionId,
    /// The file.
    pub file: FileKey,
    /// Its path, for display only: nothing is decided by it.
    pub name: Arc<str>,
    /// Whether it is a directory.
    pub directory: bool,
    /// DesiredAccess, generic rights already mapped.
    pub access: Access,
    /// ShareAccess.
    pub share: Share,
    /// What happens to the data.
    pub disposition: Disposition,
    /// The directory of the same volume that the file lies in, by the path that is opened (MS-FSA 2.1.1.6, Link.ParentFile). None if the
    /// server does not say, or it is the root: then nobody's directory lease hears of what is done through this open.
    pub parent: Option<FileId>,
    /// This CREATE made the file: it was not there before. The server makes it before it asks.
    pub created: bool,
    /// FILE_DELETE_ON_CLOSE: the file is to be deleted from when this open ends on (MS-FSA 2.1.5.5).
    pub delete_on_close: bool,
    /// The lease asked for.
    pub lease: Option<LeaseRequest>,
    /// The legacy oplock asked for. An open asks for a lease, an oplock or a delegation, and not for two of them (MS-SMB2 3.3.5.9).
    pub oplock: OplockLevel,
    /// The delegation asked for: the open is one of an NFSv4 client.
    pub delegation: Option<Delegation>,
    /// The share that it goes through, for what is set for it; 0 for one of which nothing is set.
    pub share_id: ShareId,
    /// CreateOptions: a replay has to name the same (MS-SMB2 3.3.5.9).
    pub options: u32,
    /// The durable handle asked for.
    pub durable: Option<DurableRequest>,
    /// SMB2_FLAGS_REPLAY_OPERATION: this CREATE may have been carried out already.
    pub replay: bool,
    /// Only if it was: nothing is opened otherwise, and the answer is
    /// [`NoSuchDurableOpen`](crate::Rejection::NoSuchDurableOpen). So a server asks before it looks at the file, which need not be named
    /// then.
    pub only_replay: bool,
    /// The application that the open belongs to (MS-SMB2 2.2.13.2.13, 2.2.13.2.15).
    pub app: Option<AppInstance>,
    /// It takes back what it had before, within a grace period: NFSv4 OPEN with CLAIM_PREVIOUS.
    pub reclaim: bool,
}

impl Open {
    /// What it does, once it is granted.
    pub(crate) fn action(&self) -> CreateAction {
        match (self.created, self.disposition) {
            (true, _) => CreateAction::Created,
            (false, Disposition::Keep) => CreateAction::Opened,
            (false, Disposition::Overwrite) => CreateAction::Overwritten,
            (false, Disposition::Supersede) => CreateAction::Superseded,
        }
    }

    /// The lease context as far as it counts: on a directory one of version 1 does not (MS-SMB2 3.3.5.9.8).
    pub(crate) fn lease_context(&self) -> Option<LeaseRequest> {
        self.lease.filter(|lease| !self.directory || lease.v2.is_some())
    }
}

/// A delegation of NFSv4: caching of an open until it is recalled (RFC 8881 10.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delegation {
    /// Nobody else writes.
    Read,
    /// Nobody else reads or writes.
    Write,
}

/// A lease context of CREATE (MS-SMB2 2.2.13.2.8, 2.2.13.2.10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseRequest {
    /// The key.
    pub key: LeaseKey,
    /// The state asked for.
    pub state: Caching,
    /// What only a v2 context has. None for a v1 context.
    pub v2: Option<LeaseRequestV2>,
}

/// What a v2 lease context adds (MS-SMB2 2.2.13.2.10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseRequestV2 {
    /// The client's epoch. Used for a new lease only.
    pub epoch: Epoch,
    /// The key of the lease on the parent directory, if the flag says that it is set.
    pub parent: Option<LeaseKey>,
}

/// Access rights of an open, as the bits of MS-SMB2 2.2.13.1.1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Access(pub u32);

/// Share mode of an open, as the bits of ShareAccess (MS-SMB2 2.2.13): read 1, write 2, delete 4.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Share(pub u8);

/// CreateDisposition, as far as leases tell them apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Disposition {
    /// OPEN, OPEN_IF and CREATE: what is there stays.
    #[default]
    Keep,
    /// OVERWRITE and OVERWRITE_IF: the data is truncated. Counts as asking for write access.
    Overwrite,
    /// SUPERSEDE: the file is replaced. Counts as asking for delete access.
    Supersede,
}
