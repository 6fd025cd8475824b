//! Sessions and tree connects (MS-SMB2 3.3.1.8, 3.3.1.9).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use lease::{ClientGuid, ConnectionId, OpenId, SessionId};

use crate::crypto::{Opener, Sealer, Signer};
use crate::open::Open;
use crate::share::Share;
use crate::wire::NtStatus;

/// Who has not said who he is, as Windows names him: all of them are one.
pub(crate) const ANONYMOUS: &str = "S-1-5-7";

/// A session, from its logon on.
#[derive(Debug)]
pub(crate) struct Session {
    /// Its id, in the table and on the wire.
    pub(crate) id: SessionId,
    pub(crate) connection: ConnectionId,
    pub(crate) client: ClientGuid,
    /// Who it is, as the table knows him.
    pub(crate) user: Arc<str>,
    /// None of who has not said who he is: there is no key then.
    pub(crate) keys: Option<Keys>,
    /// Whether what is not signed is refused.
    pub(crate) signing_required: bool,
    trees: Mutex<BTreeMap<u32, Arc<Tree>>>,
    tree_last: AtomicU32,
    opens: Mutex<BTreeMap<OpenId, Arc<Open>>>,
    /// Nothing is opened in it any more.
    ended: AtomicBool,
}

/// What a session signs and seals with.
#[derive(Debug)]
pub(crate) struct Keys {
    pub(crate) signer: Signer,
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
        (client, connection): (ClientGuid, ConnectionId),
        user: Arc<str>,
        keys: Option<Keys>,
        signing_required: bool,
    ) -> Session {
        Session {
            id,
            connection,
            client,
            user,
            keys,
            signing_required,
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
