//! The streams of a file (MS-FSCC 2.4.49).

use binrw::{BinRead, BinWrite};

use super::list::{List, entries};
use crate::wire::bytes::{fixed, length, put, span};
use crate::wire::{WireError, text};

/// One stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Its name with its type, `::$DATA` for the one without a name.
    pub name: String,
    /// How many bytes it has.
    pub size: u64,
    /// How many bytes it takes on disk.
    pub allocation_size: u64,
}

#[derive(BinRead, BinWrite)]
#[brw(little)]
struct Entry {
    next: u32,
    name_length: u32,
    size: u64,
    allocation_size: u64,
}

const ENTRY_LENGTH: usize = 24;
const ALIGNMENT: usize = 8;

/// FileStreamInformation in at most so many bytes: what fits, and whether that is all (if not: STATUS_BUFFER_OVERFLOW).
pub fn encode_streams<'a>(streams: impl IntoIterator<Item = &'a Stream>, budget: usize) -> (Vec<u8>, bool) {
    let mut list = List::new(ALIGNMENT, budget);
    for Stream { name, size, allocation_size } in streams {
        let mut entry = Vec::new();
        let name_length = length(text::length(name));
        put(&mut entry, &Entry { next: 0, name_length, size: *size, allocation_size: *allocation_size });
        text::append(name, &mut entry);
        if !list.push(&entry) {
            return (list.finish(), false);
        }
    }
    (list.finish(), true)
}

/// Reads FileStreamInformation.
pub fn decode_streams(data: &[u8]) -> Result<Vec<Stream>, WireError> {
    const WHAT: &str = "FileStreamInformation";
    let stream = |entry: &[u8]| {
        let Entry { next: _, name_length, size, allocation_size } = fixed(entry, 0, WHAT)?;
        Ok(Stream { name: text::decode(span(entry, ENTRY_LENGTH, name_length, WHAT)?, WHAT)?, size, allocation_size })
    };
    entries(data, ALIGNMENT, WHAT).map(|entry| entry.and_then(stream)).collect()
}
