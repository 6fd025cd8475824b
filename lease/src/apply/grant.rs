//! What a lease request gets (MS-SMB2 3.3.5.9.8, 3.3.5.9.11; MS-FSA 2.1.5.18.2).

use crate::caching::Caching;
use crate::command::LeaseRequest;
use crate::id::{Generation, LeaseKey, OpenId};
use crate::oplock::OplockLevel;
use crate::outcome::{Grant, GrantV2};
use crate::state::{File, FileEdit, Hold, HoldId, HoldV2, Locks, Own, Standing};

/// Whether a lease can be in a state beside all other owners of its file.
fn can_hold(file: &File, own: HoldId, state: Caching) -> bool {
    // Nobody caches anything beside a writer. Only a stat open gets here while there is one, since it breaks nothing (LS-029). And
    // nobody begins to cache data of which some is locked, whoever locked it (LS-035).
    if state == Caching::None || file.others_write(Own::hold(own)) || file.locks().is_some_and(Locks::cover_data) {
        return state == Caching::None;
    }
    // Level II and a lease with H refuse each other (MS-FSA 2.1.5.18).
    if state.handles() && file.tally().level_two() > 0 {
        return false;
    }
    // A writer must be alone: no other lease with anything, and no other open but stat opens, its lease broken or not (LS-031, LS-032).
    !state.writes()
        || !file.others_cache(Own::hold(own)) && file.opens().iter().all(|open| open.hold() == Some(own) || open.access.is_stat())
}

/// The first step of the ladder that can be held: all, then without W, then without H too, then nothing (LS-030).
fn best(file: &File, own: HoldId, asked: Caching) -> Caching {
    let without_writes = asked.without_writes();
    let ladder = [asked, without_writes, without_writes.without_handles()];
    ladder.into_iter().find(|state| can_hold(file, own, *state)).unwrap_or(Caching::None)
}

/// What a CREATE response says of a hold that is a lease.
pub(super) fn granted(hold: &Hold) -> Option<Grant> {
    if let HoldId::Lease(lease) = hold.id { Some(grant_of(lease.key, hold)) } else { None }
}

/// What the CREATE response says of a lease.
fn grant_of(key: LeaseKey, hold: &Hold) -> Grant {
    Grant {
        key,
        state: hold.current(),
        breaking: hold.breaking().is_some(),
        v2: hold.v2.map(|HoldV2 { epoch, parent }| GrantV2 { epoch, parent }),
    }
}

/// Puts an open that succeeds under the lease that it asked for. Never breaks anybody.
pub(super) fn grant(edit: &mut FileEdit<'_>, id: HoldId, asked: LeaseRequest) -> Grant {
    let file = edit.file();
    let known = file.hold(id);
    let changed = known.map_or_else(|| Some(new_hold(file, id, asked)), |hold| upgraded(file, hold, asked.state));
    if let Some(hold) = changed {
        let grant = grant_of(asked.key, &hold);
        edit.put_hold(hold);
        return grant;
    }
    grant_of(asked.key, known.expect("only a lease that is there does not change"))
}

/// A lease that begins. Its epoch is the client's plus one, or the client's own if nothing was granted (LS-119, LS-120).
fn new_hold(file: &File, id: HoldId, asked: LeaseRequest) -> Hold {
    let state = best(file, id, asked.state);
    let v2 =
        asked.v2.map(|v2| HoldV2 { epoch: if state == Caching::None { v2.epoch } else { v2.epoch.next() }, parent: v2.parent });
    Hold { id, standing: Standing::Settled(state), generation: Generation::new(0), v2, notice: None, opens: 0 }
}

/// A lease that gets more, if the request is a strict superset, can be granted as a whole, and no break runs (LS-037, LS-039). All
/// else leaves it as it is: a create never takes anything away (LS-038).
fn upgraded(file: &File, hold: &Hold, asked: Caching) -> Option<Hold> {
    let Standing::Settled(current) = hold.standing else { return None };
    if asked == current || !current.is_subset_of(asked) || !can_hold(file, hold.id, asked) {
        return None;
    }
    let mut hold = hold.clone();
    hold.standing = Standing::Settled(asked);
    hold.bump_epoch();
    Some(hold)
}

/// The oplock that an open gets which asks for this one: batch and exclusive need to be alone on the file, and come down to level II, which
/// can not be held beside a lease with H (LS-044; MS-FSA 2.1.5.18.1).
fn best_oplock(file: &File, asked: OplockLevel) -> OplockLevel {
    let alone = || !file.others_cache(Own::default()) && file.opens().iter().all(|open| open.access.is_stat());
    let shareable = || !file.others_write(Own::default()) && file.tally().leases_with_handles() == 0;
    let locked = file.locks().is_some_and(Locks::cover_data);
    let best = match asked {
        // As for leases: nobody begins to cache data of which some is locked (LS-035).
        _ if locked => OplockLevel::None,
        OplockLevel::Batch | OplockLevel::Exclusive if alone() => asked,
        OplockLevel::Batch | OplockLevel::Exclusive | OplockLevel::LevelII if shareable() => OplockLevel::LevelII,
        OplockLevel::Batch | OplockLevel::Exclusive | OplockLevel::LevelII | OplockLevel::None => OplockLevel::None,
    };
    debug_assert!(best <= asked, "nobody gets more than he asked for");
    best
}

/// Puts an open that succeeds under an oplock of its own, if it can have one. Never breaks anybody.
pub(super) fn grant_oplock(edit: &mut FileEdit<'_>, open: OpenId, asked: OplockLevel) -> OplockLevel {
    // There are none on directories (LS-136).
    let level = if edit.file().directory() { OplockLevel::None } else { best_oplock(edit.file(), asked) };
    if level != OplockLevel::None {
        let standing = Standing::Settled(level.caching());
        edit.put_hold(Hold {
            id: HoldId::Oplock(open),
            standing,
            generation: Generation::new(0),
            v2: None,
            notice: None,
            opens: 0,
        });
    }
    level
}
