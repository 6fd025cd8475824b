//! Who wants to hear what changes in a directory (MS-SMB2 3.3.1.10 Open.ChangeNotify, MS-FSA 2.1.5.11, 2.1.4.1).
//!
//! Each share has one [`Changes`]. Whatever changes a name or a file says so there; each open directory that has asked keeps what it
//! asked for in a [`Watch`] until its client fetches it. Nodes tell each other through the share itself.

mod event;
mod message;
mod relay;
#[cfg(test)]
mod tests;
mod watch;

use std::sync::{Arc, Mutex, PoisonError, Weak};

use lease::FileId;

pub(crate) use event::Event;
use message::Message;
use relay::Relay;
pub(crate) use watch::{Told, Watch};

use crate::files::SmbPath;
use crate::wire::change_notify::CompletionFilter;

/// What is watched of a share, and who else is told.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    watches: Arc<Watches>,
    /// None where nobody else serves the directory, or nothing can be written there.
    relay: Option<Relay>,
}

/// What the clients of this node watch.
#[derive(Debug, Default)]
struct Watches(Mutex<Vec<Weak<Watch>>>);

impl Changes {
    /// Begins to watch a directory, for as long as the watch is kept. `budget` is how many bytes of changes are kept for the client at most.
    pub(crate) async fn watch(
        &self,
        directory: (FileId, &SmbPath),
        tree: bool,
        filter: CompletionFilter,
        budget: usize,
    ) -> Arc<Watch> {
        let watch = Arc::new(Watch::new(directory, tree, filter, budget));
        match &self.relay {
            None => self.watches.add(&watch),
            Some(relay) => relay.add(&self.watches, &watch).await,
        }
        watch
    }

    /// Tells what has happened: several events that belong together, such as the two names of a rename, are told together.
    pub(crate) fn tell(&self, events: &[Event]) {
        if !events.is_empty() {
            self.tell_all(Message::Happened(events.to_vec()));
        }
    }

    /// Tells that a directory is about to be deleted: there is nothing to wait for in it any more.
    pub(crate) fn tell_deletion(&self, directory: FileId) {
        self.tell_all(Message::Deletion(directory));
    }

    /// A directory, and with it everything below, has another name.
    pub(crate) fn moved(&self, old: SmbPath, new: SmbPath) {
        self.tell_all(Message::Moved(old, new));
    }

    fn tell_all(&self, message: Message) {
        self.watches.heed(&message);
        if let Some(relay) = &self.relay {
            relay.tell(message);
        }
    }
}

impl Watches {
    fn add(&self, watch: &Arc<Watch>) {
        let mut watches = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        watches.retain(|watch| watch.strong_count() > 0);
        watches.push(Arc::downgrade(watch));
    }

    /// Whether nobody watches anything.
    fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().all(|watch| watch.strong_count() == 0)
    }

    fn heed(&self, message: &Message) {
        let watches: Vec<Arc<Watch>> = {
            let watches = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            watches.iter().filter_map(Weak::upgrade).collect()
        };
        for watch in watches {
            match message {
                Message::Happened(events) => watch.tell(events),
                Message::Deletion(directory) if *directory == watch.directory() => watch.end(),
                Message::Deletion(_) => {}
                Message::Moved(old, new) => watch.moved(old, new),
                Message::Lost => watch.lose(),
            }
        }
    }
}
