//! Bytes that others published.

use hex_literal::hex;

use super::super::ntlm::{
    Challenged, FLAGS_OF_EXAMPLE, KEY_56, KEY_EXCH, Side, ntowf_v2, rc4, seal_key, session_base_key, sign, sign_key,
};
use super::client::utf16;
use super::*;
use crate::crypto::example::{SESSION_KEY_311, SETUP_REQUEST_1, SETUP_REQUEST_2, SETUP_RESPONSE_1, SETUP_RESPONSE_2};

/// Where the security buffer of a SESSION_SETUP request is, and of a response.
const IN_REQUEST: usize = 88;
const IN_RESPONSE: usize = 72;

#[test]
fn hashes_and_keys_of_ms_nlmp_4_2_4() {
    assert_eq!(nt_hash("Password"), hex!("a4f49c406510bdcab6824ee7c30fd852"));
    let key = ntowf_v2(&nt_hash("Password"), "User", &utf16("Domain"));
    assert_eq!(key, hex!("0c868a403bfd7a93a3001ef22ef02e3f"));
    let base = session_base_key(&key, &hex!("68cd0ab851e51c96aabc927bebef6a1c"));
    assert_eq!(base, hex!("8de40ccadbc14a82f15cb0ad0de95ca3"));
    assert_eq!(rc4(&base, [0x55; 16]), hex!("c5dad2544fc9799094ce1ce90bc9d03e"));
    assert_eq!(seal_key(&[0x55; 16], FLAGS_OF_EXAMPLE, Side::Client), hex!("59f600973cc4960a25480a7c196e4c58"));
    assert_eq!(sign_key(&[0x55; 16], Side::Client), hex!("4788dc861b4782f35d43fd98fe1a2d39"));
}

#[test]
fn keys_of_ms_nlmp_4_2_3_are_cut_to_56_bits() {
    let key = hex!("eb93429a8bd952f8b89c55b87f475edc");
    assert_eq!(seal_key(&key, KEY_56, Side::Client), hex!("04dd7f014d8504d265a25cc86a3a7c06"));
    assert_eq!(sign_key(&key, Side::Client), hex!("60e799be5c72fc92922ae8ebe961fb8d"));
    assert_ne!(seal_key(&key, 0, Side::Client), seal_key(&key, KEY_56, Side::Client));
}

#[test]
fn the_authenticate_of_ms_nlmp_4_2_4_3_is_accepted() {
    let negotiate = [b"NTLMSSP\0", &1u32.to_le_bytes()[..], &FLAGS_OF_EXAMPLE.to_le_bytes(), &[0; 16]].concat();
    let mut acceptor = Acceptor::with_challenge(&ServerNames::new("Server"), hex!("0123456789abcdef"), 0);
    let users = Users::parse("user:A4F49C406510BDCAB6824EE7C30FD852").unwrap();
    let challenge = token_of(acceptor.step(&negotiate, &users).unwrap());
    assert_eq!(challenge[24..32], hex!("0123456789abcdef"));
    let authenticate = hex!(
        "4e544c4d5353500003000000180018006c00000054005400840000000c000c00"
        "480000000800080054000000100010005c00000010001000d8000000358288e2"
        "0501280a0000000f44006f006d00610069006e00550073006500720043004f00"
        "4d005000550054004500520086c35097ac9cec102554764a57cccc19aaaaaaaa"
        "aaaaaaaa68cd0ab851e51c96aabc927bebef6a1c010100000000000000000000"
        "00000000aaaaaaaaaaaaaaaa0000000002000c0044006f006d00610069006e00"
        "01000c005300650072007600650072000000000000000000c5dad2544fc97990"
        "94ce1ce90bc9d03e"
    );
    let identity = Identity::User("user".to_owned());
    assert_eq!(acceptor.step(&authenticate, &users), Ok(Step::Done { token: vec![], identity, session_key: [0x55; 16] }));
}

/// The whole exchange of two Windows machines: proof, exchanged key, MIC of the messages, mechListMIC and its answer.
#[test]
fn the_exchange_of_windows_is_accepted_as_windows_did() {
    let negotiate = &SETUP_REQUEST_1[SETUP_REQUEST_1.len() - 40..];
    let challenge = client::challenge_in(&SETUP_RESPONSE_1[IN_RESPONSE..]);
    let ntlm = Challenged::given(negotiate, &challenge, hex!("0D1D8BA31179D008"));
    let mut acceptor = Acceptor::challenged(ntlm, &hex!("300C060A2B06010401823702020A"));
    let done = Step::Done {
        token: SETUP_RESPONSE_2[IN_RESPONSE..].to_vec(),
        identity: Identity::User("administrator".to_owned()),
        session_key: SESSION_KEY_311,
    };
    assert_eq!(acceptor.step(&SETUP_REQUEST_2[IN_REQUEST..], &accounts()), Ok(done));
}

#[test]
fn the_token_of_windows_is_understood_and_answered_alike() {
    let mut acceptor = acceptor();
    let token = token_of(acceptor.step(&SETUP_REQUEST_1[IN_REQUEST..], &accounts()).unwrap());
    // NegTokenResp, accept-incomplete, NTLMSSP, a token: the same frame up to its lengths.
    let windows = &SETUP_RESPONSE_1[IN_RESPONSE..];
    assert_eq!((token[0], token[3]), (windows[0], windows[3]));
    assert_eq!(token[6..25], windows[6..25]);
    let (ours, theirs) = (client::challenge_in(&token), client::challenge_in(windows));
    assert_eq!(ours[..12], theirs[..12]);
    // The flags of Windows' challenge, to the bit.
    assert_eq!(ours[20..24], theirs[20..24]);
}

#[test]
fn signatures_of_windows_over_the_list_of_mechanisms() {
    let mechanisms = hex!("300C060A2B06010401823702020A");
    let flags = 0xE288_8215;
    assert_eq!(sign(&SESSION_KEY_311, flags, Side::Client, &mechanisms), Ok(hex!("0100000063775A9A5FD97F0600000000")));
    assert_eq!(sign(&SESSION_KEY_311, flags, Side::Server, &mechanisms), Ok(hex!("010000003B453CDC3524164200000000")));
    assert_eq!(sign_key(&SESSION_KEY_311, Side::Client), hex!("D43F36C44BCE0630250A09EA0C2E8C2C"));
    assert_eq!(sign_key(&SESSION_KEY_311, Side::Server), hex!("E1BD8B416B0B709D295E12F2CF18E6C5"));
    assert_eq!(seal_key(&SESSION_KEY_311, flags, Side::Client), hex!("31E5557D99BE13F1B2665C7C7C52CE70"));
    assert_eq!(seal_key(&SESSION_KEY_311, flags, Side::Server), hex!("B0F5A0B32C81FF34A878E1409B3B0EF2"));
}

#[test]
fn without_key_exchange_the_checksum_is_not_encrypted() {
    let with = sign(&SESSION_KEY_311, 0xE288_8215, Side::Client, b"list").unwrap();
    let without = sign(&SESSION_KEY_311, 0xE288_8215 & !KEY_EXCH, Side::Client, b"list").unwrap();
    // RC4 of the one is the other.
    let mut expected = [0; 16];
    expected[..8].copy_from_slice(&without[4..12]);
    let encrypted = rc4(&seal_key(&SESSION_KEY_311, 0xE288_8215, Side::Client), expected);
    assert_eq!(with[4..12], encrypted[..8]);
    assert_ne!(with, without);
}

#[test]
fn the_challenge_byte_for_byte() {
    let mut acceptor = acceptor();
    let challenge = token_of(acceptor.step(&client::Client::new("", "").negotiate(), &accounts()).unwrap());
    let expected = hex!(
        "4e544c4d5353500002000000 0c000c0038000000 3582 8a e2 0102030405060708 0000000000000000 5800580044000000 060100000000000f"
        "540045004e00550052004500"
        "02000c00 540045004e00550052004500 01000c00 540045004e00550052004500"
        "03002400 740065006e007500720065002e006500780061006d0070006c0065002e006f0072006700"
        "07000800 a1a1f5adcbaed001 00000000"
    );
    let mut expected = expected.to_vec();
    // The client of these tests does not ask for ALWAYS_SIGN.
    expected[21] &= 0x7F;
    assert_eq!(challenge, expected);
}

#[test]
fn the_token_of_negotiate_byte_for_byte() {
    let expected = hex!(
        "6048 06062b0601050502 a03e 303c a00e 300c 060a2b06010401823702020a"
        "a32a 3028 a026 1b24 6e6f745f646566696e65645f696e5f5246433431373840706c656173655f69676e6f7265"
    );
    assert_eq!(initial_token(), expected);
}
