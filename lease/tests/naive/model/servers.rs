//! The lives of servers.

use std::time::Duration;

use lease::{Operation, Outcome, Rejection, RequestId, ServerId};

use super::{Handle, Model, Server};

impl Model {
    /// A life that is higher than any before ends the one before it.
    pub(super) fn start_server(&mut self, request: RequestId, ttl: Duration) {
        let until = self.now.after(ttl);
        let next = Server { id: request.server, incarnation: request.incarnation, notices: 0, ttl, until: Some(until) };
        match self.servers.iter().position(|server| server.id == request.server) {
            None => self.servers.push(next),
            Some(at) if self.servers[at].incarnation < request.incarnation => {
                self.lose_server(request.server);
                self.servers[at] = Server { notices: self.servers[at].notices, ..next };
            }
            Some(at) => {
                let current = Some(self.servers[at].incarnation);
                return self.reply(request, Err(Rejection::StaleIncarnation { current }));
            }
        }
        self.hand_deletions_over();
        self.wake();
        self.reply(request, Ok(Outcome::Alive { until }));
    }

    pub(super) fn renew_server(&mut self, request: RequestId) {
        let now = self.now;
        let server = self.servers.iter_mut().find(|server| server.id == request.server).expect("it asks");
        let until = now.after(server.ttl);
        server.until = Some(until);
        self.reply(request, Ok(Outcome::Alive { until }));
    }

    pub(super) fn stop_server(&mut self, request: RequestId) {
        self.end_server(request.server);
        self.wake();
        self.reply(request, Ok(Outcome::Stopped));
    }

    /// Who dies may have changed files without having asked again: what the others cache of them goes.
    pub(super) fn lose_server(&mut self, id: ServerId) {
        let of_server =
            |handle: &&Handle| self.sessions.iter().any(|session| session.id == handle.session && session.on.server == id);
        let mut changed: Vec<Handle> =
            self.handles.iter().filter(of_server).filter(|handle| handle.modified || handle.resized).cloned().collect();
        changed.sort_by_cached_key(|handle| (handle.file.clone(), handle.id));
        let write = Operation::Write { range: None };
        for handle in changed {
            let mut demands = self.operation_demands(&handle.file, (handle.client, handle.key), &write);
            demands.extend(self.operation_demands_on_oplocks(&handle.file, handle.id, &write));
            demands.sort_by_cached_key(|demand| self.place(demand));
            self.press(demands);
        }
        self.end_server(id);
    }

    /// All that came through a server ends with its life (LS-152).
    pub(super) fn end_server(&mut self, id: ServerId) {
        for server in self.servers.iter_mut().filter(|server| server.id == id) {
            server.until = None;
        }
        self.end(|session| session.on.server == id);
        self.hand_deletions_over();
    }
}
