//! Breaks, stage by stage.

use std::time::Duration;

use super::world::{World, leased, told};
use crate::state::{HoldId, Reason};
use crate::{Caching, Command, Disposition, Open};

/// The chain of smb2.lease.breaking3: two opens wait until no stage that needs an acknowledgement is left.
#[test]
fn a_second_conflict_adds_stages() {
    let mut world = World::new();
    let (one, two) = (world.session(1, 1, 1), world.session(2, 2, 1));
    let first = world.ask(1, Command::Open(leased(one, 0xa, Caching::RWH)));
    assert_eq!(told(&first), ["reply srv1.i1.q3: opened o1, 0a RWH e1"]);
    let second = world.ask(2, Command::Open(leased(two, 0xb, Caching::RH)));
    assert_eq!(told(&second), ["break vol1/01 0a of 01 RWH -> RH e2 g1 by 35.000s to srv1.i1.c1", "parked srv2.i1.q3"]);
    let overwrite = Open { disposition: Disposition::Overwrite, ..leased(two, 0xc, Caching::RH) };
    assert_eq!(told(&world.ask(2, Command::Open(overwrite))), ["parked srv2.i1.q4"]);
    assert_eq!(
        told(&world.acknowledge(1, 1, 0xa, Caching::RH)),
        ["reply srv1.i1.q4: acknowledged RH", "break vol1/01 0a of 01 RH -> R e3 g2 by 35.000s to srv1.i1.c1"]
    );
    assert_eq!(
        told(&world.acknowledge(1, 1, 0xa, Caching::R)),
        [
            "reply srv1.i1.q5: acknowledged R",
            "break vol1/01 0a of 01 R -> - e4 g3 note1 to srv1.i1.c1",
            "reply srv2.i1.q3: opened o2, 0b RH e1",
            "break vol1/01 0b of 02 RH -> - e2 g4 by 35.000s to srv2.i1.c1",
            "reply srv2.i1.q4: opened o3, 0c RH e1",
        ]
    );
}

/// A holder that never answers is left with nothing, and its open stays.
#[test]
fn a_timeout_ends_at_none() {
    let mut world = World::new();
    let (one, two) = (world.session(1, 1, 1), world.session(2, 2, 1));
    world.ask(1, Command::Open(leased(one, 0xa, Caching::RWH)));
    world.ask(2, Command::Open(leased(two, 0xb, Caching::RWH)));
    assert_eq!(told(&world.advance(Duration::from_millis(34_999))), Vec::<String>::new());
    assert_eq!(
        told(&world.advance(Duration::from_millis(1))),
        ["revoked vol1/01 0a of 01 g1 note1 to srv1.i1.c1", "reply srv2.i1.q3: opened o2, 0b RH e1"]
    );
    assert_eq!(told(&world.acknowledge(1, 1, 0xa, Caching::RH)), ["reply srv1.i1.q4: refused, the lease is not breaking"]);
    assert_eq!(world.state.counts().opens, 2);
}

/// What a reason takes from who has nothing is nothing, and so from who is about to lose all.
#[test]
fn who_has_nothing_can_lose_nothing() {
    let mut world = World::new();
    let (one, two) = (world.session(1, 1, 1), world.session(2, 2, 1));
    world.ask(1, Command::Open(leased(one, 0xa, Caching::None)));
    world.ask(1, Command::Open(leased(one, 0xb, Caching::RH)));
    let can_lose = |world: &World, lease, reason| {
        let id = HoldId::lease(super::world::client(1), super::world::key(lease));
        world.state.hold(id).unwrap().1.can_lose(reason)
    };
    assert!(!can_lose(&world, 0xa, Reason::Overwrite));
    assert!(can_lose(&world, 0xb, Reason::Overwrite) && can_lose(&world, 0xb, Reason::Handle));
    assert!(!can_lose(&world, 0xb, Reason::Access), "it caches no writes");
    world.ask(2, Command::Open(Open { disposition: Disposition::Overwrite, ..leased(two, 0xc, Caching::R) }));
    assert!(!can_lose(&world, 0xb, Reason::Handle), "it is on its way out");
}
