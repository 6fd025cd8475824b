//! Configurations that cannot be meant.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use cluster_tests::cluster::{Cluster, Options, tenure};
use cluster_tests::process::Process;

/// How long a node may take to refuse.
const REFUSAL_LIMIT: Duration = Duration::from_secs(30);

/// Starts a node that has to end by itself with an error; what it says.
pub(crate) fn refusal(config: &Path) -> Result<String> {
    let log = config.with_extension("refusal");
    let mut process = Process::start("refused", Command::new(tenure()?).arg("serve").arg("--config").arg(config), &log)?;
    let status = process.wait(REFUSAL_LIMIT).context("a node that must refuse to run")?;
    let said = fs::read_to_string(&log)?;
    ensure!(status.code().is_some_and(|code| code != 0), "it ended with {status}: {said}");
    ensure!(!said.contains("panicked"), "{said}");
    Ok(said)
}

#[tokio::test]
async fn a_configuration_with_a_mistake_is_refused_by_name() -> Result<()> {
    let cluster = Cluster::prepare(Options::default())?;
    let good = fs::read_to_string(cluster.config(0))?;
    for (from, to, says) in [
        ("break_timeout", "brake_timeout", "did you mean 'break_timeout'"),
        ("heartbeat = \"50ms\"", "heartbeat = \"50\"", "heartbeat"),
        ("heartbeat = \"50ms\"", "heartbeat = \"200ms\"", "timings.election_min"),
        ("node = \"n1\"", "node = \"n7\"", "n7"),
        ("node = \"n1\"", "node = 1", "node"),
        ("cluster = ", "cluster ", "expected `=`"),
        ("listen = \"127.", "listen = \"1270.", "listen"),
    ] {
        ensure!(good.contains(from), "{good} has no {from}");
        let config = cluster.config(0).with_extension("bad");
        fs::write(&config, good.replace(from, to))?;
        let said = refusal(&config)?;
        fs::remove_file(config.with_extension("refusal"))?;
        ensure!(said.contains(says), "{from} to {to}: {said}");
        ensure!(!cluster.data(0).exists(), "a refused configuration made a folder");
    }
    cluster.done();
    Ok(())
}
