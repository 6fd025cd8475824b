//! What an operator asks for.

use super::Step;
use crate::caching::Caching;
use crate::effect::Effect;
use crate::id::{ClientGuid, FileKey, LeaseKey, OpenId, RequestId, SessionId};
use crate::state::{Client, HoldId, Keyed, Reason, Session, State};

impl Step<'_> {
    /// Takes from a lease what it has beyond a state, as a conflict would. Nobody waits for it.
    pub(super) fn break_lease(&mut self, client: ClientGuid, key: LeaseKey, into: Caching) {
        let id = HoldId::lease(client, key);
        let Some((file, _)) = self.state.hold(id) else { return };
        let file = file.clone();
        self.break_hold(&file, id, Reason::Word(into));
        self.resume();
    }

    /// Ends what a client has: nothing of it waits any more, its opens are closed, and its servers are told to drop its connections. The
    /// sessions are known until they have (MS-SMB2 3.3.4.12).
    pub(super) fn evict(&mut self, client: ClientGuid) {
        let sessions = self.state.sessions_of_client(client);
        for session in &sessions {
            let parked: Vec<RequestId> = self.state.index().parked_of(*session).collect();
            for request in parked {
                self.end_parked(request);
            }
        }
        for session in &sessions {
            let opens: Vec<(OpenId, u64)> = self.state.index().opens_of(*session).collect();
            for (open, hash) in opens {
                let Some(file) = self.state.file_of_open(open, hash).map(|file| file.key().clone()) else { continue };
                self.close_open(&file, open, None);
            }
        }
        let adrift: Vec<(FileKey, OpenId)> = self.state.adrift_of_client(client);
        for (file, open) in adrift {
            self.close_open(&file, open, None);
        }
        for session in sessions {
            self.state.evict_session(session);
            self.effects.extend(self.state.session(session).and_then(told_evicted));
        }
        self.resume();
    }
}

/// What the server of a session is told when it was evicted.
pub(crate) fn told_evicted(session: &Session) -> Option<Effect> {
    let Session { id, client, route, user: _, evicted } = *session;
    evicted.then_some(Effect::Evicted { to: route, session: id, client })
}

impl State {
    /// The opens of a client that wait for it to come back. Looks at all that wait for anybody.
    fn adrift_of_client(&self, client: ClientGuid) -> Vec<(FileKey, OpenId)> {
        let adrift = self.index().adrift.iter().filter_map(|(open, hash)| Some((self.file_of_open(*open, *hash)?, *open)));
        let own = adrift.filter(|(file, open)| file.open(*open).is_some_and(|open| open.client == client));
        own.map(|(file, open)| (file.key().clone(), open)).collect()
    }

    /// The sessions of a client that have not ended, oldest first.
    fn sessions_of_client(&self, client: ClientGuid) -> Vec<SessionId> {
        let connections = self.client(client).map(Client::connections).unwrap_or_default().iter();
        let sessions = connections.flat_map(|known| self.index().sessions_of(known.route.server, Some(known.route.connection)));
        let sessions = sessions.filter(|id| self.session(*id).is_some_and(|session| !session.evicted));
        let mut sessions: Vec<SessionId> = sessions.collect();
        sessions.sort_unstable();
        sessions
    }
}
