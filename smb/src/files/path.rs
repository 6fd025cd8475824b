//! Paths as clients write them.

use std::fmt;

use super::error::{Error, Result};
use super::name::Name;

/// Bytes of UTF-8 that a path has at most. Clients may say up to 32,760 UTF-16 units (MS-FSCC 2.1.5); no host makes use of them.
pub const PATH_BYTES_MAX: usize = 4096;

/// The stream part of a path (MS-FSCC 2.1.5.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamPart {
    /// `::$DATA`: the unnamed stream of data, said explicitly. A directory has none.
    Data,
    /// `:name` or `:name:$DATA`.
    Named(Name),
}

impl StreamPart {
    /// Reads what stands behind the colon that follows a file's name: `name`, `name:$DATA`, `:$DATA`.
    ///
    /// # Errors
    /// [`Error::InvalidName`] for an empty name or type, any other type, and any further colon.
    pub fn parse(text: &str) -> Result<StreamPart> {
        let mut parts = text.split(':');
        let (name, kind, rest) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
        if rest.is_some() || kind.is_some_and(|kind| !kind.eq_ignore_ascii_case("$DATA")) {
            return Err(Error::InvalidName);
        }
        if name.is_empty() && kind.is_some() {
            return Ok(StreamPart::Data);
        }
        Name::stream(name).map(StreamPart::Named)
    }
}

/// A path within a share: components from its root on, none of which leads anywhere but down, and the stream meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SmbPath {
    names: Vec<Name>,
    stream: Option<StreamPart>,
    trailing_separator: bool,
}

impl SmbPath {
    /// Reads a path as CREATE and the rename and link requests carry it: `dir\file:stream`, relative to the share, empty for its root.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] if it begins with a separator (MS-SMB2 3.3.5.9). [`Error::InvalidName`] if it is longer than
    /// [`PATH_BYTES_MAX`], has an empty component, one that is no [`Name::file`], or a stream anywhere but at its end.
    pub fn parse(text: &str) -> Result<SmbPath> {
        if text.starts_with('\\') {
            return Err(Error::InvalidParameter);
        }
        if text.len() > PATH_BYTES_MAX {
            return Err(Error::InvalidName);
        }
        let (file, stream) = match text.split_once(':') {
            Some((file, stream)) => (file, Some(StreamPart::parse(stream)?)),
            None => (text, None),
        };
        let (file, trailing_separator) = match file.strip_suffix('\\') {
            // `dir\:stream` would name a stream of nothing.
            Some(_) if stream.is_some() => return Err(Error::InvalidName),
            Some(file) => (file, true),
            None => (file, false),
        };
        let names = if file.is_empty() { Vec::new() } else { file.split('\\').map(Name::file).collect::<Result<_>>()? };
        Ok(SmbPath { names, stream, trailing_separator })
    }

    /// The path of a file from the names on the way to it, or that of a stream of it.
    pub(super) fn of_names(names: Vec<Name>, stream: Option<Name>) -> SmbPath {
        SmbPath { names, stream: stream.map(StreamPart::Named), trailing_separator: false }
    }

    /// Whether it is the root of the share, or a stream of that.
    pub fn is_root(&self) -> bool {
        self.names.is_empty()
    }

    /// The components from the root on.
    pub fn names(&self) -> &[Name] {
        &self.names
    }

    /// The last component; none for the root.
    pub fn file_name(&self) -> Option<&Name> {
        self.names.last()
    }

    /// The stream part, if one was said.
    pub fn stream(&self) -> Option<&StreamPart> {
        self.stream.as_ref()
    }

    /// The name of the named stream that is meant; none for the file or directory itself.
    pub fn stream_name(&self) -> Option<&Name> {
        match &self.stream {
            Some(StreamPart::Named(name)) => Some(name),
            Some(StreamPart::Data) | None => None,
        }
    }

    /// Whether it ended with a separator, which only a directory's may (MS-FSA 2.1.5.1).
    pub fn has_trailing_separator(&self) -> bool {
        self.trailing_separator
    }

    /// The same file without the stream.
    #[must_use]
    pub fn base(&self) -> SmbPath {
        SmbPath::of_names(self.names.clone(), None)
    }

    /// The directory that the file is in; none for the root.
    pub fn parent(&self) -> Option<SmbPath> {
        let (_, above) = self.names.split_last()?;
        Some(SmbPath::of_names(above.to_vec(), None))
    }
}

impl fmt::Display for SmbPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.names.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\\" };
            write!(f, "{separator}{name}")?;
        }
        match &self.stream {
            Some(StreamPart::Named(name)) => write!(f, ":{name}"),
            Some(StreamPart::Data) => f.write_str("::$DATA"),
            None => Ok(()),
        }
    }
}
