//! Who is no client of SMB: accesses without an open, locks of NFS, delegations and grace periods.

use std::time::Duration;

use lease::{Delegation, FileKey, ForeignAccess, NfsClient, NfsLock, NfsUnlock, RangeLock, VolumeId};

use super::{About, Command, Effect, Held, Open, OpenId, Operation, Outcome, Play, Rejection, RequestId, directory_of, file, pick};
use crate::action::Foreign;

/// The answers to requests that are not of SMB clients.
pub(super) fn is_foreign(about: &About) -> bool {
    matches!(
        about,
        About::Access { .. }
            | About::NfsLock { .. }
            | About::NfsUnlock { .. }
            | About::NfsRelease(_)
            | About::Return(_)
            | About::Grace
    )
}

impl Play {
    pub(super) fn foreign(&mut self, server: u8, action: &Foreign) {
        if !self.lives(server) {
            self.start(server);
        }
        if !self.lives(server) {
            return;
        }
        match action {
            Foreign::Access { file: of, operation } => {
                let access = ForeignAccess { file: file(*of), parent: directory_of(*of), operation: operation.clone() };
                if let Operation::Rename { parent: Some(_), .. } = operation {
                    self.renamed.insert(access.file.clone());
                }
                let about = About::Access { file: access.file.clone(), operation: operation.clone() };
                self.request(server, Command::ForeignAccess(access), about);
            }
            Foreign::Lock { file: of, owner, lock, wait, allocation } => {
                let (of, owner, lock, wait) = (file(*of), *owner, *lock, *wait);
                let about = About::NfsLock { file: of.clone(), owner, lock, wait };
                let asked = NfsLock { file: of, name: "name".into(), owner, lock, wait, reclaim: false, allocation: *allocation };
                self.request(server, Command::NfsLock(asked), about);
            }
            Foreign::Unlock { file: of, owner, range } => {
                let unlock = NfsUnlock { file: file(*of), owner: *owner, range: *range };
                let about = About::NfsUnlock { file: unlock.file.clone(), owner: *owner, range: *range };
                self.request(server, Command::NfsUnlock(unlock), about);
            }
            Foreign::Release(client) => self.release_nfs(server, *client),
            Foreign::Grace(millis) => {
                let duration = Duration::from_millis(u64::from(*millis) + 1);
                self.request(server, Command::DeclareGrace { volume: VolumeId::new(1), duration }, About::Grace);
            }
            Foreign::EndGrace => self.request(server, Command::EndGrace { volume: VolumeId::new(1) }, About::Grace),
        }
    }

    pub(super) fn release_nfs(&mut self, server: u8, client: NfsClient) {
        self.request(server, Command::ReleaseNfsClient { client }, About::NfsRelease(client));
    }

    /// Opens a file as an NFSv4 server does for its client.
    pub(super) fn delegate(&mut self, session: usize, of: u8, access: u32, delegation: Delegation) {
        let Some(seat) = self.seat(session) else { return };
        let (access, share) = (lease::Access(access), lease::Share(7));
        let open = Open {
            session: seat.id,
            file: file(of),
            name: "name".into(),
            access,
            share,
            parent: directory_of(of),
            delegation: Some(delegation),
            ..Open::default()
        };
        let held =
            Held { session: seat.id, client: seat.client, file: file(of), owner: None, parent: None, access, share, nfs: true };
        self.request(seat.server, Command::Open(open), About::Open { held, lease: None });
    }

    /// Returns some delegation, recalled or not.
    pub(super) fn return_delegation(&mut self, index: usize) {
        let delegations: Vec<OpenId> = self.beliefs.delegations.keys().copied().collect();
        let Some(open) = pick(&delegations, index) else { return };
        let (session, server) = self.place(open);
        if self.lives(server) {
            self.request(server, Command::ReturnDelegation { session, open }, About::Return(open));
        }
    }

    /// What the request at hand changes about the locks of NFS is so before it sets others free, though its own answer comes last.
    pub(super) fn lock_first(&mut self, effects: &[Effect], own: Option<RequestId>) {
        for effect in effects {
            let Effect::Reply { to, outcome: Ok(outcome) } = effect else { continue };
            if Some(*to) != own {
                continue;
            }
            match (self.about.get(to).cloned(), outcome) {
                (Some(About::NfsLock { file, owner, lock, .. }), Outcome::Locked) => {
                    assert!(!self.beliefs.nfs_refused(&file, owner, lock), "{owner} is granted {lock} beside what others have");
                    self.beliefs.nfs_set(&file, owner, lock.range, Some(lock.exclusive));
                }
                (Some(About::NfsUnlock { file, owner, range }), Outcome::Unlocked) => {
                    self.beliefs.nfs_set(&file, owner, range, None);
                }
                (Some(About::NfsRelease(client)), Outcome::NfsClientReleased) => {
                    self.beliefs.nfs.retain(|(_, owner), _| owner.client != client);
                }
                // Unless it was somebody else's to delete by then.
                (Some(About::Deleted(file)), Outcome::Deleted) if self.state.file_info(&file).is_none() => {
                    self.beliefs.nfs.retain(|(of, _), _| *of != file);
                }
                // Unless it was broken before, by what fell due.
                (Some(About::Release(owner)), Outcome::Released)
                    if !effects.iter().any(|effect| matches!(effect, Effect::Break(told) if (told.client, told.key) == owner)) =>
                {
                    self.beliefs.set(owner, lease::Caching::None);
                }
                _ => {}
            }
        }
    }

    pub(super) fn foreign_answered(&mut self, to: RequestId, about: &About, outcome: &Result<Outcome, Rejection>) {
        match (about, outcome) {
            (About::Access { file, operation }, Ok(Outcome::Clear)) => self.accessed(file, operation),
            (About::NfsLock { file, owner, lock, .. }, Ok(Outcome::Locked)) if Some(to) != self.current => {
                assert!(!self.beliefs.nfs_refused(file, *owner, *lock), "{owner} waited for {lock}, and others have it");
                self.beliefs.nfs_set(file, *owner, lock.range, Some(lock.exclusive));
            }
            (About::NfsLock { file, owner, lock, wait: false }, Err(Rejection::LockNotGranted)) => {
                let changed = self.opens_before.iter().any(|open| !self.beliefs.opens.contains_key(open));
                let odd = self.beliefs.has_empty_lock(file);
                assert!(changed || odd || self.beliefs.nfs_refused(file, *owner, *lock), "nothing is in the way of {lock}");
            }
            (About::NfsLock { lock: RangeLock { range, .. }, .. } | About::NfsUnlock { range, .. }, Err(Rejection::InvalidParameter)) => {
                assert_eq!(range.length, 0);
            }
            (
                About::NfsLock { lock: RangeLock { range, .. }, .. } | About::NfsUnlock { range, .. },
                Err(Rejection::InvalidLockRange),
            ) => {
                assert!(!range.is_valid());
            }
            (About::Return(open), Ok(Outcome::DelegationReturned)) => {
                self.beliefs.delegations.remove(open);
            }
            (About::NfsLock { .. }, Ok(Outcome::Locked) | Err(Rejection::Cancelled | Rejection::Grace | Rejection::BeingDeleted))
            | (About::NfsUnlock { .. }, Ok(Outcome::Unlocked))
            | (About::Access { operation: Operation::Dispose { delete: false } | Operation::Use { .. }, .. }, Err(Rejection::InvalidParameter))
            | (About::NfsRelease(_), Ok(Outcome::NfsClientReleased))
            | (About::Grace, Ok(Outcome::GraceDeclared { .. } | Outcome::GraceEnded))
            // Time may have passed since it was made up, and with it a delegation, an open or a server.
            | (About::Return(_), Err(Rejection::NoSuchDelegation | Rejection::NoSuchOpen | Rejection::NoSuchSession))
            | (
                About::Access { .. },
                Err(
                    Rejection::Cancelled
                    | Rejection::Grace
                    | Rejection::SharingViolation
                    | Rejection::AccessDenied
                    | Rejection::FileLockConflict,
                ),
            )
            | (_, Err(Rejection::StaleIncarnation { .. })) => {}
            (about, outcome) => panic!("{about:?} came to {outcome:?}"),
        }
    }

    /// Nobody goes on writing behind the back of who has no open, nor reading what he has changed.
    fn accessed(&self, file: &FileKey, operation: &Operation) {
        let writes = matches!(operation, Operation::Write { .. } | Operation::Resize { .. });
        let reads = matches!(operation, Operation::Read { .. });
        // What is granted within the entry may be granted after it.
        if self.opened_now || !(reads || writes) {
            return;
        }
        for (owner, (on, state)) in &self.beliefs.leases {
            let there = self.state.lease(owner.0, owner.1).is_some_and(|lease| lease.state == *state && lease.breaking.is_none());
            assert!(
                on != file || !there || !(state.writes() || writes && state.reads()),
                "{owner:?} goes on with {state} of {file}"
            );
        }
        for (open, delegation) in &self.beliefs.delegations {
            let there = self.state.delegation(*open).is_some_and(|info| info.delegation == Some(*delegation));
            let kept = reads && *delegation == Delegation::Read;
            assert!(self.beliefs.opens[open].file != *file || !there || kept, "{open} goes on with its {delegation} of {file}");
        }
        if let Some(range) = operation.range() {
            let known = self.beliefs.locks.iter().filter(|lock| self.locks_before.contains(lock));
            for (open, lock) in known.filter(|(open, _)| self.beliefs.opens.get(open).is_some_and(|held| held.file == *file)) {
                let meet = lock.range.overlaps(range) && range.length > 0 && (writes || lock.exclusive);
                assert!(!meet, "{open} has locked {lock}, and {range} is read or written without an open");
            }
        }
    }
}
