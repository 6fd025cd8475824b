//! What a client has open (MS-SMB2 3.3.1.10).

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use lease::{FileKey, Generation, OpenId};

use crate::files::Handle;
use crate::share::Share;
use crate::wire::FileId;
use crate::wire::create::{AccessMask, CreateOptions};

/// An open of a file or a directory.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) id: OpenId,
    /// The tree connect that it was opened on.
    pub(crate) tree: u32,
    pub(crate) share: Arc<Share>,
    pub(crate) handle: Arc<Handle>,
    pub(crate) key: FileKey,
    /// What it may be used for.
    pub(crate) access: AccessMask,
    pub(crate) options: CreateOptions,
    /// The break of its oplock that was told last, to be named by its acknowledgement.
    told: Mutex<Option<Generation>>,
    /// Whether it outlives its connection: durable, resilient or persistent.
    kept: AtomicBool,
}

impl Open {
    pub(crate) fn new(
        id: OpenId,
        (tree, share): (u32, &Arc<Share>),
        handle: Handle,
        access: AccessMask,
        options: CreateOptions,
    ) -> Open {
        let key = handle.key();
        Open { id, tree, share: Arc::clone(share), handle: Arc::new(handle), key, access, options, told: Mutex::default(), kept: AtomicBool::new(false) }
    }

    pub(crate) fn note_break(&self, generation: Generation) {
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = Some(generation);
    }

    /// Notes that it outlives its connection.
    pub(crate) fn keep(&self) {
        self.kept.store(true, Ordering::Relaxed);
    }

    pub(crate) fn told(&self) -> Option<Generation> {
        *self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How an open is called on the wire. Both halves are the table's id: it is the same through whichever node.
pub(crate) fn file_id(open: OpenId) -> FileId {
    FileId { persistent: open.get(), volatile: open.get() }
}

/// The open that is called so, if anything is.
pub(crate) fn open_id(file_id: FileId) -> Option<OpenId> {
    (file_id.persistent == file_id.volatile).then_some(OpenId::new(file_id.persistent))
}
