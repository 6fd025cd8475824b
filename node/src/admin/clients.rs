//! `tenure client list`.

use rpc::client::Admin;
use rpc::proto::v1 as pb;
use serde::Serialize;

use super::leases::{PAGE, id16};
use crate::cli::ClientList;
use crate::exit::Failure;
use crate::output::{Report, count, table};

/// A client and what it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ClientReport {
    /// The client, 32 hexadecimal digits.
    pub(crate) client: String,
    /// Its connections to all SMB servers.
    pub(crate) connections: u64,
    /// Its sessions.
    pub(crate) sessions: u64,
    /// Sessions of which an eviction is under way.
    pub(crate) evicted: u64,
    /// Its opens.
    pub(crate) opens: u64,
    /// Its leases.
    pub(crate) leases: u64,
    /// Byte-range locks that it holds.
    pub(crate) locks: u64,
    /// Requests of it that wait.
    pub(crate) parked: u64,
    /// Breaks that it let time out in a row.
    pub(crate) timeouts: u32,
    /// How long it is still barred from caching writes and handles, in milliseconds.
    pub(crate) barred_ms: Option<u64>,
}

impl ClientReport {
    /// The client of the wire; `now` is log time in milliseconds.
    pub(super) fn new(entry: &pb::ClientEntry, now: u64) -> ClientReport {
        ClientReport {
            client: id16(&entry.client),
            connections: entry.connections,
            sessions: entry.sessions,
            evicted: entry.evicted,
            opens: entry.opens,
            leases: entry.leases,
            locks: entry.locks,
            parked: entry.parked,
            timeouts: entry.timeouts,
            barred_ms: entry.barred_until_ms.map(|until| until.saturating_sub(now)),
        }
    }

    fn standing(&self) -> String {
        match (self.evicted, self.barred_ms) {
            (0, None) => "-".to_owned(),
            (0, Some(left)) => format!("barred for {}s", left.div_ceil(1000)),
            _ => "being dropped".to_owned(),
        }
    }
}

/// See `tenure client list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ClientsReport {
    /// The clients.
    pub(crate) clients: Vec<ClientReport>,
    /// Whether there are more than were asked for.
    pub(crate) more: bool,
    /// The position in the log that the answer is as new as, at least.
    pub(crate) applied_index: u64,
}

/// See `tenure client list`.
pub(super) async fn list(cluster: &Admin, asked: &ClientList) -> Result<ClientsReport, Failure> {
    let mut report = ClientsReport { clients: Vec::new(), more: false, applied_index: 0 };
    let mut token = String::new();
    loop {
        let page = cluster.clients(asked.stale, PAGE, &token).await.map_err(Failure::unanswered)?;
        report.applied_index = page.applied_index;
        report.clients.extend(page.clients.iter().map(|entry| ClientReport::new(entry, page.log_time_ms)));
        token = page.next_page_token;
        if token.is_empty() || report.clients.len() > asked.limit {
            report.more = !token.is_empty() || report.clients.len() > asked.limit;
            report.clients.truncate(asked.limit);
            return Ok(report);
        }
    }
}

impl Report for ClientsReport {
    fn for_people(&self) -> String {
        let rows = self.clients.iter().map(|client| {
            let counts = [client.sessions, client.opens, client.leases, client.locks, client.parked, u64::from(client.timeouts)];
            let counts = counts.iter().map(ToString::to_string);
            [client.client.clone()].into_iter().chain(counts).chain([client.standing()]).collect()
        });
        let columns = ["CLIENT", "SESSIONS#", "OPENS#", "LEASES#", "LOCKS#", "WAITING#", "TIMEOUTS#", "STANDING"];
        let shown = table(&columns, rows);
        let number = count(u64::try_from(self.clients.len()).unwrap_or(u64::MAX), "client");
        match (self.clients.is_empty(), self.more) {
            (true, _) => "No clients".to_owned(),
            (false, true) => format!("{shown}\n\n{number} shown, and there are more (--limit)"),
            (false, false) => format!("{shown}\n\n{number}"),
        }
    }
}
