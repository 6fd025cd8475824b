//! One thing that happened to one name.

use crate::files::{Handle, Kind, Name, SmbPath};
use crate::wire::change_notify::{ChangeAction, CompletionFilter};

/// What happened, to what, and who wants to hear of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    pub(super) action: ChangeAction,
    /// From the top of the share.
    pub(super) path: SmbPath,
    /// A watch that is for any of these is told.
    pub(super) filter: CompletionFilter,
    /// A watch that is for any of these is not: it is told of the same thing by another event.
    pub(super) unless: CompletionFilter,
}

impl Event {
    fn new(action: ChangeAction, path: SmbPath, filter: CompletionFilter) -> Event {
        Event { action, path, filter, unless: CompletionFilter::empty() }
    }

    /// A file or a directory is there that was not, or a stream of one.
    pub(crate) fn added(handle: &Handle) -> Event {
        match of_stream(handle) {
            Some(path) => Event::new(ChangeAction::AddedStream, path, CompletionFilter::STREAM_NAME),
            None => Event::new(ChangeAction::Added, handle.path(), name_of(handle.kind())),
        }
    }

    /// A file or a directory is not there any more, or a stream of one.
    pub(crate) fn removed(handle: &Handle) -> Event {
        match of_stream(handle) {
            Some(path) => Event::new(ChangeAction::RemovedStream, path, CompletionFilter::STREAM_NAME),
            None => Event::new(ChangeAction::Removed, handle.path(), name_of(handle.kind())),
        }
    }

    /// Something about a file is different.
    pub(crate) fn modified(handle: &Handle, filter: CompletionFilter) -> Event {
        Event::new(ChangeAction::Modified, handle.path(), filter)
    }

    /// All of it was overwritten by opening it.
    pub(crate) fn overwritten(handle: &Handle) -> Event {
        match of_stream(handle) {
            Some(_) => Event::written(handle),
            None => Event::modified(handle, CompletionFilter::SIZE | CompletionFilter::LAST_WRITE | CompletionFilter::ATTRIBUTES),
        }
    }

    /// Data was written, which may have made the file or the stream longer.
    pub(crate) fn written(handle: &Handle) -> Event {
        match of_stream(handle) {
            Some(path) => {
                let filter = CompletionFilter::STREAM_SIZE | CompletionFilter::STREAM_WRITE;
                Event::new(ChangeAction::ModifiedStream, path, filter)
            }
            None => Event::modified(handle, CompletionFilter::SIZE | CompletionFilter::LAST_WRITE),
        }
    }

    /// A file or a directory has another name. In another directory it is one that went and one that came.
    ///
    /// Whoever waits for attributes or creations and not for names hears of a file that got another name as a change of the file, as
    /// Windows has it.
    pub(crate) fn renamed(kind: Kind, old: SmbPath, new: SmbPath) -> Vec<Event> {
        let filter = name_of(kind);
        let same = old.names().len() == new.names().len() && above(&new).is_some_and(|above| begins_with(old.names(), above));
        let (was, is) = if same {
            (ChangeAction::RenamedOldName, ChangeAction::RenamedNewName)
        } else {
            (ChangeAction::Removed, ChangeAction::Added)
        };
        let mut events = vec![Event::new(was, old, filter), Event::new(is, new.clone(), filter)];
        if kind == Kind::File {
            let touched = CompletionFilter::ATTRIBUTES | CompletionFilter::CREATION;
            events.push(Event { unless: filter, ..Event::new(ChangeAction::Modified, new, touched) });
        }
        events
    }

    /// A file has one more name.
    pub(crate) fn linked(path: SmbPath) -> Event {
        Event::new(ChangeAction::Added, path, CompletionFilter::FILE_NAME)
    }
}

fn name_of(kind: Kind) -> CompletionFilter {
    match kind {
        Kind::File => CompletionFilter::FILE_NAME,
        Kind::Directory => CompletionFilter::DIR_NAME,
    }
}

/// The names on the way to a file.
fn above(path: &SmbPath) -> Option<&[Name]> {
    path.names().split_last().map(|(_, above)| above)
}

/// The path of the stream that a handle is of, if it is of one.
fn of_stream(handle: &Handle) -> Option<SmbPath> {
    let stream = handle.stream_name()?;
    SmbPath::parse(&format!("{}:{stream}", handle.path())).ok()
}

/// Whether what these names lead to is at or below what the others lead to.
pub(super) fn begins_with(names: &[Name], above: &[Name]) -> bool {
    names.len() >= above.len() && names.iter().zip(above).all(|(one, other)| one.same(other.as_str()))
}
