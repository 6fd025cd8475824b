//! What others have of a file than whoever does something to it.

use crate::caching::Caching;
use crate::id::ClientGuid;
use crate::state::hold::{Hold, HoldId, Own};
use crate::state::{File, OpenRecord};

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
}
