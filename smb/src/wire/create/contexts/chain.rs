//! The chain itself: SMB2_CREATE_CONTEXT, one after the other (MS-SMB2 2.2.13.2).

use binrw::{BinRead, BinWrite};

use crate::wire::WireError;
use crate::wire::bytes::{align, fixed, length, patch, put, span};

/// How many contexts a chain may have. The specification knows sixteen names.
pub const CONTEXTS_MAX: usize = 64;
/// The shortest name a context can have, in bytes.
const NAME_LENGTH_MIN: usize = 4;
/// Where NameOffset and DataOffset may point at the earliest: behind the fixed part.
const FIXED_LENGTH: usize = 16;
/// Contexts begin at multiples of this many bytes.
const ALIGNMENT: usize = 8;

/// A context as it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawContext<'a> {
    /// Its name: four letters, or sixteen bytes.
    pub name: &'a [u8],
    /// Its data.
    pub data: &'a [u8],
}

#[derive(BinRead, BinWrite)]
#[brw(little)]
struct Fixed {
    next: u32,
    name_offset: u16,
    #[brw(pad_after = 2)]
    name_length: u16,
    data_offset: u16,
    data_length: u32,
}

/// The contexts of a chain.
pub(in crate::wire::create) fn split(chain: &[u8]) -> Result<Vec<RawContext<'_>>, WireError> {
    const WHAT: &str = "the chain of create contexts";
    let mut contexts = Vec::new();
    let mut rest = chain;
    while !rest.is_empty() {
        if contexts.len() == CONTEXTS_MAX {
            return Err(WireError::TooLong(WHAT));
        }
        let fixed: Fixed = fixed(rest, 0, WHAT)?;
        let next = usize::try_from(fixed.next).map_err(|_| WireError::Range(WHAT))?;
        let own = if next == 0 {
            std::mem::take(&mut rest)
        } else {
            if next < FIXED_LENGTH || !next.is_multiple_of(ALIGNMENT) || next >= rest.len() {
                return Err(WireError::Range(WHAT));
            }
            let (own, behind) = rest.split_at_checked(next).ok_or(WireError::Range(WHAT))?;
            rest = behind;
            own
        };
        contexts.push(context(own, &fixed)?);
    }
    Ok(contexts)
}

/// One context, whose bytes are `own`.
fn context<'a>(own: &'a [u8], fixed: &Fixed) -> Result<RawContext<'a>, WireError> {
    let name = span(own, fixed.name_offset, fixed.name_length, "the name of a create context")?;
    if name.len() < NAME_LENGTH_MIN || usize::from(fixed.name_offset) < FIXED_LENGTH {
        return Err(WireError::Value("the name of a create context"));
    }
    let data = span(own, fixed.data_offset, fixed.data_length, "the data of a create context")?;
    let name_end = usize::from(fixed.name_offset).saturating_add(name.len());
    if !data.is_empty() && usize::from(fixed.data_offset) < name_end {
        return Err(WireError::Range("the data of a create context"));
    }
    Ok(RawContext { name, data })
}

/// Appends a context, and leads the one before it here.
pub(in crate::wire::create) fn append(chain: &mut Vec<u8>, name: &[u8], data: &[u8]) {
    if let Some(last) = last(chain) {
        align(chain);
        let next = length(chain.len().saturating_sub(last));
        patch(chain, last, next);
    }
    let data_offset = FIXED_LENGTH.saturating_add(name.len()).next_multiple_of(ALIGNMENT);
    let fixed = Fixed {
        next: 0,
        name_offset: length(FIXED_LENGTH),
        name_length: length(name.len()),
        data_offset: if data.is_empty() { 0 } else { length(data_offset) },
        data_length: length(data.len()),
    };
    put(chain, &fixed);
    chain.extend_from_slice(name);
    if !data.is_empty() {
        align(chain);
        chain.extend_from_slice(data);
    }
}

/// Where the last context of a chain begins.
fn last(chain: &[u8]) -> Option<usize> {
    let mut at = 0usize;
    loop {
        let next = u32::from_le_bytes(*chain.get(at..)?.first_chunk::<4>()?);
        if next == 0 {
            return Some(at);
        }
        at = at.checked_add(usize::try_from(next).ok()?)?;
    }
}
