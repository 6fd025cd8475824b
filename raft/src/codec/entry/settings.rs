//! What the operator can set.

use std::time::Duration;

use lease::{Settings, ShareId, ShareSettings};

use super::command::millis;
use crate::codec::CodecError;

/// The settings of the rules, as they are written. Times are in milliseconds.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct SettingsRecord {
    /// The break timeout.
    #[prost(uint64, tag = "1")]
    pub break_timeout: u64,
    /// That of a lease with a persistent open.
    #[prost(uint64, tag = "2")]
    pub persistent_lease_break_timeout: u64,
    /// That of the oplock of a persistent open.
    #[prost(uint64, tag = "3")]
    pub persistent_oplock_break_timeout: u64,
    /// The time to return a delegation.
    #[prost(uint64, tag = "4")]
    pub recall_timeout: u64,
    /// How long a durable open is kept.
    #[prost(uint64, tag = "5")]
    pub durable_timeout: u64,
    /// Settings of single shares, in ascending order.
    #[prost(message, repeated, tag = "6")]
    pub shares: Vec<ShareRecord>,
    /// Breaks that a client may let time out until it is barred from caching writes and handles; 0 for any number.
    #[prost(uint32, tag = "7")]
    pub timeouts_until_barred: u32,
    /// For how long it is barred.
    #[prost(uint64, tag = "8")]
    pub barred_for: u64,
}

/// The settings of a share, as they are written. Times are in milliseconds, and absent if they are as for all.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct ShareRecord {
    /// The share.
    #[prost(uint64, tag = "1")]
    pub id: u64,
    /// Bit by bit what holds for it: 1 `ForceLevel2Oplock`, 2 `RestrictExclusiveOpens`, 4 `ForceSharedDelete`, 8 continuously available, 16
    /// scale-out.
    #[prost(uint32, tag = "2")]
    pub flags: u32,
    /// The break timeout.
    #[prost(uint64, optional, tag = "3")]
    pub break_timeout: Option<u64>,
    /// That of a lease with a persistent open.
    #[prost(uint64, optional, tag = "4")]
    pub persistent_lease_break_timeout: Option<u64>,
    /// That of the oplock of a persistent open.
    #[prost(uint64, optional, tag = "5")]
    pub persistent_oplock_break_timeout: Option<u64>,
    /// How long a durable open is kept.
    #[prost(uint64, optional, tag = "6")]
    pub durable_timeout: Option<u64>,
}

impl From<&Settings> for SettingsRecord {
    fn from(settings: &Settings) -> SettingsRecord {
        let Settings {
            break_timeout,
            persistent_lease_break_timeout,
            persistent_oplock_break_timeout,
            recall_timeout,
            durable_timeout,
            timeouts_until_barred,
            barred_for,
            shares,
        } = settings;
        SettingsRecord {
            break_timeout: millis(*break_timeout),
            persistent_lease_break_timeout: millis(*persistent_lease_break_timeout),
            persistent_oplock_break_timeout: millis(*persistent_oplock_break_timeout),
            recall_timeout: millis(*recall_timeout),
            durable_timeout: millis(*durable_timeout),
            shares: shares.iter().map(|(id, share)| share_record(*id, share)).collect(),
            timeouts_until_barred: *timeouts_until_barred,
            barred_for: millis(*barred_for),
        }
    }
}

impl TryFrom<SettingsRecord> for Settings {
    type Error = CodecError;

    fn try_from(record: SettingsRecord) -> Result<Settings, CodecError> {
        let SettingsRecord {
            break_timeout,
            persistent_lease_break_timeout,
            persistent_oplock_break_timeout,
            recall_timeout,
            durable_timeout,
            shares,
            timeouts_until_barred,
            barred_for,
        } = record;
        Ok(Settings {
            break_timeout: Duration::from_millis(break_timeout),
            persistent_lease_break_timeout: Duration::from_millis(persistent_lease_break_timeout),
            persistent_oplock_break_timeout: Duration::from_millis(persistent_oplock_break_timeout),
            recall_timeout: Duration::from_millis(recall_timeout),
            durable_timeout: Duration::from_millis(durable_timeout),
            timeouts_until_barred,
            barred_for: Duration::from_millis(barred_for),
            shares: shares.into_iter().map(share_from).collect::<Result<_, _>>()?,
        })
    }
}

const FORCE_LEVEL2_OPLOCK: u32 = 1;
const RESTRICT_EXCLUSIVE_OPENS: u32 = 2;
const FORCE_SHARED_DELETE: u32 = 4;
const CONTINUOUSLY_AVAILABLE: u32 = 8;
const SCALE_OUT: u32 = 16;
const STAGES_SHARE_EPOCH: u32 = 32;
const FLAGS: u32 =
    FORCE_LEVEL2_OPLOCK | RESTRICT_EXCLUSIVE_OPENS | FORCE_SHARED_DELETE | CONTINUOUSLY_AVAILABLE | SCALE_OUT | STAGES_SHARE_EPOCH;

fn share_record(id: ShareId, share: &ShareSettings) -> ShareRecord {
    let ShareSettings {
        force_level2_oplock,
        restrict_exclusive_opens,
        force_shared_delete,
        continuously_available,
        scale_out,
        stages_share_epoch,
        break_timeout,
        persistent_lease_break_timeout,
        persistent_oplock_break_timeout,
        durable_timeout,
    } = share;
    let flags = [
        (*force_level2_oplock, FORCE_LEVEL2_OPLOCK),
        (*restrict_exclusive_opens, RESTRICT_EXCLUSIVE_OPENS),
        (*force_shared_delete, FORCE_SHARED_DELETE),
        (*continuously_available, CONTINUOUSLY_AVAILABLE),
        (*scale_out, SCALE_OUT),
        (*stages_share_epoch, STAGES_SHARE_EPOCH),
    ];
    ShareRecord {
        id: id.get(),
        flags: flags.iter().filter(|(set, _)| *set).map(|(_, flag)| flag).sum(),
        break_timeout: break_timeout.map(millis),
        persistent_lease_break_timeout: persistent_lease_break_timeout.map(millis),
        persistent_oplock_break_timeout: persistent_oplock_break_timeout.map(millis),
        durable_timeout: durable_timeout.map(millis),
    }
}

fn share_from(record: ShareRecord) -> Result<(ShareId, ShareSettings), CodecError> {
    let ShareRecord { id, flags, break_timeout, persistent_lease_break_timeout, persistent_oplock_break_timeout, durable_timeout } =
        record;
    if flags & !FLAGS != 0 {
        return Err(CodecError::unknown("flags of a share", flags));
    }
    let share = ShareSettings {
        force_level2_oplock: flags & FORCE_LEVEL2_OPLOCK != 0,
        restrict_exclusive_opens: flags & RESTRICT_EXCLUSIVE_OPENS != 0,
        force_shared_delete: flags & FORCE_SHARED_DELETE != 0,
        continuously_available: flags & CONTINUOUSLY_AVAILABLE != 0,
        scale_out: flags & SCALE_OUT != 0,
        stages_share_epoch: flags & STAGES_SHARE_EPOCH != 0,
        break_timeout: break_timeout.map(Duration::from_millis),
        persistent_lease_break_timeout: persistent_lease_break_timeout.map(Duration::from_millis),
        persistent_oplock_break_timeout: persistent_oplock_break_timeout.map(Duration::from_millis),
        durable_timeout: durable_timeout.map(Duration::from_millis),
    };
    Ok((ShareId::new(id), share))
}
