//! Names of eight and three characters, for programs that know no others (MS-FSCC 2.1.5.2.1).
//!
//! They are computed from the long ones, and stored nowhere: one character of the name, five of a hash, `~1`, and the extension.

use super::name::{Name, fold};

/// Characters before the dot and behind it.
const BASE_MAX: usize = 8;
const EXTENSION_MAX: usize = 3;
/// Characters of the hash, and how many there are of each.
const HASH_CHARS: usize = 5;
const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
/// What ends the base of every name made here.
const MARK: &str = "~1";

/// The short name of a file; none if its name is short already.
pub fn short_name(name: &str) -> Option<String> {
    if is_short(name) {
        return None;
    }
    let upper = fold(name);
    let (base, extension) = upper.rsplit_once('.').filter(|(base, _)| !base.is_empty()).unwrap_or((&upper, ""));
    let first = base.chars().find(|c| is_plain(*c)).unwrap_or('_');
    let extension: String = extension.chars().filter(|c| is_plain(*c)).take(EXTENSION_MAX).collect();
    let dot = if extension.is_empty() { "" } else { "." };
    Some(format!("{first}{}{MARK}{dot}{extension}", hash(&upper)))
}

/// Whether a name could be one that is made here.
pub(super) fn is_made(name: &Name) -> bool {
    let name = name.as_str();
    is_short(name) && name.split('.').next().is_some_and(|base| base.len() == BASE_MAX && base.ends_with(MARK))
}

/// Whether a name has the form of eight and three characters.
fn is_short(name: &str) -> bool {
    let (base, extension) = name.split_once('.').unwrap_or((name, ""));
    let fits = |part: &str, max: usize| part.len() <= max && part.chars().all(|c| is_plain(c) || c == '~');
    !base.is_empty() && fits(base, BASE_MAX) && fits(extension, EXTENSION_MAX) && !name.ends_with('.')
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '$' | '#' | '@' | '!')
}

/// FNV-1a: short, and the same on every node and in every version.
fn hash(text: &str) -> String {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let mut rest = hash ^ (hash >> 32);
    let mut digits = String::with_capacity(HASH_CHARS);
    for _ in 0..HASH_CHARS {
        let digit = usize::try_from(rest % 36).ok().and_then(|digit| DIGITS.get(digit)).copied().unwrap_or(b'0');
        digits.push(char::from(digit));
        rest /= 36;
    }
    digits
}
