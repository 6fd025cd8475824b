//! Locks of NFSv4 and NLM (RFC 8881 18.10, 18.12; X/Open NLM): in one table with those of SMB, each in the way of the other.

use std::collections::BTreeMap;

use super::Step;
use super::demand::{Demands, Taken};
use crate::command::{NfsLock, NfsUnlock};
use crate::id::{FileKey, NfsClient, RequestId};
use crate::limits::{LOCKS_PER_CLIENT_MAX, LOCKS_PER_FILE_MAX, NAME_BYTES_MAX, PARKED_OPENS_PER_FILE_MAX, PARKED_PER_CLIENT_MAX};
use crate::outcome::{Limit, Outcome, Rejection};
use crate::range::{ByteRange, LockOwner};
use crate::state::{Answer, File, Keyed, LockRecord, Locks, Replaced, Waiting};

/// Whether a range is one that NFS can lock: "to the end of the file" is spelt out by then, and nothing at all is not locked.
fn check_range(range: ByteRange) -> Result<(), Rejection> {
    match range {
        ByteRange { length: 0, .. } => Err(Rejection::InvalidParameter),
        range if !range.is_valid() => Err(Rejection::InvalidLockRange),
        _ => Ok(()),
    }
}

impl Step<'_> {
    /// Answers, or parks the request and says so.
    pub(super) fn nfs_lock(&mut self, id: RequestId, asked: &NfsLock) -> Option<Answer> {
        if let Err(rejection) = self.check_nfs_lock(asked) {
            return Some(Err(rejection));
        }
        let answer = self.attempt_nfs_lock(asked, false);
        if answer.is_none() {
            self.park(id, &asked.file, Some(asked.owner.client.guid()), Waiting::NfsLock(asked.clone()));
        }
        answer
    }

    fn check_nfs_lock(&self, asked: &NfsLock) -> Result<(), Rejection> {
        let NfsLock { file, name, owner, lock, .. } = asked;
        if [Some(name), file.stream.as_ref()].into_iter().flatten().any(|name| name.len() > NAME_BYTES_MAX) {
            return Err(Rejection::LimitReached(Limit::NameBytes));
        }
        check_range(lock.range)?;
        let record = self.state.file(file);
        if record.is_some_and(File::directory) {
            return Err(Rejection::InvalidParameter);
        }
        if record.is_some_and(|record| record.deletion_owed().is_some()) {
            return Err(Rejection::BeingDeleted);
        }
        let parked = self.state.index().parked_of_nfs.get(&owner.client);
        if parked.is_some_and(|parked| parked.len() >= PARKED_PER_CLIENT_MAX) {
            return Err(Rejection::LimitReached(Limit::ParkedPerClient));
        }
        Ok(())
    }

    /// Tries to lock, from the beginning each time. No answer means that it has to wait: for breaks, which now run, or for locks. It takes from
    /// SMB clients what a lock of another one of them does (LS-058, LS-060).
    pub(super) fn attempt_nfs_lock(&mut self, asked: &NfsLock, parked: bool) -> Option<Answer> {
        let NfsLock { file, name, owner, lock, wait, reclaim, allocation } = asked;
        let allowed = self.state.check_kept_from_all(file).and_then(|()| self.state.check_grace(file.volume, *reclaim, parked));
        if let Err(rejection) = allowed {
            return Some(Err(rejection));
        }
        let taken = self.take(file, None, parked, |state| {
            let mut demands = Demands::default();
            if let Some(record) = state.file(file) {
                let own = record.own(Some(owner.client.guid()), None);
                demands.ask_for_lock(record, own);
            }
            Ok(demands)
        });
        match taken {
            Err(rejection) => return Some(Err(rejection)),
            Ok(Taken::Waits(_)) => return None,
            Ok(Taken::All) => (),
        }
        let owner = LockOwner::Nfs(*owner);
        if self.state.file(file).and_then(File::locks).is_some_and(|locks| locks.refuse(owner, *lock)) {
            let full = || self.state.file(file).is_some_and(|record| record.parked().len() >= PARKED_OPENS_PER_FILE_MAX);
            return match *wait {
                false => Some(Err(Rejection::LockNotGranted)),
                true if !parked && full() => Some(Err(Rejection::LimitReached(Limit::ParkedOpensPerFile))),
                true => None,
            };
        }
        if self.state.file(file).is_none() {
            self.state.know_file(file, name, false);
        }
        let locked = self.replace_locks(file, asked.owner.client, owner, lock.range, Some(lock.exclusive));
        Some(locked.map(|()| {
            let known = self.state.file(file).and_then(File::locks).map_or(0, Locks::allocation);
            self.state.edit_file(file).set_allocation(known.max(*allocation));
            Outcome::Locked
        }))
    }

    /// Unlocks whatever the owner has locked in a range, which may be nothing. Nobody's caching is in the way (LS-062).
    pub(super) fn nfs_unlock(&mut self, asked: &NfsUnlock) -> Answer {
        let NfsUnlock { file, owner, range } = asked;
        check_range(*range)?;
        self.replace_locks(file, owner.client, LockOwner::Nfs(*owner), *range, None)?;
        Ok(Outcome::Unlocked)
    }

    /// Makes a range of an owner locked so, or not at all. To cut a lock in two makes one more, for which there may be no room.
    fn replace_locks(
        &mut self,
        file: &FileKey,
        client: NfsClient,
        owner: LockOwner,
        range: ByteRange,
        exclusive: Option<bool>,
    ) -> Result<(), Rejection> {
        let Some(record) = self.state.file(file) else { return Ok(()) };
        let none = Locks::default();
        let locks = record.locks().unwrap_or(&none);
        let Replaced { gone, new } = locks.replaced(owner, range, exclusive);
        let more = new.len().saturating_sub(gone.len());
        let of_client = self.state.index().nfs_locks.get(&client).map_or(0, std::collections::BTreeSet::len);
        let limit = if locks.len() + more > LOCKS_PER_FILE_MAX {
            Some(Limit::LocksPerFile)
        } else {
            (of_client + more > LOCKS_PER_CLIENT_MAX).then_some(Limit::LocksPerClient)
        };
        if let Some(limit) = limit {
            self.state.remove_locks(file, &[]);
            return Err(Rejection::LimitReached(limit));
        }
        for lock in new {
            let number = self.state.meta().tickets + 1;
            self.state.meta_mut().tickets = number;
            self.state.edit_file(file).add_lock(LockRecord { number, owner, lock });
        }
        if !gone.is_empty() {
            self.state.remove_locks(file, &gone);
            self.wake.insert(file.clone());
        }
        Ok(())
    }

    /// A file is no more, and what NFS has locked of it, or waits to lock, neither: its key may come to mean another file.
    pub(super) fn forget_nfs_locks(&mut self, file: &FileKey) {
        let Some(record) = self.state.file(file) else { return };
        let parked: Vec<RequestId> =
            record.parked().iter().filter(|parked| parked.nfs_client().is_some()).map(|parked| parked.request).collect();
        let locks: Vec<u64> = record.locks().into_iter().flat_map(Locks::iter).map(|lock| lock.number).collect();
        for request in parked {
            self.end_parked(request);
        }
        if !locks.is_empty() {
            self.state.remove_locks(file, &locks);
            self.wake.insert(file.clone());
        }
    }

    /// A client is gone: nothing of it waits, and what it has locked is free.
    pub(super) fn release_nfs_client(&mut self, client: NfsClient) -> Outcome {
        let parked: Vec<RequestId> = self.state.index().parked_of_nfs.get(&client).into_iter().flatten().copied().collect();
        for request in parked {
            self.end_parked(request);
        }
        let mut locks: BTreeMap<FileKey, Vec<u64>> = BTreeMap::new();
        for (hash, number) in self.state.index().nfs_locks.get(&client).into_iter().flatten() {
            let holds = |file: &&File| file.locks().is_some_and(|locks| locks.has(*number));
            if let Some(file) = self.state.files().with_hash(*hash).find(holds) {
                locks.entry(file.key().clone()).or_default().push(*number);
            }
        }
        for (file, numbers) in locks {
            self.state.remove_locks(&file, &numbers);
            self.wake.insert(file);
        }
        Outcome::NfsClientReleased
    }
}
