//! Answers are remembered as long as their server may ask again.

use std::ops::Range;

use super::world::{World, leased, told};
use crate::limits::ANSWERS_PER_SERVER_MAX;
use crate::state::{Answers, Remembered};
use crate::{Caching, Command, Effect, NoticeNumber, Outcome, Request, Sequence};

/// Renewals of server 2 under these sequences.
fn renew(world: &mut World, sequences: Range<u64>) {
    for sequence in sequences {
        let request = Request { id: World::id(2, sequence), floor: Sequence::new(0), notices_seen: NoticeNumber::new(0) };
        assert_eq!(world.apply(Some(request), Command::RenewServer).len(), 1);
    }
}

/// An open waits while its server asks for more than the state remembers. Its answer comes late and under a low sequence, and is the
/// last to be forgotten: a server that lost its node at that moment learns it from the next.
#[test]
fn the_late_answer_of_a_parked_open_outlasts_later_requests() {
    let mut world = World::new();
    let (one, two) = (world.session(1, 1, 1), world.session(2, 2, 1));
    world.ask(1, Command::Open(leased(one, 0xa, Caching::RWH)));
    let parked = world.ask(2, Command::Open(leased(two, 0xb, Caching::RH)));
    assert_eq!(told(&parked).last().map(String::as_str), Some("parked srv2.i1.q3"));
    // As many as are remembered, put there at once: to ask for each would take minutes, since each apply is checked.
    let (limit, end) = (ANSWERS_PER_SERVER_MAX, ANSWERS_PER_SERVER_MAX as u64 + 4);
    for sequence in 4..end {
        world.state.remember(World::id(2, sequence), Ok(Outcome::Closed { delete: false }));
    }
    renew(&mut world, end..end + 3);
    world.acknowledge(1, 1, 0xa, Caching::RH);
    renew(&mut world, end + 3..end + 6);
    let server = world.state.servers().find(|server| server.id == World::id(2, 1).server).unwrap();
    assert_eq!(server.answers, limit);
    let owed = world.state.outstanding(server.id, server.incarnation);
    let late = World::id(2, 3);
    assert!(owed.iter().any(|effect| matches!(effect, Effect::Reply { to, outcome: Ok(_) } if *to == late)));
}

/// What is below a floor is taken out from the lowest on, over the ends of the pieces that they are kept in, and counted.
#[test]
fn answers_below_a_floor_are_taken_out() {
    let mut answers = Answers::default();
    let sequences = [3, 63, 64, 130];
    for sequence in sequences {
        let remembered = Remembered { answer: Ok(Outcome::Cancelled), hash: u128::from(sequence) };
        answers.insert(Sequence::new(sequence), remembered);
    }
    for (gone, sequence) in sequences.into_iter().enumerate() {
        assert_eq!(answers.len(), sequences.len() - gone);
        assert!(!answers.has_below(Sequence::new(sequence)) && answers.has_below(Sequence::new(sequence + 1)));
        assert!(answers.pop_below(Sequence::new(sequence)).is_none());
        let (popped, remembered) = answers.pop_below(Sequence::new(sequence + 1)).unwrap();
        assert_eq!((popped.get(), remembered.hash), (sequence, u128::from(sequence)));
    }
    assert_eq!(answers.len(), 0);
    assert!(!answers.has_below(Sequence::new(u64::MAX)));
}
