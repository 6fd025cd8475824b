//! What is done through an open (MS-FSA 2.1.4.12): answered when nobody is in the way any more, and noted.

use super::Step;
use super::demand::Taken;
use crate::command::Operation;
use crate::id::{FileKey, OpenId, RequestId, SessionId};
use crate::limits::NAME_BYTES_MAX;
use crate::outcome::{Limit, Outcome, Rejection};
use crate::range::LockOwner;
use crate::state::{Answer, Deleting, File, HoldId, Keyed, Locks, OpenRecord, Waiting};

impl Step<'_> {
    /// Answers, or parks the operation and says so.
    pub(super) fn operate(&mut self, id: RequestId, session: SessionId, open: OpenId, operation: &Operation) -> Option<Answer> {
        let file = match self.file_of(id, session, open) {
            Ok(file) => file,
            Err(rejection) => return Some(Err(rejection)),
        };
        if let Operation::Rename { name, .. } = operation
            && name.len() > NAME_BYTES_MAX
        {
            return Some(Err(Rejection::LimitReached(Limit::NameBytes)));
        }
        match self.attempt_operation(&file, open, operation, false) {
            Ok(answer) => Some(answer),
            Err(behind) => {
                let client = self.state.session(session).expect("the session was just looked at").client;
                let waiting = Waiting::Operation { session, open, operation: operation.clone() };
                self.park_behind(id, &file, client, waiting, behind);
                None
            }
        }
    }

    /// The file of an open of the asking server.
    pub(super) fn file_of(&self, id: RequestId, session: SessionId, open: OpenId) -> Result<FileKey, Rejection> {
        self.session_of(id, session)?;
        let hash = self.state.index().opens.get(&session).and_then(|opens| opens.get(open)).ok_or(Rejection::NoSuchOpen)?;
        let file = self.state.file_of_open(open, hash).ok_or(Rejection::NoSuchOpen)?;
        Ok(file.key().clone())
    }

    /// Tries an operation, from the beginning each time (LS-046). Without an answer it has to wait for breaks, which now run, on its own
    /// file or on another.
    pub(super) fn attempt_operation(
        &mut self,
        file: &FileKey,
        open: OpenId,
        operation: &Operation,
        parked: bool,
    ) -> Result<Answer, Option<u64>> {
        match self.take(file, parked, |state| state.demands_of(file, open, operation)) {
            Err(rejection) => Ok(Err(rejection)),
            Ok(Taken::Waits(behind)) => Err(behind),
            Ok(Taken::All) => Ok(self.done(file, open, operation)),
        }
    }

    /// Looks at the locks, and notes what the operation leaves behind.
    fn done(&mut self, file: &FileKey, open: OpenId, operation: &Operation) -> Answer {
        let through = *self.state.file(file).and_then(|record| record.open(open)).ok_or(Rejection::NoSuchOpen)?;
        let own = through.parent_lease().map(HoldId::Lease);
        let range = operation.range();
        let writes = matches!(operation, Operation::Write { .. });
        let locks = self.state.file(file).and_then(File::locks);
        let owner = LockOwner::Open(open);
        if range.is_some_and(|range| locks.is_some_and(|locks| locks.forbid(owner, range, writes))) {
            return Err(Rejection::FileLockConflict);
        }
        if let Some(known) = locks.map(Locks::allocation)
            && matches!(operation, Operation::Write { .. } | Operation::Resize)
        {
            // How far the data may reach now: without a range, anywhere. Too much costs grants, too little coherence.
            let end = range.map_or(u64::MAX, |range| range.offset.saturating_add(range.length));
            self.state.edit_file(file).set_allocation(known.max(end));
        }
        match operation {
            Operation::Rename { name, parent, replaces: _ } => {
                self.state.edit_file(file).rename(name);
                self.child_changed(file, through.parent, own);
                if parent.is_some() && *parent != through.parent {
                    self.move_opens(file, &through, |open| open.parent = *parent);
                    self.child_changed(file, *parent, own);
                }
            }
            Operation::Link { parent } => self.child_changed(file, parent.or(through.parent), own),
            Operation::Dispose { delete } => {
                let parent_lease = through.parent_lease();
                self.state.edit_file(file).set_deleting(delete.then_some(Deleting::Pending { parent_lease }));
            }
            // The size and the times of what was written reach the directory when the handle is closed (LS-132).
            Operation::Write { .. } if through.parent.is_some() => {
                self.state.edit_file(file).edit_open(open, |open| open.modified = true);
            }
            Operation::Resize | Operation::SetAttributes => self.child_changed(file, through.parent, own),
            Operation::Write { .. } | Operation::Read { .. } | Operation::SetSecurity => (),
        }
        Ok(Outcome::Clear)
    }

    /// Changes all opens of a file that were opened where this one was: its path is theirs.
    fn move_opens(&mut self, file: &FileKey, through: &OpenRecord, edit: impl Fn(&mut OpenRecord)) {
        let opens = self.state.file(file).into_iter().flat_map(File::opens).filter(|open| open.parent == through.parent);
        let opens: Vec<OpenId> = opens.map(|open| open.id).collect();
        for open in opens {
            self.state.edit_file(file).edit_open(open, &edit);
        }
    }
}
