//! Who belongs to the cluster, and who leads it.

use lease::{Command, Outcome};
use raft::testing::TestCluster;
use raft::{Consistency, MembershipError, NodeId, Role};

use crate::common::{Client, RWH, leased, start_server};

fn refused(result: &Result<(), MembershipError>) -> bool {
    matches!(result, Err(MembershipError::Refused(_)))
}

#[tokio::test(start_paused = true)]
async fn a_node_is_added_promoted_and_serves() {
    let mut cluster = TestCluster::in_memory(3).await;
    let leader = cluster.leader().await;
    let server = start_server(1, cluster.node(leader)).await;
    let client = Client::session(&server, cluster.node(leader), 1).await;
    let fourth = NodeId::new(4);
    cluster.start(fourth).await.unwrap();
    assert!(!cluster.node(fourth).status().await.unwrap().formed);

    cluster.node(leader).add_learner(fourth, TestCluster::member(fourth)).await.unwrap();
    cluster.agree().await;
    let status = cluster.node(leader).status().await.unwrap();
    let role = |node: NodeId| status.members.iter().find(|member| member.node == node).map(|member| member.role);
    assert_eq!(role(fourth), Some(Role::Learner));
    assert_eq!(role(leader), Some(Role::Leader));
    assert_eq!(status.survives_failures, 1);

    cluster.node(leader).promote(fourth).await.unwrap();
    client.open(&server, cluster.node(fourth), leased(7, RWH)).await;
    cluster.agree().await;
    let status = cluster.node(fourth).status().await.unwrap();
    assert_eq!(status.members.iter().filter(|member| member.role == Role::Learner).count(), 0);
    assert_eq!(status.counts.leases, 1);
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_is_to_be_removed_hands_over_first() {
    let mut cluster = TestCluster::in_memory(3).await;
    let leader = cluster.leader().await;
    let asked = cluster.node(leader).remove(leader).await;
    let Err(MembershipError::NotLeader { leader: Some((next, member)) }) = asked else { panic!("{asked:?}") };
    assert_ne!(next, leader);
    assert_eq!(member, TestCluster::member(next));
    cluster.node(next).remove(leader).await.unwrap();
    cluster.kill(leader).await;

    let server = start_server(1, cluster.node(next)).await;
    let status = cluster.node(next).status().await.unwrap();
    assert_eq!(status.members.len(), 2);
    assert_eq!(status.survives_failures, 0);
    let other = cluster.follower().await;
    Client::session(&server, cluster.node(other), 1).await;
}

#[tokio::test(start_paused = true)]
async fn leadership_goes_to_the_named_voter_and_requests_go_on() {
    let cluster = TestCluster::in_memory(3).await;
    let leader = cluster.leader().await;
    let server = start_server(1, cluster.node(leader)).await;
    let target = cluster.nodes().map(|(node, _)| *node).rfind(|node| *node != leader).unwrap();
    cluster.node(leader).transfer_leadership(Some(target)).await.unwrap();
    assert_eq!(cluster.leader().await, target);
    let answer = server.ask(cluster.node(leader), Command::RenewServer).await.unwrap();
    assert!(matches!(answer, Ok(Outcome::Alive { .. })));
}

#[tokio::test(start_paused = true)]
async fn what_makes_no_sense_is_refused() {
    let cluster = TestCluster::in_memory(3).await;
    let leader = cluster.leader().await;
    let follower = cluster.follower().await;
    let node = cluster.node(leader);
    assert!(refused(&node.add_learner(9.into(), TestCluster::member(1.into())).await), "two members at one address");
    assert!(refused(&node.add_learner(1.into(), TestCluster::member(9.into())).await), "an id that is taken");
    assert!(refused(&node.promote(9.into()).await), "a stranger");
    assert!(refused(&node.remove(9.into()).await), "a stranger");
    assert!(refused(&node.transfer_leadership(Some(9.into())).await), "a stranger");
    let again = node.form([(leader, TestCluster::member(leader))].into()).await;
    assert_eq!(again, Err(MembershipError::AlreadyFormed));
    let elsewhere = cluster.node(follower).promote(leader).await;
    let Err(MembershipError::NotLeader { leader: Some((hint, _)) }) = elsewhere else { panic!("{elsewhere:?}") };
    assert_eq!(hint, leader);
}

#[tokio::test(start_paused = true)]
async fn a_fresh_read_on_any_node_sees_what_was_answered_on_another() {
    let cluster = TestCluster::in_memory(3).await;
    let server = start_server(1, cluster.node(1.into())).await;
    for number in 1..=20 {
        let (asked, read) = (NodeId::new(number % 3 + 1), NodeId::new((number + 1) % 3 + 1));
        Client::session(&server, cluster.node(asked), number).await;
        let sessions = cluster.node(read).read(Consistency::Linearizable, |state| state.counts().sessions).await.unwrap();
        assert_eq!(sessions as u64, number);
    }
}
