//! OPLOCK_BREAK: what a client answers to a break (MS-SMB2 3.3.5.22).

use std::sync::Arc;

use lease::LeaseKey;

use super::{Answer, malformed};
use crate::connection::Context;
use crate::ntstatus::of_call;
use crate::wire::NtStatus;
use crate::wire::oplock_break::{Acknowledgement, LeaseAck, OplockBreak};

pub(super) async fn answer(context: &mut Context, message: &[u8], out: &mut Vec<u8>) -> Answer {
    match Acknowledgement::decode(message).map_err(malformed)? {
        Acknowledgement::Lease(ack) => of_lease(context, ack, out).await,
        Acknowledgement::Oplock(ack) => of_oplock(context, ack, out).await,
    }
}

/// Of a lease: it may have been told of by another node, and then counts for whichever break runs.
async fn of_lease(context: &Context, ack: LeaseAck, out: &mut Vec<u8>) -> Answer {
    let session = context.session()?;
    let life = &context.connection.life;
    let key: LeaseKey = ack.key;
    let generation = life.told(session.client, key);
    let state = life.table.acknowledge_bits(session.client, key, ack.state, generation).await;
    let state = state.map_err(|error| of_call(&error))?;
    LeaseAck { key, state: state.bits() }.encode(out);
    Ok(NtStatus::SUCCESS)
}

async fn of_oplock(context: &Context, ack: OplockBreak, out: &mut Vec<u8>) -> Answer {
    let session = Arc::clone(context.session()?);
    let open = context.open(ack.file_id)?;
    context.connection.life.forget_oplock_break(open.id);
    let told = open.told();
    if told.is_some_and(|told| !told.ack_required) {
        // smb2.oplock.levelii500: Windows answers so who acknowledges what needs no acknowledgement, and may know nothing of it any more.
        return Err(NtStatus::INVALID_OPLOCK_PROTOCOL);
    }
    let generation = told.map(|told| told.generation);
    let level = context.connection.life.table.acknowledge_oplock(session.id, open.id, ack.level, generation).await;
    let level = level.map_err(|error| of_call(&error))?;
    OplockBreak { level: level.to_byte(), file_id: ack.file_id }.encode(out);
    Ok(NtStatus::SUCCESS)
}
