//! Controls about what lies where in a file: FSCTL_SET_ZERO_DATA and FSCTL_QUERY_ALLOCATED_RANGES (MS-FSA 2.1.5.10.39, 2.1.5.10.23).

use std::sync::Arc;

use lease::{ByteRange, Operation};

use super::has_data;
use crate::connection::Context;
use crate::handler::operate;
use crate::ntstatus::of_file;
use crate::open::Open;
use crate::share::blocking;
use crate::wire::NtStatus;
use crate::wire::create::AccessMask;
use crate::wire::ioctl::IoctlRequest;

/// Zeroes that are written at once, in bytes.
const ZEROES: usize = 1 << 20;

/// Two numbers as the input of either control begins: neither may be negative.
fn pair(input: &[u8]) -> Result<(u64, u64), NtStatus> {
    let (numbers, _) = input.as_chunks::<8>();
    let &[first, second, ..] = numbers else { return Err(NtStatus::INVALID_PARAMETER) };
    let number = |bytes| u64::try_from(i64::from_le_bytes(bytes)).map_err(|_| NtStatus::INVALID_PARAMETER);
    Ok((number(first)?, number(second)?))
}

/// FSCTL_SET_ZERO_DATA: from the one offset up to the other all bytes are zero. The file gets no longer by it.
pub(super) async fn zero(context: &mut Context, open: &Arc<Open>, input: &[u8]) -> Result<Vec<u8>, NtStatus> {
    let (from, to) = pair(input)?;
    has_data(open)?;
    if !open.access.contains(AccessMask::WRITE_DATA) {
        return Err(NtStatus::ACCESS_DENIED);
    }
    let length = to.checked_sub(from).ok_or(NtStatus::INVALID_PARAMETER)?;
    if length == 0 {
        return Ok(Vec::new());
    }
    let operation = Operation::Write { range: Some(ByteRange::new(from, length)) };
    let zeroed = operate::change(context, open, &operation, move |handle| {
        let end = to.min(handle.stat()?.size);
        let zeroes = vec![0; ZEROES];
        let mut at = from;
        while at < end {
            let length = usize::try_from(end - at).unwrap_or(usize::MAX).min(ZEROES);
            handle.write_at(zeroes.get(..length).unwrap_or(&zeroes), at)?;
            at = at.saturating_add(length as u64);
        }
        Ok(())
    });
    zeroed.await?;
    Ok(Vec::new())
}

/// FSCTL_QUERY_ALLOCATED_RANGES: which parts of a range may hold something else than zeroes. All that lies before the end of the file may: how
/// the host keeps it is not told any nearer.
pub(super) async fn allocated(context: &mut Context, open: &Arc<Open>, request: &IoctlRequest<'_>) -> Result<Vec<u8>, NtStatus> {
    let (from, length) = pair(request.input)?;
    has_data(open)?;
    if !open.access.contains(AccessMask::READ_DATA) {
        return Err(NtStatus::ACCESS_DENIED);
    }
    let end = from.checked_add(length).filter(|end| i64::try_from(*end).is_ok()).ok_or(NtStatus::INVALID_PARAMETER)?;
    operate::ask(context, open, &Operation::Read { range: None }).await?;
    let handle = Arc::clone(&open.handle);
    let size = blocking(move || handle.stat()).await.map_err(of_file)?.size;
    let found = end.min(size).saturating_sub(from);
    if found == 0 { Ok(Vec::new()) } else { Ok([from.to_le_bytes(), found.to_le_bytes()].concat()) }
}

#[cfg(test)]
mod tests {
    use super::pair;
    use crate::wire::NtStatus;

    #[test]
    fn numbers_of_controls_are_not_negative() {
        let both = |first: i64, second: i64| [first.to_le_bytes(), second.to_le_bytes()].concat();
        assert_eq!(pair(&both(3, i64::MAX)), Ok((3, i64::MAX.unsigned_abs())));
        let more = [both(3, 4), vec![9; 5]].concat();
        assert_eq!(pair(&more), Ok((3, 4)), "what follows is not looked at");
        for wrong in [both(-1, 4), both(3, i64::MIN), both(3, 4)[..15].to_vec(), Vec::new()] {
            assert_eq!(pair(&wrong), Err(NtStatus::INVALID_PARAMETER));
        }
    }
}
