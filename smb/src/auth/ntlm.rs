//! NTLMSSP, the acceptor's side (MS-NLMP).

mod exchange;
mod flags;
mod keys;
mod message;

pub(crate) use exchange::{Authenticated, Challenged};
pub use keys::nt_hash;
pub(crate) use keys::{MIC_BYTES, Side, upper};
pub use message::NTLM_MESSAGE_BYTES_MAX;
pub(crate) use message::SIGNATURE;

#[cfg(test)]
pub(crate) use {flags::*, keys::*};
