//! Files that go with their last open (MS-FSA 2.1.5.5): which server deletes them, until one says that it has.
//!
//! Who closes the last open by CLOSE is told so in the answer. Where it ends otherwise, with its session, its server or a client that nobody
//! can tell anything, somebody has to be found for it. Either way it is owed until it is done: a debt outlives its debtor.

use std::sync::Arc;

use super::Step;
use crate::effect::Effect;
use crate::id::{FileKey, Incarnation, ServerId, SessionId};
use crate::outcome::Outcome;
use crate::state::{Deleter, Deleting, File, Keyed, Server, Session, State};

/// What a server that has to delete a file is told.
pub(crate) fn told_deletion(file: &File, to: ServerId, incarnation: Incarnation) -> Effect {
    Effect::Delete { to, incarnation, file: file.key().clone(), name: Arc::clone(file.name()) }
}

impl State {
    /// The server that deletes a file of which nobody else knows that it is to be deleted: that of the session that had it open, or any
    /// other that lives.
    fn deleter(&self, session: Option<SessionId>) -> Deleter {
        let alive = |id: ServerId| self.server(id).is_some_and(Server::is_alive);
        let own = session.and_then(|session| self.session(session)).map(Session::server);
        let lowest = || self.server_records().find(|(_, server)| server.is_alive()).map(|(id, _)| id);
        own.filter(|own| alive(*own)).or_else(lowest).map_or(Deleter::NextServer, Deleter::Server)
    }
}

impl Step<'_> {
    /// The last open of a file that is to be deleted ends. `asking` is the server that closes it and is told so by its answer; without one
    /// the server of this session is, or another.
    pub(super) fn owe_deletion(&mut self, file: &FileKey, asking: Option<ServerId>, session: Option<SessionId>) {
        let by = asking.map_or_else(|| self.state.deleter(session), Deleter::Server);
        self.state.edit_file(file).set_deleting(Some(Deleting::Owed { by }));
        if asking.is_none() {
            self.tell_deletion(file, by);
        }
    }

    fn tell_deletion(&mut self, file: &FileKey, by: Deleter) {
        let Deleter::Server(to) = by else { return };
        if let (Some(record), Some(server)) = (self.state.file(file), self.state.server(to)) {
            self.effects.push(told_deletion(record, to, server.incarnation));
        }
    }

    /// What a server had yet to delete when its life ended, another deletes; without another it waits for one.
    pub(super) fn pass_deletions_on(&mut self, ended: ServerId) {
        self.reassign_deletions(Deleter::Server(ended), self.state.deleter(None));
    }

    /// A server whose life begins takes what waited for one.
    pub(super) fn take_deletions(&mut self, server: ServerId) {
        self.reassign_deletions(Deleter::NextServer, Deleter::Server(server));
    }

    fn reassign_deletions(&mut self, from: Deleter, to: Deleter) {
        let files: Vec<FileKey> = self.state.index().deletions_of(from).cloned().collect();
        for file in files {
            self.state.edit_file(&file).set_deleting(Some(Deleting::Owed { by: to }));
            self.tell_deletion(&file, to);
        }
    }

    /// A server says that it has deleted a file. It may not be the one that was asked, and it may say so twice.
    pub(super) fn deleted(&mut self, file: &FileKey) -> Outcome {
        if self.state.file(file).is_some_and(|record| record.deletion_owed().is_some()) {
            self.forget_nfs_locks(file);
            self.state.settle_deletion(file);
        }
        Outcome::Deleted
    }
}
