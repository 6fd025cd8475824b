//! Clients and their sessions.

use std::sync::Arc;

use crate::effect::Route;
use crate::id::{ClientGuid, ServerId, SessionId};
use crate::state::table::Keyed;
use crate::time::LogTime;

/// A transport connection of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Connection {
    pub(crate) route: Route,
    /// A notification could not be sent there.
    pub(crate) deaf: bool,
}

/// That breaks of a client timed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lapses {
    /// How many since it last answered one.
    pub(crate) count: u32,
    /// Whether they were enough to bar it from caching writes and handles.
    pub(crate) barred: bool,
    /// When all this is forgotten.
    pub(crate) until: LogTime,
}

/// An SMB client: its connections to all servers of the cluster, oldest first. One without connections is not known, unless breaks timed out
/// and that is not forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Client {
    id: ClientGuid,
    connections: Vec<Connection>,
    lapses: Option<Lapses>,
}

impl Keyed for Client {
    type Key = ClientGuid;

    fn key(&self) -> &ClientGuid {
        &self.id
    }
}

impl Client {
    /// A client with these connections, oldest first.
    pub(crate) fn new(id: ClientGuid, connections: Vec<Connection>, lapses: Option<Lapses>) -> Client {
        Client { id, connections, lapses }
    }

    /// Whether nothing is left of it that would have to be known.
    pub(super) fn is_over(&self) -> bool {
        self.connections.is_empty() && self.lapses.is_none()
    }

    pub(crate) fn lapses(&self) -> Option<Lapses> {
        self.lapses
    }

    pub(super) fn set_lapses(&mut self, lapses: Option<Lapses>) {
        self.lapses = lapses;
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
    /// It has ended by an operator's word, and is known only until its server has dropped its connection.
    pub(crate) evicted: bool,
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
