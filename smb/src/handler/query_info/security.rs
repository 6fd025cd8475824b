//! Who may do what with a file (MS-SMB2 3.3.5.20.3): everybody whatever the share allows.

use crate::open::Open;
use crate::wire::NtStatus;
use crate::wire::create::AccessMask;
use crate::wire::query_info::SecurityInformation;

/// S-1-1-0, "everyone", as it is sent (MS-DTYP 2.4.2.2).
const EVERYONE: [u8; 12] = [1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0];
/// SE_SELF_RELATIVE: what the offsets lead to follows behind (MS-DTYP 2.4.6).
const SELF_RELATIVE: u16 = 0x8000;
/// SE_DACL_PRESENT.
const DACL_PRESENT: u16 = 0x0004;
/// SE_SACL_PRESENT.
const SACL_PRESENT: u16 = 0x0010;
/// What a descriptor begins with.
const HEADER_LENGTH: usize = 20;
/// An entry of a list: its header, the rights, the SID (MS-DTYP 2.4.4.2).
const ENTRY_LENGTH: u16 = 4 + 4 + 12;
/// A list with one entry (MS-DTYP 2.4.5).
const LIST_LENGTH: u16 = 8 + ENTRY_LENGTH;

/// The parts of the file's descriptor that are asked for.
pub(super) fn query(open: &Open, asked: SecurityInformation) -> Result<Vec<u8>, NtStatus> {
    let readable = SecurityInformation::OWNER | SecurityInformation::GROUP | SecurityInformation::DACL | SecurityInformation::LABEL;
    if asked.intersects(readable) && !open.access.contains(AccessMask::READ_CONTROL) {
        return Err(NtStatus::ACCESS_DENIED);
    }
    if asked.contains(SecurityInformation::SACL) && !open.access.contains(AccessMask::ACCESS_SYSTEM_SECURITY) {
        return Err(NtStatus::ACCESS_DENIED);
    }
    Ok(descriptor(asked))
}

/// A self-relative security descriptor: everything is everyone's.
fn descriptor(asked: SecurityInformation) -> Vec<u8> {
    let mut behind = Vec::new();
    let mut control = SELF_RELATIVE;
    let mut place = |wanted: bool, part: &[u8]| -> u32 {
        if !wanted {
            return 0;
        }
        let at = HEADER_LENGTH + behind.len();
        behind.extend_from_slice(part);
        u32::try_from(at).unwrap_or(u32::MAX)
    };
    let owner = place(asked.contains(SecurityInformation::OWNER), &EVERYONE);
    let group = place(asked.contains(SecurityInformation::GROUP), &EVERYONE);
    let list = place(asked.contains(SecurityInformation::DACL), &everything_for_everyone());
    if list != 0 {
        control |= DACL_PRESENT;
    }
    if asked.contains(SecurityInformation::SACL) {
        // Present, and empty: nothing is logged.
        control |= SACL_PRESENT;
    }
    let mut descriptor = Vec::with_capacity(HEADER_LENGTH + behind.len());
    descriptor.extend([1, 0]);
    descriptor.extend(control.to_le_bytes());
    for offset in [owner, group, 0, list] {
        descriptor.extend(offset.to_le_bytes());
    }
    descriptor.extend(behind);
    descriptor
}

/// A list with one entry that allows everyone everything (MS-DTYP 2.4.5, 2.4.4.2).
fn everything_for_everyone() -> Vec<u8> {
    let mut list = Vec::with_capacity(usize::from(LIST_LENGTH));
    list.extend([2, 0]);
    list.extend(LIST_LENGTH.to_le_bytes());
    list.extend([1, 0, 0, 0]);
    list.extend([0, 0]);
    list.extend(ENTRY_LENGTH.to_le_bytes());
    list.extend(AccessMask::FILE_ALL.bits().to_le_bytes());
    list.extend(EVERYONE);
    list
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;

    use super::*;

    #[test]
    fn a_descriptor_is_what_the_specification_says() {
        let all = SecurityInformation::OWNER | SecurityInformation::GROUP | SecurityInformation::DACL;
        // Revision 1, self-relative with a list, owner at 20, group at 32, no system list, list at 44.
        let header = hex!("01 00 04 80 14000000 20000000 00000000 2c000000");
        let sid = hex!("01 01 000000000001 00000000");
        let list = hex!("02 00 1c00 0100 0000 00 00 1400 ff011f00");
        assert_eq!(descriptor(all), [&header[..], &sid, &sid, &list, &sid].concat());
    }

    #[test]
    fn what_is_not_asked_for_is_not_told() {
        assert_eq!(descriptor(SecurityInformation::empty()), hex!("01 00 00 80 00000000 00000000 00000000 00000000"));
    }
}
