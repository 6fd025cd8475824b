//! What one open directory wants to hear, and has not been told yet.

use std::sync::{Mutex, PoisonError};

use lease::FileId;
use tokio::sync::{Mutex as Turn, MutexGuard, Notify};

use super::event::{Event, begins_with};
use crate::files::{Name, SmbPath};
use crate::wire::change_notify::{Change, ChangeAction, CompletionFilter, encode_changes};

/// Changes that are kept for one client at most. One that has missed more lists the directory.
const CHANGES_MAX: usize = 4096;

/// What one open directory wants to hear. It stays what the first request said, whatever later ones say: Windows and its tests have it so.
#[derive(Debug)]
pub(crate) struct Watch {
    directory: FileId,
    tree: bool,
    filter: CompletionFilter,
    budget: usize,
    state: Mutex<State>,
    told: Notify,
    /// Requests of one open are answered one after the other, in the order in which they began to wait.
    turn: Turn<()>,
}

#[derive(Debug)]
struct State {
    /// Where the directory is.
    names: Vec<Name>,
    changes: Vec<Change>,
    /// More has happened than was kept.
    overflowed: bool,
    /// The directory is about to be deleted.
    ended: bool,
}

/// What there is to tell.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// Changes, as they are sent.
    Changes(Vec<u8>),
    /// More than there is room for: the client has to list the directory.
    TooMany,
    /// The directory is about to be deleted.
    Ended,
}

impl Watch {
    pub(super) fn new((directory, path): (FileId, &SmbPath), tree: bool, filter: CompletionFilter, budget: usize) -> Watch {
        let state = State { names: path.names().to_vec(), changes: Vec::new(), overflowed: false, ended: false };
        Watch { directory, tree, filter, budget, state: Mutex::new(state), told: Notify::new(), turn: Turn::new(()) }
    }

    pub(super) fn directory(&self) -> FileId {
        self.directory
    }

    /// Waits until those who asked before were answered.
    pub(crate) async fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// The same without waiting: none if somebody asked before.
    pub(crate) fn try_turn(&self) -> Option<MutexGuard<'_, ()>> {
        self.turn.try_lock().ok()
    }

    /// Waits until there is something to tell, and takes it. Cancel safe: nothing is taken by who is not there to get it.
    pub(crate) async fn next(&self, limit: usize) -> Told {
        loop {
            let told = self.told.notified();
            if let Some(next) = self.take(limit) {
                return next;
            }
            told.await;
        }
    }

    /// Takes what there is to tell, in at most so many bytes.
    pub(crate) fn take(&self, limit: usize) -> Option<Told> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.ended {
            return Some(Told::Ended);
        }
        let changes = std::mem::take(&mut state.changes);
        if std::mem::take(&mut state.overflowed) {
            return Some(Told::TooMany);
        }
        if changes.is_empty() {
            return None;
        }
        Some(encode_changes(&changes, limit.min(self.budget)).map_or(Told::TooMany, Told::Changes))
    }

    pub(super) fn tell(&self, events: &[Event]) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut heard = false;
        for event in events {
            if let Some(name) = self.name_of(&state, event) {
                state.push(event.action, name);
                heard = true;
            }
        }
        drop(state);
        if heard {
            self.told.notify_one();
        }
    }

    pub(super) fn end(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).ended = true;
        self.told.notify_one();
    }

    /// Something has happened, and nobody knows what.
    pub(super) fn lose(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.changes = Vec::new();
        state.overflowed = true;
        drop(state);
        self.told.notify_one();
    }

    /// Something that leads to the directory, or the directory itself, has another name.
    pub(super) fn moved(&self, old: &SmbPath, new: &SmbPath) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if begins_with(&state.names, old.names()) {
            let below = state.names.split_off(old.names().len());
            state.names = [new.names(), &below].concat();
        }
    }

    /// What an event is called from here; none if it is not of interest.
    fn name_of(&self, state: &State, event: &Event) -> Option<String> {
        if !self.filter.intersects(event.filter) || self.filter.intersects(event.unless) {
            return None;
        }
        let names = event.path.names();
        if !begins_with(names, &state.names) {
            return None;
        }
        let below = names.get(state.names.len()..)?;
        // What happens to the directory itself is told to those who watch the one above.
        if below.is_empty() || below.len() > 1 && !self.tree {
            return None;
        }
        let mut name = below.iter().map(Name::as_str).collect::<Vec<_>>().join("\\");
        if let Some(stream) = event.path.stream_name() {
            name.push(':');
            name.push_str(stream.as_str());
        }
        Some(name)
    }
}

impl State {
    fn push(&mut self, action: ChangeAction, name: String) {
        if self.overflowed {
            return;
        }
        let change = Change { action, name };
        // One who has not looked since learns nothing from hearing the same again.
        let repeats =
            matches!(action, ChangeAction::Modified | ChangeAction::ModifiedStream) && self.changes.last() == Some(&change);
        if repeats {
            return;
        }
        if self.changes.len() >= CHANGES_MAX {
            self.changes = Vec::new();
            self.overflowed = true;
            return;
        }
        self.changes.push(change);
    }
}
