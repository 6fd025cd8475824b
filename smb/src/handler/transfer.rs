//! How much one request may move (MS-SMB2 3.3.5.2.5).

use crate::connection::{Connection, Context};
use crate::wire::NtStatus;
use crate::wire::negotiate::Capabilities;

/// Bytes that one credit pays for.
const BYTES_PER_CREDIT: u32 = 64 << 10;

impl Connection {
    /// The most bytes that one read, write or transaction moves here: MaxReadSize, MaxWriteSize and MaxTransactSize (MS-SMB2 3.3.1.7).
    pub(crate) fn transfer_bytes_max(&self) -> u32 {
        let max = self.life.config.transfer_bytes_max;
        if pays_by_size(self) { max } else { max.min(BYTES_PER_CREDIT) }
    }
}

/// Whether requests cost credits by how much they move.
fn pays_by_size(connection: &Connection) -> bool {
    let large = |capabilities| Capabilities::from_bits_retain(capabilities).contains(Capabilities::LARGE_MTU);
    connection.negotiated().is_some_and(|negotiated| large(negotiated.capabilities))
}

/// Checks that a request moves no more bytes in either direction than the server moves at once, and than the client has paid for.
pub(super) fn check(context: &Context, bytes: u32) -> Result<(), NtStatus> {
    let connection = &context.connection;
    let paid = u32::from(context.header.credit_charge.max(1)).saturating_mul(BYTES_PER_CREDIT);
    let paid = if pays_by_size(connection) { paid } else { u32::MAX };
    if bytes > connection.transfer_bytes_max().min(paid) { Err(NtStatus::INVALID_PARAMETER) } else { Ok(()) }
}
