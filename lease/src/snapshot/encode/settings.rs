//! What there is once, and what is set for shares, to and from records.

use std::time::Duration;

use super::millis;
use crate::settings::{Settings, ShareSettings};
use crate::snapshot::wire;
use crate::state::Meta;
use crate::time::LogTime;

/// The shares have records of their own.
pub(super) fn meta(part: &Meta, settings: &Settings) -> wire::Meta {
    let Meta { now, rule_level, sessions, opens, tickets, breaks, violations } = *part;
    let Settings {
        break_timeout,
        persistent_lease_break_timeout,
        persistent_oplock_break_timeout,
        recall_timeout,
        durable_timeout,
        timeouts_until_barred,
        barred_for,
        shares: _,
    } = settings;
    wire::Meta {
        version: wire::VERSION,
        now: now.as_millis(),
        break_timeout: millis(*break_timeout),
        rule_level,
        sessions,
        opens,
        tickets,
        breaks,
        violations,
        persistent_lease_break_timeout: millis(*persistent_lease_break_timeout),
        persistent_oplock_break_timeout: millis(*persistent_oplock_break_timeout),
        recall_timeout: millis(*recall_timeout),
        durable_timeout: millis(*durable_timeout),
        timeouts_until_barred: *timeouts_until_barred,
        barred_for: millis(*barred_for),
    }
}

/// The settings without shares.
pub(in crate::snapshot) fn meta_from(message: &wire::Meta) -> (Meta, Settings) {
    let wire::Meta {
        version: _,
        now,
        break_timeout,
        rule_level,
        sessions,
        opens,
        tickets,
        breaks,
        violations,
        persistent_lease_break_timeout,
        persistent_oplock_break_timeout,
        recall_timeout,
        durable_timeout,
        timeouts_until_barred,
        barred_for,
    } = *message;
    let settings = Settings {
        break_timeout: Duration::from_millis(break_timeout),
        persistent_lease_break_timeout: Duration::from_millis(persistent_lease_break_timeout),
        persistent_oplock_break_timeout: Duration::from_millis(persistent_oplock_break_timeout),
        recall_timeout: Duration::from_millis(recall_timeout),
        durable_timeout: Duration::from_millis(durable_timeout),
        timeouts_until_barred,
        barred_for: Duration::from_millis(barred_for),
        shares: std::collections::BTreeMap::new(),
    };
    (Meta { now: LogTime::from_millis(now), rule_level, sessions, opens, tickets, breaks, violations }, settings)
}

pub(super) fn share(part: &ShareSettings) -> wire::Share {
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
    } = *part;
    wire::Share {
        version: wire::VERSION,
        force_level2_oplock,
        restrict_exclusive_opens,
        force_shared_delete,
        continuously_available,
        scale_out,
        stages_share_epoch,
        break_timeout: break_timeout.map(millis),
        persistent_lease_break_timeout: persistent_lease_break_timeout.map(millis),
        persistent_oplock_break_timeout: persistent_oplock_break_timeout.map(millis),
        durable_timeout: durable_timeout.map(millis),
    }
}

pub(in crate::snapshot) fn share_from(message: wire::Share) -> ShareSettings {
    let wire::Share {
        version: _,
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
    } = message;
    ShareSettings {
        force_level2_oplock,
        restrict_exclusive_opens,
        force_shared_delete,
        continuously_available,
        scale_out,
        stages_share_epoch,
        break_timeout: break_timeout.map(Duration::from_millis),
        persistent_lease_break_timeout: persistent_lease_break_timeout.map(Duration::from_millis),
        persistent_oplock_break_timeout: persistent_oplock_break_timeout.map(Duration::from_millis),
        durable_timeout: durable_timeout.map(Duration::from_millis),
    }
}
