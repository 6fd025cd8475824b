//! A hold: what one lease is at one moment.

use std::fmt;

use crate::caching::Caching;
use crate::effect::Route;
use crate::id::{ClientGuid, Epoch, Generation, LeaseKey, NoticeNumber, OpenId};
use crate::state::file::File;
use crate::time::LogTime;

/// What identifies a lease: never a session, a connection or a key alone (MS-SMB2 3.3.1.11, 3.3.1.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LeaseId {
    pub(crate) client: ClientGuid,
    pub(crate) key: LeaseKey,
}

/// What identifies a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum HoldId {
    /// A lease, shared by the opens that carry its key.
    Lease(LeaseId),
    /// The legacy oplock of one open. Level II is kept as R, exclusive as RW, batch as RWH; what differs is said in [`Reason`] and in
    /// `apply/grant.rs`.
    Oplock(OpenId),
    /// The delegation of one open of NFSv4. One to read is kept as RH, one to write as RWH: whatever takes anything from it takes all, and
    /// that the client has returned it is what is waited for.
    Delegation(OpenId),
}

impl HoldId {
    pub(crate) fn lease(client: ClientGuid, key: LeaseKey) -> HoldId {
        HoldId::Lease(LeaseId { client, key })
    }

    pub(crate) fn is_oplock(self) -> bool {
        matches!(self, HoldId::Oplock(_))
    }

    pub(crate) fn is_delegation(self) -> bool {
        matches!(self, HoldId::Delegation(_))
    }
}

/// What somebody who does something to a file does not take from himself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Own {
    /// The lease, the oplock or the delegation that it is done under.
    pub(crate) hold: Option<HoldId>,
    /// The delegation of another open of the same client: a client is not in its own way.
    pub(crate) delegation: Option<HoldId>,
}

impl Own {
    /// A hold, and no more.
    pub(crate) fn hold(hold: impl Into<Option<HoldId>>) -> Own {
        Own { hold: hold.into(), delegation: None }
    }

    /// Whether a hold is his own.
    pub(crate) fn has(self, id: HoldId) -> bool {
        self.hold == Some(id) || self.delegation == Some(id)
    }

    fn each(self) -> impl Iterator<Item = HoldId> {
        self.hold.into_iter().chain(self.delegation)
    }

    /// How many of his own holds on a file are in such a state.
    pub(crate) fn count(self, file: &File, counts: impl Fn(Caching) -> bool) -> u32 {
        self.each().filter_map(|id| file.hold(id)).map(|hold| u32::from(counts(hold.current()))).sum()
    }
}

impl fmt::Display for HoldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HoldId::Lease(lease) => write!(f, "{}", lease.key),
            HoldId::Oplock(open) => write!(f, "oplock of {open}"),
            HoldId::Delegation(open) => write!(f, "delegation of {open}"),
        }
    }
}

/// A break that waits for its acknowledgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Breaking {
    current: Caching,
    requested: Caching,
    required: Caching,
    ack_by: Option<LogTime>,
    ordinal: u64,
}

/// States that no break can be between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no break leads from {current} over {requested} to {required}")]
pub struct NoSuchBreak {
    current: Caching,
    requested: Caching,
    required: Caching,
}

impl Breaking {
    /// A break from `current`, which the client keeps until it acknowledges, to `requested`, which it was told, and on to `required`,
    /// which later conflicts made necessary. Each must be less than, or the last at most, the one before.
    pub(crate) fn new(
        current: Caching,
        requested: Caching,
        required: Caching,
        ack_by: Option<LogTime>,
        ordinal: u64,
    ) -> Result<Breaking, NoSuchBreak> {
        let shrinks = requested != current && requested.is_subset_of(current) && required.is_subset_of(requested);
        // R alone is taken away without an acknowledgement (MS-SMB2 3.3.4.7), so no break of it ever runs.
        if shrinks && current != Caching::R {
            Ok(Breaking { current, requested, required, ack_by, ordinal })
        } else {
            Err(NoSuchBreak { current, requested, required })
        }
    }

    /// What the client may still do.
    pub(crate) fn current(&self) -> Caching {
        self.current
    }

    /// What the client was told.
    pub(crate) fn requested(&self) -> Caching {
        self.requested
    }

    /// What it has to come to in the end.
    pub(crate) fn required(&self) -> Caching {
        self.required
    }

    /// When the lease is revoked. None while the break waits with a persistent open for its client, who was not told or may not have been:
    /// no clock runs (MS-SMB2 3.3.4.7, LS-090, LS-111).
    pub(crate) fn ack_by(&self) -> Option<LogTime> {
        self.ack_by
    }

    /// The same break with this deadline, or with none.
    pub(crate) fn due(self, ack_by: Option<LogTime>) -> Breaking {
        Breaking { ack_by, ..self }
    }

    /// Which break of the whole table it is, its later stages included: what a parked open waits for is told by it.
    pub(crate) fn ordinal(&self) -> u64 {
        self.ordinal
    }

    /// The same break after another conflict: what is announced stays, what is required can only shrink, the clock runs on.
    pub(crate) fn tightened(self, holder: HoldId, reason: Reason) -> Breaking {
        Breaking { required: reason.leaves(holder, self.required), ..self }
    }
}

/// Whether a lease is breaking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Settled(Caching),
    Breaking(Breaking),
}

/// Why something is taken from a holder: each reason has its own target (MS-FSA 2.1.4.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// Another owner opens the file to read its data, or reads it.
    Access,
    /// Another owner opens the file to write: to SMB the same as to read, since it is told when something is written; but a delegation promises
    /// that nobody else could (RFC 8881 10.4).
    WriteAccess,
    /// Another owner changes the data.
    Overwrite,
    /// The holder's handle is in the way: share modes conflict, or the file is deleted or secured anew. The holder may give way by
    /// closing.
    Handle,
    /// The file gets another name or one more.
    Name,
    /// An operator leaves it this and no more.
    Word(Caching),
}

impl Reason {
    /// What is left of a state of this holder.
    pub(crate) fn leaves(self, holder: HoldId, state: Caching) -> Caching {
        match (self, holder) {
            (Reason::Access, HoldId::Delegation(_)) if !state.writes() => state,
            (Reason::Overwrite, _) | (_, HoldId::Delegation(_)) => Caching::None,
            (Reason::Access | Reason::WriteAccess, HoldId::Lease(_)) => state.without_writes(),
            // Exclusive and batch become level II.
            (Reason::Access | Reason::WriteAccess, HoldId::Oplock(_)) => state.without_writes().without_handles(),
            (Reason::Handle | Reason::Name, HoldId::Lease(_)) => state.without_handles(),
            (Reason::Handle, HoldId::Oplock(_)) => state,
            // Of the legacy oplocks only batch caches the name.
            (Reason::Name, HoldId::Oplock(_)) => {
                if state.handles() {
                    Caching::None
                } else {
                    state
                }
            }
            (Reason::Word(left), _) => state.intersection(left),
        }
    }

    /// Whether it takes even the hold of the open that it is about: a level II oplock has no owner that it would spare, and ends with a
    /// write through its own open too (MS-FSA 2.1.4.12).
    pub(crate) fn takes_own(self, hold: &Hold) -> bool {
        self == Reason::Overwrite && hold.id.is_oplock() && hold.current() == Caching::R
    }

    /// Whether who caused the break waits while the holder still has this state. An overwrite does not wait for RH to go: the holder
    /// has nothing unwritten, only its acknowledgement is due.
    pub(crate) fn waits_for(self, holder: HoldId, state: Caching) -> bool {
        match self {
            // What a delegation allowed may be going on until it is returned, reading included.
            _ if holder.is_delegation() => self.leaves(holder, state) != state,
            Reason::Access | Reason::WriteAccess | Reason::Overwrite => state.writes(),
            Reason::Handle => state.handles() && !holder.is_oplock(),
            Reason::Name => state.handles(),
            Reason::Word(_) => false,
        }
    }
}

/// What only a v2 lease has. The context of the create that made the lease decides (LS-014), not that of later ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HoldV2 {
    pub(crate) epoch: Epoch,
    pub(crate) parent: Option<LeaseKey>,
}

/// What a server was told and has not confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) to: Route,
    pub(crate) number: NoticeNumber,
    pub(crate) generation: Generation,
    pub(crate) news: News,
}

/// What a notice says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum News {
    /// R is gone; the client does not acknowledge.
    Broken { epoch: Option<Epoch> },
    /// A break timed out.
    Revoked,
}

/// A lease on a file, shared by all opens that carry its key; or the oplock or the delegation of one open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hold {
    pub(crate) id: HoldId,
    pub(crate) standing: Standing,
    pub(crate) generation: Generation,
    pub(crate) v2: Option<HoldV2>,
    pub(crate) notice: Option<Box<Notice>>,
    /// How many opens are under it: counted by the file, derived from its opens.
    pub(crate) opens: u32,
}

impl Hold {
    /// What the client may do now: all that a running break has not taken away yet.
    pub(crate) fn current(&self) -> Caching {
        match &self.standing {
            Standing::Settled(state) => *state,
            Standing::Breaking(breaking) => breaking.current(),
        }
    }

    /// The running break.
    pub(crate) fn breaking(&self) -> Option<&Breaking> {
        match &self.standing {
            Standing::Settled(_) => None,
            Standing::Breaking(breaking) => Some(breaking),
        }
    }

    /// Whether this reason takes anything that is not on its way out already.
    pub(crate) fn can_lose(&self, reason: Reason) -> bool {
        let kept = match &self.standing {
            Standing::Settled(state) => *state,
            Standing::Breaking(breaking) => breaking.required(),
        };
        reason.leaves(self.id, kept) != kept
    }

    /// Whether who has this reason waits for the holder.
    pub(crate) fn delays(&self, reason: Reason) -> bool {
        reason.waits_for(self.id, self.current())
    }

    /// The epoch of a v2 lease.
    pub(crate) fn epoch(&self) -> Option<Epoch> {
        self.v2.map(|v2| v2.epoch)
    }

    /// Counts a notification or an upgrade (LS-121, LS-122). An acknowledgement counts for nothing.
    pub(crate) fn bump_epoch(&mut self) {
        if let Some(v2) = &mut self.v2 {
            v2.epoch = v2.epoch.next();
        }
    }
}
