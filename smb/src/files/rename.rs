//! Giving a file another name, or one more.

use std::fs::File;
use std::os::fd::AsFd;

use lease::FileId;
use rustix::fs::{AtFlags, RenameFlags, linkat, renameat, renameat_with, unlinkat};
use rustix::io::Errno;

use super::create::no_parent;
use super::directory::{self, Directory};
use super::error::{Error, Result};
use super::handle::{Handle, Place};
use super::hidden;
use super::identity;
use super::lock;
use super::name::Name;
use super::path::SmbPath;
use super::place::until_not_moved;
use super::stat::Kind;

/// Where a file is to be, and what is there.
struct Target<'a> {
    parent: Directory,
    above: Vec<Name>,
    name: &'a Name,
}

/// What has the name that a file is to get.
enum Occupant {
    /// Nothing.
    None,
    /// The file itself, under the very name that is given up, in another case.
    OtherCase,
    /// The file itself, under another of its names.
    Itself(Name),
    /// A file that may be replaced. It is open, so that it is known when its last name has gone.
    Other(Name, File, FileId),
}

impl Handle {
    /// Renames the file or directory (MS-FSA 2.1.5.15.12). Whoever looks finds it under the one name or the other.
    ///
    /// `replace` names the file that the new name may be taken from; its caller has made sure that it can go. A name that differs in
    /// case only is not taken.
    ///
    /// # Errors
    /// [`Error::Exists`] if the name is taken by another file than that; [`Error::AccessDenied`] if it is a directory's, if a directory
    /// would replace a file or come to lie in itself, and for the root; [`Error::PathNotFound`]; [`Error::NotFound`] if the file has
    /// no name any more.
    pub fn rename(&self, path: &SmbPath, replace: Option<FileId>) -> Result<()> {
        until_not_moved(|| {
            let target = self.target(path)?;
            let (source, old) = self.locate()?;
            let _names = lock_both(&source, &target.parent);
            if !self.is_entry(&source, &old)? {
                return Ok(None);
            }
            self.rename_locked(&source, &old, &target, replace)?;
            self.moved_to(target.place());
            Ok(Some(()))
        })
    }

    fn rename_locked(&self, source: &Directory, old: &Name, target: &Target<'_>, replace: Option<FileId>) -> Result<()> {
        match self.occupant(target, Some((source, old)), replace)? {
            Occupant::None => rename_to_free(source, old, target),
            Occupant::OtherCase => Ok(renameat(source, old.as_str(), &target.parent, target.name.as_str())?),
            Occupant::Itself(_) if source.id == target.parent.id && old == target.name => Ok(()),
            // The host takes a rename onto another name of the same file for done; the client wants the old name gone.
            Occupant::Itself(other) => {
                unlinkat(source, old.as_str(), AtFlags::empty())?;
                change_case(target, &other)
            }
            Occupant::Other(..) if self.kind == Kind::Directory => Err(Error::AccessDenied),
            Occupant::Other(other, file, id) => {
                renameat(source, old.as_str(), &target.parent, other.as_str())?;
                self.volume.after_unlink(&file, id);
                change_case(target, &other)
            }
        }
    }

    /// Gives the file one more name (MS-FSA 2.1.5.15.7). `replace` is as for [`rename`](Handle::rename).
    ///
    /// # Errors
    /// [`Error::IsDirectory`], and as for [`rename`](Handle::rename).
    pub fn hard_link(&self, path: &SmbPath, replace: Option<FileId>) -> Result<()> {
        if self.kind == Kind::Directory {
            return Err(Error::IsDirectory);
        }
        until_not_moved(|| {
            let target = self.target(path)?;
            let (source, old) = self.locate()?;
            let _names = lock_both(&source, &target.parent);
            if !self.is_entry(&source, &old)? {
                return Ok(None);
            }
            self.link_locked(&source, &old, &target, replace).map(Some)
        })
    }

    fn link_locked(&self, source: &Directory, old: &Name, target: &Target<'_>, replace: Option<FileId>) -> Result<()> {
        let none = AtFlags::empty();
        match self.occupant(target, None, replace)? {
            Occupant::None => linkat(source, old.as_str(), &target.parent, target.name.as_str(), none).map_err(no_parent),
            Occupant::Itself(_) if replace == Some(self.id) => Ok(()),
            Occupant::Itself(_) | Occupant::OtherCase => Err(Error::Exists),
            Occupant::Other(other, file, id) => {
                // A link is made only where nothing is; the rename is what replaces, and at once.
                let (hidden, temporary) = (self.volume.hidden(), hidden::unused_name());
                linkat(source, old.as_str(), hidden, &temporary, none)?;
                if let Err(errno) = renameat(hidden, &temporary, &target.parent, other.as_str()) {
                    unlinkat(hidden, &temporary, none)?;
                    return Err(errno.into());
                }
                self.volume.after_unlink(&file, id);
                change_case(target, &other)
            }
        }
    }

    fn target<'a>(&self, path: &'a SmbPath) -> Result<Target<'a>> {
        if path.stream().is_some() {
            return Err(Error::InvalidName);
        }
        let Some((parent, above, name)) = self.volume.parent_of(path)? else { return Err(Error::AccessDenied) };
        if directory::is_hidden(name) {
            return Err(Error::AccessDenied);
        }
        Ok(Target { parent, above, name })
    }

    /// What has the new name. `source` is the name that is given up for it, if one is.
    fn occupant(&self, target: &Target<'_>, source: Option<(&Directory, &Name)>, replace: Option<FileId>) -> Result<Occupant> {
        let Some((name, facts)) = target.parent.find(target.name)? else { return Ok(Occupant::None) };
        let id = self.volume.id_at(&target.parent, &name, &facts)?;
        if id == Some(self.id) {
            let same = source.is_some_and(|(parent, old)| parent.id == target.parent.id && *old == name);
            if same && name != *target.name {
                return Ok(Occupant::OtherCase);
            }
            return if same || replace == Some(self.id) { Ok(Occupant::Itself(name)) } else { Err(Error::Exists) };
        }
        let Some(id) = id.filter(|id| replace == Some(*id)) else { return Err(Error::Exists) };
        let (fd, _) = directory::open_entry(&target.parent, &name, identity::file_type(&facts), false)?;
        if super::open::kind_of(&identity::facts(&fd)?)? == Kind::Directory {
            return Err(Error::AccessDenied);
        }
        Ok(Occupant::Other(name, File::from(fd), id))
    }
}

impl Target<'_> {
    fn place(&self) -> Place {
        let mut names = self.above.clone();
        names.push(self.name.clone());
        Place { parent: self.parent.id, names }
    }
}

/// Locks both directories, or the one, in an order that all keep to.
fn lock_both<'a>(one: &'a Directory, other: &'a Directory) -> (lock::Locked<'a>, Option<lock::Locked<'a>>) {
    match one.id.cmp(&other.id) {
        std::cmp::Ordering::Less => (lock::exclusive(one), Some(lock::exclusive(other))),
        // The two are one directory, open twice: the second lock would wait for the first.
        std::cmp::Ordering::Equal => (lock::exclusive(one), None),
        std::cmp::Ordering::Greater => (lock::exclusive(other), Some(lock::exclusive(one))),
    }
}

fn rename_to_free(source: &impl AsFd, old: &Name, target: &Target<'_>) -> Result<()> {
    let (old, new) = (old.as_str(), target.name.as_str());
    let done = match renameat_with(source, old, &target.parent, new, RenameFlags::NOREPLACE) {
        // Where the file system does not know this kind of rename, the lock alone keeps others from taking the name.
        Err(Errno::NOSYS | Errno::OPNOTSUPP | Errno::INVAL) => renameat(source, old, &target.parent, new),
        other => other,
    };
    match done {
        // A directory can not be moved into itself.
        Err(Errno::INVAL) => Err(Error::AccessDenied),
        other => other.map_err(no_parent),
    }
}

/// The name of what was replaced is there; the client may have written it in another case.
fn change_case(target: &Target<'_>, actual: &Name) -> Result<()> {
    if actual == target.name {
        return Ok(());
    }
    Ok(renameat(&target.parent, actual.as_str(), &target.parent, target.name.as_str())?)
}
