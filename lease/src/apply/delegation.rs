//! Delegations of NFSv4 (RFC 8881 10.4): granted with an open, and returned.

use super::Step;
use crate::caching::Caching;
use crate::command::Delegation;
use crate::id::{ClientGuid, Generation, OpenId, RequestId, SessionId};
use crate::outcome::{Outcome, Rejection};
use crate::state::{Answer, File, FileEdit, Hold, HoldId, Locks, OpenRecord, Own, Standing};

impl Delegation {
    /// The caching that it stands for: either lets its client keep the file open by itself.
    fn caching(self) -> Caching {
        match self {
            Delegation::Read => Caching::RH,
            Delegation::Write => Caching::RWH,
        }
    }
}

/// Whether a client can have a delegation beside all that others, and it itself, have of the file. It has one of a file at most.
fn can_delegate(file: &File, client: ClientGuid, asked: Delegation) -> bool {
    let locked = file.locks().is_some_and(Locks::cover_data);
    if file.directory() || locked || file.own(Some(client), None).delegation.is_some() {
        return false;
    }
    let mut others = file.opens().iter().filter(|open| open.client != client && !open.access.is_stat());
    match asked {
        // Nobody else writes, or could without being seen. Leases and oplocks are nobody's own here, not even the client's.
        Delegation::Read => !file.others_write(Own::default()) && !others.any(|open: &OpenRecord| open.access.writes_data()),
        Delegation::Write => {
            !file.others_cache(Own::default()) && others.next().is_none() && file.locks().is_none_or(Locks::is_empty)
        }
    }
}

/// Puts an open that succeeds under the delegation that it asked for, as a whole or not at all. Never recalls anything.
pub(super) fn grant_delegation(edit: &mut FileEdit<'_>, open: OpenId, client: ClientGuid, asked: Delegation) -> Option<Delegation> {
    if !can_delegate(edit.file(), client, asked) {
        return None;
    }
    let (id, standing) = (HoldId::Delegation(open), Standing::Settled(asked.caching()));
    edit.put_hold(Hold { id, standing, generation: Generation::new(0), v2: None, notice: None, opens: 0 });
    Some(asked)
}

impl Step<'_> {
    /// Replies, and lets who waited for it go on. One that was revoked can not be returned any more.
    pub(super) fn return_delegation(&mut self, id: RequestId, session: SessionId, open: OpenId) -> Option<Answer> {
        let file = match self.file_of(id, session, open) {
            Ok(file) => file,
            Err(rejection) => return Some(Err(rejection)),
        };
        let delegation = HoldId::Delegation(open);
        let hold = self.state.file(&file).and_then(|record| record.hold(delegation));
        if hold.is_none_or(|hold| hold.current() == Caching::None) {
            return Some(Err(Rejection::NoSuchDelegation));
        }
        self.reply(id, Ok(Outcome::DelegationReturned));
        self.come_to(&file, delegation, Caching::None);
        None
    }
}
