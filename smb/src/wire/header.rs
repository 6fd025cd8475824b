//! The header of every message (MS-SMB2 2.2.1).

use binrw::{BinRead, BinWrite};

use super::WireError;
use super::bytes::{fixed, patch, put};
use super::flags::flags;
use super::status::NtStatus;

/// How a message of SMB 2 and 3 begins.
pub const PROTOCOL_ID: [u8; 4] = [0xFE, b'S', b'M', b'B'];
/// How long a header is, in bytes.
pub const HEADER_LENGTH: usize = super::bytes::BODY;
/// Where NextCommand lies in a header.
const NEXT_COMMAND_AT: usize = 20;
/// Where the signature lies in a header.
const SIGNATURE_AT: usize = 48;
/// How long a signature is, in bytes.
pub const SIGNATURE_LENGTH: usize = 16;
/// The message id of what the server says unasked: breaks (MS-SMB2 3.3.4.6, 3.3.4.7).
pub const UNSOLICITED: u64 = u64::MAX;

flags! {
    /// Flags of the header (MS-SMB2 2.2.1.1).
    HeaderFlags: u32 {
        /// SMB2_FLAGS_SERVER_TO_REDIR: it is a response.
        RESPONSE = 0x0000_0001;
        /// SMB2_FLAGS_ASYNC_COMMAND: the header has an AsyncId in place of a TreeId.
        ASYNC = 0x0000_0002;
        /// SMB2_FLAGS_RELATED_OPERATIONS: a request that goes on with what the one before it in its compound was about.
        RELATED = 0x0000_0004;
        /// SMB2_FLAGS_SIGNED: the signature is one.
        SIGNED = 0x0000_0008;
        /// SMB2_FLAGS_PRIORITY_MASK: the priority of a request, since 3.1.1.
        PRIORITY = 0x0000_0070;
        /// SMB2_FLAGS_DFS_OPERATIONS: the name in it is one of DFS.
        DFS = 0x1000_0000;
        /// SMB2_FLAGS_REPLAY_OPERATION: the client repeats a request whose response it has not seen.
        REPLAY = 0x2000_0000;
    }
}

/// What a message asks for (MS-SMB2 2.2.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Command {
    /// NEGOTIATE
    Negotiate,
    /// SESSION_SETUP
    SessionSetup,
    /// LOGOFF
    Logoff,
    /// TREE_CONNECT
    TreeConnect,
    /// TREE_DISCONNECT
    TreeDisconnect,
    /// CREATE
    Create,
    /// CLOSE
    Close,
    /// FLUSH
    Flush,
    /// READ
    Read,
    /// WRITE
    Write,
    /// LOCK
    Lock,
    /// IOCTL
    Ioctl,
    /// CANCEL
    Cancel,
    /// ECHO
    Echo,
    /// QUERY_DIRECTORY
    QueryDirectory,
    /// CHANGE_NOTIFY
    ChangeNotify,
    /// QUERY_INFO
    QueryInfo,
    /// SET_INFO
    SetInfo,
    /// OPLOCK_BREAK
    OplockBreak,
    /// A number without a meaning: the server answers STATUS_INVALID_PARAMETER (MS-SMB2 3.3.5.2).
    Unknown(u16),
}

/// The commands in the order of their numbers.
const COMMANDS: [Command; 19] = [
    Command::Negotiate,
    Command::SessionSetup,
    Command::Logoff,
    Command::TreeConnect,
    Command::TreeDisconnect,
    Command::Create,
    Command::Close,
    Command::Flush,
    Command::Read,
    Command::Write,
    Command::Lock,
    Command::Ioctl,
    Command::Cancel,
    Command::Echo,
    Command::QueryDirectory,
    Command::ChangeNotify,
    Command::QueryInfo,
    Command::SetInfo,
    Command::OplockBreak,
];

impl Command {
    /// The command with this number.
    pub fn from_code(code: u16) -> Command {
        COMMANDS.get(usize::from(code)).copied().unwrap_or(Command::Unknown(code))
    }

    /// The number.
    pub fn code(self) -> u16 {
        if let Command::Unknown(code) = self {
            return code;
        }
        (0..).zip(COMMANDS).find(|(_, command)| *command == self).map_or(u16::MAX, |(code, _)| code)
    }
}

/// What bytes 32 to 39 of a header say, by SMB2_FLAGS_ASYNC_COMMAND.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The header is a synchronous one (MS-SMB2 2.2.1.2).
    Sync {
        /// Of no use to a server: it is sent back as it came.
        process_id: u32,
        /// The tree connect.
        tree_id: u32,
    },
    /// The header is an asynchronous one (MS-SMB2 2.2.1.1): an interim response, the final one after it, or a CANCEL of such a request.
    Async {
        /// The number that the server gave to the request in its interim response.
        async_id: u64,
    },
}

impl Target {
    /// The tree connect, if the header names one.
    pub const fn tree_id(self) -> Option<u32> {
        match self {
            Target::Sync { tree_id, .. } => Some(tree_id),
            Target::Async { .. } => None,
        }
    }
}

/// The header (MS-SMB2 2.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// How many credits the request costs; 0 in dialect 2.0.2.
    pub credit_charge: u16,
    /// The outcome, in a response. In a request of a 3.x dialect the low half of it is the [`Header::channel_sequence`].
    pub status: NtStatus,
    /// What is asked for.
    pub command: Command,
    /// How many credits are asked for, or granted.
    pub credits: u16,
    /// The flags. [`HeaderFlags::ASYNC`] is written as [`Header::target`] needs it, whatever is said here.
    pub flags: HeaderFlags,
    /// From this header to the next one of the compound, in bytes; 0 in the last.
    pub next_command: u32,
    /// The number of the request, or [`UNSOLICITED`].
    pub message_id: u64,
    /// The tree connect or the AsyncId.
    pub target: Target,
    /// The session; 0 for none yet.
    pub session_id: u64,
    /// The signature, if the flags say so.
    pub signature: [u8; SIGNATURE_LENGTH],
}

/// The bytes of a header, in their order.
#[derive(BinRead, BinWrite)]
#[brw(little, magic = b"\xFESMB\x40\x00")]
struct Raw {
    credit_charge: u16,
    status: u32,
    command: u16,
    credits: u16,
    flags: HeaderFlags,
    next_command: u32,
    message_id: u64,
    low: u32,
    high: u32,
    session_id: u64,
    signature: [u8; SIGNATURE_LENGTH],
}

impl Header {
    /// A response to this request: the same numbers, and what the request asked for still to be filled in.
    #[must_use]
    pub fn response(&self, status: NtStatus, credits: u16) -> Header {
        let keep = self.flags & (HeaderFlags::RELATED | HeaderFlags::PRIORITY | HeaderFlags::DFS | HeaderFlags::REPLAY);
        let flags = keep | HeaderFlags::RESPONSE;
        Header { status, credits, flags, next_command: 0, signature: [0; SIGNATURE_LENGTH], ..*self }
    }

    /// The header of a break notification: nobody asked for it (MS-SMB2 3.3.4.6, 3.3.4.7).
    pub fn unsolicited_break() -> Header {
        Header {
            credit_charge: 0,
            status: NtStatus::SUCCESS,
            command: Command::OplockBreak,
            credits: 0,
            flags: HeaderFlags::RESPONSE,
            next_command: 0,
            message_id: UNSOLICITED,
            target: Target::Sync { process_id: 0, tree_id: 0 },
            session_id: 0,
            signature: [0; SIGNATURE_LENGTH],
        }
    }

    /// The ChannelSequence of a request (MS-SMB2 2.2.1.2): how often the client has lost a channel. Only the 3.x dialects have it.
    pub const fn channel_sequence(&self) -> u16 {
        let [low, high, ..] = self.status.0.to_le_bytes();
        u16::from_le_bytes([low, high])
    }

    /// The header that a message begins with.
    pub fn decode(message: &[u8]) -> Result<Header, WireError> {
        let raw: Raw = fixed(message, 0, "the header")?;
        let target = if raw.flags.contains(HeaderFlags::ASYNC) {
            Target::Async { async_id: u64::from(raw.high) << 32 | u64::from(raw.low) }
        } else {
            Target::Sync { process_id: raw.low, tree_id: raw.high }
        };
        Ok(Header {
            credit_charge: raw.credit_charge,
            status: NtStatus(raw.status),
            command: Command::from_code(raw.command),
            credits: raw.credits,
            flags: raw.flags,
            next_command: raw.next_command,
            message_id: raw.message_id,
            target,
            session_id: raw.session_id,
            signature: raw.signature,
        })
    }

    /// Appends the header.
    pub fn encode(&self, message: &mut Vec<u8>) {
        let mut flags = self.flags;
        flags.set(HeaderFlags::ASYNC, matches!(self.target, Target::Async { .. }));
        let (low, high) = match self.target {
            Target::Sync { process_id, tree_id } => (process_id, tree_id),
            Target::Async { async_id } => {
                let half = |number: u64| u32::try_from(number & u64::from(u32::MAX)).unwrap_or_default();
                (half(async_id), half(async_id >> 32))
            }
        };
        let raw = Raw {
            credit_charge: self.credit_charge,
            status: self.status.0,
            command: self.command.code(),
            credits: self.credits,
            flags,
            next_command: self.next_command,
            message_id: self.message_id,
            low,
            high,
            session_id: self.session_id,
            signature: self.signature,
        };
        put(message, &raw);
    }
}

/// Writes NextCommand into an encoded message.
pub fn set_next_command(message: &mut [u8], next_command: u32) {
    patch(message, NEXT_COMMAND_AT, next_command);
}

/// Writes a signature into an encoded message; with zeros it is what a signature is computed over (MS-SMB2 3.1.4.1). The flag is not
/// touched. A message without a whole header stays as it is.
pub fn set_signature(message: &mut [u8], signature: [u8; SIGNATURE_LENGTH]) {
    if let Some(place) = message.get_mut(SIGNATURE_AT..HEADER_LENGTH) {
        place.copy_from_slice(&signature);
    }
}
