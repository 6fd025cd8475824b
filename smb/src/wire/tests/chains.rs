//! Chains of create contexts: names and data byte by byte, and chains that are none.

use lease::{AppInstanceId, CreateGuid, Epoch, LeaseKey};
use proptest::prelude::*;

use super::hex;
use crate::wire::create::contexts::{
    AppInstanceVersion, CONTEXTS_MAX, CreateContexts, DurableFlags, DurableReconnectV2, DurableRequestV2, RawContext,
};
use crate::wire::create::response::{DurableResponseV2, MaximalAccess, OnDiskId};
use crate::wire::create::{AccessMask, ResponseContexts};
use crate::wire::lease_context::{LeaseContext, LeaseContextV2, LeaseFlags};
use crate::wire::{FileId, FileTime, NtStatus, WireError};

const GUID: &str = "000102030405060708090A0B0C0D0E0F";
const GUID_NUMBER: u128 = 0x0001_0203_0405_0607_0809_0A0B_0C0D_0E0F;
const ID: FileId = FileId { persistent: 0x1111, volatile: 0x2222 };
const ID_BYTES: &str = "1111000000000000 2222000000000000";

/// One context with a name of four letters: the fixed part, the name, four bytes of padding, the data.
fn one(name: &str, data: &str) -> Vec<u8> {
    let data = hex(data);
    let mut bytes = hex("00000000 1000 0400 0000");
    let offset: u16 = if data.is_empty() { 0 } else { 24 };
    bytes.extend(offset.to_le_bytes());
    bytes.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
    bytes.extend(name.as_bytes());
    if !data.is_empty() {
        bytes.extend([0; 4]);
        bytes.extend(data);
    }
    bytes
}

/// Whether these contexts are written as these bytes and read from them.
fn both_ways(contexts: &CreateContexts<'_>, bytes: &[u8]) {
    assert_eq!(CreateContexts::decode(bytes).as_ref(), Ok(contexts));
    assert_eq!(contexts.chain(), bytes);
}

#[test]
fn a_lease() {
    let v1 = LeaseContext { key: LeaseKey::from_u128(GUID_NUMBER), state: 7, flags: LeaseFlags::empty(), v2: None };
    let bytes = one("RqLs", &format!("{GUID} 07000000 00000000 0000000000000000"));
    both_ways(&CreateContexts { lease: Some(v1), ..CreateContexts::default() }, &bytes);
    let v2 = LeaseContextV2 { parent: LeaseKey::from_u128(GUID_NUMBER), epoch: Epoch::new(42) };
    let lease = LeaseContext { flags: LeaseFlags::PARENT_LEASE_KEY_SET, v2: Some(v2), ..v1 };
    let bytes = one("RqLs", &format!("{GUID} 07000000 04000000 0000000000000000 {GUID} 2A00 0000"));
    both_ways(&CreateContexts { lease: Some(lease), ..CreateContexts::default() }, &bytes);
}

#[test]
fn durable_opens() {
    both_ways(&CreateContexts { durable: true, ..CreateContexts::default() }, &one("DHnQ", &"00".repeat(16)));
    both_ways(&CreateContexts { durable_reconnect: Some(ID), ..CreateContexts::default() }, &one("DHnC", ID_BYTES));
    let create_guid = CreateGuid::from_u128(GUID_NUMBER);
    let durable = DurableRequestV2 { timeout: 60_000, flags: DurableFlags::PERSISTENT, create_guid };
    let bytes = one("DH2Q", &format!("60EA0000 02000000 0000000000000000 {GUID}"));
    both_ways(&CreateContexts { durable_v2: Some(durable), ..CreateContexts::default() }, &bytes);
    let reconnect = DurableReconnectV2 { file_id: ID, create_guid, flags: DurableFlags::PERSISTENT };
    let bytes = one("DH2C", &format!("{ID_BYTES} {GUID} 02000000"));
    both_ways(&CreateContexts { durable_reconnect_v2: Some(reconnect), ..CreateContexts::default() }, &bytes);
}

#[test]
fn questions_and_wishes() {
    both_ways(&CreateContexts { maximal_access: Some(None), ..CreateContexts::default() }, &one("MxAc", ""));
    let since = Some(Some(FileTime(0x1234)));
    both_ways(&CreateContexts { maximal_access: since, ..CreateContexts::default() }, &one("MxAc", "3412000000000000"));
    both_ways(&CreateContexts { on_disk_id: true, ..CreateContexts::default() }, &one("QFid", ""));
    both_ways(&CreateContexts { allocation_size: Some(0x1234), ..CreateContexts::default() }, &one("AlSi", "3412000000000000"));
    let timewarp = Some(FileTime(0x1234));
    both_ways(&CreateContexts { timewarp, ..CreateContexts::default() }, &one("TWrp", "3412000000000000"));
    both_ways(&CreateContexts { extended_attributes: Some(b"abc"), ..CreateContexts::default() }, &one("ExtA", "616263"));
    both_ways(&CreateContexts { security_descriptor: Some(b"abc"), ..CreateContexts::default() }, &one("SecD", "616263"));
}

#[test]
fn applications_have_names_of_sixteen_bytes() {
    let id = AppInstanceId::from_u128(GUID_NUMBER);
    let bytes = hex(&format!("00000000 1000 1000 0000 2000 14000000 45BCA66AEFA7F74A9008FA462E144D74 1400 0000 {GUID}"));
    both_ways(&CreateContexts { app_instance_id: Some(id), ..CreateContexts::default() }, &bytes);
    let version = AppInstanceVersion { high: 1, low: 0x1234 };
    let bytes = hex("00000000 1000 1000 0000 2000 18000000 B982D0B73B56074FA07B524A8116A010 1800 0000 00000000
         0100000000000000 3412000000000000");
    both_ways(&CreateContexts { app_instance_version: Some(version), ..CreateContexts::default() }, &bytes);
}

#[test]
fn contexts_are_chained_and_aligned() {
    let contexts = CreateContexts {
        durable: true,
        maximal_access: Some(None),
        others: vec![RawContext { name: b"xxxx", data: b"abc" }],
        ..CreateContexts::default()
    };
    let mut expected = one("DHnQ", &"00".repeat(16));
    expected[0] = 40;
    expected.extend(one("MxAc", ""));
    expected[40] = 24;
    expected.extend([0; 4]);
    expected.extend(one("xxxx", "616263"));
    both_ways(&contexts, &expected);
}

#[test]
fn a_name_that_nobody_knows_is_kept_and_does_no_harm() {
    let bytes = one("abcd", "FF");
    let contexts = CreateContexts::decode(&bytes).unwrap();
    assert_eq!(contexts, CreateContexts { others: vec![RawContext { name: b"abcd", data: &[0xFF] }], ..CreateContexts::default() });
}

#[test]
fn the_first_of_two_contexts_with_one_name_counts() {
    let mut bytes = one("AlSi", "0100000000000000");
    bytes[0] = 32;
    bytes.extend(one("AlSi", "0200000000000000"));
    assert_eq!(CreateContexts::decode(&bytes).unwrap().allocation_size, Some(1));
}

#[test]
fn name_and_data_lie_where_their_offsets_say() {
    // The name eight bytes further on, the data right behind it and not aligned.
    let bytes = hex("00000000 1800 0400 0000 1C00 08000000 FFFFFFFFFFFFFFFF 416C5369 3412000000000000");
    assert_eq!(CreateContexts::decode(&bytes).unwrap().allocation_size, Some(0x1234));
}

#[test]
fn known_contexts_have_one_length() {
    for (name, lengths) in [
        ("DHnQ", &[16][..]),
        ("DHnC", &[16]),
        ("DH2Q", &[32]),
        ("DH2C", &[36]),
        ("MxAc", &[0, 8]),
        ("AlSi", &[8]),
        ("TWrp", &[8]),
        ("RqLs", &[32, 52]),
    ] {
        for length in 0..80 {
            let chain = one(name, &"00".repeat(length));
            let decoded = CreateContexts::decode(&chain);
            assert_eq!(decoded.is_ok(), lengths.contains(&length), "{name} {length}");
        }
    }
}

#[test]
fn a_chain_that_is_not_well_formed_is_an_error() {
    let good = one("AlSi", "0100000000000000");
    assert!(CreateContexts::decode(&good).is_ok());
    // What is changed, at which byte, to what.
    for (what, at, to) in [
        ("the next one begins in this one", 0, 8),
        ("the next one is not aligned", 0, 20),
        ("the next one begins where this one ends, and there is nothing", 0, 32),
        ("the next one is outside", 0, 40),
        ("the name is shorter than four bytes", 6, 3),
        ("there is no name", 6, 0),
        ("the name reaches outside", 6, 30),
        ("the name begins in the fixed part", 4, 8),
        ("the name begins outside", 4, 200),
        ("the data begins in the name", 10, 16),
        ("the data reaches outside", 10, 25),
        ("the data is longer than the context", 12, 9),
        ("the data is endless", 15, 0xFF),
    ] {
        let mut bad = good.clone();
        bad[at] = to;
        assert!(CreateContexts::decode(&bad).is_err(), "{what}");
    }
    for length in 1..32 {
        assert!(CreateContexts::decode(&good[..length]).is_err(), "{length} bytes");
    }
    assert_eq!(CreateContexts::decode(&[]), Ok(CreateContexts::default()));
}

#[test]
fn a_chain_has_a_limit() {
    let chain = |count: usize| {
        let others = vec![RawContext { name: b"xxxx", data: &[] }; count];
        CreateContexts { others, ..CreateContexts::default() }.chain()
    };
    assert_eq!(CreateContexts::decode(&chain(CONTEXTS_MAX)).unwrap().others.len(), CONTEXTS_MAX);
    assert_eq!(CreateContexts::decode(&chain(CONTEXTS_MAX + 1)), Err(WireError::TooLong("the chain of create contexts")));
}

#[test]
fn contexts_of_a_response() {
    let contexts = ResponseContexts {
        lease: Some(LeaseContext {
            key: LeaseKey::from_u128(GUID_NUMBER),
            state: 3,
            flags: LeaseFlags::BREAK_IN_PROGRESS,
            v2: None,
        }),
        durable: true,
        durable_v2: Some(DurableResponseV2 { timeout: 60_000, flags: DurableFlags::PERSISTENT }),
        maximal_access: Some(MaximalAccess { status: NtStatus::SUCCESS, access: AccessMask::FILE_ALL }),
        on_disk_id: Some(OnDiskId { file: 0x1234, volume: 0x5678 }),
    };
    let mut expected = one("RqLs", &format!("{GUID} 03000000 02000000 0000000000000000"));
    expected[0] = 56;
    for (name, data, next) in [
        ("DHnQ", "0000000000000000", 32),
        ("DH2Q", "60EA0000 02000000", 32),
        ("MxAc", "00000000 FF011F00", 32),
        ("QFid", "3412000000000000 7856000000000000 00000000000000000000000000000000", 0),
    ] {
        let mut context = one(name, data);
        context[0] = next;
        expected.extend(context);
    }
    assert_eq!(contexts.chain(), expected);
    assert_eq!(ResponseContexts::decode(&expected), Ok(contexts));
    assert_eq!(ResponseContexts::default().chain(), Vec::<u8>::new());
}

/// A lease, whether it is durable, the allocation size, a durable handle of version 2, and contexts that nobody knows.
type AnyContexts = (Option<(u128, u32, Option<u16>)>, bool, Option<u64>, Option<(u32, u128)>, Vec<(Vec<u8>, Vec<u8>)>);

/// A few of everything; the rest of the fields have their literal tests.
fn any_contexts() -> impl Strategy<Value = AnyContexts> {
    let raw = (proptest::collection::vec(b'a'..=b'z', 4..20), proptest::collection::vec(any::<u8>(), 0..40));
    (
        any::<Option<(u128, u32, Option<u16>)>>(),
        any::<bool>(),
        any::<Option<u64>>(),
        any::<Option<(u32, u128)>>(),
        proptest::collection::vec(raw, 0..6),
    )
}

proptest! {
    #[test]
    fn what_is_chained_is_read_again((lease, durable, allocation_size, v2, raw) in any_contexts()) {
        let contexts = CreateContexts {
            lease: lease.map(|(key, state, epoch)| LeaseContext {
                key: LeaseKey::from_u128(key),
                state,
                flags: LeaseFlags::empty(),
                v2: epoch.map(|epoch| LeaseContextV2 { parent: LeaseKey::from_u128(key), epoch: Epoch::new(epoch) }),
            }),
            durable,
            allocation_size,
            durable_v2: v2.map(|(timeout, guid)| DurableRequestV2 {
                timeout,
                flags: DurableFlags::empty(),
                create_guid: CreateGuid::from_u128(guid),
            }),
            others: raw.iter().map(|(name, data)| RawContext { name, data }).collect(),
            ..CreateContexts::default()
        };
        let chain = contexts.chain();
        prop_assert_eq!(CreateContexts::decode(&chain), Ok(contexts.clone()));
    }
}
