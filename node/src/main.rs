//! The binary `tenure`: a node, the operator's commands, and the demonstration.

mod admin;
mod cli;
mod config;
mod consent;
mod demo;
mod exit;
mod nodes;
mod output;
mod serve;
mod telemetry;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Verb};
use crate::exit::Failure;

/// A table of a million leases is millions of small pieces of memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli.verb) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("tenure: {failure}");
            failure.code()
        }
    }
}

fn run(verb: Verb) -> Result<(), Failure> {
    match verb {
        Verb::Demo(demo) => demo::run(&demo),
        Verb::Serve(serve) => serve::run(*serve),
        Verb::Status(remote) => ask(admin::status(&remote)),
        Verb::Lease(verb) => ask(admin::lease(&verb)),
        Verb::Client(verb) => ask(admin::client(&verb)),
        Verb::File(verb) => ask(admin::file(&verb)),
        Verb::Lock(verb) => ask(admin::lock(&verb)),
        Verb::Member(verb) => ask(admin::member(&verb)),
        Verb::Leader(verb) => ask(admin::leader(&verb)),
        Verb::State(verb) => ask(admin::state(&verb)),
    }
}

/// Runs one command of an operator. It needs no threads of its own.
fn ask(command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Failure::Refused(format!("cannot start: {error}")))?.block_on(command)
}
