//! One life of this node's SMB server: what its clients have here, and the handle to the lease table. When the life ends, all of it goes, and the
//! next begins with nothing.

mod notices;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use lease::{ClientGuid, ConnectionId, Generation, LeaseKey, SessionId};
use rpc::client::{ClientError, Notices, Server, ServerOptions};

use crate::config::Config;
use crate::connection::Connection;
use crate::limits::Refusals;
use crate::session::Session;
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
            opening: notices::Opening::default(),
            held: notices::Held::default(),
            connection_last: AtomicU64::new(0),
        };
        Ok((Arc::new(life), notices))
    }

    /// Whether a connection has a session.
    pub(crate) fn has_session(&self, id: ConnectionId) -> bool {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.values().any(|session| session.connection == id)
    }

    /// How many sessions a connection has.
    pub(crate) fn session_count(&self, id: ConnectionId) -> usize {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.values().filter(|session| session.connection == id).count()
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

    /// Forgets a connection and its sessions, and has the table know.
    pub(crate) async fn lose_connection(&self, id: ConnectionId) {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        let lost: Vec<Arc<Session>> = {
            let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
            let lost: Vec<_> = sessions.values().filter(|session| session.connection == id).map(|session| session.id).collect();
            lost.iter().filter_map(|id| sessions.remove(id)).collect()
        };
        if !lost.is_empty() {
            self.report_lost(id).await;
        }
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

    pub(crate) fn remove_session(&self, id: SessionId) -> Option<Arc<Session>> {
        let session = self.sessions.lock().unwrap_or_else(PoisonError::into_inner).remove(&id)?;
        if let Some(connection) = self.connection(session.connection) {
            connection.note_without_session();
        }
        Some(session)
    }

    /// The break that an acknowledgement of this lease means, if it was told from here.
    pub(crate) fn told(&self, client: ClientGuid, key: LeaseKey) -> Option<Generation> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).remove(&(client, key))
    }

    /// Notes that an open under this lease key is on its way: until its response is sent, breaks of the lease wait.
    pub(crate) fn opening(self: &Arc<Self>, client: ClientGuid, key: LeaseKey) -> notices::OpeningGuard {
        notices::OpeningGuard::new(self, client, key)
    }
}
