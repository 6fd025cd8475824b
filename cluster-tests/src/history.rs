//! What clients saw, put in the order of the log, and whether it can be: no two clients may both believe that they alone write.

use std::collections::{BTreeMap, BTreeSet};

/// One thing that happened to a client, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub when: When,
    /// What it was.
    pub what: What,
    /// The file.
    pub file: u64,
    /// The client.
    pub client: u64,
}

/// When something happened, in terms of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// At this index. What takes rights away comes before what grants them there: an acknowledgement and the grant that waited for
    /// it have the same index.
    At(u64),
    /// At some index after this one. The answer to a repeated request has the index of the repeat, and what was asked took effect
    /// before; what counts then is the index that the client knew when it gave something up, since from there on it believes in it
    /// no more.
    After(u64),
}

/// What can happen to a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Its acknowledgement was accepted: it holds this state from now on.
    Acknowledged {
        /// The bits of the state.
        state: u32,
    },
    /// It was revoked.
    Revoked,
    /// Its open is closed.
    Closed {
        /// The open.
        open: u64,
    },
    /// Its open was granted, and its lease has this state.
    Granted {
        /// The open.
        open: u64,
        /// The bits of the state.
        state: u32,
    },
}

/// Write caching, as a bit of the wire.
const WRITE: u32 = 4;

impl Event {
    fn order(&self) -> (u64, u8) {
        match (self.when, self.what) {
            (When::At(index), What::Acknowledged { .. } | What::Revoked | What::Closed { .. }) => (index, 0),
            (When::At(index), What::Granted { .. }) => (index, 1),
            (When::After(index), _) => (index, 2),
        }
    }
}

/// Checks a whole history; each sentence is one thing that must not be.
pub fn violations(mut events: Vec<Event>) -> Vec<String> {
    events.sort_by_key(Event::order);
    let mut found = Vec::new();
    let mut granted = BTreeSet::new();
    // What each client believes to hold on each file: its opens and the state of its lease.
    let mut beliefs: BTreeMap<(u64, u64), (BTreeSet<u64>, u32)> = BTreeMap::new();
    for event in events {
        let Event { what, file, client, .. } = event;
        let index = event.order().0;
        if let What::Granted { open, state } = what {
            if !granted.insert(open) {
                found.push(format!("index {index}: open {open} was granted twice"));
            }
            let others = beliefs.range((file, 0)..=(file, u64::MAX)).filter(|((_, other), _)| *other != client);
            for ((_, other), (opens, held)) in others {
                if held & WRITE != 0 {
                    found.push(format!(
                        "index {index}: client {client} was let in on file {file} while client {other} caches writes"
                    ));
                }
                if state & WRITE != 0 && !opens.is_empty() {
                    found.push(format!(
                        "index {index}: client {client} may cache writes on file {file} while client {other} has it open"
                    ));
                }
            }
        }
        let (opens, held) = beliefs.entry((file, client)).or_default();
        match what {
            What::Acknowledged { state } => *held = state,
            What::Revoked => *held = 0,
            What::Closed { open } => {
                if !opens.remove(&open) {
                    found.push(format!("index {index}: client {client} closed open {open}, which it does not have"));
                }
                if opens.is_empty() {
                    *held = 0;
                }
            }
            What::Granted { open, state } => {
                opens.insert(open);
                *held = state;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(index: u64, client: u64, what: What) -> Event {
        Event { when: When::At(index), what, file: 1, client }
    }

    #[test]
    fn a_break_in_order_is_no_violation() {
        let history = vec![
            event(1, 1, What::Granted { open: 1, state: 7 }),
            event(3, 2, What::Granted { open: 2, state: 3 }),
            event(3, 1, What::Acknowledged { state: 3 }),
            event(4, 1, What::Closed { open: 1 }),
            event(5, 2, What::Closed { open: 2 }),
            event(5, 1, What::Granted { open: 3, state: 7 }),
        ];
        assert_eq!(violations(history), Vec::<String>::new());
    }

    #[test]
    fn each_violation_is_found() {
        let two_writers = vec![event(1, 1, What::Granted { open: 1, state: 7 }), event(2, 2, What::Granted { open: 2, state: 7 })];
        assert_eq!(violations(two_writers).len(), 2);
        let too_early = vec![
            event(1, 1, What::Granted { open: 1, state: 7 }),
            event(2, 2, What::Granted { open: 2, state: 3 }),
            event(3, 1, What::Acknowledged { state: 3 }),
        ];
        assert_eq!(violations(too_early).len(), 1);
        let twice = vec![event(1, 1, What::Granted { open: 1, state: 3 }), event(2, 1, What::Granted { open: 1, state: 3 })];
        assert_eq!(violations(twice).len(), 1);
        assert_eq!(violations(vec![event(1, 1, What::Closed { open: 1 })]).len(), 1);
    }

    #[test]
    fn what_a_client_gave_up_with_a_repeat_counts_from_when_it_sent_it() {
        let granted = event(1, 1, What::Granted { open: 1, state: 7 });
        let closed = Event { when: When::After(1), ..event(0, 1, What::Closed { open: 1 }) };
        let next = event(2, 2, What::Granted { open: 2, state: 7 });
        assert_eq!(violations(vec![next, closed, granted]), Vec::<String>::new());
    }
}
