//! Security descriptors (MS-DTYP 2.4.6). They are kept and told; what they say is not looked at: whoever may use a share may do with its
//! files what the share allows.

use crate::wire::create::AccessMask;
use crate::wire::query_info::SecurityInformation;

/// S-1-1-0, "everyone", as it is sent (MS-DTYP 2.4.2.2).
const EVERYONE: [u8; 12] = [1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0];
/// SE_SELF_RELATIVE: what the offsets lead to follows behind.
const SELF_RELATIVE: u16 = 0x8000;
/// SE_DACL_PRESENT, SE_DACL_DEFAULTED, SE_DACL_AUTO_INHERITED, SE_DACL_PROTECTED.
const DACL_PRESENT: u16 = 0x0004;
const DACL_FLAGS: u16 = DACL_PRESENT | 0x0008 | 0x0400 | 0x1000;
/// The same of the list of what is logged.
const SACL_PRESENT: u16 = 0x0010;
const SACL_FLAGS: u16 = SACL_PRESENT | 0x0020 | 0x0800 | 0x2000;
/// What a descriptor begins with.
const HEADER_LENGTH: usize = 20;
/// An entry of a list: its header, the rights, the SID (MS-DTYP 2.4.4.2).
const ENTRY_LENGTH: u16 = 4 + 4 + 12;
/// A list with one entry (MS-DTYP 2.4.5).
const LIST_LENGTH: u16 = 8 + ENTRY_LENGTH;
/// Subauthorities of a SID.
const SUBAUTHORITIES_MAX: u8 = 15;

/// A descriptor, taken apart. What is empty is not there; a list that is present and null is not empty but missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Descriptor {
    control: u16,
    owner: Vec<u8>,
    group: Vec<u8>,
    system: Vec<u8>,
    list: Vec<u8>,
}

impl Default for Descriptor {
    /// Everything is everyone's.
    fn default() -> Descriptor {
        let mut list = Vec::with_capacity(usize::from(LIST_LENGTH));
        list.extend([2, 0]);
        list.extend(LIST_LENGTH.to_le_bytes());
        list.extend([1, 0, 0, 0]);
        list.extend([0, 0]);
        list.extend(ENTRY_LENGTH.to_le_bytes());
        list.extend(AccessMask::FILE_ALL.bits().to_le_bytes());
        list.extend(EVERYONE);
        Descriptor { control: DACL_PRESENT, owner: EVERYONE.to_vec(), group: EVERYONE.to_vec(), system: Vec::new(), list }
    }
}

impl Descriptor {
    /// Reads a self-relative descriptor; none if it is not one.
    pub(super) fn decode(bytes: &[u8]) -> Option<Descriptor> {
        let header = bytes.first_chunk::<HEADER_LENGTH>()?;
        let [1, _, control_low, control_high, offsets @ ..] = header else { return None };
        let control = u16::from_le_bytes([*control_low, *control_high]);
        if control & SELF_RELATIVE == 0 {
            return None;
        }
        let (offsets, _) = offsets.as_chunks::<4>();
        let [owner, group, system, list] = offsets else { return None };
        Some(Descriptor {
            control: control & (DACL_FLAGS | SACL_FLAGS),
            owner: part(bytes, *owner, sid_length)?,
            group: part(bytes, *group, sid_length)?,
            system: part(bytes, *system, list_length)?,
            list: part(bytes, *list, list_length)?,
        })
    }

    /// The parts that are asked for, as a self-relative descriptor.
    pub(super) fn encode(&self, asked: SecurityInformation) -> Vec<u8> {
        let mut behind = Vec::new();
        let mut place = |wanted: SecurityInformation, part: &[u8]| -> u32 {
            if !asked.contains(wanted) || part.is_empty() {
                return 0;
            }
            let at = HEADER_LENGTH + behind.len();
            behind.extend_from_slice(part);
            u32::try_from(at).unwrap_or(u32::MAX)
        };
        let owner = place(SecurityInformation::OWNER, &self.owner);
        let group = place(SecurityInformation::GROUP, &self.group);
        let system = place(SecurityInformation::SACL, &self.system);
        let list = place(SecurityInformation::DACL, &self.list);
        let control = SELF_RELATIVE | self.control & flags_of(asked);
        let mut descriptor = vec![1, 0];
        descriptor.extend(control.to_le_bytes());
        for offset in [owner, group, system, list] {
            descriptor.extend(offset.to_le_bytes());
        }
        descriptor.extend(behind);
        descriptor
    }

    /// Takes over the parts that are set.
    pub(super) fn set(&mut self, parts: SecurityInformation, from: Descriptor) {
        let flags = flags_of(parts);
        self.control = self.control & !flags | from.control & flags;
        for (part, mine, other) in [
            (SecurityInformation::OWNER, &mut self.owner, from.owner),
            (SecurityInformation::GROUP, &mut self.group, from.group),
            (SecurityInformation::SACL, &mut self.system, from.system),
            (SecurityInformation::DACL, &mut self.list, from.list),
        ] {
            if parts.contains(part) {
                *mine = other;
            }
        }
    }
}

/// The control bits that belong to these parts.
fn flags_of(parts: SecurityInformation) -> u16 {
    let of = |part, flags| if parts.contains(part) { flags } else { 0 };
    of(SecurityInformation::DACL, DACL_FLAGS) | of(SecurityInformation::SACL, SACL_FLAGS)
}

/// What an offset leads to; empty for zero, none if it does not lie in the descriptor.
fn part(bytes: &[u8], offset: [u8; 4], length: fn(&[u8]) -> Option<usize>) -> Option<Vec<u8>> {
    let offset = usize::try_from(u32::from_le_bytes(offset)).ok()?;
    if offset == 0 {
        return Some(Vec::new());
    }
    let from = bytes.get(offset..)?;
    Some(from.get(..length(from)?)?.to_vec())
}

/// Bytes of a SID: revision, count, six of authority, four each.
fn sid_length(sid: &[u8]) -> Option<usize> {
    match sid {
        [1, count, ..] if *count <= SUBAUTHORITIES_MAX => Some(8 + 4 * usize::from(*count)),
        _ => None,
    }
}

/// Bytes of a list: it says so.
fn list_length(list: &[u8]) -> Option<usize> {
    let [2 | 4, _, low, high, ..] = list else { return None };
    Some(usize::from(u16::from_le_bytes([*low, *high]))).filter(|length| *length >= 8)
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;
    use proptest::prelude::*;

    use super::*;

    fn all() -> SecurityInformation {
        SecurityInformation::OWNER | SecurityInformation::GROUP | SecurityInformation::DACL
    }

    #[test]
    fn a_descriptor_is_what_the_specification_says() {
        // Revision 1, self-relative with a list, owner at 20, group at 32, no system list, list at 44.
        let header = hex!("01 00 04 80 14000000 20000000 00000000 2c000000");
        let sid = hex!("01 01 000000000001 00000000");
        let list = hex!("02 00 1c00 0100 0000 00 00 1400 ff011f00");
        let bytes = [&header[..], &sid, &sid, &list, &sid].concat();
        assert_eq!(Descriptor::default().encode(all()), bytes);
        assert_eq!(Descriptor::decode(&bytes), Some(Descriptor::default()));
        let nothing = Descriptor::default().encode(SecurityInformation::empty());
        assert_eq!(nothing, hex!("01 00 00 80 00000000 00000000 00000000 00000000"));
    }

    #[test]
    fn only_what_is_set_is_taken_over() {
        let mut kept = Descriptor::default();
        let other = hex!("01 00 04 94 14000000 00000000 00000000 20000000 01 01 000000000005 0b000000 02 00 0800 0000 0000");
        let other = Descriptor::decode(&other).expect("a descriptor");
        kept.set(SecurityInformation::DACL, other.clone());
        assert_eq!(kept.owner, EVERYONE);
        assert_eq!(kept.list, other.list);
        assert_eq!(kept.control, 0x1404);
        kept.set(SecurityInformation::OWNER, other.clone());
        assert_eq!(kept.owner, other.owner);
    }

    #[test]
    fn what_does_not_lie_in_it_is_none() {
        let good = Descriptor::default().encode(all());
        for cut in 0..good.len() {
            assert_eq!(Descriptor::decode(good.get(..cut).expect("a part")), None, "{cut}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_odd(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            if let Some(descriptor) = Descriptor::decode(&bytes) {
                let whole = all() | SecurityInformation::SACL;
                prop_assert_eq!(Descriptor::decode(&descriptor.encode(whole)), Some(descriptor));
            }
        }
    }
}
