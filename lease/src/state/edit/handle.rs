//! Changes of what is kept beside opens, and of whose they are.

use super::FileEdit;
use crate::id::{ClientGuid, OpenId, SessionId};
use crate::range::LockOwner;
use crate::snapshot::RecordOf;
use crate::state::{Handle, Keyed, Locks};

impl FileEdit<'_> {
    /// Sets what is kept beside an open.
    pub(crate) fn put_handle(&mut self, open: OpenId, handle: Handle) {
        self.remove_handle(open);
        self.digest.add(&RecordOf::Handle(self.file.key(), open, &handle));
        self.index.add_handle(self.file.key(), open, &handle);
        self.file.put_handle(open, handle);
    }

    /// Changes what is kept beside an open, if anything is.
    pub(crate) fn edit_handle(&mut self, open: OpenId, edit: impl FnOnce(&mut Handle)) {
        let Some(before) = self.file.handle(open) else { return };
        let mut after = before.clone();
        edit(&mut after);
        if after != *before {
            self.put_handle(open, after);
        }
    }

    pub(super) fn remove_handle(&mut self, open: OpenId) {
        if let Some(handle) = self.file.remove_handle(open) {
            self.digest.subtract(&RecordOf::Handle(self.file.key(), open, &handle));
            self.index.remove_handle(open, &handle);
        }
    }

    /// Gives an open to a session of this client, or to none.
    pub(crate) fn set_session(&mut self, id: OpenId, session: Option<SessionId>, client: ClientGuid) {
        let Some(before) = self.file.open(id).copied() else { return };
        self.index.remove_open(self.file.key(), &before);
        self.edit_open(id, |open| (open.session, open.client) = (session, client));
        if let Some(after) = self.file.open(id) {
            self.index.add_open(self.file.key(), after);
        }
        if before.client != client {
            self.change_owner(id, before.client, client);
        }
    }

    /// What is counted for who had an open is counted for who has it now.
    fn change_owner(&mut self, open: OpenId, from: ClientGuid, to: ClientGuid) {
        let locks = self.file.locks().map_or(0, |locks: &Locks| locks.len_of(LockOwner::Open(open)));
        self.index.owners.subtract(from, |owned| &mut owned.opens);
        self.index.owners.add(to, |owned| &mut owned.opens);
        for _ in 0..locks {
            self.index.owners.subtract(from, |owned| &mut owned.locks);
            self.index.owners.add(to, |owned| &mut owned.locks);
        }
    }
}
