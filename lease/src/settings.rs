//! What the operator can set about the rules.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::id::ShareId;
use crate::limits::{BARRED_MAX, BREAK_TIMEOUT_MAX, BREAK_TIMEOUT_MIN, DURABLE_TIMEOUT_MAX, SHARES_MAX};

/// What the operator can set about the rules: part of the state, and so the same on every node. Times are log time, in whole milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How long a client has to acknowledge a break (MS-SMB2 3.3.2.5). 35 s by default.
    pub break_timeout: Duration,
    /// The same for a lease with a persistent open. 180 s by default.
    pub persistent_lease_break_timeout: Duration,
    /// The same for the oplock of a persistent open. 60 s by default.
    pub persistent_oplock_break_timeout: Duration,
    /// How long an NFS client has to return a delegation. 35 s by default: an SMB client that waits for it has no more patience than for a
    /// break.
    pub recall_timeout: Duration,
    /// How long a durable open is kept without a connection if its client does not say. 60 s by default.
    pub durable_timeout: Duration,
    /// How many breaks a client lets time out, without an answer to any other in between, until it is barred from caching writes and handles. 3
    /// by default; with 0 nobody ever is.
    pub timeouts_until_barred: u32,
    /// For how long it is barred, and how long a timeout counts. 5 min by default.
    pub barred_for: Duration,
    /// What is set for single shares.
    pub shares: BTreeMap<ShareId, ShareSettings>,
}

/// What the operator can set for a share (MS-SMB2 3.3.1.6). What is none is as for all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "flags of the protocol, each of which can be set with any other")]
pub struct ShareSettings {
    /// Share.ForceLevel2Oplock: nobody caches writes.
    pub force_level2_oplock: bool,
    /// Share.RestrictExclusiveOpens: who only reads lets others read.
    pub restrict_exclusive_opens: bool,
    /// Share.ForceSharedDelete: everybody lets others delete.
    pub force_shared_delete: bool,
    /// Share.IsCA: opens can be persistent.
    pub continuously_available: bool,
    /// The share says that it is a scale-out one (STYPE_CLUSTER_SOFS): its leases are R or nothing, its oplocks level II.
    pub scale_out: bool,
    /// The stages of one break all have the epoch of the first, as servers had it before 2024 and Samba has it. Without it each counts, as
    /// MS-SMB2 3.3.4.7 says: clients that take only what is newer would drop the later ones (LS-124).
    pub stages_share_epoch: bool,
    /// See [`Settings::break_timeout`].
    pub break_timeout: Option<Duration>,
    /// See [`Settings::persistent_lease_break_timeout`].
    pub persistent_lease_break_timeout: Option<Duration>,
    /// See [`Settings::persistent_oplock_break_timeout`].
    pub persistent_oplock_break_timeout: Option<Duration>,
    /// See [`Settings::durable_timeout`] (Share.CATimeout).
    pub durable_timeout: Option<Duration>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            break_timeout: Duration::from_secs(35),
            persistent_lease_break_timeout: Duration::from_secs(180),
            persistent_oplock_break_timeout: Duration::from_secs(60),
            recall_timeout: Duration::from_secs(35),
            durable_timeout: Duration::from_secs(60),
            timeouts_until_barred: 3,
            barred_for: Duration::from_secs(300),
            shares: BTreeMap::new(),
        }
    }
}

impl Settings {
    /// These settings as they can hold: in range, and in the units that are kept. Of too many shares the last ones are left out.
    #[must_use]
    pub fn in_range(self) -> Settings {
        let share = |share: ShareSettings| ShareSettings {
            break_timeout: share.break_timeout.map(wait),
            persistent_lease_break_timeout: share.persistent_lease_break_timeout.map(wait),
            persistent_oplock_break_timeout: share.persistent_oplock_break_timeout.map(wait),
            durable_timeout: share.durable_timeout.map(keep),
            ..share
        };
        let shares = self.shares.into_iter().filter(|(id, _)| *id != ShareId::default());
        Settings {
            break_timeout: wait(self.break_timeout),
            persistent_lease_break_timeout: wait(self.persistent_lease_break_timeout),
            persistent_oplock_break_timeout: wait(self.persistent_oplock_break_timeout),
            recall_timeout: wait(self.recall_timeout),
            durable_timeout: keep(self.durable_timeout),
            timeouts_until_barred: self.timeouts_until_barred,
            barred_for: millis(self.barred_for).clamp(BREAK_TIMEOUT_MIN, BARRED_MAX),
            shares: shares.map(|(id, settings)| (id, share(settings))).take(SHARES_MAX).collect(),
        }
    }
}

fn millis(time: Duration) -> Duration {
    Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

fn wait(time: Duration) -> Duration {
    millis(time).clamp(BREAK_TIMEOUT_MIN, BREAK_TIMEOUT_MAX)
}

fn keep(time: Duration) -> Duration {
    millis(time).clamp(BREAK_TIMEOUT_MIN, DURABLE_TIMEOUT_MAX)
}
