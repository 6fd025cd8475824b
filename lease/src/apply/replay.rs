//! CREATE that may have been carried out already (MS-SMB2 3.3.5.9, SMB2_FLAGS_REPLAY_OPERATION).

use super::Step;
use super::reconnect::same_user;
use crate::command::{DurableRequest, Open};
use crate::id::{ClientGuid, CreateGuid, FileKey, OpenId, RequestId};
use crate::oplock::OplockLevel;
use crate::outcome::{Outcome, Rejection};
use crate::state::{File, Handle, Keyed, OpenRecord, State};

/// What a CREATE says that the one before it has to have said too (LS-177).
fn repeats(open: &Open, known: &OpenRecord, handle: &Handle) -> Result<(), Rejection> {
    let same = open.options == handle.options && open.access == known.access && open.share == known.share;
    if same { Ok(()) } else { Err(Rejection::ContextMismatch) }
}

impl State {
    /// The opens that a client calls this: one, unless several clients have come to the same name.
    pub(super) fn called(&self, guid: CreateGuid) -> impl Iterator<Item = (&File, &OpenRecord)> {
        let known = self.index().create_guids.range((guid, OpenId::new(0))..=(guid, OpenId::new(u64::MAX)));
        known.filter_map(|((_, open), hash)| {
            let file = self.file_of_open(*open, *hash)?;
            Some((file, file.open(*open)?))
        })
    }

    /// Whether an open of this client waits that it calls this.
    fn waits_for(&self, guid: CreateGuid, client: ClientGuid) -> bool {
        let of_client = |request: &RequestId| {
            let file = self.index().parked.get(request).and_then(|file| self.file(file));
            let mut parked = file.into_iter().flat_map(File::parked);
            parked.any(|parked| parked.request == *request && parked.client == Some(client))
        };
        self.index().parked_called(guid).any(|request| of_client(&request))
    }

    /// The open that was opened by the request of which this is a replay (LS-176, LS-177). None if it was never carried out, or is no
    /// replay, or was used since: then it is a CREATE like any other (MS-SMB2 3.3.5.9.10). What is no replay must not name an open
    /// that is there (LS-157).
    fn carried_out(&self, open: &Open, client: ClientGuid) -> Result<Option<(FileKey, OpenId)>, Rejection> {
        let Some(DurableRequest::V2 { create_guid, persistent, .. }) = open.durable else { return Ok(None) };
        if self.waits_for(create_guid, client) {
            // It is being carried out (LS-178).
            return Err(if open.replay { Rejection::FileNotAvailable } else { Rejection::DuplicateObjectId });
        }
        let own = || self.called(create_guid).filter(|(_, known)| known.client == client);
        if !open.replay {
            if own().next().is_none() {
                return Ok(None);
            }
            // A file that is kept from everybody is looked at first (LS-160).
            self.check_kept_from_all(&open.file)?;
            return Err(Rejection::DuplicateObjectId);
        }
        let known = || own().filter_map(|(file, known)| Some((file, known, file.handle(known.id)?)));
        let unused = known().find(|(.., handle)| handle.replayable);
        // One that is persistent is meant even then.
        let found = unused.or_else(|| known().find(|(.., handle)| persistent && handle.is_persistent()));
        match found {
            Some((file, known, handle)) => {
                self.check_replay(open, persistent, known, handle)?;
                Ok(Some((file.key().clone(), known.id)))
            }
            None if persistent => self.taken_over(open, create_guid),
            None => Ok(None),
        }
    }

    /// Whether a replay may have the open that it means.
    fn check_replay(&self, open: &Open, persistent: bool, known: &OpenRecord, handle: &Handle) -> Result<(), Rejection> {
        let here = known.session == Some(open.session);
        let user = here || same_user(handle.owner.as_ref(), self.user(open.session).as_ref());
        if !user || known.key() != open.lease_context().map(|lease| lease.key) {
            return Err(Rejection::AccessDenied);
        }
        match known.session {
            // It can not be what is meant while somebody has it who used it.
            Some(_) if !handle.replayable => Err(Rejection::FileNotAvailable),
            Some(_) if !here => Err(Rejection::DuplicateObjectId),
            // Who asked for a persistent one asks for it again.
            _ if handle.is_persistent() && !persistent => Err(Rejection::InvalidParameter),
            Some(_) => Ok(()),
            None => repeats(open, known, handle),
        }
    }

    /// The same for a persistent open that its client opened under another ClientGuid (LS-177). A lease stays with the ClientGuid that it was
    /// granted to.
    fn taken_over(&self, open: &Open, guid: CreateGuid) -> Result<Option<(FileKey, OpenId)>, Rejection> {
        let mut known = self.called(guid).filter_map(|(file, known)| Some((file, known, file.handle(known.id)?)));
        let Some((file, known, handle)) = known.find(|(_, _, handle)| handle.is_persistent()) else { return Ok(None) };
        if known.session.is_some() || known.key().is_some() {
            return Err(Rejection::FileNotAvailable);
        }
        if !same_user(handle.owner.as_ref(), self.user(open.session).as_ref()) {
            return Err(Rejection::AccessDenied);
        }
        repeats(open, known, handle)?;
        Ok(Some((file.key().clone(), known.id)))
    }
}

impl Step<'_> {
    /// Answers a replay of what was carried out with the open that came of it, as it is now, after it was taken back if it waited for its client.
    /// Nothing is granted again, and nobody is broken. An oplock is told as far as it is asked for again, with the durability that goes with it
    /// (observed): whoever believes less than he has does no harm.
    pub(super) fn replay(&mut self, id: RequestId, open: &Open, client: ClientGuid) -> Result<bool, Rejection> {
        let Some((file, known)) = self.state.carried_out(open, client)? else { return Ok(false) };
        let adrift = self.state.index().adrift.contains_key(&known);
        if adrift {
            self.take_back(&file, known, open.session, client);
        }
        let (lease, oplock) = self.caching_of(&file, known);
        let oplock = oplock.min(open.oplock);
        let record = self.state.file(&file);
        let durable = record.and_then(|record| record.handle(known)).and_then(Handle::durable);
        let before = record.and_then(|record| record.opened_as(known)).map(Box::new);
        let durable = durable.filter(|durable| durable.persistent || lease.is_some() || open.oplock == OplockLevel::Batch);
        self.reply(id, Ok(Outcome::Opened { open: known, lease, oplock, delegation: None, durable, before }));
        if adrift {
            self.tell_waiting(&file, known);
        }
        Ok(true)
    }
}
