//! LOCK (MS-SMB2 3.3.5.14; MS-FSA 2.1.5.8, 2.1.5.9).

use super::Step;
use super::demand::{Demands, Taken};
use crate::id::{FileKey, OpenId, RequestId};
use crate::limits::{LOCKS_PER_FILE_MAX, LOCKS_PER_OPEN_MAX, RANGES_PER_REQUEST_MAX};
use crate::outcome::{Limit, Outcome, Rejection};
use crate::range::{Lock, LockOwner, LockSequence, RangeLock, Unlock};
use crate::state::{Answer, File, LockRecord, Locks, Waiting};

/// Whether a request has so many ranges as one can have.
fn check_count(ranges: usize) -> Result<(), Rejection> {
    match ranges {
        0 => Err(Rejection::InvalidParameter),
        1..=RANGES_PER_REQUEST_MAX => Ok(()),
        _ => Err(Rejection::LimitReached(Limit::RangesPerRequest)),
    }
}

/// Whether a request to lock makes sense on its file.
fn check(file: &File, asked: &Lock) -> Result<(), Rejection> {
    check_count(asked.locks.len())?;
    // One that waits for some of its ranges while it has the others would make two of them wait for each other (MS-SMB2 3.3.5.14.2).
    if file.directory() || asked.wait && asked.locks.len() > 1 {
        return Err(Rejection::InvalidParameter);
    }
    Ok(())
}

impl Step<'_> {
    /// Answers, or parks the request and says so.
    pub(super) fn lock(&mut self, id: RequestId, asked: &Lock) -> Option<Answer> {
        let file = match self.file_of(id, asked.session, asked.open) {
            Ok(file) => file,
            Err(rejection) => return Some(Err(rejection)),
        };
        let checked = self.state.file(&file).map_or(Err(Rejection::NoSuchOpen), |record| check(record, asked));
        if let Err(rejection) = checked {
            return Some(Err(rejection));
        }
        self.use_open(&file, asked.open);
        if self.is_replay(&file, asked.open, asked.sequence) {
            return Some(Ok(Outcome::Locked));
        }
        let answer = self.attempt_lock(&file, asked, false);
        if answer.is_none() {
            let client = self.state.session(asked.session).expect("the session was just looked at").client;
            self.park(id, &file, Some(client), Waiting::Lock(asked.clone()));
        }
        answer
    }

    /// Tries to lock, from the beginning each time. No answer means that it has to wait: for breaks, which now run, or for locks. An open
    /// that waits for nothing but breaks is told of locks in its way when they are over (MS-FSA 2.1.5.8: the break comes first).
    pub(super) fn attempt_lock(&mut self, file: &FileKey, asked: &Lock, parked: bool) -> Option<Answer> {
        let client = self.state.file(file).and_then(|record| record.client_of(LockOwner::Open(asked.open)));
        let sensible = asked.locks.first().is_some_and(|lock| lock.range.is_valid());
        let taken = self.take(file, client, parked, |state| {
            let record = state.file(file).ok_or(Rejection::NoSuchOpen)?;
            let through = record.open(asked.open).ok_or(Rejection::NoSuchOpen)?;
            let mut demands = Demands::default();
            if sensible {
                demands.ask_for_lock(record, record.own_of(through));
            }
            Ok(demands)
        });
        match taken {
            Err(rejection) => return Some(Err(rejection)),
            Ok(Taken::Waits(_)) => return None,
            Ok(Taken::All) => (),
        }
        match self.add_locks(file, asked) {
            Err(Rejection::LockNotGranted) if asked.wait => {
                let room = if parked { Ok(()) } else { self.state.room_in_line(file, client) };
                room.err().map(Err)
            }
            Err(rejection) => Some(Err(rejection)),
            Ok(()) => {
                let known = self.state.file(file).and_then(File::locks).map_or(0, Locks::allocation);
                let mut edit = self.state.edit_file(file);
                edit.set_allocation(known.max(asked.allocation));
                if let Some(sequence) = asked.sequence {
                    edit.set_replay(asked.open, sequence, true);
                }
                Some(Ok(Outcome::Locked))
            }
        }
    }

    /// Locks all of it, or nothing: what one range meets, those before it included, takes these back (MS-SMB2 3.3.5.14.2).
    fn add_locks(&mut self, file: &FileKey, asked: &Lock) -> Result<(), Rejection> {
        let owner = LockOwner::Open(asked.open);
        let mut added = Vec::with_capacity(asked.locks.len());
        for lock in &asked.locks {
            if let Err(rejection) = self.add_lock(file, owner, *lock, &mut added) {
                for number in added {
                    self.state.edit_file(file).remove_lock(number);
                }
                return Err(rejection);
            }
        }
        Ok(())
    }

    fn add_lock(&mut self, file: &FileKey, owner: LockOwner, lock: RangeLock, added: &mut Vec<u64>) -> Result<(), Rejection> {
        if !lock.range.is_valid() {
            return Err(Rejection::InvalidLockRange);
        }
        let locks = self.state.file(file).and_then(File::locks);
        if locks.is_some_and(|locks| locks.refuse(owner, lock)) {
            return Err(Rejection::LockNotGranted);
        }
        if locks.is_some_and(|locks| locks.len() >= LOCKS_PER_FILE_MAX) {
            return Err(Rejection::LimitReached(Limit::LocksPerFile));
        }
        if locks.is_some_and(|locks| locks.len_of(owner) >= LOCKS_PER_OPEN_MAX) {
            return Err(Rejection::LimitReached(Limit::LocksPerOpen));
        }
        if let Some(client) = self.state.file(file).and_then(|record| record.client_of(owner)) {
            self.state.room_for_lock(client)?;
        }
        let number = self.state.meta().tickets + 1;
        self.state.meta_mut().tickets = number;
        self.state.edit_file(file).add_lock(LockRecord { number, owner, lock });
        added.push(number);
        Ok(())
    }

    /// Unlocks in order. What was unlocked before a range that is not locked stays so (MS-SMB2 3.3.5.14.1). Nobody's caching is in the
    /// way (LS-062).
    pub(super) fn unlock(&mut self, id: RequestId, asked: &Unlock) -> Answer {
        let file = self.file_of(id, asked.session, asked.open)?;
        check_count(asked.ranges.len())?;
        self.use_open(&file, asked.open);
        if self.is_replay(&file, asked.open, asked.sequence) {
            return Ok(Outcome::Unlocked);
        }
        let owner = LockOwner::Open(asked.open);
        for range in &asked.ranges {
            if !range.is_valid() {
                return Err(Rejection::InvalidLockRange);
            }
            let locks = self.state.file(&file).and_then(File::locks);
            let number = locks.and_then(|locks| locks.exactly(owner, *range)).ok_or(Rejection::RangeNotLocked)?;
            self.state.edit_file(&file).remove_lock(number);
            self.wake.insert(file.clone());
        }
        if let Some(sequence) = asked.sequence {
            self.state.edit_file(&file).set_replay(asked.open, sequence, true);
        }
        Ok(Outcome::Unlocked)
    }

    /// Whether a request was carried out before; if not, its bucket is of no use until it is (MS-SMB2 3.3.5.14).
    fn is_replay(&mut self, file: &FileKey, open: OpenId, sequence: Option<LockSequence>) -> bool {
        let Some(sequence) = sequence else { return false };
        let Some(locks) = self.state.file(file).and_then(File::locks) else { return false };
        if locks.is_replay(open, sequence) {
            return true;
        }
        if locks.replays_of(open).is_some() {
            self.state.edit_file(file).set_replay(open, sequence, false);
        }
        false
    }
}
