//! Clients and their sessions.

use std::sync::Arc;

use crate::effect::Route;
use crate::id::{ClientGuid, ServerId, SessionId};
use crate::state::table::Keyed;

/// A transport connection of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Connection {
    pub(crate) route: Route,
    /// A notification could not be sent there.
    pub(crate) deaf: bool,
}

/// An SMB client: its connections to all servers of the cluster, oldest first. One without connections is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Client {
    id: ClientGuid,
    connections: Vec<Connection>,
}

impl Keyed for Client {
    type Key = ClientGuid;

    fn key(&self) -> &ClientGuid {
        &self.id
    }
}

impl Client {
    /// A client with these connections, oldest first.
    pub(crate) fn new(id: ClientGuid, connections: Vec<Connection>) -> Client {
        Client { id, connections }
    }

    pub(crate) fn connections(&self) -> &[Connection] {
        &self.connections
    }

    /// Where notifications go: the oldest connection that takes them (MS-SMB2 3.3.4.7).
    pub(crate) fn route(&self) -> Option<Route> {
        self.connections.iter().find(|connection| !connection.deaf).map(|connection| connection.route)
    }

    pub(crate) fn has(&self, route: Route) -> bool {
        self.connections.iter().any(|connection| connection.route == route)
    }

    /// Adds a connection as the youngest. One that is known keeps its age; but one that was given up and that works again, as a session
    /// that began on it proves, is as good as new: what is on its way to another connection must not move without anyone being told.
    pub(super) fn connect(&mut self, route: Route) {
        if self.connections.iter().any(|connection| connection.route == route && !connection.deaf) {
            return;
        }
        self.disconnect(route);
        self.connections.reserve_exact(1);
        self.connections.push(Connection { route, deaf: false });
    }

    pub(super) fn disconnect(&mut self, route: Route) {
        self.connections.retain(|connection| connection.route != route);
    }

    pub(super) fn mark_deaf(&mut self, route: Route) {
        for connection in &mut self.connections {
            connection.deaf |= connection.route == route;
        }
    }
}

/// An SMB session (MS-SMB2 3.3.1.8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) client: ClientGuid,
    /// The connection that it came in on.
    pub(crate) route: Route,
    /// The user, if it is one in particular.
    pub(crate) user: Option<Arc<str>>,
}

impl Keyed for Session {
    type Key = SessionId;

    fn key(&self) -> &SessionId {
        &self.id
    }
}

impl Session {
    pub(crate) fn server(&self) -> ServerId {
        self.route.server
    }
}
