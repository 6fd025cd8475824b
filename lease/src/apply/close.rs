//! CLOSE (MS-SMB2 3.3.5.10), and every other way for opens to end.

use super::Step;
use crate::id::{FileKey, OpenId, RequestId, ServerId, SessionId};
use crate::outcome::Outcome;
use crate::range::LockOwner;
use crate::state::{Answer, Deleting, File, OpenRecord, Reason};

impl Step<'_> {
    pub(super) fn close(&mut self, id: RequestId, session: SessionId, open: OpenId) -> Answer {
        let file = self.file_of(id, session, open)?;
        if let Some(client) = self.state.file(&file).and_then(|record| record.answers_by_closing(open)) {
            self.answered(client);
        }
        Ok(Outcome::Closed { delete: self.close_open(&file, open, Some(id.server)) })
    }

    /// Ends an open. With the last one of a lease the lease ends, and its break with it: that is an acknowledgement in all
    /// but name (MS-SMB2 3.3.4.17, LS-106, LS-139). What it has locked is free.
    ///
    /// What waits to be done through it will not be done (MS-SMB2 3.3.4.17). Says whether the file goes with it: `asking` is the server that
    /// deletes it then, if it is closed by CLOSE.
    pub(super) fn close_open(&mut self, file: &FileKey, open: OpenId, asking: Option<ServerId>) -> bool {
        let parked = self.state.file(file).into_iter().flat_map(File::parked).filter(|parked| parked.through() == Some(open));
        let parked: Vec<RequestId> = parked.map(|parked| parked.request).collect();
        for request in parked {
            self.end_parked(request);
        }
        let locks = self.state.file(file).and_then(File::locks);
        let unlocks = locks.is_some_and(|locks| locks.len_of(LockOwner::Open(open)) > 0);
        let Some(closed) = self.state.file(file).and_then(|record| record.open(open)).copied() else { return false };
        let deleted = self.deleted_by_closing(file, &closed);
        if deleted.is_some() {
            self.owe_deletion(file, asking, closed.session);
        }
        if self.state.remove_open(file, open).is_some_and(|ended| ended.breaking().is_some()) || unlocks {
            self.wake.insert(file.clone());
        }
        // A break that waited with it for its client waits no longer.
        if closed.session.is_none()
            && let Some(hold) = closed.hold()
        {
            self.suspend_unawaited(file, hold);
        }
        if let Some(Deleting::Pending { parent_key }) = deleted {
            // Who asked for it and who closes last have to agree on whose directory lease they spare (LS-131).
            let key = parent_key.filter(|key| Some(*key) == closed.parent_key);
            self.child_changed(file, closed.parent, key);
        } else if closed.modified {
            self.child_changed(file, closed.parent, closed.parent_key);
        }
        deleted.is_some()
    }

    /// Whether the file goes with this open, and on whose word. An open that deletes when it is closed asks for it now, and takes handle
    /// caching from the others, without waiting: the file goes with the last of them (LS-070, MS-FSA 2.1.5.5).
    fn deleted_by_closing(&mut self, file: &FileKey, closed: &OpenRecord) -> Option<Deleting> {
        if closed.delete_on_close {
            let deleting = Deleting::Pending { parent_key: closed.parent_key };
            self.state.edit_file(file).set_deleting(Some(deleting));
            let own = self.state.file(file).map(|record| record.own_of(closed)).unwrap_or_default();
            self.claim(file.clone(), own, Reason::Handle);
        }
        let record = self.state.file(file).filter(|record| record.opens().len() == 1)?;
        record.deleting().copied()
    }
}
