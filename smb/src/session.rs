//! Sessions and tree connects (MS-SMB2 3.3.1.8, 3.3.1.9).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use lease::{ClientGuid, ConnectionId, OpenId, SessionId};
use tokio_util::sync::CancellationToken;

use crate::connection::Connection;
use crate::crypto::{Cipher, Opener, Sealer, Signer, SigningAlgorithm};
use crate::open::Open;
use crate::share::Share;
use crate::wire::NtStatus;
use crate::wire::negotiate::Dialect;

/// Who has not said who he is, as Windows names him: all of them are one.
pub(crate) const ANONYMOUS: &str = "S-1-5-7";
/// Connections of one session (MS-SMB2 3.3.5.5.2 has no limit).
const CHANNELS_MAX: usize = 32;

/// A session, from its logon on.
#[derive(Debug)]
pub(crate) struct Session {
    /// Its id, in the table and on the wire.
    pub(crate) id: SessionId,
    /// The connection that it began on: by this the table knows it, for as long as it has any connection at all.
    pub(crate) home: ConnectionId,
    pub(crate) client: ClientGuid,
    /// Who it is, as the table knows him.
    pub(crate) user: Arc<str>,
    /// What its first connection negotiated: one that is bound to it has to have come to the same (MS-SMB2 3.3.5.5.2).
    pub(crate) settled: Settled,
    /// Who has not said who he is has some too, which protect nothing: anyone can make them from what is said in the open. They are used where
    /// the client does.
    pub(crate) keys: Keys,
    /// Whether what is not signed is refused.
    pub(crate) signing_required: bool,
    /// Session.ChannelList (MS-SMB2 3.3.1.8).
    channels: Mutex<BTreeMap<ConnectionId, Channel>>,
    /// What ends the requests that go on though their connection is lost; none once the session has ended.
    kept_requests: Mutex<Option<Vec<CancellationToken>>>,
    trees: Mutex<BTreeMap<u32, Arc<Tree>>>,
    tree_last: AtomicU32,
    opens: Mutex<BTreeMap<OpenId, Arc<Open>>>,
    /// Nothing is opened in it any more.
    ended: AtomicBool,
}

/// What the connections of one session have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Settled {
    pub(crate) dialect: Dialect,
    pub(crate) cipher: Option<Cipher>,
    pub(crate) signing: SigningAlgorithm,
}

/// A connection of a session (MS-SMB2 3.3.1.14).
#[derive(Debug, Clone)]
pub(crate) struct Channel {
    pub(crate) connection: Arc<Connection>,
    /// Channel.SigningKey.
    pub(crate) signer: Arc<Signer>,
}

/// What a session signs and seals with.
#[derive(Debug)]
pub(crate) struct Keys {
    /// Session.SigningKey: also of the request that binds another connection.
    pub(crate) signer: Arc<Signer>,
    pub(crate) encryption: Option<Encryption>,
}

/// What a session of a 3.x dialect seals with.
#[derive(Debug)]
pub(crate) struct Encryption {
    pub(crate) sealer: Mutex<Sealer>,
    pub(crate) opener: Opener,
}

/// A share as one session uses it.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) id: u32,
    pub(crate) target: Target,
}

/// What a tree connect leads to.
#[derive(Debug)]
pub(crate) enum Target {
    /// A directory of the host.
    Disk(Arc<Share>),
    /// IPC$, which has no pipe: it is there because clients connect to it before anything else.
    Pipes,
}

impl Tree {
    /// The share, where it is one of files.
    pub(crate) fn share(&self) -> Result<&Arc<Share>, NtStatus> {
        match &self.target {
            Target::Disk(share) => Ok(share),
            Target::Pipes => Err(NtStatus::ACCESS_DENIED),
        }
    }
}

impl Session {
    pub(crate) fn new(
        id: SessionId,
        (client, settled): (ClientGuid, Settled),
        connection: &Arc<Connection>,
        user: Arc<str>,
        keys: Keys,
        signing_required: bool,
    ) -> Session {
        let channel = Channel { connection: Arc::clone(connection), signer: Arc::clone(&keys.signer) };
        Session {
            id,
            home: connection.id,
            client,
            user,
            settled,
            keys,
            signing_required,
            channels: Mutex::new(BTreeMap::from([(connection.id, channel)])),
            kept_requests: Mutex::new(Some(Vec::new())),
            trees: Mutex::default(),
            tree_last: AtomicU32::new(0),
            opens: Mutex::default(),
            ended: AtomicBool::new(false),
        }
    }

    /// Whether nobody has said who it is.
    pub(crate) fn is_anonymous(&self) -> bool {
        &*self.user == ANONYMOUS
    }

    /// The session as this connection has it.
    pub(crate) fn channel(&self, connection: ConnectionId) -> Option<Channel> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner).get(&connection).cloned()
    }

    /// Its connections, the oldest first.
    pub(crate) fn channels(&self) -> Vec<Channel> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Binds another connection to it. A session that has lost all that it had is no more.
    pub(crate) fn add_channel(&self, channel: Channel) -> Result<(), NtStatus> {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        if channels.is_empty() {
            return Err(NtStatus::USER_SESSION_DELETED);
        }
        if channels.len() >= CHANNELS_MAX {
            return Err(NtStatus::INSUFFICIENT_RESOURCES);
        }
        channels.insert(channel.connection.id, channel);
        Ok(())
    }

    /// Takes a connection from it that is gone; whether it was the last.
    pub(crate) fn lose_channel(&self, connection: ConnectionId) -> bool {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        channels.remove(&connection).is_some() && channels.is_empty()
    }

    /// Has a request go on that has lost its connection, until the session ends.
    pub(crate) fn keep_request(&self, cancel: CancellationToken) {
        match &mut *self.kept_requests.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(kept) => kept.push(cancel),
            None => cancel.cancel(),
        }
    }

    /// Ends what goes on: the session ends.
    pub(crate) fn end_requests(&self) {
        let kept = self.kept_requests.lock().unwrap_or_else(PoisonError::into_inner).take();
        for cancel in kept.into_iter().flatten() {
            cancel.cancel();
        }
    }

    /// Connects to a share, unless there are as many tree connects as may be.
    pub(crate) fn connect_tree(&self, target: Target, max: usize) -> Result<Arc<Tree>, NtStatus> {
        let mut trees = self.trees.lock().unwrap_or_else(PoisonError::into_inner);
        if trees.len() >= max {
            return Err(NtStatus::INSUFFICIENT_RESOURCES);
        }
        let id = self.tree_last.fetch_add(1, Ordering::Relaxed).checked_add(1).ok_or(NtStatus::INSUFFICIENT_RESOURCES)?;
        let tree = Arc::new(Tree { id, target });
        trees.insert(id, Arc::clone(&tree));
        Ok(tree)
    }

    pub(crate) fn tree(&self, id: u32) -> Result<Arc<Tree>, NtStatus> {
        self.trees.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned().ok_or(NtStatus::NETWORK_NAME_DELETED)
    }

    /// Forgets a tree connect; what is open on it is returned, to be closed.
    pub(crate) fn disconnect_tree(&self, id: u32) -> Vec<Arc<Open>> {
        // Both at once, as in `add_open`: nothing is opened on a tree that is gone.
        let mut trees = self.trees.lock().unwrap_or_else(PoisonError::into_inner);
        trees.remove(&id);
        let mut opens = self.opens.lock().unwrap_or_else(PoisonError::into_inner);
        let lost: Vec<OpenId> = opens.values().filter(|open| open.tree == id).map(|open| open.id).collect();
        lost.iter().filter_map(|id| opens.remove(id)).inspect(|open| open.closed.cancel()).collect()
    }

    /// Has requests find an open, unless its tree connect or the session is gone meanwhile: then nobody could ever close it.
    pub(crate) fn add_open(&self, open: Arc<Open>) -> Result<(), NtStatus> {
        let trees = self.trees.lock().unwrap_or_else(PoisonError::into_inner);
        let mut opens = self.opens.lock().unwrap_or_else(PoisonError::into_inner);
        if self.ended.load(Ordering::Relaxed) {
            return Err(NtStatus::USER_SESSION_DELETED);
        }
        if !trees.contains_key(&open.tree) {
            return Err(NtStatus::NETWORK_NAME_DELETED);
        }
        opens.insert(open.id, open);
        Ok(())
    }

    /// How many opens requests can find.
    pub(crate) fn open_count(&self) -> usize {
        self.opens.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    pub(crate) fn open(&self, id: OpenId) -> Option<Arc<Open>> {
        self.opens.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    pub(crate) fn remove_open(&self, id: OpenId) -> Option<Arc<Open>> {
        self.opens.lock().unwrap_or_else(PoisonError::into_inner).remove(&id).inspect(|open| open.closed.cancel())
    }

    /// Takes all opens: the session ends.
    pub(crate) fn take_opens(&self) -> Vec<Arc<Open>> {
        let mut opens = self.opens.lock().unwrap_or_else(PoisonError::into_inner);
        self.ended.store(true, Ordering::Relaxed);
        std::mem::take(&mut *opens).into_values().inspect(|open| open.closed.cancel()).collect()
    }
}
