//! Names: UTF-16 in little-endian order, without an end mark (MS-SMB2 2.2, MS-FSCC 2.1.5).

use super::WireError;

/// The text of these bytes. `what` names the field for the error.
pub fn decode(bytes: &[u8], what: &'static str) -> Result<String, WireError> {
    let (units, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(WireError::Text(what));
    }
    char::decode_utf16(units.iter().map(|unit| u16::from_le_bytes(*unit)))
        .collect::<Result<_, _>>()
        .map_err(|_| WireError::Text(what))
}

/// The bytes of this text.
pub fn encode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len().saturating_mul(2));
    append(text, &mut bytes);
    bytes
}

/// Appends the bytes of this text.
pub fn append(text: &str, bytes: &mut Vec<u8>) {
    bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
}

/// How many bytes this text takes.
pub fn length(text: &str) -> usize {
    text.encode_utf16().count().saturating_mul(2)
}
