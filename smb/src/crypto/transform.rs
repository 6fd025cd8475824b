//! Encrypted messages (MS-SMB2 2.2.41, 3.1.4.3, 3.3.5.2.1.1).

use std::fmt;

use super::aead::Aead;
use super::{CipherKey, array_at};

/// The SMB2 TRANSFORM_HEADER, in bytes.
pub const TRANSFORM_HEADER_BYTES: usize = 52;
/// Its first four bytes.
pub const TRANSFORM_PROTOCOL_ID: [u8; 4] = [0xFD, b'S', b'M', b'B'];

const SIGNATURE_AT: usize = 4;
const NONCE_AT: usize = 20;
const SIZE_AT: usize = 36;
const FLAGS_AT: usize = 42;
const SESSION_AT: usize = 44;
/// Flags of 3.1.1 ("encrypted") and EncryptionAlgorithm of 3.0 and 3.0.2 ("AES-128-CCM") are the same field with the same value.
const ENCRYPTED: u16 = 1;

/// Why a frame was not opened. Either way the connection is closed (MS-SMB2 3.3.5.2.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Not a TRANSFORM_HEADER with as many bytes behind it as it says.
    #[error("malformed TRANSFORM_HEADER")]
    Malformed,
    /// Not sealed with this key, or changed on the way.
    #[error("the frame fails its authentication")]
    Forged,
}

/// Why a message was not sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Longer than the field for its length, or than the cipher can take.
    #[error("the message is too long to encrypt")]
    TooLong,
    /// All nonces of this key and lane are used up; the session has to end.
    #[error("no nonce is left for this key")]
    NoNonceLeft,
}

/// Which session's key opens a frame.
///
/// # Errors
/// [`OpenError::Malformed`] if the header is not whole, or says anything but "encrypted".
pub fn transform_session(frame: &[u8]) -> Result<u64, OpenError> {
    let flags = u16::from_le_bytes(array_at(frame, FLAGS_AT).ok_or(OpenError::Malformed)?);
    if !frame.starts_with(&TRANSFORM_PROTOCOL_ID) || flags != ENCRYPTED {
        return Err(OpenError::Malformed);
    }
    array_at(frame, SESSION_AT).map(u64::from_le_bytes).ok_or(OpenError::Malformed)
}

/// Encrypts what goes to one client in one session.
///
/// It cannot be cloned: its nonces count from zero and must never come twice under one key. Where several connections share a session, each
/// has a sealer of its own with a lane that no other has.
pub struct Sealer {
    aead: Aead,
    session: u64,
    lane: u16,
    /// None once the last number has been used.
    next: Option<u64>,
}

impl Sealer {
    /// A sealer for a session's frames. `lane` is unique among the sealers of one key.
    pub fn new(key: &CipherKey, session: u64, lane: u16) -> Self {
        Self { aead: Aead::new(key), session, lane, next: Some(0) }
    }

    /// The frame for one message or compound.
    ///
    /// # Errors
    /// [`SealError`]; nothing may be sent in its place.
    pub fn seal(&mut self, message: &[u8]) -> Result<Vec<u8>, SealError> {
        let size = u32::try_from(message.len()).map_err(|_| SealError::TooLong)?;
        let nonce = self.nonce()?;
        let mut frame = Vec::with_capacity(TRANSFORM_HEADER_BYTES.saturating_add(message.len()));
        frame.extend_from_slice(&TRANSFORM_PROTOCOL_ID);
        frame.extend_from_slice(&[0; NONCE_AT - SIGNATURE_AT]);
        frame.extend_from_slice(&nonce);
        frame.extend_from_slice(&size.to_le_bytes());
        frame.extend_from_slice(&[0; 2]);
        frame.extend_from_slice(&ENCRYPTED.to_le_bytes());
        frame.extend_from_slice(&self.session.to_le_bytes());
        frame.extend_from_slice(message);
        let (header, message) = frame.split_at_mut(TRANSFORM_HEADER_BYTES);
        let (identity, covered) = header.split_at_mut(NONCE_AT);
        let tag = self.aead.seal(&nonce, covered, message).map_err(|_| SealError::TooLong)?;
        identity[SIGNATURE_AT..].copy_from_slice(&tag);
        Ok(frame)
    }

    /// Counter, lane, zeros: ten bytes, so that it fits the shorter nonce too.
    fn nonce(&mut self) -> Result<[u8; 16], SealError> {
        let number = self.next.ok_or(SealError::NoNonceLeft)?;
        self.next = number.checked_add(1);
        let mut nonce = [0; 16];
        nonce[..8].copy_from_slice(&number.to_le_bytes());
        nonce[8..10].copy_from_slice(&self.lane.to_le_bytes());
        Ok(nonce)
    }

    #[cfg(test)]
    pub(crate) fn skip_to(&mut self, number: u64) {
        self.next = Some(number);
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer").field("cipher", &self.aead.cipher()).field("next", &self.next).finish_non_exhaustive()
    }
}

/// Decrypts what comes from one client in one session.
pub struct Opener(Aead);

impl Opener {
    /// An opener with the key of the other direction.
    pub fn new(key: &CipherKey) -> Self {
        Self(Aead::new(key))
    }

    /// The message or compound in a frame. The frame's session is not compared with anything: [`transform_session`] found this opener by it,
    /// and it is covered by the authentication.
    ///
    /// # Errors
    /// [`OpenError`]; the connection is closed.
    pub fn open(&self, frame: &[u8]) -> Result<Vec<u8>, OpenError> {
        transform_session(frame)?;
        let (header, sealed) = frame.split_at_checked(TRANSFORM_HEADER_BYTES).ok_or(OpenError::Malformed)?;
        let size = u32::from_le_bytes(array_at(header, SIZE_AT).ok_or(OpenError::Malformed)?);
        if usize::try_from(size) != Ok(sealed.len()) {
            return Err(OpenError::Malformed);
        }
        let tag = array_at(header, SIGNATURE_AT).ok_or(OpenError::Malformed)?;
        let nonce = array_at(header, NONCE_AT).ok_or(OpenError::Malformed)?;
        let covered = header.get(NONCE_AT..).ok_or(OpenError::Malformed)?;
        let mut message = sealed.to_vec();
        self.0.open(&nonce, covered, &mut message, &tag).map_err(|_| OpenError::Forged)?;
        Ok(message)
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Opener").field(&self.0.cipher()).finish()
    }
}
