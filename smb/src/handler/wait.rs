//! Waiting for the lease table (MS-SMB2 3.3.4.2).

use std::time::Duration;

use lease::{Limit, Rejection};
use rpc::client::{CallError, PendingRequest};

use crate::connection::Context;

/// How long a request waits before its client is told that it does. Mostly somebody else's client has answered by then, and what it was told
/// goes out before this one hears that it has to wait.
const INTERIM_AFTER: Duration = Duration::from_millis(20);

/// Waits for the answer to what the table was asked; the client is told when that takes long, and may CANCEL it.
pub(super) async fn answer_to<T>(context: &mut Context, mut pending: PendingRequest<T>) -> Result<T, CallError> {
    if !pending.parked().await {
        return pending.finish().await;
    }
    context.hold_nobody_up();
    let cancel = context.cancel.clone();
    let answered = async {
        let mut finish = std::pin::pin!(pending.finish());
        if let Ok(done) = tokio::time::timeout(INTERIM_AFTER, &mut finish).await {
            return done;
        }
        context.pend().map_err(|_| CallError::Rejected(Rejection::LimitReached(Limit::ParkedPerClient)))?;
        finish.await
    };
    tokio::select! {
        answered = answered => answered,
        // Dropping the request takes it back, and undoes what it has done by then.
        () = cancel.cancelled() => Err(CallError::Rejected(Rejection::Cancelled)),
    }
}

/// Waits for something that takes its time; the client is told so if it takes long.
pub(super) async fn tell_if_long<T>(context: &mut Context, mut waited_for: impl Future<Output = T> + Unpin) -> T {
    if let Ok(done) = tokio::time::timeout(INTERIM_AFTER, &mut waited_for).await {
        return done;
    }
    // One too many to be told waits all the same: what it has done is done.
    context.pend().ok();
    waited_for.await
}
