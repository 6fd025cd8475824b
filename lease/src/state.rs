//! The replicated state.

mod below;
mod client;
mod clients;
mod delegation;
mod deleting;
mod edit;
mod file;
mod handles;
mod hold;
mod index;
mod list;
mod locks;
mod opens;
mod others;
mod owned;
mod parked;
mod query;
mod server;
mod shards;
mod share;
mod table;
mod tally;
mod touched;
mod who;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::id::{ClientGuid, Incarnation, ServerId, ShareId, VolumeId};
use crate::settings::{Settings, ShareSettings};
use crate::snapshot::{Digest, Group, RecordOf, StateHash, View};
use crate::time::LogTime;

pub(crate) use client::{Client, Connection, Lapses, Session};
pub use clients::ClientInfo;
pub use delegation::DelegationInfo;
pub(crate) use deleting::{Deleter, Deleting};
pub(crate) use edit::FileEdit;
pub(crate) use file::{File, Head, OpenRecord, Under};
pub(crate) use handles::{Handle, Survival, Untold};
pub use hold::NoSuchBreak;
pub(crate) use hold::{Breaking, Hold, HoldId, HoldV2, LeaseId, News, Notice, Own, Reason, Standing};
pub(crate) use index::{Deadline, GROUPS as LEASE_GROUPS, Index, Leases, directory};
#[cfg(test)]
pub(crate) use list::List;
pub(crate) use locks::{LockRecord, Locks, Replaced, Replays};
pub(crate) use opens::Opens;
pub(crate) use owned::{Owned, Owners};
pub(crate) use parked::{Parked, Waiting};
pub use query::{BreakInfo, Counts, LeaseInfo, LockInfo, OpenInfo, OplockInfo, ServerInfo};
pub(crate) use server::{Answer, Answers, Remembered, Server};
pub(crate) use shards::{Filled, group_of};
#[cfg(test)]
pub(crate) use shards::{Placed, Shards};
pub(crate) use table::{Keyed, Slot, Spread, Table};
pub(crate) use touched::Changed;
use touched::Touched;
pub use who::{FileInfo, ParkedInfo};

/// The rules that this program follows. Raised by a later version, by a command, once every member knows the new ones.
pub(crate) const RULE_LEVEL: u32 = 1;

/// What there is once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Meta {
    pub(crate) now: LogTime,
    pub(crate) rule_level: u32,
    /// The last session id given out. The counters below likewise.
    pub(crate) sessions: u64,
    pub(crate) opens: u64,
    pub(crate) tickets: u64,
    pub(crate) breaks: u64,
    /// Invariants found violated so far.
    pub(crate) violations: u64,
}

/// Groups of shards of the large tables: a million files make fifteen a shard.
pub(crate) const FILE_GROUPS: usize = 512;
const CLIENT_GROUPS: usize = 8;

/// The lease table: everything that the cluster has to agree on. See the [crate's documentation](crate).
#[derive(Debug, Clone)]
pub struct State {
    meta: Meta,
    settings: Arc<Settings>,
    /// Volumes that are in a grace period, until then.
    graces: BTreeMap<VolumeId, LogTime>,
    servers: BTreeMap<ServerId, Arc<Server>>,
    clients: Table<Client>,
    sessions: Table<Session>,
    files: Table<File>,
    index: Index,
    /// Sums the hashes of all records but those of [`Meta`] and of the servers' heads, which change with every entry and are few.
    digest: Digest,
    touched: Touched,
    /// What the entry at hand has changed: what invariants are checked on after it.
    changed: Changed,
}

impl Default for State {
    fn default() -> State {
        State::new()
    }
}

impl State {
    /// An empty table with default settings.
    pub fn new() -> State {
        let meta = Meta { now: LogTime::ZERO, rule_level: RULE_LEVEL, sessions: 0, opens: 0, tickets: 0, breaks: 0, violations: 0 };
        State {
            meta,
            settings: Arc::default(),
            graces: BTreeMap::new(),
            servers: BTreeMap::new(),
            clients: Table::new(CLIENT_GROUPS),
            sessions: Table::new(CLIENT_GROUPS),
            files: Table::new(FILE_GROUPS),
            index: Index::default(),
            digest: Digest::default(),
            touched: Touched::default(),
            changed: Changed::default(),
        }
    }

    /// Log time.
    pub fn now(&self) -> LogTime {
        self.meta.now
    }

    /// The settings that hold.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The same, to be kept while others may come to hold.
    pub fn settings_shared(&self) -> Arc<Settings> {
        Arc::clone(&self.settings)
    }

    /// What is set for a share, if anything is.
    pub(crate) fn share(&self, id: ShareId) -> Option<&ShareSettings> {
        if id == ShareId::default() { None } else { self.settings.shares.get(&id) }
    }

    /// Whether a client let so many breaks time out that it caches neither writes nor handles for a while.
    pub(crate) fn is_barred(&self, client: ClientGuid) -> bool {
        !self.index.barred.is_empty() && self.settings.timeouts_until_barred > 0 && self.index.barred.contains(&client)
    }

    /// The rules that hold: all nodes follow the same, whatever else their versions know.
    pub fn rule_level(&self) -> u32 {
        self.meta.rule_level
    }

    /// How many times an invariant was found violated; each time all caching on the file was taken away. Anything but zero is a bug.
    pub fn violations(&self) -> u64 {
        self.meta.violations
    }

    /// When something expires next, if anything does.
    pub fn next_deadline(&self) -> Option<LogTime> {
        self.index.deadlines.first().map(|(at, _)| *at)
    }

    /// The records as they are now. Takes microseconds.
    pub fn view(&self) -> View {
        View {
            meta: self.meta,
            settings: Arc::clone(&self.settings),
            graces: self.graces.clone(),
            servers: self.servers.clone(),
            clients: self.clients.clone(),
            sessions: self.sessions.clone(),
            files: self.files.clone(),
            hash: self.hash(),
        }
    }

    /// The groups whose records may have changed since this was last called.
    #[must_use]
    pub fn take_touched(&mut self) -> BTreeSet<Group> {
        self.touched.take()
    }

    /// The hash of all records: equal on all nodes that applied the same entries.
    pub fn hash(&self) -> StateHash {
        let mut digest = Digest::default();
        digest.add(&RecordOf::Meta(&self.meta, &self.settings));
        for (id, server) in &self.servers {
            digest.add(&RecordOf::Server(*id, server));
        }
        StateHash(digest.sum().wrapping_add(self.digest.sum()))
    }

    /// Whether this life of this server goes on.
    pub(crate) fn is_current(&self, server: ServerId, incarnation: Incarnation) -> bool {
        self.servers.get(&server).is_some_and(|known| known.incarnation == incarnation && known.is_alive())
    }
}
