//! CREATE: share modes, breaks and the grant, as one step that is taken again from its beginning whenever it had to wait (LS-046).

use lease::{Caching, Disposition, FileKey, Open, OplockLevel, Outcome, Rejection, RequestId, Share};

use super::directory::{asked, parent_key};
use super::rights::{conflict, exist};
use super::{Demand, Handle, Model, OpenId, Owner, Rights, Task, owns};

/// What an open comes to for now.
pub(super) enum Verdict {
    Answered(Result<Outcome, Rejection>),
    Waits,
    /// For this file too.
    WaitsBehind(FileKey),
}

impl Model {
    pub(super) fn open(&mut self, request: RequestId, open: &Open) {
        if self.session_of(request, open.session).is_none() {
            return self.reply(request, Err(Rejection::NoSuchSession));
        }
        let both = open.lease.is_some() && open.oplock != OplockLevel::None;
        if !exist(open.access, open.share) || both {
            return self.reply(request, Err(Rejection::InvalidParameter));
        }
        let open = &self.as_shared(open);
        if open.created {
            self.child_changed(&open.file, open.parent, parent_key(open)); // whatever comes of the open
        }
        match self.attempt(open) {
            Verdict::Answered(outcome) => {
                self.wake();
                self.reply(request, outcome);
            }
            Verdict::Waits | Verdict::WaitsBehind(_) => {
                self.park(request, open.session, open.file.clone(), self.owner(open), (Task::Open(open.clone()), None));
                self.wake();
            }
        }
    }

    fn owner(&self, open: &Open) -> Owner {
        let session = self.sessions.iter().find(|known| known.id == open.session).expect("its session lives");
        (session.on.client, asked(open).map(|asked| asked.key))
    }

    pub(super) fn attempt(&mut self, open: &Open) -> Verdict {
        let owner = self.owner(open);
        let named = (owner.0, open.lease.map(|lease| lease.key));
        if self.leases.iter().any(|lease| owns(named, lease) && lease.file != open.file) {
            return Verdict::Answered(Err(Rejection::KeyOnOtherFile)); // LS-004
        }
        let file = self.files.iter().find(|file| file.key == open.file).map(|file| file.directory);
        let debt = self.debts.iter().find(|debt| debt.file == open.file).map(|debt| debt.directory);
        if debt.or(file).is_some_and(|directory| directory != open.directory) {
            return Verdict::Answered(Err(Rejection::InvalidParameter));
        }
        if let Some(refused) = self.refused_for_deletion(&open.file) {
            return Verdict::Answered(Err(refused)); // before anybody is broken (LS-142)
        }
        let mine = (Rights::of(open.access, open.disposition), open.share);
        let shared = self.share_demands(owner, &open.file, mine);
        let batches = self.batch_demands(open, shared.as_ref().is_some_and(Vec::is_empty));
        let demands = match shared {
            _ if !batches.is_empty() => batches,
            None => return Verdict::Answered(Err(Rejection::SharingViolation)),
            Some(demands) if demands.is_empty() => {
                self.caching_demands(owner, open).into_iter().chain(self.caching_demands_on_oplocks(open)).collect()
            }
            Some(demands) => demands,
        };
        let (waits, lost) = self.press(demands);
        if lost {
            return self.attempt(open); // somebody less is in the way now
        }
        if waits { Verdict::Waits } else { Verdict::Answered(Ok(self.admit(owner, open))) }
    }

    /// Takes what is demanded. Returns whether it has to be waited for, and whether somebody lost his handles over it.
    pub(super) fn press(&mut self, demands: Vec<Demand>) -> (bool, bool) {
        let (mut waits, mut lost) = (false, false);
        for demand in demands {
            let (Demand::Lease { wait, .. } | Demand::Oplock { wait, .. }) = demand;
            waits |= wait;
            match demand {
                Demand::Lease { of, leaves, .. } => lost |= self.take(of, leaves),
                Demand::Oplock { of, leaves, .. } => self.take_oplock(of, leaves),
            }
        }
        (waits, lost)
    }

    /// What share modes ask for: H of every lease that has an open in the way (LS-054). None if somebody without H is in the way
    /// too, so that nothing would come of it (LS-055); one's own key is never broken (LS-047).
    pub(super) fn share_demands(&self, owner: Owner, file: &FileKey, mine: (Rights, Share)) -> Option<Vec<Demand>> {
        let mut demands: Vec<(Owner, Caching)> = Vec::new();
        for other in self.handles.iter().filter(|other| other.file == *file && conflict(mine, (other.rights, other.share))) {
            let of = (other.client, other.key);
            let lease = self.leases.iter().find(|lease| owns(of, lease)).filter(|lease| lease.state.handles() && of != owner)?;
            if !demands.iter().any(|(known, _)| *known == of) {
                demands.push((of, lease.state.without_handles()));
            }
        }
        demands.sort_by_key(|(of, _)| *of);
        Some(demands.into_iter().map(|(of, leaves)| Demand::Lease { of, leaves, wait: true }).collect())
    }

    /// What the open takes from the caching of other owners, once share modes let it in (LS-047 to LS-053).
    fn caching_demands(&self, owner: Owner, open: &Open) -> Vec<Demand> {
        if Rights::of(open.access, open.disposition).is_stat() {
            return Vec::new();
        }
        let others = self.leases.iter().filter(|lease| lease.file == open.file && !owns(owner, lease));
        let demand = |leaves| {
            move |lease: &super::Lease| Demand::Lease { of: (lease.client, Some(lease.key)), leaves, wait: lease.state.writes() }
        };
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
        self.know(&open.file, &open.name, open.directory);
        if open.disposition != Disposition::Keep {
            self.file(&open.file).reach = 0; // no data is left that could be locked (LS-035)
        }
        let grant = asked(open).map(|asked| {
            let wanted = self.wanted(client, open, asked.state);
            self.grant((client, asked.key), open, lease::LeaseRequest { state: wanted, ..asked })
        });
        self.last_open += 1;
        let id = OpenId::new(self.last_open);
        let oplock = self.grant_oplock(id, open, self.wanted_oplock(client, open));
        let rights = Rights::of(open.access, Disposition::Keep);
        self.handles.push(Handle {
            id,
            session: open.session,
            client,
            file: open.file.clone(),
            key,
            rights,
            share: open.share,
            delete_on_close: open.delete_on_close,
            parent: open.parent,
            parent_key: parent_key(open),
            modified: false,
            resized: false,
        });
        if open.disposition != Disposition::Keep {
            self.child_changed(&open.file, open.parent, parent_key(open));
        }
        Outcome::Opened { open: id, lease: grant, oplock, delegation: None, durable: None, before: None }
    }
}
