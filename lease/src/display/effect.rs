//! Effects.

use std::fmt::{Display, Formatter, Result};

use crate::effect::{Break, Effect, OplockBreak, Recall};

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
            Effect::Recall(recall) => recall.fmt(f),
            Effect::DelegationRevoked { to, session, open, file, generation, notice } => {
                write!(f, "revoked {file} delegation of {open} in {session} {generation} {notice} to {to}")
            }
            Effect::Delete { to, incarnation, file, name: _ } => write!(f, "delete {file} to {to}.{incarnation}"),
            Effect::Evicted { to, session, client } => write!(f, "evicted {session} of {client} to {to}"),
            Effect::Revoked { to, client, key, file, generation, notice } => {
                write!(f, "revoked {file} {key} of {client} {generation} {notice} to {to}")
            }
        }
    }
}

impl Display for Recall {
    /// `recall vol1/00…07 delegation of o5 in s17 g1 by 35.000s to srv1.i1.c1`
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Recall { to, session, open, file, name: _, return_by, generation } = self;
        write!(f, "recall {file} delegation of {open} in {session} {generation} by {return_by} to {to}")
    }
}
