//! Tokens that are not what they should be.

use hex_literal::hex;

use super::super::spnego::{ClientResponse, ClientToken, decode_first, decode_response};
use super::client::{Client, KERBEROS, NTLMSSP, der, init, response};
use super::*;

#[test]
fn a_first_token_is_taken_apart() {
    assert_eq!(decode_first(b"NTLMSSP\0..."), Ok(ClientToken::Ntlm(b"NTLMSSP\0...")));
    let token = init(&[KERBEROS, NTLMSSP], Some(b"ticket"));
    let expected = ClientToken::Init {
        mechanisms: der(0x30, &[KERBEROS, NTLMSSP].concat()),
        offers_ntlm: true,
        first_is_ntlm: false,
        token: Some(b"ticket"),
    };
    assert_eq!(decode_first(&token), Ok(expected));
}

#[test]
fn fields_that_are_not_used_are_passed_over() {
    // reqFlags and a mechListMIC in NegTokenInit; negState and supportedMech in NegTokenResp.
    let token = hex!(
        "6034 06062b0601050502 a02a 3028 a00e 300c 060a2b06010401823702020a a104 0302 01f6 a208 0406 4e544c4d5353 a306 0404 01020304"
    );
    assert!(matches!(decode_first(&token), Ok(ClientToken::Init { token: Some(b"NTLMSS"), offers_ntlm: true, .. })));
    let token = hex!("a11c 301a a003 0a0101 a10c 060a2b06010401823702020a a205 0403 010203");
    assert_eq!(decode_response(&token), Ok(ClientResponse { token: Some(&[1, 2, 3]), mechanisms_mic: None }));
}

#[test]
fn what_is_no_token_is_malformed() {
    let whole = init(&[NTLMSSP], Some(b"NTLMSSP\0"));
    for length in 0..whole.len() {
        assert_eq!(decode_first(&whole[..length]), Err(AuthError::Malformed), "{length}");
    }
    assert_eq!(decode_first(&[&whole[..], &[0]].concat()), Err(AuthError::Malformed));
    let mut other = whole;
    other[0] = 0x30;
    assert_eq!(decode_first(&other), Err(AuthError::Malformed), "the tag");
    other[0] = 0x60;
    other[9] ^= 1;
    assert_eq!(decode_first(&other), Err(AuthError::Malformed), "the OID of SPNEGO");
    assert_eq!(decode_first(&response(b"NTLMSSP\0", None)), Err(AuthError::Malformed));
    let whole = response(b"NTLMSSP\0", Some(&[0; 16]));
    for length in 0..whole.len() {
        assert_eq!(decode_response(&whole[..length]), Err(AuthError::Malformed), "{length}");
    }
    assert_eq!(decode_response(&init(&[NTLMSSP], None)), Err(AuthError::Malformed));
    assert_eq!(decode_response(&[&whole[..], &[0]].concat()), Err(AuthError::Malformed));
}

#[test]
fn a_token_out_of_turn_is_malformed() {
    let client = Client::new("torture", "Passw0rd");
    assert_eq!(acceptor().step(&client.anonymous(), &accounts()), Err(AuthError::Malformed));
    assert_eq!(acceptor().step(&response(&client.negotiate(), None), &accounts()), Err(AuthError::Malformed));
    let mut twice = acceptor();
    token_of(twice.step(&client.negotiate(), &accounts()).unwrap());
    assert_eq!(twice.step(&client.negotiate(), &accounts()), Err(AuthError::Malformed));
    // Once SPNEGO, always SPNEGO.
    let mut bare = acceptor();
    token_of(bare.step(&init(&[NTLMSSP], Some(&client.negotiate())), &accounts()).unwrap());
    assert_eq!(bare.step(&client.anonymous(), &accounts()), Err(AuthError::Malformed));
    // A response without a token has nothing to go on with.
    let mut empty = acceptor();
    token_of(empty.step(&init(&[NTLMSSP], None), &accounts()).unwrap());
    assert_eq!(empty.step(&hex!("a107 3005 a003 0a0101"), &accounts()), Err(AuthError::Malformed));
}

#[test]
fn tokens_and_messages_have_a_longest_length() {
    let client = Client::new("torture", "Passw0rd");
    let padded = |length: usize| [client.negotiate(), vec![0; length - client.negotiate().len()]].concat();
    let step = |token: &[u8]| acceptor().step(token, &accounts()).map(|_| ());
    assert_eq!(step(&padded(NTLM_MESSAGE_BYTES_MAX)), Ok(()));
    assert_eq!(step(&padded(NTLM_MESSAGE_BYTES_MAX + 1)), Err(AuthError::Malformed));
    let around = init(&[KERBEROS, NTLMSSP], Some(&[])).len() + 6;
    assert_eq!(step(&init(&[KERBEROS, NTLMSSP], Some(&vec![0; TOKEN_BYTES_MAX - around - 10]))), Ok(()));
    assert_eq!(step(&init(&[KERBEROS, NTLMSSP], Some(&vec![0; TOKEN_BYTES_MAX]))), Err(AuthError::Malformed));
}

#[test]
fn a_key_of_another_length_is_malformed() {
    let client = Client::new("", "");
    let mut acceptor = acceptor();
    token_of(acceptor.step(&client.negotiate(), &accounts()).unwrap());
    let message = client.message([&[0], &[], &[], &[], &[], &[1; 15]]);
    assert_eq!(acceptor.step(&message, &accounts()), Err(AuthError::Malformed));
}

#[test]
fn a_name_that_is_no_utf_16_is_malformed() {
    let client = Client::new("torture", "Passw0rd");
    for name in [&hex!("00D8")[..], &[0x41]] {
        let mut acceptor = acceptor();
        token_of(acceptor.step(&client.negotiate(), &accounts()).unwrap());
        let response = [&[0; 16][..], &[1, 1], &[0; 30]].concat();
        let message = client.message([&[], &response, &[], name, &[], &[]]);
        assert_eq!(acceptor.step(&message, &accounts()), Err(AuthError::Malformed));
    }
}

#[test]
fn names_are_cut() {
    let long = "a".repeat(300);
    let names = ServerNames::new(&long);
    assert_eq!((names.netbios(), names.dns().len()), ("AAAAAAAAAAAAAAA", 253));
    assert_eq!(ServerNames::new("Node1.Example.org").netbios(), "NODE1");
    assert_eq!(ServerNames::new("Node1.Example.org").dns(), "node1.example.org");
}

#[test]
fn keys_stay_out_of_what_is_printed() {
    let step = Step::Done { token: vec![], identity: Identity::Anonymous, session_key: [0xAB; 16] };
    assert!(!format!("{step:?}").contains("171"));
}
