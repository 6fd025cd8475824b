//! The manual of the scripts: one verb a variant.

use crate::args::{
    Bits, Client, Deed, Delegated, Disposes, Key, Level, LevelByte, LockKind, LockNumber, Peer, Seat, Seconds, Server, Shared,
    Span, Wanted,
};
use crate::handles::{App, Asked, Guid};

/// The verbs. Servers, connections and sessions come into being, without a word, when a script first names them. A prefix `i2:`
/// sends the request as that life of the server, whatever the current one is.
#[derive(Debug, goldenscript::Command)]
pub(crate) enum Verb {
    /// Opens a file: `open c1@A report.doc K1=RWH`. Handles are called h1, h2 … in the order of the opens.
    Open {
        /// Who.
        seat: Seat,
        /// Which file, by name.
        file: String,
        /// The alternate data stream.
        #[arg(key)]
        stream: Option<String>,
        /// Desired access; everything by default.
        #[arg(key, optional)]
        access: Wanted,
        /// Share mode; everything by default.
        #[arg(key, optional)]
        share: Shared,
        /// What happens to the data; `keep` by default.
        #[arg(key, optional)]
        disp: Disposes,
        /// The epoch of a v2 context. Without it the context is v1.
        #[arg(key)]
        epoch: Option<u16>,
        /// The key of the lease on the parent directory: makes the context v2.
        #[arg(key)]
        parent: Option<Key>,
        /// Whether it is a directory.
        #[arg(key, optional)]
        dir: bool,
        /// The directory that it lies in.
        #[arg(key = "in")]
        within: Option<String>,
        /// Whether this open made the file.
        #[arg(key, optional)]
        created: bool,
        /// Whether the file is deleted when this open ends.
        #[arg(key, optional)]
        delete_on_close: bool,
        /// So many times; only the last says what came of it.
        #[arg(key)]
        times: Option<u32>,
        /// The length of the path in bytes, instead of that of the file's name.
        #[arg(key)]
        name_bytes: Option<usize>,
        /// The number of the share that it goes through.
        #[arg(key, optional)]
        through: u64,
        /// The legacy oplock asked for: `ii`, `exclusive` or `batch`.
        #[arg(key, optional)]
        oplock: Level,
        /// The delegation asked for, `read` or `write`: the open is one of NFSv4.
        #[arg(key)]
        delegation: Option<Delegated>,
        /// The durable handle asked for: `v1`, or what the client calls it, `G1`.
        #[arg(key)]
        durable: Option<Asked>,
        /// For how long, in seconds; zero by default.
        #[arg(key)]
        timeout: Option<Seconds>,
        /// Whether it is to be persistent.
        #[arg(key, optional)]
        persistent: bool,
        /// Whether it may have been carried out already.
        #[arg(key, optional)]
        replay: bool,
        /// Whether it is only meant if it was.
        #[arg(key, optional)]
        only: bool,
        /// The application that it belongs to.
        #[arg(key)]
        app: Option<App>,
        /// CreateOptions.
        #[arg(key, optional)]
        options: u32,
        /// Whether it takes back what it had before a grace period.
        #[arg(key, optional)]
        reclaim: bool,
        /// The lease asked for: at most one.
        #[arg(key, optional, many)]
        lease: Vec<(Key, Bits)>,
    },
    /// Closes handles.
    Close(Vec<String>),
    /// Asks to do something through handles: `read h1`, `write h1 h2`; `read h1 at=10/5` reads five bytes from the tenth on.
    Read {
        /// Through which.
        handles: Vec<String>,
        /// Which bytes.
        #[arg(key)]
        at: Option<Span>,
    },
    /// See `read`.
    Write {
        /// Through which.
        handles: Vec<String>,
        /// Which bytes.
        #[arg(key)]
        at: Option<Span>,
    },
    /// Locks bytes through a handle: `lock h1 x=10/5 s=20/5`, exclusive or shared.
    Lock {
        /// Through which handle.
        handle: String,
        /// Whether it waits for locks in its way.
        #[arg(key, optional)]
        wait: bool,
        /// The bucket and number of its sequence, as `3.7`.
        #[arg(key)]
        seq: Option<LockNumber>,
        /// How many bytes of the file are allocated; none by default.
        #[arg(key, optional)]
        alloc: u64,
        /// What.
        #[arg(key, optional, many)]
        ranges: Vec<(LockKind, Span)>,
    },
    /// Unlocks bytes through a handle: `unlock h1 10/5 20/5`.
    Unlock {
        /// Through which handle.
        handle: String,
        /// The bucket and number of its sequence.
        #[arg(key)]
        seq: Option<LockNumber>,
        /// What.
        ranges: Vec<Span>,
    },
    /// Lists the locks, held and waited for.
    Locks,
    /// See `read`: sets the end of file or the allocation; `resize h1 alloc=4096` says what is allocated then.
    Resize {
        /// Through which.
        handles: Vec<String>,
        /// How many bytes.
        #[arg(key)]
        alloc: Option<u64>,
    },
    /// See `read`: sets the security descriptor.
    Secure(Vec<String>),
    /// See `read`: sets times or attributes.
    Attributes(Vec<String>),
    /// See `read`: uses the handles in some other way, and may set their positions: `use h1 position=4096`.
    Use {
        /// The handles.
        handles: Vec<String>,
        /// Where they are, in bytes.
        #[arg(key)]
        position: Option<u64>,
    },
    /// See `read`: makes a hard link, in the same directory or `in=` another.
    Link {
        /// The handle.
        name: String,
        /// The directory that the link will lie in.
        #[arg(key = "in")]
        within: Option<String>,
    },
    /// See `read`: marks the file to be deleted when its last handle is closed.
    Delete(Vec<String>),
    /// See `read`: takes that mark off.
    Undelete(Vec<String>),
    /// A server says that it has deleted a file: `deleted A report.doc`.
    Deleted {
        /// The server.
        server: Server,
        /// The file.
        file: String,
        /// The alternate data stream.
        #[arg(key)]
        stream: Option<String>,
    },
    /// Asks to rename the file of a handle: `rename h1 new.doc`.
    Rename {
        /// The handle.
        name: String,
        /// The new name.
        to: String,
        /// The directory that it will lie in, if not the same.
        #[arg(key = "in")]
        within: Option<String>,
        /// The file that goes because its name is taken.
        #[arg(key)]
        over: Option<String>,
    },
    /// Does something to a file without an open of it: `access A report.doc read`, or `write`, `resize`, `rename`, `link`, `remove`,
    /// `unremove`, `secure`, `attributes`.
    Access {
        /// By way of which server.
        server: Server,
        /// Which file, by name.
        file: String,
        /// What.
        what: Deed,
        /// The alternate data stream.
        #[arg(key)]
        stream: Option<String>,
        /// Which bytes.
        #[arg(key)]
        at: Option<Span>,
        /// The directory that the file lies in.
        #[arg(key = "in")]
        within: Option<String>,
        /// The new name.
        #[arg(key)]
        to: Option<String>,
        /// The directory that the file, or the link, will lie in, if not the same.
        #[arg(key)]
        into: Option<String>,
        /// The file that goes because its name is taken.
        #[arg(key)]
        over: Option<String>,
    },
    /// Locks bytes for an owner of NFS: `nfslock n3.o1@A report.doc x=0/10`. The client n3 is the client c3, where it opens files.
    Nfslock {
        /// Who.
        peer: Peer,
        /// Which file, by name.
        file: String,
        /// The alternate data stream.
        #[arg(key)]
        stream: Option<String>,
        /// Whether it waits for locks in its way.
        #[arg(key, optional)]
        wait: bool,
        /// Whether it had the lock before.
        #[arg(key, optional)]
        reclaim: bool,
        /// How many bytes of the file are allocated; none by default.
        #[arg(key, optional)]
        alloc: u64,
        /// The length of the path in bytes, instead of that of the file's name.
        #[arg(key)]
        name_bytes: Option<usize>,
        /// What: one range.
        #[arg(key, optional, many)]
        ranges: Vec<(LockKind, Span)>,
    },
    /// Unlocks bytes for an owner of NFS: `nfsunlock n3.o1@A report.doc 0/10`.
    Nfsunlock {
        /// Who.
        peer: Peer,
        /// Which file, by name.
        file: String,
        /// What.
        span: Span,
        /// The alternate data stream.
        #[arg(key)]
        stream: Option<String>,
    },
    /// Declares a grace period: `grace A 90`, of volume 1, where all files of a script are, or `vol=`.
    Grace {
        /// By way of which server.
        server: Server,
        /// For how long.
        duration: Seconds,
        /// Of which volume.
        #[arg(key)]
        vol: Option<u64>,
    },
    /// Ends a grace period: `endgrace A`.
    Endgrace {
        /// By way of which server.
        server: Server,
        /// Of which volume.
        #[arg(key)]
        vol: Option<u64>,
    },
    /// A client of NFS is gone: `nfsrelease n3@A`.
    Nfsrelease(Peer),
    /// Acknowledges a break: `ack c1@A K1=RH`. Names the break that is running unless `gen=2` says another, or `gen=0` none.
    Ack {
        /// Through which connection.
        seat: Seat,
        /// Which break.
        #[arg(key = "gen")]
        generation: Option<u64>,
        /// The lease and the state that the client agrees to.
        #[arg(key, many)]
        lease: Vec<(Key, Bits)>,
    },
    /// Acknowledges the break of an oplock: `ackop h1 ii`, with a level, `lease`, or a byte like `0x42`.
    Ackop {
        /// The handle.
        handle: String,
        /// The level that the client agrees to.
        level: LevelByte,
        /// Which break; the one that is running, unless it says another.
        #[arg(key = "gen")]
        generation: Option<u64>,
    },
    /// Gives the delegations of handles back: `return h1`.
    Return(Vec<String>),
    /// Says what oplock a handle has: `oplock h1`.
    Oplock(String),
    /// Gives a lease up: `release c1@A K1`.
    Release {
        /// Through which connection.
        seat: Seat,
        /// The lease.
        key: Key,
    },
    /// Cancels a parked open, `cancel h2`; the last lock through a handle, `cancel "lock h2"`; or the last access of its kind to a file,
    /// `cancel "read report.doc"`.
    Cancel(String),
    /// Takes a handle back that waits for its client: `reconnect c1@A h1`. It says what the open said, unless it is told otherwise.
    Reconnect {
        /// Through which connection.
        seat: Seat,
        /// The handle.
        handle: String,
        /// The file that the path means.
        #[arg(key)]
        file: Option<String>,
        /// The path means no file.
        #[arg(key, optional)]
        gone: bool,
        /// The CreateGuid.
        #[arg(key)]
        guid: Option<Guid>,
        /// With a context of version 1, which has no CreateGuid.
        #[arg(key, optional)]
        v1: bool,
        /// Whether it says that the open is persistent.
        #[arg(key)]
        persistent: Option<bool>,
        /// Without a lease context.
        #[arg(key, optional)]
        bare: bool,
        /// The number of the open that it says; 0 for none.
        #[arg(key)]
        id: Option<u64>,
        /// The version of the lease context.
        #[arg(key)]
        version: Option<u8>,
        /// Another lease.
        #[arg(key, optional, many)]
        lease: Vec<(Key, Bits)>,
    },
    /// Makes a handle resilient for so many seconds; zero by default.
    Resilient {
        /// The handle.
        handle: String,
        /// How long.
        #[arg(key)]
        timeout: Option<Seconds>,
    },
    /// Lists the handles that are more than open, and those that wait for their client.
    Handles,
    /// Sets up a session on a new connection, as a user who is called like the client unless `user=` says another, or `none`. With `previous=`
    /// it takes the place of another session.
    Connect {
        /// Where.
        seat: Seat,
        /// The user.
        #[arg(key)]
        user: Option<String>,
        /// The session that it takes the place of.
        #[arg(key)]
        previous: Option<Seat>,
    },
    /// Sets up a further session on the same connection; what follows uses it.
    Relogin(Seat),
    /// Sets up so many sessions, each on a new connection, numbered from the seat on; only the last says what came of it.
    Crowd(Seat, u32),
    /// Logs the session off; its connection stays.
    Logoff(Seat),
    /// Loses the connection.
    Disconnect(Seat),
    /// Reports that the running break of a lease could not be sent on this connection (or that of generation `gen=`).
    Undeliverable {
        /// The connection that failed.
        seat: Seat,
        /// The lease.
        key: Key,
        /// Which break.
        #[arg(key = "gen")]
        generation: Option<u64>,
    },
    /// Begins the next life of a server, or `life=`; it lasts `ttl=` seconds after each renewal, 600 by default.
    Start {
        /// The server.
        server: Server,
        /// Which life.
        #[arg(key)]
        life: Option<u64>,
        /// How long it lasts.
        #[arg(key)]
        ttl: Option<Seconds>,
    },
    /// Renews a server's life.
    Renew(Server),
    /// Ends a server's life in order.
    Stop(Server),
    /// Lets so many seconds of log time pass, then enters a tick.
    Advance(Seconds),
    /// Stamps what follows with this moment: a leader of an earlier term may be behind.
    Stamp(Seconds),
    /// Changes the settings, and leaves those alone that are not named: `configure break_timeout=5`. With `share=1` it sets what is set for
    /// that share, and nothing else is set for it.
    Configure {
        /// Seconds that a client has to acknowledge a break.
        #[arg(key)]
        break_timeout: Option<Seconds>,
        /// The same for a lease with a persistent open, and for the oplock of one.
        #[arg(key)]
        persistent_lease: Option<Seconds>,
        /// See there.
        #[arg(key)]
        persistent_oplock: Option<Seconds>,
        /// Seconds that a durable open is kept if its client does not say.
        #[arg(key)]
        durable_timeout: Option<Seconds>,
        /// Timeouts until a client is barred.
        #[arg(key)]
        timeouts: Option<u32>,
        /// Seconds that it is barred for.
        #[arg(key)]
        barred_for: Option<Seconds>,
        /// Seconds that a client has to return a delegation.
        #[arg(key)]
        recall_timeout: Option<Seconds>,
        /// For this share.
        #[arg(key)]
        share: Option<u64>,
        /// Nobody caches writes.
        #[arg(key, optional)]
        force_level2: bool,
        /// Who only reads lets others read.
        #[arg(key, optional)]
        restrict_exclusive: bool,
        /// Everybody lets others delete.
        #[arg(key, optional)]
        force_shared_delete: bool,
        /// Opens can be persistent.
        #[arg(key, optional)]
        ca: bool,
        /// Leases are R or nothing.
        #[arg(key, optional)]
        scale_out: bool,
        /// The stages of a break have one epoch.
        #[arg(key, optional)]
        one_epoch: bool,
    },
    /// An operator takes caching from a lease: `break c1 K1=R`.
    Break {
        /// The client.
        client: Client,
        /// The lease, and what is left of it.
        #[arg(key, many)]
        lease: Vec<(Key, Bits)>,
    },
    /// An operator throws a client out.
    Evict(Client),
    /// Lists the clients.
    Clients,
    /// Repeats the last request of the script, or the one that opened the named handle, under its own id.
    Retry(Option<String>),
    /// The server cares about no earlier request any more: its floor rises to its next sequence.
    Confirm(Server),
    /// The server keeps its floor where it is from now on, and goes on caring about every request.
    Hoard(Server),
    /// The server missed what it was told since its last request, and confirms none of it.
    Miss(Server),
    /// Enters an open under the id of an earlier request of the same server, as a broken server would: `reuse h1 h2`.
    Reuse {
        /// The handle whose request id is used again.
        id: String,
        /// The handle whose open is entered again.
        open: String,
    },
    /// Lists the leases.
    Leases,
    /// Shows one lease.
    Lease {
        /// The client.
        client: Client,
        /// The lease.
        key: Key,
    },
    /// Counts what there is.
    Counts,
    /// Says what the state still owes a server.
    Outstanding(Server),
    /// Says when something expires next.
    Deadline,
    /// Begins a new, empty table: the rows of a matrix do not touch each other.
    Fresh,
}
