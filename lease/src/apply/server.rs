//! SMB servers and their lives.

use std::time::Duration;

use super::Step;
use super::handle::Loss;
use crate::command::Request;
use crate::id::{Incarnation, NoticeNumber, RequestId, Sequence, ServerId, SessionId};
use crate::limits::{SERVER_TTL_MAX, SERVER_TTL_MIN, SERVERS_MAX};
use crate::outcome::{Limit, Outcome, Rejection};
use crate::state::{Answer, Answers, Server};

impl Step<'_> {
    /// Begins the life that a request names, after ending an earlier one. An answer means that there is none to begin; without one the
    /// request goes the way of all others.
    pub(super) fn start_life(&mut self, request: &Request, ttl: Duration) -> Option<Answer> {
        let id = request.id;
        let known = self.state.server(id.server).map(|server| server.incarnation);
        if known.is_some_and(|current| current >= id.incarnation) {
            return None;
        }
        if !is_ttl(ttl) {
            return Some(Err(Rejection::InvalidParameter));
        }
        let mut notices = NoticeNumber::new(0);
        if known.is_some() {
            self.lose_life(id.server);
            // The life that was lost may have been told something to the last.
            notices = self.state.server(id.server).map_or(notices, |server| server.notices);
            self.state.remove_server(id.server);
        } else if !self.make_room() {
            return Some(Err(Rejection::LimitReached(Limit::Servers)));
        }
        let until = Some(self.state.now().after(ttl));
        let floor = Sequence::new(0);
        self.state
            .add_server(id.server, Server { incarnation: id.incarnation, ttl, until, floor, notices, answers: Answers::default() });
        self.take_deletions(id.server);
        None
    }

    /// Whether one more server can be known: one whose life has ended is forgotten for it, the lowest id first.
    fn make_room(&mut self) -> bool {
        if self.state.servers().count() < SERVERS_MAX {
            return true;
        }
        let ended = self.state.server_records().find(|(_, server)| !server.is_alive()).map(|(id, _)| id);
        ended.inspect(|ended| self.state.remove_server(*ended)).is_some()
    }

    /// The life goes on, and with [`Command::StartServer`](crate::Command::StartServer) at the length it says.
    pub(super) fn renew_server(&mut self, id: RequestId, ttl: Option<Duration>) -> Answer {
        if ttl.is_some_and(|ttl| !is_ttl(ttl)) {
            return Err(Rejection::InvalidParameter);
        }
        let now = self.state.now();
        let until = self.state.edit_server(id.server, |server| {
            server.ttl = ttl.unwrap_or(server.ttl);
            let until = now.after(server.ttl);
            server.until = Some(until);
            until
        });
        Ok(Outcome::Alive { until })
    }

    /// The life ends in order, with nothing left undone. That it did is all that is remembered of it.
    pub(super) fn stop_server(&mut self, id: RequestId) -> Outcome {
        self.end_life(id.server);
        Outcome::Stopped
    }

    /// Ends the life of a server that was lost: nobody knows what it was about to do.
    pub(super) fn lose_life(&mut self, server: ServerId) {
        let sessions: Vec<SessionId> = self.state.index().sessions_of(server, None).collect();
        self.doubt(&sessions);
        self.end_life(server);
    }

    /// Ends the life of a server: its sessions end, nothing it asked for waits, what it was told is forgotten, and what it had yet to delete
    /// another deletes. It counts as dead from the beginning on: nothing of that falls to itself.
    fn end_life(&mut self, server: ServerId) {
        self.state.edit_server(server, |server| server.until = None);
        let sessions: Vec<SessionId> = self.state.index().sessions_of(server, None).collect();
        self.end_sessions(&sessions, Loss::Connection);
        // What waits now belongs to no session, but to the server itself.
        let incarnation = self.state.server(server).map_or_else(Incarnation::default, |server| server.incarnation);
        let parked: Vec<RequestId> = self.state.index().parked_of_life(server, incarnation).collect();
        for request in parked {
            self.end_parked(request);
        }
        self.pass_deletions_on(server);
        self.state.forget_answers(server, Sequence::new(u64::MAX));
    }
}

fn is_ttl(ttl: Duration) -> bool {
    (SERVER_TTL_MIN..=SERVER_TTL_MAX).contains(&ttl)
}
