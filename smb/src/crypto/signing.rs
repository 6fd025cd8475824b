//! Signatures of messages (MS-SMB2 3.1.4.1, 3.1.5.1).

use std::fmt;

use aes::Aes128;
use aes_gcm::Aes128Gcm;
use aes_gcm::aead::{AeadInOut, Tag};
use cmac::Cmac;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::array_at;

/// The header of an SMB2 message, in bytes (MS-SMB2 2.2.1).
const HEADER_BYTES: usize = 64;
const COMMAND_AT: usize = 12;
const FLAGS_AT: usize = 16;
const MESSAGE_ID_AT: usize = 24;
const SIGNATURE_AT: usize = 48;

/// SMB2_FLAGS_SERVER_TO_REDIR: the message is a server's.
const FROM_SERVER: u32 = 0x1;
/// SMB2_FLAGS_SIGNED.
const SIGNED: u32 = 0x8;
const CANCEL: u16 = 0xC;

/// An algorithm of SMB2_SIGNING_CAPABILITIES (MS-SMB2 2.2.3.1.7). Where none is negotiated: HMAC-SHA256 in 2.0.2 and 2.1, AES-CMAC from 3.0 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SigningAlgorithm {
    /// 0x0000.
    HmacSha256,
    /// 0x0001.
    AesCmac,
    /// 0x0002.
    AesGmac,
}

impl SigningAlgorithm {
    /// The algorithm of an id on the wire; none if there is no such algorithm.
    pub fn from_wire(id: u16) -> Option<Self> {
        match id {
            0 => Some(Self::HmacSha256),
            1 => Some(Self::AesCmac),
            2 => Some(Self::AesGmac),
            _ => None,
        }
    }

    /// Its id on the wire.
    pub fn to_wire(self) -> u16 {
        match self {
            Self::HmacSha256 => 0,
            Self::AesCmac => 1,
            Self::AesGmac => 2,
        }
    }
}

/// A message without a whole SMB2 header was to be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a message shorter than an SMB2 header cannot be signed")]
pub struct TooShort;

/// Signs and verifies the messages of one session on one connection.
///
/// A message is what lies from one SMB2 header to the next or to the end: in a compound each has its own signature, over its padding too.
///
/// With AES-GMAC two different messages of a server with the same MessageId would share a nonce, and so give the key away: the server
/// must sign the final response of a request only, never the interim one and never a break notification (whose MessageId is all ones).
#[derive(Clone)]
pub struct Signer(Keyed);

#[derive(Clone)]
enum Keyed {
    HmacSha256(Box<Hmac<Sha256>>),
    AesCmac(Box<Cmac<Aes128>>),
    AesGmac(Box<Aes128Gcm>),
}

impl Signer {
    /// A signer with the session's or the channel's signing key.
    pub fn new(algorithm: SigningAlgorithm, key: &[u8; 16]) -> Self {
        Self(match algorithm {
            SigningAlgorithm::HmacSha256 => Keyed::HmacSha256(Box::new(hmac(key))),
            SigningAlgorithm::AesCmac => Keyed::AesCmac(Box::new(<Cmac<Aes128> as KeyInit>::new(&(*key).into()))),
            SigningAlgorithm::AesGmac => Keyed::AesGmac(Box::new(<Aes128Gcm as KeyInit>::new(&(*key).into()))),
        })
    }

    /// Sets SMB2_FLAGS_SIGNED and the signature of a message.
    ///
    /// # Errors
    /// [`TooShort`] if there is no whole header.
    pub fn sign(&self, message: &mut [u8]) -> Result<(), TooShort> {
        let flags = array_at(message, FLAGS_AT).map(u32::from_le_bytes).ok_or(TooShort)? | SIGNED;
        message.get_mut(FLAGS_AT..FLAGS_AT + 4).ok_or(TooShort)?.copy_from_slice(&flags.to_le_bytes());
        let signature = match &self.0 {
            Keyed::HmacSha256(mac) => covered(&**mac, message).and_then(|mac| mac.finalize().into_bytes().first_chunk().copied()),
            Keyed::AesCmac(mac) => covered(&**mac, message).map(|mac| mac.finalize().into_bytes().into()),
            Keyed::AesGmac(gcm) => gmac(gcm, message),
        };
        let field = message.get_mut(SIGNATURE_AT..HEADER_BYTES).ok_or(TooShort)?;
        field.copy_from_slice(&signature.ok_or(TooShort)?);
        Ok(())
    }

    /// Whether the signature of a message is right. The comparison takes the same time whatever the bytes are.
    pub fn verify(&self, message: &[u8]) -> bool {
        let Some(signature) = array_at::<16>(message, SIGNATURE_AT) else { return false };
        match &self.0 {
            Keyed::HmacSha256(mac) => covered(&**mac, message).is_some_and(|mac| mac.verify_truncated_left(&signature).is_ok()),
            Keyed::AesCmac(mac) => covered(&**mac, message).is_some_and(|mac| mac.verify_slice(&signature).is_ok()),
            Keyed::AesGmac(gcm) => gmac_verify(gcm, message, signature),
        }
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let algorithm = match self.0 {
            Keyed::HmacSha256(_) => SigningAlgorithm::HmacSha256,
            Keyed::AesCmac(_) => SigningAlgorithm::AesCmac,
            Keyed::AesGmac(_) => SigningAlgorithm::AesGmac,
        };
        f.debug_tuple("Signer").field(&algorithm).finish()
    }
}

fn hmac(key: &[u8; 16]) -> Hmac<Sha256> {
    <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length")
}

/// The code over the message with zeros in place of its signature.
fn covered<M: Mac + Clone>(keyed: &M, message: &[u8]) -> Option<M> {
    let mut mac = keyed.clone();
    mac.update(message.get(..SIGNATURE_AT)?);
    mac.update(&[0; 16]);
    mac.update(message.get(HEADER_BYTES..)?);
    Some(mac)
}

fn gmac(gcm: &Aes128Gcm, message: &[u8]) -> Option<[u8; 16]> {
    let tag = gcm.encrypt_inout_detached(&gmac_nonce(message)?.into(), &unsigned(message)?, (&mut [][..]).into());
    tag.ok().map(Into::into)
}

fn gmac_verify(gcm: &Aes128Gcm, message: &[u8], signature: [u8; 16]) -> bool {
    let (Some(nonce), Some(covered)) = (gmac_nonce(message), unsigned(message)) else { return false };
    gcm.decrypt_inout_detached(&nonce.into(), &covered, (&mut [][..]).into(), &Tag::<Aes128Gcm>::from(signature)).is_ok()
}

/// A copy of the message with zeros in place of its signature: AES-GCM wants what it covers in one piece.
fn unsigned(message: &[u8]) -> Option<Vec<u8>> {
    let mut copy = message.to_vec();
    copy.get_mut(SIGNATURE_AT..HEADER_BYTES)?.fill(0);
    Some(copy)
}

/// MessageId, then one bit for the server's side and one for a CANCEL (which shares its MessageId with what it cancels).
fn gmac_nonce(message: &[u8]) -> Option<[u8; 12]> {
    let message_id: [u8; 8] = array_at(message, MESSAGE_ID_AT)?;
    let from_server = u32::from_le_bytes(array_at(message, FLAGS_AT)?) & FROM_SERVER;
    let cancel = u32::from(u16::from_le_bytes(array_at(message, COMMAND_AT)?) == CANCEL);
    let mut nonce = [0; 12];
    nonce[..8].copy_from_slice(&message_id);
    nonce[8..].copy_from_slice(&(from_server | cancel << 1).to_le_bytes());
    Some(nonce)
}
