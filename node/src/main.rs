//! The binary `tenure`: a node, the operator's commands, and the demonstration.

mod admin;
mod cli;
mod config;
mod exit;
mod output;
mod serve;
mod telemetry;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Verb};
use crate::exit::Failure;

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
        Verb::Serve(serve) => serve::run(*serve),
        Verb::Demo(_) | Verb::Status(_) | Verb::Lease(_) | Verb::Member(_) | Verb::Leader(_) | Verb::State(_) => {
            Err(Failure::Refused("not there yet".to_owned()))
        }
    }
}
