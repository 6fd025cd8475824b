//! Bytes on the port that are no gRPC.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Result, ensure};
use cluster_tests::caller::{self, Caller, READ, Via, id16};
use cluster_tests::cluster::{Cluster, Options};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

/// The connection preface of HTTP/2 (RFC 9113, 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Sends bytes and reads until the node hangs up or says nothing more.
fn shout(address: SocketAddr, bytes: &[u8]) -> Result<()> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_millis(500)))?;
    // The node may hang up in the middle of it.
    stream.write_all(bytes).ok();
    let mut answer = [0; 4096];
    for _ in 0..64 {
        match stream.read(&mut answer) {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
    }
    Ok(())
}

#[tokio::test]
async fn garbage_on_the_port_disturbs_nobody() -> Result<()> {
    let cluster = Cluster::start(Options::default()).await?;
    let caller = Caller::start(&cluster.endpoints(), 1).await?;
    let session = caller.session(id16(1), 1).await?;
    let mut garbage = vec![0; 256 << 10];
    StdRng::seed_from_u64(7).fill_bytes(&mut garbage);
    let after_preface = [PREFACE, &garbage].concat();
    // A frame that announces 16 MiB, and a plain request of HTTP/1.1.
    let long_frame = [PREFACE, &[0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1], &garbage].concat();
    let web = b"GET / HTTP/1.1\r\nHost: somewhere\r\n\r\n".to_vec();
    for node in 0..3 {
        let address = cluster.address(node);
        for bytes in [&garbage, &after_preface, &long_frame, &web] {
            shout(address, bytes)?;
        }
        let granted = caller.open(Via::Only(node), caller::open(session, node as u128, id16(node as u64), READ)).await?;
        ensure!(granted.granted()?.1 == READ);
        cluster.process(node)?;
    }
    ensure!((0..3).all(|node| !cluster.log(node).contains("panicked")), "a node panicked");
    cluster.agreement().await?;
    cluster.done();
    Ok(())
}
