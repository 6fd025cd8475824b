//! CLOSE (MS-SMB2 3.3.5.10), and every other way for opens to end.

use super::Step;
use crate::id::{FileKey, OpenId, RequestId, SessionId};
use crate::outcome::Outcome;
use crate::range::LockOwner;
use crate::state::{Answer, File, HoldId};

impl Step<'_> {
    pub(super) fn close(&mut self, id: RequestId, session: SessionId, open: OpenId) -> Answer {
        let file = self.file_of(id, session, open)?;
        let last = self.state.file(&file).is_some_and(|record| record.delete_pending() && record.opens().len() == 1);
        self.close_open(&file, open);
        Ok(Outcome::Closed { delete: last })
    }

    /// Ends an open. With the last one of a lease the lease ends, and its break with it: that is an acknowledgement in all
    /// but name (MS-SMB2 3.3.4.17, LS-106, LS-139). What it has locked is free.
    ///
    /// What waits to be done through it will not be done (MS-SMB2 3.3.4.17).
    pub(super) fn close_open(&mut self, file: &FileKey, open: OpenId) {
        let parked = self.state.file(file).into_iter().flat_map(File::parked).filter(|parked| parked.through() == Some(open));
        let parked: Vec<RequestId> = parked.map(|parked| parked.request).collect();
        for request in parked {
            self.end_parked(request);
        }
        let locks = self.state.file(file).and_then(File::locks);
        let unlocks = locks.is_some_and(|locks| locks.len_of(LockOwner::Open(open)) > 0);
        if self.state.remove_open(file, open).is_some_and(|ended| ended.breaking().is_some()) || unlocks {
            self.wake.insert(file.clone());
        }
    }

    /// Ends all opens under a lease, for its client can not be told that it breaks: they are not durable (MS-SMB2 3.3.4.7, LS-089).
    pub(super) fn close_all_under(&mut self, file: &FileKey, lease: HoldId) {
        let Some(record) = self.state.file(file) else { return };
        let opens: Vec<OpenId> = record.opens().iter().filter(|open| open.hold() == Some(lease)).map(|open| open.id).collect();
        for open in opens {
            self.close_open(file, open);
        }
        self.wake.insert(file.clone());
    }
}
