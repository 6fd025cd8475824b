//! What counts as tampering (MS-SMB2 3.3.5.15.12).

use lease::ClientGuid;

use super::is_same;
use crate::connection::Negotiated;
use crate::crypto::SigningAlgorithm;
use crate::wire::ioctl::ValidateNegotiateRequest;
use crate::wire::negotiate::{Capabilities, Dialect, SecurityMode};

fn negotiated() -> Negotiated {
    Negotiated {
        dialect: Dialect::SMB_3_0_2,
        client: ClientGuid::from_u128(7),
        client_capabilities: 0x7F,
        client_security_mode: 1,
        client_dialects: vec![Dialect::SMB_2_1, Dialect::SMB_3_0_2, Dialect::SMB_3_0],
        capabilities: Capabilities::LEASING.bits(),
        cipher: None,
        signing: SigningAlgorithm::AesCmac,
    }
}

fn sent() -> ValidateNegotiateRequest {
    ValidateNegotiateRequest {
        capabilities: Capabilities::from_bits_retain(0x7F),
        client_guid: ClientGuid::from_u128(7),
        security_mode: SecurityMode::SIGNING_ENABLED,
        dialects: vec![Dialect::SMB_2_1, Dialect::SMB_3_0_2, Dialect::SMB_3_0],
    }
}

#[test]
fn who_was_not_tampered_with_goes_on() {
    assert!(is_same(&negotiated(), &sent()));
}

#[test]
fn every_difference_counts() {
    let better = ValidateNegotiateRequest { dialects: vec![Dialect::SMB_3_0_2, Dialect::SMB_3_1_1], ..sent() };
    let fewer = ValidateNegotiateRequest { dialects: vec![Dialect::SMB_3_0_2], ..sent() };
    let worse = ValidateNegotiateRequest { dialects: vec![Dialect::SMB_2_1, Dialect::SMB_3_0], ..sent() };
    let unknown = ValidateNegotiateRequest { dialects: vec![Dialect(0x0999)], ..sent() };
    let other = ValidateNegotiateRequest { client_guid: ClientGuid::from_u128(8), ..sent() };
    let lesser = ValidateNegotiateRequest { capabilities: Capabilities::from_bits_retain(0x3F), ..sent() };
    let looser = ValidateNegotiateRequest { security_mode: SecurityMode::empty(), ..sent() };
    for sent in [better, fewer, worse, unknown, other, lesser, looser] {
        assert!(!is_same(&negotiated(), &sent), "{sent:?}");
    }
}
