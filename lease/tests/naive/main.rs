//! The table against a second, naive model of its rules ([`model`]), on random histories ([`driver`]): the same entries go into both,
//! and both have to come to the same effects, word for word.
//! Who is no client of SMB is not in it: that is looked after by scripts and by the properties.
//!
//! `NAIVE_COMMANDS` says how many commands to play instead of the usual number, `NAIVE_SEED` where to begin. A difference is
//! reported with the shortest history that still shows it ([`compare::shrink`]).

mod compare;
mod driver;
mod model;
mod rng;
mod tally;

use std::panic::resume_unwind;
use std::thread;

use crate::compare::{history, shrink};
use crate::tally::Tally;

/// Commands that are played unless the environment says otherwise.
const COMMANDS: u64 = 1_000_000;

fn number(name: &str) -> Option<u64> {
    let text = std::env::var_os(name)?;
    Some(text.to_string_lossy().replace('_', "").parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// Threads that share the work.
const PLAYERS: u64 = 4;

/// Plays every so manieth history until there were so many commands.
fn play(mut seed: u64, commands: u64) -> Tally {
    let mut tally = Tally::default();
    while tally.commands < commands {
        if let Some(entries) = history(seed, &mut tally) {
            panic!("seed {seed}:\n{}", shrink(entries));
        }
        seed += PLAYERS;
    }
    tally
}

#[test]
fn the_table_and_the_model_agree() {
    let commands = number("NAIVE_COMMANDS").unwrap_or(COMMANDS);
    let seed = number("NAIVE_SEED").unwrap_or(1);
    let tallies: Vec<Tally> = thread::scope(|scope| {
        let players: Vec<_> = (0..PLAYERS).map(|nth| scope.spawn(move || play(seed + nth, commands / PLAYERS))).collect();
        players.into_iter().map(|player| player.join().unwrap_or_else(|how| resume_unwind(how))).collect()
    });
    let mut tally = Tally::default();
    for part in tallies {
        tally.add(part);
    }
    println!("{tally}");
    tally.is_enough();
}
