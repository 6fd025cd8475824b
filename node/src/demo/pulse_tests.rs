//! The longest wait is the one that counts, and only after the given moment.

use std::time::{Duration, Instant};

use lease::OpenId;

use super::{Beat, longest_wait};

#[test]
fn the_longest_wait_after_a_moment_is_found() {
    let began = Instant::now();
    let at = |millis: u64| began + Duration::from_millis(millis);
    let beats: Vec<Beat> =
        [0, 900, 910, 1_500, 1_510].map(|millis| Beat { answered: at(millis), open: OpenId::new(millis), grant: None }).into();
    assert_eq!(longest_wait(&beats, at(905)), Duration::from_millis(590));
    assert_eq!(longest_wait(&beats, at(0)), Duration::from_millis(900));
    assert_eq!(longest_wait(&beats, at(1_600)), Duration::ZERO);
    assert_eq!(longest_wait(&[], began), Duration::ZERO);
}
