//! CREATE: share modes, breaks and the grant, as one step that is taken again from its beginning whenever it had to wait (LS-046).

use lease::{Caching, Disposition, Open, Outcome, Rejection, RequestId};

use super::rights::{conflict, exist};
use super::{Handle, Model, OpenId, Owner, Rights, Task, owns};

/// What an open comes to for now.
pub(super) enum Verdict {
    Answered(Result<Outcome, Rejection>),
    Waits,
}

/// What an open takes from a lease.
pub(super) struct Demand {
    /// Which lease.
    pub(super) of: Owner,
    /// What may be left.
    pub(super) leaves: Caching,
    /// Whether the open waits for it.
    pub(super) wait: bool,
}

impl Model {
    pub(super) fn open(&mut self, request: RequestId, open: &Open) {
        if self.session_of(request, open.session).is_none() {
            return self.reply(request, Err(Rejection::NoSuchSession));
        }
        if !exist(open.access, open.share) {
            return self.reply(request, Err(Rejection::InvalidParameter));
        }
        match self.attempt(open) {
            Verdict::Answered(outcome) => self.reply(request, outcome),
            Verdict::Waits => self.park(request, open.session, open.file.clone(), self.owner(open), Task::Open(open.clone())),
        }
    }

    fn owner(&self, open: &Open) -> Owner {
        let session = self.sessions.iter().find(|known| known.id == open.session).expect("its session lives");
        (session.on.client, open.lease.map(|asked| asked.key))
    }

    pub(super) fn attempt(&mut self, open: &Open) -> Verdict {
        let owner = self.owner(open);
        if self.leases.iter().any(|lease| owns(owner, lease) && lease.file != open.file) {
            return Verdict::Answered(Err(Rejection::KeyOnOtherFile)); // LS-004
        }
        if self.files.iter().any(|file| file.key == open.file && file.delete_pending) {
            return Verdict::Answered(Err(Rejection::DeletePending)); // before anybody is broken (LS-142)
        }
        let demands = match self.share_demands(owner, open) {
            None => return Verdict::Answered(Err(Rejection::SharingViolation)),
            Some(demands) if demands.is_empty() => self.caching_demands(owner, open),
            Some(demands) => demands,
        };
        let (mut waits, mut lost) = (false, false);
        for Demand { of, leaves, wait } in demands {
            lost |= self.take(of, leaves);
            waits |= wait;
        }
        if lost {
            return self.attempt(open); // somebody less is in the way now
        }
        if waits { Verdict::Waits } else { Verdict::Answered(Ok(self.admit(owner, open))) }
    }

    /// What share modes ask for: H of every lease that has an open in the way (LS-054). None if somebody without H is in the way
    /// too, so that nothing would come of it (LS-055); one's own key is never broken (LS-047).
    fn share_demands(&self, owner: Owner, open: &Open) -> Option<Vec<Demand>> {
        let mut demands: Vec<Demand> = Vec::new();
        let mine = (Rights::of(open.access, open.disposition), open.share);
        for other in self.handles.iter().filter(|other| other.file == open.file && conflict(mine, (other.rights, other.share))) {
            let of = (other.client, other.key);
            let lease = self.leases.iter().find(|lease| owns(of, lease)).filter(|lease| lease.state.handles() && of != owner)?;
            if !demands.iter().any(|demand| demand.of == of) {
                demands.push(Demand { of, leaves: lease.state.without_handles(), wait: true });
            }
        }
        demands.sort_by_key(|demand| demand.of);
        Some(demands)
    }

    /// What the open takes from the caching of other owners, once share modes let it in (LS-047 to LS-053).
    fn caching_demands(&self, owner: Owner, open: &Open) -> Vec<Demand> {
        if Rights::of(open.access, open.disposition).is_stat() {
            return Vec::new();
        }
        let others = self.leases.iter().filter(|lease| lease.file == open.file && !owns(owner, lease));
        let demand =
            |leaves| move |lease: &super::Lease| Demand { of: (lease.client, Some(lease.key)), leaves, wait: lease.state.writes() };
        match open.disposition {
            Disposition::Keep => others.filter(|lease| lease.state.writes()).map(demand(Caching::RH)).collect(),
            Disposition::Overwrite | Disposition::Supersede => {
                others.filter(|lease| lease.state != Caching::None).map(demand(Caching::None)).collect()
            }
        }
    }

    /// Nothing is in the way any more.
    fn admit(&mut self, owner: Owner, open: &Open) -> Outcome {
        let (client, key) = owner;
        self.know(&open.file, &open.name);
        let grant = open.lease.map(|asked| self.grant((client, asked.key), open, asked));
        self.last_open += 1;
        let id = OpenId::new(self.last_open);
        let rights = Rights::of(open.access, Disposition::Keep);
        self.handles.push(Handle { id, session: open.session, client, file: open.file.clone(), key, rights, share: open.share });
        Outcome::Opened { open: id, lease: grant, oplock: lease::OplockLevel::None }
    }
}
