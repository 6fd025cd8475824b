//! What a client has open (MS-SMB2 3.3.1.10).

mod sequence;

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use lease::{FileKey, Generation, OpenId};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use self::sequence::Sequence;
pub(crate) use self::sequence::Stale;
use crate::files::{Handle, Listing};
use crate::notify::Watch;
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
    told: Mutex<Option<Told>>,
    /// Whether it outlives its connection: durable, resilient or persistent.
    kept: AtomicBool,
    /// Open.CurrentByteOffset (MS-FSA 2.1.1.6), in bytes.
    position: AtomicU64,
    /// Open.Mode (MS-FSA 2.1.1.6): what of the options can be changed afterwards.
    mode: AtomicU32,
    /// Whether its file was marked for deletion through it.
    deleting: AtomicBool,
    /// Whether anything was asked of it since it was opened: then it can not be replayed (MS-SMB2 3.3.5.9.10).
    used: AtomicBool,
    sequence: Mutex<Sequence>,
    /// Where it is in listing its directory.
    pub(crate) listing: Mutex<Option<Listing>>,
    /// What it wants to hear of its directory, from the first CHANGE_NOTIFY on.
    pub(crate) watch: OnceCell<Arc<Watch>>,
    /// No request can name it any more.
    pub(crate) closed: CancellationToken,
}

/// The options that FileModeInformation shows (MS-FSCC 2.4.31).
const MODE: u32 = 0x0000_103E;

/// A break of an oplock that the client was told of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Told {
    pub(crate) generation: Generation,
    /// Whether it has to be acknowledged: one from level II has not.
    pub(crate) ack_required: bool,
}

impl Open {
    pub(crate) fn new(
        id: OpenId,
        (tree, share): (u32, &Arc<Share>),
        handle: Handle,
        access: AccessMask,
        options: CreateOptions,
        sequence: u16,
    ) -> Open {
        let key = handle.key();
        let (share, handle, told) = (Arc::clone(share), Arc::new(handle), Mutex::default());
        let (kept, position) = (AtomicBool::new(false), AtomicU64::new(0));
        let mode = AtomicU32::new(options.bits() & MODE);
        Open {
            id,
            tree,
            share,
            handle,
            key,
            access,
            options,
            told,
            kept,
            position,
            mode,
            deleting: AtomicBool::new(false),
            used: AtomicBool::new(false),
            sequence: Mutex::new(Sequence::new(sequence)),
            listing: Mutex::default(),
            watch: OnceCell::new(),
            closed: CancellationToken::new(),
        }
    }

    /// Notes a request for it, which is under way until what is returned is dropped.
    pub(crate) fn begin(self: &Arc<Self>, sequence: u16, modifies: bool, replay: bool) -> Result<Option<Begun>, Stale> {
        let counted = self.sequence.lock().unwrap_or_else(PoisonError::into_inner).begin(sequence, modifies, replay)?;
        Ok(counted.then(|| Begun { open: Arc::clone(self), sequence }))
    }

    /// Notes that something was asked of it.
    pub(crate) fn note_use(&self) {
        self.used.store(true, Ordering::Relaxed);
    }

    /// Whether anything was asked of it on this node.
    pub(crate) fn is_used(&self) -> bool {
        self.used.load(Ordering::Relaxed)
    }

    pub(crate) fn note_break(&self, told: Told) {
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = Some(told);
    }

    pub(crate) fn told(&self) -> Option<Told> {
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
    pub(crate) fn position(&self) -> u64 {
        self.position.load(Ordering::Relaxed)
    }

    pub(crate) fn set_position(&self, bytes: u64) {
        self.position.store(bytes, Ordering::Relaxed);
    }

    /// How it is used, as far as the client may say so afterwards (MS-FSCC 2.4.31).
    pub(crate) fn mode(&self) -> CreateOptions {
        CreateOptions::from_bits_retain(self.mode.load(Ordering::Relaxed))
    }

    pub(crate) fn set_mode(&self, mode: CreateOptions) {
        self.mode.store(mode.bits(), Ordering::Relaxed);
    }

    /// Whether its file was marked for deletion through it (MS-FSCC 2.4.47, DeletePending).
    pub(crate) fn is_deleting(&self) -> bool {
        self.deleting.load(Ordering::Relaxed)
    }

    pub(crate) fn set_deleting(&self, deleting: bool) {
        self.deleting.store(deleting, Ordering::Relaxed);
    }
}

/// A request for an open is under way for as long as this lives.
#[derive(Debug)]
pub(crate) struct Begun {
    open: Arc<Open>,
    sequence: u16,
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.open.sequence.lock().unwrap_or_else(PoisonError::into_inner).end(self.sequence);
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
