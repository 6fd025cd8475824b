//! Changes of clients and of their sessions.

use crate::effect::Route;
use crate::id::{ClientGuid, SessionId};
use crate::snapshot::{Group, RecordOf};
use crate::state::{Client, Keyed, Lapses, Session, State};

impl State {
    /// Adds a session, and its connection to its client's.
    pub(crate) fn add_session(&mut self, session: Session) {
        let (client, route) = (session.client, session.route);
        self.touched.note(Group::Session(session.id));
        self.restore_session(session);
        self.edit_client(client, |client| client.connect(route));
    }

    /// Takes a session out, and its connection if no other session came in on it.
    pub(crate) fn remove_session(&mut self, id: SessionId) -> Option<Session> {
        let session = self.sessions.get(&id)?.clone();
        self.digest.subtract(&RecordOf::Session(&session));
        self.index.remove_session(&session);
        self.sessions.remove(&id);
        self.touched.note(Group::Session(id));
        if self.index.sessions_of(session.server(), Some(session.route.connection)).next().is_none() {
            self.edit_client(session.client, |client| client.disconnect(session.route));
        }
        Some(session)
    }

    /// Notes that notifications do not arrive at a connection.
    pub(crate) fn mark_deaf(&mut self, client: ClientGuid, route: Route) {
        self.edit_client(client, |client| client.mark_deaf(route));
    }

    /// Notes that breaks of a client timed out, or that this is forgotten.
    pub(crate) fn set_lapses(&mut self, client: ClientGuid, lapses: Option<Lapses>) {
        self.edit_client(client, |client| client.set_lapses(lapses));
    }

    /// Marks a session as one that has ended by an operator's word.
    pub(crate) fn evict_session(&mut self, id: SessionId) {
        let Some(before) = self.sessions.get(&id).cloned() else { return };
        let after = Session { evicted: true, ..before.clone() };
        self.digest.subtract(&RecordOf::Session(&before));
        self.digest.add(&RecordOf::Session(&after));
        self.sessions.insert(after);
        self.touched.note(Group::Session(id));
    }

    fn edit_client(&mut self, id: ClientGuid, edit: impl FnOnce(&mut Client)) {
        let known = self.clients.get(&id);
        if let Some(client) = known {
            self.digest.subtract(&RecordOf::Client(client));
            self.index.remove_lapses(client);
        }
        let mut client = known.cloned().unwrap_or_else(|| Client::new(id, Vec::new(), None));
        edit(&mut client);
        self.touched.note(Group::Client(id));
        if client.is_over() {
            self.clients.remove(&id);
        } else {
            self.digest.add(&RecordOf::Client(&client));
            self.index.add_lapses(&client);
            self.clients.insert(client);
        }
    }

    /// Adds a client that was read from a record; false if it is there.
    pub(crate) fn restore_client(&mut self, client: Client) -> bool {
        let is_new = self.clients.get(client.key()).is_none();
        if is_new {
            self.edit_client(*client.key(), |known| *known = client);
        }
        is_new
    }

    /// Adds a session, not its connection; false if it is there.
    pub(crate) fn restore_session(&mut self, session: Session) -> bool {
        let is_new = self.sessions.get(&session.id).is_none();
        if is_new {
            self.digest.add(&RecordOf::Session(&session));
            self.index.add_session(&session);
            self.sessions.insert(session);
        }
        is_new
    }
}
