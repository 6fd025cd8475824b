//! What only some opens have: those that survive the loss of their connection, and those that can be found by what a client or an
//! application calls them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::command::AppInstance;
use crate::id::{CreateGuid, OpenId};
use crate::outcome::{CreateAction, Durable, OpenedAs};
use crate::state::hold::{Hold, HoldId};
use crate::state::{File, Keyed as _, OpenRecord};
use crate::time::LogTime;

/// What an open survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Survival {
    /// The loss of its connection while it caches its handle (Open.IsDurable).
    Durable,
    /// The same, and whatever happens to its caching (Open.IsPersistent).
    Persistent,
    /// The same for less: it does not keep others out, nor a break waiting (Open.IsResilient).
    Resilient,
}

/// What is kept beside an open (MS-SMB2 3.3.1.10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Handle {
    /// What it survives, if anything.
    pub(crate) survival: Option<Survival>,
    /// How long it is kept without a connection.
    pub(crate) timeout: Duration,
    /// While it has none: until when.
    pub(crate) until: Option<LogTime>,
    /// The user whose it is (Open.DurableOwner).
    pub(crate) owner: Option<Arc<str>>,
    /// What its client calls it: a request of version 2 says so.
    pub(crate) create_guid: Option<CreateGuid>,
    /// CreateOptions.
    pub(crate) options: u32,
    /// What the CREATE did: its replay is told the same.
    pub(crate) action: CreateAction,
    /// Nothing was done through it yet that the CREATE could not be repeated after (Open.IsReplayEligible).
    pub(crate) replayable: bool,
    pub(crate) app: Option<AppInstance>,
    /// Where its client has set its position, in bytes (Open.CurrentByteOffset).
    pub(crate) position: u64,
}

impl Handle {
    /// What a CREATE response says of it.
    pub(crate) fn durable(&self) -> Option<Durable> {
        self.survival.map(|survival| Durable {
            v2: self.create_guid.is_some(),
            persistent: survival == Survival::Persistent,
            timeout: self.timeout,
        })
    }

    pub(crate) fn is_persistent(&self) -> bool {
        self.survival == Some(Survival::Persistent)
    }

    /// Whether it outlives caching that is taken from it while nobody can be told.
    pub(crate) fn outlives_caching(&self) -> bool {
        matches!(self.survival, Some(Survival::Persistent | Survival::Resilient))
    }
}

/// What becomes of caching that is to be taken from a holder that can not be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Untold {
    /// Nothing yet: a persistent open waits for its client, and the break waits with it (LS-090).
    Waits,
    /// A persistent open has a session still, but none of its client's connections takes notifications. The clock runs, or who waits would have
    /// nothing that ends it.
    RunsOut,
    /// It is gone: nobody has a right to be asked.
    Lost,
}

/// The handles of a file's opens.
pub(crate) type Handles = BTreeMap<OpenId, Handle>;

impl File {
    /// What is kept beside an open, if anything.
    pub(crate) fn handle(&self, open: OpenId) -> Option<&Handle> {
        self.handles.as_ref()?.get(&open)
    }

    /// What is kept beside opens.
    pub(crate) fn handles(&self) -> impl Iterator<Item = (OpenId, &Handle)> {
        self.handles.iter().flat_map(|handles| handles.iter()).map(|(open, handle)| (*open, handle))
    }

    /// As what an open was opened that something is kept beside.
    pub(crate) fn opened_as(&self, open: OpenId) -> Option<OpenedAs> {
        let Handle { options, action, position, .. } = *self.handle(open)?;
        let access = self.open(open)?.access;
        Some(OpenedAs { file: self.key().clone(), name: Arc::clone(self.name()), access, options, action, position })
    }

    /// The opens under a hold.
    pub(crate) fn opens_under(&self, hold: HoldId) -> impl Iterator<Item = &OpenRecord> {
        self.opens().iter().filter(move |open| open.hold() == Some(hold))
    }

    /// The persistent opens that wait for their client.
    pub(crate) fn persistent_adrift(&self) -> impl Iterator<Item = &OpenRecord> {
        let adrift = self.handles().filter(|(_, handle)| handle.is_persistent() && handle.until.is_some());
        adrift.filter_map(|(open, _)| self.open(open))
    }

    /// Whether an open under this hold is persistent and waits for its client: then a break waits with it.
    pub(crate) fn awaits_holder(&self, hold: HoldId) -> bool {
        self.handles.is_some() && self.persistent_adrift().any(|open| open.hold() == Some(hold))
    }

    /// What becomes of a break of a hold that can not be told.
    pub(crate) fn untold(&self, hold: HoldId) -> Untold {
        let persistent = |id: OpenId| self.handle(id).is_some_and(Handle::is_persistent);
        if self.awaits_holder(hold) {
            Untold::Waits
        } else if self.opens_under(hold).any(|open| persistent(open.id)) {
            Untold::RunsOut
        } else {
            Untold::Lost
        }
    }

    /// The hold of an open if it caches the handle: a lease with H, or batch (MS-SMB2 3.3.7.1).
    pub(crate) fn handle_caching(&self, open: &OpenRecord) -> Option<&Hold> {
        let hold = self.hold(open.hold()?)?;
        (hold.current().handles() && !hold.id.is_delegation()).then_some(hold)
    }

    /// Adds a handle that was read from a record, before or after its open; false if it is there.
    pub(crate) fn restore_handle(&mut self, open: OpenId, handle: Handle) -> bool {
        self.put_handle(open, handle).is_none()
    }

    /// Adds or replaces a handle, and hands back the one before.
    pub(super) fn put_handle(&mut self, open: OpenId, handle: Handle) -> Option<Handle> {
        self.handles.get_or_insert_default().insert(open, handle)
    }

    pub(super) fn remove_handle(&mut self, open: OpenId) -> Option<Handle> {
        let handles = self.handles.as_mut()?;
        let removed = handles.remove(&open);
        if handles.is_empty() {
            self.handles = None;
        }
        removed
    }
}
