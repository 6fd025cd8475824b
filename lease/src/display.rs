//! Short text forms of commands, outcomes and effects, for scripts, logs and people.

use std::fmt::{Display, Formatter, Result};

use crate::command::{Access, Command, Disposition, Open, Operation, Share};
use crate::effect::{Break, Effect, OplockBreak, Route};
use crate::oplock::OplockLevel;
use crate::outcome::{Grant, Outcome};
use crate::range::{ByteRange, Lock, LockOwner, RangeLock, Unlock};

impl Display for Route {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}.{}.{}", self.server, self.incarnation, self.connection)
    }
}

impl Display for Break {
    /// `break vol1/00…07 K of <client> RWH -> RH e3 g1 by 35.000s to srv1.i1.c1`
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Break { to, client, key, file, name: _, from, into, epoch, ack_by, generation, notice } = self;
        write!(f, "break {file} {key} of {client} {from} -> {into}")?;
        if let Some(epoch) = epoch {
            write!(f, " {epoch}")?;
        }
        write!(f, " {generation}")?;
        if let Some(ack_by) = ack_by {
            write!(f, " by {ack_by}")?;
        }
        if let Some(notice) = notice {
            write!(f, " {notice}")?;
        }
        write!(f, " to {to}")
    }
}

impl Display for OplockBreak {
    /// `break vol1/00…07 oplock of o5 in s17 -> level II g1 by 35.000s to srv1.i1.c1`
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let OplockBreak { to, session, open, file, name: _, into, ack_by, generation, notice } = self;
        write!(f, "break {file} oplock of {open} in {session} -> {into} {generation}")?;
        if let Some(ack_by) = ack_by {
            write!(f, " by {ack_by}")?;
        }
        if let Some(notice) = notice {
            write!(f, " {notice}")?;
        }
        write!(f, " to {to}")
    }
}

impl Display for OplockLevel {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.pad(match self {
            OplockLevel::None => "none",
            OplockLevel::LevelII => "level II",
            OplockLevel::Exclusive => "exclusive",
            OplockLevel::Batch => "batch",
        })
    }
}

impl Display for Effect {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Effect::Reply { to, outcome: Ok(outcome) } => write!(f, "reply {to}: {outcome}"),
            Effect::Reply { to, outcome: Err(rejection) } => write!(f, "reply {to}: refused, {rejection}"),
            Effect::Parked { to } => write!(f, "parked {to}"),
            Effect::Break(notice) => notice.fmt(f),
            Effect::OplockBreak(notice) => notice.fmt(f),
            Effect::OplockRevoked { to, session, open, file, generation, notice } => {
                write!(f, "revoked {file} oplock of {open} in {session} {generation} {notice} to {to}")
            }
            Effect::Revoked { to, client, key, file, generation, notice } => {
                write!(f, "revoked {file} {key} of {client} {generation} {notice} to {to}")
            }
        }
    }
}

impl Display for Outcome {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Outcome::Alive { until } => write!(f, "alive until {until}"),
            Outcome::Stopped => f.write_str("stopped"),
            Outcome::SessionStarted { session } => write!(f, "session {session}"),
            Outcome::SessionEnded => f.write_str("session ended"),
            Outcome::Disconnected => f.write_str("disconnected"),
            Outcome::Opened { open, lease: Some(grant), oplock: _ } => write!(f, "opened {open}, {grant}"),
            Outcome::Opened { open, lease: None, oplock: OplockLevel::None } => write!(f, "opened {open}"),
            Outcome::Opened { open, lease: None, oplock } => write!(f, "opened {open}, {oplock}"),
            Outcome::OplockAcknowledged { level } => write!(f, "acknowledged {level}"),
            Outcome::Closed { delete: false } => f.write_str("closed"),
            Outcome::Closed { delete: true } => f.write_str("closed, delete it"),
            Outcome::Clear => f.write_str("clear"),
            Outcome::Locked => f.write_str("locked"),
            Outcome::Unlocked => f.write_str("unlocked"),
            Outcome::Acknowledged { state } => write!(f, "acknowledged {state}"),
            Outcome::Released => f.write_str("released"),
            Outcome::Cancelled => f.write_str("cancelled"),
            Outcome::Noted => f.write_str("noted"),
        }
    }
}

impl Display for Grant {
    /// `<key> RH e3 breaking parent <key>`
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Grant { key, state, breaking, v2 } = self;
        write!(f, "{key} {state}")?;
        if let Some(v2) = v2 {
            write!(f, " {}", v2.epoch)?;
        }
        if *breaking {
            f.write_str(" breaking")?;
        }
        match v2.and_then(|v2| v2.parent) {
            Some(parent) => write!(f, " parent {parent}"),
            None => Ok(()),
        }
    }
}

impl Display for Access {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{:#x}", self.0)
    }
}

impl Display for Share {
    /// Of read, write and delete, the letters of those that are shared; `-` for none.
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let letters = [(Share::READ, 'R'), (Share::WRITE, 'W'), (Share::DELETE, 'D')];
        let shared: String = letters.into_iter().filter(|(bit, _)| self.0 & bit != 0).map(|(_, letter)| letter).collect();
        f.pad(if shared.is_empty() { "-" } else { &shared })
    }
}

impl Display for Disposition {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.pad(match self {
            Disposition::Keep => "keep",
            Disposition::Overwrite => "overwrite",
            Disposition::Supersede => "supersede",
        })
    }
}

impl Display for Open {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Open { session, file, name: _, directory: _, access, share, disposition, lease, oplock } = self;
        write!(f, "open {file} in {session} access {access} share {share} {disposition}")?;
        if *oplock != OplockLevel::None {
            write!(f, " {oplock}")?;
        }
        let Some(lease) = lease else { return Ok(()) };
        write!(f, " {}={}", lease.key, lease.state)?;
        let Some(v2) = &lease.v2 else { return Ok(()) };
        write!(f, " {}", v2.epoch)?;
        v2.parent.map_or(Ok(()), |parent| write!(f, " parent {parent}"))
    }
}

impl Display for Operation {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.pad(match self {
            Operation::Read { .. } => "read",
            Operation::Write { .. } => "write",
            Operation::Resize => "resize",
            Operation::Rename { .. } => "rename",
            Operation::Link => "link",
            Operation::Dispose { delete: true } => "delete",
            Operation::Dispose { delete: false } => "keep",
            Operation::SetSecurity => "set security",
        })
    }
}

impl Display for ByteRange {
    /// `10+5`: the offset and the length.
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}+{}", self.offset, self.length)
    }
}

impl Display for RangeLock {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{} {}", self.range, if self.exclusive { "exclusive" } else { "shared" })
    }
}

impl Display for LockOwner {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            LockOwner::Open(open) => open.fmt(f),
        }
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

impl Display for Command {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Command::Tick => f.write_str("tick"),
            Command::Configure(settings) => write!(f, "configure break timeout {} ms", settings.break_timeout.as_millis()),
            Command::StartServer { ttl } => write!(f, "start server for {} ms", ttl.as_millis()),
            Command::RenewServer => f.write_str("renew server"),
            Command::StopServer => f.write_str("stop server"),
            Command::StartSession { client, connection } => write!(f, "start session of {client} on {connection}"),
            Command::EndSession { session } => write!(f, "end session {session}"),
            Command::Disconnect { connection } => write!(f, "disconnect {connection}"),
            Command::Open(open) => open.fmt(f),
            Command::Close { session, open } => write!(f, "close {open} in {session}"),
            Command::Operate { session, open, operation } => write!(f, "{operation} through {open} in {session}"),
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

impl Display for crate::outcome::Limit {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        use crate::outcome::Limit;
        f.pad(match self {
            Limit::Servers => "servers",
            Limit::SessionsPerServer => "sessions of a server",
            Limit::ConnectionsPerClient => "connections of a client",
            Limit::OpensPerFile => "opens of a file",
            Limit::ParkedOpensPerFile => "parked opens of a file",
            Limit::LocksPerFile => "locks of a file",
            Limit::LocksPerOpen => "locks of an open",
            Limit::RangesPerRequest => "ranges of a request",
            Limit::NameBytes => "bytes of a name",
        })
    }
}
