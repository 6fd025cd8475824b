//! `tenure lease list` and `tenure lease show`.

use lease::{Caching, ClientGuid, FileId, FileKey, LeaseKey, ServerId, VolumeId};
use rpc::client::{Admin, LeaseFilter};
use rpc::proto::v1 as pb;
use serde::Serialize;

use crate::cli::{LeaseList, LeaseShow};
use crate::exit::Failure;
use crate::output::{Report, count, table};

/// Leases that are asked for at a time.
pub(super) const PAGE: u32 = 1000;

/// One lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct LeaseReport {
    /// The client, 32 hexadecimal digits.
    pub(crate) client: String,
    /// The lease key, 32 hexadecimal digits.
    pub(crate) key: String,
    /// The file, as `vol1/<id>`.
    pub(crate) file: String,
    /// Its path, for display.
    pub(crate) name: String,
    /// The caching state, as `RWH`.
    pub(crate) state: String,
    /// The epoch of a v2 lease.
    pub(crate) epoch: Option<u32>,
    /// How often it was broken.
    pub(crate) generation: u64,
    /// The break in flight.
    pub(crate) breaking: Option<BreakReport>,
    /// Opens that hold it.
    pub(crate) opens: u32,
    /// Opens that wait on the file.
    pub(crate) parked: u32,
    /// The SMB server through which the client is reached, as `srv4`.
    pub(crate) server: Option<String>,
}

/// A break in flight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct BreakReport {
    /// What the client is asked to come down to now.
    pub(crate) to: String,
    /// What it has to come down to in the end.
    pub(crate) required: String,
    /// How long it has left, in milliseconds. None while it waits for the client of a persistent open to come back.
    pub(crate) left_ms: Option<u64>,
}

/// See `tenure lease list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct LeasesReport {
    /// The leases.
    pub(crate) leases: Vec<LeaseReport>,
    /// Whether there are more than were asked for.
    pub(crate) more: bool,
    /// The position in the log that the answer is as new as, at least.
    pub(crate) applied_index: u64,
}

fn caching(bits: u32) -> String {
    Caching::from_bits(bits).map_or_else(|| format!("{bits:#x}"), |state| state.to_string())
}

/// Sixteen bytes of the wire as the id that they are; other lengths as they come, in hexadecimal.
pub(super) fn id16(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a text takes what is written");
        text
    })
}

impl LeaseReport {
    /// The lease of the wire; `now` is log time in milliseconds.
    pub(crate) fn new(entry: &pb::LeaseEntry, now: u64) -> LeaseReport {
        LeaseReport {
            client: id16(&entry.client),
            key: id16(&entry.key),
            file: entry.file.as_ref().map(file_name).unwrap_or_default(),
            name: entry.name.clone(),
            state: caching(entry.state),
            epoch: entry.epoch,
            generation: entry.generation,
            breaking: entry.breaking.as_ref().map(|breaking| BreakReport {
                to: caching(breaking.requested_state),
                required: caching(breaking.required_state),
                left_ms: (breaking.ack_by_ms > 0).then(|| breaking.ack_by_ms.saturating_sub(now)),
            }),
            opens: entry.opens,
            parked: entry.parked,
            server: entry.connection.as_ref().map(|connection| ServerId::new(connection.server).to_string()),
        }
    }
}

pub(super) fn file_name(file: &pb::FileKey) -> String {
    let id: [u8; 16] = file.file.as_slice().try_into().unwrap_or_default();
    let stream = file.stream.as_deref().map(Into::into);
    FileKey { volume: VolumeId::new(file.volume), file: FileId::from_bytes(id), stream }.to_string()
}

/// See `tenure lease list`.
pub(super) async fn list(cluster: &Admin, asked: &LeaseList) -> Result<LeasesReport, Failure> {
    let filter = LeaseFilter {
        client: asked.client,
        file: asked.file.clone(),
        server: asked.server,
        breaking: asked.breaking,
        stale: asked.stale,
    };
    pages(cluster, &filter, asked.limit).await
}

/// All leases that a filter lets through, at most `limit`.
pub(crate) async fn pages(cluster: &Admin, filter: &LeaseFilter, limit: usize) -> Result<LeasesReport, Failure> {
    let mut report = LeasesReport { leases: Vec::new(), more: false, applied_index: 0 };
    let mut token = String::new();
    loop {
        let page = cluster.leases(filter, PAGE, &token).await.map_err(Failure::unanswered)?;
        report.applied_index = page.applied_index;
        report.leases.extend(page.leases.iter().map(|entry| LeaseReport::new(entry, page.log_time_ms)));
        token = page.next_page_token;
        if token.is_empty() || report.leases.len() > limit {
            report.more = !token.is_empty() || report.leases.len() > limit;
            report.leases.truncate(limit);
            return Ok(report);
        }
    }
}

/// See `tenure lease show`.
pub(super) async fn show(cluster: &Admin, asked: &LeaseShow) -> Result<LeaseDetail, Failure> {
    let filter = LeaseFilter { client: asked.client, stale: asked.stale, ..LeaseFilter::default() };
    one(cluster, &filter, asked.key).await.map(LeaseDetail)
}

/// The one lease with this key, of this client if one is named.
pub(super) async fn only(cluster: &Admin, client: Option<ClientGuid>, key: LeaseKey) -> Result<LeaseReport, Failure> {
    one(cluster, &LeaseFilter { client, ..LeaseFilter::default() }, key).await
}

async fn one(cluster: &Admin, filter: &LeaseFilter, key: LeaseKey) -> Result<LeaseReport, Failure> {
    let key = key.to_string();
    let mut found = pages(cluster, filter, usize::MAX).await?.leases;
    found.retain(|lease| lease.key == key);
    match found.pop() {
        None => Err(Failure::Refused(format!("no client has a lease with the key {key}"))),
        Some(lease) if found.is_empty() => Ok(lease),
        Some(last) => {
            let clients: Vec<String> = found.into_iter().chain([last]).map(|lease| lease.client).collect();
            Err(Failure::Refused(format!("several clients use the key {key}: choose one with --client: {}", clients.join(", "))))
        }
    }
}

impl LeaseReport {
    /// `RWH`, or `RWH -> RH in 31.2s` while a break runs.
    pub(super) fn state_for_people(&self) -> String {
        match &self.breaking {
            None => self.state.clone(),
            Some(breaking) => {
                let left = breaking.left_ms.map(|left| format!("in {}.{}s", left / 1000, left % 1000 / 100));
                format!("{} -> {} {}", self.state, breaking.to, left.as_deref().unwrap_or("when its client is back"))
            }
        }
    }
}

impl Report for LeasesReport {
    fn for_people(&self) -> String {
        let rows = self.leases.iter().map(|lease| {
            vec![
                lease.name.clone(),
                lease.state_for_people(),
                lease.opens.to_string(),
                lease.parked.to_string(),
                lease.server.clone().unwrap_or_else(|| "-".to_owned()),
                lease.client.clone(),
                lease.key.clone(),
            ]
        });
        let shown = table(&["FILE", "LEASE", "OPENS#", "WAITING#", "SERVER", "CLIENT", "KEY"], rows);
        let number = count(u64::try_from(self.leases.len()).unwrap_or(u64::MAX), "lease");
        match (self.leases.is_empty(), self.more) {
            (true, _) => "No leases".to_owned(),
            (false, true) => format!("{shown}\n\n{number} shown, and there are more (--limit)"),
            (false, false) => format!("{shown}\n\n{number}"),
        }
    }
}

/// See `tenure lease show`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct LeaseDetail(LeaseReport);

impl Report for LeaseDetail {
    fn for_people(&self) -> String {
        let lease = &self.0;
        let rows = [
            ("Key", lease.key.clone()),
            ("Client", lease.client.clone()),
            ("File", lease.file.clone()),
            ("Path", lease.name.clone()),
            ("State", lease.state_for_people()),
            ("Required", lease.breaking.as_ref().map_or_else(|| "-".to_owned(), |breaking| breaking.required.clone())),
            ("Epoch", lease.epoch.map_or_else(|| "- (a v1 lease)".to_owned(), |epoch| epoch.to_string())),
            ("Breaks", lease.generation.to_string()),
            ("Opens", lease.opens.to_string()),
            ("Waiting", lease.parked.to_string()),
            ("Reached at", lease.server.clone().unwrap_or_else(|| "- (no connection)".to_owned())),
        ];
        rows.map(|(name, value)| format!("{name:<11} {value}")).join("\n")
    }
}

#[cfg(test)]
#[path = "leases_tests.rs"]
mod tests;
