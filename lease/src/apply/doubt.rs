//! What a server that was lost may have left undone.

use super::Step;
use super::demand::Actor;
use crate::command::Operation;
use crate::id::{FileKey, OpenId, SessionId};
use crate::state::{File, Keyed};

impl Step<'_> {
    /// A server asks again when it has changed a file, for what was granted to somebody who had read the file as it was. One that is lost may
    /// have died in between: so whatever others cache of a file that was written through one of its opens is taken away as by one more write,
    /// before those opens end. What the writer caches himself is his own.
    pub(super) fn doubt(&mut self, sessions: &[SessionId]) {
        let opens = sessions.iter().flat_map(|session| self.state.index().opens_of(*session));
        let mut written: Vec<(FileKey, OpenId)> = opens.filter_map(|(open, hash)| self.written(open, hash)).collect();
        written.sort();
        for (file, open) in written {
            let Some(record) = self.state.file(&file) else { continue };
            let Some(open) = record.open(open) else { continue };
            let actor = Actor::through(record, open);
            let demands = self.state.demands_of(&file, &actor, &Operation::Write { range: None });
            for (file, hold, reason) in demands.map(|demands| demands.breaks).unwrap_or_default() {
                self.break_hold(&file, hold, reason);
            }
        }
    }

    /// The file whose data was changed through an open.
    fn written(&self, open: OpenId, hash: u64) -> Option<(FileKey, OpenId)> {
        let file: &File = self.state.file_of_open(open, hash)?;
        file.open(open).filter(|open| open.modified || open.resized).map(|_| (file.key().clone(), open))
    }
}
