//! `tenure status`: who leads, who follows how closely, and what the cluster survives.

use serde::Serialize;

use crate::output::{Report, count, table};

/// The cluster as one node sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ClusterReport {
    /// The sentence that an operator reads first.
    pub(crate) summary: String,
    /// The cluster's id.
    pub(crate) cluster: String,
    /// The node that answered.
    pub(crate) answered_by: String,
    /// Whether that node belongs to a formed cluster.
    pub(crate) formed: bool,
    /// The leader, as `n2`.
    pub(crate) leader: Option<String>,
    /// The term.
    pub(crate) term: u64,
    /// How many voters may fail before the cluster stops; absent if nobody leads.
    pub(crate) survives_failures: Option<u64>,
    /// The members, in order of their ids.
    pub(crate) members: Vec<MemberReport>,
    /// What the table holds.
    pub(crate) table: TableReport,
    /// Log time, in milliseconds.
    pub(crate) log_time_ms: u64,
}

/// One member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct MemberReport {
    /// Its id, as `n2`.
    pub(crate) node: String,
    /// Where it is reached.
    pub(crate) address: String,
    /// `leader`, `voter` or `learner`.
    pub(crate) role: String,
    /// Whether it answered.
    pub(crate) up: bool,
    /// The last position of the log in its table; absent if it does not answer.
    pub(crate) applied_index: Option<u64>,
    /// How many entries that is behind what the cluster has committed.
    pub(crate) lag: Option<u64>,
    /// The version that it runs.
    pub(crate) version: Option<String>,
}

/// How much of each thing the table holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct TableReport {
    /// Leases.
    pub(crate) leases: u64,
    /// Leases with a break in flight.
    pub(crate) breaks_in_flight: u64,
    /// Opens that wait for one.
    pub(crate) parked_opens: u64,
    /// Opens.
    pub(crate) opens: u64,
    /// Files.
    pub(crate) files: u64,
    /// Sessions.
    pub(crate) sessions: u64,
    /// Clients.
    pub(crate) clients: u64,
    /// SMB servers.
    pub(crate) servers: u64,
}

/// How many voters may still fail: a majority of all voters must be left of those that are up.
pub(crate) fn survives(voters: usize, up: usize) -> Option<u64> {
    let quorum = voters / 2 + 1;
    up.checked_sub(quorum).and_then(|spare| u64::try_from(spare).ok())
}

impl ClusterReport {
    /// The sentence for what is known.
    pub(crate) fn sum_up(&mut self) {
        let voters: Vec<&MemberReport> = self.members.iter().filter(|member| member.role != "learner").collect();
        let up = voters.iter().filter(|member| member.up).count();
        let down: Vec<&str> = self.members.iter().filter(|member| !member.up).map(|member| member.node.as_str()).collect();
        self.survives_failures = self.leader.as_ref().and_then(|_| survives(voters.len(), up));
        self.summary = if !self.formed {
            format!("{} belongs to no cluster yet: it waits to be formed or added", self.answered_by)
        } else if let (Some(leader), Some(survives)) = (&self.leader, self.survives_failures) {
            let health = if down.is_empty() { "Healthy".to_owned() } else { format!("Degraded, {} down", down.join(" and ")) };
            let failures = match survives {
                0 => "survives no failure".to_owned(),
                number => format!("survives {}", count(number, "failure")),
            };
            format!("{health}: {leader} leads in term {}, {up} of {} up, {failures}", self.term, count_voters(voters.len()))
        } else {
            format!("Not serving: no leader, {up} of {} up, and {} are needed", count_voters(voters.len()), voters.len() / 2 + 1)
        };
    }
}

fn count_voters(number: usize) -> String {
    count(u64::try_from(number).unwrap_or(u64::MAX), "voter")
}

fn or_dash<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

impl Report for ClusterReport {
    fn for_people(&self) -> String {
        let rows = self.members.iter().map(|member| {
            vec![
                member.node.clone(),
                member.address.clone(),
                if member.up { member.role.clone() } else { format!("{} (down)", member.role) },
                or_dash(member.applied_index),
                or_dash(member.lag),
                or_dash(member.version.as_ref()),
            ]
        });
        let members = table(&["NODE", "ADDRESS", "ROLE", "APPLIED#", "LAG#", "VERSION"], rows);
        let held = &self.table;
        format!(
            "{}\n\n{members}\n\n{} on {}, {} in flight, {} parked; {} in {} of {} on {}",
            self.summary,
            count(held.leases, "lease"),
            count(held.files, "file"),
            count(held.breaks_in_flight, "break"),
            count(held.parked_opens, "open"),
            count(held.opens, "open"),
            count(held.sessions, "session"),
            count(held.clients, "client"),
            count(held.servers, "SMB server"),
        )
    }
}

#[cfg(test)]
#[path = "status_tests.rs"]
mod tests;
