//! `tenure lease break` and `tenure client evict`.

use lease::Caching;
use rpc::client::Admin;
use serde::Serialize;

use super::clients::ClientReport;
use super::leases::{LeaseReport, only};
use crate::cli::{ClientEvict, LeaseBreak};
use crate::consent::confirmed;
use crate::exit::Failure;
use crate::output::{Report, count};

/// A lease that is being broken, or had no more than it may keep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Broken {
    /// The lease afterwards; none if its client could not be told and lost it.
    pub(crate) lease: Option<LeaseReport>,
    /// What it was before, as `RWH`.
    pub(crate) before: String,
    /// The position in the log at which it was broken.
    pub(crate) index: u64,
    /// The same as a sentence.
    pub(crate) message: String,
}

impl Report for Broken {
    fn for_people(&self) -> String {
        self.message.clone()
    }
}

/// See `tenure lease break`.
pub(super) async fn break_lease(cluster: &Admin, asked: &LeaseBreak) -> Result<Broken, Failure> {
    let lease = only(cluster, asked.client, asked.key).await?;
    let (name, client, into) = (&lease.name, &lease.client, asked.to);
    confirmed(&asked.consent, &format!("Client {client} has {} on '{name}', and will be left {}.", lease.state, left(into)))?;
    let guid = client.parse().map_err(|_| Failure::Refused(format!("the cluster named an odd client: {client}")))?;
    let done = cluster.break_lease(guid, asked.key, into, &asked.consent.reason).await?;
    let before = Caching::from_bits(done.before).map_or_else(|| format!("{:#x}", done.before), |state| state.to_string());
    let lease = done.lease.map(|entry| LeaseReport::new(&entry, done.log_time_ms));
    let message = match &lease {
        None => format!("client {client} could not be told, and lost its opens under the lease on '{name}'"),
        Some(LeaseReport { breaking: Some(_), .. }) => {
            format!("the lease on '{name}' breaks: {}", lease.as_ref().map(LeaseReport::state_for_people).unwrap_or_default())
        }
        Some(LeaseReport { state, .. }) if *state == before => format!("the lease on '{name}' is {state}, and stays so"),
        Some(LeaseReport { state, .. }) => format!("the lease on '{name}' was {before} and is {state}"),
    };
    Ok(Broken { lease, before, index: done.index, message })
}

fn left(into: Caching) -> String {
    if into == Caching::None { "nothing".to_owned() } else { format!("{into} of it at most") }
}

/// A client that was thrown out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Evicted {
    /// What it had just before.
    pub(crate) had: Option<ClientReport>,
    /// The position in the log at which it was thrown out.
    pub(crate) index: u64,
    /// The same as a sentence.
    pub(crate) message: String,
}

impl Report for Evicted {
    fn for_people(&self) -> String {
        self.message.clone()
    }
}

/// See `tenure client evict`.
pub(super) async fn evict(cluster: &Admin, asked: &ClientEvict) -> Result<Evicted, Failure> {
    let client = asked.client;
    if !asked.consent.yes {
        let had = find(cluster, asked).await?;
        let what = format!("Client {client} will lose {}, unwritten data included, and its connections.", has(&had));
        confirmed(&asked.consent, &what)?;
    }
    let done = cluster.evict(client, &asked.consent.reason).await?;
    let had = done.had.map(|entry| ClientReport::new(&entry, 0));
    let lost = had.as_ref().map(has).unwrap_or_default();
    let message = format!("client {client} has lost {lost}; its SMB servers are told to drop its connections");
    Ok(Evicted { had: had.map(|had| ClientReport { barred_ms: None, ..had }), index: done.index, message })
}

fn has(client: &ClientReport) -> String {
    format!("{}, {} and {}", count(client.opens, "open"), count(client.leases, "lease"), count(client.sessions, "session"))
}

/// What a client has.
async fn find(cluster: &Admin, asked: &ClientEvict) -> Result<ClientReport, Failure> {
    let list = crate::cli::ClientList { limit: usize::MAX, stale: false, remote: asked.remote.clone() };
    let client = asked.client.to_string();
    let found = super::clients::list(cluster, &list).await?.clients.into_iter().find(|report| report.client == client);
    found.ok_or_else(|| Failure::Refused(format!("no client {client} is known")))
}
