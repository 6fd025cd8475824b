//! What is done to a file by who has no open of it: clients of NFSv3, programs on a server's host.

use super::Step;
use super::demand::{Actor, Demands, Taken};
use super::sharing::demands_of_sharing;
use crate::command::{Access, ForeignAccess, Operation, Share};
use crate::id::{FileKey, RequestId};
use crate::limits::NAME_BYTES_MAX;
use crate::outcome::{Limit, Rejection};
use crate::state::{Answer, Own, State, Waiting};

/// What an open of SMB would have to be allowed for this. A server whose NFS clients heed the share modes of SMB asks that of each access, for
/// these clients have no open that would have asked before.
fn needs(operation: &Operation) -> Access {
    Access(match operation {
        Operation::Read { range: Some(_) } => Access::READ_DATA,
        Operation::Write { .. } | Operation::Resize { .. } => Access::WRITE_DATA,
        Operation::Rename { .. } | Operation::Dispose { delete: true } => Access::DELETE,
        Operation::Read { range: None }
        | Operation::Link { .. }
        | Operation::Dispose { delete: false }
        | Operation::SetSecurity
        | Operation::SetAttributes
        | Operation::Use { .. } => 0,
    })
}

fn check(asked: &ForeignAccess) -> Result<(), Rejection> {
    let renamed = if let Operation::Rename { name, .. } = &asked.operation { Some(name) } else { None };
    let names = [renamed, asked.file.stream.as_ref()].into_iter().flatten();
    if names.map(|name| name.len()).sum::<usize>() > NAME_BYTES_MAX {
        return Err(Rejection::LimitReached(Limit::NameBytes));
    }
    // Whoever has no open has marked nothing to be deleted, and takes no mark off; nor does he use one.
    if matches!(asked.operation, Operation::Dispose { delete: false } | Operation::Use { .. }) {
        return Err(Rejection::InvalidParameter);
    }
    Ok(())
}

impl Step<'_> {
    /// Answers, or parks the access and says so.
    pub(super) fn access(&mut self, id: RequestId, asked: &ForeignAccess) -> Option<Answer> {
        if let Err(rejection) = check(asked) {
            return Some(Err(rejection));
        }
        match self.attempt_access(asked, false) {
            Ok(answer) => Some(answer),
            Err(behind) => {
                let line = self.state.line_of(&asked.file, behind).cloned().expect("what is waited for is known");
                self.park_behind(id, &line, None, Waiting::Access(asked.clone()), behind);
                None
            }
        }
    }

    /// Tries an access, from the beginning each time. Without an answer it has to wait for breaks, which now run.
    pub(super) fn attempt_access(&mut self, asked: &ForeignAccess, parked: bool) -> Result<Answer, Option<u64>> {
        let ForeignAccess { file, parent, operation } = asked;
        let allowed = || self.state.check_kept_from_all(file).and_then(|()| self.state.check_grace(file.volume, false, parked));
        if operation.takes_anything()
            && let Err(rejection) = allowed()
        {
            return Ok(Err(rejection));
        }
        let actor = Actor::without_open(*parent);
        match self.take(file, None, parked, |state| state.demands_of_access(file, &actor, operation)) {
            Err(rejection) => Ok(Err(rejection)),
            Ok(Taken::Waits(behind)) => Err(behind),
            Ok(Taken::All) => Ok(self.done(file, &actor, operation)),
        }
    }
}

impl State {
    /// What an access demands, or that it can not be done whatever the others do: first what an open for it would, then the access itself.
    fn demands_of_access(&self, file: &FileKey, actor: &Actor, operation: &Operation) -> Result<Demands, Rejection> {
        if let Some(record) = self.file(file) {
            let share = Share(Share::READ | Share::WRITE | Share::DELETE);
            let mut conflicting = demands_of_sharing(record, Own::default(), needs(operation), share)?;
            if conflicting.waits {
                conflicting.behind = Some(file.behind());
                return Ok(conflicting);
            }
        }
        self.demands_of(file, actor, operation)
    }
}
