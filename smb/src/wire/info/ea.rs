//! Extended attributes: with their values (MS-FSCC 2.4.16), and by name (MS-FSCC 2.4.16.1).

use binrw::{BinRead, BinWrite};

use super::list::{List, entries};
use crate::wire::WireError;
use crate::wire::bytes::{fixed, length, put, span};

/// FILE_NEED_EA: nobody who does not know the attribute understands the file.
pub const NEED_EA: u8 = 0x80;

/// One extended attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FullEa {
    /// [`NEED_EA`], or nothing.
    pub flags: u8,
    /// Its name: ASCII, at most 255 bytes.
    pub name: Vec<u8>,
    /// Its value; none deletes the attribute where it is set.
    pub value: Vec<u8>,
}

#[derive(BinRead, BinWrite)]
#[brw(little)]
struct Entry {
    next: u32,
    flags: u8,
    name_length: u8,
    value_length: u16,
}

const ENTRY_LENGTH: usize = 8;
const ALIGNMENT: usize = 4;
/// How the lists say that they have not the form of one.
const FULL: &str = "FileFullEaInformation";
const GET: &str = "FILE_GET_EA_INFORMATION";

/// FileFullEaInformation in at most so many bytes: what fits, and whether that is all.
pub fn encode_attributes<'a>(attributes: impl IntoIterator<Item = &'a FullEa>, budget: usize) -> (Vec<u8>, bool) {
    let mut list = List::new(ALIGNMENT, budget);
    for FullEa { flags, name, value } in attributes {
        let mut entry = Vec::new();
        let fixed = Entry { next: 0, flags: *flags, name_length: length(name.len()), value_length: length(value.len()) };
        put(&mut entry, &fixed);
        entry.extend_from_slice(name);
        entry.push(0);
        entry.extend_from_slice(value);
        if !list.push(&entry) {
            return (list.finish(), false);
        }
    }
    (list.finish(), true)
}

/// Reads FileFullEaInformation.
pub fn decode_attributes(data: &[u8]) -> Result<Vec<FullEa>, WireError> {
    let attribute = |entry: &[u8]| {
        let Entry { next: _, flags, name_length, value_length } = fixed(entry, 0, FULL)?;
        let name = span(entry, ENTRY_LENGTH, name_length, FULL)?;
        // A zero ends the name and is not counted.
        let value_at = ENTRY_LENGTH.saturating_add(name.len()).saturating_add(1);
        if entry.len() < value_at {
            return Err(WireError::Truncated(FULL));
        }
        Ok(FullEa { flags, name: name.to_vec(), value: span(entry, value_at, value_length, FULL)?.to_vec() })
    };
    entries(data, ALIGNMENT, FULL).map(|entry| entry.and_then(attribute)).collect()
}

#[derive(BinRead, BinWrite)]
#[brw(little)]
struct Asked {
    next: u32,
    name_length: u8,
}

const ASKED_LENGTH: usize = 5;

/// FILE_GET_EA_INFORMATION: the names that are asked for.
pub fn encode_names<'a>(names: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut list = List::new(ALIGNMENT, usize::MAX);
    for name in names {
        let mut entry = Vec::new();
        put(&mut entry, &Asked { next: 0, name_length: length(name.len()) });
        entry.extend_from_slice(name);
        entry.push(0);
        let _fits = list.push(&entry);
    }
    list.finish()
}

/// Reads FILE_GET_EA_INFORMATION.
pub fn decode_names(data: &[u8]) -> Result<Vec<Vec<u8>>, WireError> {
    let name = |entry: &[u8]| {
        let Asked { next: _, name_length } = fixed(entry, 0, GET)?;
        span(entry, ASKED_LENGTH, name_length, GET).map(<[u8]>::to_vec)
    };
    entries(data, ALIGNMENT, GET).map(|entry| entry.and_then(name)).collect()
}
