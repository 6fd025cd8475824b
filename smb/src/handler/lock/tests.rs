//! What an array of LOCK comes to (MS-SMB2 3.3.5.14).

use lease::{ByteRange, RangeLock};

use super::Asked;
use crate::wire::NtStatus;
use crate::wire::lock::{LockElement, LockFlags};

const NOW: LockFlags = LockFlags::FAIL_IMMEDIATELY;

fn element(offset: u64, flags: LockFlags) -> LockElement {
    LockElement { offset, length: 1, flags }
}

fn read(elements: &[(u64, LockFlags)]) -> Result<Asked, NtStatus> {
    let elements: Vec<_> = elements.iter().map(|(offset, flags)| element(*offset, *flags)).collect();
    Asked::read(&elements)
}

fn locked(offset: u64, exclusive: bool) -> RangeLock {
    RangeLock { range: ByteRange::new(offset, 1), exclusive }
}

#[test]
fn one_range_may_wait() {
    let locks = vec![locked(7, true)];
    assert_eq!(read(&[(7, LockFlags::EXCLUSIVE)]), Ok(Asked::Locks { locks: locks.clone(), wait: true }));
    assert_eq!(read(&[(7, LockFlags::EXCLUSIVE | NOW)]), Ok(Asked::Locks { locks, wait: false }));
}

#[test]
fn several_ranges_may_not_wait() {
    let locks = vec![locked(1, false), locked(2, true)];
    let asked = read(&[(1, LockFlags::SHARED | NOW), (2, LockFlags::EXCLUSIVE | NOW)]);
    assert_eq!(asked, Ok(Asked::Locks { locks, wait: false }));
    let asked = read(&[(1, LockFlags::SHARED | NOW), (2, LockFlags::EXCLUSIVE)]);
    assert_eq!(asked, Err(NtStatus::INVALID_PARAMETER));
}

#[test]
fn flags_that_mean_nothing_together_are_refused() {
    let both = LockFlags::SHARED | LockFlags::EXCLUSIVE;
    let unlocks = [LockFlags::SHARED, LockFlags::EXCLUSIVE, NOW].map(|flags| flags | LockFlags::UNLOCK);
    let unknown = LockFlags::from_bits_retain(!0x17);
    for flags in [LockFlags::empty(), NOW, both, both | NOW, unknown, unlocks[0], unlocks[1], unlocks[2]] {
        assert_eq!(read(&[(1, flags)]), Err(NtStatus::INVALID_PARAMETER), "{flags:?}");
    }
    assert_eq!(read(&[]), Err(NtStatus::INVALID_PARAMETER));
}

#[test]
fn what_is_unlocked_before_a_lock_stays_so() {
    let ranges = vec![ByteRange::new(1, 1), ByteRange::new(2, 1)];
    let (first, second) = ((1, LockFlags::UNLOCK), (2, LockFlags::UNLOCK));
    assert_eq!(read(&[first, second]), Ok(Asked::Unlocks { ranges: ranges.clone(), whole: true }));
    for odd in [LockFlags::EXCLUSIVE | NOW, LockFlags::empty(), LockFlags::UNLOCK | NOW] {
        assert_eq!(read(&[first, second, (3, odd)]), Ok(Asked::Unlocks { ranges: ranges.clone(), whole: false }));
    }
}

#[test]
fn nothing_is_locked_that_is_to_be_unlocked_in_the_same_breath() {
    assert_eq!(read(&[(1, LockFlags::EXCLUSIVE | NOW), (2, LockFlags::UNLOCK)]), Err(NtStatus::INVALID_PARAMETER));
}
