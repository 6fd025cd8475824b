//! A client that caches everything of a file loses its node, and nothing else.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use cluster_tests::cluster::{Cluster, Options, Smb};
use cluster_tests::ports;
use lease::{Caching, ClientGuid, CreateGuid, LeaseKey};
use smb::client::{Client, ClientError, Handle};
use smb::wire::create::CreateResponse;
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

const SHARE: &str = "share";
/// How long anything may take here, on a machine with much else to do.
const PATIENCE: Duration = Duration::from_secs(30);

/// Three nodes that serve one folder on a share that is continuously available.
struct Stage {
    cluster: Cluster,
    addresses: Vec<SocketAddr>,
    _folder: TempDir,
}

impl Stage {
    async fn set() -> Result<Stage> {
        let folder = TempDir::with_prefix("tenure-smb-")?;
        let (users, path) = (folder.path().join("users"), folder.path().join("share"));
        std::fs::create_dir(&path)?;
        std::fs::write(&users, "")?;
        std::fs::set_permissions(&users, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        let addresses = ports::same_port(3)?;
        let shares = vec![(SHARE.to_owned(), path, "continuously_available = true".to_owned())];
        let smb = Some(Smb { addresses: addresses.clone(), users, shares });
        let cluster = Cluster::start(Options { name: "failover".to_owned(), smb, ..Options::default() }).await?;
        Ok(Stage { cluster, addresses, _folder: folder })
    }

    /// A client of a node, connected as soon as the node takes one.
    async fn client(&self, node: usize, guid: u128, previous: Option<u64>) -> Result<Client> {
        let connecting = async {
            loop {
                match Client::connect(self.addresses[node], ClientGuid::from_u128(guid), SHARE, previous).await {
                    Ok(client) => return client,
                    Err(_) => sleep(Duration::from_millis(10)).await,
                }
            }
        };
        timeout(PATIENCE, connecting).await.context("the node takes no client")
    }
}

fn lease_of(response: &CreateResponse) -> Option<(u32, u16)> {
    let lease = response.contexts.lease?;
    Some((lease.state, lease.v2?.epoch.get()))
}

/// What a client that was opening something at the wrong moment does: tries again.
async fn opened(client: &mut Client, name: &str, key: u128, handle: Handle) -> Result<CreateResponse> {
    let begun = Instant::now();
    loop {
        match client.open(name, LeaseKey::from_u128(key), handle).await {
            Ok(response) => return Ok(response),
            Err(ClientError::Status { status, .. })
                if status == smb::wire::NtStatus::FILE_NOT_AVAILABLE && begun.elapsed() < PATIENCE =>
            {
                sleep(Duration::from_millis(20)).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// The client of a node that is lost comes back through another with all it had; who wants its file meanwhile waits for it, and is served when
/// it has come down; others are hardly held up.
async fn survives(lose: impl AsyncFnOnce(&mut Cluster, usize) -> Result<()>) -> Result<()> {
    let mut stage = Stage::set().await?;
    let home = stage.cluster.leader().await?;
    let (elsewhere, third) = ((home + 1) % 3, (home + 2) % 3);
    let guid = CreateGuid::from_u128(7);
    let mut holder = stage.client(home, 1, None).await?;
    let held = holder.open("held", LeaseKey::from_u128(1), Handle::Kept(guid)).await?;
    ensure!(lease_of(&held) == Some((Caching::RWH.bits(), 1)), "granted {:?}", held.contexts);
    let mut bystander = stage.client(third, 3, None).await?;

    lose(&mut stage.cluster, home).await?;
    timeout(PATIENCE, opened(&mut bystander, "unrelated", 3, Handle::Plain)).await.context("an unrelated open hangs")??;
    let mut again = stage.client(elsewhere, 1, Some(holder.session_id())).await?;
    let back = timeout(PATIENCE, opened(&mut again, "held", 1, Handle::Again(guid, held.file_id))).await.context("hangs")??;
    ensure!(back.file_id == held.file_id && lease_of(&back) == lease_of(&held), "came back to {:?}", back.contexts);

    let mut rival = stage.client(third, 2, None).await?;
    let obeys = async {
        let notice = again.next_break().await?;
        ensure!((notice.current, notice.new) == (Caching::RWH.bits(), Caching::RH.bits()), "{notice:?}");
        again.acknowledge(&notice).await?;
        Ok(notice.epoch.get())
    };
    let wants = opened(&mut rival, "held", 2, Handle::Plain);
    let (epoch, granted) = timeout(PATIENCE, async { tokio::join!(obeys, wants) }).await.context("a break hangs")?;
    ensure!(epoch? == 2, "the epoch goes on from where it was");
    ensure!(lease_of(&granted?).is_some_and(|(state, _)| state == Caching::RH.bits()), "the rival gets what is left");
    stage.cluster.done();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_keeps_its_lease_when_its_node_is_killed() -> Result<()> {
    survives(async |cluster: &mut Cluster, node| cluster.kill(node)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_keeps_its_lease_when_its_node_hangs() -> Result<()> {
    survives(async |cluster: &mut Cluster, node| cluster.process(node)?.pause()).await
}
