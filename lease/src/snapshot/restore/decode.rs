//! Records to parts of the state: the other way round than `encode`. Nothing comes of a record that no version of this program wrote.

use std::sync::Arc;
use std::time::Duration;

use prost::Message;

use crate::caching::Caching;
use crate::command::{Access, Share};
use crate::effect::Route;
use crate::id::{
    ClientGuid, ConnectionId, Epoch, FileId, FileKey, Generation, Incarnation, LeaseKey, NoticeNumber, OpenId, Sequence, ServerId,
    SessionId, ShareId,
};
use crate::settings::{Settings, ShareSettings};
use crate::snapshot::encode::{handle as handles, lock, parked, settings};
use crate::snapshot::wire;
use crate::state::{
    Answers, Breaking, Client, Connection, Deleter, Deleting, Handle, Head, Hold, HoldId, HoldV2, Lapses, LockRecord, Meta, News,
    Notice, OpenRecord, Parked, Replays, Server, Session, Standing, Under,
};
use crate::time::LogTime;

fn versioned<M: Message + Default>(value: &[u8], version: impl Fn(&M) -> u32) -> Option<M> {
    M::decode(value).ok().filter(|message| version(message) == wire::VERSION)
}

pub(in crate::snapshot) fn guid_of(guid: wire::Guid) -> LeaseKey {
    LeaseKey::from_u128(number_of(guid))
}

pub(in crate::snapshot) fn file_id_of(guid: wire::Guid) -> FileId {
    FileId::from_u128(number_of(guid))
}

fn number_of(wire::Guid { high, low }: wire::Guid) -> u128 {
    u128::from(high) << 64 | u128::from(low)
}

pub(in crate::snapshot) fn v2_of(wire::V2 { epoch, parent }: wire::V2) -> Option<(Epoch, Option<LeaseKey>)> {
    Some((Epoch::new(u16::try_from(epoch).ok()?), parent.map(guid_of)))
}

pub(super) fn meta(value: &[u8]) -> Option<(Meta, Settings)> {
    versioned(value, |meta: &wire::Meta| meta.version).map(|meta| settings::meta_from(&meta))
}

pub(super) fn share(value: &[u8]) -> Option<ShareSettings> {
    versioned(value, |share: &wire::Share| share.version).map(settings::share_from)
}

pub(super) fn grace(value: &[u8]) -> Option<LogTime> {
    versioned(value, |grace: &wire::Grace| grace.version).map(|grace| LogTime::from_millis(grace.until))
}

pub(super) fn server(value: &[u8]) -> Option<Server> {
    let wire::Server { version: _, incarnation, ttl, until, floor, notices } =
        versioned(value, |server: &wire::Server| server.version)?;
    Some(Server {
        incarnation: Incarnation::new(incarnation),
        ttl: Duration::from_millis(ttl),
        until: until.map(LogTime::from_millis),
        floor: Sequence::new(floor),
        notices: NoticeNumber::new(notices),
        answers: Answers::default(),
    })
}

fn route(wire::Route { server, incarnation, connection }: wire::Route) -> Route {
    Route { server: ServerId::new(server), incarnation: Incarnation::new(incarnation), connection: ConnectionId::new(connection) }
}

pub(super) fn client(id: ClientGuid, value: &[u8]) -> Option<Client> {
    let wire::Client { version: _, connections, lapses } = versioned(value, |client: &wire::Client| client.version)?;
    let connections =
        connections.into_iter().map(|wire::Connection { route: to, deaf }| Some(Connection { route: route(to?), deaf }));
    let lapses = lapses.map(|wire::Lapses { count, barred, until }| Lapses { count, barred, until: LogTime::from_millis(until) });
    Some(Client::new(id, connections.collect::<Option<Vec<_>>>()?, lapses))
}

pub(super) fn session(id: SessionId, value: &[u8]) -> Option<Session> {
    let wire::Session { version: _, client, route: to, user, evicted } =
        versioned(value, |session: &wire::Session| session.version)?;
    let client = ClientGuid::from_u128(number_of(client?));
    Some(Session { id, client, route: route(to?), user: user.map(Arc::from), evicted })
}

pub(super) fn file(value: &[u8]) -> Option<Head> {
    let wire::File { version: _, name, directory, deleting: pending, allocation } =
        versioned(value, |file: &wire::File| file.version)?;
    let deleting = match pending {
        None => None,
        Some(pending) => Some(deleting(pending)?),
    };
    Some(Head { name: Arc::from(name), directory, deleting, allocation })
}

fn deleting(wire::Deleting { key, owed, by }: wire::Deleting) -> Option<Deleting> {
    match (owed, key, by) {
        (true, None, by) => Some(Deleting::Owed { by: by.map_or(Deleter::NextServer, |by| Deleter::Server(ServerId::new(by))) }),
        (false, key, None) => Some(Deleting::Pending { parent_key: key.map(guid_of) }),
        _ => None,
    }
}

pub(super) fn open(id: OpenId, value: &[u8]) -> Option<OpenRecord> {
    // Opens are counted from 1.
    if id == OpenId::default() {
        return None;
    }
    let wire::Open {
        version: _,
        session,
        client,
        key,
        access,
        share,
        oplock,
        parent,
        parent_key,
        modified,
        resized,
        delete_on_close,
        delegation,
        nfs,
        share_id,
    } = versioned(value, |open: &wire::Open| open.version)?;
    let under = match (key, oplock, delegation) {
        (Some(key), false, false) => Under::Lease(guid_of(key)),
        (None, true, false) => Under::Oplock,
        (None, false, true) => Under::Delegation,
        (None, false, false) => Under::Nothing,
        _ => return None,
    };
    Some(OpenRecord {
        id,
        session: (session > 0).then(|| SessionId::new(session)),
        client: ClientGuid::from_u128(number_of(client?)),
        under,
        access: Access(access),
        share: Share(u8::try_from(share).ok()?),
        parent: parent.map(file_id_of),
        parent_key: parent_key.map(guid_of),
        modified,
        resized,
        delete_on_close,
        nfs,
        share_id: ShareId::new(share_id),
    })
}

pub(super) fn hold(id: HoldId, value: &[u8]) -> Option<Hold> {
    let wire::Hold { version: _, current, breaking, generation, v2, notice: owed } =
        versioned(value, |hold: &wire::Hold| hold.version)?;
    let current = Caching::from_bits(current)?;
    let standing = match breaking {
        None => Standing::Settled(current),
        Some(wire::Breaking { requested, required, ack_by, ordinal }) => {
            let (requested, required) = (Caching::from_bits(requested)?, Caching::from_bits(required)?);
            let ack_by = (ack_by > 0).then(|| LogTime::from_millis(ack_by));
            Standing::Breaking(Breaking::new(current, requested, required, ack_by, ordinal).ok()?)
        }
    };
    let v2 = match v2 {
        None => None,
        Some(v2) => Some(v2_of(v2)?).map(|(epoch, parent)| HoldV2 { epoch, parent }),
    };
    let notice = match owed {
        None => None,
        Some(owed) => Some(Box::new(notice(owed)?)),
    };
    Some(Hold { id, standing, generation: Generation::new(generation), v2, notice, opens: 0 })
}

fn notice(wire::Notice { to, number, generation, revoked, epoch }: wire::Notice) -> Option<Notice> {
    let epoch = match epoch {
        None => None,
        Some(epoch) => Some(Epoch::new(u16::try_from(epoch).ok()?)),
    };
    Some(Notice {
        to: route(to?),
        number: NoticeNumber::new(number),
        generation: Generation::new(generation),
        news: if revoked { News::Revoked } else { News::Broken { epoch } },
    })
}

pub(super) fn parked(ticket: u64, file: &FileKey, value: &[u8]) -> Option<Parked> {
    parked::decode(ticket, file, versioned(value, |parked: &wire::Parked| parked.version)?)
}

pub(super) fn lock(number: u64, value: &[u8]) -> Option<LockRecord> {
    lock::decode(number, &versioned(value, |lock: &wire::Lock| lock.version)?)
}

pub(super) fn replays(value: &[u8]) -> Option<Replays> {
    lock::replays_from(&versioned(value, |replays: &wire::Replays| replays.version)?)
}

pub(super) fn handle(value: &[u8]) -> Option<Handle> {
    handles::handle_from(versioned(value, |handle: &wire::Handle| handle.version)?)
}
