//! What clients of NFS and NLM do.

use std::time::Duration;

use lease::{Command, ForeignAccess, LogTime, NfsClient, NfsLock, NfsUnlock, OpenId, Outcome, SessionId, VolumeId};

use super::Server;
use crate::client::CallError;
use crate::client::parkable::{self, PendingAccess, PendingNfsLock, unexpected};
use crate::convert::{foreign_access_to, nfs_lock_to};
use crate::proto::v1::request::Command as Wire;

impl Server {
    /// Gives the delegation of an open back, asked or not (DELEGRETURN); the open stays.
    pub async fn return_delegation(&self, session: SessionId, open: OpenId) -> Result<(), CallError> {
        self.call(&Command::ReturnDelegation { session, open }).await.map(drop)
    }

    /// Waits until nothing is in the way of what somebody without an open does; the server does it then. Waits while parked: without limit,
    /// since the cluster has one.
    pub async fn foreign_access(&self, access: &ForeignAccess) -> Result<(), CallError> {
        self.begin_foreign_access(access).finish().await
    }

    /// Begins to ask whether something is in the way of who has no open, and lets the caller see whether that is parked, and cancel it.
    pub fn begin_foreign_access(&self, access: &ForeignAccess) -> PendingAccess {
        self.begin(Wire::ForeignAccess(foreign_access_to(access)), parkable::clear)
    }

    /// Locks a range for a client of NFSv4 or NLM (RFC 8881 18.10). Waits while parked: without limit, since a client may wait for a lock as
    /// long as it likes.
    pub async fn nfs_lock(&self, lock: &NfsLock) -> Result<(), CallError> {
        self.begin_nfs_lock(lock).finish().await
    }

    /// Begins to lock a range, and lets the caller see whether that is parked, and cancel it.
    pub fn begin_nfs_lock(&self, lock: &NfsLock) -> PendingNfsLock {
        self.begin(Wire::NfsLock(nfs_lock_to(lock)), parkable::locked)
    }

    /// Unlocks a range, whatever the owner has locked in it (RFC 8881 18.12).
    pub async fn nfs_unlock(&self, unlock: NfsUnlock) -> Result<(), CallError> {
        self.call(&Command::NfsUnlock(unlock)).await.map(drop)
    }

    /// Tells that a client of NFS or NLM is gone or has begun anew: it has no locks.
    pub async fn release_nfs_client(&self, client: NfsClient) -> Result<(), CallError> {
        self.call(&Command::ReleaseNfsClient { client }).await.map(drop)
    }

    /// Has clients of NFS get back what they had on a volume before anybody else gets at it. Returns when that ends, in log time.
    pub async fn declare_grace(&self, volume: VolumeId, duration: Duration) -> Result<LogTime, CallError> {
        let outcome = self.call(&Command::DeclareGrace { volume, duration }).await?.1;
        if let Outcome::GraceDeclared { until } = outcome { Ok(until) } else { Err(unexpected(&outcome)) }
    }

    /// Ends the grace period of a volume before its time.
    pub async fn end_grace(&self, volume: VolumeId) -> Result<(), CallError> {
        self.call(&Command::EndGrace { volume }).await.map(drop)
    }
}
