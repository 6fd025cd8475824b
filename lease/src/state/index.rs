//! What can be derived from the records, kept at hand. It is rebuilt when a state is restored, and no part of its hash.

mod handles;
mod parked;

use std::collections::{BTreeMap, BTreeSet};

use crate::id::{
    AppInstanceId, ClientGuid, ConnectionId, CreateGuid, FileId, FileKey, NfsClient, NoticeNumber, OpenId, RequestId, ServerId,
    SessionId, VolumeId,
};
use crate::range::LockOwner;
use crate::state::client::{Client, Session};
use crate::state::deleting::Deleter;
use crate::state::file::{File, OpenRecord};
use crate::state::hold::{Hold, HoldId, LeaseId};
use crate::state::locks::LockRecord;
use crate::state::opens::Opens;
use crate::state::owned::Owners;
use crate::state::shards::{Filled, Placed, Shards};
use crate::state::table::{Keyed, Spread};
use crate::time::LogTime;

/// Groups of shards: a million leases make fifteen a shard.
pub(crate) const GROUPS: usize = 512;

/// What expires. At the same moment a server's life ends before breaks do: its holders can not answer any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Deadline {
    Server(ServerId),
    Break(HoldId),
    Grace(VolumeId),
    /// An open whose client did not come back.
    Open(OpenId),
    /// That breaks of a client timed out is forgotten.
    Client(ClientGuid),
}

/// The hash of the one file that a lease is bound to (MS-SMB2 3.3.5.9.8), by the hash of the lease. Two hashes tell where to look, in
/// sixteen bytes a lease; whether a lease is there is told by the file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Leases {
    shards: Shards<(u64, u64)>,
    len: usize,
}

impl Placed for (u64, u64) {
    fn hash(&self) -> u64 {
        self.0
    }
}

impl Default for Leases {
    fn default() -> Leases {
        Leases { shards: Shards::new(GROUPS), len: 0 }
    }
}

impl Leases {
    /// The leases of groups that were filled at once, each sorted by both hashes.
    pub(crate) fn filled(groups: Vec<Filled<(u64, u64)>>) -> Leases {
        let len = groups.iter().map(Filled::len).sum();
        Leases { shards: Shards::filled(groups), len }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The hashes of the files that may have a lease: one, but for chance.
    pub(crate) fn files(&self, lease: LeaseId) -> impl Iterator<Item = u64> {
        self.shards.with_hash(lease.spread()).map(|(_, file)| *file)
    }

    /// Where an entry is or would be.
    fn find(&self, entry: (u64, u64)) -> Result<usize, usize> {
        let shard = self.shards.shard(entry.0);
        let mut at = self.shards.position(entry.0);
        while shard.get(at).is_some_and(|other| *other < entry) {
            at += 1;
        }
        if shard.get(at) == Some(&entry) { Ok(at) } else { Err(at) }
    }

    fn insert(&mut self, lease: LeaseId, file: u64) {
        let entry = (lease.spread(), file);
        let (Ok(at) | Err(at)) = self.find(entry);
        self.shards.shard_mut(entry.0).insert(at, entry);
        self.len += 1;
    }

    fn remove(&mut self, lease: LeaseId, file: u64) {
        let entry = (lease.spread(), file);
        if let Ok(at) = self.find(entry) {
            self.shards.shard_mut(entry.0).remove(at);
            self.len -= 1;
        }
    }
}

/// The derived indexes. Files are meant by the hashes of their keys.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Index {
    pub(crate) leases: Leases,
    /// Opens with a legacy oplock or a delegation of their own.
    pub(crate) oplocks: BTreeMap<OpenId, u64>,
    pub(crate) opens: BTreeMap<SessionId, Opens>,
    /// Opens without a session.
    pub(crate) adrift: BTreeMap<OpenId, u64>,
    /// Opens that their clients call something.
    pub(crate) create_guids: BTreeMap<(CreateGuid, OpenId), u64>,
    /// Opens of applications.
    pub(crate) apps: BTreeMap<(AppInstanceId, OpenId), u64>,
    /// Opens that wait, by what their clients call them.
    pub(crate) parked_guids: BTreeSet<(CreateGuid, RequestId)>,
    pub(crate) opens_count: usize,
    /// The hashes of the files of opens that say where they lie, by the hash of the directory. The youngest opens of a directory are next to
    /// each other, and mostly they are the ones that end.
    pub(crate) below: BTreeMap<(u64, OpenId), u64>,
    pub(crate) locks_count: usize,
    /// Clients that are barred from caching writes and handles.
    pub(crate) barred: BTreeSet<ClientGuid>,
    /// What each client has.
    pub(crate) owners: Owners,
    /// The locks of NFS by client: the hashes of their files, and their numbers.
    pub(crate) nfs_locks: BTreeMap<NfsClient, BTreeSet<(u64, u64)>>,
    pub(crate) deadlines: BTreeSet<(LogTime, Deadline)>,
    /// Breaks that run: those of leases by client, then those of oplocks and of delegations.
    pub(crate) breaking: BTreeSet<HoldId>,
    /// Notices that their server has not confirmed.
    pub(crate) notices: BTreeMap<(ServerId, NoticeNumber), HoldId>,
    /// Only the current life of a server has sessions.
    pub(crate) sessions: BTreeSet<(ServerId, ConnectionId, SessionId)>,
    pub(crate) sessions_per_server: BTreeMap<ServerId, usize>,
    /// The known streams that have a name: few files have any.
    pub(crate) streams: BTreeSet<FileKey>,
    /// Files that have yet to be deleted, by the server that owes it.
    pub(crate) deletions: BTreeSet<(Deleter, FileKey)>,
    pub(crate) parked: BTreeMap<RequestId, FileKey>,
    pub(crate) parked_of_session: BTreeSet<(SessionId, RequestId)>,
    /// Locks of NFS that wait.
    pub(crate) parked_of_nfs: BTreeMap<NfsClient, BTreeSet<RequestId>>,
    /// Requests that wait for the breaks of another file than the one they are parked on, by that file.
    pub(crate) parked_behind: BTreeSet<(u64, RequestId)>,
}

/// Takes an item out of the set of an owner, and the set if it was the last.
fn remove_from<O: Ord, T: Ord>(sets: &mut BTreeMap<O, BTreeSet<T>>, owner: &O, item: &T) {
    if let Some(set) = sets.get_mut(owner) {
        set.remove(item);
        if set.is_empty() {
            sets.remove(owner);
        }
    }
}

/// A directory by its id in the volume of a file.
pub(crate) fn directory(file: &FileKey, parent: FileId) -> FileKey {
    FileKey { volume: file.volume, file: parent, stream: None }
}

impl Index {
    pub(crate) fn add_open(&mut self, file: &FileKey, open: &OpenRecord) {
        match open.session {
            Some(session) => self.opens.entry(session).or_default().insert(open.id, file.spread()),
            None => {
                self.adrift.insert(open.id, file.spread());
            }
        }
        self.opens_count += 1;
        self.add_below(file, open);
    }

    /// Adds all opens at once, sorted, with the hashes of their files; there must be none yet.
    pub(crate) fn restore_opens(&mut self, sorted: &[(SessionId, OpenId, u64)]) {
        debug_assert_eq!(self.opens_count, 0, "the opens are added at once");
        let sessions = sorted.chunk_by(|(one, ..), (other, ..)| one == other);
        self.opens =
            sessions.map(|opens| (opens[0].0, Opens::filled(opens.iter().map(|(_, open, file)| (*open, *file))))).collect();
        self.opens_count = sorted.len();
    }

    pub(crate) fn remove_open(&mut self, file: &FileKey, open: &OpenRecord) {
        self.remove_below(file, open);
        self.opens_count -= 1;
        let Some(session) = open.session else {
            self.adrift.remove(&open.id);
            return;
        };
        let opens = self.opens.get_mut(&session).expect("an open is one of its session's");
        opens.remove(open.id);
        if opens.is_empty() {
            self.opens.remove(&session);
        }
    }

    /// Where an open lies.
    pub(crate) fn add_below(&mut self, file: &FileKey, open: &OpenRecord) {
        if let Some(parent) = open.parent {
            self.below.insert((directory(file, parent).spread(), open.id), file.spread());
        }
    }

    pub(crate) fn remove_below(&mut self, file: &FileKey, open: &OpenRecord) {
        if let Some(parent) = open.parent {
            self.below.remove(&(directory(file, parent).spread(), open.id));
        }
    }

    /// The opens that may lie in a directory, with the hashes of their files: all that do, and others by chance.
    pub(crate) fn below_of(&self, directory: &FileKey) -> impl Iterator<Item = (u64, OpenId)> {
        let hash = directory.spread();
        let below = self.below.range((hash, OpenId::new(0))..=(hash, OpenId::new(u64::MAX)));
        below.map(|((_, open), file)| (*file, *open))
    }

    pub(crate) fn add_hold(&mut self, file: &FileKey, hold: &Hold) {
        match hold.id {
            HoldId::Lease(lease) => self.leases.insert(lease, file.spread()),
            HoldId::Oplock(open) | HoldId::Delegation(open) => {
                self.oplocks.insert(open, file.spread());
            }
        }
        self.add_standing(hold);
    }

    pub(crate) fn remove_hold(&mut self, file: &FileKey, hold: &Hold) {
        match hold.id {
            HoldId::Lease(lease) => self.leases.remove(lease, file.spread()),
            HoldId::Oplock(open) | HoldId::Delegation(open) => {
                self.oplocks.remove(&open);
            }
        }
        self.remove_standing(hold);
    }

    /// What is known of a hold beside its file.
    pub(crate) fn add_standing(&mut self, hold: &Hold) {
        if let Some(breaking) = hold.breaking() {
            self.breaking.insert(hold.id);
            if let Some(ack_by) = breaking.ack_by() {
                self.deadlines.insert((ack_by, Deadline::Break(hold.id)));
            }
        }
        if let Some(notice) = &hold.notice {
            self.notices.insert((notice.to.server, notice.number), hold.id);
        }
    }

    pub(crate) fn remove_standing(&mut self, hold: &Hold) {
        if let Some(breaking) = hold.breaking() {
            self.breaking.remove(&hold.id);
            if let Some(ack_by) = breaking.ack_by() {
                self.deadlines.remove(&(ack_by, Deadline::Break(hold.id)));
            }
        }
        if let Some(notice) = &hold.notice {
            self.notices.remove(&(notice.to.server, notice.number));
        }
    }

    /// A file, or a stream of it, is known from here on.
    pub(crate) fn add_file(&mut self, key: &FileKey) {
        if key.stream.is_some() {
            self.streams.insert(key.clone());
        }
    }

    pub(crate) fn remove_file(&mut self, key: &FileKey) {
        if key.stream.is_some() {
            self.streams.remove(key);
        }
    }

    /// All that may be known of a file: its stream without a name, which this is, and those with one that are known, by their names.
    pub(crate) fn streams_of(&self, main: FileKey) -> impl Iterator<Item = FileKey> {
        let (volume, file) = (main.volume, main.file);
        let named = self.streams.range(main.clone()..).take_while(move |stream| (stream.volume, stream.file) == (volume, file));
        std::iter::once(main).chain(named.cloned())
    }

    pub(crate) fn add_deletion(&mut self, file: &File) {
        if let Some(by) = file.deletion_owed() {
            self.deletions.insert((by, file.key().clone()));
        }
    }

    pub(crate) fn remove_deletion(&mut self, file: &File) {
        if let Some(by) = file.deletion_owed() {
            self.deletions.remove(&(by, file.key().clone()));
        }
    }

    /// The files that have yet to be deleted by whom.
    pub(crate) fn deletions_of(&self, by: Deleter) -> impl Iterator<Item = &FileKey> {
        let first = FileKey::default();
        self.deletions.range((by, first)..).take_while(move |(owing, _)| *owing == by).map(|(_, file)| file)
    }

    pub(crate) fn add_lapses(&mut self, client: &Client) {
        if let Some(lapses) = client.lapses() {
            self.deadlines.insert((lapses.until, Deadline::Client(*client.key())));
            if lapses.barred {
                self.barred.insert(*client.key());
            }
        }
    }

    pub(crate) fn remove_lapses(&mut self, client: &Client) {
        if let Some(lapses) = client.lapses() {
            self.deadlines.remove(&(lapses.until, Deadline::Client(*client.key())));
            self.barred.remove(client.key());
        }
    }

    pub(crate) fn add_lock(&mut self, file: &FileKey, lock: &LockRecord) {
        self.locks_count += 1;
        if let LockOwner::Nfs(owner) = lock.owner {
            self.nfs_locks.entry(owner.client).or_default().insert((file.spread(), lock.number));
        }
    }

    pub(crate) fn remove_lock(&mut self, file: &FileKey, lock: &LockRecord) {
        self.locks_count -= 1;
        if let LockOwner::Nfs(owner) = lock.owner {
            remove_from(&mut self.nfs_locks, &owner.client, &(file.spread(), lock.number));
        }
    }

    pub(crate) fn add_session(&mut self, session: &Session) {
        if self.sessions.insert((session.server(), session.route.connection, session.id)) {
            *self.sessions_per_server.entry(session.server()).or_default() += 1;
        }
    }

    pub(crate) fn remove_session(&mut self, session: &Session) {
        let server = session.server();
        if self.sessions.remove(&(server, session.route.connection, session.id)) {
            let count = self.sessions_per_server.get_mut(&server).expect("a server with a session is counted");
            *count -= 1;
            if *count == 0 {
                self.sessions_per_server.remove(&server);
            }
        }
    }

    /// The sessions of a server, or of one of its connections.
    pub(crate) fn sessions_of(&self, server: ServerId, connection: Option<ConnectionId>) -> impl Iterator<Item = SessionId> {
        let first = connection.unwrap_or(ConnectionId::new(0));
        let last = connection.unwrap_or(ConnectionId::new(u64::MAX));
        let (first, last) = ((server, first, SessionId::new(0)), (server, last, SessionId::new(u64::MAX)));
        self.sessions.range(first..=last).map(|(_, _, session)| *session)
    }

    /// The opens of a session by their ids, with the hashes of their files.
    pub(crate) fn opens_of(&self, session: SessionId) -> impl Iterator<Item = (OpenId, u64)> + use<> {
        self.opens.get(&session).map(Opens::sorted).unwrap_or_default().into_iter()
    }

    /// Leases of a client of which a break runs.
    pub(crate) fn breaking_of(&self, client: ClientGuid) -> impl Iterator<Item = HoldId> {
        let first = HoldId::lease(client, crate::id::LeaseKey::from_u128(0));
        let of_client = move |hold: &HoldId| matches!(hold, HoldId::Lease(lease) if lease.client == client);
        self.breaking.range(first..).copied().take_while(of_client)
    }
}
