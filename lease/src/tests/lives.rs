//! Which life of a server goes on.

use super::world::World;
use crate::{Command, Incarnation, ServerId};

/// Not one before or after it, not one that has ended, and none of a server that is not known.
#[test]
fn only_the_life_that_goes_on_is_current() {
    let mut world = World::new();
    let (server, life) = (ServerId::new(1), Incarnation::new(1));
    assert!(world.state.is_current(server, life));
    assert!(!world.state.is_current(server, Incarnation::new(0)));
    assert!(!world.state.is_current(server, Incarnation::new(2)));
    assert!(!world.state.is_current(ServerId::new(7), life));
    world.ask(1, Command::StopServer);
    assert!(!world.state.is_current(server, life));
}
