//! CREATE that takes back an open which waits for its client (MS-SMB2 3.3.5.9.7, 3.3.5.9.12).

use std::sync::Arc;

use super::Step;
use super::grant::granted;
use crate::caching::Caching;
use crate::command::{LeaseRequest, Reconnect};
use crate::id::{ClientGuid, FileKey, OpenId, RequestId, SessionId};
use crate::oplock::OplockLevel;
use crate::outcome::{Grant, Outcome, Rejection};
use crate::range::LockOwner;
use crate::state::{Answer, Deleting, File, Handle, HoldId, Keyed, Locks, OpenRecord, Standing, State, Survival};

/// Whether two users are the same: nobody in particular is nobody else.
pub(super) fn same_user(one: Option<&Arc<str>>, other: Option<&Arc<str>>) -> bool {
    one.is_some() && one == other
}

/// Whether a lease context, or none, says of an open what is true of it (LS-164). A lease is its client's alone; an oplock goes with the open.
fn fits_lease(file: &File, open: &OpenRecord, client: ClientGuid, context: Option<LeaseRequest>) -> bool {
    match (open.key(), context) {
        (None, None) => true,
        (Some(key), Some(context)) => {
            let v2 = open.hold().and_then(|hold| file.hold(hold)).is_some_and(|hold| hold.v2.is_some());
            open.client == client && key == context.key && v2 == context.v2.is_some()
        }
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// Whether a reconnect means this open, by all that makes it one that is not there if it does not fit (LS-164, LS-166).
fn check_open(file: &File, open: &OpenRecord, handle: &Handle, client: ClientGuid, asked: &Reconnect) -> Result<(), Rejection> {
    let none = Err(Rejection::NoSuchDurableOpen);
    let named = match asked.create_guid {
        // What was never given a name has the empty one (MS-SMB2 3.3.5.9.6), which a context of version 2 can say.
        Some(guid) => handle.create_guid.unwrap_or_default() == guid,
        None => !handle.is_persistent(),
    };
    if !named || handle.survival.is_none() || handle.is_persistent() && !asked.persistent {
        return none;
    }
    if asked.persistent && !handle.is_persistent() {
        return Err(Rejection::InvalidParameter);
    }
    let caches_handle = handle.survival != Some(Survival::Durable) || file.handle_caching(open).is_some();
    if caches_handle && fits_lease(file, open, client, asked.lease) { Ok(()) } else { none }
}

/// Whether the path of the CREATE has to mean the file: what is on its way out may have lost its path (LS-165).
fn check_path(file: &File, open: &OpenRecord, asked: &Reconnect) -> Result<(), Rejection> {
    let going = open.delete_on_close || matches!(file.deleting(), Some(Deleting::Pending { .. }));
    if open.key().is_none() || going || asked.file.as_ref() == Some(file.key()) { Ok(()) } else { Err(Rejection::InvalidParameter) }
}

impl State {
    /// The open without a session that a reconnect names: by its id, or by its CreateGuid if that is not known (LS-166).
    fn adrift(&self, asked: &Reconnect) -> Option<(&File, &OpenRecord)> {
        let by_id = asked.open.filter(|open| self.index().adrift.contains_key(open));
        let open = by_id.or_else(|| {
            let unknown = asked.persistent && asked.open.is_none_or(|open| open.get() == 0 || open.get() > self.meta().opens);
            let guid = asked.create_guid.filter(|_| unknown)?;
            self.called(guid).map(|(_, open)| open.id).find(|open| self.index().adrift.contains_key(open))
        })?;
        let file = self.file_of_open(open, *self.index().adrift.get(&open)?)?;
        Some((file, file.open(open)?))
    }

    fn reconnectable(&self, client: ClientGuid, asked: &Reconnect) -> Result<(FileKey, OpenId), Rejection> {
        let (file, open) = self.adrift(asked).ok_or(Rejection::NoSuchDurableOpen)?;
        let handle = file.handle(open.id).ok_or(Rejection::NoSuchDurableOpen)?;
        check_open(file, open, handle, client, asked)?;
        check_path(file, open, asked)?;
        if !same_user(handle.owner.as_ref(), self.user(asked.session).as_ref()) {
            return Err(Rejection::AccessDenied);
        }
        Ok((file.key().clone(), open.id))
    }
}

impl Step<'_> {
    /// Refuses, or gives the open to the session and tells its client of the break that waited for it. Nothing is checked that was checked
    /// when it was opened, and nothing is granted (LS-169).
    pub(super) fn reconnect(&mut self, id: RequestId, asked: &Reconnect) -> Option<Answer> {
        let client = match self.session_of(id, asked.session) {
            Ok(session) => session.client,
            Err(rejection) => return Some(Err(rejection)),
        };
        let (file, open) = match self.state.reconnectable(client, asked) {
            Ok(found) => found,
            Err(rejection) => return Some(Err(rejection)),
        };
        self.take_back(&file, open, asked.session, client);
        let record = self.state.file(&file);
        let durable = record.and_then(|record| record.handle(open)).and_then(Handle::durable);
        let before = record.and_then(|record| record.opened_as(open)).map(Box::new);
        let (durable, before) = durable.zip(before).expect("only what survives can be taken back");
        let (lease, oplock) = self.caching_of(&file, open);
        // The client has to have its handle back before it is told that it loses caching.
        self.reply(id, Ok(Outcome::Reconnected { open, lease, oplock, durable, before }));
        self.tell_waiting(&file, open);
        None
    }

    /// Gives an open that waits for its client to a session.
    pub(super) fn take_back(&mut self, file: &FileKey, open: OpenId, session: SessionId, client: ClientGuid) {
        let mut edit = self.state.edit_file(file);
        edit.set_session(open, Some(session), client);
        edit.edit_handle(open, |handle| handle.until = None);
        self.give_up_reads(file, open);
    }

    /// What an open caches now, as a CREATE response says it.
    pub(super) fn caching_of(&self, file: &FileKey, open: OpenId) -> (Option<Grant>, OplockLevel) {
        let record = self.state.file(file);
        let hold = record.and_then(|record| record.open(open)).and_then(OpenRecord::hold);
        match hold.zip(record).and_then(|(hold, record)| record.hold(hold)) {
            Some(hold) if hold.id.is_oplock() => (None, OplockLevel::of(hold.current())),
            hold => (hold.and_then(granted), OplockLevel::None),
        }
    }

    /// Tells the client of an open that it has back of the break that waited for it.
    pub(super) fn tell_waiting(&mut self, file: &FileKey, open: OpenId) {
        let hold = self.state.file(file).and_then(|record| record.open(open)).and_then(OpenRecord::hold);
        if let Some(hold) = hold {
            self.resume_break(file, hold);
        }
    }

    /// Who comes back to an open with locks on a share that is continuously available caches no reads on: only with W does a client keep locks
    /// to itself, and others may have read or written meanwhile (LS-172).
    fn give_up_reads(&mut self, file: &FileKey, open: OpenId) {
        let Some(record) = self.state.file(file) else { return };
        let Some(through) = record.open(open) else { return };
        let share = self.state.share(through.share_id).is_some_and(|share| share.continuously_available && !share.scale_out);
        let locked = record.locks().is_some_and(|locks: &Locks| locks.len_of(LockOwner::Open(open)) > 0);
        let hold = through.hold().and_then(|hold| record.hold(hold));
        let reads = |state: Caching| matches!(state, Caching::R | Caching::RH);
        let Some(hold) = hold.filter(|hold| matches!(hold.id, HoldId::Lease(_)) && reads(hold.current()) && locked && share) else {
            return;
        };
        let mut hold = hold.clone();
        hold.standing = Standing::Settled(Caching::None);
        hold.bump_epoch();
        self.state.put_hold(file, hold);
        self.wake.insert(file.clone());
    }
}
