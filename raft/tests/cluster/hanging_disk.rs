//! A leader whose disk hangs. The log's writer is a thread of its own, so these tests run in real time.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lease::Command;
use raft::Store;
use raft::store::{DataDir, Disk, DiskFile, Identity, LogConfig, RealDisk};
use raft::testing::TestCluster;

use crate::common::start_server;

const DEADLINE: Duration = Duration::from_secs(20);

/// The node whose syncs hang, 0 for none.
static HANGING: AtomicU64 = AtomicU64::new(0);

#[derive(Debug)]
struct HangingDisk(u64);

#[derive(Debug)]
struct HangingFile(u64, Arc<dyn DiskFile>);

impl Disk for HangingDisk {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        RealDisk.create_dir(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        RealDisk.list(dir)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(HangingFile(self.0, RealDisk.create(path)?)))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(HangingFile(self.0, RealDisk.open(path)?)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        RealDisk.remove(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        RealDisk.sync_dir(dir)
    }
}

impl DiskFile for HangingFile {
    fn size(&self) -> io::Result<u64> {
        self.1.size()
    }

    fn set_size(&self, size: u64) -> io::Result<()> {
        self.1.set_size(size)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.1.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.1.write_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        while HANGING.load(Ordering::Acquire) == self.0 {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.1.sync()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_whose_disk_hangs_loses_the_leadership_and_then_stops() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let open = move |node: raft::NodeId| {
        let identity = Identity { cluster: TestCluster::CLUSTER, node };
        let dir = DataDir::open_simulated(Arc::new(HangingDisk(node.get())), &path.join(node.to_string()), identity)?;
        Store::open_in(dir, &LogConfig { segment_bytes: 1 << 20, ..LogConfig::default() })
    };
    let mut cluster = TestCluster::on_stores(3, open, |config| config.sync_timeout = Duration::from_secs(2)).await;
    let leader = cluster.leader().await;
    let survivor = cluster.follower().await;
    let server = start_server(1, cluster.node(survivor)).await;
    let fatal = cluster.node(leader).fatal();

    HANGING.store(leader.get(), Ordering::Release);
    let moved = async {
        let mut seen = cluster.node(survivor).leader();
        // Something to sync.
        let _renewed = server.ask(cluster.node(survivor), Command::RenewServer).await;
        seen.wait_for(|now| now.as_ref().is_some_and(|(node, _)| *node != leader)).await.map(drop)
    };
    tokio::time::timeout(DEADLINE, moved).await.expect("the leadership moves").unwrap();
    server.ask(cluster.node(survivor), Command::RenewServer).await.unwrap().unwrap();
    let reason = tokio::time::timeout(DEADLINE, fatal).await.expect("the node says that it must stop");
    assert!(reason.contains("hanging"), "{reason}");

    HANGING.store(0, Ordering::Release);
    cluster.stop_all().await;
}
