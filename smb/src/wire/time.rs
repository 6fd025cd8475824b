//! FILETIME (MS-DTYP 2.3.3).

use std::time::{Duration, SystemTime};

use binrw::{BinRead, BinWrite};

/// Seconds from the beginning of 1601 to the beginning of 1970.
const UNIX_EPOCH_SECONDS: u64 = 11_644_473_600;
/// How many units a second has.
const UNITS_PER_SECOND: u64 = 10_000_000;
/// How many nanoseconds a unit has.
const NANOS_PER_UNIT: u32 = 100;

/// A moment, in units of 100 nanoseconds since the beginning of 1601 (UTC). Zero stands for "none"; what SET_INFO means by 0, -1 and
/// -2 is said at [`FileTime::KEEP`] and its neighbours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BinRead, BinWrite)]
#[brw(little)]
pub struct FileTime(pub u64);

impl FileTime {
    /// No time; in SET_INFO: leave this time as it is (MS-FSCC 2.4.7).
    pub const KEEP: FileTime = FileTime(0);
    /// In SET_INFO: from now on what is done through this open does not change this time (MS-FSCC 2.4.7, -1).
    pub const FREEZE: FileTime = FileTime(u64::MAX);
    /// In SET_INFO: from now on what is done through this open changes this time again (MS-FSCC 2.4.7, -2).
    pub const THAW: FileTime = FileTime(u64::MAX - 1);

    /// The moment of a system clock, rounded down to a unit. What lies before 1601 becomes zero, what lies too late the last moment.
    pub fn from_system(time: SystemTime) -> FileTime {
        let units = |since: Duration| {
            since.as_secs().saturating_mul(UNITS_PER_SECOND).saturating_add(u64::from(since.subsec_nanos() / NANOS_PER_UNIT))
        };
        let epoch = UNIX_EPOCH_SECONDS.saturating_mul(UNITS_PER_SECOND);
        match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => FileTime(epoch.saturating_add(units(after))),
            Err(before) => {
                let before = before.duration();
                // A fraction of a unit before the epoch belongs to the unit that begins earlier.
                let partial = u64::from(!before.subsec_nanos().is_multiple_of(NANOS_PER_UNIT));
                FileTime(epoch.saturating_sub(units(before).saturating_add(partial)))
            }
        }
    }

    /// The moment for a system clock; none if that can not hold it.
    pub fn to_system(self) -> Option<SystemTime> {
        let nanos = u32::try_from(self.0 % UNITS_PER_SECOND).ok()?.checked_mul(NANOS_PER_UNIT)?;
        let since_1601 = Duration::new(self.0 / UNITS_PER_SECOND, nanos);
        let epoch = Duration::from_secs(UNIX_EPOCH_SECONDS);
        match since_1601.checked_sub(epoch) {
            Some(after) => SystemTime::UNIX_EPOCH.checked_add(after),
            None => SystemTime::UNIX_EPOCH.checked_sub(epoch.checked_sub(since_1601)?),
        }
    }
}
