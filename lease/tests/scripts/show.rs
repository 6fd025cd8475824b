//! What came of a command, told in the names of the script: one line an effect, headed by the server that is told.

use std::time::Duration;

use lease::{
    Break, Caching, ClientInfo, Counts, CreateAction, Durable, Effect, Grant, LeaseInfo, LockInfo, LockOwner, OpenInfo, OpenedAs,
    OplockLevel, Outcome, Rejection, RequestId, Route,
};

use crate::args::{Client, Key, Peer, Server, seconds};
use crate::world::{About, World};

/// The lines of these effects.
pub(crate) fn effects(world: &World, effects: &[Effect]) -> String {
    effects.iter().map(|effect| format!("{}: {}\n", head(world, effect), line(world, effect))).collect::<Vec<_>>().concat()
}

/// The same for what a server is owed, which is not told now.
pub(crate) fn owed(world: &World, effects: &[Effect]) -> String {
    effects.iter().map(|effect| format!("{} is owed: {}\n", head(world, effect), line(world, effect))).collect::<Vec<_>>().concat()
}

fn head(world: &World, effect: &Effect) -> String {
    let (server, incarnation) = effect.server();
    let server = Server::of(server);
    if world.first_life(server, incarnation) { server.to_string() } else { format!("{server}.{incarnation}") }
}

fn line(world: &World, effect: &Effect) -> String {
    match effect {
        Effect::Reply { to, outcome: Ok(outcome) } => {
            format!("{}{}{}", subject(world, *to), answer(outcome), known(world, *to, outcome))
        }
        Effect::Reply { to, outcome: Err(rejection) } => format!("{}refused: {}", subject(world, *to), refusal(*rejection)),
        Effect::Parked { to } => format!("{}waits", subject(world, *to)),
        Effect::Break(notice) => notification(world, notice),
        Effect::OplockBreak(notice) => {
            let ack = notice.ack_by.map_or_else(|| "no ack".to_owned(), |by| format!("ack by {}", seconds(by.as_millis())));
            format!("break {} to {}, {ack}", world.name_of(notice.open), notice.into)
        }
        Effect::Recall(recall) => {
            format!("recall {}, return by {}", world.name_of(recall.open), seconds(recall.return_by.as_millis()))
        }
        Effect::DelegationRevoked { open, generation, .. } => {
            format!("revoked delegation of {} ({generation})", world.name_of(*open))
        }
        Effect::Delete { file, .. } => format!("delete {}", world.file_name(file)),
        Effect::Evicted { to, client, .. } => format!("drop {}", place(world, *to, Client::of(*client))),
        Effect::OplockRevoked { open, generation, .. } => format!("revoked oplock of {} ({generation})", world.name_of(*open)),
        Effect::Revoked { to, client, key, generation, .. } => {
            format!("revoked {} {} ({generation})", place(world, *to, Client::of(*client)), Key::of(*key))
        }
    }
}

fn place(world: &World, to: Route, client: Client) -> String {
    match world.seat_of(to) {
        Some(seat) if seat.client == client => seat.to_string(),
        Some(seat) => format!("{client} by way of {seat}"),
        None => format!("{client} by way of {}", to.connection),
    }
}

fn subject(world: &World, id: RequestId) -> String {
    match world.about(id) {
        None => format!("request {}.{} ", id.incarnation, id.sequence),
        Some(About::Server) => String::new(),
        Some(About::Session(seat)) => format!("{seat} "),
        Some(About::Open(name) | About::Close(name) | About::Operation(name)) => format!("{name} "),
        Some(About::Lease(seat, key)) => format!("{} {key} ", seat.client),
        Some(About::Cancel(name)) => format!("cancel of {name} "),
    }
}

fn answer(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Alive { until } => format!("alive until {}", seconds(until.as_millis())),
        Outcome::Stopped => "stopped".to_owned(),
        Outcome::SessionStarted { .. } => "connected".to_owned(),
        Outcome::SessionEnded => "logged off".to_owned(),
        Outcome::Disconnected => "disconnected".to_owned(),
        Outcome::Opened { open: _, lease, oplock, delegation, durable, before: _ } => {
            let delegation = delegation.map(|delegation| format!(" {delegation}"));
            let (delegation, durable) = (delegation.unwrap_or_default(), durable.as_ref().map(kept).unwrap_or_default());
            format!("opened{}{delegation}{durable}", caches(lease.as_ref(), *oplock))
        }
        Outcome::Reconnected { open: _, lease, oplock, durable, before: _ } => {
            format!("reconnected{}{}", caches(lease.as_ref(), *oplock), kept(durable))
        }
        Outcome::Resilient { timeout } => format!("resilient for {}", span(*timeout)),
        Outcome::Deleted => "deleted".to_owned(),
        Outcome::DelegationReturned => "returned".to_owned(),
        Outcome::GraceDeclared { until } => format!("grace until {}", seconds(until.as_millis())),
        Outcome::GraceEnded => "grace ended".to_owned(),
        Outcome::OplockAcknowledged { level } => format!("acknowledged, {level} now"),
        Outcome::Closed { delete: false } => "closed".to_owned(),
        Outcome::Closed { delete: true } => "closed, and the file goes".to_owned(),
        Outcome::Clear => "is clear".to_owned(),
        Outcome::Locked => "locked".to_owned(),
        Outcome::Unlocked => "unlocked".to_owned(),
        Outcome::Acknowledged { state } => format!("acknowledged, {} now", caching(*state)),
        Outcome::Released | Outcome::NfsClientReleased => "released".to_owned(),
        Outcome::Cancelled => "done".to_owned(),
        Outcome::Noted => "noted".to_owned(),
    }
}

/// Of an open that was opened before: which it is, what it did then, and how its file is called now if otherwise.
fn known(world: &World, id: RequestId, outcome: &Outcome) -> String {
    match (world.about(id), outcome) {
        (Some(About::Open(name)), Outcome::Opened { open, before, .. }) => {
            let known = world.name_of(*open);
            let which = if known == *name { String::new() } else { format!(", which is {known}") };
            format!("{which}{}", before.as_deref().map(|before| done_before(world, before)).unwrap_or_default())
        }
        (_, Outcome::Reconnected { before, .. }) => done_before(world, before),
        _ => String::new(),
    }
}

fn done_before(world: &World, before: &OpenedAs) -> String {
    let action = if before.action == CreateAction::Opened { String::new() } else { format!(" ({})", before.action) };
    let name = world.file_name(&before.file);
    let name = if *before.name == *name { String::new() } else { format!(", now {}", before.name) };
    let position = if before.position == 0 { String::new() } else { format!(", at {}", before.position) };
    format!("{action}{name}{position}")
}

/// A handle that is more than open.
pub(crate) fn handle(world: &World, open: &OpenInfo) -> String {
    let durable = open.durable.as_ref().map(kept).unwrap_or_default();
    let waits = open.until.map(|until| format!(", waits until {}", seconds(until.as_millis())));
    format!(
        "{} {} {}{durable}{}",
        world.name_of(open.id),
        Client::of(open.client),
        world.file_name(&open.file),
        waits.unwrap_or_default()
    )
}

fn caches(lease: Option<&Grant>, oplock: OplockLevel) -> String {
    match (lease, oplock) {
        (Some(grant), _) => format!(" {}", granted(grant)),
        (None, OplockLevel::None) => String::new(),
        (None, oplock) => format!(" {oplock}"),
    }
}

/// How it survives the loss of its connection.
fn kept(durable: &Durable) -> String {
    let Durable { v2, persistent, timeout } = durable;
    let kind = match (v2, persistent) {
        (_, true) => "persistent",
        (true, false) => "durable v2",
        (false, false) => "durable",
    };
    format!(", {kind} for {}", span(*timeout))
}

fn span(time: Duration) -> String {
    seconds(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

fn granted(grant: &Grant) -> String {
    let mut text = vec![format!("{}={}", Key::of(grant.key), caching(grant.state))];
    if let Some(v2) = &grant.v2 {
        text.push(format!(" {}", v2.epoch));
        if let Some(parent) = v2.parent {
            text.push(format!(" parent {}", Key::of(parent)));
        }
    }
    if grant.breaking {
        text.push(", break in progress".to_owned());
    }
    text.concat()
}

fn refusal(rejection: Rejection) -> String {
    match rejection {
        Rejection::StaleIncarnation { current: Some(current) } => format!("that life is over, {current} was the last begun"),
        Rejection::StaleIncarnation { current: None } => "the server is not known".to_owned(),
        Rejection::LimitReached(limit) => format!("limit reached: {limit:?}"),
        other @ (Rejection::Forgotten
        | Rejection::NoSuchSession
        | Rejection::NoSuchOpen
        | Rejection::NoSuchLease
        | Rejection::NotBreaking
        | Rejection::AckExceedsTarget
        | Rejection::KeyOnOtherFile
        | Rejection::SharingViolation
        | Rejection::DeletePending
        | Rejection::BeingDeleted
        | Rejection::OplockNotBreaking
        | Rejection::InvalidOplockProtocol
        | Rejection::AccessDenied
        | Rejection::LockNotGranted
        | Rejection::RangeNotLocked
        | Rejection::InvalidLockRange
        | Rejection::FileLockConflict
        | Rejection::NoSuchDurableOpen
        | Rejection::FileNotAvailable
        | Rejection::DuplicateObjectId
        | Rejection::ContextMismatch
        | Rejection::FileForcedClosed
        | Rejection::NoSuchDelegation
        | Rejection::Grace
        | Rejection::NoGrace
        | Rejection::Cancelled
        | Rejection::InvalidParameter) => other.to_string(),
    }
}

fn notification(world: &World, notice: &Break) -> String {
    let client = Client::of(notice.client);
    let mut text = vec![format!("break {} {} ", place(world, notice.to, client), Key::of(notice.key))];
    text.push(format!("{} -> {}", caching(notice.from), caching(notice.into)));
    if let Some(epoch) = notice.epoch {
        text.push(format!(" {epoch}"));
    }
    match notice.ack_by {
        Some(by) => text.push(format!(", ack by {}", seconds(by.as_millis()))),
        None => text.push(", no ack".to_owned()),
    }
    text.concat()
}

/// A state as the scripts write it.
pub(crate) fn caching(state: Caching) -> String {
    if state == Caching::None { "none".to_owned() } else { state.to_string() }
}

/// A lease as it is.
pub(crate) fn lease(world: &World, lease: &LeaseInfo) -> String {
    let mut text = vec![format!(
        "{} {} {} {}",
        Client::of(lease.client),
        Key::of(lease.key),
        world.file_name(&lease.file),
        caching(lease.state)
    )];
    if let Some(epoch) = lease.epoch {
        text.push(format!(" {epoch}"));
    }
    if let Some(parent) = lease.parent {
        text.push(format!(" parent {}", Key::of(parent)));
    }
    if lease.opens != 1 {
        text.push(format!(", {} handles", lease.opens));
    }
    if let Some(running) = lease.breaking {
        text.push(format!(", breaking to {}", caching(running.into)));
        if running.required != running.into {
            text.push(format!(" and then {}", caching(running.required)));
        }
        text.push(match running.ack_by {
            Some(by) => format!(" by {}", seconds(by.as_millis())),
            None => " when its client is back".to_owned(),
        });
    }
    text.concat()
}

/// A lock as it is.
pub(crate) fn lock(world: &World, lock: &LockInfo) -> String {
    let LockInfo { number: _, part: _, file, name: _, owner, session: _, client, lock, waiting } = lock;
    let who = match owner {
        LockOwner::Open(_) => format!("{} {}", Client::of(*client), world.handle_of(*owner).unwrap_or("?")),
        LockOwner::Nfs(owner) => Peer::name(*owner),
    };
    let waits = if *waiting { ", waits" } else { "" };
    let kind = if lock.exclusive { "exclusive" } else { "shared" };
    let (offset, length) = (lock.range.offset, lock.range.length);
    format!("{who} {} {offset}/{length} {kind}{waits}", world.file_name(file))
}

/// A client, without what it has none of.
pub(crate) fn client(info: &ClientInfo) -> String {
    let ClientInfo { client, connections, sessions, evicted, opens, leases, locks, parked, timeouts, barred_until } = *info;
    let timeouts = usize::try_from(timeouts).unwrap_or(usize::MAX);
    let named = [
        (connections, "connections"),
        (sessions, "sessions"),
        (evicted, "of them evicted"),
        (opens, "opens"),
        (leases, "leases"),
        (locks, "locks"),
        (parked, "waiting"),
        (timeouts, "timeouts"),
    ];
    let there = named.iter().filter(|(count, _)| *count > 0).map(|(count, name)| format!("{name} {count}"));
    let barred = barred_until.map(|until| format!("barred until {}", seconds(until.as_millis())));
    format!("{} {}", Client::of(client), there.chain(barred).collect::<Vec<_>>().join(", "))
}

/// What there is, without what there is none of.
pub(crate) fn counts(counts: &Counts) -> String {
    let Counts { files, opens, adrift, locks, leases, breaking, parked, sessions, clients, servers: _ } = *counts;
    let named = [
        (files, "files"),
        (opens, "opens"),
        (adrift, "adrift"),
        (locks, "locks"),
        (leases, "leases"),
        (breaking, "breaking"),
        (parked, "waiting"),
        (sessions, "sessions"),
        (clients, "clients"),
    ];
    let there: Vec<String> = named.iter().filter(|(count, _)| *count > 0).map(|(count, name)| format!("{name} {count}")).collect();
    if there.is_empty() { "nothing".to_owned() } else { there.join(", ") }
}
