//! LOCK (MS-SMB2 3.3.5.14).

use std::sync::Arc;

use lease::{ByteRange, Lock, LockSequence, RangeLock, Unlock};

use super::wait::answer_to;
use super::{Answer, malformed};
use crate::connection::Context;
use crate::files::Kind;
use crate::ntstatus::{of_call, of_file};
use crate::open::Open;
use crate::share::blocking;
use crate::wire::NtStatus;
use crate::wire::create::AccessMask;
use crate::wire::lock::{LockElement, LockFlags, LockRequest};
use crate::wire::negotiate::Dialect;
use crate::wire::simple::Empty;

pub(super) async fn answer(context: &mut Context, message: &[u8], out: &mut Vec<u8>) -> Answer {
    let request = LockRequest::decode(message).map_err(malformed)?;
    let open = context.open(request.file_id)?;
    let asked = Asked::read(&request.locks)?;
    if open.handle.kind() == Kind::Directory {
        return Err(NtStatus::INVALID_PARAMETER);
    }
    if !open.access.intersects(AccessMask::READ_DATA | AccessMask::WRITE_DATA) {
        return Err(NtStatus::ACCESS_DENIED);
    }
    let sequence = sequence(context, &open, &request);
    match asked {
        Asked::Locks { locks, wait } => lock(context, &open, (locks, wait), sequence).await?,
        Asked::Unlocks { ranges, whole } => unlock(context, &open, ranges, whole, sequence).await?,
    }
    Empty::default().encode(out);
    Ok(NtStatus::SUCCESS)
}

/// What a request asks for: its first element says which.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    /// All of these, or nothing (MS-SMB2 3.3.5.14.2).
    Locks {
        /// What to lock.
        locks: Vec<RangeLock>,
        /// Whether it waits for who is in the way.
        wait: bool,
    },
    /// These, as far as they get (MS-SMB2 3.3.5.14.1).
    Unlocks {
        /// What to unlock, up to the first element that is something else.
        ranges: Vec<ByteRange>,
        /// Whether that is all that was asked for.
        whole: bool,
    },
}

impl Asked {
    fn read(elements: &[LockElement]) -> Result<Asked, NtStatus> {
        let first = elements.first().ok_or(NtStatus::INVALID_PARAMETER)?;
        if first.flags == LockFlags::UNLOCK {
            let unlocks = elements.iter().take_while(|element| element.flags == LockFlags::UNLOCK);
            let ranges: Vec<_> = unlocks.map(range).collect();
            let whole = ranges.len() == elements.len();
            return Ok(Asked::Unlocks { ranges, whole });
        }
        let waits = |element: &LockElement| !element.flags.contains(LockFlags::FAIL_IMMEDIATELY);
        // One that waits for some of its ranges while it has the others could wait for ever (MS-SMB2 3.3.5.14.2).
        if elements.len() > 1 && elements.iter().any(waits) {
            return Err(NtStatus::INVALID_PARAMETER);
        }
        let locks = elements.iter().map(range_lock).collect::<Result<_, _>>()?;
        Ok(Asked::Locks { locks, wait: waits(first) })
    }
}

fn range(element: &LockElement) -> ByteRange {
    ByteRange::new(element.offset, element.length)
}

fn range_lock(element: &LockElement) -> Result<RangeLock, NtStatus> {
    let kind = LockFlags::from_bits_retain(element.flags.bits() & !LockFlags::FAIL_IMMEDIATELY.bits());
    let exclusive = match kind {
        LockFlags::EXCLUSIVE => true,
        LockFlags::SHARED => false,
        _ => return Err(NtStatus::INVALID_PARAMETER),
    };
    Ok(RangeLock { range: range(element), exclusive })
}

/// What makes a repeat of this request recognisable, where that counts: for an open that outlives its connection, and where a client may have
/// other connections to repeat it on (MS-SMB2 3.3.5.14, LS-193).
fn sequence(context: &Context, open: &Open, request: &LockRequest) -> Option<LockSequence> {
    let negotiated = context.connection.negotiated()?;
    let channels = context.connection.has_channels();
    if negotiated.dialect == Dialect::SMB_2_0_2 || !(open.is_kept() || channels) {
        return None;
    }
    LockSequence::new(request.sequence_index, request.sequence_number)
}

/// Locks, and waits for it where that was asked for, with the client being told so.
async fn lock(
    context: &mut Context,
    open: &Arc<Open>,
    (locks, wait): (Vec<RangeLock>, bool),
    sequence: Option<LockSequence>,
) -> Result<(), NtStatus> {
    let session = context.session()?.id;
    let handle = Arc::clone(&open.handle);
    let stat = blocking(move || handle.stat()).await.map_err(of_file)?;
    // A host that has not given the data its place yet, or needs none for it, says less than there is.
    let allocation = stat.allocated.max(stat.size);
    let lock = Lock { session, open: open.id, locks, wait, sequence, allocation };
    let pending = context.connection.life.table.begin_lock(&lock);
    answer_to(context, pending).await.map_err(|error| of_call(&error))
}

async fn unlock(
    context: &Context,
    open: &Open,
    ranges: Vec<ByteRange>,
    whole: bool,
    sequence: Option<LockSequence>,
) -> Result<(), NtStatus> {
    // A request that ends in an error is not one that was carried out.
    let sequence = sequence.filter(|_| whole);
    let unlock = Unlock { session: context.session()?.id, open: open.id, ranges, sequence };
    context.connection.life.table.unlock(unlock).await.map_err(|error| of_call(&error))?;
    if whole { Ok(()) } else { Err(NtStatus::INVALID_PARAMETER) }
}

#[cfg(test)]
mod tests;
