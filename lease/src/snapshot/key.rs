//! Keys of records: sorted as the ids they are made of, and no group's prefix is the beginning of another's.

use std::sync::Arc;

use crate::id::{ClientGuid, FileId, FileKey, LeaseKey, OpenId, Sequence, ServerId, SessionId, ShareId, VolumeId};
use crate::state::HoldId;

/// Records that are written and read together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Log time, counters, and the settings that hold for all shares.
    Meta,
    /// A server and the answers it was given.
    Server(ServerId),
    /// A client and its connections.
    Client(ClientGuid),
    /// A session.
    Session(SessionId),
    /// A file with its opens, holds, parked requests and locks.
    File(FileKey),
    /// What is set for a share.
    Share(ShareId),
    /// A grace period of a volume.
    Grace(VolumeId),
}

const META: u8 = 1;
const SERVER: u8 = 2;
const CLIENT: u8 = 3;
const SESSION: u8 = 4;
const FILE: u8 = 5;
const SHARE: u8 = 6;
const GRACE: u8 = 7;

impl Group {
    /// What the keys of the group's records begin with, and no other group's.
    pub fn prefix(&self) -> Vec<u8> {
        let mut prefix = Vec::new();
        self.write_prefix(&mut prefix);
        prefix
    }

    pub(super) fn write_prefix(&self, out: &mut Vec<u8>) {
        match self {
            Group::Meta => out.push(META),
            Group::Share(share) => write_share(*share, out),
            Group::Grace(volume) => write_grace(*volume, out),
            Group::Server(server) => write_server(*server, out),
            Group::Client(client) => write_client(*client, out),
            Group::Session(session) => write_session(*session, out),
            Group::File(file) => write_file(file, out),
        }
    }
}

pub(super) fn write_server(server: ServerId, out: &mut Vec<u8>) {
    out.push(SERVER);
    out.extend_from_slice(&server.get().to_be_bytes());
}

pub(super) fn write_share(share: ShareId, out: &mut Vec<u8>) {
    out.push(SHARE);
    out.extend_from_slice(&share.get().to_be_bytes());
}

pub(super) fn write_client(client: ClientGuid, out: &mut Vec<u8>) {
    out.push(CLIENT);
    out.extend_from_slice(&client.to_bytes());
}

pub(super) fn write_session(session: SessionId, out: &mut Vec<u8>) {
    out.push(SESSION);
    out.extend_from_slice(&session.get().to_be_bytes());
}

pub(super) fn write_grace(volume: VolumeId, out: &mut Vec<u8>) {
    out.push(GRACE);
    out.extend_from_slice(&volume.get().to_be_bytes());
}

pub(super) fn write_file(file: &FileKey, out: &mut Vec<u8>) {
    out.push(FILE);
    out.extend_from_slice(&file.volume.get().to_be_bytes());
    out.extend_from_slice(&file.file.to_bytes());
    match &file.stream {
        None => out.push(0),
        Some(stream) => {
            out.push(1);
            write_escaped(stream.as_bytes(), out);
        }
    }
}

/// A name of any length whose bytes sort as they do and whose end can be told: zero bytes are escaped, the end is a zero and a one.
fn write_escaped(name: &[u8], out: &mut Vec<u8>) {
    for byte in name {
        out.push(*byte);
        if *byte == 0 {
            out.push(0xFF);
        }
    }
    out.extend_from_slice(&[0, 1]);
}

/// Which record of its group a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The group's own record.
    Head,
    /// An answer of a server.
    Answer(Sequence),
    /// An open of a file.
    Open(OpenId),
    /// A hold of a file.
    Hold(HoldId),
    /// A parked open of a file.
    Parked(u64),
    /// A lock of a file.
    Lock(u64),
    /// The lock sequences of an open.
    Replays(OpenId),
    /// What is kept beside an open.
    Handle(OpenId),
}

const HEAD: u8 = 0;
const FIRST: u8 = 1;
const SECOND: u8 = 2;
const THIRD: u8 = 3;
const FOURTH: u8 = 4;
const FIFTH: u8 = 5;
const SIXTH: u8 = 6;
const SEVENTH: u8 = 7;
const EIGHTH: u8 = 8;

impl Place {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Place::Head => out.push(HEAD),
            Place::Answer(sequence) => write_number(FIRST, sequence.get(), out),
            Place::Open(open) => write_number(FIRST, open.get(), out),
            Place::Hold(HoldId::Lease(lease)) => {
                out.push(SECOND);
                out.extend_from_slice(&lease.client.to_bytes());
                out.extend_from_slice(&lease.key.to_bytes());
            }
            Place::Hold(HoldId::Oplock(open)) => write_number(FOURTH, open.get(), out),
            Place::Hold(HoldId::Delegation(open)) => write_number(SEVENTH, open.get(), out),
            Place::Parked(ticket) => write_number(THIRD, *ticket, out),
            Place::Lock(number) => write_number(FIFTH, *number, out),
            Place::Replays(open) => write_number(SIXTH, open.get(), out),
            Place::Handle(open) => write_number(EIGHTH, open.get(), out),
        }
    }
}

fn write_number(kind: u8, number: u64, out: &mut Vec<u8>) {
    out.push(kind);
    out.extend_from_slice(&number.to_be_bytes());
}

/// Reads a key from its front.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    fn byte(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn number(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    fn escaped(&mut self) -> Option<Arc<str>> {
        let mut name = Vec::new();
        loop {
            match self.byte()? {
                0 => match self.byte()? {
                    0xFF => name.push(0),
                    1 => return String::from_utf8(name).ok().map(Arc::from),
                    _ => return None,
                },
                byte => name.push(byte),
            }
        }
    }

    fn group(&mut self) -> Option<Group> {
        match self.byte()? {
            META => Some(Group::Meta),
            GRACE => Some(Group::Grace(VolumeId::new(self.number()?))),
            SHARE => Some(Group::Share(ShareId::new(self.number()?))),
            SERVER => Some(Group::Server(ServerId::new(self.number()?))),
            CLIENT => Some(Group::Client(ClientGuid::from_bytes(self.array()?))),
            SESSION => Some(Group::Session(SessionId::new(self.number()?))),
            FILE => {
                let volume = VolumeId::new(self.number()?);
                let file = FileId::from_bytes(self.array()?);
                let stream = match self.byte()? {
                    0 => None,
                    1 => Some(self.escaped()?),
                    _ => return None,
                };
                Some(Group::File(FileKey { volume, file, stream }))
            }
            _ => None,
        }
    }

    fn place(&mut self, group: &Group) -> Option<Place> {
        match (self.byte()?, group) {
            (HEAD, _) => Some(Place::Head),
            (FIRST, Group::Server(_)) => Some(Place::Answer(Sequence::new(self.number()?))),
            (FIRST, Group::File(_)) => Some(Place::Open(OpenId::new(self.number()?))),
            (SECOND, Group::File(_)) => {
                let client = ClientGuid::from_bytes(self.array()?);
                Some(Place::Hold(HoldId::lease(client, LeaseKey::from_bytes(self.array()?))))
            }
            (FOURTH, Group::File(_)) => Some(Place::Hold(HoldId::Oplock(OpenId::new(self.number()?)))),
            (SEVENTH, Group::File(_)) => Some(Place::Hold(HoldId::Delegation(OpenId::new(self.number()?)))),
            (THIRD, Group::File(_)) => Some(Place::Parked(self.number()?)),
            (FIFTH, Group::File(_)) => Some(Place::Lock(self.number()?)),
            (SIXTH, Group::File(_)) => Some(Place::Replays(OpenId::new(self.number()?))),
            (EIGHTH, Group::File(_)) => Some(Place::Handle(OpenId::new(self.number()?))),
            _ => None,
        }
    }
}

/// What a key says; nothing if no version of this program wrote it.
pub(super) fn parse(key: &[u8]) -> Option<(Group, Place)> {
    let mut reader = Reader(key);
    let group = reader.group()?;
    let place = reader.place(&group)?;
    reader.0.is_empty().then_some((group, place))
}
