//! NEGOTIATE in SMB1 and SMB2, and SESSION_SETUP.

use lease::ClientGuid;
use proptest::prelude::*;

use super::{begin, body, hex, message};
use crate::wire::header::Command;
use crate::wire::negotiate::contexts::{CONTEXTS_MAX, TransportFlags};
use crate::wire::negotiate::{
    Capabilities, Cipher, Dialect, HashAlgorithm, NegotiateContext, NegotiateRequest, NegotiateResponse, SecurityMode,
    SigningAlgorithm,
};
use crate::wire::session_setup::{SessionFlags, SessionSetupFlags, SessionSetupRequest, SessionSetupResponse};
use crate::wire::smb1::Smb1Negotiate;
use crate::wire::{FileTime, WireError};

const GUID: &str = "000102030405060708090A0B0C0D0E0F";

fn request(dialects: &[Dialect], contexts: Vec<NegotiateContext>) -> NegotiateRequest {
    NegotiateRequest {
        security_mode: SecurityMode::SIGNING_ENABLED,
        capabilities: Capabilities::LEASING | Capabilities::LARGE_MTU,
        client_guid: ClientGuid::from_u128(0x0001_0203_0405_0607_0809_0A0B_0C0D_0E0F),
        dialects: dialects.to_vec(),
        contexts,
    }
}

/// Two dialects end at 104, a multiple of eight; the contexts begin there.
fn modern() -> (NegotiateRequest, String) {
    let contexts = vec![
        NegotiateContext::Preauth { hashes: vec![HashAlgorithm::SHA_512], salt: vec![0xAA; 3] },
        NegotiateContext::Encryption(vec![Cipher::AES_128_GCM, Cipher::AES_128_CCM]),
        NegotiateContext::NetName("ab".to_owned()),
        NegotiateContext::Signing(vec![SigningAlgorithm::AES_GMAC]),
        NegotiateContext::Transport(TransportFlags::ACCEPT_TRANSPORT_LEVEL_SECURITY),
        NegotiateContext::Other { kind: 3, data: vec![1, 2] },
    ];
    let digits = format!(
        "2400 0200 0100 0000 06000000 {GUID} 68000000 0600 0000 0203 1103
         0100 0900 00000000 0100 0300 0100 AAAAAA 00000000000000
         0200 0600 00000000 0200 0200 0100 0000
         0500 0400 00000000 61006200 00000000
         0800 0400 00000000 0100 0200 00000000
         0600 0400 00000000 01000000 00000000
         0300 0200 00000000 0102"
    );
    (request(&[Dialect::SMB_3_0_2, Dialect::SMB_3_1_1], contexts), digits)
}

#[test]
fn a_request_of_older_dialects() {
    let digits = format!("2400 0300 0100 0000 06000000 {GUID} 00000000 0000 0000 0202 1002 0003");
    let old = request(&[Dialect::SMB_2_0_2, Dialect::SMB_2_1, Dialect::SMB_3_0], Vec::new());
    let bytes = message(Command::Negotiate, &digits);
    assert_eq!(NegotiateRequest::decode(&bytes), Ok(old.clone()));
    assert_eq!(body(Command::Negotiate, |message| old.encode(message)), hex(&digits));
    assert_eq!(NegotiateRequest::decode(&bytes[..bytes.len() - 1]), Err(WireError::Range("Dialects")));
}

#[test]
fn a_request_with_contexts() {
    let (modern, digits) = modern();
    assert_eq!(NegotiateRequest::decode(&message(Command::Negotiate, &digits)), Ok(modern.clone()));
    assert_eq!(body(Command::Negotiate, |message| modern.encode(message)), hex(&digits));
}

#[test]
fn without_the_newest_dialect_there_are_no_contexts() {
    // ClientStartTime lies in the place of what is said of contexts.
    let digits = format!("2400 0100 0100 0000 06000000 {GUID} FFFFFFFF FFFF FFFF 0203");
    let old = request(&[Dialect::SMB_3_0_2], Vec::new());
    assert_eq!(NegotiateRequest::decode(&message(Command::Negotiate, &digits)), Ok(old));
}

#[test]
fn contexts_that_can_not_be_read() {
    let (_, digits) = modern();
    let good = message(Command::Negotiate, &digits);
    for (what, at, to) in [
        ("they begin outside", 64 + 29, 0xFF),
        ("there are more than there are", 64 + 32, 7),
        ("one is longer than the message", 64 + 40 + 3, 0xFF),
        ("the hashes are longer than their context", 64 + 48, 9),
        ("the salt is longer than its context", 64 + 50, 9),
        ("the ciphers are longer than their context", 64 + 40 + 24 + 8, 3),
    ] {
        let mut bad = good.clone();
        bad[at] = to;
        assert!(NegotiateRequest::decode(&bad).is_err(), "{what}");
    }
    assert!(NegotiateRequest::decode(&good[..good.len() - 1]).is_err());
}

#[test]
fn contexts_have_a_limit() {
    let many = |count: usize| {
        let mut bytes = begin(Command::Negotiate);
        request(&[Dialect::SMB_3_1_1], vec![NegotiateContext::Encryption(Vec::new()); count]).encode(&mut bytes);
        NegotiateRequest::decode(&bytes)
    };
    assert_eq!(many(CONTEXTS_MAX).unwrap().contexts.len(), CONTEXTS_MAX);
    assert_eq!(many(CONTEXTS_MAX + 1), Err(WireError::TooLong("NegotiateContextList")));
}

#[test]
fn a_response() {
    let response = NegotiateResponse {
        security_mode: SecurityMode::SIGNING_ENABLED,
        dialect: Dialect::SMB_3_1_1,
        server_guid: [7; 16],
        capabilities: Capabilities::LEASING | Capabilities::DIRECTORY_LEASING,
        max_transact_size: 0x0010_0000,
        max_read_size: 0x0080_0000,
        max_write_size: 0x0080_0000,
        system_time: FileTime(1),
        server_start_time: FileTime(0),
        security_buffer: b"abc".to_vec(),
        contexts: vec![NegotiateContext::Preauth { hashes: vec![HashAlgorithm::SHA_512], salt: vec![0xAA; 2] }],
    };
    let fixed = "
        07070707070707070707070707070707 22000000 00001000 00008000 00008000 0100000000000000 0000000000000000 8000 0300";
    let digits = format!("4100 0100 1103 0100 {fixed} 88000000 616263 0000000000 0100 0800 00000000 0100 0200 0100 AAAA");
    assert_eq!(body(Command::Negotiate, |message| response.encode(message)), hex(&digits));
    assert_eq!(NegotiateResponse::decode(&message(Command::Negotiate, &digits)), Ok(response.clone()));
    let old = NegotiateResponse { dialect: Dialect::SMB_3_0_2, contexts: Vec::new(), ..response };
    let digits = format!("4100 0100 0203 0000 {fixed} 00000000 616263");
    assert_eq!(body(Command::Negotiate, |message| old.encode(message)), hex(&digits));
    assert_eq!(NegotiateResponse::decode(&message(Command::Negotiate, &digits)), Ok(old));
}

#[test]
fn dialects_are_ordered() {
    assert!(Dialect::SMB_3_0.is_3x() && Dialect::SMB_3_1_1.is_3x());
    assert!(!Dialect::SMB_2_1.is_3x() && !Dialect::WILDCARD.is_3x());
}

fn smb1(command: u8, words: u8, dialects: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xFF, b'S', b'M', b'B', command];
    bytes.resize(32, 0);
    bytes.push(words);
    bytes.resize(33 + 2 * usize::from(words), 0);
    bytes.extend(u16::try_from(dialects.len()).unwrap().to_le_bytes());
    bytes.extend(dialects);
    bytes
}

#[test]
fn smb1_can_ask_for_smb2() {
    let ask = |dialects: &[u8]| Smb1Negotiate::decode(&smb1(0x72, 0, dialects));
    let found = |smb_2_002, smb_2_wildcard| Ok(Smb1Negotiate { smb_2_002, smb_2_wildcard });
    assert_eq!(ask(b"\x02NT LM 0.12\0\x02SMB 2.002\0\x02SMB 2.???\0"), found(true, true));
    assert_eq!(ask(b"\x02NT LM 0.12\0\x02SMB 2.002\0"), found(true, false));
    assert_eq!(ask(b"\x02NT LM 0.12\0"), found(false, false));
    assert_eq!(ask(b"SMB 2.???\0"), found(false, false));
    assert_eq!(ask(b""), found(false, false));
    assert_eq!(Smb1Negotiate::decode(&smb1(0x72, 2, b"\x02SMB 2.???\0")), found(false, true));
    assert_eq!(Smb1Negotiate::decode(&smb1(0x73, 0, b"\x02SMB 2.???\0")), Err(WireError::Mark("SMB_COM_NEGOTIATE")));
    let good = smb1(0x72, 0, b"\x02SMB 2.???\0");
    assert!(Smb1Negotiate::is_smb1(&good));
    assert_eq!(Smb1Negotiate::decode(&good[..good.len() - 1]), Err(WireError::Range("Dialects")));
    assert_eq!(Smb1Negotiate::decode(&good[..32]), Err(WireError::Truncated("SMB_COM_NEGOTIATE")));
    assert!(Smb1Negotiate::decode(&begin(Command::Negotiate)).is_err());
}

#[test]
fn session_setup() {
    let request = SessionSetupRequest {
        flags: SessionSetupFlags::BINDING,
        security_mode: SecurityMode::SIGNING_REQUIRED,
        capabilities: Capabilities::DFS,
        previous_session_id: 0x1234,
        security_buffer: b"abc",
    };
    let digits = "1900 01 02 01000000 00000000 5800 0300 3412000000000000 616263";
    let bytes = message(Command::SessionSetup, digits);
    assert_eq!(SessionSetupRequest::decode(&bytes), Ok(request));
    assert_eq!(body(Command::SessionSetup, |message| request.encode(message)), hex(digits));
    assert_eq!(SessionSetupRequest::decode(&bytes[..bytes.len() - 1]), Err(WireError::Range("SecurityBuffer")));
    let response = SessionSetupResponse { flags: SessionFlags::IS_NULL, security_buffer: b"abc" };
    let digits = "0900 0200 4800 0300 616263";
    assert_eq!(body(Command::SessionSetup, |message| response.encode(message)), hex(digits));
    assert_eq!(SessionSetupResponse::decode(&message(Command::SessionSetup, digits)), Ok(response));
}

proptest! {
    #[test]
    fn what_is_offered_is_read_again(
        dialects in proptest::collection::vec(any::<u16>().prop_map(Dialect), 0..6),
        salt in proptest::collection::vec(any::<u8>(), 0..40),
        ciphers in proptest::collection::vec(any::<u16>().prop_map(Cipher), 0..5),
        name in "[a-zä]{0,12}",
        kind in 100u16..,
    ) {
        let contexts = vec![
            NegotiateContext::Preauth { hashes: vec![HashAlgorithm::SHA_512], salt: salt.clone() },
            NegotiateContext::Encryption(ciphers),
            NegotiateContext::NetName(name),
            NegotiateContext::Other { kind, data: salt },
        ];
        let mut dialects = dialects;
        dialects.push(Dialect::SMB_3_1_1);
        let request = request(&dialects, contexts);
        let mut bytes = begin(Command::Negotiate);
        request.encode(&mut bytes);
        prop_assert_eq!(NegotiateRequest::decode(&bytes), Ok(request));
    }
}
