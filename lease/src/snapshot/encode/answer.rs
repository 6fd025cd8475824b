//! Remembered answers, to and from records. The numbers are for ever.

use std::time::Duration;

use super::{guid, handle, millis, v2};
use crate::caching::Caching;
use crate::id::{Incarnation, OpenId, SessionId};
use crate::oplock::OplockLevel;
use crate::outcome::{Grant, GrantV2, Limit, Outcome, Rejection};
use crate::snapshot::restore::{guid_of, v2_of};
use crate::snapshot::wire;
use crate::state::Answer;
use crate::time::LogTime;

pub(in crate::snapshot) fn encode(answer: &Answer) -> wire::Answer {
    match answer {
        Ok(outcome) => outcome_of(outcome),
        Err(rejection) => {
            let (kind, value) = rejection_of(*rejection);
            plain(kind, value)
        }
    }
}

/// An answer that was written and read.
#[cfg(test)]
pub(crate) fn there_and_back(answer: &Answer) -> Option<Answer> {
    decode(encode(answer))
}

/// An answer of this kind with nothing but a number.
fn plain(kind: u32, value: Option<u64>) -> wire::Answer {
    wire::Answer { version: wire::VERSION, kind, value, lease: None, oplock: 0, delegation: 0, durable: None, before: None }
}

fn outcome_of(outcome: &Outcome) -> wire::Answer {
    let (kind, value) = match outcome {
        Outcome::Alive { until } => (1, Some(until.as_millis())),
        Outcome::Stopped => (2, None),
        Outcome::SessionStarted { session } => (3, Some(session.get())),
        Outcome::SessionEnded => (4, None),
        Outcome::Disconnected => (5, None),
        Outcome::Opened { open, lease, oplock, delegation, durable, before } => {
            let answer = plain(6, Some(open.get()));
            return wire::Answer {
                lease: lease.map(grant),
                oplock: u32::from(oplock.to_byte()),
                delegation: handle::delegation(*delegation),
                durable: durable.map(handle::durable),
                before: before.as_deref().map(handle::opened_as),
                ..answer
            };
        }
        Outcome::Reconnected { open, lease, oplock, durable, before } => {
            let answer = plain(13, Some(open.get()));
            let (lease, durable) = (lease.map(grant), Some(handle::durable(*durable)));
            let before = Some(handle::opened_as(before));
            return wire::Answer { lease, oplock: u32::from(oplock.to_byte()), durable, before, ..answer };
        }
        Outcome::Closed { delete } => (7, delete.then_some(1)),
        Outcome::Acknowledged { state } => (8, Some(u64::from(state.bits()))),
        Outcome::Released => (9, None),
        Outcome::Cancelled => (10, None),
        Outcome::Noted => (11, None),
        Outcome::Clear => (12, None),
        Outcome::Resilient { timeout } => (14, Some(millis(*timeout))),
        Outcome::Deleted => (15, None),
        Outcome::OplockAcknowledged { level } => (16, Some(u64::from(level.to_byte()))),
        Outcome::Locked => (17, None),
        Outcome::Unlocked => (18, None),
        Outcome::DelegationReturned => (19, None),
        Outcome::NfsClientReleased => (20, None),
        Outcome::GraceDeclared { until } => (21, Some(until.as_millis())),
        Outcome::GraceEnded => (22, None),
    };
    plain(kind, value)
}

fn rejection_of(rejection: Rejection) -> (u32, Option<u64>) {
    match rejection {
        Rejection::StaleIncarnation { current } => (101, current.map(Incarnation::get)),
        Rejection::Forgotten => (102, None),
        Rejection::NoSuchSession => (103, None),
        Rejection::NoSuchOpen => (104, None),
        Rejection::NoSuchLease => (105, None),
        Rejection::NotBreaking => (106, None),
        Rejection::AckExceedsTarget => (107, None),
        Rejection::KeyOnOtherFile => (108, None),
        Rejection::SharingViolation => (109, None),
        Rejection::Cancelled => (110, None),
        Rejection::InvalidParameter => (111, None),
        Rejection::LimitReached(limit) => (112, Some(limit_number(limit))),
        Rejection::DeletePending => (113, None),
        Rejection::OplockNotBreaking => (114, None),
        Rejection::InvalidOplockProtocol => (115, None),
        Rejection::LockNotGranted => (116, None),
        Rejection::RangeNotLocked => (117, None),
        Rejection::InvalidLockRange => (118, None),
        Rejection::FileLockConflict => (119, None),
        Rejection::AccessDenied => (120, None),
        Rejection::NoSuchDurableOpen => (121, None),
        Rejection::FileNotAvailable => (122, None),
        Rejection::DuplicateObjectId => (123, None),
        Rejection::ContextMismatch => (124, None),
        Rejection::FileForcedClosed => (125, None),
        Rejection::NoSuchDelegation => (126, None),
        Rejection::Grace => (127, None),
        Rejection::NoGrace => (128, None),
        Rejection::BeingDeleted => (129, None),
    }
}

fn limit_number(limit: Limit) -> u64 {
    match limit {
        Limit::Servers => 1,
        Limit::SessionsPerServer => 2,
        Limit::ConnectionsPerClient => 3,
        Limit::OpensPerFile => 4,
        Limit::ParkedOpensPerFile => 5,
        Limit::NameBytes => 6,
        Limit::LocksPerFile => 7,
        Limit::LocksPerOpen => 8,
        Limit::RangesPerRequest => 9,
        Limit::OpensPerClient => 10,
        Limit::LocksPerClient => 11,
        Limit::ParkedPerClient => 12,
        Limit::GracePeriods => 13,
    }
}

fn limit_of(number: u64) -> Option<Limit> {
    Some(match number {
        1 => Limit::Servers,
        2 => Limit::SessionsPerServer,
        3 => Limit::ConnectionsPerClient,
        4 => Limit::OpensPerFile,
        5 => Limit::ParkedOpensPerFile,
        6 => Limit::NameBytes,
        7 => Limit::LocksPerFile,
        8 => Limit::LocksPerOpen,
        9 => Limit::RangesPerRequest,
        10 => Limit::OpensPerClient,
        11 => Limit::LocksPerClient,
        12 => Limit::ParkedPerClient,
        13 => Limit::GracePeriods,
        _ => return None,
    })
}

fn grant(part: Grant) -> wire::Grant {
    let Grant { key, state, breaking, v2: only_v2 } = part;
    wire::Grant {
        key: Some(guid(key.to_bytes())),
        state: state.bits(),
        breaking,
        v2: only_v2.map(|GrantV2 { epoch, parent }| v2(epoch, parent)),
    }
}

fn grant_of(part: wire::Grant) -> Option<Grant> {
    let wire::Grant { key, state, breaking, v2: only_v2 } = part;
    let v2 = match only_v2 {
        Some(v2) => Some(v2_of(v2)?).map(|(epoch, parent)| GrantV2 { epoch, parent }),
        None => None,
    };
    Some(Grant { key: guid_of(key?), state: Caching::from_bits(state)?, breaking, v2 })
}

/// The answer that a record holds; nothing if no version of this program wrote it.
pub(in crate::snapshot) fn decode(part: wire::Answer) -> Option<Answer> {
    let wire::Answer { version, kind, value, lease, oplock, delegation, durable, before } = part;
    if version != wire::VERSION {
        return None;
    }
    let outcome = match kind {
        1 => Outcome::Alive { until: LogTime::from_millis(value?) },
        2 => Outcome::Stopped,
        3 => Outcome::SessionStarted { session: SessionId::new(value?) },
        4 => Outcome::SessionEnded,
        5 => Outcome::Disconnected,
        6 | 13 => {
            let lease = match lease {
                Some(lease) => Some(grant_of(lease)?),
                None => None,
            };
            let (open, oplock) = (OpenId::new(value?), OplockLevel::from_byte(u8::try_from(oplock).ok()?)?);
            let durable = durable.map(handle::durable_from);
            let before = match before {
                Some(before) => Some(Box::new(handle::opened_as_from(before)?)),
                None => None,
            };
            if kind == 6 {
                let delegation = match delegation {
                    0 => None,
                    number => Some(handle::delegation_from(number)?),
                };
                Outcome::Opened { open, lease, oplock, delegation, durable, before }
            } else {
                Outcome::Reconnected { open, lease, oplock, durable: durable?, before: before? }
            }
        }
        7 => Outcome::Closed { delete: value == Some(1) },
        8 => Outcome::Acknowledged { state: Caching::from_bits(u32::try_from(value?).ok()?)? },
        9 => Outcome::Released,
        10 => Outcome::Cancelled,
        11 => Outcome::Noted,
        12 => Outcome::Clear,
        14 => Outcome::Resilient { timeout: Duration::from_millis(value?) },
        15 => Outcome::Deleted,
        16 => Outcome::OplockAcknowledged { level: OplockLevel::from_byte(u8::try_from(value?).ok()?)? },
        17 => Outcome::Locked,
        18 => Outcome::Unlocked,
        19 => Outcome::DelegationReturned,
        20 => Outcome::NfsClientReleased,
        21 => Outcome::GraceDeclared { until: LogTime::from_millis(value?) },
        22 => Outcome::GraceEnded,
        _ => return rejection_from(kind, value).map(Err),
    };
    Some(Ok(outcome))
}

fn rejection_from(kind: u32, value: Option<u64>) -> Option<Rejection> {
    Some(match kind {
        101 => Rejection::StaleIncarnation { current: value.map(Incarnation::new) },
        102 => Rejection::Forgotten,
        103 => Rejection::NoSuchSession,
        104 => Rejection::NoSuchOpen,
        105 => Rejection::NoSuchLease,
        106 => Rejection::NotBreaking,
        107 => Rejection::AckExceedsTarget,
        108 => Rejection::KeyOnOtherFile,
        109 => Rejection::SharingViolation,
        110 => Rejection::Cancelled,
        111 => Rejection::InvalidParameter,
        112 => Rejection::LimitReached(limit_of(value?)?),
        113 => Rejection::DeletePending,
        114 => Rejection::OplockNotBreaking,
        115 => Rejection::InvalidOplockProtocol,
        116 => Rejection::LockNotGranted,
        117 => Rejection::RangeNotLocked,
        118 => Rejection::InvalidLockRange,
        119 => Rejection::FileLockConflict,
        120 => Rejection::AccessDenied,
        121 => Rejection::NoSuchDurableOpen,
        122 => Rejection::FileNotAvailable,
        123 => Rejection::DuplicateObjectId,
        124 => Rejection::ContextMismatch,
        125 => Rejection::FileForcedClosed,
        126 => Rejection::NoSuchDelegation,
        127 => Rejection::Grace,
        128 => Rejection::NoGrace,
        129 => Rejection::BeingDeleted,
        _ => return None,
    })
}
