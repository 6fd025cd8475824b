//! What has changed: since somebody last asked, and within an entry.

use std::collections::BTreeSet;

use crate::id::{FileKey, ServerId};
use crate::snapshot::Group;
use crate::state::file::File;
use crate::state::hold::HoldId;

/// Groups that were touched. Files, of which there are many, say themselves whether they are noted: so noting one costs nothing when it
/// is already.
#[derive(Debug, Clone)]
pub(super) struct Touched {
    meta: bool,
    /// The last server that was noted: mostly it is the same again.
    server: Option<ServerId>,
    groups: BTreeSet<Group>,
    files: Vec<FileKey>,
    /// Files that are noted and do not exist any more. One that comes back is noted already.
    gone: BTreeSet<FileKey>,
    /// How often somebody asked, from 1: a file with this number is noted.
    round: u32,
}

impl Default for Touched {
    fn default() -> Touched {
        Touched { meta: false, server: None, groups: BTreeSet::new(), files: Vec::new(), gone: BTreeSet::new(), round: 1 }
    }
}

impl Touched {
    pub(super) fn note_meta(&mut self) {
        self.meta = true;
    }

    pub(super) fn note_server(&mut self, id: ServerId) {
        if self.server != Some(id) {
            self.server = Some(id);
            self.groups.insert(Group::Server(id));
        }
    }

    pub(super) fn note(&mut self, group: Group) {
        self.groups.insert(group);
    }

    pub(super) fn note_file(&mut self, key: &FileKey, file: &mut File) {
        if file.touched != self.round {
            file.touched = self.round;
            self.files.push(key.clone());
        }
    }

    /// A file comes into being.
    pub(super) fn note_new_file(&mut self, key: &FileKey, file: &mut File) {
        if self.gone.is_empty() || !self.gone.remove(key) {
            self.files.push(key.clone());
        }
        file.touched = self.round;
    }

    /// A file that was noted, since its last record was taken out, ceases to be.
    pub(super) fn note_gone(&mut self, key: FileKey) {
        self.gone.insert(key);
    }

    pub(super) fn take(&mut self) -> BTreeSet<Group> {
        let mut touched = std::mem::take(&mut self.groups);
        self.server = None;
        if std::mem::take(&mut self.meta) {
            touched.insert(Group::Meta);
        }
        touched.extend(std::mem::take(&mut self.files).into_iter().map(Group::File));
        self.gone.clear();
        self.round = self.round.wrapping_add(1).max(1);
        touched
    }

    /// Forgets what was noted.
    pub(super) fn clear(&mut self) {
        drop(self.take());
    }
}

/// Files and holds that an entry has changed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Changed(Vec<(FileKey, Option<HoldId>)>);

impl Changed {
    /// Notes a file, or a hold of it.
    pub(super) fn note(&mut self, file: &FileKey, hold: Option<HoldId>) {
        if self.0.last().is_none_or(|(last, held)| last != file || hold.is_some() && *held != hold) {
            self.0.push((file.clone(), hold));
        }
    }

    /// What was noted, each once.
    pub(super) fn sorted(mut self) -> Changed {
        if self.0.len() > 1 {
            self.0.sort_unstable();
            self.0.dedup();
        }
        self
    }

    /// The files, and of each the holds.
    pub(crate) fn by_file(&self) -> impl Iterator<Item = (&FileKey, impl Iterator<Item = HoldId>)> {
        let files = self.0.chunk_by(|(one, _), (other, _)| one == other);
        files.map(|changes| (&changes[0].0, changes.iter().filter_map(|(_, hold)| *hold)))
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
