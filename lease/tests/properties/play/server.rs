//! The servers' side: lives, requests and their answers.

use super::foreign::is_foreign;
use super::{
    About, Command, ConnectionId, Effect, Entry, Incarnation, Outcome, Play, Rejection, Request, RequestId, Route, Seat, Sequence,
    Server, ServerId, SessionId, TTL, server_id,
};

impl Play {
    /// The lives that count.
    pub(super) fn alive(&self) -> Vec<(ServerId, Incarnation)> {
        let living = self.servers.iter().filter(|(_, server)| server.until.is_some());
        living.map(|(number, server)| (server_id(*number), Incarnation::new(server.incarnation))).collect()
    }

    pub(super) fn lives(&self, server: u8) -> bool {
        // Not past the moment at which the next entry will be stamped: it would find the life over.
        self.servers.get(&server).and_then(|server| server.until).is_some_and(|until| until > self.clock.max(self.state.now()))
    }

    /// Begins the server's next life.
    pub(super) fn start(&mut self, number: u8) {
        let server = self.servers.entry(number).or_default();
        let before = Incarnation::new(server.incarnation);
        let incarnation = server.incarnation + 1;
        *server = Server { incarnation, next: 1, ..Server::default() };
        self.end_life(server_id(number), before);
        self.request(number, Command::StartServer { ttl: TTL }, About::Life);
    }

    /// Enters the server's next request; one that is not alive begins a new life first.
    pub(super) fn request(&mut self, number: u8, command: Command, about: About) {
        let server = self.servers.get_mut(&number).expect("a server that asks was started");
        let sequence = Sequence::new(server.next);
        server.next += 1;
        server.unanswered.insert(sequence);
        let incarnation = Incarnation::new(server.incarnation);
        let id = RequestId { server: server_id(number), incarnation, sequence };
        // It does not confirm with every request, and a part of what it could only.
        if sequence.get().is_multiple_of(3) {
            server.floor = *server.unanswered.first().expect("just inserted");
            server.seen = server.seen.max(self.debts.told(id.server, incarnation));
        }
        let request = Request { id, floor: server.floor, notices_seen: server.seen };
        self.debts.confirm(id, request.floor, request.notices_seen);
        self.about.insert(id, about);
        let entry = Entry { at: self.stamp(), request: Some(request), command };
        self.entries.insert(id, entry.clone());
        let effects = self.enter(&entry);
        let words = effects.iter().filter(|effect| matches!(effect, Effect::Reply { to, .. } | Effect::Parked { to } if *to == id));
        assert!((1..=2).contains(&words.count()), "{id} has an answer: {effects:?}");
    }

    /// A request of a life that is over, or of a server that never was.
    pub(super) fn stale(&mut self, number: u8, start: bool) {
        let current = self.servers.get(&number).map_or(0, |server| server.incarnation);
        let known = self.servers.contains_key(&number);
        let incarnation = Incarnation::new(current.saturating_sub(1));
        let id = RequestId { server: server_id(number), incarnation, sequence: Sequence::new(1_000_000) };
        let request = Request { id, floor: Sequence::new(0), notices_seen: lease::NoticeNumber::new(0) };
        // A life that is over cannot be begun again; one that is not known could be.
        let command = if start && known { Command::StartServer { ttl: TTL } } else { Command::RenewServer };
        let entry = Entry { at: self.stamp(), request: Some(request), command };
        let effects = self.enter(&entry);
        let current = known.then(|| Incarnation::new(current));
        let refused = Effect::Reply { to: id, outcome: Err(Rejection::StaleIncarnation { current }) };
        assert_eq!(effects.last(), Some(&refused));
    }

    /// A server that lives says that it has deleted a file.
    pub(super) fn deleted(&mut self, number: u8, index: usize) {
        let known: Vec<lease::FileKey> = self.debts.deletions();
        let file = if index.is_multiple_of(5) { None } else { known.get(index % known.len().max(1)).cloned() };
        let file = file.unwrap_or_else(|| super::file(u8::try_from(index % 5).expect("below five")));
        if self.lives(number) {
            self.request(number, Command::Deleted { file: file.clone() }, About::Deleted(file));
        }
    }

    /// Whoever was told to delete a file does so in the end, and then it is nobody's any more.
    pub(super) fn delete_all(&mut self) {
        let Some(number) = self.servers.keys().copied().find(|number| self.lives(*number)) else { return };
        for file in self.debts.deletions() {
            self.request(number, Command::Deleted { file: file.clone() }, About::Deleted(file.clone()));
            assert_eq!(self.state.file_info(&file), None, "nothing is known of a file that is deleted");
        }
        let owed = self.alive().into_iter().flat_map(|(server, life)| self.state.outstanding(server, life));
        assert!(owed.into_iter().all(|effect| !matches!(effect, Effect::Delete { .. })), "in the end all is deleted");
    }

    /// Ends the lives whose time is over.
    pub(super) fn expire(&mut self) {
        let now = self.state.now();
        let over: Vec<(u8, u64)> = self
            .servers
            .iter_mut()
            .filter(|(_, server)| server.until.is_some_and(|until| until <= now))
            .map(|(number, server)| {
                server.until = None;
                (*number, server.incarnation)
            })
            .collect();
        for (number, incarnation) in over {
            self.end_life(server_id(number), Incarnation::new(incarnation));
        }
    }

    fn end_life(&mut self, server: ServerId, incarnation: Incarnation) {
        self.end_seats(|seat| seat.route.server == server && seat.route.incarnation == incarnation);
        self.debts.forget(|route| route.server == server && route.incarnation == incarnation);
    }

    /// What ends or is given up does so before anything else comes of it, though the answer that says so comes last.
    pub(super) fn part(&mut self, effects: &[Effect]) {
        for effect in effects {
            let Effect::Reply { to, outcome: Ok(outcome) } = effect else { continue };
            match (self.about.get(to).cloned(), outcome) {
                (Some(About::Undeliverable(route)), Outcome::Noted) => {
                    self.deaf.push(route);
                    self.debts.forget(|gone| *gone == route);
                }
                (Some(About::Disconnect(route)), Outcome::Disconnected) => {
                    self.end_seats(|seat| seat.route == route);
                    self.debts.forget(|gone| *gone == route);
                }
                // Who waited for these locks is told that he has them before their owner is told that they are gone.
                (Some(About::Unlock { open, range }), Outcome::Unlocked) => self.beliefs.unlock(open, range),
                (Some(About::Close(open)), Outcome::Closed { delete }) => {
                    self.beliefs.locks.retain(|(owner, _)| *owner != open);
                    self.closing = Some(open);
                    if let Some(held) = self.beliefs.opens.get(&open).filter(|_| *delete) {
                        self.debts.closed_last((to.server, to.incarnation), &held.file);
                    }
                }
                (Some(About::Deleted(file)), Outcome::Deleted) => self.debts.deleted(&file),
                (Some(About::EndSession(session)), Outcome::SessionEnded) => self.end_seats(|seat| seat.id == session),
                (Some(About::Stop), Outcome::Stopped) => {
                    let server = self.servers.iter_mut().find(|(number, _)| server_id(**number) == to.server);
                    server.expect("it asked").1.until = None;
                    self.end_life(to.server, to.incarnation);
                }
                _ => {}
            }
        }
    }

    /// Forgets opens that were granted and closed within one entry: what fell due before the end of their server set them free.
    pub(super) fn lose_orphans(&mut self) {
        let sessions = self.beliefs.opens.values().map(|held| held.session);
        let orphans: std::collections::BTreeSet<SessionId> =
            sessions.filter(|session| !self.seats.iter().any(|seat| seat.id == *session)).collect();
        self.beliefs.end(&orphans);
    }

    pub(super) fn end_seats(&mut self, gone: impl Fn(&Seat) -> bool) {
        let ended: std::collections::BTreeSet<SessionId> =
            self.seats.iter().filter(|seat| gone(seat)).map(|seat| seat.id).collect();
        self.seats.retain(|seat| !gone(seat));
        self.beliefs.end(&ended);
    }

    /// Learns what an effect says.
    pub(super) fn learn(&mut self, effect: &Effect) {
        match effect {
            Effect::Reply { to, outcome } => {
                self.word(*to, effect);
                self.answered(*to, outcome);
            }
            Effect::Parked { to } => self.word(*to, effect),
            Effect::Break(notice) => self.broken(notice),
            // What an oplock is good for is the business of its open alone.
            // Nor does anybody ask for what the others are about.
            Effect::OplockBreak(_)
            | Effect::OplockRevoked { .. }
            | Effect::Recall(_)
            | Effect::Delete { .. }
            | Effect::Evicted { .. } => {}
            Effect::DelegationRevoked { open, .. } => {
                self.beliefs.delegations.remove(open);
            }
            Effect::Revoked { client, key, .. } => self.beliefs.set((*client, *key), lease::Caching::None),
        }
    }

    fn word(&mut self, to: RequestId, effect: &Effect) {
        if !self.about.contains_key(&to) {
            return;
        }
        let before = self.words.insert(to, effect.clone());
        assert!(!matches!(before, Some(Effect::Reply { .. })), "{to} is answered once");
        let server = self.servers.iter_mut().find(|(number, _)| server_id(**number) == to.server).map(|(_, server)| server);
        if let (Effect::Reply { .. }, Some(server)) = (effect, server)
            && server.incarnation == to.incarnation.get()
        {
            server.unanswered.remove(&to.sequence);
        }
    }

    fn answered(&mut self, to: RequestId, outcome: &Result<Outcome, Rejection>) {
        let Some(about) = self.about.get(&to).cloned() else { return };
        match (about, outcome) {
            (About::Life, Ok(Outcome::Alive { until })) => {
                assert_eq!(*until, self.state.now().after(TTL), "a life is counted from its renewal");
                let server = self.servers.iter_mut().find(|(number, _)| server_id(**number) == to.server);
                server.expect("it asked").1.until = Some(*until);
            }
            (About::Session { client, server, connection }, Ok(Outcome::SessionStarted { session })) => {
                let route = Route { server: to.server, incarnation: to.incarnation, connection };
                self.deaf.retain(|deaf| *deaf != route);
                self.seats.push(Seat { id: *session, client, server, route });
            }
            // Dealt with by `part`.
            (About::Stop, Ok(Outcome::Stopped))
            | (About::Deleted(_), Ok(Outcome::Deleted))
            | (About::Unlock { .. }, Ok(Outcome::Unlocked))
            | (About::EndSession(_), Ok(Outcome::SessionEnded))
            | (About::Disconnect(_), Ok(Outcome::Disconnected))
            | (About::Undeliverable(_), Ok(Outcome::Noted)) => {}
            (about, outcome) if is_foreign(&about) => self.foreign_answered(to, &about, outcome),
            (about, outcome) => self.opened_or_closed(about, outcome),
        }
    }

    /// The connections of this client that take notifications.
    pub(super) fn hears(&self, client: u8) -> bool {
        self.seats.iter().any(|seat| seat.client == client && !self.deaf.contains(&seat.route))
    }

    /// Sets up a session; the second one of a client with a server shares the connection of the first.
    pub(super) fn connect(&mut self, client: u8, server: u8) {
        if !self.lives(server) {
            self.start(server);
        }
        let here: Vec<&Seat> = self.seats.iter().filter(|seat| seat.client == client && seat.server == server).collect();
        let connection = match here.last() {
            Some(seat) if here.len() % 2 == 1 => seat.route.connection,
            _ => {
                self.connections += 1;
                ConnectionId::new(self.connections)
            }
        };
        let command = Command::StartSession {
            client: lease::ClientGuid::from_u128(u128::from(client)),
            connection,
            user: None,
            previous: None,
            id: None,
        };
        self.request(server, command, About::Session { client, server, connection });
    }
}
