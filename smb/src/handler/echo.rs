//! ECHO (MS-SMB2 3.3.5.17).

use super::Answer;
use crate::wire::NtStatus;
use crate::wire::simple::Empty;

pub(super) fn answer(out: &mut Vec<u8>) -> Answer {
    Empty::default().encode(out);
    Ok(NtStatus::SUCCESS)
}
