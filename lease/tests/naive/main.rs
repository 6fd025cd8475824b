//! The table against a second, naive model of its rules ([`model`]), on random histories ([`driver`]): the same entries go into both,
//! and both have to come to the same effects, word for word.
//!
//! `NAIVE_COMMANDS` says how many commands to play instead of the usual number, `NAIVE_SEED` where to begin. A difference is
//! reported with the shortest history that still shows it ([`compare::shrink`]).

mod compare;
mod driver;
mod model;
mod rng;
mod tally;

use crate::compare::{history, shrink};
use crate::tally::Tally;

/// Commands that are played unless the environment says otherwise.
const COMMANDS: u64 = 1_000_000;

fn number(name: &str) -> Option<u64> {
    let text = std::env::var_os(name)?;
    Some(text.to_string_lossy().replace('_', "").parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

#[test]
fn the_table_and_the_model_agree() {
    let commands = number("NAIVE_COMMANDS").unwrap_or(COMMANDS);
    let mut seed = number("NAIVE_SEED").unwrap_or(1);
    let mut tally = Tally::default();
    while tally.commands < commands {
        if let Some(entries) = history(seed, &mut tally) {
            panic!("seed {seed}:\n{}", shrink(entries));
        }
        seed += 1;
    }
    println!("{tally}");
    tally.is_enough();
}
