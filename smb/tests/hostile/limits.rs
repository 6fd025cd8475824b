//! Each limit, on a server that listens: who comes for more is refused and counted, and nobody else notices.

use std::time::Duration;

use lease::{ClientGuid, LeaseKey};
use smb::client::{Client, ClientError, Handle};
use smb::wire::{Command, NtStatus};
use smb::{Limits, Refusal};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::peer::Peer;
use super::stage::{PATIENCE, SHARE, Stage};

/// So long is short for a test, and long for a request.
const SHORT: Duration = Duration::from_secs(1);

async fn client(stage: &Stage, guid: u128) -> Result<Client, ClientError> {
    Client::connect(stage.address(), ClientGuid::from_u128(guid), SHARE, None).await
}

fn refused(stage: &Stage, refusal: Refusal) -> u64 {
    stage.figures().refused[&refusal]
}

/// Waits until the server has closed a connection on which nothing is said.
async fn closed(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("the connection is dropped").ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn connections() {
    for (limits, refusal) in [
        (Limits { connections_max: 2, ..Limits::default() }, Refusal::Connections),
        (Limits { connections_per_address_max: 2, ..Limits::default() }, Refusal::ConnectionsPerAddress),
    ] {
        let stage = Stage::set(limits).await;
        let (one, _two) = (client(&stage, 1).await.expect("the first"), client(&stage, 2).await.expect("the second"));
        assert!(client(&stage, 3).await.is_err());
        assert_eq!(refused(&stage, refusal), 1, "{refusal:?}");
        drop(one);
        stage.settle(|figures| figures.connections == 1).await;
        client(&stage, 3).await.expect("there is room again");
        stage.strike().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_of_a_connection_and_trees_of_a_session() {
    let stage = Stage::set(Limits { sessions_per_connection_max: 2, trees_per_session_max: 3, ..Limits::default() }).await;
    let mut peer = Peer::connect(&stage).await;
    peer.log_on().await;
    peer.log_on().await;
    let own = std::mem::take(&mut peer.session_id);
    assert_eq!(peer.ask(Command::SessionSetup).await.0, NtStatus::INSUFFICIENT_RESOURCES);
    peer.session_id = own;
    assert_eq!(refused(&stage, Refusal::SessionsPerConnection), 1);
    for _ in 0..3 {
        assert_eq!(peer.ask(Command::TreeConnect).await.0, NtStatus::SUCCESS);
    }
    assert_eq!(peer.ask(Command::TreeConnect).await.0, NtStatus::INSUFFICIENT_RESOURCES);
    assert_eq!(refused(&stage, Refusal::TreesPerSession), 1);
    assert_eq!(peer.ask(Command::TreeDisconnect).await.0, NtStatus::SUCCESS);
    assert_eq!(peer.ask(Command::TreeConnect).await.0, NtStatus::SUCCESS, "one was given back");
    assert_eq!(peer.ask(Command::Logoff).await.0, NtStatus::SUCCESS);
    peer.log_on().await;
    drop(peer);
    stage.empty().await;
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn opens_of_a_session() {
    let stage = Stage::set(Limits { opens_per_session_max: 2, ..Limits::default() }).await;
    let mut client = client(&stage, 1).await.expect("a client");
    let one = client.open("one", LeaseKey::from_u128(1), Handle::Plain).await.expect("the first");
    client.open("two", LeaseKey::from_u128(2), Handle::Plain).await.expect("the second");
    let third = client.open("three", LeaseKey::from_u128(3), Handle::Plain).await;
    assert!(matches!(third, Err(ClientError::Status { status: NtStatus::INSUFFICIENT_RESOURCES, .. })), "{third:?}");
    assert_eq!(refused(&stage, Refusal::OpensPerSession), 1);
    client.close(one.file_id).await.expect("it is open");
    client.open("three", LeaseKey::from_u128(3), Handle::Plain).await.expect("there is room again");
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_wait() {
    let stage = Stage::set(Limits { waiting_max: 2, ..Limits::default() }).await;
    let mut peer = Peer::connect(&stage).await;
    peer.log_on().await;
    peer.ask(Command::TreeConnect).await;
    peer.open_directory().await;
    for expected in [NtStatus::PENDING, NtStatus::PENDING, NtStatus::INSUFFICIENT_RESOURCES] {
        assert_eq!(peer.ask(Command::ChangeNotify).await.0, expected);
    }
    assert_eq!(refused(&stage, Refusal::Waiting), 1);
    assert_eq!(peer.ask(Command::Echo).await.0, NtStatus::SUCCESS, "the connection goes on");
    assert_eq!(peer.cancel().await, NtStatus::CANCELLED);
    assert_eq!(peer.ask(Command::ChangeNotify).await.0, NtStatus::PENDING, "there is room again");
    drop(peer);
    stage.empty().await;
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_without_a_session_ends() {
    let stage = Stage::set(Limits { without_session_max: SHORT, ..Limits::default() }).await;
    let mut silent = TcpStream::connect(stage.address()).await.expect("a connection");
    let mut negotiated = Peer::connect(&stage).await;
    let mut left = Peer::connect(&stage).await;
    left.log_on().await;
    let mut stays = client(&stage, 1).await.expect("a client");
    left.ask(Command::Logoff).await;
    closed(&mut silent).await;
    negotiated.closed().await;
    left.closed().await;
    assert_eq!(refused(&stage, Refusal::WithoutSession), 3);
    tokio::time::sleep(SHORT).await;
    stays.open("file", LeaseKey::from_u128(1), Handle::Plain).await.expect("who has a session may be silent");
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_only_echoes_ends_too() {
    let stage = Stage::set(Limits { without_session_max: SHORT, ..Limits::default() }).await;
    let mut peer = Peer::connect(&stage).await;
    timeout(PATIENCE, async { while peer.try_ask(Command::Echo).await.is_some() {} }).await.expect("it ends");
    assert_eq!(refused(&stage, Refusal::WithoutSession), 1);
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_frame_is_not_waited_for() {
    let stage = Stage::set(Limits { frame_time_max: SHORT, ..Limits::default() }).await;
    for half in [&[0][..], &[0, 0, 1, 0, 0xFE, b'S']] {
        let mut stream = TcpStream::connect(stage.address()).await.expect("a connection");
        stream.write_all(half).await.expect("it is taken");
        closed(&mut stream).await;
    }
    let mut peer = Peer::connect(&stage).await;
    peer.log_on().await;
    peer.write(&[0, 0, 1]).await;
    peer.closed().await;
    assert_eq!(refused(&stage, Refusal::FrameTime), 3);
    stage.empty().await;
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_not_logged_on_sends_nothing_long() {
    let stage = Stage::set(Limits::default()).await;
    let mut peer = Peer::connect(&stage).await;
    peer.write(&[0, 1, 0, 1]).await;
    peer.closed().await;
    assert_eq!(refused(&stage, Refusal::Protocol), 1);
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_no_answers_is_read_no_further_and_dropped() {
    let limits = Limits { stall_max: SHORT, in_flight_bytes_max: 1 << 20, ..Limits::default() };
    let stage = Stage::set(limits).await;
    let mut peer = Peer::connect(&stage).await;
    peer.log_on().await;
    peer.ask(Command::TreeConnect).await;
    let file = peer.open_file().await;
    peer.fill(file).await;
    // More than the sockets hold, and than may be under way: the rest stays unread.
    peer.read_without_listening(file, 4000).await;
    stage.settle(|figures| figures.refused[&Refusal::Stall] == 1).await;
    stage.empty().await;
    stage.strike().await;
}
