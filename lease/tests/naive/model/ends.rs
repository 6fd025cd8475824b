//! How sessions begin, and how handles, sessions and connections end.

use lease::{ClientGuid, ConnectionId, Operation, Outcome, Rejection, RequestId};

use super::{Claim, Connection, Handle, Model, OpenId, Session, SessionId, Task, Waiting, owns};

impl Model {
    pub(super) fn start_session(&mut self, request: RequestId, client: ClientGuid, number: ConnectionId) {
        let on = Connection { client, server: request.server, number };
        if !self.connections.contains(&on) {
            self.connections.push(on);
        }
        self.last_session += 1;
        let session = SessionId::new(self.last_session);
        self.sessions.push(Session { id: session, on, evicted: false });
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
        let handle = self.handles[at].clone();
        if self.close_answers(&handle) {
            self.gave_an_answer(handle.client);
        }
        self.cancel_waiting(|waiting| waiting.task.through() == Some(open));
        self.before_close(&handle);
        self.handles.retain(|known| known.id != open);
        self.after_close(&handle);
        let delete = self.ended(&handle, request.server, true);
        self.wake(); // who waits does not get the file that goes now
        self.reply(request, Ok(Outcome::Closed { delete }));
    }

    /// A handle that deletes on close asks for it now: H goes from the others, and nobody waits (LS-070).
    pub(super) fn before_close(&mut self, closing: &Handle) {
        if closing.delete_on_close {
            let file = self.file(&closing.file);
            (file.delete_pending, file.delete_key) = (true, closing.parent_key);
            self.claims.push(Claim::Handles(closing.file.clone(), (closing.client, closing.key)));
        }
    }

    /// Takes what nobody waits for, when all handles are closed that end in the same step.
    pub(super) fn settle_claims(&mut self) {
        while !self.claims.is_empty() {
            let demands = match self.claims.remove(0) {
                Claim::Handles(file, own) => self.operation_demands(&file, own, &Operation::Dispose { delete: true }),
                Claim::Listing(directory, key) => self.listing_demands(&directory, key),
            };
            self.press(demands);
        }
    }

    /// A lease without a handle is no more (LS-006).
    pub(super) fn after_close(&mut self, closed: &Handle) {
        self.drop_oplock(closed);
        self.drop_locks(closed);
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

    pub(super) fn cancel_waiting(&mut self, gone: impl Fn(&Waiting) -> bool) {
        for waiting in self.queue.clone().into_iter().filter(gone) {
            self.queue.retain(|known| known.request != waiting.request);
            // A lock that nobody can hold any more is called not locked.
            let lock = matches!(waiting.task, Task::Lock(_));
            self.reply(waiting.request, Err(if lock { Rejection::RangeNotLocked } else { Rejection::Cancelled }));
        }
    }

    pub(super) fn end_session(&mut self, request: RequestId, session: SessionId) {
        let known = self.sessions.iter().find(|known| known.id == session && known.on.server == request.server);
        let Some(session) = known.copied() else {
            return self.reply(request, Err(Rejection::NoSuchSession));
        };
        self.end(|known| known.id == session.id);
        self.wake();
        self.reply(request, Ok(Outcome::SessionEnded));
    }

    pub(super) fn disconnect(&mut self, request: RequestId, number: ConnectionId) {
        self.end(|known| (known.on.server, known.on.number) == (request.server, number));
        self.wake();
        self.reply(request, Ok(Outcome::Disconnected));
    }

    /// Sessions end: what they wait for is cancelled, what they have open is closed (LS-145, LS-151), and who was reached there is
    /// reached elsewhere from now on.
    pub(super) fn end(&mut self, gone: impl Fn(&Session) -> bool) {
        let mut ending: Vec<Session> = self.sessions.iter().filter(|session| gone(session)).copied().collect();
        ending.sort_by_key(|session| (session.on.number, session.id)); // the rules know no order
        self.sessions.retain(|session| !gone(session));
        for session in &ending {
            self.cancel_waiting(|waiting| waiting.session == session.id);
        }
        for session in ending {
            for handle in self.handles.clone().into_iter().filter(|handle| handle.session == session.id) {
                self.before_close(&handle);
                self.handles.retain(|known| known.id != handle.id);
                self.after_close(&handle);
                self.ended(&handle, session.on.server, false);
            }
        }
        let sessions = self.sessions.clone();
        let lost = |on: &Connection| !sessions.iter().any(|session| session.on == *on);
        let mut lost: Vec<Connection> = self.connections.iter().filter(|on| lost(on)).copied().collect();
        lost.sort_by_key(|on| on.number);
        for connection in lost {
            self.lose_connection(connection);
        }
    }
}
