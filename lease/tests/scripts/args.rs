//! The words of the scripts: how each kind of argument is written.

use std::fmt;
use std::str::FromStr;

use lease::{
    Access, ByteRange, Caching, ClientGuid, Delegation, Disposition, HANDLE_CACHING, LeaseKey, LockSequence, NfsClient, NfsOwner,
    NfsOwnerId, OPLOCK_LEVEL_LEASE, OplockLevel, READ_CACHING, ServerId, Share, WRITE_CACHING,
};

/// An SMB server: one capital letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Server(pub(crate) char);

impl Server {
    pub(crate) fn id(self) -> ServerId {
        ServerId::new(u64::from(u32::from(self.0) - u32::from('A')) + 1)
    }

    pub(crate) fn of(id: ServerId) -> Server {
        let letter = u32::try_from(id.get()).ok().and_then(|number| char::from_u32(u32::from('A') + number - 1));
        Server(letter.unwrap_or('?'))
    }
}

impl FromStr for Server {
    type Err = String;

    fn from_str(text: &str) -> Result<Server, String> {
        match text.chars().next() {
            Some(letter @ 'A'..='Z') if text.len() == 1 => Ok(Server(letter)),
            _ => Err(format!("'{text}' is no server: use one capital letter")),
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// An SMB client: `c1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Client(pub(crate) u64);

impl Client {
    pub(crate) fn guid(self) -> ClientGuid {
        ClientGuid::from_u128(u128::from(self.0))
    }

    pub(crate) fn of(guid: ClientGuid) -> Client {
        Client(u64::try_from(u128::from_be_bytes(guid.to_bytes())).unwrap_or(u64::MAX))
    }
}

impl FromStr for Client {
    type Err = String;

    fn from_str(text: &str) -> Result<Client, String> {
        let number = text.strip_prefix('c').and_then(|number| number.parse().ok());
        number.map(Client).ok_or_else(|| format!("'{text}' is no client: use c1, c2 …"))
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c{}", self.0)
    }
}

/// One session of a client on a connection of its own: `c1@A`, and `c1@A/2` for the second one to the same server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Seat {
    pub(crate) client: Client,
    pub(crate) server: Server,
    pub(crate) number: u64,
}

impl FromStr for Seat {
    type Err = String;

    fn from_str(text: &str) -> Result<Seat, String> {
        let (client, place) = text.split_once('@').ok_or_else(|| format!("'{text}' is no session: use c1@A or c1@A/2"))?;
        let (server, number) = place.split_once('/').unwrap_or((place, "1"));
        let number = number.parse().map_err(|_| format!("'{number}' is no number of a session"))?;
        Ok(Seat { client: client.parse()?, server: server.parse()?, number })
    }
}

impl fmt::Display for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.client, self.server)?;
        if self.number > 1 { write!(f, "/{}", self.number) } else { Ok(()) }
    }
}

/// A lease key: `K1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key(pub(crate) u64);

impl Key {
    pub(crate) fn key(self) -> LeaseKey {
        LeaseKey::from_u128(u128::from(self.0))
    }

    pub(crate) fn of(key: LeaseKey) -> Key {
        Key(u64::try_from(u128::from_be_bytes(key.to_bytes())).unwrap_or(u64::MAX))
    }
}

impl FromStr for Key {
    type Err = String;

    fn from_str(text: &str) -> Result<Key, String> {
        let number = text.strip_prefix('K').and_then(|number| number.parse().ok());
        number.map(Key).ok_or_else(|| format!("'{text}' is neither a lease key (K1, K2 …) nor an option of this command"))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "K{}", self.0)
    }
}

/// The bits of a lease state as a client sends them, in letters or `none`; also those that no lease can be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bits(pub(crate) u32);

impl Bits {
    pub(crate) fn asked(self) -> Caching {
        Caching::requested(self.0)
    }
}

impl FromStr for Bits {
    type Err = String;

    fn from_str(text: &str) -> Result<Bits, String> {
        if text == "none" {
            return Ok(Bits(0));
        }
        if let Some(number) = text.strip_prefix("0x") {
            return u32::from_str_radix(number, 16).map(Bits).map_err(|error| error.to_string());
        }
        text.chars()
            .try_fold(0, |bits, letter| match letter {
                'R' => Ok(bits | READ_CACHING),
                'W' => Ok(bits | WRITE_CACHING),
                'H' => Ok(bits | HANDLE_CACHING),
                _ => Err(format!("'{text}' is no lease state: use none, letters of RWH, or 0x…")),
            })
            .map(Bits)
    }
}

/// Desired access: names joined by `.`; `rwd` and the like are short for data access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted(pub(crate) Access);

/// What a test asks for if it says nothing: every right a file has (MS-SMB2 2.2.13.1.1, without ACCESS_SYSTEM_SECURITY).
const EVERYTHING: u32 = 0x001f_01ff;

impl Default for Wanted {
    fn default() -> Wanted {
        Wanted(Access(EVERYTHING))
    }
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Wanted, String> {
        text.split('.').try_fold(0, |bits, name| Ok(bits | access_bits(name)?)).map(|bits| Wanted(Access(bits)))
    }
}

/// The bits of MS-SMB2 2.2.13.1.1 by name.
fn access_bits(name: &str) -> Result<u32, String> {
    Ok(match name {
        "all" => EVERYTHING,
        "none" => 0,
        "read_data" | "r" => 0x0000_0001,
        "write_data" | "w" => 0x0000_0002,
        "append_data" | "a" => 0x0000_0004,
        "read_ea" => 0x0000_0008,
        "write_ea" => 0x0000_0010,
        "execute" | "x" => 0x0000_0020,
        "delete_child" => 0x0000_0040,
        "read_attributes" => 0x0000_0080,
        "write_attributes" => 0x0000_0100,
        "delete" | "d" => 0x0001_0000,
        "read_control" => 0x0002_0000,
        "write_dac" => 0x0004_0000,
        "write_owner" => 0x0008_0000,
        "synchronize" => 0x0010_0000,
        "rw" => 0x0000_0003,
        "rwd" => 0x0001_0003,
        "rd" => 0x0001_0001,
        "wd" => 0x0001_0002,
        // What a client asks for that only looks at attributes.
        "stat" => 0x0010_0180,
        other => match other.strip_prefix("0x") {
            Some(number) => u32::from_str_radix(number, 16).map_err(|error| error.to_string())?,
            None => return Err(format!("'{other}' is no access right")),
        },
    })
}

/// A share mode: letters of `rwd`, or `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shared(pub(crate) Share);

impl Default for Shared {
    fn default() -> Shared {
        Shared(Share(7))
    }
}

impl FromStr for Shared {
    type Err = String;

    fn from_str(text: &str) -> Result<Shared, String> {
        if text == "none" {
            return Ok(Shared(Share(0)));
        }
        if let Some(number) = text.strip_prefix("0x") {
            return u8::from_str_radix(number, 16).map(|bits| Shared(Share(bits))).map_err(|error| error.to_string());
        }
        text.chars()
            .try_fold(0, |bits, letter| match letter {
                'r' => Ok(bits | 1),
                'w' => Ok(bits | 2),
                'd' => Ok(bits | 4),
                _ => Err(format!("'{text}' is no share mode: use none or letters of rwd")),
            })
            .map(|bits| Shared(Share(bits)))
    }
}

/// A disposition: `keep`, `overwrite` or `supersede`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Disposes(pub(crate) Disposition);

impl FromStr for Disposes {
    type Err = String;

    fn from_str(text: &str) -> Result<Disposes, String> {
        match text {
            "keep" => Ok(Disposes(Disposition::Keep)),
            "overwrite" => Ok(Disposes(Disposition::Overwrite)),
            "supersede" => Ok(Disposes(Disposition::Supersede)),
            other => Err(format!("'{other}' is no disposition: use keep, overwrite or supersede")),
        }
    }
}

/// A span or a moment in seconds, to the millisecond: `34`, `0.5`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seconds(pub(crate) u64);

impl FromStr for Seconds {
    type Err = String;

    fn from_str(text: &str) -> Result<Seconds, String> {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let wrong = |_| format!("'{text}' is no number of seconds");
        let millis: u64 = format!("{part:0<3}").parse().map_err(wrong)?;
        let whole: u64 = whole.parse().map_err(wrong)?;
        if part.len() > 3 { Err(format!("'{text}' is finer than a millisecond")) } else { Ok(Seconds(whole * 1000 + millis)) }
    }
}

/// A range of bytes: `10/5` is five from the tenth on. `max` is the last offset there is, `max-1` the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) ByteRange);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Span, String> {
        let number = |text: &str| match text.strip_prefix("max") {
            Some("") => Some(u64::MAX),
            Some(less) => u64::MAX.checked_sub(less.strip_prefix('-')?.parse().ok()?),
            None => text.parse().ok(),
        };
        let range = text.split_once('/').and_then(|(offset, length)| Some(ByteRange::new(number(offset)?, number(length)?)));
        range.map(Span).ok_or_else(|| format!("'{text}' is no range: use offset/length"))
    }
}

/// Exclusive, `x`, or shared, `s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LockKind(pub(crate) bool);

impl FromStr for LockKind {
    type Err = String;

    fn from_str(text: &str) -> Result<LockKind, String> {
        match text {
            "x" => Ok(LockKind(true)),
            "s" => Ok(LockKind(false)),
            other => Err(format!("'{other}' is neither x nor s")),
        }
    }
}

/// A bucket and a number of a lock sequence: `3.7`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LockNumber(pub(crate) LockSequence);

impl FromStr for LockNumber {
    type Err = String;

    fn from_str(text: &str) -> Result<LockNumber, String> {
        let pair = text.split_once('.').and_then(|(bucket, number)| Some((bucket.parse().ok()?, number.parse().ok()?)));
        let sequence = pair.and_then(|(bucket, number)| LockSequence::new(bucket, number));
        sequence.map(LockNumber).ok_or_else(|| format!("'{text}' is no lock sequence: use bucket.number"))
    }
}

/// A moment as a reader likes it: `35s`, `0.5s`.
pub(crate) fn seconds(millis: u64) -> String {
    let text = format!("{}.{:03}", millis / 1000, millis % 1000);
    format!("{}s", text.trim_end_matches('0').trim_end_matches('.'))
}

/// An owner of locks of an NFS client, by way of a server: `n3.o1@A`; or the client itself, `n3@A`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Peer {
    pub(crate) owner: NfsOwner,
    pub(crate) server: Server,
}

impl Peer {
    /// As a script writes it.
    pub(crate) fn name(owner: NfsOwner) -> String {
        let number = |bytes: [u8; 16]| u128::from_be_bytes(bytes);
        format!("n{}.o{}", number(owner.client.to_bytes()), number(owner.owner.to_bytes()))
    }
}

impl FromStr for Peer {
    type Err = String;

    fn from_str(text: &str) -> Result<Peer, String> {
        let wrong = || format!("'{text}' is no owner of NFS: use n1.o1@A");
        let (who, server) = text.split_once('@').ok_or_else(wrong)?;
        let (client, owner) = who.split_once(".o").unwrap_or((who, "0"));
        let client = client.strip_prefix('n').and_then(|number| number.parse().ok()).ok_or_else(wrong)?;
        let owner = owner.parse().map_err(|_| wrong())?;
        let owner = NfsOwner { client: NfsClient::from_u128(client), owner: NfsOwnerId::from_u128(owner) };
        Ok(Peer { owner, server: server.parse()? })
    }
}

/// A delegation: `read` or `write`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Delegated(pub(crate) Delegation);

impl FromStr for Delegated {
    type Err = String;

    fn from_str(text: &str) -> Result<Delegated, String> {
        match text {
            "read" => Ok(Delegated(Delegation::Read)),
            "write" => Ok(Delegated(Delegation::Write)),
            other => Err(format!("'{other}' is no delegation: use read or write")),
        }
    }
}

/// What is done to a file without an open of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    Read,
    Write,
    Resize,
    Rename,
    Link,
    Remove,
    Unremove,
    Secure,
    Attributes,
}

impl FromStr for Deed {
    type Err = String;

    fn from_str(text: &str) -> Result<Deed, String> {
        Ok(match text {
            "read" => Deed::Read,
            "write" => Deed::Write,
            "resize" => Deed::Resize,
            "rename" => Deed::Rename,
            "link" => Deed::Link,
            "remove" => Deed::Remove,
            "unremove" => Deed::Unremove,
            "secure" => Deed::Secure,
            "attributes" => Deed::Attributes,
            other => return Err(format!("'{other}' is nothing that is done to a file")),
        })
    }
}

/// A legacy oplock: `ii`, `exclusive`, `batch` or `none`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Level(pub(crate) OplockLevel);

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Level, String> {
        Ok(Level(match text {
            "none" => OplockLevel::None,
            "ii" => OplockLevel::LevelII,
            "exclusive" => OplockLevel::Exclusive,
            "batch" => OplockLevel::Batch,
            other => return Err(format!("'{other}' is no oplock: use none, ii, exclusive or batch")),
        }))
    }
}

/// The level of an acknowledgement, as a client sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LevelByte(pub(crate) u8);

impl FromStr for LevelByte {
    type Err = String;

    fn from_str(text: &str) -> Result<LevelByte, String> {
        match text.strip_prefix("0x") {
            Some(number) => u8::from_str_radix(number, 16).map(LevelByte).map_err(|error| error.to_string()),
            None if text == "lease" => Ok(LevelByte(OPLOCK_LEVEL_LEASE)),
            None => text.parse().map(|Level(level)| LevelByte(level.to_byte())),
        }
    }
}
