//! What the lease table tells this server unasked: breaks to send, files to delete, connections to drop.

use std::collections::VecDeque;
use std::collections::btree_map::{BTreeMap, Entry};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lease::{Break, ClientGuid, ConnectionId, LeaseKey, OplockBreak};
use rpc::client::{Deletion, Notice, Notices};
use tokio::sync::Notify;

use super::Life;
use super::channels::Subject;
use crate::connection::Unanswered;
use crate::open::{Told, file_id};
use crate::wire::header::Header;
use crate::wire::oplock_break::{self as wire, LeaseBreakFlags};

/// How long a break waits for responses that should come before it. Such a request may be waiting itself, for longer than that.
const RESPONSE_FIRST: Duration = Duration::from_millis(50);

/// Breaks that are held back for responses, by connection, with what each waits for.
pub(super) type Held = Mutex<BTreeMap<ConnectionId, VecDeque<(Break, Option<Unanswered>)>>>;

/// The leases under which an open is on its way, each with how many.
#[derive(Debug, Default)]
pub(super) struct Opening {
    keys: Mutex<BTreeMap<(ClientGuid, LeaseKey), usize>>,
    fewer: Notify,
}

impl Opening {
    fn is_clear(&self, lease: (ClientGuid, LeaseKey)) -> bool {
        !self.keys.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&lease)
    }

    /// Waits until no open under this key is on its way.
    async fn clear(&self, lease: (ClientGuid, LeaseKey)) {
        loop {
            let fewer = self.fewer.notified();
            if self.is_clear(lease) {
                return;
            }
            fewer.await;
        }
    }
}

/// An open under a lease key is on its way for as long as this lives.
#[derive(Debug)]
pub(crate) struct OpeningGuard {
    life: Arc<Life>,
    lease: (ClientGuid, LeaseKey),
}

impl OpeningGuard {
    pub(super) fn new(life: &Arc<Life>, client: ClientGuid, key: LeaseKey) -> OpeningGuard {
        let lease = (client, key);
        *life.opening.keys.lock().unwrap_or_else(PoisonError::into_inner).entry(lease).or_default() += 1;
        OpeningGuard { life: Arc::clone(life), lease }
    }
}

impl Drop for OpeningGuard {
    fn drop(&mut self) {
        let mut keys = self.life.opening.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = keys.get_mut(&self.lease) {
            *count -= 1;
            if *count == 0 {
                keys.remove(&self.lease);
            }
        }
        drop(keys);
        self.life.opening.fewer.notify_waiters();
    }
}

impl Life {
    /// Carries out what the table says, until the life ends. Then no client may have a connection any more.
    pub(crate) async fn heed(self: Arc<Self>, mut notices: Notices) {
        while let Some(notice) = notices.recv().await {
            match notice {
                Notice::Break { notice, .. } => self.tell_break(notice),
                Notice::OplockBreak { notice, .. } => self.tell_oplock_break(&notice),
                Notice::Delete { deletion, .. } => {
                    tokio::spawn(Arc::clone(&self).delete(deletion));
                }
                Notice::Evicted { evicted, .. } => {
                    tracing::info!(connection = %evicted.connection, client = %evicted.client, "evicted");
                    self.end_connection(evicted.connection);
                }
                Notice::Revoked { revoked, .. } => {
                    self.told(revoked.client, revoked.key);
                }
                Notice::Fenced => break,
                // Nobody is told: an acknowledgement that comes late is refused, and of delegations there are none here.
                Notice::OplockRevoked { .. }
                | Notice::Recall { .. }
                | Notice::DelegationRevoked { .. }
                | Notice::Attached(_)
                | Notice::Detached { .. } => {}
            }
        }
        self.drop_connections();
    }

    /// Sends a lease break notification (MS-SMB2 2.2.23.2), behind the response of an open that was granted the lease just now: a client that
    /// has not heard of a lease can not give it up. And behind what else its connection has asked for and is about to be told: whose own doing
    /// broke a directory's lease hears first that it is done.
    fn tell_break(self: &Arc<Self>, notice: Break) {
        let connection = notice.to.connection;
        let answered = self.connection(connection).and_then(|connection| connection.awaiting());
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        match held.entry(connection) {
            // Those of one connection stay in order.
            Entry::Occupied(mut behind) => behind.get_mut().push_back((notice, answered)),
            Entry::Vacant(first) => {
                if answered.is_none() && self.opening.is_clear((notice.client, notice.key)) {
                    drop(held);
                    self.send_break(&notice);
                } else {
                    first.insert(VecDeque::from([(notice, answered)]));
                    tokio::spawn(Arc::clone(self).tell_held(connection));
                }
            }
        }
    }

    /// Sends the breaks that are held back for responses, until none is.
    async fn tell_held(self: Arc<Self>, connection: ConnectionId) {
        loop {
            let next = {
                let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
                let next = held.get_mut(&connection).and_then(VecDeque::pop_front);
                if next.is_none() {
                    held.remove(&connection);
                }
                next
            };
            let Some((notice, answered)) = next else { return };
            let responses = async {
                self.opening.clear((notice.client, notice.key)).await;
                if let Some(answered) = answered {
                    answered.wait().await;
                }
            };
            // When it takes longer, the request waits for something else, and its client has the lease from before.
            tokio::time::timeout(RESPONSE_FIRST, responses).await.ok();
            self.send_break(&notice);
        }
    }

    fn send_break(self: &Arc<Self>, notice: &Break) {
        if notice.ack_by.is_some() {
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            told.insert((notice.client, notice.key), notice.generation);
        }
        let mut message = Vec::new();
        Header::unsolicited_break().encode(&mut message);
        let mut flags = LeaseBreakFlags::empty();
        flags.set(LeaseBreakFlags::ACK_REQUIRED, notice.ack_by.is_some());
        let (current, new) = (notice.from.bits(), notice.into.bits());
        wire::LeaseBreak { epoch: notice.epoch.unwrap_or_default(), flags, key: notice.key, current, new }.encode(&mut message);
        let acknowledged = notice.ack_by.is_some().then_some(Subject::Lease(notice.client, notice.key));
        if !self.tell(notice.to.connection, message, acknowledged) {
            let (life, connection) = (Arc::clone(self), notice.to.connection);
            let (client, key, generation) = (notice.client, notice.key, notice.generation);
            tokio::spawn(async move {
                let told = life.table.undeliverable(connection, client, key, generation).await;
                if let Err(error) = told {
                    tracing::debug!(%connection, %error, "a break could not be sent, and the table does not know");
                }
            });
        }
    }

    /// Sends an oplock break notification (MS-SMB2 2.2.23.1).
    fn tell_oplock_break(self: &Arc<Self>, notice: &OplockBreak) {
        let session = self.session(notice.session);
        if let Some(open) = session.as_ref().and_then(|session| session.open(notice.open)) {
            open.note_break(Told { generation: notice.generation, ack_required: notice.ack_by.is_some() });
        }
        let mut message = Vec::new();
        Header::unsolicited_break().encode(&mut message);
        wire::OplockBreak { level: notice.into.to_byte(), file_id: file_id(notice.open) }.encode(&mut message);
        let acknowledged = notice.ack_by.is_some().then_some(Subject::Oplock(notice.open));
        if !self.tell(notice.to.connection, message, acknowledged) {
            // An oplock is told of nowhere else: the connection is lost, and its opens go or wait for their client.
            self.end_connection(notice.to.connection);
        }
    }

    /// Drops a connection with all that its sessions have, or has the table know that it is gone. Does not wait: the notice that the life is
    /// over may be the next.
    fn end_connection(self: &Arc<Self>, id: ConnectionId) {
        let connections = self.connections_of(id);
        for connection in &connections {
            connection.end();
        }
        if connections.is_empty() {
            let life = Arc::clone(self);
            tokio::spawn(async move { life.report_lost(id).await });
        }
    }

    /// Deletes a file that has lost its last open otherwise than by CLOSE.
    async fn delete(self: Arc<Self>, deletion: Deletion) {
        let Some(share) = self.shares.iter().find(|share| share.config.volume == deletion.file.volume) else {
            tracing::warn!(name = %deletion.name, "a file of an unknown volume is to be deleted");
            return;
        };
        share.delete(&self, deletion.file, &deletion.name).await;
    }
}
