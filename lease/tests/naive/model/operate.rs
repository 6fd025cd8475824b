//! What is done through an open, as far as the caching of others goes (sections 1.D and 2.1).

use lease::{Caching, Operation, Outcome, Rejection, RequestId};

use super::open::Verdict;
use super::{Demand, FileKey, Model, OpenId, Owner, SessionId, Task, owns};

impl Model {
    pub(super) fn operate(&mut self, request: RequestId, session: SessionId, open: OpenId, operation: &Operation) {
        if self.session_of(request, session).is_none() {
            return self.reply(request, Err(Rejection::NoSuchSession));
        }
        let Some(handle) = self.handles.iter().find(|handle| handle.id == open && handle.session == session) else {
            return self.reply(request, Err(Rejection::NoSuchOpen));
        };
        let (file, owner) = (handle.file.clone(), (handle.client, handle.key));
        let behind = match self.do_operate(open, operation) {
            Verdict::Answered(outcome) => {
                self.wake();
                return self.reply(request, outcome);
            }
            Verdict::Waits => None,
            Verdict::WaitsBehind(file) => Some(file),
        };
        self.park(request, session, file, owner, (Task::Operate(open, operation.clone()), behind));
        self.wake();
    }

    pub(super) fn do_operate(&mut self, open: OpenId, operation: &Operation) -> Verdict {
        let Some(handle) = self.handles.iter().find(|handle| handle.id == open).cloned() else {
            return Verdict::Answered(Err(Rejection::NoSuchOpen)); // lost over what it asked for
        };
        let (file, owner) = (&handle.file, (handle.client, handle.key));
        let mut demands = self.operation_demands(file, owner, operation);
        demands.extend(self.operation_demands_on_oplocks(file, open, operation));
        let (elsewhere, behind) = match self.demands_elsewhere(&handle, operation) {
            Ok(elsewhere) => elsewhere,
            Err(rejection) => return Verdict::Answered(Err(rejection)),
        };
        demands.extend(elsewhere);
        demands.sort_by_cached_key(|demand| self.place(demand));
        let (waits, lost) = self.press(demands);
        if lost {
            return self.do_operate(open, operation); // somebody less is in the way now
        }
        if waits {
            return behind.map_or(Verdict::Waits, Verdict::WaitsBehind);
        }
        if self.forbids(file, open, operation) {
            return Verdict::Answered(Err(Rejection::FileLockConflict)); // LS-191
        }
        match operation {
            Operation::Rename { name, .. } => self.file(file).name = name.clone(),
            Operation::Dispose { delete } => {
                let known = self.file(file);
                (known.delete_pending, known.delete_key) = (*delete, handle.parent_key);
            }
            Operation::Write { range: Some(range) } => self.extend(file, range.offset.saturating_add(range.length)),
            Operation::Write { range: None } | Operation::Resize { allocation: None } => self.extend(file, u64::MAX),
            Operation::Resize { allocation: Some(end) } => self.cut(file, *end),
            Operation::Read { .. }
            | Operation::Link { .. }
            | Operation::SetSecurity
            | Operation::SetAttributes
            | Operation::Use { .. } => {}
        }
        self.note_in_directory(&handle, operation);
        Verdict::Answered(Ok(Outcome::Clear))
    }

    pub(super) fn operation_demands(&self, file: &FileKey, owner: Owner, operation: &Operation) -> Vec<Demand> {
        let others = self.leases.iter().filter(|lease| lease.file == *file && !owns(owner, lease));
        let demand = |lease: &super::Lease, leaves, wait| Demand::Lease { of: (lease.client, Some(lease.key)), leaves, wait };
        match operation {
            // Class W (LS-057).
            Operation::Read { .. } => {
                others.filter(|lease| lease.state.writes()).map(|lease| demand(lease, lease.state.without_writes(), true)).collect()
            }
            // Class RW (LS-058, LS-063).
            Operation::Write { .. } | Operation::Resize { .. } => others
                .filter(|lease| lease.state != Caching::None)
                .map(|lease| demand(lease, Caching::None, lease.state.writes()))
                .collect(),
            // Class H (LS-065, LS-068, LS-069, LS-071).
            Operation::Rename { .. } | Operation::Link { .. } | Operation::SetSecurity | Operation::Dispose { delete: true } => {
                others
                    .filter(|lease| lease.state.handles())
                    .map(|lease| demand(lease, lease.state.without_handles(), true))
                    .collect()
            }
            Operation::Dispose { delete: false } | Operation::SetAttributes | Operation::Use { .. } => Vec::new(),
        }
    }
}
