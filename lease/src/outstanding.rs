//! What a server is still owed, from the state alone.

use crate::apply::{told_breaking, told_deletion, told_evicted, told_notice};
use crate::effect::Effect;
use crate::id::{Incarnation, NoticeNumber, RequestId, ServerId};
use crate::state::{Deleter, HoldId, State};

impl State {
    /// Everything that this life of this server is still owed: a server that missed any effects, for whatever reason, and is told these
    /// instead owes its clients the same as one that was told all.
    ///
    /// In order: the notices that it has not confirmed; the sessions that were evicted and are not gone; breaks that run and are addressed
    /// to it, oldest first; the files that it has yet to delete; which of its requests are parked; and the replies to requests that its
    /// floor has not passed. Some of it may be known to the server already: a break
    /// has its generation, a notice its number and a reply its request to tell.
    pub fn outstanding(&self, server: ServerId, incarnation: Incarnation) -> Vec<Effect> {
        let Some(known) = self.server(server).filter(|known| known.incarnation == incarnation) else { return Vec::new() };
        let mut owed = self.notices_owed(server);
        let sessions = self.index().sessions_of(server, None).filter_map(|session| self.session(session));
        owed.extend(sessions.filter_map(told_evicted));
        owed.extend(self.breaks_owed(server, incarnation));
        let files = self.index().deletions_of(Deleter::Server(server)).filter_map(|file| self.file(file));
        owed.extend(files.map(|file| told_deletion(file, server, incarnation)));
        owed.extend(self.index().parked_of_life(server, incarnation).map(|to| Effect::Parked { to }));
        owed.extend(known.answers.iter().map(|(sequence, known)| Effect::Reply {
            to: RequestId { server, incarnation, sequence },
            outcome: known.answer.clone(),
        }));
        owed
    }

    fn notices_owed(&self, server: ServerId) -> Vec<Effect> {
        let notices = self.index().notices.range((server, NoticeNumber::new(0))..=(server, NoticeNumber::new(u64::MAX)));
        notices.filter_map(|(_, id)| self.notice_owed(*id)).collect()
    }

    fn notice_owed(&self, id: HoldId) -> Option<Effect> {
        let file = self.file_of_hold(id)?;
        told_notice(file, file.hold(id)?)
    }

    fn breaks_owed(&self, server: ServerId, incarnation: Incarnation) -> impl Iterator<Item = Effect> {
        let mut breaks: Vec<_> = self
            .index()
            .breaking
            .iter()
            .filter_map(|id| {
                let file = self.file_of_hold(*id)?;
                let to = self.route_of(file, *id).filter(|to| (to.server, to.incarnation) == (server, incarnation))?;
                let hold = file.hold(*id)?;
                Some((hold.breaking()?.ordinal(), told_breaking(file, hold, to)?))
            })
            .collect();
        breaks.sort_by_key(|(ordinal, _)| *ordinal);
        breaks.into_iter().map(|(_, told)| told)
    }
}
