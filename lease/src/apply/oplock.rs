//! OPLOCK_BREAK_ACK (MS-SMB2 3.3.5.22.1; MS-FSA 2.1.5.19).

use super::Step;
use crate::caching::Caching;
use crate::id::{Generation, OpenId, RequestId, SessionId};
use crate::oplock::{OPLOCK_LEVEL_LEASE, OplockLevel};
use crate::outcome::{Outcome, Rejection};
use crate::state::{Answer, HoldId};

/// What a client comes to that answers with this level. A bad answer costs the oplock, other than a bad answer about a lease, which
/// changes nothing (LS-103).
fn acknowledged(current: Caching, requested: Caching, byte: u8) -> Result<Caching, Rejection> {
    let level = OplockLevel::from_byte(byte);
    // Who held batch and says exclusive has not understood that it is broken, and keeps nothing; who held exclusive must not say it.
    let level = level.map(|level| if level == OplockLevel::Exclusive && current.handles() { OplockLevel::None } else { level });
    match level.map(OplockLevel::caching) {
        Some(state) if state.is_subset_of(requested) => Ok(state),
        None if byte == OPLOCK_LEVEL_LEASE => Err(Rejection::InvalidParameter),
        _ => Err(Rejection::InvalidOplockProtocol),
    }
}

impl Step<'_> {
    /// Replies, and lets the break go on to its next stage or end.
    pub(super) fn acknowledge_oplock(
        &mut self,
        id: RequestId,
        (session, open): (SessionId, OpenId),
        byte: u8,
        generation: Option<Generation>,
    ) -> Option<Answer> {
        let file = match self.file_of(id, session, open) {
            Ok(file) => file,
            Err(rejection) => return Some(Err(rejection)),
        };
        let hold = self.state.file(&file).and_then(|record| record.hold(HoldId::Oplock(open)));
        let meant = hold.filter(|hold| generation.is_none_or(|meant| meant == hold.generation));
        let Some(breaking) = meant.and_then(|hold| hold.breaking()) else {
            return Some(Err(Rejection::OplockNotBreaking));
        };
        let answer = acknowledged(breaking.current(), breaking.requested(), byte);
        let state = answer.unwrap_or(Caching::None);
        self.reply(id, answer.map(|state| Outcome::OplockAcknowledged { level: OplockLevel::of(state) }));
        self.use_open(&file, open);
        self.come_to(&file, HoldId::Oplock(open), state);
        None
    }
}
