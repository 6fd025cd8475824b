//! FileLinkInformation: one more name (MS-FSA 2.1.5.15.7).

use std::sync::Arc;

use lease::Operation;

use super::rename::{Target, find};
use crate::connection::Context;
use crate::files::Kind;
use crate::handler::operate;
use crate::notify::Event;
use crate::open::Open;
use crate::wire::NtStatus;
use crate::wire::info::set::Rename;

pub(super) async fn link(context: &mut Context, open: &Arc<Open>, asked: &Rename) -> Result<(), NtStatus> {
    if open.handle.kind() == Kind::Directory {
        return Err(NtStatus::FILE_IS_A_DIRECTORY);
    }
    if open.share.config.read_only {
        return Err(NtStatus::ACCESS_DENIED);
    }
    // Who has the file open whose name is wanted can only be asked by a rename: a link replaces nothing.
    let Target { path, parent, replaces } = find(open, asked).await?;
    if replaces.is_some() {
        return Err(NtStatus::ACCESS_DENIED);
    }
    let operation = Operation::Link { parent: Some(parent).filter(|parent| *parent != open.handle.parent()) };
    let new = path.clone();
    operate::change(context, open, &operation, move |handle| handle.hard_link(&path, None)).await?;
    open.share.changes.tell(&[Event::linked(new)]);
    Ok(())
}
