//! One history in both, and the shortest one that shows a difference.

use std::panic::{AssertUnwindSafe, catch_unwind};

use lease::{Effect, Entry, State};

use crate::driver::Driver;
use crate::model::Model;
use crate::tally::Tally;

/// Entries of one history: long enough for breaks, stages and timeouts to meet, short enough to begin afresh often.
const ENTRIES: usize = 300;

/// Plays a history. Returns its entries up to the first difference, if there is one.
pub(crate) fn history(seed: u64, tally: &mut Tally) -> Option<Vec<Entry>> {
    let mut driver = Driver::new(seed);
    let (mut state, mut model) = (State::new(), Model::new());
    let mut entries: Vec<Entry> = Vec::new();
    let mut first = driver.prologue().into_iter();
    while entries.len() < ENTRIES {
        let Some(entry) = first.next().or_else(|| driver.next(&model)) else { break };
        let (actual, expected) = (carry_out(&mut state, &entry), model.apply(&entry));
        entries.push(entry);
        let Some(actual) = actual.filter(|actual| *actual == expected) else { return Some(entries) };
        driver.hear(&actual);
        tally.note(&actual, entries.last().expect("it was just pushed"));
    }
    assert_eq!(state.violations(), 0, "seed {seed}");
    None
}

/// What the table says. Nothing if an invariant does not hold.
fn carry_out(state: &mut State, entry: &Entry) -> Option<Vec<Effect>> {
    catch_unwind(AssertUnwindSafe(|| state.apply(entry))).ok()
}

/// Where the two part on these entries, and what each says.
fn difference(entries: &[Entry]) -> Option<(usize, Option<Vec<Effect>>, Vec<Effect>)> {
    let (mut state, mut model) = (State::new(), Model::new());
    entries.iter().enumerate().find_map(|(at, entry)| {
        let (actual, expected) = (carry_out(&mut state, entry), model.apply(entry));
        (actual.as_ref() != Some(&expected)).then_some((at, actual, expected))
    })
}

fn differs(entries: &[Entry]) -> bool {
    // A model that is given what the driver would not give it may panic: that is no difference.
    catch_unwind(AssertUnwindSafe(|| difference(entries).is_some())).unwrap_or(false)
}

/// Leaves out what is not needed to show the difference, and tells the rest.
pub(crate) fn shrink(mut entries: Vec<Entry>) -> String {
    let mut size = entries.len() / 2;
    while size > 0 {
        let mut at = 0;
        while at < entries.len() {
            let fewer: Vec<Entry> = entries[..at].iter().chain(entries.iter().skip(at + size)).cloned().collect();
            if differs(&fewer) { entries = fewer } else { at += size }
        }
        size /= 2;
    }
    let (last, actual, expected) = difference(&entries).expect("it was kept");
    let mut state = State::new();
    let mut lines = Vec::new();
    for entry in &entries[..last] {
        lines.push(format!("{} {:?}", entry.at, entry.command));
        lines.extend(told(&state.apply(entry)));
    }
    lines.push(format!("{} {:?}", entries[last].at, entries[last].command));
    lines.push("the table says".to_owned());
    match actual {
        Some(actual) => lines.extend(told(&actual)),
        None => lines.push("  nothing: an invariant does not hold".to_owned()),
    }
    lines.push("the model says".to_owned());
    lines.extend(told(&expected));
    lines.join("\n")
}

fn told(effects: &[Effect]) -> impl Iterator<Item = String> {
    effects.iter().map(|effect| format!("  {effect}"))
}
