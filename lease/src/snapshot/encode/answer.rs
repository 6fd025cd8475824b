//! Remembered answers, to and from records. The numbers are for ever.

use super::{guid, v2};
use crate::caching::Caching;
use crate::id::{Incarnation, OpenId, SessionId};
use crate::oplock::OplockLevel;
use crate::outcome::{Grant, GrantV2, Limit, Outcome, Rejection};
use crate::snapshot::restore::{guid_of, v2_of};
use crate::snapshot::wire;
use crate::state::Answer;
use crate::time::LogTime;

pub(in crate::snapshot) fn encode(answer: &Answer) -> wire::Answer {
    let (kind, value, lease) = match answer {
        Ok(outcome) => outcome_of(outcome),
        Err(rejection) => rejection_of(*rejection),
    };
    wire::Answer { version: wire::VERSION, kind, value, lease }
}

/// An answer that was written and read.
#[cfg(test)]
pub(crate) fn there_and_back(answer: &Answer) -> Option<Answer> {
    decode(encode(answer))
}

type Fields = (u32, Option<u64>, Option<wire::Grant>);

fn outcome_of(outcome: &Outcome) -> Fields {
    match outcome {
        Outcome::Alive { until } => (1, Some(until.as_millis()), None),
        Outcome::Stopped => (2, None, None),
        Outcome::SessionStarted { session } => (3, Some(session.get()), None),
        Outcome::SessionEnded => (4, None, None),
        Outcome::Disconnected => (5, None, None),
        Outcome::Opened { open, lease, oplock: OplockLevel::None } => (6, Some(open.get()), lease.map(grant)),
        // Whoever has an oplock has no lease.
        Outcome::Opened { open, lease: _, oplock: OplockLevel::LevelII } => (13, Some(open.get()), None),
        Outcome::Opened { open, lease: _, oplock: OplockLevel::Exclusive } => (14, Some(open.get()), None),
        Outcome::Opened { open, lease: _, oplock: OplockLevel::Batch } => (15, Some(open.get()), None),
        Outcome::OplockAcknowledged { level } => (16, Some(u64::from(level.to_byte())), None),
        Outcome::Closed { delete } => (7, delete.then_some(1), None),
        Outcome::Acknowledged { state } => (8, Some(u64::from(state.bits())), None),
        Outcome::Released => (9, None, None),
        Outcome::Cancelled => (10, None, None),
        Outcome::Noted => (11, None, None),
        Outcome::Clear => (12, None, None),
        Outcome::Locked => (17, None, None),
        Outcome::Unlocked => (18, None, None),
    }
}

fn rejection_of(rejection: Rejection) -> Fields {
    match rejection {
        Rejection::StaleIncarnation { current } => (101, current.map(Incarnation::get), None),
        Rejection::Forgotten => (102, None, None),
        Rejection::NoSuchSession => (103, None, None),
        Rejection::NoSuchOpen => (104, None, None),
        Rejection::NoSuchLease => (105, None, None),
        Rejection::NotBreaking => (106, None, None),
        Rejection::AckExceedsTarget => (107, None, None),
        Rejection::KeyOnOtherFile => (108, None, None),
        Rejection::SharingViolation => (109, None, None),
        Rejection::Cancelled => (110, None, None),
        Rejection::InvalidParameter => (111, None, None),
        Rejection::LimitReached(limit) => (112, Some(limit_number(limit)), None),
        Rejection::DeletePending => (113, None, None),
        Rejection::OplockNotBreaking => (114, None, None),
        Rejection::InvalidOplockProtocol => (115, None, None),
        Rejection::LockNotGranted => (116, None, None),
        Rejection::RangeNotLocked => (117, None, None),
        Rejection::InvalidLockRange => (118, None, None),
        Rejection::FileLockConflict => (119, None, None),
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
    let wire::Answer { version, kind, value, lease } = part;
    if version != wire::VERSION {
        return None;
    }
    let outcome = match kind {
        1 => Outcome::Alive { until: LogTime::from_millis(value?) },
        2 => Outcome::Stopped,
        3 => Outcome::SessionStarted { session: SessionId::new(value?) },
        4 => Outcome::SessionEnded,
        5 => Outcome::Disconnected,
        6 => {
            let lease = match lease {
                Some(lease) => Some(grant_of(lease)?),
                None => None,
            };
            Outcome::Opened { open: OpenId::new(value?), lease, oplock: OplockLevel::None }
        }
        7 => Outcome::Closed { delete: value == Some(1) },
        8 => Outcome::Acknowledged { state: Caching::from_bits(u32::try_from(value?).ok()?)? },
        9 => Outcome::Released,
        10 => Outcome::Cancelled,
        11 => Outcome::Noted,
        12 => Outcome::Clear,
        13 => Outcome::Opened { open: OpenId::new(value?), lease: None, oplock: OplockLevel::LevelII },
        14 => Outcome::Opened { open: OpenId::new(value?), lease: None, oplock: OplockLevel::Exclusive },
        15 => Outcome::Opened { open: OpenId::new(value?), lease: None, oplock: OplockLevel::Batch },
        16 => Outcome::OplockAcknowledged { level: OplockLevel::from_byte(u8::try_from(value?).ok()?)? },
        17 => Outcome::Locked,
        18 => Outcome::Unlocked,
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
        _ => return None,
    })
}
