//! What requests come to: outcomes and rejections, both ways.

use std::time::Duration;

use lease::{
    Caching, Delegation, Durable, Epoch, Grant, GrantV2, Incarnation, Limit, LogTime, OpenId, OplockLevel, Outcome, Rejection,
    SessionId,
};

use super::command::millis;
use super::ids::lease_key;
use super::opened_as::{opened_as_from, opened_as_to};
use crate::proto::v1 as pb;
use crate::proto::v1::reply::Result as Wire;

/// A rejection, for the wire: the table of a committed "no".
pub(crate) fn rejection(rejection: &Rejection) -> pb::Rejection {
    use pb::RejectionReason as Reason;
    let mut current_incarnation = None;
    let mut limit = pb::Limit::Unspecified;
    let reason = match rejection {
        Rejection::StaleIncarnation { current } => {
            current_incarnation = current.map(Incarnation::get);
            Reason::StaleIncarnation
        }
        Rejection::Forgotten => Reason::Forgotten,
        Rejection::NoSuchSession => Reason::NoSuchSession,
        Rejection::NoSuchOpen => Reason::NoSuchOpen,
        Rejection::NoSuchLease => Reason::NoSuchLease,
        Rejection::NotBreaking => Reason::NotBreaking,
        Rejection::AckExceedsTarget => Reason::AckExceedsTarget,
        Rejection::KeyOnOtherFile => Reason::KeyOnOtherFile,
        Rejection::SharingViolation => Reason::SharingViolation,
        Rejection::Cancelled => Reason::Cancelled,
        Rejection::InvalidParameter => Reason::InvalidParameter,
        Rejection::DeletePending => Reason::DeletePending,
        Rejection::BeingDeleted => Reason::BeingDeleted,
        Rejection::OplockNotBreaking => Reason::OplockNotBreaking,
        Rejection::InvalidOplockProtocol => Reason::InvalidOplockProtocol,
        Rejection::AccessDenied => Reason::AccessDenied,
        Rejection::LockNotGranted => Reason::LockNotGranted,
        Rejection::RangeNotLocked => Reason::RangeNotLocked,
        Rejection::InvalidLockRange => Reason::InvalidLockRange,
        Rejection::FileLockConflict => Reason::FileLockConflict,
        Rejection::NoSuchDurableOpen => Reason::NoSuchDurableOpen,
        Rejection::FileNotAvailable => Reason::FileNotAvailable,
        Rejection::DuplicateObjectId => Reason::DuplicateObjectId,
        Rejection::ContextMismatch => Reason::ContextMismatch,
        Rejection::FileForcedClosed => Reason::FileForcedClosed,
        Rejection::NoSuchDelegation => Reason::NoSuchDelegation,
        Rejection::Grace => Reason::Grace,
        Rejection::NoGrace => Reason::NoGrace,
        Rejection::LimitReached(which) => {
            limit = limit_to(*which);
            Reason::LimitReached
        }
    };
    pb::Rejection { reason: reason.into(), current_incarnation, limit: limit.into(), message: rejection.to_string() }
}

/// A limit, for the wire.
fn limit_to(limit: Limit) -> pb::Limit {
    match limit {
        Limit::Servers => pb::Limit::Servers,
        Limit::SessionsPerServer => pb::Limit::SessionsPerServer,
        Limit::ConnectionsPerClient => pb::Limit::ConnectionsPerClient,
        Limit::OpensPerFile => pb::Limit::OpensPerFile,
        Limit::ParkedOpensPerFile => pb::Limit::ParkedOpensPerFile,
        Limit::NameBytes => pb::Limit::NameBytes,
        Limit::LocksPerFile => pb::Limit::LocksPerFile,
        Limit::LocksPerOpen => pb::Limit::LocksPerOpen,
        Limit::RangesPerRequest => pb::Limit::RangesPerRequest,
        Limit::OpensPerClient => pb::Limit::OpensPerClient,
        Limit::LocksPerClient => pb::Limit::LocksPerClient,
        Limit::ParkedPerClient => pb::Limit::ParkedPerClient,
        Limit::GracePeriods => pb::Limit::GracePeriods,
    }
}

/// A limit from the wire.
fn limit_from(limit: pb::Limit) -> Option<Limit> {
    match limit {
        pb::Limit::Unspecified => None,
        pb::Limit::Servers => Some(Limit::Servers),
        pb::Limit::SessionsPerServer => Some(Limit::SessionsPerServer),
        pb::Limit::ConnectionsPerClient => Some(Limit::ConnectionsPerClient),
        pb::Limit::OpensPerFile => Some(Limit::OpensPerFile),
        pb::Limit::ParkedOpensPerFile => Some(Limit::ParkedOpensPerFile),
        pb::Limit::NameBytes => Some(Limit::NameBytes),
        pb::Limit::LocksPerFile => Some(Limit::LocksPerFile),
        pb::Limit::LocksPerOpen => Some(Limit::LocksPerOpen),
        pb::Limit::RangesPerRequest => Some(Limit::RangesPerRequest),
        pb::Limit::OpensPerClient => Some(Limit::OpensPerClient),
        pb::Limit::LocksPerClient => Some(Limit::LocksPerClient),
        pb::Limit::ParkedPerClient => Some(Limit::ParkedPerClient),
        pb::Limit::GracePeriods => Some(Limit::GracePeriods),
    }
}

/// A rejection from the wire; none if this client is too old to know it.
pub(crate) fn rejection_from(wire: &pb::Rejection) -> Option<Rejection> {
    use pb::RejectionReason as Reason;
    let pb::Rejection { reason, current_incarnation, limit, message: _ } = wire;
    Some(match Reason::try_from(*reason).ok()? {
        Reason::Unspecified => return None,
        Reason::StaleIncarnation => Rejection::StaleIncarnation { current: current_incarnation.map(Incarnation::new) },
        Reason::Forgotten => Rejection::Forgotten,
        Reason::NoSuchSession => Rejection::NoSuchSession,
        Reason::NoSuchOpen => Rejection::NoSuchOpen,
        Reason::NoSuchLease => Rejection::NoSuchLease,
        Reason::NotBreaking => Rejection::NotBreaking,
        Reason::AckExceedsTarget => Rejection::AckExceedsTarget,
        Reason::KeyOnOtherFile => Rejection::KeyOnOtherFile,
        Reason::SharingViolation => Rejection::SharingViolation,
        Reason::Cancelled => Rejection::Cancelled,
        Reason::InvalidParameter => Rejection::InvalidParameter,
        Reason::DeletePending => Rejection::DeletePending,
        Reason::BeingDeleted => Rejection::BeingDeleted,
        Reason::OplockNotBreaking => Rejection::OplockNotBreaking,
        Reason::InvalidOplockProtocol => Rejection::InvalidOplockProtocol,
        Reason::AccessDenied => Rejection::AccessDenied,
        Reason::LockNotGranted => Rejection::LockNotGranted,
        Reason::RangeNotLocked => Rejection::RangeNotLocked,
        Reason::InvalidLockRange => Rejection::InvalidLockRange,
        Reason::FileLockConflict => Rejection::FileLockConflict,
        Reason::NoSuchDurableOpen => Rejection::NoSuchDurableOpen,
        Reason::FileNotAvailable => Rejection::FileNotAvailable,
        Reason::DuplicateObjectId => Rejection::DuplicateObjectId,
        Reason::ContextMismatch => Rejection::ContextMismatch,
        Reason::FileForcedClosed => Rejection::FileForcedClosed,
        Reason::NoSuchDelegation => Rejection::NoSuchDelegation,
        Reason::Grace => Rejection::Grace,
        Reason::NoGrace => Rejection::NoGrace,
        Reason::LimitReached => Rejection::LimitReached(limit_from(pb::Limit::try_from(*limit).ok()?)?),
    })
}

/// The answer to a request, for the wire.
pub(crate) fn answer(outcome: &Result<Outcome, Rejection>) -> Wire {
    match outcome {
        Err(no) => Wire::Rejected(rejection(no)),
        Ok(Outcome::Alive { until }) => Wire::Alive(pb::Alive { until_ms: until.as_millis() }),
        Ok(Outcome::Stopped) => Wire::Stopped(pb::Stopped {}),
        Ok(Outcome::SessionStarted { session }) => Wire::SessionStarted(pb::SessionStarted { session: session.get() }),
        Ok(Outcome::SessionEnded) => Wire::SessionEnded(pb::SessionEnded {}),
        Ok(Outcome::Disconnected) => Wire::Disconnected(pb::Disconnected {}),
        Ok(Outcome::Opened { open, lease, oplock, delegation, durable, before }) => Wire::Opened(pb::Opened {
            open: open.get(),
            lease: lease.as_ref().map(grant_to),
            oplock: oplock_level_to(*oplock).into(),
            delegation: delegation_to(*delegation).into(),
            durable: durable.map(durable_to),
            before: before.as_deref().map(opened_as_to),
        }),
        Ok(Outcome::Reconnected { open, lease, oplock, durable, before }) => Wire::Reconnected(pb::Reconnected {
            open: open.get(),
            lease: lease.as_ref().map(grant_to),
            oplock: oplock_level_to(*oplock).into(),
            durable: Some(durable_to(*durable)),
            before: Some(opened_as_to(before)),
        }),
        Ok(Outcome::Resilient { timeout }) => Wire::Resilient(pb::Resilient { timeout_ms: millis(*timeout) }),
        Ok(Outcome::Deleted) => Wire::Deleted(pb::Deleted {}),
        Ok(Outcome::DelegationReturned) => Wire::DelegationReturned(pb::DelegationReturned {}),
        Ok(Outcome::NfsClientReleased) => Wire::NfsClientReleased(pb::NfsClientReleased {}),
        Ok(Outcome::GraceDeclared { until }) => Wire::GraceDeclared(pb::GraceDeclared { until_ms: until.as_millis() }),
        Ok(Outcome::GraceEnded) => Wire::GraceEnded(pb::GraceEnded {}),
        Ok(Outcome::OplockAcknowledged { level }) => {
            Wire::OplockAcknowledged(pb::OplockAcknowledged { level: oplock_level_to(*level).into() })
        }
        Ok(Outcome::Closed { delete }) => Wire::Closed(pb::Closed { delete: *delete }),
        Ok(Outcome::Clear) => Wire::Clear(pb::Clear {}),
        Ok(Outcome::Locked) => Wire::Locked(pb::Locked {}),
        Ok(Outcome::Unlocked) => Wire::Unlocked(pb::Unlocked {}),
        Ok(Outcome::Acknowledged { state }) => Wire::Acknowledged(pb::Acknowledged { state: state.bits() }),
        Ok(Outcome::Released) => Wire::Released(pb::Released {}),
        Ok(Outcome::Cancelled) => Wire::Cancelled(pb::Cancelled {}),
        Ok(Outcome::Noted) => Wire::Noted(pb::Noted {}),
    }
}

/// An oplock level, for the wire.
pub(crate) fn oplock_level_to(level: OplockLevel) -> pb::OplockLevel {
    match level {
        OplockLevel::None => pb::OplockLevel::Unspecified,
        OplockLevel::LevelII => pb::OplockLevel::Ii,
        OplockLevel::Exclusive => pb::OplockLevel::Exclusive,
        OplockLevel::Batch => pb::OplockLevel::Batch,
    }
}

/// An oplock level, from the wire.
pub(super) fn oplock_level_from(number: i32) -> Option<OplockLevel> {
    Some(match pb::OplockLevel::try_from(number).ok()? {
        pb::OplockLevel::Unspecified => OplockLevel::None,
        pb::OplockLevel::Ii => OplockLevel::LevelII,
        pb::OplockLevel::Exclusive => OplockLevel::Exclusive,
        pb::OplockLevel::Batch => OplockLevel::Batch,
    })
}

/// A delegation, for the wire.
pub(crate) fn delegation_to(delegation: Option<Delegation>) -> pb::Delegation {
    match delegation {
        None => pb::Delegation::Unspecified,
        Some(Delegation::Read) => pb::Delegation::Read,
        Some(Delegation::Write) => pb::Delegation::Write,
    }
}

/// A delegation, from the wire.
pub(super) fn delegation_from(delegation: pb::Delegation) -> Option<Delegation> {
    match delegation {
        pb::Delegation::Unspecified => None,
        pb::Delegation::Read => Some(Delegation::Read),
        pb::Delegation::Write => Some(Delegation::Write),
    }
}

/// A durable handle, for the wire.
pub(crate) fn durable_to(durable: Durable) -> pb::Durable {
    let Durable { v2, persistent, timeout } = durable;
    pb::Durable { v2, persistent, timeout_ms: millis(timeout) }
}

fn durable_from(wire: pb::Durable) -> Durable {
    let pb::Durable { v2, persistent, timeout_ms } = wire;
    Durable { v2, persistent, timeout: from_millis(timeout_ms) }
}

fn from_millis(number: u32) -> Duration {
    Duration::from_millis(u64::from(number))
}

fn opened_from(opened: &pb::Opened) -> Option<Outcome> {
    let pb::Opened { open, lease, oplock, delegation, durable, before } = opened;
    let before = match before {
        None => None,
        Some(before) => Some(Box::new(opened_as_from(before)?)),
    };
    let lease = match lease {
        None => None,
        Some(grant) => Some(grant_from(grant)?),
    };
    Some(Outcome::Opened {
        open: OpenId::new(*open),
        lease,
        oplock: oplock_level_from(*oplock)?,
        delegation: delegation_from(pb::Delegation::try_from(*delegation).ok()?),
        durable: durable.map(durable_from),
        before,
    })
}

fn reconnected_from(reconnected: &pb::Reconnected) -> Option<Outcome> {
    let pb::Reconnected { open, lease, oplock, durable, before } = reconnected;
    let lease = match lease {
        None => None,
        Some(grant) => Some(grant_from(grant)?),
    };
    Some(Outcome::Reconnected {
        open: OpenId::new(*open),
        lease,
        oplock: oplock_level_from(*oplock)?,
        durable: durable.map(durable_from)?,
        before: Box::new(opened_as_from(before.as_ref()?)?),
    })
}

/// A grant, for the wire.
fn grant_to(grant: &Grant) -> pb::Grant {
    let Grant { key, state, breaking, v2 } = grant;
    pb::Grant {
        key: key.to_bytes().to_vec(),
        state: state.bits(),
        breaking: *breaking,
        v2: v2.as_ref().map(|GrantV2 { epoch, parent }| pb::GrantV2 {
            epoch: u32::from(epoch.get()),
            parent: parent.map(|key| key.to_bytes().to_vec()),
        }),
    }
}

/// The answer to a request, from the wire; none if this client is too old to know it, or the node makes no sense.
pub(crate) fn answer_from(wire: &Wire) -> Option<Result<Outcome, Rejection>> {
    Some(Ok(match wire {
        Wire::Rejected(no) => return rejection_from(no).map(Err),
        Wire::Alive(pb::Alive { until_ms }) => Outcome::Alive { until: LogTime::from_millis(*until_ms) },
        Wire::Stopped(pb::Stopped {}) => Outcome::Stopped,
        Wire::SessionStarted(pb::SessionStarted { session }) => Outcome::SessionStarted { session: SessionId::new(*session) },
        Wire::SessionEnded(pb::SessionEnded {}) => Outcome::SessionEnded,
        Wire::Disconnected(pb::Disconnected {}) => Outcome::Disconnected,
        Wire::OplockAcknowledged(pb::OplockAcknowledged { level }) => {
            Outcome::OplockAcknowledged { level: oplock_level_from(*level)? }
        }
        Wire::Opened(opened) => opened_from(opened)?,
        Wire::Reconnected(reconnected) => reconnected_from(reconnected)?,
        Wire::Resilient(pb::Resilient { timeout_ms }) => Outcome::Resilient { timeout: from_millis(*timeout_ms) },
        Wire::Deleted(pb::Deleted {}) => Outcome::Deleted,
        Wire::DelegationReturned(pb::DelegationReturned {}) => Outcome::DelegationReturned,
        Wire::NfsClientReleased(pb::NfsClientReleased {}) => Outcome::NfsClientReleased,
        Wire::GraceDeclared(pb::GraceDeclared { until_ms }) => Outcome::GraceDeclared { until: LogTime::from_millis(*until_ms) },
        Wire::GraceEnded(pb::GraceEnded {}) => Outcome::GraceEnded,
        Wire::Closed(pb::Closed { delete }) => Outcome::Closed { delete: *delete },
        Wire::Clear(pb::Clear {}) => Outcome::Clear,
        Wire::Locked(pb::Locked {}) => Outcome::Locked,
        Wire::Unlocked(pb::Unlocked {}) => Outcome::Unlocked,
        Wire::Acknowledged(pb::Acknowledged { state }) => Outcome::Acknowledged { state: Caching::from_bits(*state)? },
        Wire::Released(pb::Released {}) => Outcome::Released,
        Wire::Cancelled(pb::Cancelled {}) => Outcome::Cancelled,
        Wire::Noted(pb::Noted {}) => Outcome::Noted,
    }))
}

/// A grant from the wire.
fn grant_from(wire: &pb::Grant) -> Option<Grant> {
    let pb::Grant { key, state, breaking, v2 } = wire;
    let v2 = match v2 {
        None => None,
        Some(pb::GrantV2 { epoch, parent }) => Some(GrantV2 {
            epoch: Epoch::new(u16::try_from(*epoch).ok()?),
            parent: match parent {
                None => None,
                Some(key) => Some(lease_key("parent", key).ok()?),
            },
        }),
    };
    Some(Grant { key: lease_key("key", key).ok()?, state: Caching::from_bits(*state)?, breaking: *breaking, v2 })
}
