//! What nodes tell each other of changes, byte by byte.
//!
//! One byte of version, then one message. A node that does not know the version or the message passes it over.

use std::io::Cursor;

use binrw::{BinRead, BinWrite};
use lease::FileId;

use super::event::Event;
use crate::files::SmbPath;
use crate::wire::change_notify::{ChangeAction, CompletionFilter};

/// The version that this program writes.
const VERSION: u8 = 1;
/// Events of one message at most; a rename has three.
const EVENTS_MAX: usize = 64;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Message {
    /// These, together.
    Happened(Vec<Event>),
    /// This directory is about to be deleted.
    Deletion(FileId),
    /// This directory has another name.
    Moved(SmbPath, SmbPath),
    /// More than could be told.
    Lost,
}

#[derive(BinRead, BinWrite)]
#[brw(little)]
enum Wire {
    #[brw(magic = 1u8)]
    Happened {
        count: u8,
        #[br(count = count)]
        events: Vec<WireEvent>,
    },
    #[brw(magic = 2u8)]
    Deletion { file: [u8; 16] },
    #[brw(magic = 3u8)]
    Moved { old: Text, new: Text },
    #[brw(magic = 4u8)]
    Lost,
}

#[derive(BinRead, BinWrite)]
#[brw(little)]
struct WireEvent {
    action: ChangeAction,
    filter: CompletionFilter,
    unless: CompletionFilter,
    path: Text,
}

/// A path: not longer than what [`SmbPath`] takes.
#[derive(BinRead, BinWrite)]
#[brw(little)]
struct Text {
    length: u16,
    #[br(count = length)]
    bytes: Vec<u8>,
}

impl Message {
    pub(super) fn encode(&self) -> Vec<u8> {
        let wire = match self {
            Message::Happened(events) => {
                let events: Vec<_> = events.iter().take(EVENTS_MAX).map(to_wire).collect();
                Wire::Happened { count: u8::try_from(events.len()).unwrap_or_default(), events }
            }
            Message::Deletion(file) => Wire::Deletion { file: file.to_bytes() },
            Message::Moved(old, new) => Wire::Moved { old: text(old), new: text(new) },
            Message::Lost => Wire::Lost,
        };
        let mut bytes = Cursor::new(vec![VERSION]);
        bytes.set_position(1);
        wire.write(&mut bytes).expect("writing to memory does not fail");
        bytes.into_inner()
    }

    /// None for what this program does not know.
    pub(super) fn decode(bytes: &[u8]) -> Option<Message> {
        let (version, body) = bytes.split_first()?;
        if *version != VERSION {
            return None;
        }
        Some(match Wire::read(&mut Cursor::new(body)).ok()? {
            Wire::Happened { events, .. } => Message::Happened(events.into_iter().map(of_wire).collect::<Option<_>>()?),
            Wire::Deletion { file } => Message::Deletion(FileId::from_bytes(file)),
            Wire::Moved { old, new } => Message::Moved(path(&old)?, path(&new)?),
            Wire::Lost => Message::Lost,
        })
    }
}

fn to_wire(event: &Event) -> WireEvent {
    let Event { action, path, filter, unless } = event;
    WireEvent { action: *action, filter: *filter, unless: *unless, path: text(path) }
}

fn of_wire(event: WireEvent) -> Option<Event> {
    let WireEvent { action, filter, unless, path: at } = event;
    Some(Event { action, path: path(&at)?, filter, unless })
}

fn text(path: &SmbPath) -> Text {
    let bytes = path.to_string().into_bytes();
    Text { length: u16::try_from(bytes.len()).unwrap_or_default(), bytes }
}

fn path(text: &Text) -> Option<SmbPath> {
    SmbPath::parse(std::str::from_utf8(&text.bytes).ok()?).ok()
}
