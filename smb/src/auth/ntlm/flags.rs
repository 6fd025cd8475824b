//! NEGOTIATE structures' flags (MS-NLMP 2.2.2.5).

/// NTLMSSP_NEGOTIATE_UNICODE: strings are UTF-16.
pub(crate) const UNICODE: u32 = 0x0000_0001;
/// NTLMSSP_REQUEST_TARGET: the client wants to know the target's name.
pub(crate) const REQUEST_TARGET: u32 = 0x0000_0004;
/// NTLMSSP_NEGOTIATE_SIGN.
pub(crate) const SIGN: u32 = 0x0000_0010;
/// NTLMSSP_NEGOTIATE_SEAL.
pub(crate) const SEAL: u32 = 0x0000_0020;
/// NTLMSSP_NEGOTIATE_NTLM.
pub(crate) const NTLM: u32 = 0x0000_0200;
/// NTLMSSP_NEGOTIATE_ALWAYS_SIGN.
pub(crate) const ALWAYS_SIGN: u32 = 0x0000_8000;
/// NTLMSSP_TARGET_TYPE_SERVER: the target's name is a server's.
pub(crate) const TARGET_TYPE_SERVER: u32 = 0x0002_0000;
/// NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY.
pub(crate) const EXTENDED_SESSIONSECURITY: u32 = 0x0008_0000;
/// NTLMSSP_NEGOTIATE_TARGET_INFO: the challenge has AV pairs, without which there is no NTLMv2.
pub(crate) const TARGET_INFO: u32 = 0x0080_0000;
/// NTLMSSP_NEGOTIATE_VERSION.
pub(crate) const VERSION: u32 = 0x0200_0000;
/// NTLMSSP_NEGOTIATE_128.
pub(crate) const KEY_128: u32 = 0x2000_0000;
/// NTLMSSP_NEGOTIATE_KEY_EXCH: the client chooses the session key.
pub(crate) const KEY_EXCH: u32 = 0x4000_0000;
/// NTLMSSP_NEGOTIATE_56.
pub(crate) const KEY_56: u32 = 0x8000_0000;

/// What a challenge says in any case.
const ALWAYS: u32 = UNICODE | NTLM | TARGET_TYPE_SERVER | TARGET_INFO;
/// What it says where the client offers it.
const IF_OFFERED: u32 =
    REQUEST_TARGET | SIGN | SEAL | ALWAYS_SIGN | EXTENDED_SESSIONSECURITY | VERSION | KEY_128 | KEY_EXCH | KEY_56;

/// The flags of the challenge for what a client offers (MS-NLMP 3.2.5.1.1).
pub(super) fn of_challenge(offered: u32) -> u32 {
    ALWAYS | offered & IF_OFFERED
}

/// The flags of MS-NLMP 4.2.4's example.
#[cfg(test)]
pub(crate) const FLAGS_OF_EXAMPLE: u32 = 0xE288_8235;
