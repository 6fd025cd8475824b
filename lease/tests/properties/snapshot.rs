//! What every table has to satisfy, however it came about.

use lease::{Effect, Entry, Group, Record, State};

use crate::seen::Seen;

/// Every record of the table.
fn records(state: &State) -> Vec<Record> {
    let view = state.view();
    view.groups().flat_map(|group| view.records(&group)).collect()
}

/// The table that these records make.
fn restore(records: &[Record]) -> State {
    State::restore(records.iter().cloned()).expect("what a table wrote can be read")
}

/// The table after a round trip; checks that it is the same in every record.
fn round_trip(state: &State) -> State {
    let before = records(state);
    // The order in which records arrive must not matter.
    let mut shuffled = before.clone();
    shuffled.reverse();
    let restored = restore(&shuffled);
    assert_eq!(records(&restored), before, "a restored table writes the same records");
    assert_eq!(restored.hash(), state.hash());
    assert_eq!(restored.next_deadline(), state.next_deadline());
    assert_eq!(restored.counts(), state.counts());
    restored
}

/// A table kept beside the state from the groups that it says were touched, as the checkpoint of a node is.
#[derive(Debug, Default)]
struct Checkpoint {
    groups: std::collections::BTreeMap<Group, Vec<Record>>,
}

impl Checkpoint {
    /// Takes what was touched; then the checkpoint must hold what the state holds.
    fn follow(&mut self, state: &mut State) {
        let touched = state.take_touched();
        let view = state.view();
        for group in touched {
            let records = view.records(&group);
            if records.is_empty() {
                self.groups.remove(&group)
            } else {
                self.groups.insert(group, records)
            };
        }
        let mut kept: Vec<Record> = self.groups.values().flatten().cloned().collect();
        let mut whole = records(state);
        kept.sort_by(|a, b| a.key.cmp(&b.key));
        whole.sort_by(|a, b| a.key.cmp(&b.key));
        assert_eq!(kept, whole, "every group that changed was named as touched");
    }
}

/// Every so many entries the table is restored anew: at each, a play would take its time ten times over.
const RESTORE_EVERY: u64 = 6;

/// Applies entries to a table, and beside it to one that was restored from its records a while ago.
#[derive(Debug, Default)]
pub(crate) struct Applier {
    entries: u64,
    follower: State,
    checkpoint: Checkpoint,
    pub(crate) seen: Seen,
}

impl Applier {
    /// What came of the entry; the follower has to agree in everything.
    pub(crate) fn apply(&mut self, state: &mut State, entry: &Entry) -> Vec<Effect> {
        self.entries += 1;
        if self.entries.is_multiple_of(RESTORE_EVERY) {
            self.follower = round_trip(state);
            self.checkpoint.follow(state);
        }
        let effects = apply(state, entry);
        self.seen.note(&effects);
        assert_eq!(self.follower.apply(entry), effects, "a restored table answers as the one that never stopped");
        assert_eq!(self.follower.hash(), state.hash(), "a restored table ends as the one that never stopped");
        effects
    }
}

fn apply(state: &mut State, entry: &Entry) -> Vec<Effect> {
    let effects = state.apply(entry);
    state.check().expect("every invariant holds");
    assert_eq!(state.violations(), 0, "no invariant is broken");
    effects
}
