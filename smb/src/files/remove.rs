//! Deleting.

use std::fs::File;

use lease::FileId;
use rustix::fs::{AtFlags, FileType, unlinkat};

use super::error::Result;
use super::handle::Handle;
use super::identity;
use super::lock;
use super::place::until_not_moved;
use super::stat::{Kind, Stat};
use super::volume::Volume;

impl Handle {
    /// Deletes what the handle is of: the name of its file or directory, or the stream. Whoever has it open goes on with it.
    ///
    /// Only the file that the handle is of is deleted. If its name means another by now, its present name is deleted.
    ///
    /// # Errors
    /// [`NotFound`](super::Error::NotFound) if it has no name any more that can be found; [`NotEmpty`](super::Error::NotEmpty);
    /// [`AccessDenied`](super::Error::AccessDenied) for the root.
    pub fn unlink(&self) -> Result<()> {
        if self.stream.is_some() {
            return self.unlink_stream();
        }
        until_not_moved(|| {
            let (parent, name) = self.locate()?;
            let _names = lock::exclusive(&parent);
            if !self.is_entry(&parent, &name)? {
                return Ok(None);
            }
            let flags = if self.kind == Kind::Directory { AtFlags::REMOVEDIR } else { AtFlags::empty() };
            unlinkat(&parent, name.as_str(), flags)?;
            self.volume.after_unlink(&self.file, self.id);
            Ok(Some(()))
        })
    }

    /// Whether the directory has no entries, not even ones that clients do not see (MS-FSA 2.1.5.15.3).
    ///
    /// # Errors
    /// [`Error::NotDirectory`](super::Error::NotDirectory).
    pub fn is_empty(&self) -> Result<bool> {
        self.as_directory()?.is_empty()
    }
}

impl Volume {
    /// A name of an open file was deleted: if it was the last, what belongs to the file goes with it.
    pub(super) fn after_unlink(&self, file: &File, id: FileId) {
        if let Err(error) = self.remove_belongings(file, id) {
            // The name is gone all the same, and nobody will ever ask for this id again: what is left takes space, no more.
            tracing::warn!(%error, file = %id, "streams or attributes of a deleted file are left");
        }
    }

    fn remove_belongings(&self, file: &File, id: FileId) -> Result<()> {
        let facts = identity::facts(file)?;
        // Some file systems leave a removed directory its own link to itself.
        if facts.stx_nlink > 0 && identity::file_type(&facts) != FileType::Directory {
            return Ok(());
        }
        let born = Stat::new(Kind::File, &facts, None).created;
        self.graveyard().bury(file.try_clone()?.into(), born);
        self.records().forget(id)?;
        self.forget_streams(id)
    }
}
