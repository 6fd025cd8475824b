use super::{ChannelSequence, Counts, Stale};

fn counts(of: &ChannelSequence) -> (u16, u32, u32) {
    of.counts(|Counts { current, outstanding, before }| (*current, *outstanding, *before))
}

#[test]
fn what_comes_late_changes_nothing_and_what_is_newer_counts_from_then_on() {
    let sequence = ChannelSequence::default();
    sequence.begin(0xFFFE);
    assert_eq!(sequence.enter(0xFFFE, false), Ok(()));
    assert_eq!(sequence.enter(0xFFFE, false), Ok(()));
    assert_eq!(sequence.enter(1, false), Ok(()), "the numbers go round");
    assert_eq!(counts(&sequence), (1, 1, 2));
    assert_eq!(sequence.enter(0xFFFE, false), Err(Stale));
    assert_eq!(counts(&sequence), (1, 1, 3));
    for late in [0xFFFE, 0xFFFE, 0xFFFE] {
        sequence.leave(late);
    }
    sequence.leave(1);
    assert_eq!(counts(&sequence), (1, 0, 0));
}

#[test]
fn the_furthest_ahead_is_half_way_round() {
    let sequence = ChannelSequence::default();
    assert_eq!(sequence.enter(0x8000, false), Err(Stale));
    assert_eq!(sequence.enter(0x7FFF, false), Ok(()));
    assert_eq!(sequence.enter(0xFFFE, false), Ok(()));
    assert_eq!(sequence.enter(0x7FFE, false), Err(Stale));
}

#[test]
fn a_replay_waits_until_nothing_is_on_its_way_through_the_lost_channel() {
    let sequence = ChannelSequence::default();
    assert_eq!(sequence.enter(0, false), Ok(()));
    assert_eq!(sequence.enter(1, true), Err(Stale), "the first of it may still be carried out");
    sequence.leave(1);
    sequence.leave(0);
    assert_eq!(sequence.enter(1, true), Ok(()));
    assert_eq!(counts(&sequence), (1, 1, 0));
}
