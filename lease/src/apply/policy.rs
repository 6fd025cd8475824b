//! What a share makes of an open (MS-SMB2 3.3.5.9), and how much may be cached through it.

use std::borrow::Cow;

use crate::caching::Caching;
use crate::command::{Delegation, LeaseRequest, Open, Share};
use crate::id::{ClientGuid, FileKey};
use crate::oplock::OplockLevel;
use crate::settings::ShareSettings;
use crate::state::{HoldId, State};

/// An open as its share would have it: on some everybody lets others delete, and on some who only reads lets others read (LS-026).
pub(super) fn through_share<'a>(state: &State, open: &'a Open) -> Cow<'a, Open> {
    let Some(share) = state.share(open.share_id) else { return Cow::Borrowed(open) };
    let mut bits = open.share.0;
    if share.force_shared_delete {
        bits |= Share::DELETE;
    }
    if share.restrict_exclusive_opens && open.access.widened(open.disposition).only_reads() {
        bits |= Share::READ;
    }
    if bits == open.share.0 { Cow::Borrowed(open) } else { Cow::Owned(Open { share: Share(bits), ..open.clone() }) }
}

/// What of a lease can be asked for through a share.
fn leased(share: &ShareSettings, asked: Caching, directory: bool) -> Caching {
    match share.scale_out {
        // R or nothing; and on a directory nothing, as clients know it from servers that have such shares (LS-184, LS-138).
        true if directory || asked == Caching::None => Caching::None,
        true => Caching::R,
        false if share.force_level2_oplock => asked.without_writes(),
        false => asked,
    }
}

/// The lease that an open asks for, as far as it can be given one: on a directory a v1 context is ignored, and W is not asked for (LS-020,
/// LS-043); its share may have less to give (LS-042, LS-184); and a client that is barred gets no more than R.
pub(super) fn lease_asked(state: &State, open: &Open, client: ClientGuid) -> Option<LeaseRequest> {
    let asked = open.lease_context()?;
    let wanted = if open.directory { asked.state.without_writes() } else { asked.state };
    let wanted = state.share(open.share_id).map_or(wanted, |share| leased(share, wanted, open.directory));
    let wanted = if state.is_barred(client) { wanted.without_writes().without_handles() } else { wanted };
    Some(LeaseRequest { state: wanted, ..asked })
}

/// The oplock that an open asks for, as far as it can be given one. The rule about scale-out shares names batch only; but exclusive caches
/// writes as batch does (LS-042, LS-184).
pub(super) fn oplock_asked(state: &State, open: &Open, client: ClientGuid) -> OplockLevel {
    let shared = state.share(open.share_id).is_some_and(|share| share.force_level2_oplock || share.scale_out);
    if shared || state.is_barred(client) { open.oplock.min(OplockLevel::LevelII) } else { open.oplock }
}

impl State {
    /// Whether the later stages of a break have the epoch of the first: an open under the lease came through a share that has it so (LS-124).
    pub(super) fn stages_share_epoch(&self, file: &FileKey, hold: HoldId) -> bool {
        let shares = || self.file(file).into_iter().flat_map(|record| record.opens_under(hold)).map(|open| open.share_id);
        !self.settings().shares.is_empty() && shares().any(|id| self.share(id).is_some_and(|share| share.stages_share_epoch))
    }
}

/// The delegation that an open asks for, as far as it can be given one: where nobody caches writes, none to write, and none of either kind if it is barred.
pub(super) fn delegation_asked(state: &State, open: &Open, client: ClientGuid) -> Option<Delegation> {
    let shared = state.share(open.share_id).is_some_and(|share| share.force_level2_oplock || share.scale_out);
    open.delegation.filter(|asked| !state.is_barred(client) && (!shared || *asked == Delegation::Read))
}
