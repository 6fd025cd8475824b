//! What NTLM computes (MS-NLMP 3.3.2, 3.4).

use hmac::{Hmac, KeyInit, Mac};
use md4::Md4;
use md5::{Digest, Md5};
use rc4::{Rc4, StreamCipher};

use super::super::AuthError;
use super::flags;
use super::message::utf16;

/// NTLMSSP_MESSAGE_SIGNATURE (MS-NLMP 2.2.2.9.2), in bytes.
pub(crate) const MIC_BYTES: usize = 16;

/// NTOWFv1 (MS-NLMP 3.3.1): what is stored of a password. Whoever has it can log in as the user: it is to be kept like the password itself.
pub fn nt_hash(password: &str) -> [u8; 16] {
    Md4::digest(utf16(password)).into()
}

/// The text in capitals, one character for one, as Windows maps it.
pub(crate) fn upper(text: &str) -> String {
    let one = |char: char| {
        let mut mapped = char.to_uppercase();
        match (mapped.next(), mapped.next()) {
            (Some(upper), None) => upper,
            _ => char,
        }
    };
    text.chars().map(one).collect()
}

/// NTOWFv2 (MS-NLMP 3.3.2). `domain` is UTF-16 as the client spelt it.
pub(crate) fn ntowf_v2(nt_hash: &[u8; 16], user: &str, domain: &[u8]) -> [u8; 16] {
    hmac_md5(nt_hash, &[&utf16(&upper(user)), domain])
}

/// Whether `proof` is NTProofStr for this challenge, in a time that does not depend on how wrong it is.
pub(super) fn proves(ntowf_v2: &[u8; 16], server_challenge: [u8; 8], blob: &[u8], proof: &[u8; 16]) -> bool {
    hmac_md5_state(ntowf_v2, &[&server_challenge, blob]).verify_slice(proof).is_ok()
}

/// SessionBaseKey, which for NTLMv2 is the KeyExchangeKey.
pub(crate) fn session_base_key(ntowf_v2: &[u8; 16], proof: &[u8; 16]) -> [u8; 16] {
    hmac_md5(ntowf_v2, &[proof])
}

/// Whether `mic` is the MIC over the three messages, the last with zeros in its place (MS-NLMP 3.2.5.1.2).
pub(super) fn mic_fits(session_key: &[u8; 16], messages: [&[u8]; 3], mic: &[u8; 16]) -> bool {
    hmac_md5_state(session_key, &messages).verify_slice(mic).is_ok()
}

/// RC4 from its start.
pub(crate) fn rc4(key: &[u8; 16], mut data: [u8; 16]) -> [u8; 16] {
    rc4_apply(key, &mut data);
    data
}

/// Who signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Client,
    Server,
}

/// The signature of the first message that one side signs (MS-NLMP 3.4.4.2). SPNEGO's is the only one there is in SMB.
///
/// # Errors
/// Without EXTENDED_SESSIONSECURITY signatures are CRC32, which protects nothing.
pub(crate) fn sign(session_key: &[u8; 16], negotiated: u32, side: Side, message: &[u8]) -> Result<[u8; MIC_BYTES], AuthError> {
    if negotiated & flags::EXTENDED_SESSIONSECURITY == 0 {
        return Err(AuthError::Unsupported);
    }
    let sequence = 0u32.to_le_bytes();
    let code = hmac_md5(&sign_key(session_key, side), &[&sequence, message]);
    let mut checksum: [u8; 8] = *code.first_chunk().expect("HMAC-MD5 is of 16 bytes");
    if negotiated & flags::KEY_EXCH != 0 {
        rc4_apply(&seal_key(session_key, negotiated, side), &mut checksum);
    }
    let mut signature = [0; MIC_BYTES];
    signature[..4].copy_from_slice(&1u32.to_le_bytes());
    signature[4..12].copy_from_slice(&checksum);
    signature[12..].copy_from_slice(&sequence);
    Ok(signature)
}

/// SIGNKEY (MS-NLMP 3.4.5.2).
pub(crate) fn sign_key(session_key: &[u8; 16], side: Side) -> [u8; 16] {
    let magic: &[u8] = match side {
        Side::Client => b"session key to client-to-server signing key magic constant\0",
        Side::Server => b"session key to server-to-client signing key magic constant\0",
    };
    Md5::new().chain_update(session_key).chain_update(magic).finalize().into()
}

/// SEALKEY (MS-NLMP 3.4.5.3).
pub(crate) fn seal_key(session_key: &[u8; 16], negotiated: u32, side: Side) -> [u8; 16] {
    let magic: &[u8] = match side {
        Side::Client => b"session key to client-to-server sealing key magic constant\0",
        Side::Server => b"session key to server-to-client sealing key magic constant\0",
    };
    let strong = match (negotiated & flags::KEY_128 != 0, negotiated & flags::KEY_56 != 0) {
        (true, _) => &session_key[..],
        (false, true) => &session_key[..7],
        (false, false) => &session_key[..5],
    };
    Md5::new().chain_update(strong).chain_update(magic).finalize().into()
}

fn rc4_apply(key: &[u8; 16], data: &mut [u8]) {
    Rc4::new_from_slice(key).expect("RC4 takes keys of 16 bytes").apply_keystream(data);
}

fn hmac_md5(key: &[u8; 16], parts: &[&[u8]]) -> [u8; 16] {
    hmac_md5_state(key, parts).finalize().into_bytes().into()
}

fn hmac_md5_state(key: &[u8; 16], parts: &[&[u8]]) -> Hmac<Md5> {
    let mut mac = <Hmac<Md5> as KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(part);
    }
    mac
}
