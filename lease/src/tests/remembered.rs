//! Remembered answers, to and from their records.

use std::sync::Arc;
use std::time::Duration;

use super::world::key;
use crate::snapshot::answer::there_and_back;
use crate::{
    Access, Caching, CreateAction, Delegation, Durable, Epoch, FileId, FileKey, Grant, GrantV2, Incarnation, Limit, LogTime,
    OpenId, OpenedAs, OplockLevel, Outcome, Rejection, SessionId, VolumeId,
};

/// Every answer comes back from its record as it was.
#[test]
fn answers_come_back() {
    let rejections = rejections().into_iter().chain(limits().into_iter().map(Rejection::LimitReached));
    for answer in outcomes().into_iter().map(Ok).chain(rejections.map(Err)) {
        assert_eq!(there_and_back(&answer), Some(answer));
    }
}

fn outcomes() -> Vec<Outcome> {
    let mut outcomes = vec![
        Outcome::Alive { until: LogTime::from_millis(u64::MAX) },
        Outcome::Stopped,
        Outcome::SessionStarted { session: SessionId::new(0) },
        Outcome::SessionEnded,
        Outcome::Disconnected,
        Outcome::Closed { delete: false },
        Outcome::Closed { delete: true },
        Outcome::Clear,
        Outcome::OplockAcknowledged { level: OplockLevel::LevelII },
        Outcome::Locked,
        Outcome::Unlocked,
        Outcome::Acknowledged { state: Caching::RW },
        Outcome::Released,
        Outcome::Cancelled,
        Outcome::Noted,
        Outcome::Resilient { timeout: Duration::from_secs(300) },
        Outcome::Deleted,
        Outcome::DelegationReturned,
        Outcome::NfsClientReleased,
        Outcome::GraceDeclared { until: LogTime::from_millis(7) },
        Outcome::GraceEnded,
    ];
    outcomes.extend(opened());
    outcomes
}

/// What opens come to.
fn opened() -> Vec<Outcome> {
    let v2 = Some(GrantV2 { epoch: Epoch::new(65_535), parent: Some(key(2)) });
    let lease = Some(Grant { key: key(1), state: Caching::RWH, breaking: true, v2 });
    let plain = Some(Grant { key: key(1), state: Caching::None, breaking: false, v2: None });
    let durable = Some(Durable { v2: true, persistent: true, timeout: Duration::from_secs(300) });
    let v1 = Some(Durable { v2: false, persistent: false, timeout: Duration::from_millis(1) });
    vec![
        Outcome::Opened {
            open: OpenId::new(u64::MAX),
            lease: None,
            oplock: OplockLevel::None,
            delegation: None,
            durable: None,
            before: None,
        },
        Outcome::Opened { open: OpenId::new(1), lease, oplock: OplockLevel::None, delegation: None, durable: None, before: None },
        Outcome::Opened {
            open: OpenId::new(1),
            lease: plain,
            oplock: OplockLevel::None,
            delegation: None,
            durable: None,
            before: None,
        },
        Outcome::Opened {
            open: OpenId::new(2),
            lease: None,
            oplock: OplockLevel::LevelII,
            delegation: None,
            durable: None,
            before: None,
        },
        Outcome::Opened {
            open: OpenId::new(2),
            lease: None,
            oplock: OplockLevel::Exclusive,
            delegation: Some(Delegation::Read),
            durable,
            before: None,
        },
        Outcome::Opened {
            open: OpenId::new(2),
            lease: None,
            oplock: OplockLevel::Batch,
            delegation: Some(Delegation::Write),
            durable: v1,
            before: None,
        },
        replayed(CreateAction::Opened),
        replayed(CreateAction::Created),
        replayed(CreateAction::Overwritten),
        replayed(CreateAction::Superseded),
        Outcome::Reconnected {
            open: OpenId::new(3),
            lease,
            oplock: OplockLevel::Batch,
            durable: Durable { v2: true, persistent: false, timeout: Duration::ZERO },
            before: Box::new(before(CreateAction::Opened, None)),
        },
    ]
}

/// The answer to a replay.
fn replayed(action: CreateAction) -> Outcome {
    let before = Some(Box::new(before(action, Some("stream"))));
    Outcome::Opened { open: OpenId::new(4), lease: None, oplock: OplockLevel::Batch, delegation: None, durable: None, before }
}

fn before(action: CreateAction, stream: Option<&str>) -> OpenedAs {
    let file = FileKey { volume: VolumeId::new(u64::MAX), file: FileId::from_u128(7), stream: stream.map(Arc::from) };
    OpenedAs { file, name: Arc::from("dir\\file"), access: Access(0x12_019F), options: 0x40, action, position: u64::MAX }
}

fn limits() -> Vec<Limit> {
    vec![
        Limit::Servers,
        Limit::SessionsPerServer,
        Limit::ConnectionsPerClient,
        Limit::OpensPerFile,
        Limit::ParkedOpensPerFile,
        Limit::NameBytes,
        Limit::LocksPerFile,
        Limit::LocksPerOpen,
        Limit::RangesPerRequest,
        Limit::OpensPerClient,
        Limit::LocksPerClient,
        Limit::ParkedPerClient,
        Limit::GracePeriods,
    ]
}

fn rejections() -> Vec<Rejection> {
    vec![
        Rejection::StaleIncarnation { current: None },
        Rejection::StaleIncarnation { current: Some(Incarnation::new(0)) },
        Rejection::Forgotten,
        Rejection::NoSuchSession,
        Rejection::NoSuchOpen,
        Rejection::NoSuchLease,
        Rejection::NotBreaking,
        Rejection::AckExceedsTarget,
        Rejection::KeyOnOtherFile,
        Rejection::SharingViolation,
        Rejection::Cancelled,
        Rejection::InvalidParameter,
        Rejection::DeletePending,
        Rejection::BeingDeleted,
        Rejection::OplockNotBreaking,
        Rejection::InvalidOplockProtocol,
        Rejection::AccessDenied,
        Rejection::LockNotGranted,
        Rejection::RangeNotLocked,
        Rejection::InvalidLockRange,
        Rejection::FileLockConflict,
        Rejection::NoSuchDurableOpen,
        Rejection::FileNotAvailable,
        Rejection::DuplicateObjectId,
        Rejection::ContextMismatch,
        Rejection::FileForcedClosed,
        Rejection::NoSuchDelegation,
        Rejection::Grace,
        Rejection::NoGrace,
    ]
}
