//! What is done through an open: what it takes from other owners, and what it waits for (MS-FSA 2.1.4.12).

use super::Step;
use crate::command::Operation;
use crate::id::{FileKey, OpenId, RequestId, SessionId};
use crate::limits::{NAME_BYTES_MAX, PARKED_OPENS_PER_FILE_MAX};
use crate::outcome::{Limit, Outcome, Rejection};
use crate::state::{Answer, HoldId, Keyed, OpenRecord, Reason, Waiting};

impl Operation {
    /// What it takes from other owners.
    fn reason(&self) -> Option<Reason> {
        match self {
            Operation::Read => Some(Reason::Access),
            Operation::Write | Operation::Resize => Some(Reason::Overwrite),
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
        let Some(reason) = operation.reason() else { return Some(Ok(self.done(file, operation))) };
        loop {
            let Some(record) = self.state.file(file) else { return Some(Err(Rejection::NoSuchOpen)) };
            let Some(own) = record.open(open).map(OpenRecord::hold) else { return Some(Err(Rejection::NoSuchOpen)) };
            let in_the_way = || record.holds().iter().filter(|hold| Some(hold.id) != own || reason.takes_own(hold));
            let waits = in_the_way().any(|hold| hold.delays(reason));
            if waits && !parked && record.parked().len() >= PARKED_OPENS_PER_FILE_MAX {
                return Some(Err(Rejection::LimitReached(Limit::ParkedOpensPerFile)));
            }
            let breaks: Vec<HoldId> = in_the_way().filter(|hold| hold.can_lose(reason)).map(|hold| hold.id).collect();
            for hold in &breaks {
                self.break_hold(file, *hold, reason);
            }
            // Once more if a holder was found unreachable and lost its opens: it is not in the way any more.
            let all_there = breaks.iter().all(|hold| self.state.hold(*hold).is_some());
            match (waits, all_there) {
                (true, true) => return None,
                (true, false) => (),
                (false, _) => return Some(Ok(self.done(file, operation))),
            }
        }
    }

    /// Notes what the operation leaves behind.
    fn done(&mut self, file: &FileKey, operation: &Operation) -> Outcome {
        match operation {
            Operation::Rename { name } => self.state.edit_file(file).rename(name),
            Operation::Dispose { delete } => self.state.edit_file(file).set_delete_pending(*delete),
            Operation::Read | Operation::Write | Operation::Resize | Operation::Link | Operation::SetSecurity => (),
        }
        Outcome::Clear
    }
}
