//! What others have of a file than whoever does something to it.

use crate::caching::Caching;
use crate::id::ClientGuid;
use crate::range::{Lock, LockOwner, RangeLock};
use crate::state::hold::{Hold, HoldId, Own};
use crate::state::{File, OpenRecord, Parked, Waiting};

impl File {
    /// The holds of all other owners than this one.
    pub(crate) fn others(&self, own: Own) -> impl Iterator<Item = &Hold> {
        self.holds().iter().filter(move |hold| !own.has(hold.id))
    }

    /// What a client that does something under a hold does not take from itself.
    pub(crate) fn own(&self, client: Option<ClientGuid>, hold: Option<HoldId>) -> Own {
        let is_own = |id: HoldId| match id {
            HoldId::Delegation(open) => self.open(open).is_some_and(|open| Some(open.client) == client),
            HoldId::Lease(_) | HoldId::Oplock(_) => false,
        };
        let others = || self.holds().iter().filter(|other| Some(other.id) != hold && other.current() != Caching::None);
        let delegation = (self.tally().delegations() > 0).then(|| others().map(|other| other.id).find(|id| is_own(*id))).flatten();
        Own { hold, delegation }
    }

    /// What is spared of what is done through an open.
    pub(crate) fn own_of(&self, open: &OpenRecord) -> Own {
        self.own(Some(open.client), open.hold())
    }

    /// Whether somebody else has a delegation.
    pub(crate) fn others_delegate(&self, own: Own) -> bool {
        self.tally().delegations() > 0 && self.others(own).any(|hold| hold.id.is_delegation() && hold.current() != Caching::None)
    }

    /// Whether somebody else caches writes.
    pub(crate) fn others_write(&self, own: Own) -> bool {
        let (writers, _) = self.tally().writers_and_all();
        writers > own.count(self, Caching::writes)
    }

    /// Whether somebody else caches anything.
    pub(crate) fn others_cache(&self, own: Own) -> bool {
        let (_, caching) = self.tally().writers_and_all();
        caching > own.count(self, |state| state != Caching::None)
    }

    /// Whether a parked request still waits: a break of another owner runs that began before it was parked, or a lock is in the way of
    /// one that waits for locks. Its own lease's break is not what it waits for (LS-107).
    pub(crate) fn blocks(&self, parked: &Parked) -> bool {
        let own = match &parked.waiting {
            Waiting::Operation { open, .. } | Waiting::Lock(Lock { open, .. }) => {
                self.open(*open).map(|open| self.own_of(open)).unwrap_or_default()
            }
            Waiting::Open(_) | Waiting::Access(_) | Waiting::NfsLock(_) => self.own(parked.client, parked.lease()),
        };
        let locked = match &parked.waiting {
            Waiting::Lock(asked) => asked.wait && self.refuses(LockOwner::Open(asked.open), &asked.locks),
            Waiting::NfsLock(asked) => asked.wait && self.refuses(LockOwner::Nfs(asked.owner), &[asked.lock]),
            Waiting::Open(_) | Waiting::Operation { .. } | Waiting::Access(_) => false,
        };
        locked || self.tally().oldest_break(own).is_some_and(|ordinal| ordinal <= parked.after)
    }

    /// Whether a lock is in the way of one of these.
    fn refuses(&self, owner: LockOwner, asked: &[RangeLock]) -> bool {
        self.locks().is_some_and(|locks| asked.iter().any(|lock| locks.refuse(owner, *lock)))
    }

    /// Whether a break runs that began no later than the one with this ordinal.
    pub(crate) fn breaks_up_to(&self, ordinal: u64) -> bool {
        self.tally().oldest_break(Own::default()).is_some_and(|oldest| oldest <= ordinal)
    }
}
