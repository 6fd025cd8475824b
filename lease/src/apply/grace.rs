//! Grace periods (RFC 8881 8.4.2): the clients of an NFS server that has lost its state get it back before anybody else gets at a volume. Of
//! what is in this table nothing is lost, so there are none unless a server declares one.

use std::time::Duration;

use super::Step;
use crate::id::VolumeId;
use crate::limits::{GRACE_MAX, GRACE_PERIODS_MAX};
use crate::outcome::{Limit, Outcome, Rejection};
use crate::state::{Answer, State};

impl Step<'_> {
    /// Declares a grace period, or lets one that runs end later.
    pub(super) fn declare_grace(&mut self, volume: VolumeId, duration: Duration) -> Answer {
        if duration.is_zero() || duration > GRACE_MAX {
            return Err(Rejection::InvalidParameter);
        }
        let running = self.state.grace(volume);
        if running.is_none() && self.state.graces().count() >= GRACE_PERIODS_MAX {
            return Err(Rejection::LimitReached(Limit::GracePeriods));
        }
        let until = self.state.now().after(duration);
        let until = running.map_or(until, |running| running.max(until));
        self.state.set_grace(volume, Some(until));
        Ok(Outcome::GraceDeclared { until })
    }

    pub(super) fn end_grace(&mut self, volume: VolumeId) -> Outcome {
        self.state.set_grace(volume, None);
        Outcome::GraceEnded
    }
}

impl State {
    /// Whether something new can be had on a volume, or something old had back. Who waited when a grace period ended asked in time.
    pub(super) fn check_grace(&self, volume: VolumeId, reclaim: bool, parked: bool) -> Result<(), Rejection> {
        match self.grace(volume) {
            Some(_) if !reclaim => Err(Rejection::Grace),
            None if reclaim && !parked => Err(Rejection::NoGrace),
            Some(_) | None => Ok(()),
        }
    }
}
