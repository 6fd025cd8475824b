//! FileRenameInformation (MS-FSA 2.1.5.15.12).

use std::sync::Arc;

use lease::{FileId, Operation};

use crate::connection::Context;
use crate::files::{self, Attributes, Kind, SmbPath};
use crate::handler::operate;
use crate::notify::Event;
use crate::ntstatus::of_file;
use crate::open::Open;
use crate::share::blocking;
use crate::wire::NtStatus;
use crate::wire::info::set::Rename;

/// Where a file is to be, and what has the name.
pub(super) struct Target {
    pub(super) path: SmbPath,
    /// The directory that it will lie in.
    pub(super) parent: FileId,
    /// The file that gives way.
    pub(super) replaces: Option<FileId>,
}

pub(super) async fn rename(context: &mut Context, open: &Arc<Open>, asked: &Rename) -> Result<(), NtStatus> {
    if open.handle.stream_name().is_some() || asked.name.starts_with(':') {
        // The table knows a stream by its name, and so a stream keeps it.
        return Err(NtStatus::NOT_SUPPORTED);
    }
    let target = find(open, asked).await?;
    let Target { path, parent, replaces } = target;
    let operation = Operation::Rename {
        name: Arc::from(path.to_string()),
        parent: Some(parent).filter(|parent| *parent != open.handle.parent()),
        replaces,
    };
    let new = path.clone();
    let old = operate::change(context, open, &operation, move |handle| {
        let old = handle.path();
        handle.rename(&path, replaces)?;
        Ok(old)
    });
    let old = old.await?;
    let changes = &open.share.changes;
    let kind = open.handle.kind();
    if kind == Kind::Directory {
        changes.moved(old.clone(), new.clone());
    }
    changes.tell(&Event::renamed(kind, old, new));
    Ok(())
}

/// Looks at the new name. What has it must be a file that may go, and that the client wants to go.
pub(super) async fn find(open: &Arc<Open>, asked: &Rename) -> Result<Target, NtStatus> {
    if asked.root_directory != 0 {
        return Err(NtStatus::INVALID_PARAMETER);
    }
    let path = SmbPath::parse(&asked.name).map_err(of_file)?;
    if path.stream().is_some() || path.is_root() {
        return Err(NtStatus::INVALID_PARAMETER);
    }
    let (open, replace) = (Arc::clone(open), asked.replace_if_exists);
    let known = blocking(move || {
        let looked = open.share.volume.lookup(&path)?;
        Ok((open, path, looked))
    });
    let (open, path, looked) = known.await.map_err(of_file)?;
    let replaces = match looked.found {
        None => None,
        // Another name, or another case of its own: nothing of anybody's goes.
        Some(found) if found.id == open.key.file => None,
        Some(_) if !replace => return Err(NtStatus::OBJECT_NAME_COLLISION),
        Some(found) => Some(replaceable(&found)?),
    };
    Ok(Target { path, parent: looked.parent, replaces })
}

/// A directory gives way to nobody, and neither does what is read only (MS-FSA 2.1.5.15.12).
fn replaceable(found: &files::Found) -> Result<FileId, NtStatus> {
    let kept = found.stat.kind == Kind::Directory || found.stat.attributes.contains(Attributes::READONLY);
    if kept { Err(NtStatus::ACCESS_DENIED) } else { Ok(found.id) }
}
