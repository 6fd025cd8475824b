//! How many slots there are, and how the opens lie in them.

use std::collections::BTreeSet;

use super::{Opens, SLOTS_MIN};
use crate::id::OpenId;

fn opens(count: u64) -> impl ExactSizeIterator<Item = (OpenId, u64)> {
    (0..usize::try_from(count).unwrap()).map(|number| (OpenId::new(number as u64 + 1), 7))
}

/// Put in at once they leave a quarter free, and not much more than they need.
#[test]
fn filled_slots_have_room() {
    for count in 0..2000 {
        let slots = Opens::filled(opens(count)).slots.len();
        let count = usize::try_from(count).unwrap();
        assert!(slots.is_power_of_two() && slots >= SLOTS_MIN);
        assert!(4 * count < 3 * slots, "{count} in {slots}");
        assert!(slots == SLOTS_MIN || 3 * slots <= 8 * count + 6, "{count} in {slots}");
    }
}

/// Put in one by one they double the slots when three quarters are taken, and taken out they halve them when seven eighths are free.
#[test]
fn slots_grow_and_shrink() {
    let mut grown = Opens::default();
    let mut sizes = vec![grown.slots.len()];
    for (open, file) in opens(25) {
        grown.insert(open, file);
        sizes.push(grown.slots.len());
    }
    let at = |count: usize| match count {
        0 => 0,
        1..=6 => 8,
        7..=12 => 16,
        13..=24 => 32,
        _ => 64,
    };
    assert_eq!(sizes, (0..=25).map(at).collect::<Vec<usize>>());
    let mut sizes = Vec::new();
    for (open, _) in opens(25) {
        grown.remove(open);
        sizes.push((grown.len, grown.slots.len()));
    }
    let at = |count: usize| match count {
        0 | 1 => 8,
        2 | 3 => 16,
        4..=7 => 32,
        _ => 64,
    };
    assert_eq!(sizes, (0..25).rev().map(|count| (count, at(count))).collect::<Vec<_>>());
}

/// Whatever the distance of their ids, they do not all begin to look in the same place.
#[test]
fn ids_are_spread() {
    let opens = Opens::filled(opens(48));
    for shift in 0..32 {
        let homes: BTreeSet<usize> = (1..=48).map(|number| opens.home(OpenId::new(number << shift))).collect();
        assert!(homes.len() > 16, "{} at a distance of {}", homes.len(), 1_u64 << shift);
    }
}

#[test]
fn opens_are_equal_if_they_are_the_same() {
    assert_eq!(Opens::filled(opens(3)), Opens::filled(opens(3)));
    assert_ne!(Opens::filled(opens(3)), Opens::filled(opens(4)));
}
