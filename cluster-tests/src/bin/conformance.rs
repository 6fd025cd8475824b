//! Runs Samba's smbtorture against three nodes and prints how each suite went, beside what Samba itself was measured at.
//!
//! ```text
//! cargo run -p cluster-tests --bin conformance
//! ```

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Parser;
use cluster_tests::conformance::{Expected, Outcome, Plan, Torture, Verdict, by_suite, run};
use comfy_table::Table;
use comfy_table::presets::ASCII_MARKDOWN;

/// What is run when nothing else is asked for.
const SUITES: [&str; 5] = ["smb2.lease", "smb2.oplock", "smb2.durable-open", "smb2.durable-v2-open", "smb2.lock"];

/// Runs smbtorture against three nodes that serve one folder.
#[derive(Debug, Parser)]
struct Arguments {
    /// Suites or tests, as smb2.lease or smb2.lease.request.
    suite: Vec<String>,
    /// The folder of another system that has smbtorture, for a newer one than this system's.
    #[arg(long)]
    chroot: Option<PathBuf>,
    /// The list of tests that are expected to fail.
    #[arg(long)]
    expected: Option<PathBuf>,
    /// What the peers were measured at: a suite on a line, then a figure for each column.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/conformance/peers.txt"))]
    peers: PathBuf,
    /// Tests at once.
    #[arg(long, default_value_t = 4)]
    lanes: usize,
    /// Seconds that one test may take.
    #[arg(long, default_value_t = 180)]
    limit: u64,
    /// More lines for each share's configuration.
    #[arg(long, default_value = "")]
    share: String,
    /// All connections of a test to one node, for tests of what a client can only have at one, as the channels of a session.
    #[arg(long)]
    one_node: bool,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let torture = Torture::new(arguments.chroot);
    let version = torture.version()?;
    let suites = if arguments.suite.is_empty() { SUITES.map(str::to_owned).to_vec() } else { arguments.suite };
    let expected = arguments.expected.as_deref().map(Expected::read).transpose()?.unwrap_or_default();
    let limit = Duration::from_secs(arguments.limit);
    let plan = Plan { torture, suites, lanes: arguments.lanes.max(1), limit, share: arguments.share, one_node: arguments.one_node };
    let outcomes = run(&plan, |outcome| show(outcome, &expected)).await?;
    let peers = std::fs::read_to_string(&arguments.peers).with_context(|| format!("cannot read {}", arguments.peers.display()))?;
    table(&outcomes, &version, &peers);
    let surprises = expected.surprises(&outcomes);
    for surprise in &surprises {
        eprintln!("{surprise}");
    }
    Ok(if surprises.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// One line for each test as it ends.
fn show(outcome: &Outcome, expected: &Expected) {
    let took = outcome.took.as_secs_f64();
    match &outcome.verdict {
        Verdict::Passed => eprintln!("ok      {} ({took:.1} s)", outcome.test),
        Verdict::Skipped(why) => eprintln!("skip    {}: {why}", outcome.test),
        Verdict::Failed(why) => match expected.reason(&outcome.test) {
            Some(reason) => eprintln!("fails   {} ({took:.1} s), as expected: {reason}", outcome.test),
            None => eprintln!("FAILED  {} ({took:.1} s): {why}", outcome.test),
        },
    }
}

#[expect(clippy::print_stdout, reason = "the table is what the program is for")]
fn table(outcomes: &[Outcome], version: &str, peers: &str) {
    let mut lines = peers.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect::<Vec<_>>());
    let columns = lines.next().unwrap_or_default();
    let lines: Vec<_> = lines.collect();
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN);
    let own = format!("Tenure, three nodes ({version})");
    table.set_header(["suite", own.as_str(), "skipped"].into_iter().chain(columns.iter().skip(1).copied()));
    for (suite, (passed, failed, skipped, _)) in by_suite(outcomes) {
        let known = lines.iter().find(|line| line.first() == Some(&suite.as_str()));
        let peers = known.map(|line| line[1..].to_vec()).unwrap_or_default();
        let own = format!("{passed}/{}", passed + failed);
        table.add_row([suite.as_str(), own.as_str(), &skipped.to_string()].into_iter().chain(peers));
    }
    println!("{table}");
}
