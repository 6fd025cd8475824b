//! What a server must tell its clients, as a stream.

use std::collections::{BTreeSet, VecDeque};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::Stream;
use lease::{Break, ConnectionId, FileKey, Generation, NoticeNumber, OplockBreak, Recall, SessionId};
use tokio::sync::{mpsc, watch};

use super::fence::Fence;
use super::{Attached, DelegationRevoked, Deletion, Evicted, OplockRevoked, Revoked};

/// Notices that may wait for their consumer. When it is slower than that, the rest is fetched anew once it has caught up.
pub(super) const NOTICES_MAX: usize = 4096;
/// Breaks of which it is remembered that they were handed over. One that comes again after so many others is handed over twice.
const REMEMBERED_MAX: usize = 65_536;

/// Something that a server is told unasked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A client must be told to break its lease.
    Break {
        /// The log index that it came from.
        index: u64,
        /// The break.
        notice: Break,
    },
    /// A client lost a lease, because it did not acknowledge in time.
    Revoked {
        /// The log index that it came from.
        index: u64,
        /// What it lost.
        revoked: Revoked,
    },
    /// A client must be told to break its oplock.
    OplockBreak {
        /// The log index that it came from.
        index: u64,
        /// The break.
        notice: OplockBreak,
    },
    /// A client lost an oplock, because it did not acknowledge in time.
    OplockRevoked {
        /// The log index that it came from.
        index: u64,
        /// What it lost.
        revoked: OplockRevoked,
    },
    /// An NFS client must be told to return a delegation.
    Recall {
        /// The log index that it came from.
        index: u64,
        /// The recall.
        recall: Recall,
    },
    /// An NFS client lost a delegation, because it did not return it in time.
    DelegationRevoked {
        /// The log index that it came from.
        index: u64,
        /// What it lost.
        revoked: DelegationRevoked,
    },
    /// A file is to be deleted. Told once in this life of the server, until it has said that the file is deleted
    /// ([`Server::report_deleted`](super::Server::report_deleted)).
    Delete {
        /// The log index that it came from.
        index: u64,
        /// The file.
        deletion: Deletion,
    },
    /// A connection is to be dropped, and its loss reported ([`Server::disconnect`](super::Server::disconnect)).
    Evicted {
        /// The log index that it came from.
        index: u64,
        /// The session that has ended, and its connection.
        evicted: Evicted,
    },
    /// The server is attached to a node.
    Attached(Attached),
    /// The server is attached to no node, and looks for one.
    Detached {
        /// Why.
        why: String,
    },
    /// The server's life is over: drop every connection of an SMB client, and start a new life.
    Fenced,
}

/// The notices of one life of a server, in order. Ends when the life ends.
#[derive(Debug)]
pub struct Notices {
    queue: mpsc::Receiver<Notice>,
    fence: watch::Receiver<Fence>,
    fenced: bool,
}

impl Notices {
    pub(super) fn new(queue: mpsc::Receiver<Notice>, fence: watch::Receiver<Fence>) -> Notices {
        Notices { queue, fence, fenced: false }
    }

    /// The next notice. Cancel safe.
    pub async fn recv(&mut self) -> Option<Notice> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }
}

impl Stream for Notices {
    type Item = Notice;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Notice>> {
        if let Some(notice) = ready!(self.queue.poll_recv(context)) {
            return Poll::Ready(Some(notice));
        }
        // The last word does not go through the queue, so that a full one cannot swallow it.
        if !self.fenced && *self.fence.borrow() == Fence::Fenced {
            self.fenced = true;
            return Poll::Ready(Some(Notice::Fenced));
        }
        Poll::Ready(None)
    }
}

/// What was handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Handed {
    /// This break or recall, for this connection: one that is addressed again goes to another. Generations are counted over all leases,
    /// oplocks and delegations.
    Break(Generation, ConnectionId),
    /// That this session has ended.
    Evicted(SessionId),
}

/// The sending end: filters what comes again, and never waits.
#[derive(Debug)]
pub(super) struct Outlet {
    queue: mpsc::Sender<Notice>,
    handed: BTreeSet<Handed>,
    order: VecDeque<Handed>,
    /// Files that the server was told to delete and has not said that it has. The cluster goes on telling it, and whoever deletes a file twice
    /// may delete another that has got its key meanwhile.
    deleting: BTreeSet<FileKey>,
    seen: NoticeNumber,
    overflowed: bool,
}

impl Outlet {
    pub(super) fn new(queue: mpsc::Sender<Notice>) -> Outlet {
        Outlet {
            queue,
            handed: BTreeSet::new(),
            order: VecDeque::new(),
            deleting: BTreeSet::new(),
            seen: NoticeNumber::default(),
            overflowed: false,
        }
    }

    /// The highest numbered notice that was handed over: what the server confirms.
    pub(super) fn seen(&self) -> NoticeNumber {
        self.seen
    }

    /// Hands a break over, unless it was before.
    pub(super) fn give_break(&mut self, index: u64, notice: Break) {
        let (number, handed) = (notice.notice, Handed::Break(notice.generation, notice.to.connection));
        self.give_unless_handed(number, handed, Notice::Break { index, notice });
    }

    /// Hands the break of an oplock over, unless it was before.
    pub(super) fn give_oplock_break(&mut self, index: u64, notice: OplockBreak) {
        let (number, handed) = (notice.notice, Handed::Break(notice.generation, notice.to.connection));
        self.give_unless_handed(number, handed, Notice::OplockBreak { index, notice });
    }

    /// Hands a recall over, unless it was before.
    pub(super) fn give_recall(&mut self, index: u64, recall: Recall) {
        let handed = Handed::Break(recall.generation, recall.to.connection);
        self.give_unless_handed(None, handed, Notice::Recall { index, recall });
    }

    /// Hands over that a session has ended, unless it was before.
    pub(super) fn give_evicted(&mut self, index: u64, evicted: Evicted) {
        self.give_unless_handed(None, Handed::Evicted(evicted.session), Notice::Evicted { index, evicted });
    }

    /// Hands a deletion over, unless the server is at it already.
    pub(super) fn give_deletion(&mut self, index: u64, deletion: Deletion) {
        let file = deletion.file.clone();
        if !self.deleting.contains(&file) && self.give(Notice::Delete { index, deletion }) {
            self.deleting.insert(file);
        }
    }

    /// The server has said that it has deleted the file, and the cluster knows.
    pub(super) fn deleted(&mut self, file: &FileKey) {
        self.deleting.remove(file);
    }

    fn give_unless_handed(&mut self, number: Option<NoticeNumber>, handed: Handed, notice: Notice) {
        if let Some(number) = number {
            self.give_numbered(number, notice);
            return;
        }
        if self.handed.contains(&handed) || !self.give(notice) {
            return;
        }
        self.handed.insert(handed);
        self.order.push_back(handed);
        if self.order.len() > REMEMBERED_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.handed.remove(&oldest);
        }
    }

    /// Hands a revocation over, unless it was before.
    pub(super) fn give_revoked(&mut self, index: u64, revoked: Revoked) {
        self.give_numbered(revoked.notice, Notice::Revoked { index, revoked });
    }

    /// Hands the revocation of an oplock over, unless it was before.
    pub(super) fn give_oplock_revoked(&mut self, index: u64, revoked: OplockRevoked) {
        self.give_numbered(revoked.notice, Notice::OplockRevoked { index, revoked });
    }

    /// Hands the revocation of a delegation over, unless it was before.
    pub(super) fn give_delegation_revoked(&mut self, index: u64, revoked: DelegationRevoked) {
        self.give_numbered(revoked.notice, Notice::DelegationRevoked { index, revoked });
    }

    /// Says something about the attachment: of use to people only, and left out when there is no room.
    pub(super) fn tell(&mut self, notice: Notice) {
        self.queue.try_send(notice).ok();
    }

    /// Numbered notices come in ascending order, so the highest stands for all.
    fn give_numbered(&mut self, number: NoticeNumber, notice: Notice) {
        if number > self.seen && self.give(notice) {
            self.seen = number;
        }
    }

    /// Whether it was taken. After the first that was not, none is until [`recovered`](Outlet::recovered): order would be lost.
    fn give(&mut self, notice: Notice) -> bool {
        if self.overflowed {
            return false;
        }
        match self.queue.try_send(notice) {
            // If nobody listens, the server does not want to be told.
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => true,
            Err(mpsc::error::TrySendError::Full(_)) => {
                tracing::warn!(limit = NOTICES_MAX, "notices are not consumed fast enough; the rest is fetched again later");
                self.overflowed = true;
                false
            }
        }
    }

    /// Waits until there is room again for what did not fit. Never ends if nothing was left out.
    pub(super) async fn recovered(&self) {
        if !self.overflowed {
            std::future::pending::<()>().await;
        }
        // An error means that nobody listens any more: then there is room enough.
        self.queue.reserve_many(NOTICES_MAX / 2).await.ok();
    }

    /// From here on notices are taken again; everything that is owed has to be fetched.
    pub(super) fn resume(&mut self) {
        self.overflowed = false;
    }
}

#[cfg(test)]
mod tests;
