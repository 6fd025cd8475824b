//! Parts of the state to records. Every type is taken apart exhaustively, so that a new field can not be forgotten.

pub(crate) mod answer;
mod foreign;
pub(super) mod handle;
pub(super) mod lock;
pub(super) mod parked;
pub(super) mod settings;

use prost::Message;

use super::key::{self, Place};
use super::wire;
use crate::effect::Route;
use crate::id::{Epoch, FileKey, LeaseKey, OpenId, Sequence, ServerId, SessionId, ShareId, VolumeId};
use crate::settings::{Settings, ShareSettings};
use crate::state::{
    Answer, Breaking, Client, Connection, Deleter, Deleting, File, Handle, Hold, HoldV2, Keyed, Lapses, LockRecord, Locks, Meta,
    News, Notice, OpenRecord, Parked, Replays, Server, Session, Standing, Under,
};
use crate::time::LogTime;

/// A part of the state that is one record.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RecordOf<'a> {
    Meta(&'a Meta, &'a Settings),
    Share(ShareId, &'a ShareSettings),
    Grace(VolumeId, LogTime),
    Server(ServerId, &'a Server),
    Answer(ServerId, Sequence, &'a Answer),
    Client(&'a Client),
    Session(&'a Session),
    File(&'a File),
    Open(&'a FileKey, &'a OpenRecord),
    Hold(&'a FileKey, &'a Hold),
    Parked(&'a FileKey, &'a Parked),
    Lock(&'a FileKey, &'a LockRecord),
    Replays(&'a FileKey, OpenId, &'a Replays),
    Handle(&'a FileKey, OpenId, &'a Handle),
}

impl RecordOf<'_> {
    /// Appends the key.
    pub(crate) fn write_key(&self, out: &mut Vec<u8>) {
        match self {
            RecordOf::Meta(..) => super::Group::Meta.write_prefix(out),
            RecordOf::Share(share, _) => key::write_share(*share, out),
            RecordOf::Grace(volume, _) => key::write_grace(*volume, out),
            RecordOf::Server(server, _) | RecordOf::Answer(server, ..) => key::write_server(*server, out),
            RecordOf::Client(client) => key::write_client(*client.key(), out),
            RecordOf::Session(session) => key::write_session(session.id, out),
            RecordOf::File(file) => key::write_file(file.key(), out),
            RecordOf::Open(file, _)
            | RecordOf::Hold(file, _)
            | RecordOf::Parked(file, _)
            | RecordOf::Lock(file, _)
            | RecordOf::Replays(file, ..)
            | RecordOf::Handle(file, ..) => key::write_file(file, out),
        }
        let place = match self {
            RecordOf::Meta(..)
            | RecordOf::Share(..)
            | RecordOf::Grace(..)
            | RecordOf::Server(..)
            | RecordOf::Client(_)
            | RecordOf::Session(_)
            | RecordOf::File(_) => Place::Head,
            RecordOf::Answer(_, sequence, _) => Place::Answer(*sequence),
            RecordOf::Open(_, open) => Place::Open(open.id),
            RecordOf::Hold(_, hold) => Place::Hold(hold.id),
            RecordOf::Parked(_, parked) => Place::Parked(parked.ticket),
            RecordOf::Lock(_, lock) => Place::Lock(lock.number),
            RecordOf::Replays(_, open, _) => Place::Replays(*open),
            RecordOf::Handle(_, open, _) => Place::Handle(*open),
        };
        place.write(out);
    }

    /// Appends the value.
    pub(crate) fn write_value(&self, out: &mut Vec<u8>) {
        match self {
            RecordOf::Meta(part, settings) => write(&settings::meta(part, settings), out),
            RecordOf::Share(_, part) => write(&settings::share(part), out),
            RecordOf::Grace(_, until) => write(&foreign::grace(*until), out),
            RecordOf::Server(_, part) => write(&server(part), out),
            RecordOf::Answer(_, _, part) => write(&answer::encode(part), out),
            RecordOf::Client(part) => write(&client(part), out),
            RecordOf::Session(part) => write(&session(part), out),
            RecordOf::File(part) => write(&file(part), out),
            RecordOf::Open(_, part) => write(&open(part), out),
            RecordOf::Hold(_, part) => write(&hold(part), out),
            RecordOf::Parked(_, part) => write(&parked::encode(part), out),
            RecordOf::Lock(_, part) => write(&lock::encode(part), out),
            RecordOf::Replays(_, _, part) => write(&lock::replays(part), out),
            RecordOf::Handle(_, _, part) => write(&handle::handle(part), out),
        }
    }

    /// The record.
    pub(crate) fn record(&self) -> super::Record {
        let (mut key, mut value) = (Vec::with_capacity(64), Vec::with_capacity(96));
        self.write_key(&mut key);
        self.write_value(&mut value);
        super::Record { key, value }
    }
}

fn write(message: &impl Message, out: &mut Vec<u8>) {
    message.encode(out).expect("a Vec has room for every message");
}

/// Two halves of sixteen bytes.
pub(super) fn guid(bytes: [u8; 16]) -> wire::Guid {
    let number = u128::from_be_bytes(bytes);
    let low = u64::try_from(number & u128::from(u64::MAX)).expect("the low half has 64 bits");
    let high = u64::try_from(number >> 64).expect("the high half has 64 bits");
    wire::Guid { high, low }
}

/// Whole milliseconds; a duration of the state is never anything else.
fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn server(part: &Server) -> wire::Server {
    let Server { incarnation, ttl, until, floor, notices, answers: _ } = part;
    wire::Server {
        version: wire::VERSION,
        incarnation: incarnation.get(),
        ttl: millis(*ttl),
        until: until.map(LogTime::as_millis),
        floor: floor.get(),
        notices: notices.get(),
    }
}

fn route(part: Route) -> wire::Route {
    let Route { server, incarnation, connection } = part;
    wire::Route { server: server.get(), incarnation: incarnation.get(), connection: connection.get() }
}

fn client(part: &Client) -> wire::Client {
    let connections =
        part.connections().iter().map(|&Connection { route: to, deaf }| wire::Connection { route: Some(route(to)), deaf });
    let lapses = part.lapses().map(|Lapses { count, barred, until }| wire::Lapses { count, barred, until: until.as_millis() });
    wire::Client { version: wire::VERSION, connections: connections.collect(), lapses }
}

fn session(part: &Session) -> wire::Session {
    let Session { id: _, client, route: to, user, evicted } = part;
    let user = user.as_deref().map(str::to_owned);
    let client = Some(guid(client.to_bytes()));
    wire::Session { version: wire::VERSION, client, route: Some(route(*to)), user, evicted: *evicted }
}

fn file(part: &File) -> wire::File {
    wire::File {
        version: wire::VERSION,
        name: part.name().as_ref().to_owned(),
        directory: part.directory(),
        deleting: part.deleting().map(deleting),
        allocation: part.locks().map_or(0, Locks::allocation),
    }
}

fn deleting(part: &Deleting) -> wire::Deleting {
    let (parent_key, owed, by) = match part {
        Deleting::Pending { parent_key } => (*parent_key, false, None),
        Deleting::Owed { by: Deleter::NextServer } => (None, true, None),
        Deleting::Owed { by: Deleter::Server(by) } => (None, true, Some(by.get())),
    };
    wire::Deleting { key: parent_key.map(|key| guid(key.to_bytes())), owed, by }
}

fn open(part: &OpenRecord) -> wire::Open {
    let OpenRecord {
        id: _,
        session,
        client,
        under,
        access,
        share,
        parent,
        parent_key,
        modified,
        resized,
        delete_on_close,
        nfs,
        share_id,
    } = *part;
    wire::Open {
        version: wire::VERSION,
        session: session.map_or(0, SessionId::get),
        client: Some(guid(client.to_bytes())),
        key: part.key().map(|key| guid(key.to_bytes())),
        access: access.0,
        share: u32::from(share.0),
        oplock: under == Under::Oplock,
        parent: parent.map(|parent| guid(parent.to_bytes())),
        parent_key: parent_key.map(|key| guid(key.to_bytes())),
        modified,
        resized,
        delete_on_close,
        delegation: under == Under::Delegation,
        nfs,
        share_id: share_id.get(),
    }
}

fn hold(part: &Hold) -> wire::Hold {
    let Hold { id: _, standing, generation, v2: only_v2, notice: owed, opens: _ } = part;
    let (current, breaking) = match standing {
        Standing::Settled(state) => (*state, None),
        Standing::Breaking(running) => (running.current(), Some(breaking(running))),
    };
    wire::Hold {
        version: wire::VERSION,
        current: current.bits(),
        breaking,
        generation: generation.get(),
        v2: only_v2.map(|HoldV2 { epoch, parent }| v2(epoch, parent)),
        notice: owed.as_ref().map(|owed| notice(owed)),
    }
}

fn breaking(part: &Breaking) -> wire::Breaking {
    wire::Breaking {
        requested: part.requested().bits(),
        required: part.required().bits(),
        ack_by: part.ack_by().map_or(0, LogTime::as_millis),
        ordinal: part.ordinal(),
    }
}

pub(super) fn v2(epoch: Epoch, parent: Option<LeaseKey>) -> wire::V2 {
    wire::V2 { epoch: u32::from(epoch.get()), parent: parent.map(|key| guid(key.to_bytes())) }
}

fn notice(part: &Notice) -> wire::Notice {
    let Notice { to, number, generation, news } = part;
    let (revoked, epoch) = match news {
        News::Broken { epoch } => (false, epoch.map(|epoch| u32::from(epoch.get()))),
        News::Revoked => (true, None),
    };
    wire::Notice { to: Some(route(*to)), number: number.get(), generation: generation.get(), revoked, epoch }
}
