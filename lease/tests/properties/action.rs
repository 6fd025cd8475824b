//! What a play can do, as data that proptest can shrink. Indices are taken modulo what there is when the action is played.

use lease::{Access, ByteRange, Caching, Delegation, Disposition, NfsClient, NfsOwner, Operation, OplockLevel, RangeLock, Share};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::foreign::owner;
use crate::garbage::{allocation, level, locks, operation, range, range_lock};

/// One step of a play.
#[derive(Debug, Clone)]
pub(crate) enum Action {
    /// Opens a file in some session, connecting first if there is none.
    Open(Opening),
    /// Closes some open.
    Close(usize),
    /// Does something through some open.
    Operate(usize, Operation),
    /// Locks through some open.
    Lock {
        index: usize,
        locks: Vec<RangeLock>,
        wait: bool,
        allocation: u64,
    },
    /// Unlocks some lock that its owner believes to have.
    Unlock(usize),
    /// Acknowledges some running break with some of these bits, or with its target.
    Acknowledge {
        which: usize,
        how: Answer,
        late: bool,
    },
    /// Acknowledges some running break of an oplock with this byte, or with its target.
    AcknowledgeOplock(usize, Option<u8>),
    /// A server says that it has deleted some file, mostly one that it or another was to delete.
    Deleted {
        server: u8,
        index: usize,
    },
    /// Gives up some lease.
    Release(usize),
    /// Cancels some waiting open.
    Cancel(usize),
    /// A client connects to a server.
    Connect {
        client: u8,
        server: u8,
    },
    Logoff(usize),
    Disconnect(usize),
    /// A server reports that it could not send some running break.
    Undeliverable(usize),
    /// A server begins its next life.
    Restart(u8),
    Stop(u8),
    Renew(u8),
    /// Log time passes, and the leader ticks.
    Wait(u16),
    /// Log time passes, and nobody ticks.
    Drift(u16),
    /// The leader's clock is behind for one entry.
    Behind(u16),
    /// Some request that its server still cares about is entered again.
    Retry(usize),
    /// A request of a life that is over is entered.
    Stale {
        server: u8,
        start: bool,
    },
    /// The settings change.
    Configure(u8),
    /// Opens a file for a client of NFSv4, with such access.
    Delegate {
        session: usize,
        file: u8,
        access: u32,
        delegation: Delegation,
    },
    /// Returns some delegation.
    Return(usize),
    /// Something else than a client of SMB asks a server.
    Foreign(u8, Foreign),
}

/// What is no client of SMB's.
#[derive(Debug, Clone)]
pub(crate) enum Foreign {
    Access {
        file: u8,
        operation: Operation,
    },
    Lock {
        file: u8,
        owner: NfsOwner,
        lock: RangeLock,
        wait: bool,
        allocation: u64,
    },
    Unlock {
        file: u8,
        owner: NfsOwner,
        range: ByteRange,
    },
    Release(NfsClient),
    /// For so many milliseconds.
    Grace(u16),
    EndGrace,
}

/// How a client answers a break.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Answer {
    AsAsked,
    Nothing,
    Bits(u32),
}

/// An open.
#[derive(Debug, Clone)]
pub(crate) struct Opening {
    pub(crate) session: usize,
    pub(crate) file: u8,
    pub(crate) key: Option<u8>,
    /// Of an open without a key.
    pub(crate) oplock: OplockLevel,
    pub(crate) state: Caching,
    pub(crate) epoch: Option<u16>,
    pub(crate) access: Access,
    pub(crate) share: Share,
    pub(crate) disposition: Disposition,
    /// The key of the lease on the directory, if it is named.
    pub(crate) parent: Option<u8>,
    pub(crate) created: bool,
    pub(crate) delete_on_close: bool,
}

fn caching() -> impl Strategy<Value = Caching> {
    prop_oneof![
        1 => Just(Caching::None),
        2 => Just(Caching::R),
        3 => Just(Caching::RH),
        2 => Just(Caching::RW),
        5 => Just(Caching::RWH),
    ]
}

fn opening() -> impl Strategy<Value = Opening> {
    let access = prop_oneof![
        4 => Just(0x001f_01ff_u32),
        2 => Just(0x1),
        1 => Just(0x3),
        1 => Just(0x0001_0080),
        2 => Just(0x0010_0080),
    ];
    let share = prop_oneof![6 => Just(7_u8), 1 => Just(0), 2 => Just(1), 1 => Just(3)];
    let disposition =
        prop_oneof![5 => Just(Disposition::Keep), 3 => Just(Disposition::Overwrite), 1 => Just(Disposition::Supersede)];
    let oplock = prop_oneof![1 => Just(OplockLevel::None), 2 => level()];
    let key = prop_oneof![2 => Just(None), 5 => (0..3_u8).prop_map(Some)];
    let epoch = prop_oneof![1 => Just(None), 2 => any::<u16>().prop_map(Some)];
    let parent = prop::option::of(0..3_u8);
    let marks = (prop::bool::weighted(0.1), prop::bool::weighted(0.05));
    (any::<usize>(), 0..5_u8, key, caching(), epoch, access, share, disposition, oplock, parent, marks).prop_map(
        |(session, file, key, state, epoch, access, share, disposition, oplock, parent, (created, delete_on_close))| Opening {
            session,
            file,
            key,
            state,
            epoch,
            access: Access(access),
            share: Share(share),
            disposition,
            oplock,
            parent,
            created,
            delete_on_close,
        },
    )
}

fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![4 => Just(Answer::AsAsked), 1 => Just(Answer::Nothing), 3 => (0..8_u32).prop_map(Answer::Bits)]
}

fn foreign() -> impl Strategy<Value = Foreign> {
    prop_oneof![
        8 => (0..5_u8, operation()).prop_map(|(file, operation)| Foreign::Access { file, operation }),
        8 => (0..3_u8, owner(), range_lock(), any::<bool>(), allocation())
            .prop_map(|(file, owner, lock, wait, allocation)| Foreign::Lock { file, owner, lock, wait, allocation }),
        5 => (0..3_u8, owner(), range()).prop_map(|(file, owner, range)| Foreign::Unlock { file, owner, range }),
        1 => (0..3_u128).prop_map(|client| Foreign::Release(NfsClient::from_u128(client))),
        1 => (0..4000_u16).prop_map(Foreign::Grace),
        1 => Just(Foreign::EndGrace),
    ]
}

fn delegate() -> impl Strategy<Value = Action> {
    let access = prop_oneof![3 => Just(0x1_u32), 2 => Just(0x3)];
    let delegation = prop_oneof![Just(Delegation::Read), Just(Delegation::Write)];
    (any::<usize>(), 0..3_u8, access, delegation).prop_map(|(session, file, access, delegation)| Action::Delegate {
        session,
        file,
        access,
        delegation,
    })
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        30 => opening().prop_map(Action::Open),
        9 => any::<usize>().prop_map(Action::Close),
        6 => (any::<usize>(), operation()).prop_map(|(index, operation)| Action::Operate(index, operation)),
        8 => (any::<usize>(), locks(), any::<bool>(), allocation())
            .prop_map(|(index, locks, wait, allocation)| Action::Lock { index, locks, wait, allocation }),
        4 => any::<usize>().prop_map(Action::Unlock),
        14 => (any::<usize>(), answer(), prop::bool::weighted(0.1))
            .prop_map(|(which, how, late)| Action::Acknowledge { which, how, late }),
        12 => (any::<usize>(), prop::option::weighted(0.3, prop_oneof![0..2_u8, any::<u8>()]))
            .prop_map(|(which, level)| Action::AcknowledgeOplock(which, level)),
        3 => (0..3_u8, any::<usize>()).prop_map(|(server, index)| Action::Deleted { server, index }),
        2 => any::<usize>().prop_map(Action::Release),
        3 => any::<usize>().prop_map(Action::Cancel),
        14 => (0..3_u8, 0..3_u8).prop_map(|(client, server)| Action::Connect { client, server }),
        2 => any::<usize>().prop_map(Action::Logoff),
        5 => any::<usize>().prop_map(Action::Disconnect),
        9 => any::<usize>().prop_map(Action::Undeliverable),
        1 => (0..3_u8).prop_map(Action::Restart),
        1 => (0..3_u8).prop_map(Action::Stop),
        4 => (0..3_u8).prop_map(Action::Renew),
        5 => (0..40_000_u16).prop_map(Action::Wait),
        3 => (0..20_000_u16).prop_map(Action::Drift),
        2 => (0..20_000_u16).prop_map(Action::Behind),
        6 => any::<usize>().prop_map(Action::Retry),
        1 => (0..3_u8, any::<bool>()).prop_map(|(server, start)| Action::Stale { server, start }),
        1 => (1..50_u8).prop_map(Action::Configure),
        8 => delegate(),
        3 => any::<usize>().prop_map(Action::Return),
        14 => (0..3_u8, foreign()).prop_map(|(server, foreign)| Action::Foreign(server, foreign)),
    ]
}

/// A whole play.
pub(crate) fn actions() -> impl Strategy<Value = Vec<Action>> {
    vec(action(), 1..96)
}
