//! Outcomes, times and names.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;

use super::hex;
use crate::wire::status::NAMED;
use crate::wire::{FileTime, NtStatus, WireError, text};

#[test]
fn outcomes_are_told_apart_by_number_and_by_name() {
    assert_eq!(NAMED.iter().collect::<BTreeSet<_>>().len(), NAMED.len());
    assert_eq!(NAMED.iter().map(|status| status.name().unwrap()).collect::<BTreeSet<_>>().len(), NAMED.len());
    assert_eq!(NtStatus::OBJECT_NAME_NOT_FOUND, NtStatus(0xC000_0034));
    assert_eq!(NtStatus::FILE_NOT_AVAILABLE.to_string(), "FILE_NOT_AVAILABLE");
    assert_eq!(NtStatus(0xC012_3456).to_string(), "0xC0123456");
}

#[test]
fn failures_and_warnings_are_told_from_success() {
    assert!(NtStatus::ACCESS_DENIED.is_error() && !NtStatus::ACCESS_DENIED.is_warning());
    assert!(NtStatus::NO_MORE_FILES.is_warning() && !NtStatus::NO_MORE_FILES.is_error());
    for fine in [NtStatus::SUCCESS, NtStatus::PENDING, NtStatus::NOTIFY_ENUM_DIR] {
        assert!(!fine.is_error() && !fine.is_warning());
    }
    assert!(NtStatus::SMB_NO_PREAUTH_INTEGRITY_HASH_OVERLAP.is_error());
}

#[test]
fn the_epoch_of_unix_in_filetime() {
    assert_eq!(FileTime::from_system(SystemTime::UNIX_EPOCH), FileTime(116_444_736_000_000_000));
    assert_eq!(FileTime(116_444_736_000_000_000).to_system(), Some(SystemTime::UNIX_EPOCH));
}

#[test]
fn times_around_the_epoch_are_rounded_down() {
    let epoch = FileTime::from_system(SystemTime::UNIX_EPOCH).0;
    assert_eq!(FileTime::from_system(SystemTime::UNIX_EPOCH + Duration::from_nanos(199)).0, epoch + 1);
    assert_eq!(FileTime::from_system(SystemTime::UNIX_EPOCH - Duration::from_nanos(1)).0, epoch - 1);
    assert_eq!(FileTime::from_system(SystemTime::UNIX_EPOCH - Duration::from_nanos(100)).0, epoch - 1);
    assert_eq!(FileTime::from_system(SystemTime::UNIX_EPOCH - Duration::from_nanos(101)).0, epoch - 2);
    assert_eq!(FileTime::from_system(SystemTime::UNIX_EPOCH - Duration::from_secs(11_644_473_601)), FileTime(0));
}

#[test]
fn names_are_utf_16_and_nothing_else() {
    assert_eq!(text::decode(&hex("6100 E400 3DD8 00DE"), "name").as_deref(), Ok("aä😀"));
    assert_eq!(text::encode("aä😀"), hex("6100 E400 3DD8 00DE"));
    assert_eq!(text::length("aä😀"), 8);
    for wrong in ["61", "3DD8", "00DE 3DD8", "3DD8 6100"] {
        assert_eq!(text::decode(&hex(wrong), "name"), Err(WireError::Text("name")), "{wrong}");
    }
}

proptest! {
    #[test]
    fn times_survive_a_system_clock(units: u64) {
        prop_assert_eq!(FileTime(units).to_system().map(FileTime::from_system), Some(FileTime(units)));
    }

    #[test]
    fn names_come_back(name in any::<String>()) {
        let bytes = text::encode(&name);
        prop_assert_eq!(bytes.len(), text::length(&name));
        prop_assert_eq!(text::decode(&bytes, "name"), Ok(name));
    }
}
