//! Files that are kept for who has a persistent open of them and is away (MS-SMB2 3.3.5.9).

use crate::command::Open;
use crate::id::{ClientGuid, FileKey};
use crate::outcome::Rejection;
use crate::range::LockOwner;
use crate::state::{File, Locks, OpenRecord, State};

impl File {
    /// Whether others can be told to wait for the client of this open: it caches the handle, and if something is locked under its lease then
    /// writes too (LS-161, LS-163).
    fn can_be_waited_for(&self, open: &OpenRecord) -> bool {
        let Some(hold) = self.handle_caching(open) else { return false };
        let locks = |locks: &Locks, id| locks.len_of(LockOwner::Open(id)) > 0;
        let locked = || self.locks().is_some_and(|held| self.opens_under(hold.id).any(|open| locks(held, open.id)));
        hold.current().writes() || !locked()
    }

    /// Whether somebody may go on to take the file from the persistent opens that wait for their clients (LS-160 to LS-163).
    fn check_kept(&self, client: Option<ClientGuid>) -> Result<(), Rejection> {
        // The client itself is to take its open back first.
        let in_the_way = |open: &OpenRecord| client == Some(open.client) || !self.can_be_waited_for(open);
        if self.persistent_adrift().any(in_the_way) { Err(Rejection::FileNotAvailable) } else { Ok(()) }
    }
}

impl State {
    /// Whether a client's open may go on (LS-076): before anything else is looked at.
    pub(super) fn check_kept_from(&self, open: &Open, client: ClientGuid) -> Result<(), Rejection> {
        self.file(&open.file).map_or(Ok(()), |file| file.check_kept(Some(client)))
    }

    /// Whether anybody may go on who is no client of SMB, or whatever client he is.
    pub(super) fn check_kept_from_all(&self, file: &FileKey) -> Result<(), Rejection> {
        self.file(file).map_or(Ok(()), |file| file.check_kept(None))
    }
}
