//! What a client has open (MS-SMB2 3.3.1.10).

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
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
    /// Open.CurrentByteOffset (MS-FSA 2.1.1.6), in bytes.
    position: AtomicU64,
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
        let (share, handle, told) = (Arc::clone(share), Arc::new(handle), Mutex::default());
        let (kept, position) = (AtomicBool::new(false), AtomicU64::new(0));
        Open { id, tree, share, handle, key, access, options, told, kept, position }
    }

    pub(crate) fn note_break(&self, generation: Generation) {
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = Some(generation);
    }

    pub(crate) fn told(&self) -> Option<Generation> {
        *self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that it outlives its connection.
    pub(crate) fn keep(&self) {
        self.kept.store(true, Ordering::Relaxed);
    }

    /// Whether it outlives its connection: durable, resilient or persistent (MS-SMB2 3.3.1.10).
    pub(crate) fn is_kept(&self) -> bool {
        self.kept.load(Ordering::Relaxed)
    }

    /// Where the last READ or WRITE ended, or where the client has set it: in bytes (MS-FSCC 2.4.40).
    #[expect(dead_code, reason = "asked for by QUERY_INFO, which is not answered yet")]
    pub(crate) fn position(&self) -> u64 {
        self.position.load(Ordering::Relaxed)
    }

    pub(crate) fn set_position(&self, bytes: u64) {
        self.position.store(bytes, Ordering::Relaxed);
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
