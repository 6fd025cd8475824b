//! Changes of servers and of what they were answered.

use std::sync::Arc;

use crate::id::{RequestId, Sequence, ServerId};
use crate::snapshot::{Group, RecordOf};
use crate::state::{Answer, Deadline, Remembered, Server, State};

impl State {
    /// Changes a known server; its deadline follows.
    pub(crate) fn edit_server<T>(&mut self, id: ServerId, edit: impl FnOnce(&mut Server) -> T) -> T {
        let server = Arc::make_mut(self.servers.get_mut(&id).expect("only known servers are changed"));
        let before = server.until;
        let result = edit(server);
        let after = server.until;
        if before != after {
            if let Some(until) = before {
                self.index.deadlines.remove(&(until, Deadline::Server(id)));
            }
            if let Some(until) = after {
                self.index.deadlines.insert((until, Deadline::Server(id)));
            }
        }
        self.touched.note_server(id);
        result
    }

    /// Makes a server known; it must not be.
    pub(crate) fn add_server(&mut self, id: ServerId, server: Server) {
        debug_assert_eq!(server.answers.len(), 0, "a new server was not answered yet");
        if let Some(until) = server.until {
            self.index.deadlines.insert((until, Deadline::Server(id)));
        }
        self.servers.insert(id, Arc::new(server));
        self.touched.note_server(id);
    }

    /// Forgets a server whose life has ended.
    pub(crate) fn remove_server(&mut self, id: ServerId) {
        self.forget_answers(id, Sequence::new(u64::MAX));
        self.servers.remove(&id);
        self.touched.note_server(id);
    }

    /// Remembers what a request came to.
    pub(crate) fn remember(&mut self, request: RequestId, answer: Answer) {
        let hash = self.digest.hash_of(&RecordOf::Answer(request.server, request.sequence, &answer));
        self.digest.add_hash(hash);
        self.edit_server(request.server, |server| server.answers.insert(request.sequence, Remembered { answer, hash }));
    }

    /// Forgets the answers below a floor.
    pub(crate) fn forget_answers(&mut self, id: ServerId, floor: Sequence) {
        while let Some((_, hash)) = self.pop_answer(id, floor) {
            self.digest.subtract_hash(hash);
        }
    }

    /// Forgets the oldest answer that is not below the server's floor, or the oldest of all if there is none; says which it was.
    ///
    /// What is below the floor was parked while the floor rose above it, and has been answered only lately: it is the one answer that
    /// the server most likely does not know yet.
    pub(crate) fn forget_oldest_answer(&mut self, id: ServerId) -> Option<Sequence> {
        let server = self.servers.get(&id)?;
        let oldest = server.answers.first_from(server.floor).or_else(|| server.answers.first_from(Sequence::new(0)))?;
        let server = Arc::make_mut(self.servers.get_mut(&id)?);
        let remembered = server.answers.remove(oldest)?;
        self.touched.note(Group::Server(id));
        self.digest.subtract_hash(remembered.hash);
        Some(oldest)
    }

    fn pop_answer(&mut self, id: ServerId, floor: Sequence) -> Option<(Sequence, u128)> {
        let server = self.servers.get_mut(&id)?;
        if !server.answers.has_below(floor) {
            return None;
        }
        self.touched.note_server(id);
        let (sequence, remembered) = Arc::make_mut(server).answers.pop_below(floor)?;
        Some((sequence, remembered.hash))
    }
}
