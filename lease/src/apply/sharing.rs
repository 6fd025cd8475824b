//! What an open takes from the other owners of its file, and who is in its way (MS-FSA 2.1.5.1.2.2, 2.1.4.12).

use super::demand::Demands;
use crate::command::{Access, Disposition, Open, Share};
use crate::outcome::Rejection;
use crate::state::{File, Hold, Own, Reason};

/// What an open demands, or that it can not succeed whatever the others do.
pub(super) fn demands_of_open(file: &File, open: &Open, own: Own) -> Result<Demands, Rejection> {
    let access = open.access.widened(open.disposition);
    let reason = match open.disposition {
        Disposition::Keep if access.writes_data() => Reason::WriteAccess,
        Disposition::Keep => Reason::Access,
        Disposition::Overwrite | Disposition::Supersede => Reason::Overwrite,
    };
    // Batch oplocks come before the shares: their holders may close instead (LS-056).
    if !access.is_stat_beside_oplocks() && file.others_write(own) {
        // What may yet be refused does not take level II.
        let reason = if file.tally().conflicts(access, open.share) { Reason::Access } else { reason };
        let batches = demands_on(file, file.others(own).filter(|hold| hold.id.is_oplock() && hold.current().handles()), reason);
        if batches.waits {
            return Ok(batches);
        }
    }
    let conflicting = demands_of_sharing(file, own, access, open.share)?;
    if conflicting.waits || access.is_stat_beside_oplocks() {
        return Ok(conflicting);
    }
    let anything_to_take = match reason {
        Reason::Access => file.others_write(own),
        Reason::WriteAccess => file.others_write(own) || file.others_delegate(own),
        Reason::Overwrite | Reason::Handle | Reason::Name | Reason::Word(_) => file.others_cache(own),
    };
    if !anything_to_take {
        return Ok(Demands::default());
    }
    // What is a stat open to leases is none to oplocks if it asks for READ_CONTROL (LS-049).
    Ok(demands_on(file, file.others(own).filter(|hold| hold.id.is_oplock() || !access.is_stat()), reason))
}

/// What a reason demands of these holders.
fn demands_on<'a>(file: &File, holds: impl Iterator<Item = &'a Hold>, reason: Reason) -> Demands {
    let mut demands = Demands::default();
    holds.for_each(|hold| demands.ask(file, hold, reason));
    demands
}

/// A share conflict takes H, and only H, from every holder in the way: it may close instead of answering (LS-054). One in the way who
/// does not cache the handle will not go, so nobody is broken in vain (LS-055).
pub(super) fn demands_of_sharing(file: &File, own: Own, access: Access, share: Share) -> Result<Demands, Rejection> {
    let mut demands = Demands::default();
    if !file.tally().conflicts(access, share) {
        return Ok(demands);
    }
    for other in file.opens() {
        if !Share::conflicts((other.access, other.share), (access, share)) {
            continue;
        }
        // A client with a delegation may close any of its opens when it returns that.
        let hold = other.hold().or_else(|| file.own(Some(other.client), None).delegation);
        let hold = hold.filter(|hold| !own.has(*hold)).and_then(|hold| file.hold(hold));
        let Some(hold) = hold.filter(|hold| hold.delays(Reason::Handle)) else {
            return Err(Rejection::SharingViolation);
        };
        demands.ask(file, hold, Reason::Handle);
    }
    demands.sort();
    Ok(demands)
}
