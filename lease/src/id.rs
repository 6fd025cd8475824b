//! Ids. Each is a newtype with one short text form, used alike in scripts, logs, the command line and documents.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;
use std::sync::Arc;

/// A numbered id: a private number, the text form `<prefix><number>`, and nothing that would let two kinds be mixed up.
macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u64);

        impl $name {
            /// The id with this number.
            pub const fn new(number: u64) -> $name {
                $name(number)
            }

            /// The bare number, for wire and disk formats.
            pub const fn get(self) -> u64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = ParseIntError;

            fn from_str(text: &str) -> Result<$name, ParseIntError> {
                text.strip_prefix($prefix).unwrap_or(text).parse().map($name)
            }
        }
    };
}

impl SessionId {
    /// The lowest id that a server chooses itself; the table counts below it.
    pub const CHOSEN_MIN: SessionId = SessionId::new(1 << 63);
}

/// Sixteen opaque bytes, written as 32 hexadecimal digits.
macro_rules! opaque {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// The id with these bytes.
            pub const fn from_bytes(bytes: [u8; 16]) -> $name {
                $name(bytes)
            }

            /// The bytes, for wire and disk formats.
            pub const fn to_bytes(self) -> [u8; 16] {
                self.0
            }

            /// The id whose bytes are this number in big-endian order.
            pub const fn from_u128(number: u128) -> $name {
                $name(number.to_be_bytes())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:032x}", u128::from_be_bytes(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIntError;

            fn from_str(text: &str) -> Result<$name, ParseIntError> {
                u128::from_str_radix(text, 16).map($name::from_u128)
            }
        }
    };
}

numbered!(
    /// One SMB server: a process that serves SMB clients and asks Tenure. Written `srv4`.
    ServerId, "srv"
);
numbered!(
    /// One life of an SMB server. A server chooses a number greater than any it used before; the state refuses what an earlier
    /// life sends. Written `i7`.
    Incarnation, "i"
);
numbered!(
    /// The number that a server gives to a request, rising by one with each new request of one incarnation. Written `q9`.
    Sequence, "q"
);
numbered!(
    /// A transport connection of an SMB client, numbered by the server that accepted it. Written `c3`.
    ConnectionId, "c"
);
numbered!(
    /// An SMB session, numbered by the state, so that no two in the cluster are alike. Written `s17`.
    SessionId, "s"
);
numbered!(
    /// An open (MS-SMB2 3.3.1.10), numbered by the state. Written `o5`.
    OpenId, "o"
);
numbered!(
    /// A volume: a file system that all SMB servers share. Written `vol1`.
    VolumeId, "vol"
);
numbered!(
    /// A share: what is set for opens that go through it is kept under this number. Written `share1`; 0 is one of which nothing is set.
    ShareId, "share"
);
numbered!(
    /// Which notification of a break it is, counted over all leases, so that none of a lease is ever mistaken for one of an earlier lease
    /// with the same key. It tells a late acknowledgement of one break from that of the next; unlike the epoch it exists for
    /// leases of both versions and is never sent to a client. Written `g2`.
    Generation, "g"
);

numbered!(
    /// The number of a notice: something that one life of a server was told, that no command of an SMB client will ever answer, and
    /// that the server confirms with its next requests ([`Request::notices_seen`](crate::Request::notices_seen)). Counted from 1
    /// for each server. Written `note5`.
    NoticeNumber, "note"
);

opaque!(
    /// What an SMB client calls itself in NEGOTIATE (MS-SMB2 2.2.3). With a lease key it identifies a lease.
    ClientGuid
);
opaque!(
    /// What a client calls a lease (MS-SMB2 2.2.13.2.8). Two clients may use the same key.
    LeaseKey
);
opaque!(
    /// What a client calls a durable open (MS-SMB2 2.2.13.2.11).
    CreateGuid
);
opaque!(
    /// What an application calls itself, wherever it runs (MS-SMB2 2.2.13.2.13).
    AppInstanceId
);
opaque!(
    /// A client of NFS or NLM, as its servers agree to call it. It is the same client as the [`ClientGuid`] with the same bytes.
    NfsClient
);
opaque!(
    /// A lock owner of an NFS or NLM client.
    NfsOwnerId
);
opaque!(
    /// A file of a volume, independent of its name (the 128-bit file id of MS-FSCC 2.1.10).
    FileId
);

impl NfsClient {
    /// The same client where it is called as one of SMB is: a server that opens files for a client of NFS starts its session under this.
    pub const fn guid(self) -> ClientGuid {
        ClientGuid::from_bytes(self.to_bytes())
    }
}

/// One request of one server: what makes a retry recognisable. Written `srv4.i7.q9`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId {
    /// Who asks.
    pub server: ServerId,
    /// In which life.
    pub incarnation: Incarnation,
    /// Which of its requests.
    pub sequence: Sequence,
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.server, self.incarnation, self.sequence)
    }
}

/// What a lease is about: one stream of one file. Leases and share modes are per stream (MS-FSA 2.1.1.10).
/// Written `vol1/<file id>` or `vol1/<file id>:<stream>`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileKey {
    /// The volume.
    pub volume: VolumeId,
    /// The file in it.
    pub file: FileId,
    /// The name of an alternate data stream; none for the unnamed stream.
    pub stream: Option<Arc<str>>,
}

impl fmt::Display for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.volume, self.file)?;
        match &self.stream {
            Some(stream) => write!(f, ":{stream}"),
            None => Ok(()),
        }
    }
}

/// The version counter of a v2 lease (MS-SMB2 2.2.13.2.10). It wraps; a client takes a difference of 1 to 32767 as newer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Epoch(u16);

impl Epoch {
    /// The epoch with this number.
    pub const fn new(number: u16) -> Epoch {
        Epoch(number)
    }

    /// The bare number.
    pub const fn get(self) -> u16 {
        self.0
    }

    /// The epoch after this one.
    #[must_use]
    pub const fn next(self) -> Epoch {
        Epoch(self.0.wrapping_add(1))
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "e{}", self.0)
    }
}
