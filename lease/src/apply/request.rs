//! Requests are carried out once, however often they arrive.

use super::Step;
use crate::command::{Command, Request};
use crate::effect::Effect;
use crate::id::{NoticeNumber, RequestId, Sequence, ServerId};
use crate::limits::ANSWERS_PER_SERVER_MAX;
use crate::outcome::Rejection;
use crate::state::Answer;

/// What is known of a request that arrives.
enum Admission {
    /// It is to be carried out.
    Fresh,
    /// It was carried out, or never will be.
    Known(Answer),
    /// It is parked.
    Parked,
}

impl Step<'_> {
    /// Carries out a request, or says again what it came to.
    pub(super) fn request(&mut self, request: &Request, command: &Command) {
        let id = request.id;
        if let Command::StartServer { ttl } = command
            && let Some(answer) = self.start_life(request, *ttl)
        {
            self.effects.push(Effect::Reply { to: id, outcome: answer });
            return;
        }
        match self.admit(request) {
            Admission::Known(outcome) => self.effects.push(Effect::Reply { to: id, outcome }),
            Admission::Parked => self.effects.push(Effect::Parked { to: id }),
            Admission::Fresh => {
                let answer = self.carry_out(id, command);
                self.resume();
                if let Some(answer) = answer {
                    self.reply(id, answer);
                }
                self.limit_answers(id.server);
            }
        }
    }

    fn admit(&mut self, request: &Request) -> Admission {
        let id = request.id;
        let Some(server) = self.state.server(id.server) else {
            return Admission::Known(Err(Rejection::StaleIncarnation { current: None }));
        };
        let stale = Rejection::StaleIncarnation { current: Some(server.incarnation) };
        if server.incarnation != id.incarnation {
            return Admission::Known(Err(stale));
        }
        if !server.is_alive() {
            // All that an ended life is still told is that it has ended, in the words that it was told first.
            return Admission::Known(server.answers.get(id.sequence).cloned().unwrap_or(Err(stale)));
        }
        self.confirm_notices(id.server, request.notices_seen);
        // A request that is being asked is cared about, whatever its floor says.
        self.raise_floor(id.server, request.floor.min(id.sequence));
        self.look_up(id)
    }

    fn look_up(&self, id: RequestId) -> Admission {
        let server = self.state.server(id.server).expect("the request was found to be of a known server");
        if self.state.index().parked.contains_key(&id) {
            Admission::Parked
        } else if let Some(answer) = server.answers.get(id.sequence) {
            Admission::Known(answer.clone())
        } else if id.sequence < server.floor {
            Admission::Known(Err(Rejection::Forgotten))
        } else {
            Admission::Fresh
        }
    }

    /// Forgets the answers below what the server named as its floor. The floor may be higher already, where answers were forgotten for
    /// being too many.
    fn raise_floor(&mut self, server: ServerId, named: Sequence) {
        self.state.forget_answers(server, named);
        if self.state.server(server).is_some_and(|server| server.floor < named) {
            self.state.edit_server(server, |server| server.floor = named);
        }
    }

    /// Forgets the oldest answers when there are too many. What is below the new floor will be called forgotten, not executed again.
    fn limit_answers(&mut self, server: ServerId) {
        while self.state.server(server).is_some_and(|server| server.answers.len() > ANSWERS_PER_SERVER_MAX) {
            let Some(oldest) = self.state.forget_oldest_answer(server) else { return };
            let floor = Sequence::new(oldest.get().saturating_add(1));
            self.state.edit_server(server, |server| server.floor = server.floor.max(floor));
        }
    }

    /// Forgets the notices that the server has in its hands.
    fn confirm_notices(&mut self, server: ServerId, seen: NoticeNumber) {
        let confirmed = self.state.index().notices.range((server, NoticeNumber::new(0))..=(server, seen));
        let confirmed: Vec<_> = confirmed.map(|(_, lease)| *lease).collect();
        for lease in confirmed {
            let (file, hold) = self.state.hold(lease).expect("a notice is about a hold");
            let (file, mut hold) = (file.clone(), hold.clone());
            hold.notice = None;
            self.state.put_hold(&file, hold);
        }
    }
}
