//! What operators ask.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::support::{Cluster, PATIENCE, client, connection, file, key, n, open, start, within};
use lease::{Caching, ServerId};
use raft::{Coordinator, NodeId};
use rpc::client::{Admin, AdminError, LeaseFilter};
use rpc::proto::v1 as pb;
use rpc::proto::v1::admin_service_client::AdminServiceClient;
use tonic::Code;

/// All leases that a filter lets through, page by page.
async fn all(admin: &Admin, filter: &LeaseFilter, page_size: u32) -> Vec<pb::LeaseEntry> {
    let (mut leases, mut token) = (Vec::new(), String::new());
    loop {
        let page = admin.leases(filter, page_size, &token).await.expect("the cluster answers");
        assert!(page.leases.len() <= page_size as usize);
        leases.extend(page.leases);
        if page.next_page_token.is_empty() {
            return leases;
        }
        token = page.next_page_token;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn leases_are_listed_page_by_page_and_filtered() {
    let cluster = Cluster::form(3).await;
    let (one, _one) = cluster.server(1, n(1)).await;
    let (two, _two) = cluster.server(2, n(2)).await;
    let first = one.start_session(client(1), connection(1)).await.expect("a session");
    let second = two.start_session(client(2), connection(5)).await.expect("a session");
    for number in 0..25 {
        one.open(open(first, number, number, Caching::RWH)).await.expect("granted");
        two.open(open(second, 100 + number, number, Caching::RH)).await.expect("granted");
    }
    let mut parked = two.begin_open(open(second, 7, 99, Caching::R));
    assert!(within("parking", parked.parked()).await);

    let admin = cluster.admin();
    for page_size in [1, 7, 25, 50, 1000] {
        let leases = all(&admin, &LeaseFilter::default(), page_size).await;
        let names: BTreeSet<_> = leases.iter().map(|lease| (lease.client.clone(), lease.key.clone())).collect();
        assert_eq!((leases.len(), names.len()), (50, 50), "page size {page_size}");
        assert!(leases.is_sorted_by_key(|lease| (lease.client.clone(), lease.key.clone())));
    }
    let of_client = all(&admin, &LeaseFilter { client: Some(client(2)), ..LeaseFilter::default() }, 10).await;
    assert_eq!(of_client.len(), 25);
    assert!(of_client.iter().all(|lease| lease.client == client(2).to_bytes()));
    let of_server = all(&admin, &LeaseFilter { server: Some(ServerId::new(1)), ..LeaseFilter::default() }, 10).await;
    assert!(of_server.len() == 25 && of_server.iter().all(|lease| lease.client == client(1).to_bytes()));
    let of_file = all(&admin, &LeaseFilter { file: Some(file(103)), ..LeaseFilter::default() }, 10).await;
    assert_eq!(of_file.len(), 1);
    let breaking = all(&admin, &LeaseFilter { breaking: true, stale: true, ..LeaseFilter::default() }, 10).await;
    let [lease] = breaking.as_slice() else { panic!("one break is in flight: {breaking:?}") };
    assert_eq!((lease.state, lease.parked, lease.opens), (7, 1, 1));
    assert_eq!(lease.breaking.map(|breaking| breaking.requested_state), Some(3));
    assert_eq!(lease.connection.map(|connection| (connection.server, connection.connection)), Some((1, 1)));

    let who = admin.who_has(&file(7), false).await.expect("the cluster answers").files;
    let [file] = who.as_slice() else { panic!("one file: {who:?}") };
    let [open] = file.opens.as_slice() else { panic!("one open: {file:?}") };
    assert_eq!((open.session, open.key.as_deref(), file.opens_count), (first.get(), Some(key(7).to_bytes().as_slice()), 1));
    assert_eq!(file.leases.as_slice(), std::slice::from_ref(lease));
    let [parked] = file.parked.as_slice() else { panic!("one request waits: {file:?}") };
    assert_eq!((parked.server, parked.client.as_slice(), parked.what.as_str()), (2, client(2).to_bytes().as_slice(), "open"));
    let named = admin.who_has_named(&file.name, true).await.expect("the cluster answers").files;
    assert!(named.contains(file), "{named:?}");
    assert_eq!(admin.who_has_named("nobody has it", false).await.expect("the cluster answers").files, []);

    assert_eq!(admin.lease(client(1), key(7)).await.expect("answered").as_ref(), Some(lease));
    assert_eq!(admin.lease(client(1), key(700)).await.expect("answered"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_is_refused_by_name() {
    let cluster = Cluster::form(1).await;
    let mut node = AdminServiceClient::connect(format!("http://{}", cluster.address(n(1)))).await.expect("the node listens");
    let good = pb::ListLeasesRequest::default();
    let cases = [
        ("page_size", pb::ListLeasesRequest { page_size: 1001, ..good.clone() }),
        ("page_token", pb::ListLeasesRequest { page_token: "garbage".to_owned(), ..good.clone() }),
        ("page_token", pb::ListLeasesRequest { page_token: "é".repeat(32), ..good.clone() }),
        ("client", pb::ListLeasesRequest { client: Some(vec![1]), ..good.clone() }),
        ("server", pb::ListLeasesRequest { server: Some(0), ..good.clone() }),
        ("file.file", pb::ListLeasesRequest { file: Some(pb::FileKey::default()), ..good }),
    ];
    for (field, request) in cases {
        let status = node.list_leases(request).await.expect_err("it makes no sense");
        assert_eq!(status.code(), Code::InvalidArgument);
        assert!(status.message().starts_with(&format!("{field}: ")), "{status}");
    }
    for address in ["", "nowhere", ":1", "a b:1", "host:0", "host:99999", "host:", "http://host:1", &"x".repeat(300)] {
        let request = pb::AddMemberRequest { node: 2, address: address.to_owned() };
        let status = node.add_member(request).await.expect_err("it is no address");
        assert!(status.code() == Code::InvalidArgument && status.message().starts_with("address: "), "{address}: {status}");
    }
    let status = node.promote_member(pb::PromoteMemberRequest { node: 0 }).await.expect_err("no node");
    assert_eq!((status.code(), status.message()), (Code::InvalidArgument, "node: must not be 0"));
    let missing = cluster.admin().promote(n(77)).await;
    assert!(matches!(missing, Err(AdminError::Refused(_))), "{missing:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_is_added_promoted_made_leader_and_removed_through_any_node() {
    // Who leads is what is tested: a busy machine must not bring an election of its own about.
    let calm = |config: &mut raft::Config| {
        config.election_timeout_min = Duration::from_secs(2);
        config.election_timeout_max = Duration::from_secs(3);
    };
    let mut cluster = Cluster::form_with(3, calm, |_| {}).await;
    let (server, _notices) = cluster.server(1, n(1)).await;
    server.start_session(client(1), connection(1)).await.expect("a session");
    // The calls begin at a node that does not lead, and follow its hint.
    let follower = cluster.follower().await;
    let admin = Admin::new(cluster.addresses_from(follower), PATIENCE);

    let newcomer = start(n(4), calm, |_| {}).await;
    admin.add_member(n(4), &newcomer.address).await.expect("added");
    cluster.nodes.insert(n(4), newcomer);
    admin.promote(n(4)).await.expect("promoted");
    cluster.assert_same_state().await;
    let leader = admin.transfer(Some(n(4))).await.expect("transferred");
    assert_eq!((leader, cluster.leader().await), (n(4), n(4)));

    let address = cluster.address(n(4));
    let status = within("a leader that hears of all", async {
        loop {
            let status = admin.status_of(&address).await.expect("it answers");
            if status.members.iter().all(|member| member.lag == Some(0)) && status.leader == Some(4) {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    let roles: Vec<_> = status.members.iter().map(|member| (member.node, member.role())).collect();
    let voter = pb::MemberRole::Voter;
    assert_eq!(roles, [(1, voter), (2, voter), (3, voter), (4, pb::MemberRole::Leader)]);
    assert_eq!((status.formed, status.survives_failures), (true, 1));
    let other = n(if follower == n(1) { 2 } else { 1 });
    admin.remove(other).await.expect("removed");
    assert_eq!(admin.status_of(&address).await.expect("it answers").members.len(), 3);
    server.start_session(client(2), connection(2)).await.expect("the others go on");
}

#[tokio::test(flavor = "multi_thread")]
async fn hashes_are_equal_at_equal_indexes_and_a_node_that_is_not_there_is_said_to_be_unavailable() {
    let cluster = Cluster::form(3).await;
    let (server, _notices) = cluster.server(1, n(1)).await;
    let session = server.start_session(client(1), connection(1)).await.expect("a session");
    server.open(open(session, 1, 1, Caching::RWH)).await.expect("granted");
    cluster.assert_same_state().await;
    let admin = cluster.admin();
    let hash = admin.state_hash(&cluster.address(n(2))).await.expect("answered");
    assert_eq!((hash.node, hash.hash.len()), (2, 32));
    let own: &Coordinator = &cluster.nodes[&n(2)].coordinator;
    assert!(own.state_hash().await.expect("answered").0 >= hash.applied_index);

    let nowhere = Admin::new(["127.0.0.1:1"], Duration::from_millis(300));
    let status = nowhere.status().await;
    let Err(AdminError::Unavailable(why)) = status else { panic!("{status:?}") };
    assert!(why.contains("127.0.0.1:1"), "{why}");
    assert_eq!(NodeId::new(2), n(2));
}
