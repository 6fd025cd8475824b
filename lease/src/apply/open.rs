//! CREATE (MS-SMB2 3.3.5.9; MS-FSA 2.1.5.1.2): share modes, breaks and the grant as one step.

use super::Step;
use super::grant::{grant, grant_oplock};
use crate::command::{Access, Disposition, LeaseRequest, Open, Share};
use crate::id::{ClientGuid, LeaseKey, OpenId, RequestId};
use crate::limits::{NAME_BYTES_MAX, OPENS_PER_FILE_MAX, PARKED_OPENS_PER_FILE_MAX};
use crate::oplock::OplockLevel;
use crate::outcome::{Limit, Outcome, Rejection};
use crate::state::{Answer, File, Hold, HoldId, Keyed, OpenRecord, Reason, Under, Waiting};

/// What an open has to take from the other owners of its file before it can succeed.
#[derive(Debug, Default)]
pub(super) struct Demands {
    pub(super) breaks: Vec<(HoldId, Reason)>,
    pub(super) waits: bool,
}

/// The lease that an open asks for. On a directory a v1 context is ignored, and W is not asked for (LS-020, LS-043).
fn lease_asked(open: &Open) -> Option<LeaseRequest> {
    let asked = open.lease?;
    match (open.directory, asked.v2) {
        (false, _) => Some(asked),
        (true, Some(_)) => Some(LeaseRequest { state: asked.state.without_writes(), ..asked }),
        (true, None) => None,
    }
}

/// The key of the directory lease that what is done through this open does not break: only a lease context has one (LS-130).
fn parent_key(open: &Open) -> Option<LeaseKey> {
    open.lease.and_then(|lease| lease.v2).and_then(|v2| v2.parent)
}

/// What an open demands, or that it can not succeed whatever the others do.
fn demands(file: &File, open: &Open, own: Option<HoldId>) -> Result<Demands, Rejection> {
    let access = open.access.widened(open.disposition);
    let reason = match open.disposition {
        Disposition::Keep => Reason::Access,
        Disposition::Overwrite | Disposition::Supersede => Reason::Overwrite,
    };
    // Batch oplocks come before the shares: their holders may close instead (LS-056).
    if !access.is_stat_beside_oplocks() && file.others_write(own) {
        let batches = demands_on(file.others(own).filter(|hold| hold.id.is_oplock() && hold.current().handles()), reason);
        if batches.waits {
            return Ok(batches);
        }
    }
    let conflicting = demands_of_sharing(file, own, access, open.share)?;
    if conflicting.waits || access.is_stat_beside_oplocks() {
        return Ok(conflicting);
    }
    let anything_to_take = if reason == Reason::Access { file.others_write(own) } else { file.others_cache(own) };
    if !anything_to_take {
        return Ok(Demands::default());
    }
    // What is a stat open to leases is none to oplocks if it asks for READ_CONTROL (LS-049).
    Ok(demands_on(file.others(own).filter(|hold| hold.id.is_oplock() || !access.is_stat()), reason))
}

/// What a reason demands of these holders.
fn demands_on<'a>(holds: impl Iterator<Item = &'a Hold>, reason: Reason) -> Demands {
    let mut demands = Demands::default();
    for hold in holds {
        demands.waits |= hold.delays(reason);
        if hold.can_lose(reason) {
            demands.breaks.push((hold.id, reason));
        }
    }
    demands
}

/// A share conflict takes H, and only H, from every holder in the way: it may close instead of answering (LS-054). One in the way who
/// does not cache the handle will not go, so nobody is broken in vain (LS-055).
pub(super) fn demands_of_sharing(file: &File, own: Option<HoldId>, access: Access, share: Share) -> Result<Demands, Rejection> {
    let mut demands = Demands::default();
    if !file.tally().conflicts(access, share) {
        return Ok(demands);
    }
    for other in file.opens() {
        if !Share::conflicts((other.access, other.share), (access, share)) {
            continue;
        }
        let hold = other.hold().filter(|lease| Some(*lease) != own).and_then(|lease| file.hold(lease));
        let Some(hold) = hold.filter(|hold| hold.delays(Reason::Handle)) else {
            return Err(Rejection::SharingViolation);
        };
        demands.waits = true;
        if hold.can_lose(Reason::Handle) {
            demands.breaks.push((hold.id, Reason::Handle));
        }
    }
    demands.breaks.sort_by_key(|(lease, _)| *lease);
    demands.breaks.dedup();
    Ok(demands)
}

impl Step<'_> {
    /// Answers, or parks the open and says so.
    pub(super) fn open(&mut self, id: RequestId, open: &Open) -> Option<Answer> {
        let client = match self.validate(id, open) {
            Ok(client) => client,
            Err(rejection) => return Some(Err(rejection)),
        };
        // The file is there already, whatever comes of the open.
        if open.created {
            self.tell_parent(open, client);
        }
        let answer = self.attempt(open, client, false);
        if answer.is_none() {
            self.park(id, &open.file, client, Waiting::Open(open.clone()));
        }
        answer
    }

    fn validate(&self, id: RequestId, open: &Open) -> Result<ClientGuid, Rejection> {
        let client = self.session_of(id, open.session)?.client;
        let names = [Some(&open.name), open.file.stream.as_ref()];
        if names.into_iter().flatten().any(|name| name.len() > NAME_BYTES_MAX) {
            return Err(Rejection::LimitReached(Limit::NameBytes));
        }
        let both = open.lease.is_some() && open.oplock != OplockLevel::None;
        if !open.access.is_valid() || !open.share.is_valid() || both {
            return Err(Rejection::InvalidParameter);
        }
        Ok(client)
    }

    /// Tries an open: the whole check, from the beginning, each time (LS-046). No answer means that it has to wait for breaks, which now
    /// run.
    pub(super) fn attempt(&mut self, open: &Open, client: ClientGuid, parked: bool) -> Option<Answer> {
        let asked = lease_asked(open);
        let own = asked.map(|lease| HoldId::lease(client, lease.key));
        if own.and_then(|own| self.state.file_of_hold(own)).is_some_and(|file| *file.key() != open.file) {
            return Some(Err(Rejection::KeyOnOtherFile));
        }
        // Once more whenever a holder was found unreachable and lost its opens: it is not in the way any more.
        while let Some(file) = self.state.file(&open.file) {
            if let Err(rejection) = within_limits(file, open) {
                return Some(Err(rejection));
            }
            let demands = match demands(file, open, own) {
                Ok(demands) => demands,
                Err(rejection) => return Some(Err(rejection)),
            };
            if demands.waits && !parked && file.parked().len() >= PARKED_OPENS_PER_FILE_MAX {
                return Some(Err(Rejection::LimitReached(Limit::ParkedOpensPerFile)));
            }
            for (lease, reason) in &demands.breaks {
                self.break_hold(&open.file, *lease, *reason);
            }
            // Whether or not it has to wait: an open that was lost may have left the file to be deleted.
            let all_there = demands.breaks.iter().all(|(lease, _)| self.state.hold(*lease).is_some());
            match (all_there, demands.waits) {
                (true, true) => return None,
                (true, false) => break,
                (false, _) => (),
            }
        }
        Some(Ok(self.succeed(open, client, asked)))
    }

    fn succeed(&mut self, open: &Open, client: ClientGuid, asked: Option<LeaseRequest>) -> Outcome {
        let Open { session, file, name, directory, access, share, disposition, parent, delete_on_close, oplock, .. } = open;
        let id = OpenId::new(self.state.meta().opens + 1);
        self.state.meta_mut().opens = id.get();
        let mut edit = self.state.know_file(file, name, *directory);
        if *disposition != Disposition::Keep {
            // No data is left, so no lock is on any (LS-035).
            edit.set_allocation(0);
        }
        let lease = asked.map(|asked| grant(&mut edit, HoldId::lease(client, asked.key), asked));
        let oplock = grant_oplock(&mut edit, id, *oplock);
        let under = match asked {
            Some(asked) => Under::Lease(asked.key),
            None if oplock == OplockLevel::None => Under::Nothing,
            None => Under::Oplock,
        };
        edit.add_open(OpenRecord {
            id,
            session: *session,
            client,
            under,
            access: *access,
            share: *share,
            parent: *parent,
            parent_key: parent_key(open),
            modified: false,
            delete_on_close: *delete_on_close,
        });
        if *disposition != Disposition::Keep {
            self.tell_parent(open, client);
        }
        Outcome::Opened { open: id, lease, oplock, delegation: None, durable: None }
    }

    /// The open changes what its directory lists.
    fn tell_parent(&mut self, open: &Open, client: ClientGuid) {
        let own = parent_key(open).map(|key| HoldId::lease(client, key));
        self.child_changed(&open.file, open.parent, own);
    }
}

fn within_limits(file: &File, open: &Open) -> Result<(), Rejection> {
    if file.directory() != open.directory {
        return Err(Rejection::InvalidParameter);
    }
    // Before anything else is looked at, and before anybody is broken in vain (LS-142).
    if file.deleting().is_some() {
        return Err(Rejection::DeletePending);
    }
    if file.opens().len() >= OPENS_PER_FILE_MAX {
        return Err(Rejection::LimitReached(Limit::OpensPerFile));
    }
    Ok(())
}
