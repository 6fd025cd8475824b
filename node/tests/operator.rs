//! What operators do to clients, with the binary and a cluster of real processes.

mod common;

use std::process::{Command, Stdio};

use common::{Nodes, err, out, until};
use lease::{Access, Caching, ClientGuid, ConnectionId, FileId, FileKey, LeaseKey, LeaseRequest, Open, ServerId, Share, VolumeId};
use rpc::client::{Notice, Notices, Server, ServerOptions};

const CLIENT: &str = "000000000000000000000000000000c1";
const KEY: &str = "0000000000000000000000000000000a";

/// A server with a client that has a file open under a lease.
async fn holder(nodes: &Nodes) -> (Server, Notices) {
    let endpoints: Vec<String> = nodes.addresses.values().cloned().collect();
    let (server, notices) = Server::start(ServerOptions::new(ServerId::new(900), endpoints)).await.expect("attached");
    let session = server.start_session(ClientGuid::from_u128(0xc1), ConnectionId::new(1)).await.expect("a session");
    let open = Open {
        session,
        file: FileKey { volume: VolumeId::new(1), file: FileId::from_u128(42), stream: None },
        name: "report.doc".into(),
        access: Access(3),
        share: Share(7),
        lease: Some(LeaseRequest { key: LeaseKey::from_u128(10), state: Caching::RWH, v2: None }),
        ..Open::default()
    };
    server.open(open).await.expect("opened");
    (server, notices)
}

/// What the nodes' logs say of operators, without colours.
fn audit(nodes: &Nodes) -> Vec<String> {
    let logs: Vec<String> = nodes.addresses.keys().map(|node| nodes.log(*node)).collect();
    logs.iter().flat_map(|log| log.lines()).filter(|line| line.contains("an operator's command")).map(str::to_owned).collect()
}

#[test]
fn a_lease_is_broken_and_a_client_thrown_out() {
    let nodes = Nodes::formed(3);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (server, mut notices) = runtime.block_on(holder(&nodes));

    let refused = |arguments: &[&str], code: i32, why: &str| {
        let output = nodes.operate(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}{}", out(&output), err(&output));
        assert!(err(&output).contains(why), "{arguments:?}: {}", err(&output));
    };
    refused(&["lease", "break", KEY, "--to", "RH"], 2, "say --yes if that is meant");
    refused(&["client", "evict", CLIENT], 2, "will lose 1 open, 1 lease and 1 session");
    refused(&["lease", "break", "0b", "--to", "RH", "--yes"], 1, "no client has a lease with the key");
    refused(&["lease", "break", KEY, "--to", "WH", "--yes"], 2, "is no caching state");
    refused(&["client", "evict", "0b", "--yes"], 1, "is known");
    assert_eq!(audit(&nodes), Vec::<String>::new(), "nothing was done");

    let broken = nodes.ask(&["lease", "break", KEY, "--to", "RH", "--yes", "--reason", "backup at night"]);
    assert_eq!((&broken["before"], &broken["lease"]["breaking"]["to"]), (&"RWH".into(), &"RH".into()), "{broken}");
    let listed = nodes.ask(&["lease", "list", "--breaking"]);
    assert_eq!((listed["leases"].as_array().map(Vec::len), &listed["leases"][0]["key"]), (Some(1), &KEY.into()), "{listed}");
    runtime
        .block_on(async {
            loop {
                if let Some(Notice::Break { notice, .. }) = notices.recv().await {
                    return server.acknowledge(notice.client, notice.key, Caching::RH, Some(notice.generation)).await;
                }
            }
        })
        .expect("acknowledged");
    assert_eq!(nodes.ask(&["lease", "list", "--breaking"])["leases"].as_array().map(Vec::len), Some(0));
    let stays = nodes.operate(&["lease", "break", KEY, "--to", "RH", "--yes"]);
    assert_eq!(out(&stays), "the lease on 'report.doc' is RH, and stays so\n");

    let table = out(&nodes.operate(&["client", "list"]));
    assert!(table.contains(CLIENT) && table.ends_with("\n\n1 client\n"), "{table}");
    let evicted = nodes.operate(&["client", "evict", CLIENT, "--yes", "--reason", "it left the company"]);
    let message =
        format!("client {CLIENT} has lost 1 open, 1 lease and 1 session; its SMB servers are told to drop its connections\n");
    assert_eq!(out(&evicted), message, "{}", err(&evicted));
    assert_eq!(nodes.ask(&["client", "list"])["clients"][0]["evicted"], 1);
    let dropped = runtime.block_on(async {
        loop {
            if let Some(Notice::Evicted { evicted, .. }) = notices.recv().await {
                return server.disconnect(evicted.connection).await;
            }
        }
    });
    dropped.expect("dropped");
    assert_eq!(out(&nodes.operate(&["client", "list"])), "No clients\n");

    let audit = until("the audit log", || Some(audit(&nodes)).filter(|audit| audit.len() >= 3));
    assert_eq!(audit.len(), 3, "one node notes each once: {audit:?}");
    for (line, words) in audit.iter().zip([
        ["break lease", "backup at night"],
        ["break lease", "127.0.0.1"],
        ["evict client", "it left the company"],
    ]) {
        assert!(line.contains("audit") && words.iter().all(|word| line.contains(word)), "{line}");
    }
    runtime.block_on(server.stop());
}

/// Without a cluster the code says that nobody could be reached, and nothing is asked.
#[test]
fn without_a_cluster_nothing_is_done() {
    let mut command: Command = common::tenure();
    command.args(["client", "evict", CLIENT, "--yes", "--endpoint", "127.0.0.1:1", "--timeout", "300ms"]).stdin(Stdio::null());
    let output = command.output().expect("the binary starts");
    assert_eq!(output.status.code(), Some(3), "{}", err(&output));
}
