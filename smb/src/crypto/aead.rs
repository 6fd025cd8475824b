//! The four ciphers, behind one pair of calls.

use aes::{Aes128, Aes256};
use aes_gcm::aead::{AeadInOut, Error, KeyInit, Nonce, Tag};
use aes_gcm::{Aes128Gcm, Aes256Gcm};
use ccm::Ccm;
use ccm::consts::{U11, U16};

use super::CipherKey;

type Aes128Ccm = Ccm<Aes128, U16, U11>;
type Aes256Ccm = Ccm<Aes256, U16, U11>;

/// A cipher of SMB2_ENCRYPTION_CAPABILITIES (MS-SMB2 2.2.3.1.2). 3.0 and 3.0.2 have AES-128-CCM only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cipher {
    /// 0x0001.
    Aes128Ccm,
    /// 0x0002.
    Aes128Gcm,
    /// 0x0003.
    Aes256Ccm,
    /// 0x0004.
    Aes256Gcm,
}

impl Cipher {
    /// The cipher of an id on the wire; none if there is no such cipher.
    pub fn from_wire(id: u16) -> Option<Self> {
        match id {
            1 => Some(Self::Aes128Ccm),
            2 => Some(Self::Aes128Gcm),
            3 => Some(Self::Aes256Ccm),
            4 => Some(Self::Aes256Gcm),
            _ => None,
        }
    }

    /// Its id on the wire.
    pub fn to_wire(self) -> u16 {
        match self {
            Self::Aes128Ccm => 1,
            Self::Aes128Gcm => 2,
            Self::Aes256Ccm => 3,
            Self::Aes256Gcm => 4,
        }
    }

    /// The length of its keys, in bytes.
    pub fn key_bytes(self) -> usize {
        match self {
            Self::Aes128Ccm | Self::Aes128Gcm => 16,
            Self::Aes256Ccm | Self::Aes256Gcm => 32,
        }
    }
}

/// A cipher with its key schedule.
pub(super) enum Aead {
    Aes128Ccm(Box<Aes128Ccm>),
    Aes128Gcm(Box<Aes128Gcm>),
    Aes256Ccm(Box<Aes256Ccm>),
    Aes256Gcm(Box<Aes256Gcm>),
}

impl Aead {
    pub(super) fn new(key: &CipherKey) -> Self {
        let bytes = key.as_bytes();
        match key.cipher() {
            Cipher::Aes128Ccm => Self::Aes128Ccm(Box::new(keyed(bytes))),
            Cipher::Aes128Gcm => Self::Aes128Gcm(Box::new(keyed(bytes))),
            Cipher::Aes256Ccm => Self::Aes256Ccm(Box::new(keyed(bytes))),
            Cipher::Aes256Gcm => Self::Aes256Gcm(Box::new(keyed(bytes))),
        }
    }

    pub(super) fn cipher(&self) -> Cipher {
        match self {
            Self::Aes128Ccm(_) => Cipher::Aes128Ccm,
            Self::Aes128Gcm(_) => Cipher::Aes128Gcm,
            Self::Aes256Ccm(_) => Cipher::Aes256Ccm,
            Self::Aes256Gcm(_) => Cipher::Aes256Gcm,
        }
    }

    /// Encrypts `message` in place and returns the tag. `nonce` is the header's field of 16 bytes.
    pub(super) fn seal(&self, nonce: &[u8; 16], covered: &[u8], message: &mut [u8]) -> Result<[u8; 16], Error> {
        match self {
            Self::Aes128Ccm(cipher) => seal(&**cipher, nonce, covered, message),
            Self::Aes128Gcm(cipher) => seal(&**cipher, nonce, covered, message),
            Self::Aes256Ccm(cipher) => seal(&**cipher, nonce, covered, message),
            Self::Aes256Gcm(cipher) => seal(&**cipher, nonce, covered, message),
        }
    }

    /// Decrypts `message` in place if the tag is right.
    pub(super) fn open(&self, nonce: &[u8; 16], covered: &[u8], message: &mut [u8], tag: &[u8; 16]) -> Result<(), Error> {
        match self {
            Self::Aes128Ccm(cipher) => open(&**cipher, nonce, covered, message, tag),
            Self::Aes128Gcm(cipher) => open(&**cipher, nonce, covered, message, tag),
            Self::Aes256Ccm(cipher) => open(&**cipher, nonce, covered, message, tag),
            Self::Aes256Gcm(cipher) => open(&**cipher, nonce, covered, message, tag),
        }
    }
}

fn keyed<C: KeyInit>(key: &[u8]) -> C {
    C::new_from_slice(key).expect("a CipherKey is as long as its cipher wants")
}

fn seal<C: AeadInOut<TagSize = U16>>(cipher: &C, nonce: &[u8; 16], covered: &[u8], message: &mut [u8]) -> Result<[u8; 16], Error> {
    let tag = cipher.encrypt_inout_detached(&nonce_of::<C>(nonce)?, covered, message.into())?;
    Ok(tag.into())
}

fn open<C: AeadInOut<TagSize = U16>>(
    cipher: &C,
    nonce: &[u8; 16],
    covered: &[u8],
    message: &mut [u8],
    tag: &[u8; 16],
) -> Result<(), Error> {
    cipher.decrypt_inout_detached(&nonce_of::<C>(nonce)?, covered, message.into(), &Tag::<C>::from(*tag))
}

/// The start of the header's Nonce field: 11 bytes for CCM, 12 for GCM (MS-SMB2 2.2.41).
fn nonce_of<C: AeadInOut>(field: &[u8; 16]) -> Result<Nonce<C>, Error> {
    let mut nonce = Nonce::<C>::default();
    let used = field.get(..nonce.len()).ok_or(Error)?;
    nonce.copy_from_slice(used);
    Ok(nonce)
}
