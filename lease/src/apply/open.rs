//! CREATE (MS-SMB2 3.3.5.9; MS-FSA 2.1.5.1.2): share modes, breaks and the grant as one step.

use super::Step;
use super::delegation::grant_delegation;
use super::demand::{Demands, Taken};
use super::grant::{grant, grant_oplock};
use super::policy::{delegation_asked, lease_asked, oplock_asked, through_share};
use super::sharing::demands_of_open;
use crate::command::{Disposition, LeaseRequest, Open};
use crate::id::{ClientGuid, LeaseKey, OpenId, RequestId};
use crate::limits::{NAME_BYTES_MAX, OPENS_PER_FILE_MAX};
use crate::oplock::OplockLevel;
use crate::outcome::{Limit, Outcome, Rejection};
use crate::state::{Answer, Deleting, File, Handle, HoldId, Keyed, OpenRecord, Under, Waiting};

/// The key of the directory lease that what is done through this open does not break: only a lease context has one (LS-130).
fn parent_key(open: &Open) -> Option<LeaseKey> {
    open.lease.and_then(|lease| lease.v2).and_then(|v2| v2.parent)
}

impl Step<'_> {
    /// Answers, or parks the open and says so.
    pub(super) fn open(&mut self, id: RequestId, open: &Open) -> Option<Answer> {
        let client = match self.validate(id, open) {
            Ok(client) => client,
            Err(rejection) => return Some(Err(rejection)),
        };
        let open = &*through_share(self.state, open);
        match self.replay(id, open, client) {
            Err(rejection) => return Some(Err(rejection)),
            Ok(true) => return None,
            Ok(false) if open.only_replay => return Some(Err(Rejection::NoSuchDurableOpen)),
            Ok(false) => (),
        }
        if let Err(rejection) = self.take_over(open, client) {
            return Some(Err(rejection));
        }
        // The file is there already, whatever comes of the open.
        if open.created {
            self.tell_parent(open);
        }
        let answer = self.attempt(open, client, false);
        if answer.is_none() {
            self.park(id, &open.file, Some(client), Waiting::Open(open.clone()));
        }
        answer
    }

    fn validate(&self, id: RequestId, open: &Open) -> Result<ClientGuid, Rejection> {
        let client = self.session_of(id, open.session)?.client;
        let names = [Some(&open.name), open.file.stream.as_ref()];
        if names.into_iter().flatten().any(|name| name.len() > NAME_BYTES_MAX) {
            return Err(Rejection::LimitReached(Limit::NameBytes));
        }
        let asked = [open.lease.is_some(), open.oplock != OplockLevel::None, open.delegation.is_some()];
        let several = asked.into_iter().filter(|asked| *asked).count() > 1;
        if !open.access.is_valid() || !open.share.is_valid() || several {
            return Err(Rejection::InvalidParameter);
        }
        Ok(client)
    }

    /// Tries an open: the whole check, from the beginning, each time (LS-046). No answer means that it has to wait for breaks, which now
    /// run.
    pub(super) fn attempt(&mut self, open: &Open, client: ClientGuid, parked: bool) -> Option<Answer> {
        let kept = self.state.check_kept_from(open, client);
        if let Err(rejection) = kept.and_then(|()| self.state.check_grace(open.file.volume, open.reclaim, parked)) {
            return Some(Err(rejection));
        }
        let asked = lease_asked(self.state, open, client);
        let own = asked.map(|lease| HoldId::lease(client, lease.key));
        // A context that is ignored, as one of version 1 on a directory, may still not name a key that is another file's: Windows looks at the
        // key first.
        let named = open.lease.and_then(|lease| self.state.file_of_hold(HoldId::lease(client, lease.key)));
        if named.is_some_and(|file| *file.key() != open.file) {
            return Some(Err(Rejection::KeyOnOtherFile));
        }
        let taken = self.take(&open.file, Some(client), parked, |state| {
            state.room_for_open(client)?;
            let Some(file) = state.file(&open.file) else { return Ok(Demands::default()) };
            within_limits(file, open)?;
            demands_of_open(file, open, file.own(Some(client), own))
        });
        match taken {
            Err(rejection) => return Some(Err(rejection)),
            Ok(Taken::Waits(_)) => return None,
            Ok(Taken::All) => (),
        }
        // One lease more than a client can have is none, and the open succeeds without (MS-SMB2 3.3.5.9.8 leaves it to the server).
        let known = own.is_some_and(|own| self.state.hold(own).is_some());
        let asked = asked.filter(|_| known || self.state.room_for_lease(client));
        Some(Ok(self.succeed(open, client, asked)))
    }

    fn succeed(&mut self, open: &Open, client: ClientGuid, asked: Option<LeaseRequest>) -> Outcome {
        let Open { session, file, name, directory, access, share, disposition, parent, delete_on_close, .. } = open;
        let id = OpenId::new(self.state.meta().opens + 1);
        self.state.meta_mut().opens = id.get();
        let oplock = oplock_asked(self.state, open, client);
        let delegation = delegation_asked(self.state, open, client);
        let mut edit = self.state.know_file(file, name, *directory);
        if *disposition != Disposition::Keep {
            // No data is left, so no lock is on any (LS-035).
            edit.set_allocation(0);
        }
        let lease = asked.map(|asked| grant(&mut edit, HoldId::lease(client, asked.key), asked));
        let oplock = grant_oplock(&mut edit, id, oplock);
        let delegation = delegation.and_then(|asked| grant_delegation(&mut edit, id, client, asked));
        let under = match asked {
            Some(asked) => Under::Lease(asked.key),
            None if delegation.is_some() => Under::Delegation,
            None if oplock == OplockLevel::None => Under::Nothing,
            None => Under::Oplock,
        };
        edit.add_open(OpenRecord {
            id,
            session: Some(*session),
            client,
            under,
            access: *access,
            share: *share,
            share_id: open.share_id,
            parent: *parent,
            parent_key: parent_key(open),
            modified: false,
            resized: false,
            delete_on_close: *delete_on_close,
            nfs: open.delegation.is_some() || open.reclaim,
        });
        if *disposition != Disposition::Keep {
            self.tell_parent(open);
        }
        let handle = self.state.handle_for(open, lease.as_ref(), oplock);
        let durable = handle.as_ref().and_then(Handle::durable);
        if let Some(handle) = handle {
            self.state.edit_file(file).put_handle(id, handle);
        }
        Outcome::Opened { open: id, lease, oplock, delegation, durable, before: None }
    }

    /// The open changes what its directory lists.
    fn tell_parent(&mut self, open: &Open) {
        self.child_changed(&open.file, open.parent, parent_key(open));
    }
}

fn within_limits(file: &File, open: &Open) -> Result<(), Rejection> {
    if file.directory() != open.directory {
        return Err(Rejection::InvalidParameter);
    }
    // Before anything else is looked at, and before anybody is broken in vain (LS-142).
    match file.deleting() {
        None => (),
        Some(Deleting::Pending { .. }) => return Err(Rejection::DeletePending),
        Some(Deleting::Owed { .. }) => return Err(Rejection::BeingDeleted),
    }
    if file.opens().len() >= OPENS_PER_FILE_MAX {
        return Err(Rejection::LimitReached(Limit::OpensPerFile));
    }
    Ok(())
}
