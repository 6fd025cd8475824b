//! What clients have, for people and programs to look at.

use std::collections::BTreeSet;

use crate::id::ClientGuid;
use crate::state::{Client, Keyed, Lapses, Owned, State};
use crate::time::LogTime;

/// A client, for people and programs to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientInfo {
    /// The client.
    pub client: ClientGuid,
    /// Its connections to all servers.
    pub connections: usize,
    /// Its sessions, those that were evicted and are not gone included.
    pub sessions: usize,
    /// Sessions that an operator has ended and whose servers have not said yet that they dropped them.
    pub evicted: usize,
    /// Its opens.
    pub opens: usize,
    /// Its leases, those without caching included.
    pub leases: usize,
    /// Byte-range locks that it holds.
    pub locks: usize,
    /// Requests of it that wait.
    pub parked: usize,
    /// Breaks that it let time out since it last answered one.
    pub timeouts: u32,
    /// Until when it is barred from caching writes and handles, if it is.
    pub barred_until: Option<LogTime>,
}

impl State {
    /// A client, if anything is known of it.
    pub fn client_info(&self, client: ClientGuid) -> Option<ClientInfo> {
        let (known, owned) = (self.client(client), self.index().owners.of(client));
        if known.is_none() && owned == Owned::default() {
            return None;
        }
        let connections = known.map(Client::connections).unwrap_or_default();
        let (mut sessions, mut evicted) = (0, 0);
        for session in connections.iter().flat_map(|to| self.index().sessions_of(to.route.server, Some(to.route.connection))) {
            sessions += 1;
            evicted += usize::from(self.session(session).is_some_and(|session| session.evicted));
        }
        let lapses = known.and_then(Client::lapses);
        let Owned { opens, leases, locks, parked } = owned;
        Some(ClientInfo {
            client,
            connections: connections.len(),
            sessions,
            evicted,
            opens,
            leases,
            locks,
            parked,
            timeouts: lapses.map_or(0, |lapses| lapses.count),
            barred_until: lapses.filter(|_| self.is_barred(client)).map(|Lapses { until, .. }| until),
        })
    }

    /// The clients of which anything is known, from this one on, by their ids.
    pub fn clients_from(&self, first: ClientGuid) -> impl Iterator<Item = ClientInfo> + '_ {
        let known = self.clients().map(|client| *client.key());
        let all: BTreeSet<ClientGuid> = known.chain(self.index().owners.clients()).filter(|client| *client >= first).collect();
        all.into_iter().filter_map(|client| self.client_info(client))
    }
}
