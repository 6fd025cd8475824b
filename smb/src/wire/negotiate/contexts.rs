//! The contexts of NEGOTIATE in dialect 3.1.1 (MS-SMB2 2.2.3.1, 2.2.4.1).

use binrw::{BinRead, BinWrite};

use crate::wire::bytes::{align, fixed, length, put, put_all, span};
use crate::wire::flags::flags;
use crate::wire::{WireError, text};

/// How many contexts a message may have. The specification knows nine types, and none is of use twice.
pub const CONTEXTS_MAX: usize = 64;

/// A hash for what precedes authentication (MS-SMB2 2.2.3.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BinRead, BinWrite)]
#[brw(little)]
pub struct HashAlgorithm(pub u16);

impl HashAlgorithm {
    /// SHA-512, the only one there is.
    pub const SHA_512: HashAlgorithm = HashAlgorithm(0x0001);
}

/// A cipher (MS-SMB2 2.2.3.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BinRead, BinWrite)]
#[brw(little)]
pub struct Cipher(pub u16);

impl Cipher {
    /// In a response: no common cipher.
    pub const NONE: Cipher = Cipher(0x0000);
    /// AES-128-CCM
    pub const AES_128_CCM: Cipher = Cipher(0x0001);
    /// AES-128-GCM
    pub const AES_128_GCM: Cipher = Cipher(0x0002);
    /// AES-256-CCM
    pub const AES_256_CCM: Cipher = Cipher(0x0003);
    /// AES-256-GCM
    pub const AES_256_GCM: Cipher = Cipher(0x0004);
}

/// A way to sign (MS-SMB2 2.2.3.1.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BinRead, BinWrite)]
#[brw(little)]
pub struct SigningAlgorithm(pub u16);

impl SigningAlgorithm {
    /// HMAC-SHA256
    pub const HMAC_SHA256: SigningAlgorithm = SigningAlgorithm(0x0000);
    /// AES-CMAC
    pub const AES_CMAC: SigningAlgorithm = SigningAlgorithm(0x0001);
    /// AES-GMAC
    pub const AES_GMAC: SigningAlgorithm = SigningAlgorithm(0x0002);
}

flags! {
    /// Flags of the transport context (MS-SMB2 2.2.3.1.5).
    TransportFlags: u32 {
        /// SMB2_ACCEPT_TRANSPORT_LEVEL_SECURITY: what the transport encrypts need not be encrypted again.
        ACCEPT_TRANSPORT_LEVEL_SECURITY = 0x0000_0001;
    }
}

/// One context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NegotiateContext {
    /// SMB2_PREAUTH_INTEGRITY_CAPABILITIES
    Preauth {
        /// The hashes, in the sender's order.
        hashes: Vec<HashAlgorithm>,
        /// Random bytes.
        salt: Vec<u8>,
    },
    /// SMB2_ENCRYPTION_CAPABILITIES: the ciphers, in the sender's order.
    Encryption(Vec<Cipher>),
    /// SMB2_NETNAME_NEGOTIATE_CONTEXT_ID: how the client calls the server.
    NetName(String),
    /// SMB2_TRANSPORT_CAPABILITIES
    Transport(TransportFlags),
    /// SMB2_SIGNING_CAPABILITIES: the ways to sign, in the sender's order.
    Signing(Vec<SigningAlgorithm>),
    /// Any other, compression among them: of no use here.
    Other {
        /// ContextType
        kind: u16,
        /// Its data.
        data: Vec<u8>,
    },
}

const PREAUTH: u16 = 0x0001;
const ENCRYPTION: u16 = 0x0002;
const NETNAME: u16 = 0x0005;
const TRANSPORT: u16 = 0x0006;
const SIGNING: u16 = 0x0008;

#[derive(BinRead, BinWrite)]
#[brw(little)]
struct Prefix {
    kind: u16,
    #[brw(pad_after = 4)]
    data_length: u16,
}

const PREFIX_LENGTH: usize = 8;

/// The contexts of a message.
pub(super) fn decode(message: &[u8], offset: u32, count: u16) -> Result<Vec<NegotiateContext>, WireError> {
    const WHAT: &str = "NegotiateContextList";
    if usize::from(count) > CONTEXTS_MAX {
        return Err(WireError::TooLong(WHAT));
    }
    let mut at = usize::try_from(offset).map_err(|_| WireError::Range(WHAT))?;
    let mut contexts = Vec::new();
    for _ in 0..count {
        let prefix: Prefix = fixed(message, at, WHAT)?;
        // Whether the prefix is whole was not checked by reading its padding: the data behind it has to begin inside the message.
        let start = at.saturating_add(PREFIX_LENGTH);
        if start > message.len() {
            return Err(WireError::Truncated(WHAT));
        }
        let data = span(message, start, prefix.data_length, WHAT)?;
        contexts.push(context(prefix.kind, data)?);
        at = start.saturating_add(data.len()).next_multiple_of(8);
    }
    Ok(contexts)
}

/// One context from its data.
fn context(kind: u16, data: &[u8]) -> Result<NegotiateContext, WireError> {
    Ok(match kind {
        PREAUTH => {
            const WHAT: &str = "SMB2_PREAUTH_INTEGRITY_CAPABILITIES";
            let [count, salt_length]: [u16; 2] = fixed::<Words<2>>(data, 0, WHAT)?.0;
            let hashes = words(data, 4, count, WHAT)?;
            let salt = span(data, hashes.len().saturating_mul(2).saturating_add(4), salt_length, WHAT)?;
            NegotiateContext::Preauth { hashes: hashes.into_iter().map(HashAlgorithm).collect(), salt: salt.to_vec() }
        }
        ENCRYPTION => {
            const WHAT: &str = "SMB2_ENCRYPTION_CAPABILITIES";
            let [count] = fixed::<Words<1>>(data, 0, WHAT)?.0;
            NegotiateContext::Encryption(words(data, 2, count, WHAT)?.into_iter().map(Cipher).collect())
        }
        SIGNING => {
            const WHAT: &str = "SMB2_SIGNING_CAPABILITIES";
            let [count] = fixed::<Words<1>>(data, 0, WHAT)?.0;
            NegotiateContext::Signing(words(data, 2, count, WHAT)?.into_iter().map(SigningAlgorithm).collect())
        }
        NETNAME => NegotiateContext::NetName(text::decode(data, "NetName")?),
        TRANSPORT => NegotiateContext::Transport(fixed::<Transport>(data, 0, "SMB2_TRANSPORT_CAPABILITIES")?.0),
        _ => NegotiateContext::Other { kind, data: data.to_vec() },
    })
}

#[derive(BinRead, BinWrite)]
#[brw(little)]
struct Words<const COUNT: usize>([u16; COUNT]);

#[derive(BinRead, BinWrite)]
#[brw(little)]
struct Transport(TransportFlags);

/// So many numbers of two bytes.
fn words(data: &[u8], at: usize, count: u16, what: &'static str) -> Result<Vec<u16>, WireError> {
    let (words, _) = span(data, at, usize::from(count).saturating_mul(2), what)?.as_chunks::<2>();
    Ok(words.iter().map(|word| u16::from_le_bytes(*word)).collect())
}

/// Appends the contexts. The message is aligned already.
pub(super) fn encode(contexts: &[NegotiateContext], message: &mut Vec<u8>) {
    for context in contexts {
        align(message);
        let (kind, data) = data(context);
        put(message, &Prefix { kind, data_length: length(data.len()) });
        message.extend_from_slice(&data);
    }
}

/// The type and the data of a context.
fn data(context: &NegotiateContext) -> (u16, Vec<u8>) {
    let mut data = Vec::new();
    let kind = match context {
        NegotiateContext::Preauth { hashes, salt } => {
            put(&mut data, &Words([length(hashes.len()), length(salt.len())]));
            put_all(&mut data, hashes);
            data.extend_from_slice(salt);
            PREAUTH
        }
        NegotiateContext::Encryption(ciphers) => {
            put(&mut data, &Words([length(ciphers.len())]));
            put_all(&mut data, ciphers);
            ENCRYPTION
        }
        NegotiateContext::Signing(algorithms) => {
            put(&mut data, &Words([length(algorithms.len())]));
            put_all(&mut data, algorithms);
            SIGNING
        }
        NegotiateContext::NetName(name) => {
            text::append(name, &mut data);
            NETNAME
        }
        NegotiateContext::Transport(flags) => {
            put(&mut data, &Transport(*flags));
            TRANSPORT
        }
        NegotiateContext::Other { kind, data: other } => {
            data.extend_from_slice(other);
            *kind
        }
    };
    (kind, data)
}
