//! Tenure linked in: one process that is a cluster of one, a lease granted, broken and acknowledged.
//!
//! `cargo run -p raft --example embedded` keeps the table in memory; `cargo run -p raft --example embedded -- FOLDER` keeps it in a
//! folder, and a second run goes on from there. A server with more than one node gives each its own store and a transport between
//! them (`rpc::PeerTransport`, or one of its own).

#![expect(clippy::print_stdout, reason = "an example says what it does")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail, ensure};
use lease::{
    Access, Caching, ClientGuid, Command, ConnectionId, Effect, Epoch, FileId, FileKey, Incarnation, LeaseKey, LeaseRequest,
    LeaseRequestV2, NoticeNumber, Open, Outcome, Request, RequestId, Sequence, ServerId, SessionId, Share, VolumeId,
};
use raft::{Attachment, ClusterId, Config, Coordinator, Delivery, LogConfig, Member, NoPeers, NodeId, Store};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let (node, cluster) = (NodeId::new(1), ClusterId::from_bytes(*b"embedded example"));
    let store = match std::env::args().nth(1) {
        None => Store::in_memory(cluster),
        Some(folder) => Store::open(Path::new(&folder), cluster, node, &LogConfig::default())?,
    };
    let coordinator = Coordinator::start(Config::new(node, cluster), store, Arc::new(NoPeers)).await?;
    if !coordinator.status().await?.formed {
        coordinator.form([(node, Member { address: "in this process".to_owned() })].into()).await?;
    }
    coordinator.leader().wait_for(Option::is_some).await?;

    let server = Server::start(&coordinator).await?;
    let mut attachment = coordinator.attach(server.id, server.incarnation, 0).await?;
    let first = server.session(ClientGuid::from_u128(1), ConnectionId::new(1)).await?;
    let second = server.session(ClientGuid::from_u128(2), ConnectionId::new(2)).await?;

    let Outcome::Opened { open, lease: Some(grant), .. } = server.ask(10, open_command(first, 1)).await? else {
        bail!("not opened")
    };
    println!("client 1 opened report.doc as {open} and was granted {}", grant.state);

    let mut waiting = coordinator.submit_watched(server.request(11), open_command(second, 2));
    ensure!(waiting.parked().await, "the second open should wait for the break");
    println!("client 2's open waits");

    let notice = next_break(&mut attachment).await?;
    println!("client 1 is told to go from {} to {}", notice.from, notice.into);
    let acknowledge = Command::Acknowledge {
        client: notice.client,
        key: notice.key,
        state: notice.into.bits(),
        generation: Some(notice.generation),
    };
    server.ask(12, acknowledge).await?;

    let Outcome::Opened { open, lease: Some(grant), .. } = waiting.answer().await?.answer? else { bail!("not opened") };
    println!("client 2 opened report.doc as {open} and was granted {}", grant.state);
    server.ask(13, Command::StopServer).await?;
    let (index, hash) = coordinator.state_hash().await?;
    println!("the table's hash after entry {index} is {hash}");
    coordinator.stop(true).await;
    Ok(())
}

/// The SMB server that this process would be.
struct Server {
    coordinator: Coordinator,
    id: ServerId,
    incarnation: Incarnation,
}

impl Server {
    /// Begins a life that is later than any before.
    async fn start(coordinator: &Coordinator) -> anyhow::Result<Server> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
        let incarnation = Incarnation::new(u64::try_from(now).context("the clock of this machine is wrong")?);
        let server = Server { coordinator: coordinator.clone(), id: ServerId::new(1), incarnation };
        server.ask(1, Command::StartServer { ttl: Duration::from_secs(60) }).await?;
        Ok(server)
    }

    fn request(&self, sequence: u64) -> Request {
        let id = RequestId { server: self.id, incarnation: self.incarnation, sequence: Sequence::new(sequence) };
        Request { id, floor: Sequence::new(1), notices_seen: NoticeNumber::new(0) }
    }

    async fn ask(&self, sequence: u64, command: Command) -> anyhow::Result<Outcome> {
        Ok(self.coordinator.submit(self.request(sequence), command).await?.answer?)
    }

    async fn session(&self, client: ClientGuid, connection: ConnectionId) -> anyhow::Result<SessionId> {
        let outcome = self
            .ask(1 + connection.get(), Command::StartSession { client, connection, user: None, previous: None, id: None })
            .await?;
        let Outcome::SessionStarted { session } = outcome else { bail!("no session: {outcome:?}") };
        Ok(session)
    }
}

fn open_command(session: SessionId, key: u128) -> Command {
    Command::Open(Open {
        session,
        file: FileKey { volume: VolumeId::new(1), file: FileId::from_u128(7), stream: None },
        name: Arc::from("report.doc"),
        access: Access(Access::READ_DATA | Access::WRITE_DATA),
        share: Share(7),
        lease: Some(LeaseRequest {
            key: LeaseKey::from_u128(key),
            state: Caching::RWH,
            v2: Some(LeaseRequestV2 { epoch: Epoch::new(0), parent: None }),
        }),
        ..Open::default()
    })
}

async fn next_break(attachment: &mut Attachment) -> anyhow::Result<lease::Break> {
    loop {
        for delivery in attachment.next().await? {
            if let Delivery::Effect { effect: Effect::Break(notice), .. } = delivery {
                return Ok(notice);
            }
        }
    }
}
