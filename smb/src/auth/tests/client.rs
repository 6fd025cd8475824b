//! A client: as much of the initiator's side as it takes to talk to the acceptor.

use super::super::nt_hash;
use super::super::ntlm::{
    EXTENDED_SESSIONSECURITY, KEY_56, KEY_128, KEY_EXCH, NTLM, REQUEST_TARGET, SEAL, SIGN, Side, TARGET_INFO, UNICODE, VERSION,
    ntowf_v2, rc4, session_base_key, sign,
};

/// The DER of the OID of NTLMSSP.
pub(super) const NTLMSSP: &[u8] = &hex_literal::hex!("060A2B06010401823702020A");
/// And of Kerberos.
pub(super) const KERBEROS: &[u8] = &hex_literal::hex!("06092A864886F712010202");

/// Flags that a Windows client offers.
pub(super) const FLAGS: u32 =
    UNICODE | REQUEST_TARGET | SIGN | SEAL | NTLM | EXTENDED_SESSIONSECURITY | TARGET_INFO | VERSION | KEY_128 | KEY_EXCH | KEY_56;

/// The key that the client chooses.
pub(super) const KEY: [u8; 16] = [0x55; 16];

pub(super) struct Client {
    pub(super) user: &'static str,
    pub(super) password: &'static str,
    pub(super) domain: &'static str,
    pub(super) flags: u32,
    pub(super) mic: bool,
    /// What the response begins with.
    pub(super) version: u8,
}

impl Client {
    pub(super) fn new(user: &'static str, password: &'static str) -> Self {
        Self { user, password, domain: "WORKGROUP", flags: FLAGS, mic: true, version: 1 }
    }

    pub(super) fn negotiate(&self) -> Vec<u8> {
        [b"NTLMSSP\0", &1u32.to_le_bytes()[..], &self.flags.to_le_bytes(), &[0; 24]].concat()
    }

    /// AUTHENTICATE for a challenge.
    pub(super) fn authenticate(&self, challenge: &[u8]) -> Vec<u8> {
        let info_length = usize::from(u16::from_le_bytes([challenge[40], challenge[41]]));
        let info_at = usize::from(challenge[44]);
        let info = &challenge[info_at..info_at + info_length];
        // The server's pairs without their end, what the client adds, the end.
        let flags: &[u8] = if self.mic { &[6, 0, 4, 0, 2, 0, 0, 0] } else { &[] };
        let blob =
            [&[self.version, 1, 0, 0, 0, 0, 0, 0], &[7; 8][..], &[0xCC; 8], &[0; 4], &info[..info_length - 4], flags, &[0; 8]]
                .concat();
        let key = ntowf_v2(&nt_hash(self.password), self.user, &utf16(self.domain));
        let proof = hmac_md5(&key, &[&challenge[24..32], &blob]);
        let exchange_key = session_base_key(&key, &proof);
        let (encrypted, session_key) =
            if self.flags & KEY_EXCH == 0 { (vec![], exchange_key) } else { (rc4(&exchange_key, KEY).to_vec(), KEY) };
        let nt = [&proof[..], &blob].concat();
        let mut message = self.message([&[0; 24], &nt, &utf16(self.domain), &utf16(self.user), &utf16("BOX"), &encrypted]);
        if self.mic {
            let mic = hmac_md5(&session_key, &[&self.negotiate(), challenge, &message]);
            message[72..88].copy_from_slice(&mic);
        }
        message
    }

    /// AUTHENTICATE of nobody.
    pub(super) fn anonymous(&self) -> Vec<u8> {
        self.message([&[0], &[], &[], &[], &utf16("BOX"), &rc4(&[0; 16], KEY)])
    }

    /// AUTHENTICATE of NTLMv1: a response of 24 bytes.
    pub(super) fn version_1(&self) -> Vec<u8> {
        self.message([&[1; 24], &[2; 24], &[], &utf16(self.user), &[], &[]])
    }

    pub(super) fn message(&self, fields: [&[u8]; 6]) -> Vec<u8> {
        let mut message = [b"NTLMSSP\0", &3u32.to_le_bytes()[..]].concat();
        let mut at = 88usize;
        for field in fields {
            let length = u16::try_from(field.len()).unwrap().to_le_bytes();
            message.extend([length, length].concat());
            message.extend(u32::try_from(at).unwrap().to_le_bytes());
            at += field.len();
        }
        message.extend(self.flags.to_le_bytes());
        message.extend([0; 8 + 16]);
        message.extend(fields.concat());
        message
    }
}

/// mechListMIC of a client with [`KEY`].
pub(super) fn mechanisms_mic(mechanisms: &[&[u8]]) -> Vec<u8> {
    sign(&KEY, FLAGS, Side::Client, &der(0x30, &mechanisms.concat())).unwrap().to_vec()
}

/// NegTokenInit.
pub(super) fn init(mechanisms: &[&[u8]], token: Option<&[u8]>) -> Vec<u8> {
    let token = token.map(|token| der(0xA2, &der(4, token))).unwrap_or_default();
    let body = der(0x30, &[der(0xA0, &der(0x30, &mechanisms.concat())), token].concat());
    der(0x60, &[&hex_literal::hex!("06062B0601050502")[..], &der(0xA0, &body)].concat())
}

/// NegTokenResp.
pub(super) fn response(token: &[u8], mic: Option<&[u8]>) -> Vec<u8> {
    let mic = mic.map(|mic| der(0xA3, &der(4, mic))).unwrap_or_default();
    der(0xA1, &der(0x30, &[der(0xA2, &der(4, token)), mic].concat()))
}

pub(super) fn der(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = match u16::try_from(value.len()).unwrap() {
        length @ 0..0x80 => vec![length.to_be_bytes()[1]],
        length @ 0x80..0x100 => vec![0x81, length.to_be_bytes()[1]],
        length => [&[0x82], &length.to_be_bytes()[..]].concat(),
    };
    [&[tag], &length[..], value].concat()
}

/// The CHALLENGE inside a NegTokenResp.
pub(super) fn challenge_in(token: &[u8]) -> Vec<u8> {
    let at = token.windows(8).position(|window| window == b"NTLMSSP\0").unwrap();
    token[at..].to_vec()
}

pub(super) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn hmac_md5(key: &[u8], parts: &[&[u8]]) -> [u8; 16] {
    use hmac::{Hmac, KeyInit, Mac};
    let mut mac = <Hmac<md5::Md5> as KeyInit>::new_from_slice(key).unwrap();
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}
