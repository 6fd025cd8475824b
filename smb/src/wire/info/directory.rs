//! Entries of directories (MS-FSCC 2.4.10, 2.4.18, 2.4.8, 2.4.21, 2.4.22, 2.4.24, 2.4.33).

use binrw::{BinRead, BinWrite};

use super::FileClass;
use super::list::{List, entries};
use crate::wire::bytes::{fixed, length, put, span};
use crate::wire::create::FileAttributes;
use crate::wire::{FileTime, WireError, text};

/// Entries begin at multiples of this many bytes.
const ALIGNMENT: usize = 8;
/// How many bytes are kept for a short name of eight and three characters.
const SHORT_NAME_LENGTH: usize = 24;
const WHAT: &str = "an entry of a directory";

/// The forms that entries come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DirectoryClass {
    /// FileDirectoryInformation
    Directory,
    /// FileFullDirectoryInformation: with the size of extended attributes.
    Full,
    /// FileIdFullDirectoryInformation: with the number of the file, too.
    IdFull,
    /// FileBothDirectoryInformation: with a short name.
    Both,
    /// FileIdBothDirectoryInformation: with a short name and the number of the file.
    IdBoth,
    /// FileIdExtdDirectoryInformation: with the long number of the file.
    IdExtd,
    /// FileNamesInformation: nothing but names.
    Names,
}

impl DirectoryClass {
    /// All of them.
    pub const ALL: [DirectoryClass; 7] = [
        DirectoryClass::Directory,
        DirectoryClass::Full,
        DirectoryClass::IdFull,
        DirectoryClass::Both,
        DirectoryClass::IdBoth,
        DirectoryClass::IdExtd,
        DirectoryClass::Names,
    ];

    /// The form that goes by this class of information; none if the class is about anything else (STATUS_INVALID_INFO_CLASS).
    pub fn from_code(code: u8) -> Option<DirectoryClass> {
        DirectoryClass::ALL.into_iter().find(|class| class.class().code() == code)
    }

    /// The class of information.
    pub const fn class(self) -> FileClass {
        match self {
            DirectoryClass::Directory => FileClass::Directory,
            DirectoryClass::Full => FileClass::FullDirectory,
            DirectoryClass::IdFull => FileClass::IdFullDirectory,
            DirectoryClass::Both => FileClass::BothDirectory,
            DirectoryClass::IdBoth => FileClass::IdBothDirectory,
            DirectoryClass::IdExtd => FileClass::IdExtdDirectory,
            DirectoryClass::Names => FileClass::Names,
        }
    }

    /// How many bytes an entry takes without its name: a buffer that is shorter is STATUS_INFO_LENGTH_MISMATCH (MS-SMB2 3.3.5.18).
    pub const fn fixed_length(self) -> usize {
        match self {
            DirectoryClass::Directory => 64,
            DirectoryClass::Full => 68,
            DirectoryClass::IdFull => 80,
            DirectoryClass::Both => 94,
            DirectoryClass::IdBoth => 104,
            DirectoryClass::IdExtd => 88,
            DirectoryClass::Names => 12,
        }
    }
}

/// One entry, with everything that any of the forms may want.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DirectoryEntry {
    /// Its place in the directory; file systems without places say 0.
    pub file_index: u32,
    /// When the file was created.
    pub creation_time: FileTime,
    /// When it was last read.
    pub last_access_time: FileTime,
    /// When its data last changed.
    pub last_write_time: FileTime,
    /// When anything about it last changed.
    pub change_time: FileTime,
    /// How many bytes it has.
    pub end_of_file: u64,
    /// How many bytes it takes on disk.
    pub allocation_size: u64,
    /// Its attributes.
    pub attributes: FileAttributes,
    /// How many bytes its extended attributes take. The forms but [`DirectoryClass::IdExtd`] have the reparse tag in this place, if the
    /// attributes say that the file is a reparse point.
    pub ea_size: u32,
    /// What kind of reparse point it is; 0 for none.
    pub reparse_tag: u32,
    /// The number of the file on its volume; the forms with a short number have the first eight bytes of it.
    pub file_id: [u8; 16],
    /// Its short name, at most twelve characters; most file systems have none.
    pub short_name: String,
    /// Its name.
    pub name: String,
}

/// What all forms but one begin with.
#[derive(BinRead, BinWrite)]
#[brw(little)]
struct Common {
    next: u32,
    file_index: u32,
    creation_time: FileTime,
    last_access_time: FileTime,
    last_write_time: FileTime,
    change_time: FileTime,
    end_of_file: u64,
    allocation_size: u64,
    attributes: FileAttributes,
    name_length: u32,
}

#[derive(BinRead, BinWrite)]
#[brw(little)]
struct NamesFixed {
    next: u32,
    file_index: u32,
    name_length: u32,
}

/// What the forms add, in their order.
#[derive(BinRead, BinWrite)]
#[brw(little)]
struct EaSize(u32);

#[derive(BinRead, BinWrite)]
#[brw(little)]
struct ShortName {
    #[brw(pad_after = 1)]
    length: u8,
    name: [u8; SHORT_NAME_LENGTH],
}

#[derive(BinRead, BinWrite)]
#[brw(little)]
struct ShortId {
    id: [u8; 8],
}

#[derive(BinRead, BinWrite)]
#[brw(little)]
struct LongId {
    reparse_tag: u32,
    id: [u8; 16],
}

impl DirectoryEntry {
    /// The bytes of the entry, without a way to the next.
    fn encode(&self, class: DirectoryClass) -> Vec<u8> {
        let mut entry = Vec::new();
        let name_length = length(text::length(&self.name));
        if class == DirectoryClass::Names {
            put(&mut entry, &NamesFixed { next: 0, file_index: self.file_index, name_length });
        } else {
            put(&mut entry, &self.common(name_length));
            self.encode_rest(class, &mut entry);
        }
        text::append(&self.name, &mut entry);
        entry
    }

    fn common(&self, name_length: u32) -> Common {
        Common {
            next: 0,
            file_index: self.file_index,
            creation_time: self.creation_time,
            last_access_time: self.last_access_time,
            last_write_time: self.last_write_time,
            change_time: self.change_time,
            end_of_file: self.end_of_file,
            allocation_size: self.allocation_size,
            attributes: self.attributes,
            name_length,
        }
    }

    fn encode_rest(&self, class: DirectoryClass, entry: &mut Vec<u8>) {
        let tagged = self.attributes.contains(FileAttributes::REPARSE_POINT) && class != DirectoryClass::IdExtd;
        let ea_size = EaSize(if tagged { self.reparse_tag } else { self.ea_size });
        let short_id = ShortId { id: self.file_id.first_chunk::<8>().copied().unwrap_or_default() };
        match class {
            DirectoryClass::Directory | DirectoryClass::Names => {}
            DirectoryClass::Full => put(entry, &ea_size),
            DirectoryClass::IdFull => {
                put(entry, &ea_size);
                entry.extend([0; 4]);
                put(entry, &short_id);
            }
            DirectoryClass::Both => {
                put(entry, &ea_size);
                put(entry, &self.encode_short_name());
            }
            DirectoryClass::IdBoth => {
                put(entry, &ea_size);
                put(entry, &self.encode_short_name());
                entry.extend([0; 2]);
                put(entry, &short_id);
            }
            DirectoryClass::IdExtd => {
                put(entry, &ea_size);
                put(entry, &LongId { reparse_tag: self.reparse_tag, id: self.file_id });
            }
        }
    }

    fn encode_short_name(&self) -> ShortName {
        let mut short = ShortName { length: 0, name: [0; SHORT_NAME_LENGTH] };
        let bytes = text::encode(&self.short_name);
        // A name that is too long is none: half a name would be another file's.
        if let Some(place) = short.name.get_mut(..bytes.len()) {
            place.copy_from_slice(&bytes);
            short.length = length(bytes.len());
        }
        short
    }

    /// Reads an entry.
    fn decode(class: DirectoryClass, entry: &[u8]) -> Result<DirectoryEntry, WireError> {
        let name = |name_length: u32| text::decode(span(entry, class.fixed_length(), name_length, WHAT)?, WHAT);
        if class == DirectoryClass::Names {
            let NamesFixed { next: _, file_index, name_length } = fixed(entry, 0, WHAT)?;
            return Ok(DirectoryEntry { file_index, name: name(name_length)?, ..DirectoryEntry::default() });
        }
        let common: Common = fixed(entry, 0, WHAT)?;
        let mut decoded = DirectoryEntry {
            file_index: common.file_index,
            creation_time: common.creation_time,
            last_access_time: common.last_access_time,
            last_write_time: common.last_write_time,
            change_time: common.change_time,
            end_of_file: common.end_of_file,
            allocation_size: common.allocation_size,
            attributes: common.attributes,
            name: name(common.name_length)?,
            ..DirectoryEntry::default()
        };
        decoded.decode_rest(class, entry)?;
        Ok(decoded)
    }

    fn decode_rest(&mut self, class: DirectoryClass, entry: &[u8]) -> Result<(), WireError> {
        const REST_AT: usize = DirectoryClass::Directory.fixed_length();
        if class == DirectoryClass::Directory {
            return Ok(());
        }
        let EaSize(ea_size) = fixed(entry, REST_AT, WHAT)?;
        if self.attributes.contains(FileAttributes::REPARSE_POINT) && class != DirectoryClass::IdExtd {
            self.reparse_tag = ea_size;
        } else {
            self.ea_size = ea_size;
        }
        if matches!(class, DirectoryClass::Both | DirectoryClass::IdBoth) {
            let short: ShortName = fixed(entry, REST_AT + 4, WHAT)?;
            self.short_name = text::decode(span(&short.name, 0usize, short.length, WHAT)?, WHAT)?;
        }
        if matches!(class, DirectoryClass::IdFull | DirectoryClass::IdBoth) {
            let ShortId { id } = fixed(entry, class.fixed_length().saturating_sub(8), WHAT)?;
            if let Some(place) = self.file_id.first_chunk_mut::<8>() {
                *place = id;
            }
        }
        if class == DirectoryClass::IdExtd {
            let LongId { reparse_tag, id } = fixed(entry, REST_AT + 4, WHAT)?;
            self.reparse_tag = reparse_tag;
            self.file_id = id;
        }
        Ok(())
    }
}

/// The answer to a QUERY_DIRECTORY while it is being put together.
#[derive(Debug, Clone)]
pub struct Listing {
    class: DirectoryClass,
    list: List,
}

impl Listing {
    /// A listing of this form in at most so many bytes.
    pub const fn new(class: DirectoryClass, budget: usize) -> Listing {
        Listing { class, list: List::new(ALIGNMENT, budget) }
    }

    /// Appends an entry. If it does not fit any more the listing stays as it was, and the answer is no: it is sent, and goes on from this
    /// entry with the next request. If not even the first one fits it is STATUS_BUFFER_OVERFLOW.
    #[must_use]
    pub fn push(&mut self, entry: &DirectoryEntry) -> bool {
        self.list.push(&entry.encode(self.class))
    }

    /// Whether nothing is in it.
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The bytes of the listing.
    pub fn finish(self) -> Vec<u8> {
        self.list.finish()
    }

    /// Reads a listing.
    pub fn decode(class: DirectoryClass, data: &[u8]) -> Result<Vec<DirectoryEntry>, WireError> {
        entries(data, ALIGNMENT, WHAT).map(|entry| DirectoryEntry::decode(class, entry?)).collect()
    }
}
