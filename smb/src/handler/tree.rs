//! TREE_CONNECT and TREE_DISCONNECT (MS-SMB2 3.3.5.7, 3.3.5.8).

use std::sync::Arc;

use super::{Answer, close, malformed};
use crate::connection::Context;
use crate::limits::Refusal;
use crate::session::Target;
use crate::wire::negotiate::Dialect;
use crate::wire::simple::Empty;
use crate::wire::tree_connect::{ShareCapabilities, ShareFlags, ShareType, TreeConnectRequest, TreeConnectResponse};
use crate::wire::{NtStatus, Target as Addressed};

/// What one may do at most: everything, or what changes nothing (MS-SMB2 2.2.13.1.1).
const EVERYTHING: u32 = 0x001F_01FF;
const READ_ONLY: u32 = 0x0012_00A9;
/// The share of named pipes.
const PIPES: &str = "IPC$";

pub(super) fn connect(context: &mut Context, message: &[u8], out: &mut Vec<u8>) -> Answer {
    let request = TreeConnectRequest::decode(message).map_err(malformed)?;
    let name = request.share().ok_or(NtStatus::BAD_NETWORK_NAME)?;
    let session = Arc::clone(context.session()?);
    let newest = context.connection.negotiated().is_some_and(|negotiated| negotiated.dialect == Dialect::SMB_3_1_1);
    if newest && !session.is_anonymous() && !context.is_protected() {
        // Somebody in between has the session (MS-SMB2 3.3.5.7).
        context.connection.refuse(Refusal::Protocol, "a TREE_CONNECT of 3.1.1 that is neither signed nor encrypted");
        context.connection.end();
        return Err(NtStatus::ACCESS_DENIED);
    }
    let shares = &context.connection.life.shares;
    let (target, body) = if name.eq_ignore_ascii_case(PIPES) {
        (Target::Pipes, response(ShareType::Pipe, ShareCapabilities::empty(), READ_ONLY))
    } else {
        let share = shares.iter().find(|share| share.config.name.eq_ignore_ascii_case(name)).ok_or(NtStatus::BAD_NETWORK_NAME)?;
        if session.is_anonymous() && !share.config.anonymous {
            return Err(NtStatus::ACCESS_DENIED);
        }
        let mut capabilities = ShareCapabilities::empty();
        capabilities.set(ShareCapabilities::CONTINUOUS_AVAILABILITY, share.config.continuously_available);
        let access = if share.config.read_only { READ_ONLY } else { EVERYTHING };
        (Target::Disk(Arc::clone(share)), response(ShareType::Disk, capabilities, access))
    };
    let connected = session.connect_tree(target, context.connection.life.config.limits.trees_per_session_max);
    let tree = connected.inspect_err(|_| context.connection.refuse(Refusal::TreesPerSession, "too many tree connects"))?;
    if let Addressed::Sync { tree_id, .. } = &mut context.header.target {
        *tree_id = tree.id;
    }
    body.encode(out);
    Ok(NtStatus::SUCCESS)
}

fn response(share_type: ShareType, capabilities: ShareCapabilities, maximal_access: u32) -> TreeConnectResponse {
    TreeConnectResponse { share_type, flags: ShareFlags::empty(), capabilities, maximal_access }
}

/// Closes what is open on the tree, whatever it was granted to survive (MS-SMB2 3.3.5.8).
pub(super) async fn disconnect(context: &mut Context, out: &mut Vec<u8>) -> Answer {
    let tree = context.tree()?;
    let session = Arc::clone(context.session()?);
    for open in session.disconnect_tree(tree.id) {
        close::close(&context.connection.life, &session, &open).await?;
    }
    Empty::default().encode(out);
    Ok(NtStatus::SUCCESS)
}
