//! The smallest SMB server there is, without the SMB: it attaches to a running cluster, lets one client open a file with a lease,
//! lets another open the same file, passes the break on and acknowledges it.
//!
//! ```sh
//! cargo run -p rpc --example attach -- 127.0.0.1:7101 127.0.0.1:7102 127.0.0.1:7103
//! ```

use anyhow::{Context as _, bail};
use lease::{
    Access, Caching, ClientGuid, ConnectionId, Epoch, FileId, FileKey, LeaseKey, LeaseRequest, LeaseRequestV2, Open, ServerId,
    SessionId, Share, VolumeId,
};
use rpc::client::{Notice, Server, ServerOptions};

/// FILE_READ_DATA and FILE_WRITE_DATA (MS-SMB2 2.2.13.1.1).
const READ_WRITE: u32 = 0x3;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "it is an example")]
async fn main() -> anyhow::Result<()> {
    let endpoints: Vec<String> = std::env::args().skip(1).collect();
    if endpoints.is_empty() {
        bail!("name the nodes of a cluster, as host:port");
    }
    let (server, mut notices) = Server::start(ServerOptions::new(ServerId::new(900), endpoints)).await?;
    let attached = server.attached_to().context("the server has just been attached")?;
    println!("{} {} is attached to {} at {}", server.id(), server.incarnation(), attached.node, attached.address);

    // Two SMB clients log on, each over its own connection.
    let (alice, bob) = (ClientGuid::from_u128(0xa11ce), ClientGuid::from_u128(0xb0b));
    let alices = server.start_session(alice, ConnectionId::new(1)).await?;
    let bobs = server.start_session(bob, ConnectionId::new(2)).await?;

    let opened = server.open(open(alices, LeaseKey::from_u128(1))).await?;
    println!("alice opens the file: {} with {}", opened.open, state(opened.lease.map(|lease| lease.state)));

    // Bob's open must wait until Alice has written back what she caches.
    let mut waiting = server.begin_open(open(bobs, LeaseKey::from_u128(2)));
    println!("bob opens the same file: {}", if waiting.parked().await { "it waits" } else { "it is answered at once" });

    // This is where an SMB server would send LEASE_BREAK_NOTIFICATION on the connection, and wait for LEASE_BREAK_ACK.
    while let Some(notice) = notices.recv().await {
        if let Notice::Break { notice, .. } = notice {
            println!("alice is told to break from {} to {} on {}", notice.from, notice.into, notice.to.connection);
            let now = server.acknowledge(notice.client, notice.key, notice.into, Some(notice.generation)).await?;
            println!("alice acknowledges, and has {now}");
            break;
        }
    }
    let opened = waiting.finish().await?;
    println!("bob's open goes on: {} with {}", opened.open, state(opened.lease.map(|lease| lease.state)));

    server.stop().await;
    Ok(())
}

/// What a client may cache.
fn state(caching: Option<Caching>) -> Caching {
    caching.unwrap_or_default()
}

/// An open for reading and writing that shares everything and asks for all caching.
fn open(session: SessionId, key: LeaseKey) -> Open {
    Open {
        session,
        file: FileKey { volume: VolumeId::new(1), file: FileId::from_u128(42), stream: None },
        name: "report.doc".into(),
        access: Access(READ_WRITE),
        share: Share(7),
        lease: Some(LeaseRequest { key, state: Caching::RWH, v2: Some(LeaseRequestV2 { epoch: Epoch::new(1), parent: None }) }),
        ..Open::default()
    }
}
