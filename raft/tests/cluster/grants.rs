//! Grants, breaks and answers with nothing going wrong.

use crate::common::{Client, RH, RWH, leased, start_server};
use lease::{Caching, Command, Outcome, Rejection};
use raft::testing::TestCluster;

#[tokio::test(start_paused = true)]
async fn a_lease_granted_on_one_node_is_broken_on_another_and_acknowledged_on_a_third() {
    let cluster = TestCluster::in_memory(3).await;
    let [a, b, c] = [1, 2, 3].map(|node| cluster.node(node.into()));

    let mut holder = start_server(1, a).await;
    let mut opener = start_server(2, b).await;
    holder.attach(a).await.unwrap();
    opener.attach(b).await.unwrap();
    let c1 = Client::session(&holder, a, 1).await;
    let c2 = Client::session(&opener, b, 2).await;

    let granted = c1.open(&holder, a, leased(7, RWH)).await;
    assert_eq!(granted.state, RWH);

    let parked = opener.ask_parked(b, Command::Open(c2.of(leased(8, RWH)))).await;
    let notice = holder.broken().await;
    assert_eq!((notice.from, notice.into), (RWH, RH));

    // The acknowledgement enters through the third node, which neither of the servers is attached to.
    let answer = holder.ask(c, c1.acknowledge(7, notice.into)).await.unwrap();
    assert_eq!(answer, Ok(Outcome::Acknowledged { state: RH }));
    let outcome = parked.answer().await.unwrap().answer.unwrap();
    let Outcome::Opened { lease: Some(lease), .. } = outcome else { panic!("not opened: {outcome:?}") };
    assert_eq!(lease.state, RH);
    cluster.agree().await;
}

#[tokio::test(start_paused = true)]
async fn a_committed_no_is_an_answer_and_the_same_through_every_node() {
    let cluster = TestCluster::in_memory(3).await;
    let server = start_server(1, cluster.node(1.into())).await;
    let client = Client::session(&server, cluster.node(1.into()), 1).await;
    for node in [1, 2, 3] {
        let answer = server.ask(cluster.node(node.into()), client.acknowledge(9, Caching::None)).await.unwrap();
        assert_eq!(answer, Err(Rejection::NoSuchLease));
    }
}
