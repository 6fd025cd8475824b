//! Requests whose fields make no sense.

use anyhow::{Context as _, Result, ensure};
use cluster_tests::caller::{self, Caller, HANDLE, READ, Via, WRITE, id16};
use cluster_tests::cluster::{Cluster, Options};
use rpc::proto::v1;
use rpc::proto::v1::lease_service_client::LeaseServiceClient;
use tonic::Code;
use tonic::transport::Channel;

/// Bytes that a file's name may have.
const NAME_BYTES_MAX: usize = 2048;

/// One thing that is wrong, and the field that the refusal has to name.
type Case = (&'static str, fn(&mut v1::OpenRequest));

/// Every way to be wrong that an open has.
const CASES: [Case; 17] = [
    ("header", |open| open.header = None),
    ("command", |open| open.command = None),
    ("server", |open| header(open).server = 0),
    ("incarnation", |open| header(open).incarnation = 0),
    ("sequence", |open| header(open).sequence = 0),
    ("floor", |open| header(open).floor = header(open).sequence + 1),
    ("disposition", |open| command(open).disposition = 99),
    ("disposition", |open| command(open).disposition = -1),
    ("share", |open| command(open).share = 0x80),
    ("access", |open| command(open).access = 0x8000_0001),
    ("name", |open| command(open).name.clear()),
    ("name", |open| command(open).name = "n".repeat(4096)),
    ("file", |open| command(open).file = None),
    ("file", |open| file(open).file = vec![1; 15]),
    ("stream", |open| file(open).stream = Some(String::new())),
    ("key", |open| lease(open).key = vec![1; 17]),
    ("epoch", |open| lease(open).v2 = Some(v1::LeaseContextV2 { epoch: 0x1_0000, parent: None })),
];

fn header(open: &mut v1::OpenRequest) -> &mut v1::RequestHeader {
    open.header.get_or_insert_default()
}

fn command(open: &mut v1::OpenRequest) -> &mut v1::Open {
    open.command.get_or_insert_default()
}

fn file(open: &mut v1::OpenRequest) -> &mut v1::FileKey {
    command(open).file.get_or_insert_default()
}

fn lease(open: &mut v1::OpenRequest) -> &mut v1::LeaseContext {
    command(open).lease.get_or_insert_default()
}

#[tokio::test]
async fn a_field_that_makes_no_sense_is_named_and_changes_nothing() -> Result<()> {
    let cluster = Cluster::start(Options { nodes: 1, ..Options::default() }).await?;
    let caller = Caller::start(&cluster.endpoints(), 1).await?;
    let session = caller.session(id16(1), 1).await?;
    let mut client: LeaseServiceClient<Channel> = LeaseServiceClient::connect(cluster.endpoint(0)).await?;
    let (_, before) = cluster.agreement().await?;
    for (field, spoil) in CASES {
        let open = caller::open(session, 1, id16(1), READ);
        let header = v1::RequestHeader { server: 1, incarnation: 1, sequence: 1000, floor: 1, notices_seen: 0 };
        let mut request = v1::OpenRequest { header: Some(header), command: Some(open), return_when_parked: false };
        spoil(&mut request);
        let refused = client.open(request).await.err().with_context(|| format!("{field}: was accepted"))?;
        ensure!(refused.code() == Code::InvalidArgument, "{field}: {refused:?}");
        ensure!(refused.message().contains(field), "the refusal does not name {field}: {}", refused.message());
    }
    ensure!(cluster.agreement().await?.1 == before, "a request without sense changed the table");
    // What is only unusual goes through: a long name, and reserved bits of a lease state, which the protocol says to ignore.
    let mut long = caller::open(session, 1, id16(1), 0x40 | READ | WRITE | HANDLE);
    long.name = "n".repeat(NAME_BYTES_MAX);
    ensure!(caller.open(Via::Any(0), long).await?.granted()?.1 == READ | WRITE | HANDLE);
    let unknown = caller.open(Via::Any(0), caller::open(u64::MAX, 2, id16(2), READ)).await?;
    ensure!(
        matches!(&unknown.result, v1::open_response::Result::Rejected(why) if why.reason == i32::from(v1::RejectionReason::NoSuchSession))
    );
    cluster.done();
    Ok(())
}

#[tokio::test]
async fn a_message_of_eight_mebibytes_is_refused_and_the_connection_goes_on() -> Result<()> {
    let cluster = Cluster::start(Options { nodes: 1, ..Options::default() }).await?;
    let caller = Caller::start(&cluster.endpoints(), 1).await?;
    let session = caller.session(id16(1), 1).await?;
    let mut client = LeaseServiceClient::connect(cluster.endpoint(0)).await?.max_encoding_message_size(64 << 20);
    let mut open = caller::open(session, 1, id16(1), READ);
    open.name = "n".repeat(8 << 20);
    let header = Some(v1::RequestHeader { server: 1, incarnation: 1, sequence: 1000, floor: 1, notices_seen: 0 });
    let refused =
        client.open(v1::OpenRequest { header, command: Some(open), return_when_parked: false }).await.err().context("accepted")?;
    ensure!(matches!(refused.code(), Code::OutOfRange | Code::ResourceExhausted), "{refused:?}");
    let granted = client
        .open(v1::OpenRequest { header, command: Some(caller::open(session, 1, id16(1), READ)), return_when_parked: false })
        .await?
        .into_inner();
    ensure!(matches!(granted.result, Some(v1::open_response::Result::Opened(_))), "{granted:?}");
    cluster.done();
    Ok(())
}
