//! How much this node's SMB front end takes on: the table `[smb.limits]` of the file.

use std::num::{NonZeroU16, NonZeroUsize};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::units::{Period, Size};

/// The limits as they are written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SmbLimits {
    connections: Option<NonZeroUsize>,
    connections_per_address: Option<NonZeroUsize>,
    sessions_per_connection: Option<NonZeroUsize>,
    trees_per_session: Option<NonZeroUsize>,
    opens_per_session: Option<NonZeroUsize>,
    credits: Option<NonZeroU16>,
    waiting_per_connection: Option<NonZeroUsize>,
    in_flight: Option<Size>,
    without_session: Option<Period>,
    frame_time: Option<Period>,
    stall: Option<Period>,
}

/// The limits that hold: what is not said has a default.
pub(super) fn read(written: &SmbLimits) -> smb::Limits {
    let default = smb::Limits::default();
    let count = |asked: Option<NonZeroUsize>, default| asked.map_or(default, NonZeroUsize::get);
    let period = |asked: Option<Period>, default| asked.map_or(default, |Period(time)| time);
    smb::Limits {
        connections_max: count(written.connections, default.connections_max),
        connections_per_address_max: count(written.connections_per_address, default.connections_per_address_max),
        sessions_per_connection_max: count(written.sessions_per_connection, default.sessions_per_connection_max),
        trees_per_session_max: count(written.trees_per_session, default.trees_per_session_max),
        opens_per_session_max: count(written.opens_per_session, default.opens_per_session_max),
        credits_max: written.credits.map_or(default.credits_max, NonZeroU16::get),
        waiting_max: count(written.waiting_per_connection, default.waiting_max),
        // Nobody means more than a field of 32 bits can say.
        in_flight_bytes_max: written
            .in_flight
            .map_or(default.in_flight_bytes_max, |Size(bytes)| u32::try_from(bytes).unwrap_or(u32::MAX)),
        without_session_max: period(written.without_session, default.without_session_max),
        frame_time_max: period(written.frame_time, default.frame_time_max),
        stall_max: period(written.stall, default.stall_max),
    }
}

/// What stands in a file that says the same.
pub(super) fn written(limits: &smb::Limits) -> SmbLimits {
    SmbLimits {
        connections: NonZeroUsize::new(limits.connections_max),
        connections_per_address: NonZeroUsize::new(limits.connections_per_address_max),
        sessions_per_connection: NonZeroUsize::new(limits.sessions_per_connection_max),
        trees_per_session: NonZeroUsize::new(limits.trees_per_session_max),
        opens_per_session: NonZeroUsize::new(limits.opens_per_session_max),
        credits: NonZeroU16::new(limits.credits_max),
        waiting_per_connection: NonZeroUsize::new(limits.waiting_max),
        in_flight: Some(Size(limits.in_flight_bytes_max.into())),
        without_session: Some(Period(limits.without_session_max)),
        frame_time: Some(Period(limits.frame_time_max)),
        stall: Some(Period(limits.stall_max)),
    }
}

/// What is wrong with the limits, if anything is.
pub(super) fn wrong(limits: &smb::Limits) -> Option<String> {
    const IN_FLIGHT_MIN: u32 = 1 << 20;
    const TIME_MIN: Duration = Duration::from_secs(1);
    if limits.in_flight_bytes_max < IN_FLIGHT_MIN {
        return Some(format!("smb.limits.in_flight must be at least {}", Size(IN_FLIGHT_MIN.into())));
    }
    let times =
        [("without_session", limits.without_session_max), ("frame_time", limits.frame_time_max), ("stall", limits.stall_max)];
    let short = times.into_iter().find(|(_, time)| *time < TIME_MIN);
    short.map(|(key, time)| format!("smb.limits.{key} ({}) must be at least {}", Period(time), Period(TIME_MIN)))
}
