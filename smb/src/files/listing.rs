//! Listing a directory.

use std::collections::BinaryHeap;

use lease::FileId;

use super::error::{Error, Result};
use super::handle::Handle;
use super::identity;
use super::name::Name;
use super::pattern::Pattern;
use super::stat::{Kind, Stat};

/// Names that a listing holds at a time. A larger directory is read several times.
pub const LISTING_NAMES_MAX: usize = 16_384;

/// One entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name; `.` and `..` come first.
    pub name: String,
    /// Which file it is.
    pub id: FileId,
    /// What is known of it.
    pub stat: Stat,
}

/// Where a client is in listing a directory (MS-FSA 2.1.5.6.3). One belongs to each open of a directory, and starts anew with each
/// SMB2_RESTART_SCANS.
///
/// Entries come in the order of their names in upper case, as NTFS has them. What stays there all the time is listed once, whatever
/// comes and goes meanwhile; what is known of an entry is looked up when it is listed.
#[derive(Debug)]
pub struct Listing {
    pattern: Pattern,
    batch: Vec<Name>,
    next: Position,
    last: Option<Position>,
    /// No name of the directory is behind those of the batch.
    complete: bool,
}

/// The entry that comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Position {
    Itself,
    Parent,
    Name(usize),
}

/// In the order of listing. The folded name comes first; of names that differ in case only, the one with the smaller letters.
type Key = (String, Name);

impl Listing {
    /// From the start, of what fits the pattern.
    pub fn new(pattern: Pattern) -> Listing {
        Listing { pattern, batch: Vec::new(), next: Position::Itself, last: None, complete: false }
    }

    /// The pattern.
    pub fn pattern(&self) -> &Pattern {
        &self.pattern
    }

    /// The next entry; none at the end.
    ///
    /// # Errors
    /// [`Error::NotDirectory`] if the handle is of a file, and what the host says if it can not read the directory.
    pub fn next_entry(&mut self, directory: &Handle) -> Result<Option<Entry>> {
        if directory.kind() != Kind::Directory {
            return Err(Error::NotDirectory);
        }
        self.last = None;
        loop {
            let here = self.next;
            let entry = match here {
                Position::Itself => {
                    self.next = Position::Parent;
                    self.dot(directory, ".")?
                }
                Position::Parent => {
                    self.next = Position::Name(0);
                    self.dot(directory, "..")?
                }
                Position::Name(index) => match self.batch.get(index) {
                    Some(name) => {
                        self.next = Position::Name(index + 1);
                        look_at(directory, name)?
                    }
                    None if self.complete => return Ok(None),
                    None => {
                        self.load(directory)?;
                        continue;
                    }
                },
            };
            if entry.is_some() {
                self.last = Some(here);
                return Ok(entry);
            }
        }
    }

    /// The entry that came last comes again: there was no room for it.
    pub fn unread(&mut self) {
        if let Some(last) = self.last.take() {
            self.next = last;
        }
    }

    /// One of the two entries that the host's listing has and this makes up.
    fn dot(&self, directory: &Handle, name: &str) -> Result<Option<Entry>> {
        if !self.pattern.matches(name) {
            return Ok(None);
        }
        let own = Entry { name: name.to_owned(), id: directory.id(), stat: directory.stat()? };
        let place = directory.place();
        if name == "." || place.names.is_empty() {
            return Ok(Some(own));
        }
        let above = directory.path().parent().map(|path| directory.volume().lookup(&path));
        match above {
            Some(Ok(above)) => {
                Ok(above.found.map(|found| Entry { name: name.to_owned(), id: found.id, stat: found.stat }).or(Some(own)))
            }
            // It was moved meanwhile. That there is a directory above matters to clients, not which.
            Some(Err(_)) | None => Ok(Some(own)),
        }
    }

    /// Reads the names that come after those of the batch.
    fn load(&mut self, directory: &Handle) -> Result<()> {
        let after: Option<Key> = self.batch.last().map(key);
        self.batch.clear();
        self.next = Position::Name(0);
        let opened = directory.as_directory()?;
        if !self.pattern.has_wildcards() {
            self.complete = true;
            if let Ok(name) = Name::file(self.pattern.as_str()) {
                self.batch.extend(opened.find(&name)?.map(|(name, _)| name));
            }
            return Ok(());
        }
        let mut smallest = BinaryHeap::new();
        self.complete = true;
        for name in opened.names()? {
            let name = name?;
            if !self.pattern.matches(name.as_str()) {
                continue;
            }
            let key = key(&name);
            if after.as_ref().is_some_and(|after| key <= *after) {
                continue;
            }
            smallest.push(key);
            if smallest.len() > LISTING_NAMES_MAX {
                smallest.pop();
                self.complete = false;
            }
        }
        self.batch.extend(smallest.into_sorted_vec().into_iter().map(|(_, name)| name));
        Ok(())
    }
}

fn key(name: &Name) -> Key {
    (name.folded(), name.clone())
}

/// The entry of a name, if it is still there and clients may see it.
fn look_at(directory: &Handle, name: &Name) -> Result<Option<Entry>> {
    let found = identity::facts_at(&directory.file, name)
        .and_then(|facts| directory.volume.look_at(&directory.file, directory.id, name, &facts));
    match found {
        Ok(found) => Ok(found.map(|found| Entry { name: name.as_str().to_owned(), id: found.id, stat: found.stat })),
        // Gone meanwhile, or neither file nor directory.
        Err(Error::NotFound | Error::AccessDenied) => Ok(None),
        Err(error) => Err(error),
    }
}
