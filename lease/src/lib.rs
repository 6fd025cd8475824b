#![doc = include_str!("../README.md")]

mod caching;
mod command;
mod effect;
mod id;
pub mod limits;
mod oplock;
mod outcome;
mod range;
mod settings;
mod time;

pub use caching::{Caching, HANDLE_CACHING, READ_CACHING, UnknownCaching, WRITE_CACHING};
pub use command::{
    Access, AppInstance, AppInstanceVersion, Command, Delegation, Disposition, DurableRequest, Entry, ForeignAccess, LeaseRequest,
    LeaseRequestV2, NfsLock, NfsOwner, NfsUnlock, Open, Operation, Reconnect, Request, Share,
};
pub use effect::{Break, Effect, OplockBreak, Recall, Route};
pub use id::{
    AppInstanceId, ClientGuid, ConnectionId, CreateGuid, Epoch, FileId, FileKey, Generation, Incarnation, LeaseKey, NfsClient,
    NfsOwnerId, NoticeNumber, OpenId, RequestId, Sequence, ServerId, SessionId, ShareId, VolumeId,
};
pub use oplock::{OPLOCK_LEVEL_LEASE, OplockLevel};
pub use outcome::{CreateAction, Durable, Grant, GrantV2, Limit, OpenedAs, Outcome, Rejection};
pub use range::{ByteRange, Lock, LockOwner, LockSequence, RangeLock, Unlock};
pub use settings::{Settings, ShareSettings};
pub use time::LogTime;

mod apply;
mod display;
mod invariants;
mod outstanding;
mod snapshot;
mod state;
#[cfg(test)]
mod tests;

pub use invariants::Violation;
pub use snapshot::{Group, Piece, Record, Records, RestoreError, StateHash, VALUE_BYTES_MAX, View};
pub use state::{
    BreakInfo, ClientInfo, Counts, DelegationInfo, FileInfo, LeaseInfo, LockInfo, NoSuchBreak, OpenInfo, OplockInfo, ParkedInfo,
    ServerInfo, State,
};
