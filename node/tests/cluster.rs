//! Forming, membership, handing over and refusing to serve, with real processes.

mod common;

use std::time::{Duration, Instant};

use common::{Nodes, err, out, signal, until};

#[test]
fn three_nodes_form_themselves_and_say_how_they_are() {
    let nodes = Nodes::formed(3);
    let status = nodes.ask(&["status"]);
    assert_eq!(status["survives_failures"], 1);
    assert_eq!(status["members"].as_array().map(Vec::len), Some(3));
    assert!(status["summary"].as_str().is_some_and(|summary| summary.starts_with("Healthy: ")), "{status}");
    let hashes = nodes.ask(&["state", "hash"]);
    assert_eq!(hashes["equal"], true, "{hashes}");
    assert_eq!(out(&nodes.operate(&["lease", "list"])), "No leases\n");
    let absent = nodes.operate(&["lease", "show", "0a"]);
    assert_eq!(absent.status.code(), Some(1));
    assert!(err(&absent).contains("no client has a lease with the key"), "{}", err(&absent));
}

#[test]
fn a_leader_that_is_told_to_stop_hands_over_first() {
    let mut nodes = Nodes::formed(3);
    let leader = nodes.leader();
    let term = nodes.ask(&["status"])["term"].as_u64().expect("a term");
    signal(nodes.process(leader), "TERM");
    assert_eq!(nodes.ended(leader), Some(0), "{}", nodes.log(leader));
    let began = Instant::now();
    let next = nodes.leader();
    assert_ne!(next, leader);
    let status = nodes.ask(&["status"]);
    assert_eq!(status["term"].as_u64(), Some(term + 1), "one election, asked for by the old leader");
    assert_eq!(status["survives_failures"], 0);
    assert!(status["summary"].as_str().is_some_and(|summary| summary.contains(&format!("n{leader} down"))), "{status}");
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_second_signal_does_not_wait_for_the_handing_over() {
    let mut nodes = Nodes::formed(3);
    let leader = nodes.leader();
    let others: Vec<u64> = (1..=3).filter(|node| *node != leader).collect();
    for other in &others {
        signal(nodes.process(*other), "STOP");
    }
    let process = nodes.process(leader);
    signal(process, "TERM");
    until("the node to notice", || nodes.log(leader).contains("stopping: SIGTERM").then_some(()));
    signal(process, "TERM");
    assert_eq!(nodes.ended(leader), Some(1), "{}", nodes.log(leader));
    assert!(nodes.log(leader).contains("stopped at once by a second call to stop (SIGTERM)"), "{}", nodes.log(leader));
}

#[test]
fn leadership_goes_where_it_is_sent() {
    let nodes = Nodes::formed(3);
    let leader = nodes.leader();
    let other = (1..=3).find(|node| *node != leader).expect("three nodes");
    let answer = nodes.ask(&["leader", "transfer", "--to", &format!("n{other}")]);
    assert_eq!(answer["node"], format!("n{other}"));
    until("the new leader", || (nodes.leader() == other).then_some(()));
    let refused = nodes.operate(&["leader", "transfer", "--to", "n9"]);
    assert_eq!(refused.status.code(), Some(1), "{}", err(&refused));
}

#[test]
fn a_node_is_added_promoted_and_removed() {
    let mut nodes = Nodes::formed(3);
    let address = nodes.configure_joining(4);
    nodes.start(4);
    until("the new node to listen", || nodes.log(4).contains("waiting to be added").then_some(()));
    let refused = |arguments: &[&str], why: &str| {
        let output = nodes.operate(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(err(&output).contains(why), "{arguments:?}: {}", err(&output));
    };
    refused(&["member", "add", "n4", &common::free_address()], "nobody answers at");
    refused(&["member", "add", "n5", &address], "n5 cannot be added: n4 answers at");
    refused(&["member", "add", "n2", &nodes.addresses[&2]], "n2 cannot be added: it is a member already");
    refused(&["member", "promote", "n4"], "n4 is no member; add it first");
    assert_eq!(nodes.ask(&["member", "add", "n4", &address])["change"], "added");
    let role = |nodes: &Nodes, node: &str| {
        let status = nodes.ask(&["status"]);
        let members = status["members"].as_array().cloned().unwrap_or_default();
        members.iter().find(|member| member["node"] == node).map(|member| member["role"].as_str().unwrap_or("?").to_owned())
    };
    assert_eq!(role(&nodes, "n4").as_deref(), Some("learner"));
    until("the learner to catch up", || {
        let output = nodes.operate(&["member", "promote", "n4"]);
        (output.status.code() == Some(0)).then_some(())
    });
    until("the vote", || (role(&nodes, "n4").as_deref() == Some("voter")).then_some(()));
    let leader = nodes.leader();
    let gone = (1..=4).find(|node| *node != leader).expect("four nodes");
    assert_eq!(nodes.ask(&["member", "remove", &format!("n{gone}")])["change"], "removed");
    until("the removal", || role(&nodes, &format!("n{gone}")).is_none().then_some(()));
    let status = nodes.ask(&["status"]);
    assert_eq!(status["members"].as_array().map(Vec::len), Some(3), "{status}");
}

#[test]
fn a_folder_serves_one_process_of_one_node_of_one_cluster() {
    let mut nodes = Nodes::formed(1);
    let text = std::fs::read_to_string(nodes.config(1)).expect("the configuration");
    let again = common::free_address();

    let second = text.replace(&nodes.addresses[&1], &again);
    std::fs::write(nodes.config(2), &second).expect("it is written");
    let output = common::run(&["serve", "--config", nodes.config(2).to_str().expect("text")]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("in use by another process"), "{}", err(&output));
    nodes.kill(1);

    for (changed, whose) in
        [(text.replace("\"n1\"", "\"n2\"").replace("n1 =", "n2 ="), "n2"), (text.replace("\"test\"", "\"other\""), "'other'")]
    {
        std::fs::write(nodes.config(2), changed).expect("it is written");
        let output = common::run(&["serve", "--config", nodes.config(2).to_str().expect("text")]);
        assert_eq!(output.status.code(), Some(1));
        let said = err(&output);
        assert!(said.contains("belongs to") && said.contains(whose) && said.contains("leave the folder as it is"), "{said}");
    }
    nodes.start(1);
    assert_eq!(nodes.leader(), 1, "the folder is as it was");
}

#[test]
fn a_node_that_lost_its_disk_does_not_serve_under_its_old_id() {
    let mut nodes = Nodes::formed(3);
    let leader = nodes.leader();
    let lost = (1..=3).find(|node| *node != leader).expect("three nodes");
    nodes.kill(lost);
    std::fs::remove_dir_all(nodes.data(lost)).expect("the disk is gone");
    nodes.start(lost);
    assert_eq!(nodes.ended(lost), Some(1));
    let said = nodes.log(lost);
    assert!(said.contains("its log is empty, but cluster 'test' exists already"), "{said}");
    assert!(said.contains("tenure member add <new id>"), "{said}");

    // The same with only the other two started again: nobody remembers for it but they.
    for node in (1..=3).filter(|node| *node != lost) {
        nodes.kill(node);
    }
    nodes.start(lost);
    for node in (1..=3).filter(|node| *node != lost) {
        nodes.start(node);
    }
    assert_eq!(nodes.ended(lost), Some(1));
    assert_ne!(nodes.leader(), lost);
}

#[test]
fn a_node_that_joined_and_lost_its_disk_does_not_serve_under_its_old_id() {
    let mut nodes = Nodes::formed(1);
    let address = nodes.configure_joining(2);
    nodes.start(2);
    until("the new node to listen", || nodes.log(2).contains("waiting to be added").then_some(()));
    // Nothing is lost by a restart before it is added.
    nodes.kill(2);
    nodes.start(2);
    until("the new node to listen again", || (nodes.log(2).matches("waiting to be added").count() == 2).then_some(()));
    assert_eq!(nodes.ask(&["member", "add", "n2", &address])["change"], "added");
    until("the log to arrive", || (!nodes.data(2).join("new-node").exists()).then_some(()));
    nodes.kill(2);
    nodes.start(2);
    until("the node to be up", || nodes.ask(&["state", "hash"])["equal"].as_bool().filter(|equal| *equal));
    nodes.kill(2);
    std::fs::remove_dir_all(nodes.data(2)).expect("the disk is gone");
    nodes.start(2);
    assert_eq!(nodes.ended(2), Some(1));
    assert!(nodes.log(2).contains("n2 is a member of cluster 'test' already"), "{}", nodes.log(2));
}

#[test]
fn a_port_that_is_taken_is_said() {
    let mut nodes = Nodes::configured(1);
    let taken = std::net::TcpListener::bind(&nodes.addresses[&1]).expect("the port is free");
    nodes.start(1);
    assert_eq!(nodes.ended(1), Some(1));
    assert!(nodes.log(1).contains("cannot listen on"), "{}", nodes.log(1));
    drop(taken);
}

#[test]
fn a_node_that_waits_to_be_formed_stops_when_told() {
    // Two of three never start, so that the node waits to be formed.
    let mut nodes = Nodes::configured(3);
    nodes.start(1);
    until("the node to have started", || nodes.log(1).contains("started").then_some(()));
    signal(nodes.process(1), "TERM");
    assert_eq!(nodes.ended(1), Some(0), "{}", nodes.log(1));
}
