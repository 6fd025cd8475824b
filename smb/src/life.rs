//! One life of this node's SMB server: what its clients have here, and the handle to the lease table. When the life ends, all of it goes, and the
//! next begins with nothing.

mod channels;
mod notices;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use lease::{ClientGuid, ConnectionId, Generation, LeaseKey, OpenId, SessionId};
use rpc::client::{ClientError, Notices, Server, ServerOptions};

use self::channels::Subject;
use crate::config::Config;
use crate::connection::Connection;
use crate::limits::Refusals;
use crate::session::{Channel, Session};
use crate::share::Share;

/// One life of this node's SMB server.
#[derive(Debug)]
pub(crate) struct Life {
    /// The lease table.
    pub(crate) table: Server,
    pub(crate) config: Arc<Config>,
    pub(crate) refusals: Arc<Refusals>,
    pub(crate) shares: Vec<Arc<Share>>,
    connections: Mutex<BTreeMap<ConnectionId, Arc<Connection>>>,
    sessions: Mutex<BTreeMap<SessionId, Arc<Session>>>,
    /// The break of each lease that was last told from here, to be named by its acknowledgement.
    told: Mutex<BTreeMap<(ClientGuid, LeaseKey), Generation>>,
    unacknowledged: channels::Unacknowledged,
    opening: notices::Opening,
    held: notices::Held,
    connection_last: AtomicU64,
}

impl Life {
    /// Begins a life: enters it in the log, and has its notices carried out until it ends.
    pub(crate) async fn begin(
        config: &Arc<Config>,
        shares: &[Arc<Share>],
        refusals: &Arc<Refusals>,
        options: ServerOptions,
    ) -> Result<(Arc<Life>, Notices), ClientError> {
        let (table, notices) = Server::start(options).await?;
        let life = Life {
            table,
            config: Arc::clone(config),
            refusals: Arc::clone(refusals),
            shares: shares.to_vec(),
            connections: Mutex::default(),
            sessions: Mutex::default(),
            told: Mutex::default(),
            unacknowledged: channels::Unacknowledged::default(),
            opening: notices::Opening::default(),
            held: notices::Held::default(),
            connection_last: AtomicU64::new(0),
        };
        Ok((Arc::new(life), notices))
    }

    /// Whether a connection has a session.
    pub(crate) fn has_session(&self, id: ConnectionId) -> bool {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.values().any(|session| session.channel(id).is_some())
    }

    /// How many sessions a connection has.
    pub(crate) fn session_count(&self, id: ConnectionId) -> usize {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.values().filter(|session| session.channel(id).is_some()).count()
    }

    /// How many sessions there are, and how many opens they have.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        (sessions.len(), sessions.values().map(|session| session.open_count()).sum())
    }

    /// Whether clients may cache now. Asked right before what cannot be taken back.
    pub(crate) fn allows(&self) -> bool {
        self.table.fence().borrow().allows(Instant::now())
    }

    /// A number for a connection that no other has in this life.
    pub(crate) fn next_connection(&self) -> ConnectionId {
        ConnectionId::new(self.connection_last.fetch_add(1, Ordering::Relaxed) + 1)
    }

    pub(crate) fn add_connection(&self, connection: &Arc<Connection>) {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner).insert(connection.id, Arc::clone(connection));
    }

    pub(crate) fn connection(&self, id: ConnectionId) -> Option<Arc<Connection>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    /// Forgets a connection, and the sessions that have no other; and has the table know. The table knows connections by the sessions that began
    /// on them: with one of those all of them end, wherever else they are bound to.
    pub(crate) async fn lose_connection(self: &Arc<Self>, id: ConnectionId) {
        let connection = self.connections.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        let homes: BTreeSet<ConnectionId> = {
            let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
            let homes = sessions.values().filter(|session| session.lose_channel(id)).map(|session| session.home).collect();
            sessions.retain(|_, session| {
                let lost = BTreeSet::contains(&homes, &session.home);
                if lost {
                    session.end_requests();
                }
                !lost
            });
            homes
        };
        for (cancel, session) in connection.iter().flat_map(|connection| connection.take_requests()) {
            match session.and_then(|session| self.session(session)) {
                Some(session) => session.keep_request(cancel),
                None => cancel.cancel(),
            }
        }
        for home in homes {
            self.report_lost(home).await;
        }
        self.tell_again(id);
    }

    /// Has the table know that a connection is gone.
    async fn report_lost(&self, id: ConnectionId) {
        if let Err(error) = self.table.disconnect(id).await {
            // The SDK repeats it until the life ends, and then the table knows anyway.
            tracing::debug!(connection = %id, %error, "the loss of a connection is not confirmed");
        }
    }

    /// Drops every connection of every client.
    pub(crate) fn drop_connections(&self) {
        for connection in self.connections.lock().unwrap_or_else(PoisonError::into_inner).values() {
            connection.end();
        }
    }

    pub(crate) fn add_session(&self, session: &Arc<Session>) {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner).insert(session.id, Arc::clone(session));
    }

    pub(crate) fn session(&self, id: SessionId) -> Option<Arc<Session>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    /// Whether somebody who has said who he is has a session on this connection.
    pub(crate) fn has_user(&self, connection: ConnectionId) -> bool {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.values().any(|session| !session.is_anonymous() && session.channel(connection).is_some())
    }

    pub(crate) fn remove_session(&self, id: SessionId) -> Option<Arc<Session>> {
        let session = self.sessions.lock().unwrap_or_else(PoisonError::into_inner).remove(&id)?;
        session.end_requests();
        for Channel { connection, signer } in session.channels() {
            connection.add_past(id, signer);
            connection.note_without_session();
        }
        Some(session)
    }

    /// The break that an acknowledgement of this lease means, if it was told from here.
    pub(crate) fn told(&self, client: ClientGuid, key: LeaseKey) -> Option<Generation> {
        self.unacknowledged.forget(Subject::Lease(client, key));
        self.told.lock().unwrap_or_else(PoisonError::into_inner).remove(&(client, key))
    }

    /// Notes that no answer to a break of this open's oplock is waited for any more.
    pub(crate) fn forget_oplock_break(&self, open: OpenId) {
        self.unacknowledged.forget(Subject::Oplock(open));
    }

    /// Notes that an open under this lease key is on its way: until its response is sent, breaks of the lease wait.
    pub(crate) fn opening(self: &Arc<Self>, client: ClientGuid, key: LeaseKey) -> notices::OpeningGuard {
        notices::OpeningGuard::new(self, client, key)
    }
}
