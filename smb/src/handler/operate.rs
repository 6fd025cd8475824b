//! What is done through an open, as the lease table has to be asked about it (MS-FSA 2.1.4.12, docs/protocol.md).

use std::sync::Arc;

use lease::{ForeignAccess, Operation, Rejection};
use rpc::client::CallError;

use super::wait::{answer_to, tell_if_long};
use crate::connection::Context;
use crate::files::{self, Handle};
use crate::ntstatus::{of_call, of_file};
use crate::open::Open;
use crate::share::blocking;
use crate::wire::NtStatus;

/// Waits until nobody is in the way of an operation, with the client being told that it waits.
///
/// The table is asked each time. Whoever knew that this client caches writes, or that nobody else has the file open, would not have to:
/// that knowledge would be looked up here.
pub(super) async fn ask(context: &mut Context, open: &Open, operation: &Operation) -> Result<(), NtStatus> {
    let session = context.session()?.id;
    let pending = context.connection.life.table.begin_operation(session, open.id, operation);
    answer_to(context, pending).await.map_err(|error| of_call(&error))
}

/// Notes that the client uses an open, in a way that the table does not hear of otherwise: it has had the answer to its CREATE.
pub(super) async fn note_use(context: &mut Context, open: &Open) -> Result<(), NtStatus> {
    if open.first_use() { ask(context, open, &Operation::Use { position: None }).await } else { Ok(()) }
}

/// Changes a file between two questions: who is in the way is asked to step aside, and what was granted until the change was
/// made is taken away. The answer to the client comes after both.
///
/// The first question is not this function's: what it is about may depend on what the file is like once nobody is in the way.
pub(super) async fn change<T: Send + 'static>(
    context: &mut Context,
    open: &Arc<Open>,
    operation: &Operation,
    change: impl FnOnce(&Handle) -> files::Result<T> + Send + 'static,
) -> Result<T, NtStatus> {
    ask(context, open, operation).await?;
    let (life, handle) = (Arc::clone(&context.connection.life), Arc::clone(&open.handle));
    // The fence is looked at where nothing can come between it and the change but the host itself.
    let changed = blocking(move || if life.allows() { change(&handle).map(Some) } else { Ok(None) }).await;
    // A change that failed may have been made in part.
    let settled = settle(context, open, operation).await;
    let changed = changed.map_err(of_file)?.ok_or(NtStatus::FILE_NOT_AVAILABLE)?;
    settled.map(|()| changed)
}

/// Asks again, when the change is made: for what was granted in between, to somebody who knows the file as it was.
async fn settle(context: &mut Context, open: &Open, operation: &Operation) -> Result<(), NtStatus> {
    let session = context.session()?.id;
    let mut pending = context.connection.life.table.begin_operation(session, open.id, operation);
    let answered = if pending.parked().await {
        context.hold_nobody_up();
        tell_if_long(context, std::pin::pin!(pending.finish())).await
    } else {
        pending.finish().await
    };
    // No CANCEL ends this: what is done is done.
    match answered {
        // Whoever has locked it since has locked it as it is now, and whoever has opened what a rename leads to knows the new name.
        Ok(()) | Err(CallError::Rejected(Rejection::FileLockConflict | Rejection::SharingViolation | Rejection::AccessDenied)) => {
            Ok(())
        }
        Err(CallError::Rejected(Rejection::NoSuchOpen | Rejection::NoSuchSession | Rejection::Cancelled)) => {
            // The open has ended meanwhile, but not what others may believe of its file.
            let access = ForeignAccess { file: open.key.clone(), parent: Some(open.handle.parent()), operation: operation.clone() };
            context.connection.life.table.foreign_access(&access).await.map_err(|error| of_call(&error))
        }
        Err(error) => Err(of_call(&error)),
    }
}
