//! The sentence that an operator reads first is right for each state of a cluster.

use super::{ClusterReport, MemberReport, TableReport, survives};
use crate::output::Report;

fn member(node: &str, role: &str, up: bool) -> MemberReport {
    MemberReport {
        node: node.to_owned(),
        address: format!("{node}:7101"),
        role: role.to_owned(),
        up,
        applied_index: up.then_some(12),
        lag: up.then_some(0),
        version: up.then(|| "0.1.0".to_owned()),
    }
}

fn report(leader: Option<&str>, members: Vec<MemberReport>) -> ClusterReport {
    let mut report = ClusterReport {
        summary: String::new(),
        cluster: "00".repeat(16),
        answered_by: "n1".to_owned(),
        formed: !members.is_empty(),
        leader: leader.map(str::to_owned),
        term: 3,
        survives_failures: None,
        members,
        table: TableReport { leases: 2, breaks_in_flight: 1, files: 1, ..TableReport::default() },
        log_time_ms: 1500,
    };
    report.sum_up();
    report
}

#[test]
fn each_state_has_its_sentence() {
    let three = |third: bool| vec![member("n1", "voter", true), member("n2", "leader", true), member("n3", "voter", third)];
    for (leader, members, sentence) in [
        (Some("n2"), three(true), "Healthy: n2 leads in term 3, 3 of 3 voters up, survives 1 failure"),
        (Some("n2"), three(false), "Degraded, n3 down: n2 leads in term 3, 2 of 3 voters up, survives no failure"),
        (None, three(false), "Not serving: no leader, 2 of 3 voters up, and 2 are needed"),
        (Some("n1"), vec![member("n1", "leader", true)], "Healthy: n1 leads in term 3, 1 of 1 voter up, survives no failure"),
        (None, vec![], "n1 belongs to no cluster yet: it waits to be formed or added"),
    ] {
        assert_eq!(report(leader, members).summary, sentence);
    }
}

#[test]
fn a_learner_neither_counts_as_a_voter_nor_hides_that_it_is_down() {
    let members = vec![member("n1", "leader", true), member("n2", "learner", false)];
    assert_eq!(report(Some("n1"), members).summary, "Degraded, n2 down: n1 leads in term 3, 1 of 1 voter up, survives no failure");
}

#[test]
fn what_is_survived_is_what_a_majority_can_spare() {
    for (voters, up, spare) in [(1, 1, Some(0)), (3, 3, Some(1)), (3, 2, Some(0)), (3, 1, None), (4, 4, Some(1)), (5, 5, Some(2))] {
        assert_eq!(survives(voters, up), spare, "{up} of {voters}");
    }
}

#[test]
fn the_table_names_each_member() {
    let text = report(Some("n1"), vec![member("n1", "leader", true), member("n2", "voter", false)]).for_people();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[2].starts_with("NODE  ADDRESS"), "{text}");
    assert!(lines[3].starts_with("n1 ") && lines[3].contains("leader"), "{text}");
    assert!(lines[4].starts_with("n2 ") && lines[4].contains("voter (down)"), "{text}");
    assert_eq!(
        lines[6],
        "2 leases on 1 file, 1 break in flight, 0 opens parked; 0 opens in 0 sessions of 0 clients on 0 SMB servers"
    );
}
