//! Changes that only clients have a use for that are not of SMB.

use crate::id::{FileKey, VolumeId};
use crate::snapshot::{Group, RecordOf};
use crate::state::{Deadline, State};
use crate::time::LogTime;

impl State {
    /// Lets the grace period of a volume end at this time, or now.
    pub(crate) fn set_grace(&mut self, volume: VolumeId, until: Option<LogTime>) {
        let after = until.map(|until| (volume, until));
        let before = self.graces.get(&volume).map(|until| (volume, *until));
        if before == after {
            return;
        }
        if let Some((volume, until)) = before {
            self.digest.subtract(&RecordOf::Grace(volume, until));
            self.index.deadlines.remove(&(until, Deadline::Grace(volume)));
            self.graces.remove(&volume);
        }
        if let Some((volume, until)) = after {
            self.digest.add(&RecordOf::Grace(volume, until));
            self.index.deadlines.insert((until, Deadline::Grace(volume)));
            self.graces.insert(volume, until);
        }
        self.touched.note(Group::Grace(volume));
    }

    /// Takes locks out of a known file, and the file if nothing else is left.
    pub(crate) fn remove_locks(&mut self, key: &FileKey, numbers: &[u64]) {
        let mut edit = self.edit_file(key);
        for number in numbers {
            edit.remove_lock(*number);
        }
        if edit.is_over() {
            self.forget_file(key);
        }
    }
}
