//! Byte-range locks (LS-035, LS-060 to LS-062, LS-191 to LS-195).

use lease::{ByteRange, FileKey, Lock, LockSequence, OpenId, Operation, Outcome, RangeLock, Rejection, RequestId, Unlock};

use super::open::Verdict;
use super::{Handle, Model, Owner, SessionId, Task};

/// What an open has locked.
#[derive(Debug, Clone)]
pub(crate) struct Locked {
    pub(crate) open: OpenId,
    file: FileKey,
    pub(crate) lock: RangeLock,
}

/// Whether two ranges are in each other's way: one of no length is where it lies strictly inside the other.
fn overlap(one: ByteRange, other: ByteRange) -> bool {
    let ends = |range: ByteRange| (u128::from(range.offset), u128::from(range.offset) + u128::from(range.length));
    let ((first, behind_first), (second, behind_second)) = (ends(one), ends(other));
    match (one.length, other.length) {
        (0, 0) => false,
        (0, _) => second < first && first < behind_second,
        (_, 0) => first < second && second < behind_first,
        _ => first.max(second) < behind_first.min(behind_second),
    }
}

/// Whether the last byte has an offset at all.
fn is_possible(range: ByteRange) -> bool {
    u128::from(range.offset) + u128::from(range.length) <= 1 << 64
}

impl Model {
    fn locked_on(&self, file: &FileKey) -> impl Iterator<Item = &Locked> {
        self.locked.iter().filter(move |locked| locked.file == *file)
    }

    /// Whether a lock cannot be granted: an exclusive one goes with no other, a shared one with no other open's exclusive one.
    fn refuses(&self, file: &FileKey, open: OpenId, asked: RangeLock) -> bool {
        let mut near = self.locked_on(file).filter(|locked| overlap(locked.lock.range, asked.range));
        near.any(|locked| asked.exclusive || locked.lock.exclusive && locked.open != open)
    }

    /// Whether data is locked that is to be read or written: nobody else touches what is locked exclusively, nobody writes what is
    /// shared.
    pub(super) fn forbids(&self, file: &FileKey, open: OpenId, operation: &Operation) -> bool {
        let (range, writes) = match operation {
            Operation::Read { range: Some(range) } => (*range, false),
            Operation::Write { range: Some(range) } => (*range, true),
            Operation::Read { range: None }
            | Operation::Write { range: None }
            | Operation::Resize { .. }
            | Operation::Rename { .. }
            | Operation::Link { .. }
            | Operation::Dispose { .. }
            | Operation::SetSecurity
            | Operation::SetAttributes
            | Operation::Use { .. } => return false,
        };
        let mut near = self.locked_on(file).filter(|locked| range.length > 0 && overlap(locked.lock.range, range));
        near.any(|locked| if locked.lock.exclusive { locked.open != open } else { writes })
    }

    /// Whether some of the data is locked, so that nobody begins to cache it (LS-035).
    pub(super) fn has_locked_data(&self, file: &FileKey) -> bool {
        let reach = self.files.iter().find(|known| known.key == *file).map_or(0, |known| known.reach);
        self.locked_on(file).any(|locked| locked.lock.range.offset < reach)
    }

    /// The data of a file may reach so far from now on. Nobody asks for that while nothing is locked.
    pub(super) fn extend(&mut self, file: &FileKey, reach: u64) {
        if self.locked_on(file).next().is_some() {
            let known = self.file(file);
            known.reach = known.reach.max(reach);
        }
    }

    /// The data of a file ends here: locks behind it count for nothing (LS-035).
    pub(super) fn cut(&mut self, file: &FileKey, end: u64) {
        if self.locked_on(file).next().is_some() {
            self.file(file).reach = end;
        }
    }

    pub(super) fn lock(&mut self, request: RequestId, asked: &Lock) {
        let handle = match self.handle_of(request, asked.session, asked.open) {
            Ok(handle) => handle,
            Err(rejection) => return self.reply(request, Err(rejection)),
        };
        let directory = self.file(&handle.file).directory;
        if asked.locks.is_empty() || asked.wait && asked.locks.len() > 1 || directory {
            return self.reply(request, Err(Rejection::InvalidParameter)); // LS-192
        }
        if self.is_repeated(asked.open, asked.sequence) {
            return self.reply(request, Ok(Outcome::Locked));
        }
        let owner = (handle.client, handle.key);
        match self.do_lock(&handle.file, owner, asked) {
            Verdict::Answered(outcome) => {
                self.wake();
                self.reply(request, outcome);
            }
            Verdict::Waits | Verdict::WaitsBehind(_) => {
                self.park(request, asked.session, handle.file, owner, (Task::Lock(asked.clone()), None));
                self.wake();
            }
        }
    }

    /// A handle of the server that asks.
    fn handle_of(&self, request: RequestId, session: SessionId, open: OpenId) -> Result<Handle, Rejection> {
        self.session_of(request, session).ok_or(Rejection::NoSuchSession)?;
        let handle = self.handles.iter().find(|handle| handle.id == open && handle.session == session);
        handle.cloned().ok_or(Rejection::NoSuchOpen)
    }

    /// A lock takes what a write would take (LS-060); then all of it is locked, or nothing.
    pub(super) fn do_lock(&mut self, file: &FileKey, owner: Owner, asked: &Lock) -> Verdict {
        if asked.locks.first().is_some_and(|lock| is_possible(lock.range)) {
            let write = Operation::Write { range: None };
            let mut demands = self.operation_demands(file, owner, &write);
            demands.extend(self.operation_demands_on_oplocks(file, asked.open, &write));
            let (waits, lost) = self.press(demands);
            if lost {
                return self.do_lock(file, owner, asked);
            }
            if waits {
                return Verdict::Waits;
            }
        }
        let before = self.locked.clone();
        for lock in &asked.locks {
            let trouble = if !is_possible(lock.range) {
                Rejection::InvalidLockRange
            } else if self.refuses(file, asked.open, *lock) {
                Rejection::LockNotGranted
            } else {
                self.locked.push(Locked { open: asked.open, file: file.clone(), lock: *lock });
                continue;
            };
            self.locked = before;
            let waits = asked.wait && trouble == Rejection::LockNotGranted;
            return if waits { Verdict::Waits } else { Verdict::Answered(Err(trouble)) };
        }
        self.extend(file, asked.allocation);
        self.carried_out(asked.open, asked.sequence);
        Verdict::Answered(Ok(Outcome::Locked))
    }

    /// In order, each exactly as it was locked, the oldest first; what was unlocked stays so.
    pub(super) fn unlock(&mut self, request: RequestId, asked: &Unlock) {
        let handle = match self.handle_of(request, asked.session, asked.open) {
            Ok(handle) => handle,
            Err(rejection) => return self.reply(request, Err(rejection)),
        };
        if asked.ranges.is_empty() {
            return self.reply(request, Err(Rejection::InvalidParameter));
        }
        if self.is_repeated(asked.open, asked.sequence) {
            return self.reply(request, Ok(Outcome::Unlocked));
        }
        let mut outcome = Ok(Outcome::Unlocked);
        for range in &asked.ranges {
            let exactly = |locked: &Locked| locked.open == asked.open && locked.lock.range == *range;
            let Some(at) = self.locked.iter().position(exactly) else {
                let trouble = if is_possible(*range) { Rejection::RangeNotLocked } else { Rejection::InvalidLockRange };
                outcome = Err(trouble);
                break;
            };
            self.locked.remove(at);
            self.woken.push(handle.file.clone());
        }
        self.forget_reach(&handle.file);
        if outcome.is_ok() {
            self.carried_out(asked.open, asked.sequence);
        }
        self.wake();
        self.reply(request, outcome);
    }

    /// How far data reaches is of no interest where nothing is locked.
    fn forget_reach(&mut self, file: &FileKey) {
        if self.locked_on(file).next().is_none() {
            for known in self.files.iter_mut().filter(|known| known.key == *file) {
                known.reach = 0;
            }
        }
    }

    /// Locks go with their open.
    pub(super) fn drop_locks(&mut self, of: &Handle) {
        self.sequences.retain(|(open, ..)| *open != of.id);
        if self.locked.iter().any(|locked| locked.open == of.id) {
            self.locked.retain(|locked| locked.open != of.id);
            self.woken.push(of.file.clone());
            self.forget_reach(&of.file);
        }
    }

    /// Whether a request was carried out before. If not, what was carried out in its bucket counts no more (LS-193).
    fn is_repeated(&mut self, open: OpenId, sequence: Option<LockSequence>) -> bool {
        let Some(sequence) = sequence else { return false };
        let entry = (open, sequence.bucket(), sequence.number());
        if self.sequences.contains(&entry) {
            return true;
        }
        self.sequences.retain(|(of, bucket, _)| (*of, *bucket) != (open, sequence.bucket()));
        false
    }

    fn carried_out(&mut self, open: OpenId, sequence: Option<LockSequence>) {
        if let Some(sequence) = sequence {
            self.sequences.retain(|(of, bucket, _)| (*of, *bucket) != (open, sequence.bucket()));
            self.sequences.push((open, sequence.bucket(), sequence.number()));
        }
    }

    /// Whether a lock that waits for locks still has to.
    pub(super) fn is_locked_out(&self, task: &Task, file: &FileKey) -> bool {
        let Task::Lock(asked) = task else { return false };
        asked.wait && asked.locks.iter().any(|lock| self.refuses(file, asked.open, *lock))
    }
}
