//! Reading and writing at places of a buffer, with every bound checked.

use std::io::{Cursor, ErrorKind};

use binrw::meta::{ReadEndian, WriteEndian};
use binrw::{BinRead, BinWrite};

use super::WireError;

/// SMB2_FILEID (MS-SMB2 2.2.14.1): how an open is called on the wire.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BinRead, BinWrite)]
#[brw(little)]
pub struct FileId {
    /// The part that outlives a connection, if the open does.
    pub persistent: u64,
    /// The part that is only good for one session.
    pub volatile: u64,
}

impl FileId {
    /// What a related request of a compound uses for "the open of the request before" (MS-SMB2 3.3.5.2.7.2).
    pub const RELATED: FileId = FileId { persistent: u64::MAX, volatile: u64::MAX };
}

/// How long an SMB2 header is: where every body begins (MS-SMB2 2.2.1).
pub(crate) const BODY: usize = 64;

/// Lists in SMB2 messages are aligned to this many bytes.
const ALIGNMENT: usize = 8;

/// Reads a structure of fixed length that begins at `at`.
pub(crate) fn fixed<T>(bytes: &[u8], at: usize, what: &'static str) -> Result<T, WireError>
where
    T: ReadEndian + for<'a> BinRead<Args<'a> = ()>,
{
    let bytes = bytes.get(at..).ok_or(WireError::Truncated(what))?;
    T::read(&mut Cursor::new(bytes)).map_err(|error| {
        let cause = error.root_cause();
        if matches!(cause, binrw::Error::BadMagic { .. }) {
            WireError::Mark(what)
        } else if matches!(cause, binrw::Error::Io(error) if error.kind() == ErrorKind::UnexpectedEof) {
            WireError::Truncated(what)
        } else {
            WireError::Value(what)
        }
    })
}

/// Reads the fixed part of a body. It has to be there up to its last byte, reserved ones included: the body begins with its length, in
/// which the lowest bit only says that something follows.
pub(crate) fn body<T>(message: &[u8], what: &'static str) -> Result<T, WireError>
where
    T: ReadEndian + for<'a> BinRead<Args<'a> = ()>,
{
    let read = fixed(message, BODY, what)?;
    let size = message.get(BODY..).and_then(|body| body.first_chunk::<2>()).ok_or(WireError::Truncated(what))?;
    let end = BODY.saturating_add(usize::from(u16::from_le_bytes(*size) & !1));
    if message.len() < end { Err(WireError::Truncated(what)) } else { Ok(read) }
}

/// Appends a structure of fixed length.
pub(crate) fn put<T>(bytes: &mut Vec<u8>, value: &T)
where
    T: WriteEndian + for<'a> BinWrite<Args<'a> = ()>,
{
    let end = bytes.len() as u64;
    let mut cursor = Cursor::new(bytes);
    cursor.set_position(end);
    value.write(&mut cursor).expect("writing to memory does not fail");
}

/// Appends structures of fixed length.
pub(crate) fn put_all<T>(bytes: &mut Vec<u8>, values: &[T])
where
    T: WriteEndian + for<'a> BinWrite<Args<'a> = ()>,
{
    for value in values {
        put(bytes, value);
    }
}

/// The bytes that an offset and a length of a message name. Without a length the offset means nothing and is not looked at.
pub(crate) fn span<'a>(
    bytes: &'a [u8],
    offset: impl TryInto<usize>,
    length: impl TryInto<usize>,
    what: &'static str,
) -> Result<&'a [u8], WireError> {
    let length: usize = length.try_into().map_err(|_| WireError::Range(what))?;
    if length == 0 {
        return Ok(&[]);
    }
    let offset: usize = offset.try_into().map_err(|_| WireError::Range(what))?;
    let end = offset.checked_add(length).ok_or(WireError::Range(what))?;
    bytes.get(offset..end).ok_or(WireError::Range(what))
}

/// As [`span`], for what belongs behind the header: a length without an offset that leads past the header is no field of the message.
pub(crate) fn variable<'a>(
    message: &'a [u8],
    offset: impl TryInto<usize> + Copy,
    length: impl TryInto<usize>,
    what: &'static str,
) -> Result<&'a [u8], WireError> {
    let found = span(message, offset, length, what)?;
    if !found.is_empty() && offset.try_into().is_ok_and(|offset| offset < BODY) {
        return Err(WireError::Range(what));
    }
    Ok(found)
}

/// Appends zeros until the length is a multiple of eight.
pub(crate) fn align(bytes: &mut Vec<u8>) {
    align_to(bytes, 0, ALIGNMENT);
}

/// Appends zeros until the length counted from `start` is a multiple of `alignment`.
pub(crate) fn align_to(bytes: &mut Vec<u8>, start: usize, alignment: usize) {
    let length = bytes.len().saturating_sub(start).next_multiple_of(alignment);
    bytes.resize(start.saturating_add(length), 0);
}

/// The length of a buffer as a field of the wire.
///
/// # Panics
/// When the buffer is longer than the field can say. Only what this program made is encoded, and it keeps its limits.
pub(crate) fn length<T: TryFrom<usize>>(of: usize) -> T {
    T::try_from(of).ok().expect("what is sent is not longer than its length field can say")
}

/// Overwrites the four bytes at `at`, which were written before.
pub(crate) fn patch(bytes: &mut [u8], at: usize, value: u32) {
    if let Some(place) = at.checked_add(4).and_then(|end| bytes.get_mut(at..end)) {
        place.copy_from_slice(&value.to_le_bytes());
    }
}
