//! A second table that is carried from entry to entry as a snapshot only: what a node would hold that is restored after every entry.

use lease::{Effect, Entry, Record, State, View};

/// The records of the table after the last entry.
#[derive(Debug, Default)]
pub(crate) struct Mirror {
    records: Vec<Record>,
}

impl Mirror {
    /// Applies the entry to the restored table, which has to answer and to end as `state` did.
    pub(crate) fn follow(&mut self, state: &State, entry: &Entry, effects: &[Effect]) {
        state.check().expect("every invariant holds");
        let mut restored = if self.records.is_empty() { State::new() } else { restore(&self.records) };
        assert_eq!(restored.apply(entry), effects, "a restored table answers as the one that never stopped");
        self.records = records(&state.view());
        assert_eq!(records(&restored.view()), self.records, "a restored table ends as the one that never stopped");
        assert_eq!(restored.hash(), state.hash());
        assert_eq!(restored.next_deadline(), state.next_deadline());
    }

    /// Skips to the table as it is.
    pub(crate) fn catch_up(&mut self, state: &State) {
        self.records = records(&state.view());
    }
}

/// Every record of the view.
pub(crate) fn records(view: &View) -> Vec<Record> {
    view.groups().flat_map(|group| view.records(&group)).collect()
}

fn restore(records: &[Record]) -> State {
    State::restore(records.iter().cloned()).expect("what the table wrote can be read")
}
