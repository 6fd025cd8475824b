//! The log against a model of it, opened again at any time: after a clean end, a kill, or a power cut.

use futures::TryStreamExt;
use openraft::RaftLogReader;
use openraft::storage::{LogState, RaftLogStorage};
use proptest::prelude::*;

use super::support::{append, entry, log_id, open};
use crate::store::disk::MemoryDisk;
use crate::store::log::LogStore;
use crate::types::{LogEntry, LogId, NodeId, TypeConfig, Vote};

#[derive(Debug, Clone)]
enum Step {
    Append {
        entries: usize,
        size: usize,
    },
    NewTerm,
    Vote {
        committed: bool,
    },
    Truncate {
        back: usize,
    },
    Purge {
        forth: usize,
    },
    /// As after a snapshot was installed: beyond the end.
    PurgeAll {
        beyond: u64,
    },
    Committed {
        back: usize,
    },
    CleanReopen,
    Kill,
    PowerCut {
        keep: u64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1..6_usize, prop_oneof![0..300_usize, 2000..7000_usize]).prop_map(|(entries, size)| Step::Append { entries, size }),
        1 => Just(Step::NewTerm),
        1 => any::<bool>().prop_map(|committed| Step::Vote { committed }),
        2 => (0..9_usize).prop_map(|back| Step::Truncate { back }),
        2 => (0..9_usize).prop_map(|forth| Step::Purge { forth }),
        1 => (0..4_u64).prop_map(|beyond| Step::PurgeAll { beyond }),
        2 => (0..4_usize).prop_map(|back| Step::Committed { back }),
        1 => Just(Step::CleanReopen),
        1 => Just(Step::Kill),
        1 => any::<u64>().prop_map(|keep| Step::PowerCut { keep }),
    ]
}

#[derive(Debug, Clone, Default)]
struct Model {
    entries: Vec<LogEntry>,
    purged: Option<LogId>,
    vote: Option<Vote>,
    committed: Option<LogId>,
}

impl Model {
    fn last(&self) -> Option<LogId> {
        self.entries.last().map(|entry| entry.log_id).or(self.purged)
    }

    fn next(&self) -> u64 {
        self.last().map_or(0, |id| id.index + 1)
    }

    fn found(&self) -> (LogState<TypeConfig>, Option<LogId>, Option<Vote>) {
        (LogState { last_purged_log_id: self.purged, last_log_id: self.last() }, self.committed, self.vote)
    }
}

struct Run {
    disk: MemoryDisk,
    store: LogStore,
    model: Model,
    /// What was promised to be durable, then what each later step made of it. A crash may keep any of them.
    since_durable: Vec<Model>,
    term: u64,
}

impl Run {
    async fn step(&mut self, step: Step) {
        self.change(step).await;
        self.since_durable.push(self.model.clone());
    }

    async fn change(&mut self, step: Step) {
        match step {
            Step::Append { entries, size } => {
                let from = self.model.next();
                let new: Vec<LogEntry> = (from..).take(entries).map(|index| entry(self.term, index, size)).collect();
                append(&mut self.store, new.clone()).await.unwrap();
                self.model.entries.extend(new);
                self.since_durable.clear();
            }
            Step::NewTerm => self.term += 1,
            Step::Vote { committed } => {
                let node = NodeId::new(3);
                let vote = if committed { Vote::new_committed(self.term, node) } else { Vote::new(self.term, node) };
                self.store.save_vote(&vote).await.unwrap();
                self.model.vote = Some(vote);
                self.since_durable.clear();
            }
            Step::Truncate { back } => self.truncate(back).await,
            Step::Purge { forth } => {
                let Some(at) = self.model.entries.get(forth).map(|entry| entry.log_id) else { return };
                self.store.purge(at).await.unwrap();
                self.model.entries.drain(..=forth);
                self.model.purged = Some(at);
            }
            Step::PurgeAll { beyond } => {
                let at = log_id(self.term, self.model.next() + beyond);
                self.store.purge(at).await.unwrap();
                self.model.entries.clear();
                self.model.purged = Some(at);
            }
            Step::Committed { back } => {
                let Some(at) = self.model.entries.iter().rev().nth(back).map(|entry| entry.log_id) else { return };
                self.store.save_committed(Some(at)).await.unwrap();
                self.model.committed = Some(at);
            }
            Step::CleanReopen => {
                self.store.close();
                self.since_durable.clear();
                self.since_durable.push(self.model.clone());
                self.reopen(self.disk.after_kill()).await;
            }
            Step::Kill => self.reopen(self.disk.after_kill()).await,
            Step::PowerCut { keep } => {
                let mut bits = keep;
                self.reopen(self.disk.after_power_cut(|| {
                    bits = bits.rotate_left(7).wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    bits >> 63 == 1
                }))
                .await;
            }
        }
    }

    async fn truncate(&mut self, back: usize) {
        let keep = self.model.entries.len().saturating_sub(back);
        // Consensus never truncates what is committed.
        let committed = self.model.committed.map_or(0, |id| id.index + 1);
        if self.model.entries.get(keep).is_none_or(|first_gone| first_gone.log_id.index < committed) {
            return;
        }
        self.model.entries.truncate(keep);
        self.store.truncate_after(self.model.last()).await.unwrap();
    }

    async fn reopen(&mut self, disk: MemoryDisk) {
        self.store = open(&disk).expect("nothing is damaged");
        self.disk = disk;
        let found = self.found().await;
        let kept = self.since_durable.iter().rposition(|model| model.found() == found);
        self.model =
            self.since_durable.swap_remove(kept.unwrap_or_else(|| panic!("{found:?} is none of {:#?}", self.since_durable)));
        self.since_durable.clear();
    }

    async fn found(&mut self) -> (LogState<TypeConfig>, Option<LogId>, Option<Vote>) {
        let mut reader = self.store.get_log_reader().await;
        let state = self.store.get_log_state().await.unwrap();
        (state, self.store.read_committed().await.unwrap(), reader.read_vote().await.unwrap())
    }

    async fn check(&mut self) {
        assert_eq!(self.found().await, self.model.found());
        let mut reader = self.store.get_log_reader().await;
        assert_eq!(reader.try_get_log_entries(..).await.unwrap(), self.model.entries);
        let streamed: Vec<LogEntry> = reader.entries_stream(..).await.try_collect().await.unwrap();
        assert_eq!(streamed, self.model.entries);
        let Some(first) = self.model.entries.first().map(|entry| entry.log_id.index) else { return };
        let (from, to) = (first + self.model.entries.len() as u64 / 3, self.model.next());
        let part = reader.try_get_log_entries(from..to).await.unwrap();
        assert_eq!(part, self.model.entries[usize::try_from(from - first).unwrap()..]);
        let limited = reader.limited_get_log_entries(from, to).await.unwrap();
        assert!(!limited.is_empty() && part.starts_with(&limited));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn the_log_is_what_the_model_says(steps in prop::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let disk = MemoryDisk::new();
            let store = open(&disk).unwrap();
            let mut run = Run { disk, store, model: Model::default(), since_durable: vec![Model::default()], term: 1 };
            for step in steps {
                run.step(step).await;
                run.check().await;
            }
        });
    }
}

#[tokio::test]
async fn what_was_promised_survives_a_power_cut_right_after_it() {
    let disk = MemoryDisk::new();
    let mut store = open(&disk).unwrap();
    for term in 1..40 {
        let vote = Vote::new(term, NodeId::new(term % 5));
        store.save_vote(&vote).await.unwrap();
        let mut after = open(&disk.after_power_cut(|| false)).unwrap();
        assert_eq!(after.get_log_reader().await.read_vote().await.unwrap(), Some(vote));
        append(&mut store, vec![entry(term, term, 700)]).await.unwrap();
        let mut after = open(&disk.after_power_cut(|| false)).unwrap();
        assert_eq!(after.get_log_state().await.unwrap().last_log_id, Some(log_id(term, term)));
    }
}

#[tokio::test]
async fn any_kind_of_record_can_be_the_first_of_a_segment() {
    // The first segment has 64 KiB: somewhere among these sizes is the one that leaves just too little room.
    for size in (61_000..61_440).step_by(8) {
        for kind in 0..4 {
            let disk = MemoryDisk::new();
            let mut store = open(&disk).unwrap();
            append(&mut store, vec![entry(1, 0, 1), entry(1, 1, size)]).await.unwrap();
            match kind {
                0 => store.save_vote(&Vote::new(2, NodeId::new(3))).await.unwrap(),
                1 => store.save_committed(Some(log_id(1, 0))).await.unwrap(),
                2 => store.purge(log_id(1, 0)).await.unwrap(),
                _ => store.truncate_after(Some(log_id(1, 0))).await.unwrap(),
            }
            store.close();
            let before = (store.get_log_state().await.unwrap(), store.read_committed().await.unwrap());
            let mut after = open(&disk.after_kill()).unwrap();
            assert_eq!((after.get_log_state().await.unwrap(), after.read_committed().await.unwrap()), before, "{size} {kind}");
            let vote = after.get_log_reader().await.read_vote().await.unwrap();
            assert_eq!(vote, (kind == 0).then(|| Vote::new(2, NodeId::new(3))), "{size} {kind}");
        }
    }
}
