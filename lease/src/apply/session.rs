//! Sessions and the connections that they came in on (MS-SMB2 3.3.5.5, 3.3.5.6, 3.3.7.1).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Step;
use super::handle::Loss;
use super::reconnect::same_user;
use crate::effect::Route;
use crate::id::{ClientGuid, ConnectionId, OpenId, RequestId, SessionId};
use crate::limits::{CONNECTIONS_PER_CLIENT_MAX, SESSIONS_PER_SERVER_MAX, USER_BYTES_MAX};
use crate::outcome::{Limit, Outcome, Rejection};
use crate::state::{Answer, Keyed, Session};

impl Step<'_> {
    /// Begins a session. The one that it takes the place of ends first, wherever it lives, so that its opens wait for their client already when
    /// that asks for them (LS-150).
    pub(super) fn start_session(
        &mut self,
        id: RequestId,
        (client, connection): (ClientGuid, ConnectionId),
        user: Option<&Arc<str>>,
        previous: Option<SessionId>,
        chosen: Option<SessionId>,
    ) -> Answer {
        if chosen.is_some_and(|chosen| chosen < SessionId::CHOSEN_MIN || self.state.session(chosen).is_some()) {
            return Err(Rejection::InvalidParameter);
        }
        if user.is_some_and(|user| user.len() > USER_BYTES_MAX) {
            return Err(Rejection::LimitReached(Limit::NameBytes));
        }
        let route = Route { server: id.server, incarnation: id.incarnation, connection };
        let index = self.state.index();
        // A connection has one client: it says who it is once, in NEGOTIATE.
        let first = index.sessions_of(id.server, Some(connection)).next();
        if first.and_then(|first| self.state.session(first)).is_some_and(|session| session.client != client) {
            return Err(Rejection::InvalidParameter);
        }
        if index.sessions_per_server.get(&id.server).is_some_and(|sessions| *sessions >= SESSIONS_PER_SERVER_MAX) {
            return Err(Rejection::LimitReached(Limit::SessionsPerServer));
        }
        let known = self.state.client(client);
        if known.is_some_and(|known| !known.has(route) && known.connections().len() >= CONNECTIONS_PER_CLIENT_MAX) {
            return Err(Rejection::LimitReached(Limit::ConnectionsPerClient));
        }
        let lives = |previous: SessionId| self.state.session(previous).is_some_and(|session| !session.evicted);
        let same_user = |previous: &SessionId| lives(*previous) && same_user(self.state.user(*previous).as_ref(), user);
        if let Some(previous) = previous.filter(same_user) {
            // A client that comes to another server may have left one that hangs.
            if self.session_of(id, previous).is_err() {
                self.doubt(&[previous]);
            }
            self.end_sessions(&[previous], Loss::Connection);
        }
        let session = chosen.unwrap_or_else(|| SessionId::new(self.state.meta().sessions + 1));
        if chosen.is_none() {
            self.state.meta_mut().sessions = session.get();
        }
        self.state.add_session(Session { id: session, client, route, user: user.cloned(), evicted: false });
        Ok(Outcome::SessionStarted { session })
    }

    pub(super) fn end_session(&mut self, id: RequestId, session: SessionId) -> Answer {
        // The client may log off while its server is told to drop it: that comes to the same.
        self.state.session(session).filter(|session| session.server() == id.server).ok_or(Rejection::NoSuchSession)?;
        self.end_sessions(&[session], Loss::Logoff);
        Ok(Outcome::SessionEnded)
    }

    pub(super) fn disconnect(&mut self, id: RequestId, connection: ConnectionId) -> Outcome {
        let sessions: Vec<SessionId> = self.state.index().sessions_of(id.server, Some(connection)).collect();
        self.end_sessions(&sessions, Loss::Connection);
        Outcome::Disconnected
    }

    /// A session of the asking server that has not ended. Ids of other servers' sessions are none of its business.
    pub(super) fn session_of(&self, id: RequestId, session: SessionId) -> Result<&Session, Rejection> {
        let session = self.state.session(session).filter(|session| session.server() == id.server && !session.evicted);
        session.ok_or(Rejection::NoSuchSession)
    }

    /// Ends sessions: first nothing of theirs waits any more, so that no orphan is granted anything; then their opens are closed, or wait for
    /// their client; then
    /// clients that lost the connection on which they are told things are told on the next.
    pub(super) fn end_sessions(&mut self, sessions: &[SessionId], loss: Loss) {
        for session in sessions {
            let parked: Vec<RequestId> = self.state.index().parked_of(*session).collect();
            for request in parked {
                self.end_parked(request);
            }
        }
        for session in sessions {
            let opens: Vec<(OpenId, u64)> = self.state.index().opens_of(*session).collect();
            for (open, hash) in opens {
                let Some(file) = self.state.file_of_open(open, hash).map(|file| file.key().clone()) else { continue };
                self.lose_open(&file, open, loss);
            }
        }
        let mut routes = BTreeMap::new();
        for session in sessions {
            if let Some(client) = self.state.session(*session).map(|session| session.client) {
                routes.entry(client).or_insert_with(|| self.state.route(client));
            }
            self.state.remove_session(*session);
        }
        for (client, lost) in routes {
            self.readdress(client, lost);
        }
    }
}
