//! Outcomes, and limits that are reached.

use std::fmt::{Display, Formatter, Result};

use crate::oplock::OplockLevel;
use crate::outcome::{CreateAction, Durable, Grant, Limit, OpenedAs, Outcome};

impl Display for Outcome {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Outcome::Alive { until } => write!(f, "alive until {until}"),
            Outcome::Stopped => f.write_str("stopped"),
            Outcome::SessionStarted { session } => write!(f, "session {session}"),
            Outcome::SessionEnded => f.write_str("session ended"),
            Outcome::Disconnected => f.write_str("disconnected"),
            Outcome::Opened { open, lease, oplock, delegation, durable, before } => {
                write!(f, "opened {open}")?;
                caching(lease.as_ref(), *oplock, f)?;
                if let Some(delegation) = delegation {
                    write!(f, ", {delegation}")?;
                }
                durable.map_or(Ok(()), |durable| write!(f, ", {durable}"))?;
                before.as_deref().map_or(Ok(()), |before| write!(f, ", {before}"))
            }
            Outcome::Reconnected { open, lease, oplock, durable, before } => {
                write!(f, "reconnected {open}")?;
                caching(lease.as_ref(), *oplock, f)?;
                write!(f, ", {durable}, {before}")
            }
            Outcome::Resilient { timeout } => write!(f, "resilient for {} ms", timeout.as_millis()),
            Outcome::Deleted => f.write_str("deleted"),
            Outcome::DelegationReturned => f.write_str("delegation returned"),
            Outcome::NfsClientReleased => f.write_str("client released"),
            Outcome::GraceDeclared { until } => write!(f, "grace until {until}"),
            Outcome::GraceEnded => f.write_str("grace ended"),
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

fn caching(lease: Option<&Grant>, oplock: OplockLevel, f: &mut Formatter<'_>) -> Result {
    match (lease, oplock) {
        (Some(grant), _) => write!(f, ", {grant}"),
        (None, OplockLevel::None) => Ok(()),
        (None, oplock) => write!(f, ", {oplock}"),
    }
}

impl Display for OpenedAs {
    /// `v1/7 created before as DIR\\NAME for R options 0x40 at 0`
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let OpenedAs { file, name, access, options, action, position } = self;
        write!(f, "{file} {action} before as {name:?} for {access} options {options:#x} at {position}")
    }
}

impl Display for CreateAction {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.pad(match self {
            CreateAction::Opened => "opened",
            CreateAction::Created => "created",
            CreateAction::Overwritten => "overwritten",
            CreateAction::Superseded => "superseded",
        })
    }
}

impl Display for Durable {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Durable { v2, persistent, timeout } = self;
        let kind = match (v2, persistent) {
            (_, true) => "persistent",
            (true, false) => "durable v2",
            (false, false) => "durable",
        };
        write!(f, "{kind} {} ms", timeout.as_millis())
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

impl Display for Limit {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.pad(match self {
            Limit::Servers => "servers",
            Limit::SessionsPerServer => "sessions of a server",
            Limit::ConnectionsPerClient => "connections of a client",
            Limit::OpensPerFile => "opens of a file",
            Limit::ParkedOpensPerFile => "parked opens of a file",
            Limit::OpensPerClient => "opens of a client",
            Limit::LocksPerClient => "locks of a client",
            Limit::ParkedPerClient => "parked requests of a client",
            Limit::GracePeriods => "grace periods",
            Limit::LocksPerFile => "locks of a file",
            Limit::LocksPerOpen => "locks of an open",
            Limit::RangesPerRequest => "ranges of a request",
            Limit::NameBytes => "bytes of a name",
        })
    }
}
