//! Requests that arrive more than once, late, or out of order.

use super::world::{World, leased, told};
use crate::limits::ANSWERS_PER_SERVER_MAX;
use crate::{Caching, Command, NoticeNumber, Request, Sequence};

fn request(sequence: u64, floor: u64) -> Request {
    Request { id: World::id(1, sequence), floor: Sequence::new(floor), notices_seen: NoticeNumber::new(0) }
}

/// A repeat is answered as the first was, until the floor has passed it; then it is forgotten, not carried out.
#[test]
fn a_repeat_is_answered_until_it_is_forgotten() {
    let mut world = World::new();
    let session = world.session(1, 1, 1);
    let open = || Command::Open(leased(session, 0xa, Caching::RWH));
    let first = told(&world.apply(Some(request(10, 0)), open()));
    assert_eq!(first, ["reply srv1.i1.q10: opened o1, 0a RWH e1"]);
    assert_eq!(told(&world.apply(Some(request(10, 0)), open())), first);
    assert_eq!(told(&world.apply(Some(request(10, 10)), Command::RenewServer)), first, "whatever the repeat says");
    world.apply(Some(request(12, 11)), Command::RenewServer);
    let late = world.apply(Some(request(10, 0)), open());
    assert_eq!(told(&late), ["reply srv1.i1.q10: refused, the request is too old: its outcome is forgotten"]);
    assert_eq!(told(&world.apply(Some(request(11, 0)), Command::RenewServer)), ["reply srv1.i1.q11: alive until 600.000s"]);
    assert_eq!(world.state.counts().opens, 1);
}

/// A floor above the request itself is not believed: the request is asked, so it is cared about.
#[test]
fn a_floor_is_no_higher_than_its_request() {
    let mut world = World::new();
    assert_eq!(told(&world.apply(Some(request(5, u64::MAX)), Command::RenewServer)), ["reply srv1.i1.q5: alive until 600.000s"]);
    assert_eq!(told(&world.apply(Some(request(6, 0)), Command::RenewServer)), ["reply srv1.i1.q6: alive until 600.000s"]);
}

/// A server that never raises its floor is remembered so many answers and no more, and what is dropped is not executed again.
#[test]
fn answers_are_bounded() {
    let mut world = World::new();
    let last = ANSWERS_PER_SERVER_MAX as u64 + 10;
    for sequence in 2..=last {
        let request = Some(request(sequence, 0));
        let entry = crate::Entry { at: world.now, request, command: Command::Cancel { sequence: Sequence::new(1) } };
        // The whole check after each of so many entries would take minutes.
        drop(world.state.apply_unchecked(&entry));
    }
    world.state.check().unwrap();
    let server = world.state.servers().next().unwrap();
    assert_eq!(server.answers, ANSWERS_PER_SERVER_MAX);
    assert_eq!(server.floor, Sequence::new(11));
    let refused = world.apply(Some(request(3, 0)), Command::RenewServer);
    assert_eq!(told(&refused), ["reply srv1.i1.q3: refused, the request is too old: its outcome is forgotten"]);
}
