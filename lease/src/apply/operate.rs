//! What is done through an open: what it takes from other owners, and what it waits for (MS-FSA 2.1.4.12).

use super::Step;
use crate::command::Operation;
use crate::id::{FileKey, OpenId, RequestId, SessionId};
use crate::limits::{NAME_BYTES_MAX, PARKED_OPENS_PER_FILE_MAX};
use crate::outcome::{Limit, Outcome, Rejection};
use crate::range::{ByteRange, LockOwner};
use crate::state::{Answer, File, HoldId, Keyed, Locks, OpenRecord, Reason, Waiting};

impl Operation {
    /// What it reads or writes, if that is to be looked up among the locks.
    pub(crate) fn range(&self) -> Option<ByteRange> {
        match self {
            Operation::Read { range } | Operation::Write { range } => *range,
            Operation::Resize | Operation::Rename { .. } | Operation::Link | Operation::Dispose { .. } | Operation::SetSecurity => {
                None
            }
        }
    }

    /// What it takes from other owners.
    fn reason(&self) -> Option<Reason> {
        match self {
            Operation::Read { .. } => Some(Reason::Access),
            Operation::Write { .. } | Operation::Resize => Some(Reason::Overwrite),
            Operation::Rename { .. } | Operation::Link => Some(Reason::Name),
            Operation::Dispose { delete: true } | Operation::SetSecurity => Some(Reason::Handle),
            // A file that stays after all is in nobody's way (LS-069).
            Operation::Dispose { delete: false } => None,
        }
    }
}

impl Step<'_> {
    /// Answers, or parks the operation and says so.
    pub(super) fn operate(&mut self, id: RequestId, session: SessionId, open: OpenId, operation: &Operation) -> Option<Answer> {
        let file = match self.file_of(id, session, open) {
            Ok(file) => file,
            Err(rejection) => return Some(Err(rejection)),
        };
        if let Operation::Rename { name } = operation
            && name.len() > NAME_BYTES_MAX
        {
            return Some(Err(Rejection::LimitReached(Limit::NameBytes)));
        }
        let answer = self.attempt_operation(&file, open, operation, false);
        if answer.is_none() {
            let client = self.state.session(session).expect("the session was just looked at").client;
            self.park(id, &file, client, Waiting::Operation { session, open, operation: operation.clone() });
        }
        answer
    }

    /// The file of an open of the asking server.
    pub(super) fn file_of(&self, id: RequestId, session: SessionId, open: OpenId) -> Result<FileKey, Rejection> {
        self.session_of(id, session)?;
        let hash = self.state.index().opens.get(&session).and_then(|opens| opens.get(open)).ok_or(Rejection::NoSuchOpen)?;
        Ok(self.state.file_of_open(open, hash).ok_or(Rejection::NoSuchOpen)?.key().clone())
    }

    /// Tries an operation, from the beginning each time (LS-046). No answer means that it has to wait for breaks, which now run.
    pub(super) fn attempt_operation(
        &mut self,
        file: &FileKey,
        open: OpenId,
        operation: &Operation,
        parked: bool,
    ) -> Option<Answer> {
        let Some(reason) = operation.reason() else { return Some(self.done(file, open, operation)) };
        match self.take_from_others(file, open, reason, parked) {
            Err(rejection) => Some(Err(rejection)),
            Ok(true) => None,
            Ok(false) => Some(self.done(file, open, operation)),
        }
    }

    /// Takes from the other owners of a file what a reason takes. Whether that has to be waited for.
    pub(super) fn take_from_others(
        &mut self,
        file: &FileKey,
        open: OpenId,
        reason: Reason,
        parked: bool,
    ) -> Result<bool, Rejection> {
        loop {
            let record = self.state.file(file).ok_or(Rejection::NoSuchOpen)?;
            let own = record.open(open).map(OpenRecord::hold).ok_or(Rejection::NoSuchOpen)?;
            let in_the_way = || record.holds().iter().filter(|hold| Some(hold.id) != own || reason.takes_own(hold));
            let waits = in_the_way().any(|hold| hold.delays(reason));
            if waits && !parked && record.parked().len() >= PARKED_OPENS_PER_FILE_MAX {
                return Err(Rejection::LimitReached(Limit::ParkedOpensPerFile));
            }
            let breaks: Vec<HoldId> = in_the_way().filter(|hold| hold.can_lose(reason)).map(|hold| hold.id).collect();
            for hold in &breaks {
                self.break_hold(file, *hold, reason);
            }
            // Once more if a holder was found unreachable and lost its opens: it is not in the way any more.
            let all_there = breaks.iter().all(|hold| self.state.hold(*hold).is_some());
            if !waits || all_there {
                return Ok(waits);
            }
        }
    }

    /// Looks at the locks, and notes what the operation leaves behind.
    fn done(&mut self, file: &FileKey, open: OpenId, operation: &Operation) -> Answer {
        let range = operation.range();
        let writes = matches!(operation, Operation::Write { .. });
        let locks = self.state.file(file).and_then(File::locks);
        let owner = LockOwner::Open(open);
        if range.is_some_and(|range| locks.is_some_and(|locks| locks.forbid(owner, range, writes))) {
            return Err(Rejection::FileLockConflict);
        }
        let known = locks.map(Locks::allocation);
        match operation {
            Operation::Rename { name } => self.state.edit_file(file).rename(name),
            Operation::Dispose { delete } => self.state.edit_file(file).set_delete_pending(*delete),
            Operation::Write { .. } | Operation::Resize => {
                // How far the data may reach now: without a range, anywhere. Too much costs grants, too little coherence.
                let end = range.map_or(u64::MAX, |range| range.offset.saturating_add(range.length));
                if let Some(known) = known {
                    self.state.edit_file(file).set_allocation(known.max(end));
                }
            }
            Operation::Read { .. } | Operation::Link | Operation::SetSecurity => (),
        }
        Ok(Outcome::Clear)
    }
}
