//! The file of local users.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::ntlm;

/// The largest file of users, in bytes: some ten thousand of them.
pub const USERS_FILE_BYTES_MAX: u64 = 1024 * 1024;
/// The longest name of a user, in characters, as Windows has it.
pub const USER_NAME_CHARS_MAX: usize = 256;

/// The users that may log in, and the hashes of their passwords.
///
/// One line each, `name:NT hash in hexadecimal` or a line of `smbpasswd`; `#` begins a comment line. Names are the same in capitals and small
/// letters (MS-NLMP 3.3.2).
#[derive(Clone, Default)]
pub struct Users {
    /// By the name in capitals: the name as it is written, and the NT hash.
    by_name: BTreeMap<String, (String, [u8; 16])>,
}

/// Why a file of users was not taken.
#[derive(Debug, thiserror::Error)]
pub enum UsersError {
    /// It could not be read, or is no text.
    #[error("cannot read the file of users {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Its hashes are as good as passwords, and anyone may read or change them.
    #[error("the file of users {path} is open to everyone (mode {mode:03o}): chmod o-rwx it")]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// More than [`USERS_FILE_BYTES_MAX`].
    #[error("the file of users {path} is larger than {USERS_FILE_BYTES_MAX} bytes")]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// A line that is wrong.
    #[error("line {line} of the file of users: {what}")]
    Line {
        /// From 1 on.
        line: usize,
        /// What is wrong with it.
        what: &'static str,
    },
}

impl Users {
    /// Reads a file.
    ///
    /// # Errors
    /// [`UsersError`]; on Unix a file that others than its owner and group may touch is refused.
    pub fn load(path: &Path) -> Result<Self, UsersError> {
        let io = |source| UsersError::Io { path: path.to_owned(), source };
        let file = File::open(path).map_err(io)?;
        check_mode(&file, path)?;
        let mut text = String::new();
        file.take(USERS_FILE_BYTES_MAX + 1).read_to_string(&mut text).map_err(io)?;
        if u64::try_from(text.len()).is_ok_and(|bytes| bytes > USERS_FILE_BYTES_MAX) {
            return Err(UsersError::TooLarge { path: path.to_owned() });
        }
        Self::parse(&text)
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// [`UsersError::Line`] for the first line that is wrong.
    pub fn parse(text: &str) -> Result<Self, UsersError> {
        let mut users = Self::default();
        for (index, line) in text.lines().enumerate() {
            users.add_line(line.trim()).map_err(|what| UsersError::Line { line: index + 1, what })?;
        }
        Ok(users)
    }

    /// How many users can log in.
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Whether none can.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// A user's name as the file has it, and the NT hash.
    pub(super) fn find(&self, name: &str) -> Option<(&str, &[u8; 16])> {
        self.by_name.get(&ntlm::upper(name)).map(|(name, hash)| (name.as_str(), hash))
    }

    fn add_line(&mut self, line: &str) -> Result<(), &'static str> {
        if line.is_empty() || line.starts_with('#') {
            return Ok(());
        }
        let fields: Vec<&str> = line.split(':').collect();
        let (name, hash) = match fields[..] {
            [name, hash] => (name, hash),
            // smbpasswd: name, uid, LM hash, NT hash, flags, time of the last change.
            [name, _uid, _lm, hash, account, ..] => {
                if account.contains(['D', 'N']) || hash.starts_with("XXXX") {
                    return Ok(());
                }
                (name, hash)
            }
            _ => return Err("neither name:hash nor a line of smbpasswd"),
        };
        if name.is_empty() || name.chars().count() > USER_NAME_CHARS_MAX || name.chars().any(char::is_control) {
            return Err("the name is empty, too long or not text");
        }
        let hash = from_hex(hash).ok_or("the NT hash is not 32 hexadecimal digits")?;
        match self.by_name.insert(ntlm::upper(name), (name.to_owned(), hash)) {
            Some(_) => Err("the user is there twice"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names, no hashes.
        f.debug_set().entries(self.by_name.values().map(|(name, _)| name)).finish()
    }
}

/// The permission bits of everyone.
#[cfg(unix)]
const OTHERS: u32 = 0o007;

#[cfg(unix)]
fn check_mode(file: &File, path: &Path) -> Result<(), UsersError> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = file.metadata().map_err(|source| UsersError::Io { path: path.to_owned(), source })?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & OTHERS != 0 {
        return Err(UsersError::Open { path: path.to_owned(), mode });
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_mode(_: &File, _: &Path) -> Result<(), UsersError> {
    Ok(())
}

fn from_hex(text: &str) -> Option<[u8; 16]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let bytes: Option<Vec<u8>> = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect();
    rest.is_empty().then_some(bytes?)?.try_into().ok()
}
