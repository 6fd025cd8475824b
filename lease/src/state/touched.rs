//! What has changed: since somebody last asked, and within an entry.

#[cfg(test)]
mod tests;

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
    /// A file that ceased to be and came back is in it twice.
    files: Vec<FileKey>,
    /// How many keys may be in `files` before those that are in it twice are looked for.
    room: usize,
    /// How often somebody asked, from 1: a file with this number is noted.
    round: u32,
}

/// Keys of files among which none is looked for twice: fewer than are touched between two checkpoints of a busy node.
const ROOM: usize = 1 << 18;

impl Default for Touched {
    fn default() -> Touched {
        Touched { meta: false, server: None, groups: BTreeSet::new(), files: Vec::new(), room: ROOM, round: 1 }
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
            self.note_key(key);
        }
    }

    fn note_key(&mut self, key: &FileKey) {
        if self.files.len() >= self.room {
            self.sort_files();
            self.room = ROOM.max(2 * self.files.len());
        }
        self.files.push(key.clone());
    }

    fn sort_files(&mut self) {
        self.files.sort_unstable();
        self.files.dedup();
    }

    pub(super) fn take(&mut self) -> BTreeSet<Group> {
        let mut touched = std::mem::take(&mut self.groups);
        self.server = None;
        if std::mem::take(&mut self.meta) {
            touched.insert(Group::Meta);
        }
        self.sort_files();
        self.room = ROOM;
        let mut files = std::mem::take(&mut self.files).into_iter().map(Group::File).collect();
        touched.append(&mut files);
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
