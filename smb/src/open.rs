//! What a client has open (MS-SMB2 3.3.1.10).

mod sequence;

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use lease::{FileKey, Generation, OpenId};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::files::{Handle, Listing};
use crate::notify::Watch;
use crate::share::Share;
use crate::wire::FileId;
use crate::wire::create::{AccessMask, CreateOptions};
pub(crate) use sequence::{ChannelSequence, Outstanding};

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
    /// Where it is in listing its directory.
    pub(crate) listing: Mutex<Option<Listing>>,
    /// What it wants to hear of its directory, from the first CHANGE_NOTIFY on.
    pub(crate) watch: OnceCell<Arc<Watch>>,
    /// Whether the table may still take a replay of its CREATE for it: nothing that it has heard of was done through it.
    replayable: AtomicBool,
    /// Which channel it is used through.
    pub(crate) channel: ChannelSequence,
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
            listing: Mutex::default(),
            watch: OnceCell::new(),
            replayable: AtomicBool::new(false),
            channel: ChannelSequence::default(),
            closed: CancellationToken::new(),
        }
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

    /// Notes that its CREATE can be repeated (Open.IsReplayEligible).
    pub(crate) fn set_replayable(&self) {
        self.replayable.store(true, Ordering::Relaxed);
    }

    /// Whether its CREATE could be repeated until now: from now on it can not.
    pub(crate) fn first_use(&self) -> bool {
        self.replayable.swap(false, Ordering::Relaxed)
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

/// How an open is called on the wire. Both halves are the table's id: it is the same through whichever node.
pub(crate) fn file_id(open: OpenId) -> FileId {
    FileId { persistent: open.get(), volatile: open.get() }
}

/// The open that is called so, if anything is.
pub(crate) fn open_id(file_id: FileId) -> Option<OpenId> {
    (file_id.persistent == file_id.volatile).then_some(OpenId::new(file_id.persistent))
}
