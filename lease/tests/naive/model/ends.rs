//! How sessions begin, and how handles, sessions and connections end.

use lease::{ClientGuid, ConnectionId, Outcome, Rejection, RequestId, Route};

use super::{Connection, Effect, Handle, Model, OpenId, Session, SessionId, Task, Waiting, owns};

impl Model {
    pub(super) fn start_session(&mut self, request: RequestId, client: ClientGuid, number: ConnectionId) {
        let on = Connection { client, server: request.server, number };
        if !self.connections.contains(&on) {
            self.connections.push(on);
        }
        self.last_session += 1;
        let session = SessionId::new(self.last_session);
        self.sessions.push(Session { id: session, on });
        self.reply(request, Ok(Outcome::SessionStarted { session }));
    }

    /// CLOSE: the last handle of a lease takes the lease with it, which answers its break (LS-106, LS-139).
    pub(super) fn close(&mut self, request: RequestId, session: SessionId, open: OpenId) {
        if self.session_of(request, session).is_none() {
            return self.reply(request, Err(Rejection::NoSuchSession));
        }
        let Some(at) = self.handles.iter().position(|handle| handle.id == open && handle.session == session) else {
            return self.reply(request, Err(Rejection::NoSuchOpen));
        };
        let handle = self.handles.remove(at);
        self.cancel_waiting(|waiting| matches!(waiting.task, Task::Operate(through, _) if through == open));
        self.after_close(&handle);
        let last = !self.handles.iter().any(|other| other.file == handle.file);
        let delete = last && self.file(&handle.file).delete_pending;
        self.wake(); // who waits does not get the file that goes now
        self.file(&handle.file).delete_pending &= !last;
        self.reply(request, Ok(Outcome::Closed { delete }));
    }

    /// A lease without a handle is no more (LS-006).
    fn after_close(&mut self, closed: &Handle) {
        let owner = (closed.client, closed.key);
        if closed.key.is_none() || self.handles.iter().any(|handle| (handle.client, handle.key) == owner) {
            return;
        }
        let Some(at) = self.leases.iter().position(|lease| owns(owner, lease)) else { return };
        let lease = self.leases.remove(at);
        if lease.breaking.is_some() {
            self.woken.push(lease.file);
        }
    }

    fn cancel_waiting(&mut self, gone: impl Fn(&Waiting) -> bool) {
        for waiting in self.queue.clone().into_iter().filter(gone) {
            self.queue.retain(|known| known.request != waiting.request);
            self.reply(waiting.request, Err(Rejection::Cancelled));
        }
    }

    pub(super) fn end_session(&mut self, request: RequestId, session: SessionId) {
        let Some(session) = self.session_of(request, session) else {
            return self.reply(request, Err(Rejection::NoSuchSession));
        };
        self.end(|known| known.id == session.id);
        self.reply(request, Ok(Outcome::SessionEnded));
    }

    pub(super) fn disconnect(&mut self, request: RequestId, number: ConnectionId) {
        self.end(|known| (known.on.server, known.on.number) == (request.server, number));
        self.reply(request, Ok(Outcome::Disconnected));
    }

    /// Sessions end: what they wait for is cancelled, what they have open is closed (LS-145, LS-151), and who was reached there is
    /// reached elsewhere from now on.
    fn end(&mut self, gone: impl Fn(&Session) -> bool) {
        let ending: Vec<Session> = self.sessions.iter().filter(|session| gone(session)).copied().collect();
        self.sessions.retain(|session| !gone(session));
        for session in ending {
            self.cancel_waiting(|waiting| waiting.session == session.id);
            for handle in self.handles.clone().into_iter().filter(|handle| handle.session == session.id) {
                self.handles.retain(|known| known.id != handle.id);
                self.after_close(&handle);
            }
        }
        let sessions = self.sessions.clone();
        let before = self.connections.clone();
        self.connections.retain(|on| sessions.iter().any(|session| session.on == *on));
        let lost: Vec<Connection> = before.into_iter().filter(|on| !self.connections.contains(on)).collect();
        for connection in lost {
            self.readdress(connection);
        }
        self.wake();
    }

    /// What a client was told on a connection that is gone, and has neither answered nor got for certain, is told on its next one, with
    /// the deadline it had: first what needs no answer, by its number, then what does, by key.
    fn readdress(&mut self, lost: Connection) {
        let Some(to) = self.route(lost.client) else { return };
        let was = |route: &Route| (route.server, route.connection) == (lost.server, lost.number);
        let mut owed = Vec::new();
        for (at, lease) in self.leases.iter().enumerate().filter(|(_, lease)| lease.client == lost.client) {
            for (nth, told) in lease.told.iter().enumerate() {
                match told {
                    Effect::Break(told) if was(&told.to) => owed.push((told.notice.is_none(), told.notice, at, nth)),
                    Effect::Revoked { to, notice, .. } if was(to) => owed.push((false, Some(*notice), at, nth)),
                    Effect::Break(_) | Effect::Revoked { .. } | Effect::Reply { .. } | Effect::Parked { .. } => {}
                }
            }
        }
        owed.sort();
        for (_, notice, at, nth) in owed {
            let number = notice.map(|_| self.next_notice(to.server));
            let file = self.leases[at].file.clone();
            let name = self.file(&file).name.clone();
            let told = &mut self.leases[at].told[nth];
            match told {
                Effect::Break(told) => (told.to, told.notice, told.name) = (to, number, name),
                Effect::Revoked { to: before, notice, .. } => (*before, *notice) = (to, number.unwrap_or(*notice)),
                Effect::Reply { .. } | Effect::Parked { .. } => unreachable!("no server owes a client these"),
            }
            self.told.push(told.clone());
        }
    }
}
