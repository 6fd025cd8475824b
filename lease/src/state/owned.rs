//! How much a client has, counted so that a limit costs one look.

use crate::id::ClientGuid;
use crate::state::file::File;
use crate::state::hold::HoldId;
use crate::state::locks::Locks;
use crate::state::table::Spread;

/// Slots for few clients.
const SLOTS_MIN: usize = 8;

/// What a client has of each thing that there is a limit of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Owned {
    pub(crate) opens: usize,
    pub(crate) leases: usize,
    /// Byte-range locks that are held.
    pub(crate) locks: usize,
    /// Requests that wait.
    pub(crate) parked: usize,
}

/// What each client has: the slot that the hash of its id says, or the first free one behind it. Derived, and no part of any record; which
/// slot that is depends on what was there before, so nothing is ever told in the order of the slots.
#[derive(Debug, Clone, Default)]
pub(crate) struct Owners {
    /// None, or a power of two of which at least a quarter is free.
    slots: Box<[Option<(ClientGuid, Owned)>]>,
    /// Slots that are not free. A client that has nothing any more keeps its own until there is need of room.
    taken: usize,
}

impl PartialEq for Owners {
    fn eq(&self, other: &Owners) -> bool {
        self.sorted() == other.sorted()
    }
}

impl Owners {
    pub(crate) fn of(&self, client: ClientGuid) -> Owned {
        if self.slots.is_empty() {
            return Owned::default();
        }
        self.slots[self.find(client)].map(|(_, owned)| owned).unwrap_or_default()
    }

    /// Counts something more.
    pub(super) fn add(&mut self, client: ClientGuid, count: impl FnOnce(&mut Owned) -> &mut usize) {
        *count(self.owned_mut(client)) += 1;
    }

    /// Counts something less.
    pub(super) fn subtract(&mut self, client: ClientGuid, count: impl FnOnce(&mut Owned) -> &mut usize) {
        *count(self.owned_mut(client)) -= 1;
    }

    /// Counts what is on a file.
    pub(crate) fn count(&mut self, file: &File) {
        for open in file.opens() {
            self.add(open.client, |owned| &mut owned.opens);
        }
        for hold in file.holds() {
            if let HoldId::Lease(lease) = hold.id {
                self.add(lease.client, |owned| &mut owned.leases);
            }
        }
        for lock in file.locks().into_iter().flat_map(Locks::iter) {
            if let Some(client) = file.client_of(lock.owner) {
                self.add(client, |owned| &mut owned.locks);
            }
        }
        for client in file.parked().iter().filter_map(|parked| parked.client) {
            self.add(client, |owned| &mut owned.parked);
        }
    }

    /// Adds what was counted elsewhere.
    pub(crate) fn merge(&mut self, other: &Owners) {
        for (client, more) in other.sorted() {
            let owned = self.owned_mut(client);
            owned.opens += more.opens;
            owned.leases += more.leases;
            owned.locks += more.locks;
            owned.parked += more.parked;
        }
    }

    /// Who has anything.
    pub(crate) fn clients(&self) -> impl Iterator<Item = ClientGuid> {
        self.sorted().into_iter().map(|(client, _)| client)
    }

    /// Who has anything, and what.
    fn sorted(&self) -> Vec<(ClientGuid, Owned)> {
        let mut owners: Vec<_> = self.slots.iter().flatten().copied().filter(|(_, owned)| *owned != Owned::default()).collect();
        owners.sort_unstable_by_key(|(client, _)| *client);
        owners
    }

    fn owned_mut(&mut self, client: ClientGuid) -> &mut Owned {
        if 4 * (self.taken + 1) > 3 * self.slots.len() {
            self.make_room();
        }
        let at = self.find(client);
        self.taken += usize::from(self.slots[at].is_none());
        &mut self.slots[at].get_or_insert((client, Owned::default())).1
    }

    /// The slot of a client, or else the one that it would get. There must be a free one.
    fn find(&self, client: ClientGuid) -> usize {
        let mask = self.slots.len() - 1;
        let hash = usize::try_from(client.spread() >> 32).expect("half of a hash has 32 bits");
        let mut at = hash & mask;
        while self.slots[at].is_some_and(|(other, _)| other != client) {
            at = (at + 1) & mask;
        }
        at
    }

    /// Forgets clients that have nothing, and takes room enough for as many again as are left.
    fn make_room(&mut self) {
        let owners = self.sorted();
        let slots = (2 * (owners.len() + 1)).next_power_of_two().max(SLOTS_MIN);
        (self.slots, self.taken) = (vec![None; slots].into_boxed_slice(), owners.len());
        for (client, owned) in owners {
            let at = self.find(client);
            self.slots[at] = Some((client, owned));
        }
    }
}
