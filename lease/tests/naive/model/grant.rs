//! What a lease request gets (LS-028 to LS-041, LS-118 to LS-121).

use lease::{Caching, ClientGuid, Grant, GrantV2, LeaseKey, LeaseRequest, LeaseRequestV2, Open, OplockLevel};

use super::{Lease, Model, Oplock, owns};

impl Model {
    pub(super) fn grant(&mut self, id: (ClientGuid, LeaseKey), open: &Open, asked: LeaseRequest) -> Grant {
        match self.leases.iter().position(|lease| owns((id.0, Some(id.1)), lease)) {
            Some(at) => self.upgrade(at, asked.state),
            None => self.first_grant(id, open, asked.state, asked.v2),
        }
        let lease = self.leases.iter().find(|lease| owns((id.0, Some(id.1)), lease)).expect("it was granted, if only nothing");
        Grant {
            key: lease.key,
            state: lease.state,
            breaking: lease.breaking.is_some(),
            v2: lease.v2.map(|(epoch, parent)| GrantV2 { epoch, parent }),
        }
    }

    /// An existing lease gets all that is asked, if that is strictly more, nothing breaks and nobody is in the way; else it stays
    /// (LS-037 to LS-040).
    fn upgrade(&mut self, at: usize, asked: Caching) {
        let lease = &self.leases[at];
        let more = lease.state != asked && lease.state.is_subset_of(asked);
        if more && lease.breaking.is_none() && self.can_hold((lease.client, lease.key), lease, asked) {
            let lease = &mut self.leases[at];
            lease.state = asked;
            lease.v2 = lease.v2.map(|(epoch, parent)| (epoch.next(), parent)); // LS-121
        }
    }

    /// A new lease goes down the ladder: what is asked, that without W, that without W and H, nothing (LS-030).
    fn first_grant(&mut self, id: (ClientGuid, LeaseKey), open: &Open, asked: Caching, v2: Option<LeaseRequestV2>) {
        let mut lease = Lease {
            client: id.0,
            key: id.1,
            file: open.file.clone(),
            state: Caching::None,
            breaking: None,
            v2: v2.map(|v2| (v2.epoch, v2.parent)),
            generation: lease::Generation::new(0),
            told: Vec::new(),
        };
        let ladder = [asked, asked.without_writes(), asked.without_writes().without_handles(), Caching::None];
        lease.state = ladder.into_iter().find(|state| self.can_hold(id, &lease, *state)).expect("nothing can always be held");
        if lease.state != Caching::None {
            lease.v2 = lease.v2.map(|(epoch, parent)| (epoch.next(), parent)); // LS-119, LS-120
        }
        self.leases.push(lease);
        // The rules know no order among the holders of a file; the table tells them by client and key.
        self.leases.sort_by_key(|lease| (lease.client, lease.key));
    }

    /// Whether a state can be held beside everybody else on the file (LS-031 to LS-033, section 2.4).
    fn can_hold(&self, id: (ClientGuid, LeaseKey), of: &Lease, state: Caching) -> bool {
        if self.has_locked_data(&of.file) {
            return state == Caching::None; // LS-035
        }
        let owner = (id.0, Some(id.1));
        let others = || self.leases.iter().filter(|other| other.file == of.file && !owns(owner, other));
        let opens = self.handles.iter().filter(|other| other.file == of.file && (other.client, other.key) != owner);
        let oplocks = || self.oplocks.iter().filter(|oplock| oplock.file == of.file);
        if oplocks().any(Oplock::writes) || state.handles() && oplocks().any(|oplock| oplock.level == OplockLevel::LevelII) {
            return state == Caching::None; // LS-034
        }
        if state.writes() {
            return oplocks().all(|oplock| oplock.level == OplockLevel::None)
                && others().all(|other| other.state == Caching::None)
                && opens.clone().all(|open| open.rights.is_stat_to_oplocks());
        }
        state == Caching::None || others().all(|other| !other.state.writes())
    }
}
