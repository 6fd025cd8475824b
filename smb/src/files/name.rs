//! One component of a path, and what makes two of them the same.

use std::ffi::CStr;
use std::fmt;
use std::sync::Arc;

use super::error::{Error, Result};

/// Bytes of UTF-8 that a name has at most: what the file systems of Linux take. The 255 UTF-16 units of MS-FSCC 2.1.5 are never more.
pub const NAME_BYTES_MAX: usize = 255;

/// The name of a file or directory, or of a stream, as one entry of one directory of the host: never empty, never `.` or `..`, and
/// without a character that would mean another place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

impl Name {
    /// The name of a file or directory (MS-FSCC 2.1.5.2).
    ///
    /// # Errors
    /// [`Error::InvalidName`] for an empty name, `.`, `..`, more than [`NAME_BYTES_MAX`], control characters and any of `"*/:<>?\|`.
    /// Names that only Win32 refuses (a dot or a space at the end, `CON`) are names here, as they are on NTFS.
    pub fn file(text: &str) -> Result<Name> {
        let legal = |c: char| !c.is_ascii_control() && !matches!(c, '"' | '*' | '/' | ':' | '<' | '>' | '?' | '\\' | '|');
        Name::checked(text, |c| c == '\u{7f}' || legal(c))
    }

    /// The name of a stream, which may have more characters than that of a file (MS-FSCC 2.1.5.3).
    ///
    /// # Errors
    /// [`Error::InvalidName`] for an empty name, `.`, `..`, more than [`NAME_BYTES_MAX`], and any of `/:\` or U+0000.
    pub fn stream(text: &str) -> Result<Name> {
        Name::checked(text, |c| !matches!(c, '\0' | '/' | ':' | '\\'))
    }

    fn checked(text: &str, legal: impl Fn(char) -> bool) -> Result<Name> {
        if text.is_empty() || text == "." || text == ".." || text.len() > NAME_BYTES_MAX || !text.chars().all(legal) {
            return Err(Error::InvalidName);
        }
        Ok(Name(Arc::from(text)))
    }

    /// The name of an entry that the host has. None if no client could ever say it: such entries are not shown.
    pub(super) fn of_host(bytes: &CStr, parse: fn(&str) -> Result<Name>) -> Option<Name> {
        parse(bytes.to_str().ok()?).ok()
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the two name the same entry of a directory.
    pub fn same(&self, other: &str) -> bool {
        self.0.chars().map(upper).eq(other.chars().map(upper))
    }

    /// The same for an entry as the host has it, which need not be text. No letter outside ASCII is the same as one inside.
    pub(super) fn same_bytes(&self, other: &[u8]) -> bool {
        if self.0.is_ascii() {
            return self.0.as_bytes().eq_ignore_ascii_case(other);
        }
        std::str::from_utf8(other).is_ok_and(|other| self.same(other))
    }

    /// The text that all names have in common which name the same entry.
    pub fn folded(&self) -> String {
        fold(&self.0)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text in upper case, as names are compared and sorted.
pub fn fold(text: &str) -> String {
    text.chars().map(upper).collect()
}

/// The upper case of a character where that is one character: the comparison is by single characters, as that of NTFS is
/// (MS-FSA 2.1.1.1, the up-case table of a volume).
///
/// Characters beyond the basic plane have no case there. A letter outside ASCII is never the same as one inside: `ı` and `ſ` would be.
pub(super) fn upper(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_uppercase();
    }
    if c > '\u{ffff}' {
        return c;
    }
    let mut mapped = c.to_uppercase();
    match (mapped.next(), mapped.next()) {
        (Some(single), None) if !single.is_ascii() => single,
        _ => c,
    }
}
