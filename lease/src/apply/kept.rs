//! Files that are kept for who has a persistent open of them and is away (MS-SMB2 3.3.5.9).

use crate::command::Open;
use crate::id::{ClientGuid, FileKey};
use crate::outcome::Rejection;
use crate::range::LockOwner;
use crate::state::{File, Locks, OpenRecord, State};

/// How many persistent opens under one lease let a truncating open wait for them.
const OVERWRITABLE: usize = 1;

impl File {
    /// Whether others can be told to wait for the client of this open: it caches the handle, and if it has locks then writes too (LS-161, LS-163).
    fn can_be_waited_for(&self, open: &OpenRecord) -> bool {
        let locked = self.locks().is_some_and(|locks: &Locks| locks.len_of(LockOwner::Open(open.id)) > 0);
        self.handle_caching(open).is_some_and(|hold| hold.current().writes() || !locked)
    }

    /// Whether somebody may go on to take the file from the persistent opens that wait for their clients (LS-160 to LS-163): `client` opens it,
    /// and if `overwrites`, takes all of it.
    fn check_kept(&self, client: Option<ClientGuid>, overwrites: bool) -> Result<(), Rejection> {
        for open in self.persistent_adrift() {
            // The client itself is to take its open back first.
            let own = client == Some(open.client);
            let beside = || self.persistent_adrift().filter(|other| other.hold() == open.hold()).count();
            if own || !self.can_be_waited_for(open) || overwrites && beside() > OVERWRITABLE {
                return Err(Rejection::FileNotAvailable);
            }
        }
        Ok(())
    }
}

impl State {
    /// Whether an open may go on (LS-076): before anything else is looked at.
    pub(super) fn check_kept_from(&self, open: &Open, client: ClientGuid) -> Result<(), Rejection> {
        let overwrites = open.disposition != crate::command::Disposition::Keep;
        self.file(&open.file).map_or(Ok(()), |file| file.check_kept(Some(client), overwrites))
    }

    /// Whether something that is done without an open of SMB may go on.
    pub(super) fn check_kept_from_nfs(&self, file: &FileKey) -> Result<(), Rejection> {
        self.file(file).map_or(Ok(()), |file| file.check_kept(None, false))
    }
}
