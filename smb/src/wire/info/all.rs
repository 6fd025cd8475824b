//! Names, and everything about a file at once (MS-FSCC 2.4.2, 2.4.32, 2.4.36, 2.4.5).

use super::file::{Access, Alignment, Basic, Ea, Internal, Mode, Position, Standard};
use crate::wire::bytes::{fixed, length, put, span};
use crate::wire::{WireError, text};

use binrw::{BinRead, BinWrite};

/// FileNameInformation, FileNormalizedNameInformation, FileAlternateNameInformation: a length and a name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub name: String,
}

#[derive(BinRead, BinWrite)]
#[brw(little)]
struct Prefix {
    length: u32,
}

impl Name {
    /// How many bytes it takes without the name.
    pub const LENGTH: usize = 4;

    /// Reads it.
    pub fn decode(data: &[u8]) -> Result<Name, WireError> {
        const WHAT: &str = "FileNameInformation";
        let Prefix { length } = fixed(data, 0, WHAT)?;
        Ok(Name { name: text::decode(span(data, Name::LENGTH, length, WHAT)?, WHAT)? })
    }

    /// Appends it.
    pub fn encode(&self, data: &mut Vec<u8>) {
        put(data, &Prefix { length: length(text::length(&self.name)) });
        text::append(&self.name, data);
    }
}

/// FileAllInformation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct All {
    /// Times and attributes.
    pub basic: Basic,
    /// Sizes and links.
    pub standard: Standard,
    /// The number of the file.
    pub internal: Internal,
    /// Its extended attributes.
    pub ea: Ea,
    /// What the open may do.
    pub access: Access,
    /// The position.
    pub position: Position,
    /// How it was opened.
    pub mode: Mode,
    /// How buffers have to be aligned.
    pub alignment: Alignment,
    /// The name from the top of the share, with a `\` in front.
    pub name: Name,
}

/// The parts of fixed length, one behind the other.
#[derive(BinRead, BinWrite)]
#[brw(little)]
struct Fixed {
    basic: Basic,
    standard: Standard,
    internal: Internal,
    ea: Ea,
    access: Access,
    position: Position,
    mode: Mode,
    alignment: Alignment,
}

const FIXED_LENGTH: usize = 96;

impl All {
    /// How many bytes it takes without the name.
    pub const LENGTH: usize = FIXED_LENGTH + Name::LENGTH;

    /// Reads it.
    pub fn decode(data: &[u8]) -> Result<All, WireError> {
        const WHAT: &str = "FileAllInformation";
        let Fixed { basic, standard, internal, ea, access, position, mode, alignment } = fixed(data, 0, WHAT)?;
        let name = Name::decode(data.get(FIXED_LENGTH..).ok_or(WireError::Truncated(WHAT))?)?;
        Ok(All { basic, standard, internal, ea, access, position, mode, alignment, name })
    }

    /// Appends it.
    pub fn encode(&self, data: &mut Vec<u8>) {
        let fixed = Fixed {
            basic: self.basic,
            standard: self.standard,
            internal: self.internal,
            ea: self.ea,
            access: self.access,
            position: self.position,
            mode: self.mode,
            alignment: self.alignment,
        };
        put(data, &fixed);
        self.name.encode(data);
    }
}
