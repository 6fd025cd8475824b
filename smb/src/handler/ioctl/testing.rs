//! Controls that Samba's tests ask a server for, and no specification has. Only a server that was configured for tests knows them.

use crate::connection::Context;
use crate::wire::NtStatus;

/// From here on whatever is told on this connection unasked counts as never acknowledged by the client's machine.
pub(super) fn lose_unacknowledged(context: &Context) -> Result<(), NtStatus> {
    if !context.connection.life.config.test_controls {
        return Err(NtStatus::INVALID_DEVICE_REQUEST);
    }
    context.connection.lose_unacknowledged();
    Ok(())
}
