//! The reason why a node has to stop, if there is one.

use std::sync::Arc;

use tokio::sync::watch;

/// Takes the first reason to stop, and lets everyone know it. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct FatalSignal {
    reason: Arc<watch::Sender<Option<String>>>,
}

impl FatalSignal {
    pub(crate) fn new() -> FatalSignal {
        FatalSignal { reason: Arc::new(watch::Sender::new(None)) }
    }

    /// The node must stop. Later reasons follow from the first and are dropped.
    pub(crate) fn report(&self, reason: String) {
        self.reason.send_if_modified(|first| {
            let is_first = first.is_none();
            if is_first {
                *first = Some(reason);
            }
            is_first
        });
    }

    /// Waits for the reason.
    pub(crate) fn wait(&self) -> impl Future<Output = String> + Send + use<> {
        let mut reason = self.reason.subscribe();
        async move {
            let found = reason.wait_for(Option::is_some).await.ok().and_then(|reason| reason.clone());
            match found {
                Some(reason) => reason,
                // Nobody is left who could find one.
                None => std::future::pending().await,
            }
        }
    }
}
