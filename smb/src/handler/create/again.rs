//! An open that is there already: given back to its client, or found by a replay. Another node may have opened it.

use std::sync::Arc;

use lease::{OpenId, OpenedAs};

use crate::connection::Context;
use crate::files::{self, Error, Handle, SmbPath, Stat, Volume};
use crate::handler::close;
use crate::ntstatus::of_file;
use crate::open::Open;
use crate::session::Tree;
use crate::share::{Share, blocking};
use crate::wire::NtStatus;
use crate::wire::create::{AccessMask, CreateOptions};

/// Where in the server a CREATE goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) tree: &'a Arc<Tree>,
    pub(super) share: &'a Arc<Share>,
}

/// Goes on serving an open that the table has given to the session: opens its file, unless the session has it open. What it may be used for
/// is what was granted when it was opened.
pub(super) async fn serve_again(
    context: &Context,
    place: Place<'_>,
    id: OpenId,
    before: &OpenedAs,
    kept: bool,
) -> Result<Stat, NtStatus> {
    let session = Arc::clone(context.session()?);
    if let Some(open) = session.open(id) {
        let handle = Arc::clone(&open.handle);
        return blocking(move || handle.stat()).await.map_err(of_file);
    }
    let (volume, wanted) = (place.share.volume.clone(), before.clone());
    let opened = blocking(move || {
        let handle = open_file(&volume, &wanted)?;
        let stat = handle.stat()?;
        Ok((handle, stat))
    });
    match opened.await {
        Ok((handle, stat)) => {
            let access = AccessMask::from_bits_retain(before.access.0);
            let options = CreateOptions::from_bits_retain(before.options);
            let open = Open::new(id, (place.tree.id, place.share), handle, access, options);
            open.channel.begin(context.header.channel_sequence());
            open.set_position(before.position);
            // It may have been used already, and saying so once more does no harm.
            open.set_replayable();
            if kept {
                open.keep();
            }
            let open = Arc::new(open);
            if let Err(status) = session.add_open(Arc::clone(&open)) {
                close::close(&context.connection.life, &session, &open).await.ok();
                return Err(status);
            }
            Ok(stat)
        }
        Err(error) => {
            // Nobody could ever close it: its client does not have it.
            let life = &context.connection.life;
            if life.table.close(session.id, id).await.is_ok_and(|delete| delete) {
                place.share.delete(life, before.file.clone(), &before.name).await;
            }
            Err(of_file(error))
        }
    }
}

/// Opens the file that the table means, by the name that it knows.
fn open_file(volume: &Volume, before: &OpenedAs) -> files::Result<Handle> {
    let name = match &before.file.stream {
        None => before.name.to_string(),
        Some(stream) => format!("{}:{stream}", before.name),
    };
    let handle = volume.open_existing(&SmbPath::parse(&name)?)?;
    if handle.key() == before.file { Ok(handle) } else { Err(Error::NotFound) }
}
