//! What the fuzz targets run. The tests of the crate `smb` include the same files.

mod connection;
mod dice;
mod frames;
mod reading;
mod stage;

use smb::wire;
use std::sync::OnceLock;

use tokio::runtime::Runtime;
use tokio::signal::unix::SignalKind;
use tokio::sync::Mutex;

/// Runs one input of the target `frames`.
pub fn frames(data: &[u8]) {
    frames::run(data);
}

/// Runs that one server serves. What the log of its node keeps grows meanwhile.
const RUNS_MAX: usize = 1000;

/// Runs one input of the target `connection`.
pub fn connection(data: &[u8]) {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    static STAGE: Mutex<Option<(stage::Stage, usize)>> = Mutex::const_new(None);
    let runtime = RUNTIME.get_or_init(|| {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(2).enable_all().build().expect("a runtime");
        // libFuzzer's `main` is none of Rust's, which would have seen to it that writing to who is gone is an error and not the end.
        drop(runtime.block_on(async { tokio::signal::unix::signal(SignalKind::pipe()) }).expect("a handler"));
        runtime
    });
    runtime.block_on(async {
        let mut stage = STAGE.lock().await;
        if stage.as_ref().is_none_or(|(_, runs)| *runs >= RUNS_MAX) {
            if let Some((old, _)) = stage.take() {
                old.strike().await;
            }
            *stage = Some((stage::Stage::set(smb::Limits::default()).await, 0));
        }
        let (stage, runs) = stage.as_mut().expect("it was set just now");
        *runs += 1;
        connection::run(stage, data).await;
    });
}
