//! Who has a file, for people and programs to look at.

use std::sync::Arc;

use crate::id::{ClientGuid, FileKey, RequestId};
use crate::state::delegation::delegated;
use crate::state::query::{LeaseInfo, OpenInfo};
use crate::state::{File, Handle, HoldId, Keyed, OpenRecord, Parked, State, Waiting};

/// One stream of a file, and who has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileInfo {
    /// The file.
    pub file: FileKey,
    /// Its path when it was first opened or last renamed.
    pub name: Arc<str>,
    /// Whether it is a directory.
    pub directory: bool,
    /// Whether it goes when its last open is closed.
    pub delete_pending: bool,
    /// Its opens.
    pub opens: Vec<OpenInfo>,
    /// Its leases.
    pub leases: Vec<LeaseInfo>,
    /// What waits, first in first out.
    pub parked: Vec<ParkedInfo>,
}

/// A request that waits, for people and programs to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedInfo {
    /// The request.
    pub request: RequestId,
    /// Whose it is; none for what is done without an open.
    pub client: Option<ClientGuid>,
    /// What it asks for, as a word or a few: `open`, `write through o5`.
    pub what: String,
}

impl State {
    /// Who has a stream of a file. Nothing if nobody has.
    pub fn file_info(&self, key: &FileKey) -> Option<FileInfo> {
        self.file(key).map(|file| self.info_of(file))
    }

    /// Streams of files that are called so, at most so many, by volume and file id. Looks at every file.
    pub fn files_named(&self, name: &str, most: usize) -> Vec<FileInfo> {
        let named = self.files().iter().filter(|file| file.name().as_ref() == name);
        let mut found: Vec<FileInfo> = named.take(most).map(|file| self.info_of(file)).collect();
        found.sort_by(|one, other| one.file.cmp(&other.file));
        found
    }

    fn info_of(&self, file: &File) -> FileInfo {
        let lease = |id| if let HoldId::Lease(lease) = id { self.lease(lease.client, lease.key) } else { None };
        FileInfo {
            file: file.key().clone(),
            name: Arc::clone(file.name()),
            directory: file.directory(),
            delete_pending: file.deleting().is_some(),
            opens: file.opens().iter().map(|open| open_info(file, open)).collect(),
            leases: file.holds().iter().filter_map(|hold| lease(hold.id)).collect(),
            parked: file.parked().iter().map(|parked| parked_info(parked)).collect(),
        }
    }
}

/// An open of this file.
pub(super) fn open_info(file: &File, open: &OpenRecord) -> OpenInfo {
    use crate::oplock::OplockLevel;
    let OpenRecord { id, session, client, access, share, .. } = *open;
    let oplock = file.hold(HoldId::Oplock(id)).map_or(OplockLevel::None, |hold| OplockLevel::of(hold.current()));
    let delegation = file.hold(HoldId::Delegation(id)).and_then(|hold| delegated(hold.current()));
    let kept = file.handle(id);
    let (durable, until) = (kept.and_then(Handle::durable), kept.and_then(|kept| kept.until));
    OpenInfo { id, session, client, file: file.key().clone(), key: open.key(), oplock, delegation, access, share, durable, until }
}

fn parked_info(parked: &Parked) -> ParkedInfo {
    let what = match &parked.waiting {
        Waiting::Open(_) => "open".to_owned(),
        Waiting::Operation { session: _, open, operation } => format!("{operation} through {open}"),
        Waiting::Lock(lock) => lock.to_string(),
        Waiting::Access(access) => format!("{} without an open", access.operation),
        Waiting::NfsLock(lock) => lock.to_string(),
    };
    ParkedInfo { request: parked.request, client: parked.client, what }
}
