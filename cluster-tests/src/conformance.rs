//! Samba's smbtorture against three nodes that serve one folder, successive connections of a test landing on different nodes.

mod expected;
mod torture;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

pub use expected::Expected;
pub use torture::{Torture, Verdict};

use crate::cluster::{Cluster, Options, Smb};
use crate::ports;

/// Nodes of the cluster.
const NODES: u8 = 3;
/// A user that the tests log on as.
pub(crate) struct User {
    pub(crate) name: &'static str,
    pub(crate) password: &'static str,
    /// MD4 of the password in UTF-16LE.
    nt_hash: &'static str,
}

/// The user of all tests.
pub(crate) const USER: User = User { name: "torture", password: "Passw0rd", nt_hash: "a87f3a337d73085c45f9416be5787d86" };
/// Another, of those that need one.
pub(crate) const SECOND_USER: User = User { name: "second", password: "Secret2b", nt_hash: "bcb8e71e48856155de67b0ff89d27a2a" };

/// What is to be run.
#[derive(Debug)]
pub struct Plan {
    /// The program.
    pub torture: Torture,
    /// Suites, or single tests: whatever begins so and ends there or at a dot.
    pub suites: Vec<String>,
    /// Tests at once, each on a share of its own: most of their time they wait.
    pub lanes: usize,
    /// How long one test may take.
    pub limit: Duration,
    /// More lines for the configuration of each share.
    pub share: String,
    /// Whether the connections of a test all go to one node: for what a client can only have at one, as the channels of a session.
    pub one_node: bool,
}

/// What came of one test.
#[derive(Debug)]
pub struct Outcome {
    /// The test.
    pub test: String,
    /// How it went.
    pub verdict: Verdict,
    /// How long it took.
    pub took: Duration,
}

/// Runs the tests, one process each; `seen` is told of each as it ends.
pub async fn run(plan: &Plan, mut seen: impl FnMut(&Outcome)) -> Result<Vec<Outcome>> {
    let tests = plan.torture.tests(&plan.suites)?;
    ensure!(!tests.is_empty(), "no test is called like {:?}", plan.suites);
    let folder = TempDir::with_prefix("tenure-conformance-")?;
    let mut shares = Vec::new();
    for lane in 0..plan.lanes {
        let path = folder.path().join(format!("lane{lane}"));
        std::fs::create_dir(&path)?;
        shares.push((format!("lane{lane}"), path, plan.share.clone()));
    }
    let addresses = ports::same_port(NODES)?;
    let users = users(folder.path())?;
    let smb = Smb { addresses: addresses.clone(), users, shares };
    let options = Options { nodes: NODES.into(), name: "conformance".to_owned(), smb: Some(smb), ..Options::default() };
    let cluster = Cluster::start(options).await?;
    ready(&addresses).await?;

    let queue = Arc::new(Mutex::new(tests.into_iter()));
    let (done, mut ended) = mpsc::channel(plan.lanes);
    let mut lanes = JoinSet::new();
    for lane in 0..plan.lanes {
        let (queue, done, torture, limit) = (Arc::clone(&queue), done.clone(), plan.torture.clone(), plan.limit);
        let list = folder.path().join(format!("lane{lane}.unc"));
        let nodes = if plan.one_node { &addresses[..1] } else { &addresses[..] };
        let paths: Vec<String> = nodes.iter().map(|address| format!("//{}/lane{lane}\n", address.ip())).collect();
        std::fs::write(&list, paths.concat())?;
        let target = (format!("//{}/lane{lane}", addresses[0].ip()), addresses[0].port());
        lanes.spawn(async move {
            loop {
                let Some(test) = queue.lock().await.next() else { return anyhow::Ok(()) };
                let started = Instant::now();
                let verdict = torture.run(&test, (&target.0, target.1), &list, limit).await?;
                let outcome = Outcome { test, verdict, took: started.elapsed() };
                if done.send(outcome).await.is_err() {
                    return Ok(());
                }
            }
        });
    }
    drop(done);
    let mut outcomes = Vec::new();
    while let Some(outcome) = ended.recv().await {
        seen(&outcome);
        outcomes.push(outcome);
    }
    while let Some(lane) = lanes.join_next().await {
        lane.context("a lane died")??;
    }
    outcomes.sort_by(|a, b| a.test.cmp(&b.test));
    cluster.done();
    Ok(outcomes)
}

/// The file of users.
fn users(folder: &Path) -> Result<PathBuf> {
    use std::os::unix::fs::PermissionsExt as _;
    let path = folder.join("users");
    let lines = [USER, SECOND_USER].map(|user| format!("{}:{}\n", user.name, user.nt_hash));
    std::fs::write(&path, lines.concat())?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    Ok(path)
}

/// Waits until every node takes clients.
async fn ready(addresses: &[std::net::SocketAddr]) -> Result<()> {
    let begun = Instant::now();
    for address in addresses {
        loop {
            if let Ok(Ok(())) = tokio::time::timeout(Duration::from_secs(1), greeted(*address)).await {
                break;
            }
            ensure!(begun.elapsed() < Duration::from_secs(30), "{address} takes no client");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    Ok(())
}

/// Whether the node keeps a connection open: without a life it drops them.
async fn greeted(address: std::net::SocketAddr) -> Result<()> {
    use tokio::io::AsyncReadExt as _;
    let mut stream = tokio::net::TcpStream::connect(address).await?;
    let mut byte = [0; 1];
    match tokio::time::timeout(Duration::from_millis(100), stream.read(&mut byte)).await {
        // It waits for us to speak first.
        Err(_) => Ok(()),
        Ok(read) => anyhow::bail!("dropped: {read:?}"),
    }
}

/// How many of each suite went how.
pub fn by_suite(outcomes: &[Outcome]) -> BTreeMap<String, (usize, usize, usize, Duration)> {
    let mut suites: BTreeMap<String, (usize, usize, usize, Duration)> = BTreeMap::new();
    for outcome in outcomes {
        let suite: String = outcome.test.splitn(3, '.').take(2).collect::<Vec<_>>().join(".");
        let (passed, failed, skipped, took) = suites.entry(suite).or_default();
        *match &outcome.verdict {
            Verdict::Passed => passed,
            Verdict::Skipped(_) => skipped,
            Verdict::Failed(_) => failed,
        } += 1;
        *took += outcome.took;
    }
    suites
}
