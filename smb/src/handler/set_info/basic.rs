//! FileBasicInformation: times and attributes (MS-FSA 2.1.5.15.2).

use std::sync::Arc;
use std::time::SystemTime;

use lease::Operation;

use crate::connection::Context;
use crate::files::{Attributes, Kind, Times};
use crate::handler::operate;
use crate::notify::Event;
use crate::open::Open;
use crate::wire::change_notify::CompletionFilter;
use crate::wire::create::FileAttributes;
use crate::wire::info::file::Basic;
use crate::wire::{FileTime, NtStatus};

pub(super) async fn set(context: &mut Context, open: &Arc<Open>, asked: Basic) -> Result<(), NtStatus> {
    let directory = open.handle.kind() == Kind::Directory;
    let attributes = attributes(asked.attributes, directory)?;
    let times = Times {
        created: time(asked.creation_time)?,
        accessed: time(asked.last_access_time)?,
        written: time(asked.last_write_time)?,
        changed: time(asked.change_time)?,
    };
    if attributes.is_none() && times == Times::default() {
        return Ok(());
    }
    let changed = operate::change(context, open, &Operation::SetAttributes, move |handle| {
        if let Some(attributes) = attributes {
            handle.set_attributes(attributes)?;
        }
        handle.set_times(times)
    });
    changed.await?;
    let mut filter = CompletionFilter::empty();
    filter.set(CompletionFilter::ATTRIBUTES, attributes.is_some());
    filter.set(CompletionFilter::CREATION, times.created.is_some());
    filter.set(CompletionFilter::LAST_ACCESS, times.accessed.is_some());
    filter.set(CompletionFilter::LAST_WRITE, times.written.is_some());
    open.share.changes.tell(&[Event::modified(&open.handle, filter)]);
    Ok(())
}

/// The attributes to set; none of them says "leave them as they are".
fn attributes(asked: FileAttributes, directory: bool) -> Result<Option<Attributes>, NtStatus> {
    if asked.contains(FileAttributes::DIRECTORY) && !directory || asked.contains(FileAttributes::TEMPORARY) && directory {
        return Err(NtStatus::INVALID_PARAMETER);
    }
    Ok((!asked.is_empty()).then(|| Attributes::new(asked.bits())))
}

/// The time to set. Zero leaves it as it is, and so do the two marks that say whether what is done through this open may change it: the
/// host does not know of them.
fn time(asked: FileTime) -> Result<Option<SystemTime>, NtStatus> {
    match asked {
        FileTime::KEEP | FileTime::FREEZE | FileTime::THAW => Ok(None),
        FileTime(units) if units > i64::MAX.unsigned_abs() => Err(NtStatus::INVALID_PARAMETER),
        other => other.to_system().map(Some).ok_or(NtStatus::INVALID_PARAMETER),
    }
}
