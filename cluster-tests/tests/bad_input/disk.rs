//! A disk that is full.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use cluster_tests::caller::{self, Caller, READ, Via, id16};
use cluster_tests::cluster::{Cluster, Options};
use tokio::time::{sleep, timeout};

use crate::config::refusal;

/// How long a grant may take before the node counts as stuck.
const GRANT_LIMIT: Duration = Duration::from_secs(5);

/// A file system of its own in memory, gone on drop.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// None, with the reason printed, where the test may not mount.
    fn mount(at: &Path, kibibytes: u32) -> Result<Option<SmallDisk>> {
        fs::create_dir_all(at)?;
        let output = Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={kibibytes}k"), "tmpfs"]).arg(at).output();
        match output {
            Ok(output) if output.status.success() => Ok(Some(SmallDisk(at.to_owned()))),
            Ok(output) => {
                eprintln!("skipped: cannot mount a small disk: {}", String::from_utf8_lossy(&output.stderr).trim());
                Ok(None)
            }
            Err(error) => {
                eprintln!("skipped: cannot mount a small disk: {error}");
                Ok(None)
            }
        }
    }

    fn grow(&self, mebibytes: u32) -> Result<()> {
        let output = Command::new("mount").args(["-o", &format!("remount,size={mebibytes}m")]).arg(&self.0).output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily, since a process may still be on its way out.
        Command::new("umount").arg("-l").arg(&self.0).output().ok();
    }
}

fn options() -> Options {
    Options { nodes: 1, extra: "segment = \"4MiB\"\n".to_owned(), ..Options::default() }
}

#[tokio::test]
async fn a_disk_too_small_for_a_log_is_said_at_the_start() -> Result<()> {
    let cluster = Cluster::prepare(options())?;
    let Some(disk) = SmallDisk::mount(&cluster.data(0), 32)? else {
        cluster.done();
        return Ok(());
    };
    let said = refusal(&cluster.config(0))?;
    ensure!(said.contains("No space left") || said.contains("full"), "{said}");
    drop(disk);
    cluster.done();
    Ok(())
}

#[tokio::test]
async fn a_full_disk_stops_the_node_and_loses_nothing() -> Result<()> {
    let mut cluster = Cluster::prepare(options())?;
    let Some(disk) = SmallDisk::mount(&cluster.data(0), 8 << 10)? else {
        cluster.done();
        return Ok(());
    };
    cluster.start_node(0)?;
    cluster.leader().await?;
    let caller = Caller::start(&cluster.endpoints(), 1).await?;
    let session = caller.session(id16(1), 1).await?;
    let mut answered = Vec::new();
    // Long names fill the log fast.
    for file in 1..100_000_u64 {
        let mut open = caller::open(session, file.into(), id16(file), READ);
        open.name = format!("{file:0>2000}");
        match timeout(GRANT_LIMIT, caller.open(Via::Only(0), open)).await {
            Ok(Ok(granted)) => answered.push(granted),
            Ok(Err(_)) | Err(_) => break,
        }
    }
    let mut process = cluster.take(0)?;
    let status = process.wait(Duration::from_secs(30)).context("a node without a disk must stop")?;
    let said = cluster.log(0);
    ensure!(!status.success(), "it ended with {status}: {said}");
    ensure!(said.contains("No space left") || said.contains("full"), "{said}");
    ensure!(answered.len() > 1000, "only {} grants before the disk was full", answered.len());

    disk.grow(64)?;
    cluster.start_node(0)?;
    cluster.leader().await?;
    let counts = loop {
        match cluster.status(0).await {
            Ok(status) => break status.counts.unwrap_or_default(),
            Err(_) => sleep(Duration::from_millis(20)).await,
        }
    };
    ensure!(counts.opens >= answered.len() as u64, "{} opens of {}", counts.opens, answered.len());
    for was in answered.iter().rev().step_by(97) {
        let is = caller.open_as(was.sequence, Via::Only(0), was.open.clone()).await?;
        if is.result != was.result {
            bail!("{is:?} and it was {was:?}");
        }
    }
    cluster.kill(0)?;
    drop(disk);
    cluster.done();
    Ok(())
}
