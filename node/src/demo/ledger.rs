//! What the clients were told that they may cache: the table must say the same at the end, whatever died in between.

use std::collections::BTreeMap;

use lease::{Caching, ClientGuid, Grant, LeaseKey, OpenId};

use crate::admin::LeaseReport;

/// Every lease that was granted and not given back, by client and key in their text forms, and every open that was answered.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    leases: BTreeMap<(String, String), Caching>,
    opens: BTreeMap<OpenId, usize>,
}

impl Ledger {
    /// An open was answered, with this lease.
    pub(super) fn opened(&mut self, client: ClientGuid, open: OpenId, grant: Option<Grant>) {
        *self.opens.entry(open).or_default() += 1;
        if let Some(grant) = grant {
            self.leases.insert((client.to_string(), grant.key.to_string()), grant.state);
        }
    }

    /// The client's lease is now in this state: an acknowledgement was accepted, or it was revoked.
    pub(super) fn holds(&mut self, client: ClientGuid, key: LeaseKey, state: Caching) {
        self.leases.insert((client.to_string(), key.to_string()), state);
    }

    /// How many leases should be in the table with more than nothing.
    pub(super) fn held(&self) -> usize {
        self.leases.values().filter(|state| **state != Caching::None).count()
    }

    /// How many opens were answered.
    pub(super) fn opens(&self) -> usize {
        self.opens.len()
    }

    /// Whether an open was given to two requests, which would be one grant answered twice.
    pub(super) fn open_given_twice(&self) -> Option<OpenId> {
        self.opens.iter().find(|(_, times)| **times > 1).map(|(open, _)| *open)
    }

    /// Leases that the table lacks or has in another state than their client was told, as sentences. A revoked lease may be in the table
    /// with nothing left of it, or be gone.
    pub(super) fn missing(&self, table: &[LeaseReport]) -> Vec<String> {
        let in_table: BTreeMap<(&str, &str), &LeaseReport> =
            table.iter().map(|lease| ((lease.client.as_str(), lease.key.as_str()), lease)).collect();
        let differs = |((client, key), told): (&(String, String), &Caching)| {
            let found = in_table.get(&(client.as_str(), key.as_str())).map_or("-", |lease| lease.state.as_str());
            let told = told.to_string();
            (found != told).then(|| format!("client {client} key {key}: told {told}, and the table says {found}"))
        };
        self.leases.iter().filter_map(differs).collect()
    }

    /// Leases in the table of which no client was told, as sentences.
    pub(super) fn surplus(&self, table: &[LeaseReport]) -> Vec<String> {
        let unknown = |lease: &&LeaseReport| !self.leases.contains_key(&(lease.client.clone(), lease.key.clone()));
        table.iter().filter(unknown).map(|lease| format!("nobody was told of {} on {}", lease.state, lease.name)).collect()
    }
}

/// Files on which somebody may cache writes while somebody else may cache anything, as sentences.
pub(super) fn incoherent(table: &[LeaseReport]) -> Vec<String> {
    let mut files: BTreeMap<&str, Vec<&LeaseReport>> = BTreeMap::new();
    for lease in table.iter().filter(|lease| lease.state != "-") {
        files.entry(&lease.file).or_default().push(lease);
    }
    let conflicts = |leases: &Vec<&LeaseReport>| leases.len() > 1 && leases.iter().any(|lease| lease.state.contains('W'));
    files.values().filter(|leases| conflicts(leases)).map(|leases| format!("a writer is not alone on {}", leases[0].name)).collect()
}

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;
