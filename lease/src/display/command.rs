//! Commands.

use std::fmt::{Display, Formatter, Result};

use crate::command::{Command, Delegation, DurableRequest, NfsLock, NfsUnlock, Open, Operation, Reconnect};
use crate::id::ShareId;
use crate::oplock::OplockLevel;
use crate::range::{Lock, Unlock};

impl Display for Command {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Command::Tick => f.write_str("tick"),
            Command::Configure(settings) => write!(f, "configure break timeout {} ms", settings.break_timeout.as_millis()),
            Command::StartServer { ttl } => write!(f, "start server for {} ms", ttl.as_millis()),
            Command::RenewServer => f.write_str("renew server"),
            Command::StopServer => f.write_str("stop server"),
            Command::BreakLease { client, key, into } => write!(f, "break {key} of {client} to {into}"),
            Command::Evict { client } => write!(f, "evict {client}"),
            Command::StartSession { client, connection, user: _, previous, id: _ } => {
                write!(f, "start session of {client} on {connection}")?;
                previous.map_or(Ok(()), |previous| write!(f, " after {previous}"))
            }
            Command::EndSession { session } => write!(f, "end session {session}"),
            Command::Disconnect { connection } => write!(f, "disconnect {connection}"),
            Command::Open(open) => open.fmt(f),
            Command::Close { session, open } => write!(f, "close {open} in {session}"),
            Command::Operate { session, open, operation } => write!(f, "{operation} through {open} in {session}"),
            Command::Reconnect(reconnect) => reconnect.fmt(f),
            Command::MakeResilient { session, open, timeout } => {
                write!(f, "make {open} in {session} resilient for {} ms", timeout.as_millis())
            }
            Command::Deleted { file } => write!(f, "deleted {file}"),
            Command::ReturnDelegation { session, open } => write!(f, "return delegation of {open} in {session}"),
            Command::ForeignAccess(access) => write!(f, "{} of {} without an open", access.operation, access.file),
            Command::NfsLock(lock) => lock.fmt(f),
            Command::NfsUnlock(NfsUnlock { file, owner, range }) => write!(f, "unlock {range} of {file} for {owner}"),
            Command::ReleaseNfsClient { client } => write!(f, "release {client}"),
            Command::DeclareGrace { volume, duration } => write!(f, "declare grace on {volume} for {} ms", duration.as_millis()),
            Command::EndGrace { volume } => write!(f, "end grace on {volume}"),
            Command::Lock(lock) => lock.fmt(f),
            Command::Unlock(unlock) => unlock.fmt(f),
            Command::Acknowledge { client, key, state, generation } => {
                write!(f, "acknowledge {key} of {client} as {state:#x}")?;
                generation.map_or(Ok(()), |generation| write!(f, " {generation}"))
            }
            Command::AcknowledgeOplock { session, open, level, generation } => {
                write!(f, "acknowledge oplock of {open} in {session} as {level:#04x}")?;
                generation.map_or(Ok(()), |generation| write!(f, " {generation}"))
            }
            Command::Release { client, key } => write!(f, "release {key} of {client}"),
            Command::Cancel { sequence } => write!(f, "cancel {sequence}"),
            Command::Undeliverable { connection, client, key, generation } => {
                write!(f, "undeliverable {generation} of {key} to {client} on {connection}")
            }
        }
    }
}

impl Display for Open {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Open {
            session,
            file,
            name: _,
            directory: _,
            access,
            share,
            disposition,
            parent,
            created,
            delete_on_close,
            lease,
            oplock,
            delegation,
            share_id,
            options: _,
            durable,
            replay,
            app,
            reclaim,
            only_replay,
        } = self;
        write!(f, "open {file} in {session} access {access} share {share} {disposition}")?;
        if let Some(parent) = parent {
            write!(f, " under {parent}")?;
        }
        if *created {
            f.write_str(" created")?;
        }
        if *delete_on_close {
            f.write_str(" delete on close")?;
        }
        if *oplock != OplockLevel::None {
            write!(f, " {oplock}")?;
        }
        if let Some(delegation) = delegation {
            write!(f, " {delegation}")?;
        }
        if *share_id != ShareId::default() {
            write!(f, " {share_id}")?;
        }
        if let Some(durable) = durable {
            write!(f, " {durable}")?;
        }
        if let Some(app) = app {
            write!(f, " app {}", app.id)?;
        }
        for (said, what) in [(*replay, " replay"), (*only_replay, " only"), (*reclaim, " reclaim")] {
            f.write_str(if said { what } else { "" })?;
        }
        let Some(lease) = lease else { return Ok(()) };
        write!(f, " {}={}", lease.key, lease.state)?;
        let Some(v2) = &lease.v2 else { return Ok(()) };
        write!(f, " {}", v2.epoch)?;
        v2.parent.map_or(Ok(()), |parent| write!(f, " parent {parent}"))
    }
}

impl Display for Delegation {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.pad(match self {
            Delegation::Read => "read delegation",
            Delegation::Write => "write delegation",
        })
    }
}

impl Display for DurableRequest {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            DurableRequest::V1 => f.write_str("durable"),
            DurableRequest::V2 { create_guid, timeout, persistent } => {
                let kind = if *persistent { "persistent" } else { "durable" };
                write!(f, "{kind} {create_guid} {} ms", timeout.as_millis())
            }
        }
    }
}

impl Display for Reconnect {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Reconnect { session, open, file: _, create_guid, persistent: _, lease } = self;
        f.write_str("reconnect")?;
        if let Some(open) = open {
            write!(f, " {open}")?;
        }
        if let Some(guid) = create_guid {
            write!(f, " {guid}")?;
        }
        if let Some(lease) = lease {
            write!(f, " {}", lease.key)?;
        }
        write!(f, " in {session}")
    }
}

impl Display for NfsLock {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let NfsLock { file, name: _, owner, lock, wait, reclaim, allocation: _ } = self;
        write!(f, "lock {lock} of {file} for {owner}")?;
        write!(f, "{}{}", if *wait { ", and wait" } else { "" }, if *reclaim { ", a reclaim" } else { "" })
    }
}

impl Display for Operation {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.pad(match self {
            Operation::Read { .. } => "read",
            Operation::Write { .. } => "write",
            Operation::Resize { .. } => "resize",
            Operation::Rename { .. } => "rename",
            Operation::Link { .. } => "link",
            Operation::Dispose { delete: true } => "delete",
            Operation::Dispose { delete: false } => "keep",
            Operation::SetSecurity => "set security",
            Operation::SetAttributes => "set attributes",
            Operation::Use { .. } => "use",
        })
    }
}

impl Display for Lock {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Lock { session, open, locks, wait, sequence: _, allocation: _ } = self;
        f.write_str("lock ")?;
        each(locks, f)?;
        write!(f, " through {open} in {session}{}", if *wait { ", and wait" } else { "" })
    }
}

impl Display for Unlock {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Unlock { session, open, ranges, sequence: _ } = self;
        f.write_str("unlock ")?;
        each(ranges, f)?;
        write!(f, " through {open} in {session}")
    }
}

fn each(items: &[impl Display], f: &mut Formatter<'_>) -> Result {
    for (at, item) in items.iter().enumerate() {
        write!(f, "{}{item}", if at == 0 { "" } else { ", " })?;
    }
    Ok(())
}
