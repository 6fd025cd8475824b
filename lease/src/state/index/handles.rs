//! What is kept beside opens, by what clients and applications call them.

use super::{Deadline, Index};
use crate::id::{FileKey, OpenId};
use crate::state::handles::Handle;
use crate::state::table::Spread;

impl Index {
    /// What is kept beside an open.
    pub(crate) fn add_handle(&mut self, file: &FileKey, open: OpenId, handle: &Handle) {
        if let Some(until) = handle.until {
            self.deadlines.insert((until, Deadline::Open(open)));
        }
        if let Some(guid) = handle.create_guid {
            self.create_guids.insert((guid, open), file.spread());
        }
        if let Some(app) = handle.app {
            self.apps.insert((app.id, open), file.spread());
        }
    }

    pub(crate) fn remove_handle(&mut self, open: OpenId, handle: &Handle) {
        if let Some(until) = handle.until {
            self.deadlines.remove(&(until, Deadline::Open(open)));
        }
        if let Some(guid) = handle.create_guid {
            self.create_guids.remove(&(guid, open));
        }
        if let Some(app) = handle.app {
            self.apps.remove(&(app.id, open));
        }
    }
}
