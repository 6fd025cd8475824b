//! FSCTL_QUERY_NETWORK_INTERFACE_INFO: where else a client may connect to (MS-SMB2 3.3.5.15.11).

use crate::connection::Context;
use crate::wire::NtStatus;
use crate::wire::ioctl::{InterfaceCapabilities, IoctlRequest, NetworkInterface};

/// What is said of a link whose speed nobody has measured, in bits a second.
const LINK_SPEED: u64 = 1_000_000_000;
/// The number of the interface: one is told of.
const INDEX: u32 = 1;

/// The address that the client came to, and no other: a session is of one node, and a connection to another could not be bound to it. More
/// than one connection to this address is served by more than one core.
pub(super) fn answer(context: &Context, request: &IoctlRequest<'_>) -> Result<Vec<u8>, NtStatus> {
    if !context.connection.has_channels() {
        return Err(NtStatus::NOT_SUPPORTED);
    }
    let own = NetworkInterface {
        index: INDEX,
        capabilities: InterfaceCapabilities::RSS,
        link_speed: LINK_SPEED,
        address: context.connection.local,
    };
    let budget = usize::try_from(request.max_output).unwrap_or(usize::MAX);
    NetworkInterface::encode_all(&[own], budget).ok_or(NtStatus::BUFFER_TOO_SMALL)
}
