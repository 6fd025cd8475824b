//! The three messages (MS-NLMP 2.2.1).

use super::super::{AuthError, ServerNames};
use super::flags;
use crate::crypto::array_at;

/// What every message begins with.
pub(crate) const SIGNATURE: &[u8] = b"NTLMSSP\0";
/// The longest message that is looked at, in bytes. Those of Windows are below a thousand.
pub const NTLM_MESSAGE_BYTES_MAX: usize = 8 * 1024;

const NEGOTIATE: u32 = 1;
const CHALLENGE: u32 = 2;
const AUTHENTICATE: u32 = 3;
/// The fixed part of a challenge, with its version.
const CHALLENGE_BYTES: usize = 56;
/// Where the MIC of an AUTHENTICATE is, if it has one (MS-NLMP 2.2.1.3: after the version).
const MIC_AT: usize = 72;
/// Windows 7 and revision 15 of NTLMSSP, the one there is (MS-NLMP 2.2.2.10). Clients only display it.
const VERSION: [u8; 8] = [6, 1, 0, 0, 0, 0, 0, 15];

/// Ids of AV pairs (MS-NLMP 2.2.2.1).
const AV_EOL: u16 = 0;
const AV_NB_COMPUTER: u16 = 1;
const AV_NB_DOMAIN: u16 = 2;
const AV_DNS_COMPUTER: u16 = 3;
const AV_FLAGS: u16 = 6;
const AV_TIMESTAMP: u16 = 7;
/// MsvAvFlags: the AUTHENTICATE has a MIC.
const AV_FLAG_MIC: u32 = 2;

/// The flags that a NEGOTIATE offers.
pub(super) fn negotiate_flags(message: &[u8]) -> Result<u32, AuthError> {
    check(message, NEGOTIATE)?;
    array_at(message, 12).map(u32::from_le_bytes).ok_or(AuthError::Malformed)
}

/// A challenge with names and time (FILETIME) of the server.
pub(super) fn challenge(flags: u32, server_challenge: [u8; 8], names: &ServerNames, now: u64) -> Vec<u8> {
    let target = utf16(names.netbios());
    let mut info = Vec::new();
    av_pair(&mut info, AV_NB_DOMAIN, &target);
    av_pair(&mut info, AV_NB_COMPUTER, &target);
    av_pair(&mut info, AV_DNS_COMPUTER, &utf16(names.dns()));
    av_pair(&mut info, AV_TIMESTAMP, &now.to_le_bytes());
    av_pair(&mut info, AV_EOL, &[]);
    let mut message = Vec::with_capacity(CHALLENGE_BYTES + target.len() + info.len());
    message.extend_from_slice(SIGNATURE);
    message.extend_from_slice(&CHALLENGE.to_le_bytes());
    push_field(&mut message, target.len(), CHALLENGE_BYTES);
    message.extend_from_slice(&flags.to_le_bytes());
    message.extend_from_slice(&server_challenge);
    message.extend_from_slice(&[0; 8]);
    push_field(&mut message, info.len(), CHALLENGE_BYTES + target.len());
    message.extend_from_slice(&if flags & flags::VERSION == 0 { [0; 8] } else { VERSION });
    message.extend_from_slice(&target);
    message.extend_from_slice(&info);
    message
}

/// AUTHENTICATE, as far as it is used.
#[derive(Debug)]
pub(super) struct Authenticate<'a> {
    pub(super) lm: &'a [u8],
    pub(super) nt: &'a [u8],
    /// UTF-16, as the client spells it.
    pub(super) domain: &'a [u8],
    /// UTF-16, as the client spells it.
    pub(super) user: &'a [u8],
    pub(super) encrypted_key: &'a [u8],
    pub(super) flags: u32,
}

impl<'a> Authenticate<'a> {
    pub(super) fn decode(message: &'a [u8]) -> Result<Self, AuthError> {
        check(message, AUTHENTICATE)?;
        let field = |at| field(message, at).ok_or(AuthError::Malformed);
        Ok(Self {
            lm: field(12)?,
            nt: field(20)?,
            domain: field(28)?,
            user: field(36)?,
            encrypted_key: field(52)?,
            flags: array_at(message, 60).map(u32::from_le_bytes).ok_or(AuthError::Malformed)?,
        })
    }
}

/// The MIC of an AUTHENTICATE, and the message with zeros in its place.
pub(super) fn split_mic(message: &[u8]) -> Result<([u8; 16], Vec<u8>), AuthError> {
    let mic = array_at(message, MIC_AT).ok_or(AuthError::Malformed)?;
    let mut without = message.to_vec();
    without.get_mut(MIC_AT..MIC_AT + 16).ok_or(AuthError::Malformed)?.fill(0);
    Ok((mic, without))
}

/// NTLMv2_RESPONSE (MS-NLMP 2.2.2.8).
#[derive(Debug)]
pub(super) struct Response<'a> {
    pub(super) proof: [u8; 16],
    /// NTLMv2_CLIENT_CHALLENGE and what follows it: `temp` of MS-NLMP 3.3.2.
    pub(super) blob: &'a [u8],
    /// The AV pairs say that there is a MIC.
    pub(super) has_mic: bool,
}

impl<'a> Response<'a> {
    /// Reads the response of NTLMv2. One of 24 bytes is NTLMv1's.
    pub(super) fn decode(nt: &'a [u8]) -> Result<Self, AuthError> {
        if nt.len() <= 24 {
            return Err(AuthError::Unsupported);
        }
        let (proof, blob) = nt.split_first_chunk().ok_or(AuthError::Malformed)?;
        // RespType and HiRespType; times, challenges and reserved bytes are only hashed.
        if !blob.starts_with(&[1, 1]) {
            return Err(AuthError::Malformed);
        }
        let av_flags = find_av_flags(blob.get(28..).ok_or(AuthError::Malformed)?).ok_or(AuthError::Malformed)?;
        Ok(Self { proof: *proof, blob, has_mic: av_flags & AV_FLAG_MIC != 0 })
    }
}

/// The value of MsvAvFlags, zero if there is none; nothing if the list is broken.
fn find_av_flags(mut pairs: &[u8]) -> Option<u32> {
    loop {
        let id = u16::from_le_bytes(array_at(pairs, 0)?);
        let length = usize::from(u16::from_le_bytes(array_at(pairs, 2)?));
        let value = pairs.get(4..)?;
        match id {
            AV_EOL => return Some(0),
            AV_FLAGS => return array_at(value.get(..length)?, 0).map(u32::from_le_bytes),
            _ => pairs = value.get(length..)?,
        }
    }
}

/// UTF-16LE.
pub(super) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// The text of UTF-16LE; none if it is not.
pub(super) fn from_utf16(bytes: &[u8]) -> Option<String> {
    let (units, rest) = bytes.as_chunks();
    if !rest.is_empty() {
        return None;
    }
    char::decode_utf16(units.iter().map(|unit| u16::from_le_bytes(*unit))).collect::<Result<_, _>>().ok()
}

fn check(message: &[u8], kind: u32) -> Result<(), AuthError> {
    let right = message.len() <= NTLM_MESSAGE_BYTES_MAX
        && message.starts_with(SIGNATURE)
        && array_at(message, SIGNATURE.len()).map(u32::from_le_bytes) == Some(kind);
    right.then_some(()).ok_or(AuthError::Malformed)
}

/// What a field of length, allocated length and offset points at.
fn field(message: &[u8], at: usize) -> Option<&[u8]> {
    let length = usize::from(u16::from_le_bytes(array_at(message, at)?));
    let offset = usize::try_from(u32::from_le_bytes(array_at(message, at.checked_add(4)?)?)).ok()?;
    if length == 0 {
        // The offset of nothing means nothing.
        return Some(&[]);
    }
    message.get(offset..offset.checked_add(length)?)
}

fn push_field(message: &mut Vec<u8>, length: usize, offset: usize) {
    let length = u16::try_from(length).expect("names are cut to a few hundred bytes").to_le_bytes();
    message.extend_from_slice(&length);
    message.extend_from_slice(&length);
    message.extend_from_slice(&u32::try_from(offset).expect("offsets are below a thousand").to_le_bytes());
}

fn av_pair(info: &mut Vec<u8>, id: u16, value: &[u8]) {
    info.extend_from_slice(&id.to_le_bytes());
    info.extend_from_slice(&u16::try_from(value.len()).expect("names are cut to a few hundred bytes").to_le_bytes());
    info.extend_from_slice(value);
}
