//! Values with a unit are read as written, printed as a person would write them, and refused when they are anything else.

use std::time::Duration;

use super::{Period, Size};

#[test]
fn periods_are_read_and_printed() {
    for (text, millis, printed) in [
        ("35s", 35_000, "35s"),
        ("50ms", 50, "50ms"),
        ("1.5s", 1_500, "1500ms"),
        ("90s", 90_000, "90s"),
        ("2 m", 120_000, "2m"),
        ("1h", 3_600_000, "1h"),
        ("0s", 0, "0ms"),
    ] {
        let period: Period = text.parse().expect(text);
        assert_eq!(period.0, Duration::from_millis(millis), "{text}");
        assert_eq!(period.to_string(), printed, "{text}");
        assert_eq!(printed.parse(), Ok(period), "{text}");
    }
}

#[test]
fn what_is_no_period_is_refused() {
    for text in ["", "35", "s", "35 seconds", "-1s", "1.s", ".5s", "1..5s", "1.0005s", "1,5s", "99999999999999999999s", "9999999h"]
    {
        let error = text.parse::<Period>().expect_err(text).to_string();
        assert!(error.starts_with(&format!("'{text}' is no length of time")), "{error}");
    }
}

#[test]
fn sizes_are_read_and_printed() {
    for (text, bytes, printed) in [("64MiB", 64 << 20, "64MiB"), ("0.5GiB", 512 << 20, "512MiB"), ("1000B", 1000, "1000B")] {
        let size: Size = text.parse().expect(text);
        assert_eq!((size.0, size.to_string().as_str()), (bytes, printed));
    }
    for text in ["", "64", "64MB", "64mib", "x"] {
        assert!(text.parse::<Size>().is_err(), "{text}");
    }
}
