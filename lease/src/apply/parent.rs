//! What is taken from others without waiting for it: from the leases on a directory when something in it changes (MS-SMB2 3.3.1.4,
//! MS-FSA 2.1.4.12), and handle caching when a file is deleted by closing a handle.

use super::Step;
use crate::id::{FileId, FileKey};
use crate::state::{HoldId, Own, Reason, directory};

/// Something to be taken from all owners of a file but one.
#[derive(Debug)]
pub(super) struct Claim {
    file: FileKey,
    own: Own,
    reason: Reason,
}

impl Step<'_> {
    /// A file has come into its directory, left it or changed there: that takes everything from the leases on the directory but `own`.
    /// To do so is like overwriting what they cache: R is lost at once, RH with an acknowledgement, and nobody waits (LS-129, LS-130).
    pub(super) fn child_changed(&mut self, file: &FileKey, parent: Option<FileId>, own: Option<HoldId>) {
        if let Some(parent) = parent {
            self.claim(directory(file, parent), Own::hold(own), Reason::Overwrite);
        }
    }

    /// Notes what is to be taken when the command has done what it does. It is not taken at once: a holder who can not be told loses its
    /// opens, and what their end takes from others must not be done inside of it.
    pub(super) fn claim(&mut self, file: FileKey, own: Own, reason: Reason) {
        if self.state.file(&file).is_some_and(|record| record.others(own).next().is_some()) {
            self.claims.push_back(Claim { file, own, reason });
        }
    }

    /// Takes what was noted.
    pub(super) fn settle_claims(&mut self) {
        while let Some(Claim { file, own, reason }) = self.claims.pop_front() {
            let Some(record) = self.state.file(&file) else { continue };
            let holds: Vec<HoldId> = record.others(own).filter(|hold| hold.can_lose(reason)).map(|hold| hold.id).collect();
            for hold in holds {
                self.break_hold(&file, hold, reason);
            }
        }
    }
}
