//! FileDispositionInformation: a file goes with its last open, or stays after all (MS-FSA 2.1.5.15.3).

use std::sync::Arc;

use lease::Operation;

use crate::connection::Context;
use crate::files::{Attributes, Kind};
use crate::handler::operate;
use crate::ntstatus::of_file;
use crate::open::Open;
use crate::share::blocking;
use crate::wire::NtStatus;
use crate::wire::info::set::DispositionFlags;

/// FileDispositionInformationEx (MS-FSA 2.1.5.15.4).
pub(super) async fn set_by_flags(context: &mut Context, open: &Arc<Open>, flags: DispositionFlags) -> Result<(), NtStatus> {
    // A name that goes while others have the file open, and deletion that depends on how this open was made, are not known here: clients
    // then ask by the older class.
    if flags.intersects(DispositionFlags::POSIX_SEMANTICS | DispositionFlags::ON_CLOSE) {
        return Err(NtStatus::NOT_SUPPORTED);
    }
    let delete = flags.contains(DispositionFlags::DELETE);
    set(context, open, delete, flags.contains(DispositionFlags::IGNORE_READONLY_ATTRIBUTE)).await
}

pub(super) async fn set(context: &mut Context, open: &Arc<Open>, delete: bool, even_read_only: bool) -> Result<(), NtStatus> {
    if delete {
        deletable(open, even_read_only).await?;
    }
    operate::ask(context, open, &Operation::Dispose { delete }).await?;
    open.set_deleting(delete);
    if delete && open.handle.kind() == Kind::Directory {
        open.share.changes.tell_deletion(open.key.file);
    }
    Ok(())
}

/// Whether the host would let it go.
async fn deletable(open: &Arc<Open>, even_read_only: bool) -> Result<(), NtStatus> {
    let handle = Arc::clone(&open.handle);
    let known = blocking(move || {
        let stat = handle.stat()?;
        let empty = handle.kind() == Kind::File || handle.is_empty()?;
        Ok((stat.attributes.contains(Attributes::READONLY), empty, handle.path().is_root() && handle.stream_name().is_none()))
    });
    let (read_only, empty, root) = known.await.map_err(of_file)?;
    if root || read_only && !even_read_only {
        return Err(NtStatus::CANNOT_DELETE);
    }
    if empty { Ok(()) } else { Err(NtStatus::DIRECTORY_NOT_EMPTY) }
}
