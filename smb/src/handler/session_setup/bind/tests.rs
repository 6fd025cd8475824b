use super::check;
use crate::crypto::{Cipher, SigningAlgorithm};
use crate::session::Settled;
use crate::wire::NtStatus;
use crate::wire::negotiate::Dialect;

const CMAC: Settled = Settled { dialect: Dialect::SMB_3_1_1, cipher: Some(Cipher::Aes128Gcm), signing: SigningAlgorithm::AesCmac };
const GMAC: Settled = Settled { signing: SigningAlgorithm::AesGmac, ..CMAC };
const HMAC: Settled = Settled { signing: SigningAlgorithm::HmacSha256, ..CMAC };
const OLD: Settled = Settled { dialect: Dialect::SMB_2_1, cipher: None, signing: SigningAlgorithm::HmacSha256 };

#[test]
fn a_connection_is_bound_that_has_come_to_the_same() {
    assert_eq!(check(CMAC, CMAC, true), Ok(()));
    assert_eq!(check(GMAC, GMAC, true), Ok(()));
    assert_eq!(check(CMAC, HMAC, true), Ok(()), "how it signs may differ, but for AES-GMAC");
}

#[test]
fn what_is_not_signed_by_the_session_or_differs_is_refused() {
    let invalid = Err(NtStatus::INVALID_PARAMETER);
    assert_eq!(check(CMAC, CMAC, false), invalid);
    assert_eq!(check(CMAC, Settled { dialect: Dialect::SMB_3_0_2, ..CMAC }, true), invalid);
    assert_eq!(check(CMAC, Settled { cipher: Some(Cipher::Aes128Ccm), ..CMAC }, true), invalid);
    assert_eq!(check(CMAC, Settled { cipher: None, ..CMAC }, true), invalid);
    assert_eq!(check(OLD, CMAC, true), invalid, "a session of 2.1 has no channels");
}

#[test]
fn a_connection_of_2_1_is_bound_to_nothing() {
    assert_eq!(check(OLD, OLD, true), Err(NtStatus::REQUEST_NOT_ACCEPTED));
    assert_eq!(check(CMAC, OLD, true), Err(NtStatus::REQUEST_NOT_ACCEPTED));
}

#[test]
fn aes_gmac_is_for_all_connections_or_none_and_counts_before_all_else() {
    for other in [CMAC, HMAC, OLD, Settled { cipher: None, ..CMAC }] {
        assert_eq!(check(GMAC, other, true), Err(NtStatus::REQUEST_OUT_OF_SEQUENCE), "{other:?}");
        assert_eq!(check(other, GMAC, true), Err(NtStatus::NOT_SUPPORTED), "{other:?}");
    }
}
