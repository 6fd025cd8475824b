//! Values of the configuration that have a unit: `35s`, `64MiB`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A length of time, written as a number and its unit: `50ms`, `35s`, `1.5s`, `2m`, `1h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Period(pub(crate) Duration);

/// A number of bytes, written as a number and its unit: `512KiB`, `64MiB`, `1GiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Size(pub(crate) u64);

/// A text that is no value of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is no {kind}")]
pub(crate) struct NotAValue {
    text: String,
    kind: &'static str,
}

/// Units of time and their milliseconds, largest first.
const TIMES: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
/// Units of size and their bytes, largest first.
const SIZES: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];
/// Nobody waits longer than this for anything; it also keeps sums of periods from overflowing.
const PERIOD_MAX_MILLIS: u64 = 365 * 24 * 3_600_000;

/// The value of `text` in the smallest of `units`, when it is a number with one decimal point at most followed by a unit.
fn scaled(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim_start())?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || (number.contains('.') && fraction.is_empty()) || fraction.len() > 6 {
        return None;
    }
    let mut total = whole.parse::<u64>().ok()?.checked_mul(*factor)?;
    if !fraction.is_empty() {
        let parts = 10_u64.pow(u32::try_from(fraction.len()).ok()?);
        let scaled = fraction.parse::<u64>().ok()?.checked_mul(*factor)?;
        if scaled % parts != 0 {
            return None;
        }
        total = total.checked_add(scaled / parts)?;
    }
    Some(total)
}

/// `value` in the largest unit in which it is a whole number.
fn unscaled(value: u64, units: &[(&str, u64)], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let fits = units.iter().find(|(_, factor)| value >= *factor && value.is_multiple_of(*factor));
    let (unit, factor) = fits.or(units.last()).copied().unwrap_or(("", 1));
    f.pad(&format!("{}{unit}", value / factor))
}

impl FromStr for Period {
    type Err = NotAValue;

    fn from_str(text: &str) -> Result<Period, NotAValue> {
        scaled(text, &TIMES)
            .filter(|millis| *millis <= PERIOD_MAX_MILLIS)
            .map(|millis| Period(Duration::from_millis(millis)))
            .ok_or_else(|| NotAValue {
                text: text.to_owned(),
                kind: "length of time: write a number and ms, s, m or h, as in \"35s\"",
            })
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        unscaled(u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX), &TIMES, f)
    }
}

impl FromStr for Size {
    type Err = NotAValue;

    fn from_str(text: &str) -> Result<Size, NotAValue> {
        scaled(text, &SIZES).map(Size).ok_or_else(|| NotAValue {
            text: text.to_owned(),
            kind: "size: write a number and B, KiB, MiB or GiB, as in \"64MiB\"",
        })
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        unscaled(self.0, &SIZES, f)
    }
}

/// Serde by the text form.
macro_rules! as_text {
    ($name:ident) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    };
}

as_text!(Period);
as_text!(Size);

#[cfg(test)]
#[path = "units_tests.rs"]
mod tests;
