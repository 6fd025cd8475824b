//! What the counts say is what a look at each open and hold would say.

use super::Tally;
use crate::caching::Caching;
use crate::command::{Access, Share};
use crate::id::{ClientGuid, Generation, LeaseKey, OpenId, SessionId};
use crate::state::{Hold, HoldId, OpenRecord, Standing, Under};

fn open(id: u64, access: Access, share: Share) -> OpenRecord {
    OpenRecord {
        id: OpenId::new(id),
        session: Some(SessionId::new(1)),
        client: ClientGuid::from_u128(1),
        under: Under::Nothing,
        access,
        share_id: crate::ShareId::default(),
        share,
        parent: None,
        parent_key: None,
        modified: false,
        resized: false,
        delete_on_close: false,
        nfs: false,
    }
}

/// Every access that matters to share modes, with every share mode.
fn modes() -> Vec<(Access, Share)> {
    let rights = [Access::READ_ATTRIBUTES, Access::READ_DATA, Access::WRITE_DATA, Access::DELETE];
    let accesses = (0..16_u32).map(|set| (0..4).filter(|bit| set >> bit & 1 == 1).map(|bit: usize| rights[bit]).sum());
    accesses.flat_map(|access| (0..8).map(move |share| (Access(access), Share(share)))).collect()
}

#[test]
fn an_open_in_the_way_is_counted() {
    for (access, share) in modes() {
        let mut tally = Tally::default();
        tally.add_open(&open(1, access, share));
        for (other, shared) in modes() {
            let conflicts = Share::conflicts((access, share), (other, shared));
            assert_eq!(tally.conflicts(other, shared), conflicts, "{access} {share} and {other} {shared}");
        }
    }
}

#[test]
fn two_opens_in_each_others_way_are_counted() {
    for one in modes() {
        for other in modes() {
            let (mut tally, mut both) = (Tally::default(), [0; 3]);
            for (id, (access, share)) in [(1, one), (2, other)] {
                tally.add_open(&open(id, access, share));
                let (need, deny) = share.against(access);
                (0..3).filter(|bit| (need & deny) >> bit & 1 == 1).for_each(|bit| both[bit] += 1);
            }
            assert_eq!(tally.any_conflict(both), Share::conflicts(one, other), "{one:?} and {other:?}");
        }
    }
}

/// A lease with H and a level II oplock, a delegation and one that is returned: each is counted as what it is, and nothing is left of it.
#[test]
fn holds_are_counted_by_kind() {
    let lease = HoldId::lease(ClientGuid::from_u128(1), LeaseKey::from_u128(1));
    let (oplock, delegation) = (HoldId::Oplock(OpenId::new(1)), HoldId::Delegation(OpenId::new(2)));
    let counts = |id, state| {
        let standing = Standing::Settled(state);
        let hold = Hold { id, standing, generation: Generation::new(0), v2: None, notice: None, opens: 1 };
        let mut tally = Tally::default();
        tally.add_hold(&hold);
        let counts = (tally.leases_with_handles(), tally.level_two(), tally.delegations(), tally.writers_and_all());
        tally.remove_hold(&hold);
        assert_eq!(tally, Tally::default());
        counts
    };
    assert_eq!(counts(lease, Caching::RWH), (1, 0, 0, (1, 1)));
    assert_eq!(counts(lease, Caching::RH), (1, 0, 0, (0, 1)));
    assert_eq!(counts(lease, Caching::R), (0, 0, 0, (0, 1)));
    assert_eq!(counts(lease, Caching::None), (0, 0, 0, (0, 0)));
    assert_eq!(counts(oplock, Caching::R), (0, 1, 0, (0, 1)));
    assert_eq!(counts(oplock, Caching::RWH), (0, 0, 0, (1, 1)));
    assert_eq!(counts(delegation, Caching::R), (0, 0, 1, (0, 1)));
    assert_eq!(counts(delegation, Caching::RW), (0, 0, 1, (1, 1)));
    assert_eq!(counts(delegation, Caching::None), (0, 0, 0, (0, 0)));
}
