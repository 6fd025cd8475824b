//! What ends a node from outside: signals, and for a node that a demonstration started, the end of the demonstration.

use std::io::BufRead;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use crate::exit::Failure;

/// What a demonstration writes before it goes, to leave its nodes running.
pub(crate) const KEEP: &str = "keep";

/// Resolves when the node is to end; can be waited for again, for the second, more urgent call.
pub(super) struct Ends {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    lifeline: Option<oneshot::Receiver<()>>,
}

impl Ends {
    /// Listens from now on. With `lifeline`, also for the end of standard input: it closes when the process that started this one is
    /// gone, however it went.
    pub(super) fn listen(lifeline: bool) -> Result<Ends, Failure> {
        let on = |kind| signal(kind).map_err(|error| Failure::Refused(format!("cannot listen for signals: {error}")));
        Ok(Ends {
            interrupt: on(SignalKind::interrupt())?,
            terminate: on(SignalKind::terminate())?,
            lifeline: lifeline.then(watch_standard_input),
        })
    }

    /// Waits for the next reason to end, and names it.
    pub(super) async fn next(&mut self) -> &'static str {
        let lifeline = &mut self.lifeline;
        let cut = async {
            if let Some(watched) = lifeline.as_mut() {
                let cut = watched.await.is_ok();
                // Asked once: it says nothing more, whether it was cut or let go.
                *lifeline = None;
                if cut {
                    return;
                }
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
            () = cut => "the end of the demonstration",
        }
    }
}

/// Reads standard input on a thread of its own: such a read cannot be given up, and the process ends with it waiting. Resolves when the
/// input ends; is dropped, and so never resolves, after the word to keep running.
fn watch_standard_input() -> oneshot::Receiver<()> {
    let (cut, watched) = oneshot::channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            match line {
                Ok(line) if line.trim() == KEEP => return,
                Ok(_) => {}
                Err(_) => break,
            }
        }
        // Nobody listens any more only when the node is ending already.
        let _ended = cut.send(());
    });
    watched
}
