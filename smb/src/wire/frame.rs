//! Messages in the stream of a connection (MS-SMB2 2.1), and several of them in one (MS-SMB2 3.3.5.2.7).

use super::WireError;
use super::bytes::{align, length};
use super::header::{HEADER_LENGTH, Header, set_next_command};

/// How long the prefix of a message is, in bytes.
pub const PREFIX_LENGTH: usize = 4;
/// The longest message that a prefix can announce, in bytes.
pub const MESSAGE_LENGTH_MAX: usize = 0x00FF_FFFF;
/// Elements of a compound begin at multiples of this many bytes.
const ELEMENT_ALIGNMENT: usize = 8;

/// What a message is, by its first four bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One or more messages of SMB 2 or 3, in the clear.
    Smb2,
    /// An encrypted message (MS-SMB2 2.2.41).
    Encrypted,
    /// A compressed message (MS-SMB2 2.2.42), which nobody may send who was not told so.
    Compressed,
    /// A message of SMB1: only its NEGOTIATE is of use.
    Smb1,
}

/// What a message is; none means that nothing else can be expected of this connection.
pub fn kind_of(message: &[u8]) -> Option<Kind> {
    match message.first_chunk::<4>()? {
        b"\xFESMB" => Some(Kind::Smb2),
        b"\xFDSMB" => Some(Kind::Encrypted),
        b"\xFCSMB" => Some(Kind::Compressed),
        b"\xFFSMB" => Some(Kind::Smb1),
        _ => None,
    }
}

/// How long the message behind this prefix is, in bytes. A zero and three bytes in big-endian order: the rest of what NetBIOS knew
/// does not exist on the port of SMB.
pub fn message_length(prefix: [u8; PREFIX_LENGTH], max: usize) -> Result<usize, WireError> {
    let [kind, rest @ ..] = prefix;
    if kind != 0 {
        return Err(WireError::Mark("the length of the message"));
    }
    let length = rest.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
    if length > max {
        return Err(WireError::TooLong("the message"));
    }
    Ok(length)
}

/// The prefix of a message of this many bytes.
pub fn prefix(message_length: usize) -> Result<[u8; PREFIX_LENGTH], WireError> {
    let length = u32::try_from(message_length).ok().filter(|_| message_length <= MESSAGE_LENGTH_MAX);
    length.map(u32::to_be_bytes).ok_or(WireError::TooLong("the message"))
}

/// The elements of a message: each from its header to the end of what belongs to it. After an error nothing follows, since nobody can
/// know where the next element would begin.
pub fn elements(message: &[u8]) -> Elements<'_> {
    Elements { rest: Some(message) }
}

/// Iterator of [`elements`].
#[derive(Debug, Clone)]
pub struct Elements<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> Iterator for Elements<'a> {
    type Item = Result<(Header, &'a [u8]), WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest.take()?;
        Some(self.element(rest))
    }
}

impl<'a> Elements<'a> {
    fn element(&mut self, rest: &'a [u8]) -> Result<(Header, &'a [u8]), WireError> {
        let header = Header::decode(rest)?;
        if header.next_command == 0 {
            return Ok((header, rest));
        }
        let out = WireError::Range("NextCommand");
        let next = usize::try_from(header.next_command).map_err(|_| out)?;
        if next < HEADER_LENGTH || !next.is_multiple_of(ELEMENT_ALIGNMENT) || next >= rest.len() {
            return Err(out);
        }
        let (element, behind) = rest.split_at_checked(next).ok_or(out)?;
        self.rest = Some(behind);
        Ok((header, element))
    }
}

/// Makes a compound of encoded messages: pads all but the last and tells each where the next begins. They are signed after this, each
/// with its padding, and sent one behind the other (MS-SMB2 3.3.4.1.3).
pub fn link(messages: &mut [Vec<u8>]) {
    if let Some((last, but_the_last)) = messages.split_last_mut() {
        if !but_the_last.is_empty() {
            // Nobody has to, but Windows does, and there are clients that count on it.
            align(last);
        }
        for message in but_the_last {
            align(message);
            let next = length(message.len());
            set_next_command(message, next);
        }
    }
}
