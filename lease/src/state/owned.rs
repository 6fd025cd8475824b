//! How much a client has, counted so that a limit costs one look.

use std::collections::BTreeMap;

use crate::id::ClientGuid;
use crate::state::file::File;
use crate::state::hold::HoldId;
use crate::state::locks::Locks;

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

/// What each client has that has anything. Derived, and no part of any record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Owners(BTreeMap<ClientGuid, Owned>);

impl Owners {
    pub(crate) fn of(&self, client: ClientGuid) -> Owned {
        self.0.get(&client).copied().unwrap_or_default()
    }

    /// Counts something more.
    pub(super) fn add(&mut self, client: ClientGuid, count: impl FnOnce(&mut Owned) -> &mut usize) {
        *count(self.0.entry(client).or_default()) += 1;
    }

    /// Counts something less.
    pub(super) fn subtract(&mut self, client: ClientGuid, count: impl FnOnce(&mut Owned) -> &mut usize) {
        let owned = self.0.get_mut(&client).expect("what is taken away was counted");
        *count(owned) -= 1;
        if *owned == Owned::default() {
            self.0.remove(&client);
        }
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
        for (client, more) in &other.0 {
            let owned = self.0.entry(*client).or_default();
            owned.opens += more.opens;
            owned.leases += more.leases;
            owned.locks += more.locks;
            owned.parked += more.parked;
        }
    }

    /// Who has anything.
    pub(crate) fn clients(&self) -> impl Iterator<Item = ClientGuid> {
        self.0.keys().copied()
    }
}
