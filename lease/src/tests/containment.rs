//! What a violated invariant costs where it must not end the program.

use super::world::{World, leased, told};
use crate::apply::give_up_caching;
use crate::state::Standing;
use crate::{Caching, Command};

/// All caching on the file is taken away, its clients are told, and it is counted; who has none is told nothing, and other files keep theirs.
#[test]
fn caching_on_the_file_is_given_up() {
    let mut world = World::new();
    let (one, two) = (world.session(1, 1, 1), world.session(2, 2, 1));
    world.ask(1, Command::Open(leased(one, 0xa, Caching::RH)));
    world.ask(2, Command::Open(leased(two, 0xb, Caching::R)));
    world.ask(2, Command::Open(leased(two, 0xd, Caching::None)));
    let elsewhere = crate::Open { file: super::world::file(2), ..leased(one, 0xc, Caching::RWH) };
    world.ask(1, Command::Open(elsewhere));
    let effects = give_up_caching(&mut world.state, &super::world::file(1));
    assert_eq!(
        told(&effects),
        [
            "break vol1/01 0a of 01 RH -> - e2 g1 by 35.000s to srv1.i1.c1",
            "break vol1/01 0b of 02 R -> - e2 g2 note1 to srv2.i1.c1",
        ]
    );
    assert_eq!(world.state.violations(), 1);
    assert_eq!(world.state.lease(super::world::client(1), super::world::key(0xc)).unwrap().state, Caching::RWH);
    world.state.check().unwrap();
}

/// Gives the lease of the first client all there is to be cached, which no rule does, and then carries out something else.
fn force_a_writer(world: &mut World) {
    let id = crate::state::HoldId::lease(super::world::client(1), super::world::key(0xa));
    let (file, hold) = world.state.hold(id).unwrap();
    let (file, mut hold) = (file.clone(), hold.clone());
    hold.standing = Standing::Settled(Caching::RWH);
    world.state.put_hold(&file, hold);
    world.ask(1, Command::RenewServer);
}

/// The checks find what they are there for: two writers on a file. A look at what was changed is enough.
#[test]
#[should_panic(expected = "invariant one_writer_per_file does not hold")]
fn a_writer_beside_a_lease_is_found() {
    let mut world = World::new();
    let (one, two) = (world.session(1, 1, 1), world.session(2, 2, 1));
    world.ask(1, Command::Open(leased(one, 0xa, Caching::RH)));
    world.ask(2, Command::Open(leased(two, 0xb, Caching::RH)));
    force_a_writer(&mut world);
}

/// In tests it ends the program, also where giving up all caching would have mended it.
#[test]
#[should_panic(expected = "invariant one_writer_per_file does not hold")]
fn a_writer_beside_a_reader_is_not_mended() {
    let mut world = World::new();
    let (one, two) = (world.session(1, 1, 1), world.session(2, 2, 1));
    world.ask(1, Command::Open(leased(one, 0xa, Caching::RH)));
    world.ask(2, Command::Open(leased(two, 0xb, Caching::R)));
    force_a_writer(&mut world);
}
