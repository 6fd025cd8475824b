//! `tenure serve`: one node, from its configuration to its end.

mod folder;
mod forming;
mod joining;
mod life;
mod lifeline;
mod lobby;
mod meeting;
mod smb;

use crate::cli::Serve;
use crate::config::{Config, suspicious_variables};
use crate::exit::Failure;
use crate::{output, telemetry};

pub(crate) use lifeline::KEEP;

/// Runs a node until it is told to stop or cannot go on.
pub(crate) fn run(serve: Serve) -> Result<(), Failure> {
    let config = Config::load(serve.config.as_deref(), serve.overrides)?;
    if serve.print_config {
        return output::line(config.to_toml().trim_end());
    }
    telemetry::start(&config.log_filter, config.log_format)?;
    end_on_panic();
    warn_of_variables();
    let runtime = tokio::runtime::Runtime::new().map_err(|error| Failure::Refused(format!("cannot start threads: {error}")))?;
    let ended = runtime.block_on(life::live(config, serve.lifeline));
    // What still runs belongs to connections that did not close in time; the node does not wait for them.
    runtime.shutdown_background();
    ended
}

/// A panic on any thread ends the process: a node of which a part is gone must not go on. The one exception is the thread of the
/// checkpoint, where sled panics on some damaged files; there it is caught, and the table is rebuilt from the snapshot and the log.
fn end_on_panic() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        report(panic);
        if std::thread::current().name() != Some(raft::store::CHECKPOINT_THREAD) {
            std::process::abort();
        }
    }));
}

/// Says which variables of the environment look like misspelt ones of ours.
fn warn_of_variables() {
    let command = <crate::cli::Cli as clap::CommandFactory>::command();
    let known: Vec<String> = command
        .get_subcommands()
        .flat_map(clap::Command::get_arguments)
        .filter_map(|argument| Some(argument.get_env()?.to_string_lossy().into_owned()))
        .collect();
    for (name, near) in suspicious_variables(&known, std::env::vars_os().filter_map(|(name, _)| name.into_string().ok())) {
        tracing::warn!("nothing reads the environment variable {name}; did you mean {near}?");
    }
}
