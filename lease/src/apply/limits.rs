//! What a client can have of each thing.

use crate::id::{ClientGuid, FileKey};
use crate::limits::{
    LEASES_PER_CLIENT_MAX, LOCKS_PER_CLIENT_MAX, OPENS_PER_CLIENT_MAX, PARKED_OPENS_PER_FILE_MAX, PARKED_PER_CLIENT_MAX,
};
use crate::outcome::{Limit, Rejection};
use crate::state::{File, State};

/// Refuses when there is so much of something already.
fn below(count: usize, most: usize, limit: Limit) -> Result<(), Rejection> {
    if count < most { Ok(()) } else { Err(Rejection::LimitReached(limit)) }
}

impl State {
    pub(super) fn room_for_open(&self, client: ClientGuid) -> Result<(), Rejection> {
        below(self.index().owners.of(client).opens, OPENS_PER_CLIENT_MAX, Limit::OpensPerClient)
    }

    /// Whether a client can have one more lease. Without it an open goes without.
    pub(super) fn room_for_lease(&self, client: ClientGuid) -> bool {
        self.index().owners.of(client).leases < LEASES_PER_CLIENT_MAX
    }

    pub(super) fn room_for_lock(&self, client: ClientGuid) -> Result<(), Rejection> {
        below(self.index().owners.of(client).locks, LOCKS_PER_CLIENT_MAX, Limit::LocksPerClient)
    }

    /// Whether one more request can be put in line on a file: of this client, if it is one's.
    pub(super) fn room_in_line(&self, line: &FileKey, client: Option<ClientGuid>) -> Result<(), Rejection> {
        below(self.file(line).map_or(0, |file| File::parked(file).len()), PARKED_OPENS_PER_FILE_MAX, Limit::ParkedOpensPerFile)?;
        let parked = client.map_or(0, |client| self.index().owners.of(client).parked);
        below(parked, PARKED_PER_CLIENT_MAX, Limit::ParkedPerClient)
    }
}
