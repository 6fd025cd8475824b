//! Breaks and their acknowledgements, byte by byte.

use lease::{Caching, Epoch, LeaseKey, OplockLevel};

use super::{body, hex, message};
use crate::wire::header::Command;
use crate::wire::oplock_break::{Acknowledgement, BreakNotification, LeaseAck, LeaseBreak, LeaseBreakFlags, OplockBreak};
use crate::wire::{FileId, WireError};

const KEY: LeaseKey = LeaseKey::from_u128(0x0001_0203_0405_0607_0809_0A0B_0C0D_0E0F);
/// RWH to RH with a new epoch of 42, to be acknowledged.
const NOTIFICATION: &str = "
    2C00 2A00 01000000 000102030405060708090A0B0C0D0E0F 07000000 03000000 00000000 00000000 00000000";
const ACKNOWLEDGEMENT: &str = "2400 0000 00000000 000102030405060708090A0B0C0D0E0F 03000000 0000000000000000";
/// To level II, of the open 0x1111/0x2222; the same bytes in all three directions.
const OPLOCK: &str = "1800 01 00 00000000 1111000000000000 2222000000000000";

#[test]
fn a_lease_break_notification() {
    let expected = LeaseBreak {
        epoch: Epoch::new(42),
        flags: LeaseBreakFlags::ACK_REQUIRED,
        key: KEY,
        current: Caching::RWH.bits(),
        new: Caching::RH.bits(),
    };
    let bytes = message(Command::OplockBreak, NOTIFICATION);
    assert_eq!(BreakNotification::decode(&bytes), Ok(BreakNotification::Lease(expected)));
    assert_eq!(body(Command::OplockBreak, |message| expected.encode(message)), hex(NOTIFICATION));
}

#[test]
fn a_lease_break_that_needs_no_answer_has_no_flag() {
    let lost = LeaseBreak { epoch: Epoch::new(0), flags: LeaseBreakFlags::empty(), key: KEY, current: 1, new: 0 };
    let expected = "2C00 0000 00000000 000102030405060708090A0B0C0D0E0F 01000000 00000000 00000000 00000000 00000000";
    assert_eq!(body(Command::OplockBreak, |message| lost.encode(message)), hex(expected));
}

#[test]
fn a_lease_break_acknowledgement_and_its_response() {
    let expected = LeaseAck { key: KEY, state: Caching::RH.bits() };
    let bytes = message(Command::OplockBreak, ACKNOWLEDGEMENT);
    assert_eq!(Acknowledgement::decode(&bytes), Ok(Acknowledgement::Lease(expected)));
    assert_eq!(LeaseAck::decode(&bytes), Ok(expected));
    assert_eq!(body(Command::OplockBreak, |message| expected.encode(message)), hex(ACKNOWLEDGEMENT));
}

#[test]
fn an_acknowledged_state_is_kept_bit_by_bit() {
    let mut bytes = message(Command::OplockBreak, ACKNOWLEDGEMENT);
    bytes[88..92].copy_from_slice(&[0x06, 0, 0, 0x80]);
    assert_eq!(LeaseAck::decode(&bytes).unwrap().state, 0x8000_0006);
}

#[test]
fn an_oplock_break_its_acknowledgement_and_its_response() {
    let expected = OplockBreak { level: OplockLevel::LevelII.to_byte(), file_id: FileId { persistent: 0x1111, volatile: 0x2222 } };
    let bytes = message(Command::OplockBreak, OPLOCK);
    assert_eq!(Acknowledgement::decode(&bytes), Ok(Acknowledgement::Oplock(expected)));
    assert_eq!(BreakNotification::decode(&bytes), Ok(BreakNotification::Oplock(expected)));
    assert_eq!(body(Command::OplockBreak, |message| expected.encode(message)), hex(OPLOCK));
}

#[test]
fn an_acknowledgement_of_another_size_is_none() {
    let mut bytes = message(Command::OplockBreak, ACKNOWLEDGEMENT);
    bytes[64] = 44;
    assert_eq!(Acknowledgement::decode(&bytes), Err(WireError::Mark("OPLOCK_BREAK")));
    let bytes = message(Command::OplockBreak, ACKNOWLEDGEMENT);
    assert_eq!(Acknowledgement::decode(&bytes[..99]), Err(WireError::Truncated("Lease Break Acknowledgment")));
    assert_eq!(Acknowledgement::decode(&bytes[..65]), Err(WireError::Truncated("OPLOCK_BREAK")));
}
