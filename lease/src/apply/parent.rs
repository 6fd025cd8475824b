//! What is taken from others without waiting for it: from the leases on a directory when something in it changes (MS-SMB2 3.3.1.4,
//! MS-FSA 2.1.4.12), and handle caching when a file is deleted by closing a handle.

use super::Step;
use crate::id::{FileId, FileKey, LeaseKey};
use crate::state::{File, HoldId, Own, Reason, directory};

/// Something to be taken from all owners of a file but some.
#[derive(Debug)]
pub(super) struct Claim {
    file: FileKey,
    spared: Spared,
    reason: Reason,
}

/// From whom something is not taken.
#[derive(Debug, Clone, Copy)]
enum Spared {
    /// From who does it.
    Own(Own),
    /// From the leases of this key, whosever they are: a directory's are compared by their keys alone (MS-FSA 2.1.4.12.2; observed).
    Key(Option<LeaseKey>),
}

impl Spared {
    fn has(self, id: HoldId) -> bool {
        match (self, id) {
            (Spared::Own(own), id) => own.has(id),
            (Spared::Key(key), HoldId::Lease(lease)) => key == Some(lease.key),
            (Spared::Key(_), _) => false,
        }
    }
}

impl Step<'_> {
    /// A file has come into its directory, left it or changed there: that takes everything from the leases on the directory but those of
    /// this key. To do so is like overwriting what they cache: R is lost at once, RH with an acknowledgement, and nobody waits (LS-129,
    /// LS-130).
    pub(super) fn child_changed(&mut self, file: &FileKey, parent: Option<FileId>, key: Option<LeaseKey>) {
        if let Some(parent) = parent {
            self.note_claim(Claim { file: directory(file, parent), spared: Spared::Key(key), reason: Reason::Overwrite });
        }
    }

    /// Notes what is to be taken from the others of a file when the command has done what it does. It is not taken at once: a holder who can
    /// not be told loses its opens, and what their end takes from others must not be done inside of it.
    pub(super) fn claim(&mut self, file: FileKey, own: Own, reason: Reason) {
        self.note_claim(Claim { file, spared: Spared::Own(own), reason });
    }

    fn note_claim(&mut self, claim: Claim) {
        let mut holds = self.state.file(&claim.file).into_iter().flat_map(File::holds);
        if holds.any(|hold| !claim.spared.has(hold.id)) {
            self.claims.push_back(claim);
        }
    }

    /// Takes what was noted.
    pub(super) fn settle_claims(&mut self) {
        while let Some(Claim { file, spared, reason }) = self.claims.pop_front() {
            let Some(record) = self.state.file(&file) else { continue };
            // The file that was to be deleted may have gone meanwhile, and another have come in its place.
            if reason == Reason::Handle && record.deleting().is_none() {
                continue;
            }
            let holds = record.holds().iter().filter(|hold| !spared.has(hold.id) && hold.can_lose(reason));
            let holds: Vec<HoldId> = holds.map(|hold| hold.id).collect();
            for hold in holds {
                self.break_hold(&file, hold, reason);
            }
        }
    }
}
