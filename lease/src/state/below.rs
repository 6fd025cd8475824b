//! Across files: what lies below a directory as far as it is open, and requests on one file that wait for breaks of another.

use std::collections::{BTreeSet, VecDeque};

use crate::id::FileKey;
use crate::state::index::directory;
use crate::state::table::{Keyed, Spread};
use crate::state::{File, OpenRecord, Parked, State};

impl State {
    /// The opens of what lies below a directory, at any depth, by directories and oldest first; nothing if there are more than
    /// this many. Where a file lies is known from its opens, so that one at depth is found if every directory between is open too.
    pub(crate) fn opens_below(&self, top: &FileKey, most: usize) -> Option<Vec<(&File, &OpenRecord)>> {
        let mut opens = Vec::new();
        let mut seen = BTreeSet::from([top.clone()]);
        let mut directories = VecDeque::from([top.clone()]);
        while let Some(above) = directories.pop_front() {
            for (hash, id) in self.index.below_of(&above) {
                let Some(file) = self.file_of_open(id, hash) else { continue };
                let Some(open) = file.open(id).filter(|open| open.parent.is_some_and(|id| directory(file.key(), id) == above))
                else {
                    continue;
                };
                if opens.len() == most {
                    return None;
                }
                opens.push((file, open));
                if file.directory() && seen.insert(file.key().clone()) {
                    directories.push_back(file.key().clone());
                }
            }
        }
        Some(opens)
    }

    /// The file on which a request about `file` is parked: that one if anybody has it, else the one behind which it waits.
    pub(crate) fn line_of<'a>(&'a self, file: &'a FileKey, behind: Option<u64>) -> Option<&'a FileKey> {
        let known = || self.file(file).map(Keyed::key);
        known().or_else(|| behind.and_then(|hash| self.files.with_hash(hash).next()).map(Keyed::key))
    }

    /// Whether a request parked on this file still waits.
    pub(crate) fn blocks(&self, file: &File, parked: &Parked) -> bool {
        let behind = |hash: u64| self.files.with_hash(hash).any(|other| other.breaks_up_to(parked.after));
        file.blocks(parked) || parked.behind.is_some_and(behind)
    }
}

impl FileKey {
    /// What a request that waits for the breaks of this file remembers of it.
    pub(crate) fn behind(&self) -> u64 {
        self.spread()
    }
}
