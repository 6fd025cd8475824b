//! Measures Tenure on this machine: three node processes, a load generator, and etcd beside it when it is installed.
//!
//! ```text
//! cargo run --release -p cluster-tests --bin bench -- --etcd
//! ```

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use clap::{Parser, ValueEnum};
use cluster_tests::bench::figures::{Bench, Plan};
use cluster_tests::bench::machine::{self, Machine};
use cluster_tests::bench::report::{Figure, Report};
use cluster_tests::cluster::Options;
use cluster_tests::etcd;

/// The one of the node.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures three nodes of Tenure on this machine, and etcd beside them.
#[derive(Debug, Parser)]
struct Arguments {
    /// Start three nodes of etcd too (Debian's etcd-server) and put the same load on them, in turns.
    #[arg(long)]
    etcd: bool,
    /// Only these figures.
    #[arg(long, value_enum, value_delimiter = ',')]
    figure: Vec<Name>,
    /// Rounds of each comparison; the median counts.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of load in each round.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Kills of the leader.
    #[arg(long, default_value_t = 20)]
    kills: usize,
    /// Leases of the large table.
    #[arg(long, default_value_t = 1_000_000)]
    leases: u64,
    /// Everything small and short: shows that each figure can be measured, and is held to no bar.
    #[arg(long)]
    smoke: bool,
    /// Print a table in Markdown.
    #[arg(long)]
    markdown: bool,
    /// Write the figures as JSON here too.
    #[arg(long)]
    json: Option<PathBuf>,
}

/// The figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum Name {
    /// Uncontended grants per second.
    Grants,
    /// The time of one grant.
    Latency,
    /// Break, acknowledgement, grant.
    Breaks,
    /// Time without service when the leader dies.
    Failover,
    /// The state machine alone.
    Apply,
    /// Memory and cold start.
    Volume,
}

impl Name {
    /// Whether it is measured on the clusters that run side by side.
    fn needs_clusters(self) -> bool {
        match self {
            Name::Grants | Name::Latency | Name::Breaks | Name::Failover => true,
            Name::Apply | Name::Volume => false,
        }
    }
}

impl Arguments {
    fn plan(&self) -> Plan {
        let options = Options { name: "bench".to_owned(), keep_on_drop: false, log: "warn".to_owned(), ..Options::default() };
        if self.smoke {
            return Plan {
                rounds: 1,
                measure: Duration::from_millis(300),
                singles: 20,
                kills: 1,
                leases: 20_000,
                entries: 2_000,
                snapshot_entries: 200,
                options: Options { checkpoint_interval: Duration::from_secs(1), ..options },
            };
        }
        Plan {
            rounds: self.rounds,
            measure: Duration::from_secs_f64(self.seconds),
            singles: 500,
            kills: self.kills,
            leases: self.leases,
            entries: 100_000,
            snapshot_entries: 5_000,
            options,
        }
    }

    fn figures(&self) -> BTreeSet<Name> {
        if self.figure.is_empty() {
            Name::value_variants().iter().copied().collect()
        } else {
            self.figure.iter().copied().collect()
        }
    }
}

async fn measure(arguments: &Arguments) -> Result<Report> {
    let version =
        if arguments.etcd { Some(etcd::installed().context("etcd is not installed: apt-get install etcd-server")?) } else { None };
    let mut machine = Machine::look()?;
    let (plan, names) = (arguments.plan(), arguments.figures());
    let mut figures: Vec<Figure> = Vec::new();
    let begun = Instant::now();
    let mut bench = None;
    for name in names {
        eprintln!("{:6.1} s  {name:?}", begun.elapsed().as_secs_f64());
        if name.needs_clusters() && bench.is_none() {
            bench = Some(Bench::start(plan.clone(), arguments.etcd).await?);
        }
        figures.extend(match (name, &mut bench) {
            (Name::Grants, Some(bench)) => bench.grants().await?,
            (Name::Latency, Some(bench)) => bench.latency().await?,
            (Name::Breaks, Some(bench)) => bench.breaks().await?,
            (Name::Failover, Some(bench)) => bench.failover().await?,
            (Name::Grants | Name::Latency | Name::Breaks | Name::Failover, None) => bail!("the clusters run"),
            (Name::Apply | Name::Volume, _) => {
                if let Some(bench) = bench.take() {
                    bench.end();
                }
                if name == Name::Apply { Bench::apply(&plan)? } else { Bench::volume(&plan).await? }
            }
        });
    }
    machine.load_after = machine::load_average()?;
    Ok(Report { machine, etcd: version, figures })
}

async fn run(arguments: &Arguments) -> Result<ExitCode> {
    let mut report = tokio::select! {
        report = measure(arguments) => report?,
        // Dropping the clusters ends their processes.
        _ = tokio::signal::ctrl_c() => bail!("interrupted"),
    };
    if arguments.smoke {
        report.figures.iter_mut().for_each(|figure| figure.bar = None);
    }
    #[expect(clippy::print_stdout, reason = "the report is what the program is for")]
    {
        println!("{}", if arguments.markdown { report.markdown() } else { report.table() });
    }
    if let Some(path) = &arguments.json {
        std::fs::write(path, serde_json::to_string_pretty(&report)?).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let missed = report.missed();
    if missed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("missed: {}", missed.join("; "));
    Ok(ExitCode::FAILURE)
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    run(&Arguments::parse()).await
}
