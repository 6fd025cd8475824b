//! Who wants to hear what changes in a directory (MS-SMB2 3.3.1.10 Open.ChangeNotify, MS-FSA 2.1.5.11, 2.1.4.1).
//!
//! Each share has one [`Changes`]. Whatever changes a name or a file says so there; each open directory that has asked keeps what it
//! asked for in a [`Watch`] until its client fetches it.

mod event;
mod watch;

use std::sync::{Arc, Mutex, PoisonError, Weak};

use lease::FileId;

pub(crate) use event::Event;
pub(crate) use watch::{Told, Watch};

use crate::files::SmbPath;
use crate::wire::change_notify::CompletionFilter;

/// What is watched of a share.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    watches: Mutex<Vec<Weak<Watch>>>,
}

impl Changes {
    /// Begins to watch a directory, for as long as the watch is kept. `budget` is how many bytes of changes are kept for the client at most.
    pub(crate) fn watch(&self, directory: (FileId, &SmbPath), tree: bool, filter: CompletionFilter, budget: usize) -> Arc<Watch> {
        let watch = Arc::new(Watch::new(directory, tree, filter, budget));
        let mut watches = self.watches.lock().unwrap_or_else(PoisonError::into_inner);
        watches.retain(|watch| watch.strong_count() > 0);
        watches.push(Arc::downgrade(&watch));
        watch
    }

    /// Tells what has happened: several events that belong together, such as the two names of a rename, are told together.
    pub(crate) fn tell(&self, events: &[Event]) {
        self.for_all(|watch| watch.tell(events));
    }

    /// Tells that a directory is about to be deleted: there is nothing to wait for in it any more.
    pub(crate) fn tell_deletion(&self, directory: FileId) {
        self.for_all(|watch| {
            if watch.directory() == directory {
                watch.end();
            }
        });
    }

    /// A directory, and with it everything below, has another name.
    pub(crate) fn moved(&self, old: &SmbPath, new: &SmbPath) {
        self.for_all(|watch| watch.moved(old, new));
    }

    fn for_all(&self, mut tell: impl FnMut(&Watch)) {
        let watches: Vec<Arc<Watch>> = {
            let watches = self.watches.lock().unwrap_or_else(PoisonError::into_inner);
            watches.iter().filter_map(Weak::upgrade).collect()
        };
        for watch in watches {
            tell(&watch);
        }
    }
}

#[cfg(test)]
mod tests;
