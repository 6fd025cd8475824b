//! A share that is served: its settings and its files.

use std::sync::Arc;

use lease::FileKey;

use crate::config::ShareConfig;
use crate::files::{self, SmbPath, Volume};
use crate::life::Life;
use crate::notify::{Changes, Event};

/// A share.
#[derive(Debug)]
pub(crate) struct Share {
    pub(crate) config: ShareConfig,
    pub(crate) volume: Volume,
    /// Who wants to hear what changes in it.
    pub(crate) changes: Changes,
}

impl Share {
    pub(crate) fn open(config: ShareConfig) -> files::Result<Share> {
        let volume = Volume::open(&config.path, config.volume)?;
        let changes = match volume.journal() {
            Ok(journal) => Changes::shared(journal),
            Err(error) => {
                tracing::warn!(share = config.name, %error, "clients do not hear of changes that are made through other nodes");
                Changes::default()
            }
        };
        Ok(Share { config, volume, changes })
    }

    /// Deletes a file that was to be deleted and has lost its last open, unless its name means another by now; then says so.
    pub(crate) async fn delete(&self, life: &Arc<Life>, file: FileKey, name: &str) {
        if !life.allows() {
            // Another server is told to.
            return;
        }
        let (volume, path, wanted) = (self.volume.clone(), name.to_owned(), file.clone());
        let deleted = blocking(move || {
            let handle = volume.open_existing(&SmbPath::parse(&path)?)?;
            // Whoever has the name now is not meant.
            if handle.key() != wanted {
                return Ok(None);
            }
            handle.unlink()?;
            Ok(Some(Event::removed(&handle)))
        });
        match deleted.await {
            Ok(event) => self.changes.tell(event.as_slice()),
            Err(files::Error::NotFound | files::Error::PathNotFound) => {}
            Err(error) => tracing::warn!(%file, name, %error, "a file that was to be deleted is still there"),
        }
        if let Err(error) = life.table.report_deleted(file).await {
            tracing::debug!(name, %error, "a deletion is not confirmed");
        }
    }
}

/// Does something with files, which may take as long as a disk does.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> files::Result<T> + Send + 'static) -> files::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}
