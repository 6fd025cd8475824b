//! Data folders that belong to somebody else, or are not what they were.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use cluster_tests::caller::{self, Answered, Caller, READ, Via, WRITE, id16};
use cluster_tests::cluster::{Cluster, Options};

use crate::config::refusal;

/// Where the records of a segment begin.
const RECORDS_AT: usize = 4096;
/// Grants before the log is damaged.
const GRANTS: u64 = 50;

#[tokio::test]
async fn a_folder_of_somebody_else_is_refused() -> Result<()> {
    let mut cluster = Cluster::start(Options::default()).await?;
    let config = cluster.config(1);
    let own = fs::read_to_string(&config)?;
    let [mine, others] = [1, 0].map(|index| cluster.data(index).display().to_string());
    // In use: the node that it belongs to runs.
    let spare = config.with_extension("spare");
    fs::write(&spare, own.replace(&cluster.address(1).to_string(), "127.0.0.1:1"))?;
    let said = refusal(&spare)?;
    ensure!(said.contains("in use"), "{said}");
    // Of another node, and of another cluster.
    cluster.kill(0)?;
    cluster.kill(1)?;
    fs::write(&spare, own.replace(&mine, &others))?;
    let said = refusal(&spare)?;
    ensure!(said.contains("belongs to") && said.contains("n1"), "{said}");
    fs::write(&spare, own.replace("cluster = \"under-test\"", "cluster = \"another\""))?;
    let said = refusal(&spare)?;
    ensure!(said.contains("belongs to"), "{said}");
    // Nobody touched them: both nodes start again with what they had.
    cluster.start_node(0)?;
    cluster.start_node(1)?;
    cluster.agreement().await?;
    cluster.done();
    Ok(())
}

/// The segment with the last record, and where in it the written part ends.
fn last_segment(data: &Path) -> Result<(PathBuf, usize)> {
    let mut found = None;
    let mut segments: Vec<PathBuf> = fs::read_dir(data.join("log"))?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    segments.sort();
    for path in segments {
        let mut bytes = Vec::new();
        File::open(&path)?.read_to_end(&mut bytes)?;
        if bytes.starts_with(b"TENURLOG")
            && let Some(end) = bytes.iter().rposition(|byte| *byte != 0).filter(|end| *end >= RECORDS_AT)
        {
            found = Some((path, end + 1));
        }
    }
    found.context("no segment has records")
}

/// A cluster with some grants, one node of which was killed.
async fn with_a_dead_node() -> Result<(Cluster, Caller, Vec<Answered>, usize)> {
    let mut cluster = Cluster::start(Options { extra: "segment = \"4MiB\"\n".to_owned(), ..Options::default() }).await?;
    let caller = Caller::start(&cluster.endpoints(), 1).await?;
    let session = caller.session(id16(1), 1).await?;
    let mut answered = Vec::new();
    for file in 1..=GRANTS {
        answered.push(caller.open(Via::Any(0), caller::open(session, file.into(), id16(file), READ | WRITE)).await?);
    }
    let (applied, _) = cluster.agreement().await?;
    ensure!(applied > 0);
    let victim = (cluster.leader().await? + 1) % 3;
    cluster.kill(victim)?;
    Ok((cluster, caller, answered, victim))
}

/// The damaged node refuses to run; the others go on without it and have lost nothing.
async fn refused_and_nothing_lost(cluster: Cluster, caller: &Caller, answered: &[Answered], victim: usize) -> Result<()> {
    let said = refusal(&cluster.config(victim))?;
    ensure!(said.contains("damaged"), "{said}");
    for node in (0..3).filter(|node| *node != victim) {
        for was in answered {
            let is = caller.open_as(was.sequence, Via::Only(node), was.open.clone()).await?;
            ensure!(is.result == was.result, "{is:?} and {was:?}");
        }
    }
    cluster.done();
    Ok(())
}

#[tokio::test]
async fn a_node_whose_log_has_a_flipped_bit_does_not_run() -> Result<()> {
    let (cluster, caller, answered, victim) = with_a_dead_node().await?;
    let (path, end) = last_segment(&cluster.data(victim))?;
    let at = RECORDS_AT + (end - RECORDS_AT) / 2;
    let mut file = File::options().read(true).write(true).open(&path)?;
    let mut byte = [0];
    file.seek(SeekFrom::Start(at as u64))?;
    file.read_exact(&mut byte)?;
    file.seek(SeekFrom::Start(at as u64))?;
    file.write_all(&[byte[0] ^ 0x10])?;
    refused_and_nothing_lost(cluster, &caller, &answered, victim).await
}

#[tokio::test]
async fn a_node_whose_log_was_cut_does_not_run() -> Result<()> {
    let (cluster, caller, answered, victim) = with_a_dead_node().await?;
    let (path, end) = last_segment(&cluster.data(victim))?;
    let keep = RECORDS_AT + (end - RECORDS_AT) * 3 / 4;
    File::options().write(true).open(&path)?.set_len(keep as u64)?;
    refused_and_nothing_lost(cluster, &caller, &answered, victim).await
}
