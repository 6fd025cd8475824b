//! Lease contexts of both versions, byte by byte.

use lease::{Caching, Epoch, Grant, GrantV2, LeaseKey, LeaseRequest, LeaseRequestV2};
use proptest::prelude::*;

use super::hex;
use crate::wire::WireError;
use crate::wire::lease_context::{LeaseContext, LeaseContextV2, LeaseFlags};

const KEY: LeaseKey = LeaseKey::from_u128(0x0001_0203_0405_0607_0809_0A0B_0C0D_0E0F);
const PARENT: LeaseKey = LeaseKey::from_u128(0xF0F1_F2F3_F4F5_F6F7_F8F9_FAFB_FCFD_FEFF);

/// R and H asked for in a v1 context. W is 4 and H is 2: two that were mixed up elsewhere.
const V1: &str = "000102030405060708090A0B0C0D0E0F 03000000 00000000 0000000000000000";
/// R, H and W in a v2 context, with a parent.
const V2: &str = "
    000102030405060708090A0B0C0D0E0F 07000000 04000000 0000000000000000
    F0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF 2A00 0000";

fn encoded(context: &LeaseContext) -> Vec<u8> {
    let mut bytes = Vec::new();
    context.encode(&mut bytes);
    bytes
}

#[test]
fn a_request_of_version_1() {
    let context = LeaseContext::decode(&hex(V1)).unwrap();
    assert_eq!(context, LeaseContext { key: KEY, state: 0x3, flags: LeaseFlags::empty(), v2: None });
    assert_eq!(context.request(), LeaseRequest { key: KEY, state: Caching::RH, v2: None });
    assert_eq!(encoded(&context), hex(V1));
}

#[test]
fn a_request_of_version_2() {
    let context = LeaseContext::decode(&hex(V2)).unwrap();
    let v2 = LeaseContextV2 { parent: PARENT, epoch: Epoch::new(42) };
    assert_eq!(context, LeaseContext { key: KEY, state: 0x7, flags: LeaseFlags::PARENT_LEASE_KEY_SET, v2: Some(v2) });
    let v2 = LeaseRequestV2 { epoch: Epoch::new(42), parent: Some(PARENT) };
    assert_eq!(context.request(), LeaseRequest { key: KEY, state: Caching::RWH, v2: Some(v2) });
    assert_eq!(encoded(&context), hex(V2));
}

#[test]
fn a_parents_key_without_its_flag_is_none() {
    let mut bytes = hex(V2);
    bytes[20] = 0;
    let request = LeaseContext::decode(&bytes).unwrap().request();
    assert_eq!(request.v2, Some(LeaseRequestV2 { epoch: Epoch::new(42), parent: None }));
}

#[test]
fn each_bit_of_the_state_is_its_own() {
    for (bits, state) in
        [(1, Caching::R), (3, Caching::RH), (5, Caching::RW), (7, Caching::RWH), (0, Caching::None), (2, Caching::None)]
    {
        let mut bytes = hex(V1);
        bytes[16] = bits;
        assert_eq!(LeaseContext::decode(&bytes).unwrap().request().state, state, "{bits}");
    }
}

#[test]
fn duration_and_reserved_are_ignored() {
    let mut bytes = hex(V2);
    bytes[24..32].fill(0xEE);
    bytes[50..52].fill(0xEE);
    assert_eq!(LeaseContext::decode(&bytes), LeaseContext::decode(&hex(V2)));
}

#[test]
fn a_response_of_version_1() {
    let grant = Grant { key: KEY, state: Caching::RW, breaking: true, v2: None };
    let expected = "000102030405060708090A0B0C0D0E0F 05000000 02000000 0000000000000000";
    assert_eq!(encoded(&LeaseContext::response(&grant)), hex(expected));
}

#[test]
fn a_response_of_version_2_names_the_parent_only_if_there_is_one() {
    let v2 = GrantV2 { epoch: Epoch::new(0x1234), parent: Some(PARENT) };
    let grant = Grant { key: KEY, state: Caching::RH, breaking: false, v2: Some(v2) };
    let expected = "
        000102030405060708090A0B0C0D0E0F 03000000 04000000 0000000000000000
        F0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF 3412 0000";
    assert_eq!(encoded(&LeaseContext::response(&grant)), hex(expected));
    let grant = Grant { v2: Some(GrantV2 { parent: None, ..v2 }), ..grant };
    let expected = "
        000102030405060708090A0B0C0D0E0F 03000000 00000000 0000000000000000
        00000000000000000000000000000000 3412 0000";
    assert_eq!(encoded(&LeaseContext::response(&grant)), hex(expected));
}

#[test]
fn no_other_length_is_a_lease_context() {
    for length in (0..80).filter(|length| ![32, 52].contains(length)) {
        assert_eq!(LeaseContext::decode(&vec![0; length]), Err(WireError::Value("the length of the lease context")), "{length}");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(key: u128, state: u32, flags: u32, v2: Option<(u128, u16)>) {
        let context = LeaseContext {
            key: LeaseKey::from_u128(key),
            state,
            flags: LeaseFlags::from_bits_retain(flags),
            v2: v2.map(|(parent, epoch)| LeaseContextV2 { parent: LeaseKey::from_u128(parent), epoch: Epoch::new(epoch) }),
        };
        prop_assert_eq!(LeaseContext::decode(&encoded(&context)), Ok(context));
    }
}
