//! The clients' side: opens, acknowledgements, and what they believe.

use std::collections::BTreeSet;

use lease::{Break, ByteRange, ClientGuid, Grant, LeaseKey, LeaseRequest, LeaseRequestV2, Lock, OplockLevel, RangeLock, Unlock};

use super::{
    About, Answer, Caching, Command, FOLDER, Generation, Held, Open, OpenId, Opening, Operation, Outcome, Owner, Play, ROOT,
    Rejection, Seat, directory_of, file, pick,
};
use crate::belief::Beliefs;

fn guid(client: u8) -> ClientGuid {
    ClientGuid::from_u128(u128::from(client))
}

fn client_of(owner: Owner) -> u8 {
    u8::try_from(u128::from_be_bytes(owner.0.to_bytes())).expect("three clients")
}

/// What an operation reads or writes, if it says so, and whether it writes.
fn touched(operation: &Operation) -> Option<(ByteRange, bool)> {
    operation.range().map(|range| (range, matches!(operation, Operation::Write { .. })))
}

impl Play {
    /// A session that is usable, made if there is none.
    pub(super) fn seat(&mut self, index: usize) -> Option<Seat> {
        if self.seats.is_empty() {
            self.connect(u8::try_from(index % 3).expect("below three"), u8::try_from(index / 3 % 3).expect("below three"));
        }
        let seat = pick(&self.seats, index)?;
        self.lives(seat.server).then_some(seat)
    }

    pub(super) fn open(&mut self, opening: &Opening) {
        let Some(seat) = self.seat(opening.session) else { return };
        let directory = opening.file >= FOLDER;
        let named = |key: u8| LeaseKey::from_u128(u128::from(key) + 100);
        // A directory is leased by a v2 context only, and W is not asked for.
        let epoch = opening.epoch.or(directory.then_some(7));
        let lease = opening.key.map(|key| LeaseRequest {
            key: named(key),
            state: match opening.state {
                Caching::RWH | Caching::RH if directory => Caching::RH,
                Caching::RW | Caching::R if directory => Caching::R,
                state @ (Caching::None | Caching::R | Caching::RH | Caching::RW | Caching::RWH) => state,
            },
            v2: epoch.map(|epoch| LeaseRequestV2 { epoch: lease::Epoch::new(epoch), parent: opening.parent.map(named) }),
        });
        let file = file(opening.file);
        let open = Open {
            session: seat.id,
            file: file.clone(),
            name: "name".into(),
            directory,
            access: opening.access,
            share: opening.share,
            disposition: opening.disposition,
            parent: directory_of(opening.file),
            created: opening.created,
            delete_on_close: opening.delete_on_close,
            lease,
            oplock: if lease.is_none() { opening.oplock } else { OplockLevel::None },
            ..Open::default()
        };
        let owner = lease.map(|lease| (guid(seat.client), lease.key));
        let parent = lease.and_then(|lease| lease.v2).and_then(|v2| v2.parent);
        let held = Held {
            session: seat.id,
            client: seat.client,
            file,
            owner,
            parent,
            access: opening.access,
            share: opening.share,
            nfs: false,
        };
        self.request(seat.server, Command::Open(open), About::Open { held, lease });
    }

    pub(super) fn close(&mut self, index: usize) {
        let opens: Vec<OpenId> = self.beliefs.opens.keys().copied().collect();
        let Some(open) = pick(&opens, index) else { return };
        self.close_open(open);
    }

    pub(super) fn close_open(&mut self, open: OpenId) {
        let (session, server) = self.place(open);
        if self.lives(server) {
            self.request(server, Command::Close { session, open }, About::Close(open));
        }
    }

    /// The session and the server of an open.
    pub(super) fn place(&self, open: OpenId) -> (lease::SessionId, u8) {
        let session = self.beliefs.opens[&open].session;
        let seat = self.seats.iter().find(|seat| seat.id == session).expect("an open has a session");
        (session, seat.server)
    }

    pub(super) fn lock(&mut self, index: usize, locks: &[RangeLock], wait: bool, allocation: u64) {
        let opens: Vec<OpenId> = self.beliefs.opens.keys().copied().collect();
        let Some(open) = pick(&opens, index) else { return };
        let (session, server) = self.place(open);
        let wait = wait && locks.len() == 1;
        if self.lives(server) && !locks.is_empty() {
            let command = Command::Lock(Lock { session, open, locks: locks.to_vec(), wait, sequence: None, allocation });
            self.request(server, command, About::Lock { open, locks: locks.to_vec(), wait });
        }
    }

    /// Unlocks some lock, and now and then another range.
    pub(super) fn unlock(&mut self, index: usize) {
        let Some((open, lock)) = pick(&self.beliefs.locks, index) else { return };
        let (session, server) = self.place(open);
        let mut range = lock.range;
        if index.is_multiple_of(11) {
            range.length ^= 1;
        }
        if self.lives(server) {
            let command = Command::Unlock(Unlock { session, open, ranges: vec![range], sequence: None });
            self.request(server, command, About::Unlock { open, range });
        }
    }

    pub(super) fn operate(&mut self, index: usize, operation: &Operation) {
        let opens: Vec<OpenId> = self.beliefs.opens.keys().copied().collect();
        let Some(open) = pick(&opens, index) else { return };
        let session = self.beliefs.opens[&open].session;
        let seat = self.seats.iter().find(|seat| seat.id == session).copied().expect("an open has a session");
        if self.lives(seat.server) {
            if let Operation::Rename { parent: Some(_), .. } = operation {
                self.renamed.insert(self.beliefs.opens[&open].file.clone());
            }
            let command = Command::Operate { session, open, operation: operation.clone() };
            self.request(seat.server, command, About::Operate { open, operation: operation.clone() });
        }
    }

    /// A connection of this client that works.
    fn any_seat(&self, client: ClientGuid, index: usize) -> Option<Seat> {
        let seats: Vec<Seat> =
            self.seats.iter().filter(|seat| guid(seat.client) == client && self.lives(seat.server)).copied().collect();
        pick(&seats, index)
    }

    pub(super) fn acknowledge(&mut self, which: usize, how: Answer, late: bool) {
        let breaking: Vec<(Owner, Generation, Caching)> = self
            .state
            .leases()
            .filter_map(|lease| {
                let target = lease.breaking?.into;
                Some(((lease.client, lease.key), lease.generation, target))
            })
            .collect();
        let Some((owner, running, target)) = pick(&breaking, which) else { return };
        let Some(seat) = self.any_seat(owner.0, which) else { return };
        let state = match how {
            Answer::AsAsked => target.bits(),
            Answer::Nothing => 0,
            Answer::Bits(bits) => bits,
        };
        let generation = if late { Generation::new(running.get() - 1) } else { running };
        let command = Command::Acknowledge { client: owner.0, key: owner.1, state, generation: Some(generation) };
        self.request(seat.server, command, About::Acknowledge { owner, state });
    }

    pub(super) fn acknowledge_oplock(&mut self, index: usize, level: Option<u8>) {
        let Some(notice) = self.debts.running_of_oplock(index) else { return };
        let seat = self.seats.iter().find(|seat| seat.id == notice.session).copied().expect("an open has a session");
        if self.lives(seat.server) {
            let level = level.unwrap_or(notice.into.to_byte());
            let generation = Some(notice.generation);
            let command = Command::AcknowledgeOplock { session: notice.session, open: notice.open, level, generation };
            self.request(seat.server, command, About::Oplock);
        }
    }

    pub(super) fn release(&mut self, index: usize) {
        let owners: Vec<Owner> = self.beliefs.leases.keys().copied().collect();
        let Some(owner) = pick(&owners, index) else { return };
        let Some(seat) = self.any_seat(owner.0, index) else { return };
        self.request(seat.server, Command::Release { client: owner.0, key: owner.1 }, About::Release(owner));
    }

    pub(super) fn cancel(&mut self, index: usize) {
        let waiting: Vec<lease::RequestId> =
            self.words.iter().filter(|(_, word)| matches!(word, lease::Effect::Parked { .. })).map(|(id, _)| *id).collect();
        let Some(id) = pick(&waiting, index) else { return };
        let number = u8::try_from(id.server.get() - 1).expect("three servers");
        if self.lives(number) && self.servers[&number].incarnation == id.incarnation.get() {
            self.request(number, Command::Cancel { sequence: id.sequence }, About::Cancel);
            // Cancelled, unless the entry was the first to see that it could go on.
            assert!(matches!(self.words[&id], lease::Effect::Reply { .. }), "nothing waits that was cancelled");
        }
    }

    pub(super) fn logoff(&mut self, index: usize) {
        let Some(seat) = pick(&self.seats, index) else { return };
        if self.lives(seat.server) {
            self.request(seat.server, Command::EndSession { session: seat.id }, About::EndSession(seat.id));
        }
    }

    pub(super) fn disconnect(&mut self, index: usize) {
        let Some(seat) = pick(&self.seats, index) else { return };
        if self.lives(seat.server) {
            let command = Command::Disconnect { connection: seat.route.connection };
            self.request(seat.server, command, About::Disconnect(seat.route));
        }
    }

    pub(super) fn undeliverable(&mut self, index: usize) {
        let Some((notice, seat)) = self.debts.running(index).and_then(|notice| {
            let seat = self.seats.iter().find(|seat| seat.route == notice.to).copied()?;
            Some((notice, seat))
        }) else {
            return;
        };
        if self.lives(seat.server) && self.state.break_generation(notice.client, notice.key) == Some(notice.generation) {
            let command = Command::Undeliverable {
                connection: notice.to.connection,
                client: notice.client,
                key: notice.key,
                generation: notice.generation,
            };
            self.request(seat.server, command, About::Undeliverable(notice.to));
        }
    }

    /// Learns from the answers that change what a client believes.
    pub(super) fn opened_or_closed(&mut self, about: About, outcome: &Result<Outcome, Rejection>) {
        match (about, outcome) {
            (About::Open { held, lease }, Ok(Outcome::Opened { open, lease: grant, delegation, .. })) => {
                self.beliefs.delegations.extend(delegation.map(|delegation| (*open, delegation)));
                assert_eq!(lease.is_some(), grant.is_some(), "who asks for a lease is answered one");
                if let (Some(asked), Some(grant), Some(owner)) = (lease, grant, held.owner) {
                    self.granted(owner, &held, &asked, grant);
                }
                self.beliefs.opens.insert(*open, held);
            }
            (About::Close(open), Ok(Outcome::Closed { .. })) => self.beliefs.close(open),
            (About::Acknowledge { owner, state }, Ok(Outcome::Acknowledged { state: now })) => {
                assert_eq!(state, now.bits(), "the lease is what its client agreed to");
                self.beliefs.set(owner, *now);
            }
            (about @ (About::Operate { .. } | About::Lock { .. } | About::Unlock { .. }), outcome) => {
                self.locked_or_operated(about, outcome);
            }
            (About::Release(owner), Ok(Outcome::Released)) => self.beliefs.set(owner, Caching::None),
            // Nobody's beliefs change. Time may have passed since a request was made up, and with it a session, a server or a lease.
            (About::Cancel, Ok(Outcome::Cancelled))
            | (
                About::Oplock,
                Ok(Outcome::OplockAcknowledged { .. })
                | Err(Rejection::OplockNotBreaking | Rejection::InvalidOplockProtocol | Rejection::InvalidParameter),
            )
            | (
                About::Open { .. },
                Err(
                    Rejection::SharingViolation
                    | Rejection::KeyOnOtherFile
                    | Rejection::DeletePending
                    | Rejection::BeingDeleted
                    | Rejection::Grace
                    | Rejection::Cancelled,
                ),
            )
            | (About::Acknowledge { .. }, Err(Rejection::AckExceedsTarget | Rejection::NotBreaking | Rejection::NoSuchLease))
            | (About::Release(_), Err(Rejection::NoSuchLease))
            | (_, Err(Rejection::StaleIncarnation { .. } | Rejection::NoSuchSession | Rejection::NoSuchOpen)) => {}
            (about, outcome) => panic!("{about:?} came to {outcome:?}"),
        }
        self.tidy();
    }

    /// The same of what is done through an open.
    fn locked_or_operated(&mut self, about: About, outcome: &Result<Outcome, Rejection>) {
        match (about, outcome) {
            // Time may have set something free, or refused it, before it ended the server of one of those concerned.
            (
                About::Operate { open, .. } | About::Lock { open, .. },
                Ok(Outcome::Clear | Outcome::Locked) | Err(Rejection::FileLockConflict | Rejection::LockNotGranted),
            ) if !self.beliefs.opens.contains_key(&open) || self.closing == Some(open) => {}
            (About::Operate { .. } | About::Lock { .. }, Err(Rejection::FileLockConflict | Rejection::LockNotGranted))
                if self.opens_before.iter().any(|open| !self.beliefs.opens.contains_key(open)) => {}
            (About::Operate { open, operation: Operation::SetAttributes }, Ok(Outcome::Clear)) => self.directory_was_told(open),
            (About::Operate { open, operation }, Ok(Outcome::Clear)) => {
                if let Some((range, write)) = touched(&operation) {
                    // A lock that was granted while the entry was carried out may have come after it was looked at.
                    let mut known = self.beliefs.clone();
                    known.locks.retain(|lock| self.locks_before.contains(lock));
                    assert!(!known.is_forbidden(open, range, write), "{open} reads or writes {range}, which is locked");
                }
            }
            (About::Operate { open, operation }, Err(Rejection::FileLockConflict)) => {
                let (range, write) = touched(&operation).expect("only what is read or written is locked");
                assert!(self.beliefs.is_forbidden(open, range, write), "{open} may read or write {range}");
            }
            (About::Lock { open, locks, .. }, Ok(Outcome::Locked)) => {
                for lock in locks {
                    assert!(!self.beliefs.is_refused(open, lock), "{open} is granted {lock} beside what others have");
                    self.beliefs.locks.push((open, lock));
                }
            }
            (About::Lock { open, locks, wait: false }, Err(Rejection::LockNotGranted)) => {
                let mut tried = self.beliefs.clone();
                let refused = locks.iter().any(|lock| {
                    let refused = tried.is_refused(open, *lock);
                    tried.locks.push((open, *lock));
                    refused
                });
                // What lies between two bytes may be in the way of what is not looked at by bytes.
                let odd = locks.iter().any(|lock| lock.range.length == 0) && self.beliefs.nfs_locks_beside(open);
                assert!(refused || odd, "nothing is in the way of {locks:?}");
            }
            (About::Lock { locks, .. }, Err(Rejection::InvalidLockRange)) => {
                assert!(locks.iter().any(|lock| !lock.range.is_valid()), "{locks:?} are all in range");
            }
            (About::Unlock { open, range }, Err(Rejection::RangeNotLocked | Rejection::InvalidLockRange)) => {
                assert!(!self.beliefs.locks.iter().any(|(owner, lock)| *owner == open && lock.range == range));
            }
            (About::Lock { open, .. } | About::Unlock { open, .. }, Err(Rejection::InvalidParameter)) => {
                let locked = self.beliefs.opens.get(&open).map(|held| &held.file);
                assert!(locked.is_none_or(|file_of| [FOLDER, ROOT].map(file).contains(file_of)), "only directories are not locked");
            }
            // Nobody's beliefs change. What waits for a lock is called not locked when its open ends.
            (About::Operate { .. }, Err(Rejection::Cancelled | Rejection::AccessDenied | Rejection::SharingViolation))
            | (About::Lock { .. }, Err(Rejection::RangeNotLocked | Rejection::Cancelled))
            | (_, Err(Rejection::StaleIncarnation { .. } | Rejection::NoSuchSession | Rejection::NoSuchOpen)) => {}
            (about, outcome) => panic!("{about:?} came to {outcome:?}"),
        }
    }

    /// After a change in it nobody may go on caching a directory that was not named by who changed it: all is gone, or on its way out.
    fn directory_was_told(&self, open: OpenId) {
        let Some(held) = self.beliefs.opens.get(&open) else { return };
        let moved = self.renamed.contains(&held.file);
        let Some(number) = (0..ROOT).find(|number| file(*number) == held.file && !moved) else { return };
        for lease in self.state.leases().filter(|lease| Some(lease.file.file) == directory_of(number)) {
            let left = lease.breaking.map_or(lease.state, |breaking| breaking.required);
            let spared = held.parent == Some(lease.key);
            assert!(spared || left == Caching::None, "{lease:?} is kept after a change through {open}");
        }
    }

    fn granted(&mut self, owner: Owner, held: &Held, asked: &LeaseRequest, grant: &Grant) {
        assert_eq!(grant.key, owner.1);
        let before = self.beliefs.leases.get(&owner).cloned();
        let epoch = self.epochs.get(&owner).copied();
        match before {
            // What is granted to a client that cannot be told anything may be gone before the entry ends, and granted anew.
            _ if !self.hears(client_of(owner)) => {}
            None => {
                assert!(grant.state.is_subset_of(asked.state), "nobody is granted more than he asks for");
                assert!(!grant.breaking);
                assert_eq!(grant.v2.is_some(), asked.v2.is_some());
                if let (Some(v2), Some(asked)) = (grant.v2, asked.v2) {
                    let step = u16::from(grant.state != Caching::None);
                    assert_eq!(v2.epoch.get(), asked.epoch.get().wrapping_add(step));
                }
            }
            Some((file, state)) => {
                assert_eq!(file, held.file, "a lease is about one file");
                assert_eq!(grant.v2.is_some(), epoch.is_some(), "the version sticks");
                let changed = grant.state != state;
                assert!(!changed || (grant.state == asked.state && state.is_subset_of(grant.state) && !grant.breaking));
                if let (Some(v2), Some(epoch)) = (grant.v2, epoch) {
                    assert_eq!(v2.epoch.get(), epoch.wrapping_add(u16::from(changed)));
                }
            }
        }
        match grant.v2 {
            Some(v2) => self.epochs.insert(owner, v2.epoch.get()),
            None => self.epochs.remove(&owner),
        };
        self.beliefs.leases.insert(owner, (held.file.clone(), grant.state));
    }

    /// A client is told of a break.
    pub(super) fn broken(&mut self, notice: &Break) {
        let owner = (notice.client, notice.key);
        assert_eq!(notice.ack_by.is_none(), notice.from == Caching::R, "only R alone is taken without an answer");
        assert_eq!(notice.ack_by.is_none(), notice.notice.is_some());
        assert!(notice.into != notice.from && notice.into.is_subset_of(notice.from));
        if self.told.get(&owner).is_some_and(|told| *told >= notice.generation) {
            // The same once more, on another connection.
            return;
        }
        self.told.insert(owner, notice.generation);
        if let Some((file, state)) = self.beliefs.leases.get(&owner) {
            assert_eq!((file, *state), (&notice.file, notice.from), "a break takes what its client believes to have");
            let epoch = self.epochs.get(&owner).map(|epoch| epoch.wrapping_add(1));
            assert_eq!(notice.epoch.map(lease::Epoch::get), epoch, "each break counts the epoch up by one");
            if let Some(epoch) = epoch {
                self.epochs.insert(owner, epoch);
            }
        }
        if notice.ack_by.is_none() {
            self.beliefs.set(owner, notice.into);
        }
    }

    /// A client that cannot be reached on any connection loses what was to be broken.
    pub(super) fn lose_unreachable(&mut self) {
        let there: BTreeSet<OpenId> = self.state.opens().map(|open| open.id).collect();
        let gone: Vec<OpenId> = self.beliefs.opens.keys().filter(|open| !there.contains(open)).copied().collect();
        for open in gone {
            let session = self.beliefs.opens[&open].session;
            let client = self.seats.iter().find(|seat| seat.id == session).map(|seat| seat.client);
            if client.is_some_and(|client| !self.hears(client)) {
                self.beliefs.close(open);
            }
        }
        self.tidy();
    }

    /// Forgets what was known of leases that are gone.
    fn tidy(&mut self) {
        let Beliefs { leases, .. } = &self.beliefs;
        self.epochs.retain(|owner, _| leases.contains_key(owner));
    }
}
