//! Against the examples that Microsoft published for its open specifications (the "anatomy of signing and cryptographic keys" for keys,
//! preauth hash and signatures; the two articles on encryption in 3.0 and 3.1.1), and against every flipped bit. All of them name the
//! encryption keys as the client does: its EncryptionKey is the one from client to server.

use hex_literal::hex;
use proptest::prelude::*;

use super::example::*;
use super::*;

const CIPHERS: [Cipher; 4] = [Cipher::Aes128Ccm, Cipher::Aes128Gcm, Cipher::Aes256Ccm, Cipher::Aes256Gcm];
const ALGORITHMS: [SigningAlgorithm; 3] = [SigningAlgorithm::HmacSha256, SigningAlgorithm::AesCmac, SigningAlgorithm::AesGmac];

fn preauth_of_example() -> PreauthHash {
    let mut preauth = preauth_from(AFTER_NEGOTIATE);
    for message in [SETUP_REQUEST_1, SETUP_RESPONSE_1, SETUP_REQUEST_2] {
        preauth.update(message);
    }
    preauth
}

fn preauth_from(value: [u8; 64]) -> PreauthHash {
    preauth::from_value(value)
}

#[test]
fn the_preauth_hash_starts_at_zero_and_takes_in_a_negotiate() {
    let mut preauth = PreauthHash::new();
    preauth.update(&hex!(
        "FE534D4240000100000000000000800000000000000000000100000000000000FFFE000000000000"
        "00000000000000000000000000000000000000000000000024000500010000003F000000ECD86F32"
        "6276024F9F7752B89BB33F3A70000000020000000202100200030203110300000100260000000000"
        "0100200001003E38B8B81A9AFB172278056F4898FD09A1B9976A49B2D771161FCD4D40DF7D7D0000"
        "0200060000000000020002000100"
    ));
    let after = hex!(
        "F035C2B2BAB116E0DCF6A74E26670604D1BF6DDA065913AF7C30E93C1F025AC3CE2DD44D4DE26524A785E5D8E06AF0BE1C74296FEF05B045C3793A12B32C49DF"
    );
    assert_eq!(preauth.as_bytes(), &after);
}

#[test]
fn the_preauth_hash_of_a_session_goes_on_from_its_connection() {
    let after = hex!(
        "0DD13628CC3ED218EF9DF9772D436D0887AB9814BFAE63A80AA845F36909DB7928622DDDAD522D9751640A459762C5A9D6BB084CBB3CE6BDADEF5D5BCE3C6C01"
    );
    assert_eq!(preauth_of_example().as_bytes(), &after);
}

#[test]
fn keys_of_2_1_are_the_session_key() {
    let keys = SessionKeys::derive(&SESSION_KEY_311, KeySchedule::Smb2);
    assert_eq!(keys.signing, SESSION_KEY_311);
    assert!(keys.encryption.is_none());
}

#[test]
fn keys_of_3_0() {
    let keys = SessionKeys::derive(&hex!("7CD451825D0450D235424E44BA6E78CC"), KeySchedule::Smb30);
    assert_eq!(keys.signing, hex!("0B7E9C5CAC36C0F6EA9AB275298CEDCE"));
    assert_eq!(keys.application, hex!("BB23A4575AA26C721AF525AF15A87B4F"));
    let encryption = keys.encryption.expect("3.0 encrypts");
    assert_eq!(encryption.client_to_server.as_bytes(), hex!("FAD27796665B313EBB578F388632B4F7"));
    assert_eq!(encryption.server_to_client.as_bytes(), hex!("B0F0427F7CEB416D1D9DCC0CD4F99447"));
    assert_eq!(encryption.server_to_client.cipher(), Cipher::Aes128Ccm);
}

#[test]
fn keys_of_3_1_1() {
    let preauth = preauth_of_example();
    let schedule = KeySchedule::Smb311 { preauth: &preauth, cipher: Some(Cipher::Aes128Gcm) };
    let keys = SessionKeys::derive(&SESSION_KEY_311, schedule);
    assert_eq!(keys.signing, hex!("73FE7A9A77BEF0BDE49C650D8CCB5F76"));
    assert_eq!(keys.application, hex!("6D7AD7954E9EC61E907B4D473DC178FF"));
    let encryption = keys.encryption.expect("a cipher was negotiated");
    assert_eq!(encryption.client_to_server.as_bytes(), hex!("629BCBC54422A0F572B97F45989B6073"));
    assert_eq!(encryption.server_to_client.as_bytes(), hex!("E2AF0DCEFAC68DA71A0DFBD0D1350D74"));
}

#[test]
fn the_key_of_a_bound_channel_is_of_its_own_authentication() {
    let preauth = preauth_from(hex!(
        "EA3BF912B11CBFEC5B1889E8209614218687F82FA5294521AD3063425E49E88A10BD022124CE25123BC9111F52D9566BA88BF46344E6063DC5E3FF0389026F6C"
    ));
    let channel =
        SessionKeys::derive(&hex!("84B9DBB730116A8FA6E9889555C265F9"), KeySchedule::Smb311 { preauth: &preauth, cipher: None });
    assert_eq!(channel.signing, hex!("C962BCA1A9DD1697B030644199705431"));
    assert!(channel.encryption.is_none());
}

#[test]
fn keys_of_256_bits_say_so_in_their_derivation() {
    // SP800-108 puts the length into what is hashed, so the longer key does not begin with the shorter one.
    let preauth = preauth_of_example();
    let derive = |cipher| {
        let keys = SessionKeys::derive(&SESSION_KEY_311, KeySchedule::Smb311 { preauth: &preauth, cipher: Some(cipher) });
        keys.encryption.expect("a cipher was negotiated").client_to_server.as_bytes().to_vec()
    };
    let (short, long) = (derive(Cipher::Aes128Gcm), derive(Cipher::Aes256Gcm));
    assert_eq!((short.len(), long.len()), (16, 32));
    assert_ne!(short, long[..16]);
    assert_eq!(long, derive(Cipher::Aes256Ccm));
}

#[test]
fn signatures_of_windows_are_verified_and_made() {
    let signer = Signer::new(SigningAlgorithm::AesCmac, &hex!("73FE7A9A77BEF0BDE49C650D8CCB5F76"));
    for message in [&SETUP_RESPONSE_2[..], &BINDING_REQUEST[..]] {
        assert!(signer.verify(message));
        let mut again = message.to_vec();
        again[48..64].fill(0xAA);
        again[16] &= !0x8;
        signer.sign(&mut again).unwrap();
        assert_eq!(again, message);
    }
}

#[test]
fn hmac_is_cut_to_its_first_half() {
    // The code by hand over the zeroed message.
    use hmac::{Hmac, KeyInit, Mac};
    let mut message = SETUP_RESPONSE_2;
    let signer = Signer::new(SigningAlgorithm::HmacSha256, &SESSION_KEY_311);
    signer.sign(&mut message).unwrap();
    let mut zeroed = message;
    zeroed[48..64].fill(0);
    let mut mac = <Hmac<sha2::Sha256> as KeyInit>::new_from_slice(&SESSION_KEY_311).unwrap();
    mac.update(&zeroed);
    assert_eq!(message[48..64], mac.finalize().into_bytes()[..16]);
    assert!(signer.verify(&message));
}

#[test]
fn gmac_takes_message_id_side_and_cancel_into_its_nonce() {
    use aes_gcm::aead::AeadInOut;
    use aes_gcm::{Aes128Gcm, KeyInit};
    let sign = |mut message: Vec<u8>| {
        Signer::new(SigningAlgorithm::AesGmac, &SESSION_KEY_311).sign(&mut message).unwrap();
        message
    };
    let by_hand = |message: &[u8], nonce: [u8; 12]| {
        let mut zeroed = message.to_vec();
        zeroed[48..64].fill(0);
        let gcm = Aes128Gcm::new(&SESSION_KEY_311.into());
        gcm.encrypt_inout_detached(&nonce.into(), &zeroed, (&mut [][..]).into()).unwrap().to_vec()
    };
    let response = sign(SETUP_RESPONSE_2.to_vec());
    assert_eq!(response[48..64], by_hand(&response, hex!("0300000000000000 01000000")));
    let request = sign(BINDING_REQUEST.to_vec());
    assert_eq!(request[48..64], by_hand(&request, hex!("0200000000000000 00000000")));
    let mut cancel = BINDING_REQUEST.to_vec();
    cancel[12] = 0xC;
    let cancel = sign(cancel);
    assert_eq!(cancel[48..64], by_hand(&cancel, hex!("0200000000000000 02000000")));
}

#[test]
fn every_flipped_bit_of_a_signed_message_is_refused() {
    for algorithm in ALGORITHMS {
        let signer = Signer::new(algorithm, &SESSION_KEY_311);
        let mut message = SETUP_RESPONSE_2;
        signer.sign(&mut message).unwrap();
        assert!(signer.verify(&message));
        for bit in 0..message.len() * 8 {
            let mut flipped = message;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(!signer.verify(&flipped), "{algorithm:?} bit {bit}");
        }
        assert!(!signer.verify(&message[..message.len() - 1]));
        assert!(!Signer::new(algorithm, &[1; 16]).verify(&message));
    }
}

#[test]
fn what_has_no_header_is_neither_signed_nor_verified() {
    for algorithm in ALGORITHMS {
        let signer = Signer::new(algorithm, &SESSION_KEY_311);
        for length in 0..64 {
            assert_eq!(signer.sign(&mut vec![0; length]), Err(TooShort));
            assert!(!signer.verify(&vec![0; length]));
        }
        assert_eq!(signer.sign(&mut [0; 64]), Ok(()));
    }
}

/// WRITE of the 3.0 example, as the client sent it.
const CCM_FRAME: &[u8] = &hex!(
    "FD534D4281A286535415445DAE393921E44FA42E66E69A111892584FB5ED524A"
    "744DA3EE87000000000001001100001400E4080025C8FEE16605A437832D1CD5"
    "2DA9F4645333482A175FE5384563F45FCDAFAEF38BC62BA4D5C62897996625A4"
    "4C29BE5658DE2E6117585779E7B59FFD971278D08580D7FA899E410E910EABF5"
    "AA1DB43050B33B49182637759AC15D84BFCDF5B6B238993C0F4CF4D6012023F6"
    "C627297075D84B7803912D0A9639634453595EF3E33FFE4E7AC2AB"
);
/// WRITE of the 3.1.1 example.
const GCM_FRAME: &[u8] = &hex!(
    "FD534D42BD73D97D2BC9001BCAFAC0FDFF5FEEBCC7D6822D269CAF48904C664C0000000087000000"
    "0000010025000000001000006ECDD2A7AFC7B47763057A041B8FD4DAFFE990B70C9E09D36C084E02"
    "D14EF247F8BDE38ACF6256F8B1D3B56F77FBDEB312FEA5E92CBCC1ED8FB2EBBFAA75E49A4A394BB4"
    "4576545567C24D4C014D47C9FBDFDAFD2C4F9B72F8D256452620A299F48E29E53D6B61D1C13A19E9"
    "1AF013F00D17E3ABC2FC3D36C8C1B6B93973253852DBD442E46EE8"
);

#[test]
fn frames_of_windows_are_opened() {
    let keys = SessionKeys::derive(&hex!("B4546771B515F766A86735532DD6C4F0"), KeySchedule::Smb30);
    let key = keys.encryption.expect("3.0 encrypts").client_to_server;
    assert_eq!(transform_session(CCM_FRAME), Ok(0x8_e400_1400_0011));
    let message = Opener::new(&key).open(CCM_FRAME).unwrap();
    assert!(message.starts_with(&hex!("FE534D42400001000000000009004000 0800000000000000 0400000000000000")));
    assert!(message.ends_with(b"Smb3 encryption testing"));
    assert_eq!(message.len(), 0x87);

    let preauth = preauth_from(hex!(
        "B23F3CBFD69487D9832B79B1594A367CDD950909B774C3A4C412B4FCEA9EDDDBA7DB256BA2EA30E977F11F9B113247578E0E915C6D2A513B8F2FCA5707DC8770"
    ));
    let schedule = KeySchedule::Smb311 { preauth: &preauth, cipher: Some(Cipher::Aes128Gcm) };
    let keys = SessionKeys::derive(&hex!("419FDDF34C1E001909D362AE7FB6AF79"), schedule);
    let key = keys.encryption.expect("a cipher was negotiated").client_to_server;
    assert_eq!(transform_session(GCM_FRAME), Ok(0x1000_0000_0025));
    let message = Opener::new(&key).open(GCM_FRAME).unwrap();
    assert!(message.ends_with(b"Smb3 encryption testing"));
}

#[test]
fn a_sealed_frame_has_the_header_of_the_specification() {
    for cipher in CIPHERS {
        let key = CipherKey::for_test(cipher, &vec![7; cipher.key_bytes()]);
        let mut sealer = Sealer::new(&key, 0x1122_3344_5566_7788, 0x0203);
        sealer.skip_to(0x0A0B);
        let frame = sealer.seal(b"message").unwrap();
        assert_eq!(frame.len(), 52 + 7);
        assert_eq!(frame[..4], hex!("FD534D42"));
        assert_eq!(frame[20..36], hex!("0B0A000000000000 0302 000000000000"));
        assert_eq!(frame[36..52], hex!("07000000 0000 0100 8877665544332211"));
        assert_eq!(Opener::new(&key).open(&frame).unwrap(), b"message");
    }
}

#[test]
fn every_flipped_bit_of_a_sealed_frame_is_refused() {
    for cipher in CIPHERS {
        let key = CipherKey::for_test(cipher, &vec![7; cipher.key_bytes()]);
        let frame = Sealer::new(&key, 5, 0).seal(b"a message of some bytes").unwrap();
        let opener = Opener::new(&key);
        for bit in 0..frame.len() * 8 {
            let mut flipped = frame.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(opener.open(&flipped).is_err(), "{cipher:?} bit {bit}");
        }
        for length in 0..frame.len() {
            assert_eq!(opener.open(&frame[..length]), Err(OpenError::Malformed));
        }
        let longer = [&frame[..], &[0]].concat();
        assert_eq!(opener.open(&longer), Err(OpenError::Malformed));
        let mut other_bytes = key.as_bytes().to_vec();
        other_bytes[0] ^= 1;
        assert_eq!(Opener::new(&CipherKey::for_test(cipher, &other_bytes)).open(&frame), Err(OpenError::Forged));
    }
}

#[test]
fn a_frame_that_does_not_say_encrypted_is_malformed() {
    for flags in [0, 2, 0x101u16] {
        let mut frame = CCM_FRAME.to_vec();
        frame[42..44].copy_from_slice(&flags.to_le_bytes());
        assert_eq!(transform_session(&frame), Err(OpenError::Malformed));
    }
    let mut frame = CCM_FRAME.to_vec();
    frame[0] = 0xFE;
    assert_eq!(transform_session(&frame), Err(OpenError::Malformed));
}

#[test]
fn nonces_differ_by_frame_and_lane_and_end() {
    let key = CipherKey::for_test(Cipher::Aes128Gcm, &[7; 16]);
    let nonce = |frame: Vec<u8>| frame[20..36].to_vec();
    let (mut one, mut two) = (Sealer::new(&key, 5, 1), Sealer::new(&key, 5, 2));
    let nonces = [nonce(one.seal(b"m").unwrap()), nonce(one.seal(b"m").unwrap()), nonce(two.seal(b"m").unwrap())];
    assert_ne!(nonces[0], nonces[1]);
    assert_ne!(nonces[0], nonces[2]);
    one.skip_to(u64::MAX);
    assert!(one.seal(b"m").is_ok());
    assert_eq!(one.seal(b"m"), Err(SealError::NoNonceLeft));
    assert_eq!(one.seal(b"m"), Err(SealError::NoNonceLeft));
}

#[test]
fn ids_on_the_wire() {
    for id in 0..=u16::MAX {
        assert_eq!(Cipher::from_wire(id).map(Cipher::to_wire), (1..=4).contains(&id).then_some(id));
        assert_eq!(SigningAlgorithm::from_wire(id).map(SigningAlgorithm::to_wire), (0..=2).contains(&id).then_some(id));
    }
}

#[test]
fn keys_stay_out_of_what_is_printed() {
    let preauth = PreauthHash::new();
    let keys = SessionKeys::derive(&[0xAB; 16], KeySchedule::Smb311 { preauth: &preauth, cipher: Some(Cipher::Aes128Gcm) });
    let key = &keys.encryption.as_ref().expect("a cipher was negotiated").client_to_server;
    let printed = format!(
        "{keys:?} {key:?} {:?} {:?} {:?}",
        Sealer::new(key, 1, 0),
        Opener::new(key),
        Signer::new(SigningAlgorithm::AesGmac, &keys.signing)
    );
    for secret in [&keys.signing[..], &keys.application, key.as_bytes()] {
        assert!(!printed.contains(&format!("{}, {}", secret[0], secret[1])), "{printed}");
    }
}

proptest! {
    #[test]
    fn what_is_sealed_opens(message in proptest::collection::vec(any::<u8>(), 0..300), lane: u16, session: u64, cipher in 0..4usize) {
        let key = CipherKey::for_test(CIPHERS[cipher], &vec![9; CIPHERS[cipher].key_bytes()]);
        let frame = Sealer::new(&key, session, lane).seal(&message).unwrap();
        prop_assert_eq!(transform_session(&frame), Ok(session));
        prop_assert_eq!(Opener::new(&key).open(&frame).unwrap(), message);
    }

    #[test]
    fn what_is_signed_verifies(mut message in proptest::collection::vec(any::<u8>(), 64..300), algorithm in 0..3usize) {
        let signer = Signer::new(ALGORITHMS[algorithm], &[9; 16]);
        signer.sign(&mut message).unwrap();
        prop_assert!(signer.verify(&message));
    }

    #[test]
    fn noise_is_refused_without_a_panic(
        mut noise in proptest::collection::vec(any::<u8>(), 0..200), header: bool, cipher in 0..4usize, algorithm in 0..3usize
    ) {
        if header && noise.len() >= 52 {
            let size = u32::try_from(noise.len() - 52).unwrap();
            noise[..4].copy_from_slice(&TRANSFORM_PROTOCOL_ID);
            noise[36..40].copy_from_slice(&size.to_le_bytes());
            noise[42..44].copy_from_slice(&[1, 0]);
        }
        let key = CipherKey::for_test(CIPHERS[cipher], &vec![9; CIPHERS[cipher].key_bytes()]);
        prop_assert!(Opener::new(&key).open(&noise).is_err());
        prop_assert!(!Signer::new(ALGORITHMS[algorithm], &[9; 16]).verify(&noise));
    }
}
