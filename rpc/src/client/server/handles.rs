//! Opens that are kept for their client, and files that go with their last open.

use std::time::Duration;

use lease::{Command, FileKey, OpenId, Outcome, Reconnect, SessionId};

use super::Server;
use crate::client::parkable::unexpected;
use crate::client::{CallError, Reconnected};

impl Server {
    /// Reconnects an open that was kept for its client (MS-SMB2 3.3.5.9.7, 3.3.5.9.12).
    pub async fn reconnect(&self, reconnect: Reconnect) -> Result<Reconnected, CallError> {
        let (index, outcome) = self.call(&Command::Reconnect(reconnect)).await?;
        let Outcome::Reconnected { open, lease, oplock, durable, before } = outcome else { return Err(unexpected(&outcome)) };
        Ok(Reconnected { open, lease, oplock, durable, before: *before, index })
    }

    /// Has an open kept without a connection, whatever it caches (MS-SMB2 3.3.5.15.9); a timeout of zero stands for the default. Returns how
    /// long it is kept.
    pub async fn make_resilient(&self, session: SessionId, open: OpenId, timeout: Duration) -> Result<Duration, CallError> {
        let outcome = self.call(&Command::MakeResilient { session, open, timeout }).await?.1;
        if let Outcome::Resilient { timeout } = outcome { Ok(timeout) } else { Err(unexpected(&outcome)) }
    }

    /// Tells that a file is deleted which this server was told to delete, with the close of its last open or by
    /// [`Notice::Delete`](crate::client::Notice::Delete). Until then nobody opens it, and afterwards its key may come to mean another file.
    pub async fn report_deleted(&self, file: FileKey) -> Result<(), CallError> {
        self.call(&Command::Deleted { file }).await.map(drop)
    }
}
