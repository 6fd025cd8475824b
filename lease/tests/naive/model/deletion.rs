//! Files that go: who deletes them, until somebody says that it is done (LS-070, LS-142).

use std::sync::Arc;

use lease::{FileKey, Outcome, Rejection, RequestId, ServerId};

use super::{Effect, File, Handle, Model};

/// A file that nobody has open any more, and that is still to be deleted.
#[derive(Debug, Clone)]
pub(crate) struct Debt {
    pub(crate) file: FileKey,
    name: Arc<str>,
    pub(super) directory: bool,
    /// Who deletes it; nobody while no server lives.
    by: Option<ServerId>,
}

impl Model {
    /// Why nobody opens this file: it is to be deleted, or a server has yet to delete it.
    pub(super) fn refused_for_deletion(&self, file: &FileKey) -> Option<Rejection> {
        if self.debts.iter().any(|debt| debt.file == *file) {
            return Some(Rejection::BeingDeleted);
        }
        let going = self.files.iter().any(|known| known.key == *file && known.delete_pending);
        going.then_some(Rejection::DeletePending)
    }

    /// A handle of a file has ended, one of a session of this server. If it was the last, and the file is to be deleted, this server deletes
    /// it, or another one if it does not live. Returns whether that is so.
    ///
    /// Who closed it by CLOSE knows from the answer.
    fn last_handle_ended(&mut self, of: &FileKey, server: ServerId, by_close: bool) -> bool {
        let file = self.files.iter().find(|file| file.key == *of);
        let Some(File { name, directory, .. }) = file.filter(|file| file.delete_pending).cloned() else { return false };
        if self.handles.iter().any(|handle| handle.file == *of) {
            return false;
        }
        self.file(of).delete_pending = false;
        let by = Some(server).filter(|server| self.living().contains(server)).or_else(|| self.first_living());
        let debt = Debt { file: of.clone(), name, directory, by };
        if !by_close {
            self.tell_deletion(&debt);
        }
        self.debts.push(debt);
        true
    }

    /// A handle has ended: what became of its file is news to the directory (LS-129, LS-131, LS-132). Returns whether the file goes.
    pub(super) fn ended(&mut self, handle: &Handle, server: ServerId, by_close: bool) -> bool {
        let key = self.files.iter().find(|file| file.key == handle.file).and_then(|file| file.delete_key);
        let goes = self.last_handle_ended(&handle.file, server, by_close);
        if goes {
            // Who asked for it and who closes last have to name the same lease.
            self.child_changed(&handle.file, handle.parent, key.filter(|key| Some(*key) == handle.parent_key));
        } else if handle.modified {
            self.child_changed(&handle.file, handle.parent, handle.parent_key);
        }
        goes
    }

    fn living(&self) -> Vec<ServerId> {
        self.servers.iter().filter(|server| server.until.is_some()).map(|server| server.id).collect()
    }

    fn first_living(&self) -> Option<ServerId> {
        self.living().into_iter().min()
    }

    fn tell_deletion(&mut self, debt: &Debt) {
        let Some(server) = self.servers.iter().find(|server| Some(server.id) == debt.by) else { return };
        let (to, incarnation) = (server.id, server.incarnation);
        self.told.push(Effect::Delete { to, incarnation, file: debt.file.clone(), name: debt.name.clone() });
    }

    /// What nobody deletes who lives, the first one does who lives; files in order.
    pub(super) fn hand_deletions_over(&mut self) {
        let living = self.living();
        self.debts.sort_by(|one, other| one.file.cmp(&other.file));
        for at in 0..self.debts.len() {
            if self.debts[at].by.is_none_or(|by| !living.contains(&by)) {
                self.debts[at].by = self.first_living();
                self.tell_deletion(&self.debts[at].clone());
            }
        }
    }

    /// A server has deleted a file, whoever was to do it.
    pub(super) fn deleted(&mut self, request: RequestId, file: &FileKey) {
        self.debts.retain(|debt| debt.file != *file);
        self.reply(request, Ok(Outcome::Deleted));
    }
}
