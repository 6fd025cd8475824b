//! Changes of what is known of deletions.

use crate::id::FileKey;
use crate::state::{Deleting, FileEdit, State};

impl FileEdit<'_> {
    /// Sets whether the file goes.
    pub(crate) fn set_deleting(&mut self, deleting: Option<Deleting>) {
        if self.file.deleting() != deleting.as_ref() {
            self.index.remove_deletion(self.file);
            self.edit_head(|file| file.set_deleting(deleting));
            self.index.add_deletion(self.file);
        }
    }
}

impl State {
    /// Forgets a file whose deletion was owed.
    pub(crate) fn settle_deletion(&mut self, key: &FileKey) {
        let mut edit = self.edit_file(key);
        edit.set_deleting(None);
        if edit.is_over() {
            self.forget_file(key);
        }
    }
}
