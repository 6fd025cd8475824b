//! Every holder against every opener, compared with a model of the rules that knows one of each.

use std::time::Duration;

use lease::{
    Access, Caching, ClientGuid, Command, ConnectionId, Disposition, Effect, Entry, Epoch, FileId, FileKey, Incarnation, LeaseKey,
    LeaseRequest, LeaseRequestV2, LogTime, NoticeNumber, Open, Outcome, Rejection, Request, RequestId, Sequence, ServerId,
    SessionId, Share, State, VolumeId,
};

const ALL: [Caching; 5] = [Caching::None, Caching::R, Caching::RH, Caching::RW, Caching::RWH];
const DISPOSITIONS: [Disposition; 3] = [Disposition::Keep, Disposition::Overwrite, Disposition::Supersede];
const REAL: Access = Access(0x001f_01ff);
const STAT: Access = Access(0x0000_0080);

/// What a client asks for; the lease is none for an open without one.
#[derive(Debug, Clone, Copy)]
struct Asked {
    lease: Option<Caching>,
    access: Access,
    share: Share,
    disposition: Disposition,
}

impl Asked {
    fn open(lease: Option<Caching>) -> Asked {
        Asked { lease, access: REAL, share: Share(7), disposition: Disposition::Keep }
    }
}

/// A table with one server.
struct Table {
    state: State,
    next: u64,
}

impl Table {
    fn new() -> Table {
        let mut table = Table { state: State::new(), next: 1 };
        let effects = table.request(Command::StartServer { ttl: Duration::from_secs(600) });
        assert!(matches!(effects[..], [Effect::Reply { outcome: Ok(Outcome::Alive { .. }), .. }]));
        table
    }

    fn request(&mut self, command: Command) -> Vec<Effect> {
        let id = RequestId { server: ServerId::new(1), incarnation: Incarnation::new(1), sequence: Sequence::new(self.next) };
        self.next += 1;
        let request = Request { id, floor: Sequence::new(0), notices_seen: NoticeNumber::new(0) };
        self.state.apply(&Entry { at: LogTime::ZERO, request: Some(request), command })
    }

    fn session(&mut self, client: u128) -> SessionId {
        let client_guid = ClientGuid::from_u128(client);
        let connection = ConnectionId::new(u64::try_from(client).expect("small"));
        let effects = self.request(Command::StartSession { client: client_guid, connection, user: None, previous: None, id: None });
        match effects[..] {
            [Effect::Reply { outcome: Ok(Outcome::SessionStarted { session }), .. }] => session,
            _ => panic!("{effects:?}"),
        }
    }

    fn open(&mut self, session: SessionId, key: u128, asked: Asked) -> Vec<Effect> {
        let v2 = Some(LeaseRequestV2 { epoch: Epoch::new(10), parent: None });
        self.request(Command::Open(Open {
            session,
            file: FileKey { volume: VolumeId::new(1), file: FileId::from_u128(1), stream: None },
            name: "file".into(),
            access: asked.access,
            share: asked.share,
            disposition: asked.disposition,
            lease: asked.lease.map(|state| LeaseRequest { key: LeaseKey::from_u128(key), state, v2 }),
            ..Open::default()
        }))
    }

    fn acknowledge(&mut self, client: u128, key: u128, state: Caching) -> Vec<Effect> {
        let (client, key) = (ClientGuid::from_u128(client), LeaseKey::from_u128(key));
        self.request(Command::Acknowledge { client, key, state: state.bits(), generation: None })
    }

    fn lease(&self, client: u128, key: u128) -> Option<Caching> {
        self.state.lease(ClientGuid::from_u128(client), LeaseKey::from_u128(key)).map(|lease| lease.state)
    }
}

/// What an opener is to be told, and what it does to the holder.
#[derive(Debug, PartialEq, Eq)]
struct Expected {
    broken_to: Option<Caching>,
    waits: bool,
    /// Whether the open succeeds once the break is acknowledged.
    succeeds: bool,
}

/// The rules for one holder and one opener of another owner.
fn expected(held: Asked, asked: Asked) -> Expected {
    let has = held.lease.unwrap_or_default();
    let looks = asked.access == STAT && asked.disposition == Disposition::Keep;
    if held.access == REAL && held.share == Share(0) && !looks {
        let broken_to = has.handles().then(|| has.without_handles());
        return Expected { broken_to, waits: broken_to.is_some(), succeeds: false };
    }
    if looks {
        return Expected { broken_to: None, waits: false, succeeds: true };
    }
    let left = if asked.disposition == Disposition::Keep { has.without_writes() } else { Caching::None };
    Expected { broken_to: (left != has).then_some(left), waits: has.writes(), succeeds: true }
}

fn breaks(effects: &[Effect]) -> Vec<(Caching, Caching, bool)> {
    let notices = effects.iter().filter_map(|effect| match effect {
        Effect::Break(notice) => Some((notice.from, notice.into, notice.ack_by.is_some())),
        Effect::Reply { .. }
        | Effect::Parked { .. }
        | Effect::Revoked { .. }
        | Effect::OplockBreak(_)
        | Effect::OplockRevoked { .. }
        | Effect::Recall(_)
        | Effect::DelegationRevoked { .. }
        | Effect::Delete { .. }
        | Effect::Evicted { .. } => None,
    });
    notices.collect()
}

fn opened(effects: &[Effect]) -> Option<Result<Option<Caching>, Rejection>> {
    effects.iter().find_map(|effect| match effect {
        Effect::Reply { outcome: Ok(Outcome::Opened { lease, .. }), .. } => Some(Ok(lease.map(|grant| grant.state))),
        Effect::Reply { outcome: Err(rejection), .. } => Some(Err(*rejection)),
        Effect::Reply { .. }
        | Effect::Parked { .. }
        | Effect::Break(_)
        | Effect::Revoked { .. }
        | Effect::OplockBreak(_)
        | Effect::OplockRevoked { .. }
        | Effect::Recall(_)
        | Effect::DelegationRevoked { .. }
        | Effect::Delete { .. }
        | Effect::Evicted { .. } => None,
    })
}

/// What the opener is granted when the holder is left with `left`.
fn granted(held: Asked, left: Caching, asked: Asked) -> Option<Caching> {
    let state = asked.lease?;
    if left.writes() {
        // Only a look at attributes gets past a writer, and beside one nobody caches anything.
        return Some(Caching::None);
    }
    let alone = held.access == STAT && left == Caching::None;
    Some(if alone { state } else { state.without_writes() })
}

fn check(held: Asked, asked: Asked) {
    let mut table = Table::new();
    let (holder, opener) = (table.session(1), table.session(2));
    let first = table.open(holder, 1, held);
    assert_eq!(opened(&first), Some(Ok(held.lease)), "alone, everybody is granted what he asks for");
    let expected = expected(held, asked);
    let effects = table.open(opener, 2, asked);
    let has = held.lease.unwrap_or_default();
    let told: Vec<_> = expected.broken_to.iter().map(|into| (has, *into, has != Caching::R)).collect();
    assert_eq!(breaks(&effects), told, "{held:?} meets {asked:?}");
    assert_eq!(effects.iter().any(|effect| matches!(effect, Effect::Parked { .. })), expected.waits, "{held:?} meets {asked:?}");
    let left = expected.broken_to.unwrap_or(has);
    // Who does not wait is granted what goes beside all that the holder has not given back yet.
    let still = if expected.waits || has == Caching::R { left } else { has };
    let answer = if expected.waits {
        assert_eq!(opened(&effects), None);
        assert_eq!(table.lease(1, 1), Some(has), "the holder keeps what it has until it answers");
        let effects = table.acknowledge(1, 1, left);
        assert!(breaks(&effects).is_empty());
        opened(&effects)
    } else {
        opened(&effects)
    };
    let answer = answer.expect("the open is answered");
    if expected.succeeds {
        let answer = answer.expect("the open succeeds");
        assert_eq!(answer, granted(held, still, asked), "{held:?} meets {asked:?}");
    } else {
        assert_eq!(answer, Err(Rejection::SharingViolation), "{held:?} meets {asked:?}");
    }
}

fn leases() -> impl Iterator<Item = Option<Caching>> {
    std::iter::once(None).chain(ALL.map(Some))
}

#[test]
fn every_opener_against_every_holder() {
    for held_lease in leases() {
        for (access, share) in [(REAL, Share(7)), (REAL, Share(0)), (STAT, Share(7)), (STAT, Share(0))] {
            for asked_lease in leases() {
                for disposition in DISPOSITIONS {
                    for asked_access in [REAL, STAT] {
                        let held = Asked { access, share, ..Asked::open(held_lease) };
                        check(held, Asked { access: asked_access, disposition, ..Asked::open(asked_lease) });
                    }
                }
            }
        }
    }
}

#[test]
fn every_upgrade_beside_every_neighbour() {
    let plain = Some(Asked::open(None));
    let stat = Some(Asked { access: STAT, ..Asked::open(None) });
    let neighbours = [None, stat, plain, Some(Asked::open(Some(Caching::R))), Some(Asked::open(Some(Caching::RH)))];
    for (number, neighbour) in neighbours.into_iter().enumerate() {
        let contended = number >= 2;
        for held in ALL.into_iter().filter(|held| !contended || !held.writes()) {
            for asked in ALL {
                let mut table = Table::new();
                let (client, other) = (table.session(1), table.session(2));
                assert_eq!(opened(&table.open(client, 1, Asked::open(Some(held)))), Some(Ok(Some(held))));
                if let Some(neighbour) = neighbour {
                    let effects = table.open(other, 2, neighbour);
                    assert_eq!(opened(&effects), Some(Ok(neighbour.lease)));
                }
                let effects = table.open(client, 1, Asked::open(Some(asked)));
                let possible = held != asked && held.is_subset_of(asked) && !(contended && asked.writes());
                let expected = if possible { asked } else { held };
                assert_eq!(opened(&effects), Some(Ok(Some(expected))), "{held} asks for {asked} beside {neighbour:?}");
                assert!(breaks(&effects).is_empty(), "an upgrade breaks nobody");
                assert_eq!(table.lease(1, 1), Some(expected));
            }
        }
    }
}

#[test]
fn every_acknowledgement_of_every_break() {
    for held in [Caching::RH, Caching::RW, Caching::RWH] {
        for disposition in DISPOSITIONS {
            for bits in 0..16_u32 {
                let mut table = Table::new();
                let (holder, opener) = (table.session(1), table.session(2));
                table.open(holder, 1, Asked::open(Some(held)));
                let effects = table.open(opener, 2, Asked { disposition, ..Asked::open(None) });
                let [(_, target, _)] = breaks(&effects)[..] else {
                    assert!(held == Caching::RH && disposition == Disposition::Keep);
                    continue;
                };
                let command = Command::Acknowledge {
                    client: ClientGuid::from_u128(1),
                    key: LeaseKey::from_u128(1),
                    state: bits,
                    generation: None,
                };
                let deadline = table.state.next_deadline();
                let effects = table.request(command);
                let good = Caching::from_bits(bits).is_some_and(|state| state.is_subset_of(target));
                let Some(Effect::Reply { outcome, .. }) = effects.first() else { panic!("{effects:?}") };
                if good {
                    let state = Caching::from_bits(bits).expect("good");
                    assert_eq!(*outcome, Ok(Outcome::Acknowledged { state }));
                    assert_eq!(table.lease(1, 1), Some(state));
                } else {
                    assert_eq!(*outcome, Err(Rejection::AckExceedsTarget), "{bits:#x} for {held} to {target}");
                    assert_eq!(table.lease(1, 1), Some(held));
                    assert_eq!(table.state.next_deadline(), deadline);
                }
            }
        }
    }
}
