//! What is done through an open (MS-FSA 2.1.4.12): answered when nobody is in the way any more, and noted.

use super::Step;
use super::demand::{Actor, Taken};
use crate::command::Operation;
use crate::id::{FileId, FileKey, OpenId, RequestId, SessionId};
use crate::limits::NAME_BYTES_MAX;
use crate::outcome::{Limit, Outcome, Rejection};
use crate::range::LockOwner;
use crate::state::{Answer, Deleting, File, Keyed, Locks, State, Waiting};

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
        self.use_open(&file, open);
        match self.attempt_operation(&file, open, operation, false) {
            Ok(answer) => Some(answer),
            Err(behind) => {
                let client = self.state.session(session).expect("the session was just looked at").client;
                let waiting = Waiting::Operation { session, open, operation: operation.clone() };
                self.park_behind(id, &file, Some(client), waiting, behind);
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
        let client = self.state.file(file).and_then(|record| record.open(open)).map(|open| open.client);
        match self.take(file, client, parked, |state| state.demands_of(file, &state.actor(file, open)?, operation)) {
            Err(rejection) => Ok(Err(rejection)),
            Ok(Taken::Waits(behind)) => Err(behind),
            Ok(Taken::All) => Ok(self.state.actor(file, open).and_then(|actor| self.done(file, &actor, operation))),
        }
    }

    /// Looks at the locks, and notes what the operation leaves behind.
    pub(super) fn done(&mut self, file: &FileKey, actor: &Actor, operation: &Operation) -> Answer {
        let range = operation.range();
        let writes = matches!(operation, Operation::Write { .. });
        let locks = self.state.file(file).and_then(File::locks);
        let forbidden = |locks: &Locks, range| locks.forbid(actor.open.map(LockOwner::Open), actor.nfs, range, writes);
        if range.is_some_and(|range| locks.is_some_and(|locks| forbidden(locks, range))) {
            return Err(Rejection::FileLockConflict);
        }
        let reach = locks.and_then(|locks| reach(operation, locks.allocation()));
        if let Some(reach) = reach {
            self.state.edit_file(file).set_allocation(reach);
        }
        self.leave_behind(file, actor, operation);
        Ok(Outcome::Clear)
    }

    fn leave_behind(&mut self, file: &FileKey, actor: &Actor, operation: &Operation) {
        let key = actor.parent_lease.map(|lease| lease.key);
        match operation {
            Operation::Rename { name, parent, replaces: _ } => {
                if self.state.file(file).is_some() {
                    self.state.edit_file(file).rename(name);
                }
                self.child_changed(file, actor.parent, key);
                if parent.is_some() && *parent != actor.parent {
                    self.move_opens(file, actor.parent, *parent);
                    self.child_changed(file, *parent, key);
                }
            }
            Operation::Link { parent } => self.child_changed(file, parent.or(actor.parent), key),
            Operation::Dispose { delete } => match actor.open {
                Some(_) => {
                    self.state.edit_file(file).set_deleting(delete.then_some(Deleting::Pending { parent_key: key }));
                }
                // Who has no open takes the name away himself, now.
                None => self.child_changed(file, actor.parent, key),
            },
            // The size and the times of what was written reach the directory when the handle is closed (LS-132), if there is one.
            Operation::Write { .. } => match actor.open {
                // Where it does not lie in a directory yet that is known, it may by then.
                Some(open) => self.state.edit_file(file).edit_open(open, |open| open.modified = true),
                None => self.child_changed(file, actor.parent, key),
            },
            Operation::Resize { .. } => {
                self.child_changed(file, actor.parent, key);
                if let Some(open) = actor.open {
                    self.state.edit_file(file).edit_open(open, |open| open.resized = true);
                }
            }
            Operation::SetAttributes => self.child_changed(file, actor.parent, key),
            Operation::Use { position } => {
                if let Some((open, position)) = actor.open.zip(*position) {
                    self.set_position(file, open, position);
                }
            }
            Operation::Read { .. } | Operation::SetSecurity => (),
        }
    }

    /// Changes where all opens of a file lie that were opened in this directory: their path is the same.
    fn move_opens(&mut self, file: &FileKey, from: Option<FileId>, into: Option<FileId>) {
        let opens = self.state.file(file).into_iter().flat_map(File::opens).filter(|open| open.parent == from);
        let opens: Vec<OpenId> = opens.map(|open| open.id).collect();
        for open in opens {
            self.state.edit_file(file).edit_open(open, |open| open.parent = into);
        }
    }
}

/// How far the data of a file with locks may reach after this, if it may be another end than the known one. Too much costs grants, too
/// little coherence: so what does not say where it ends may end anywhere.
fn reach(operation: &Operation, known: u64) -> Option<u64> {
    match operation {
        Operation::Write { range } => {
            let end = range.map_or(u64::MAX, |range| range.offset.saturating_add(range.length));
            Some(known.max(end))
        }
        // Locks that begin behind a new end count for nothing (LS-035).
        Operation::Resize { allocation } => Some(allocation.unwrap_or(u64::MAX)),
        Operation::Read { .. }
        | Operation::Rename { .. }
        | Operation::Link { .. }
        | Operation::Dispose { .. }
        | Operation::SetSecurity
        | Operation::SetAttributes
        | Operation::Use { .. } => None,
    }
}

impl State {
    /// Who does what is done through an open.
    fn actor(&self, file: &FileKey, open: OpenId) -> Result<Actor, Rejection> {
        let record = self.file(file).ok_or(Rejection::NoSuchOpen)?;
        Ok(Actor::through(record, record.open(open).ok_or(Rejection::NoSuchOpen)?))
    }
}
