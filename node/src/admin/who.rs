//! `tenure file who`.

use lease::{Incarnation, OpenId, RequestId, Sequence, ServerId, SessionId, Share};
use rpc::client::Admin;
use rpc::proto::v1 as pb;
use serde::Serialize;

use super::leases::{LeaseReport, file_name, id16};
use crate::cli::FileWho;
use crate::exit::Failure;
use crate::output::{Report, count, table};

/// See `tenure file who`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct WhoReport {
    /// The files; one for each stream.
    pub(crate) files: Vec<FileReport>,
    /// The position in the log that the answer is as new as, at least.
    pub(crate) applied_index: u64,
}

/// One stream of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct FileReport {
    /// The file, as `vol1/<id>`.
    pub(crate) file: String,
    /// Its path, for display.
    pub(crate) name: String,
    /// Whether it is a directory.
    pub(crate) directory: bool,
    /// Whether it goes when its last open is closed.
    pub(crate) delete_pending: bool,
    /// Its opens, or the first of them.
    pub(crate) opens: Vec<OpenReport>,
    /// How many opens there are.
    pub(crate) opens_count: u32,
    /// Its leases.
    pub(crate) leases: Vec<LeaseReport>,
    /// What waits, first in first out.
    pub(crate) parked: Vec<ParkedReport>,
}

/// An open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct OpenReport {
    /// The open, as `o5`.
    pub(crate) open: String,
    /// Its session, as `s17`; none while it waits for its client to come back.
    pub(crate) session: Option<String>,
    /// The client, 32 hexadecimal digits.
    pub(crate) client: String,
    /// The key of its lease, 32 hexadecimal digits.
    pub(crate) key: Option<String>,
    /// Its legacy oplock: `level II`, `exclusive` or `batch`.
    pub(crate) oplock: Option<&'static str>,
    /// Its delegation: `read delegation` or `write delegation`.
    pub(crate) delegation: Option<&'static str>,
    /// What it may do, as the bits of SMB in hexadecimal.
    pub(crate) access: String,
    /// What it lets others do, as letters of `RWD`.
    pub(crate) share: String,
    /// Whether it survives the loss of its connection: `durable` or `persistent`.
    pub(crate) durable: Option<&'static str>,
    /// While it waits for its client to come back: when it is closed, in milliseconds of log time.
    pub(crate) waits_until_ms: Option<u64>,
}

/// A request that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ParkedReport {
    /// The request, as `srv4.i7.q9`.
    pub(crate) request: String,
    /// The client, 32 hexadecimal digits; none of what is done without an open.
    pub(crate) client: Option<String>,
    /// What it asks for.
    pub(crate) what: String,
}

impl OpenReport {
    fn new(entry: &pb::OpenEntry) -> OpenReport {
        OpenReport {
            open: OpenId::new(entry.open).to_string(),
            session: (entry.session > 0).then(|| SessionId::new(entry.session).to_string()),
            client: id16(&entry.client),
            key: entry.key.as_deref().map(id16),
            oplock: match entry.oplock() {
                pb::OplockLevel::Unspecified => None,
                pb::OplockLevel::Ii => Some("level II"),
                pb::OplockLevel::Exclusive => Some("exclusive"),
                pb::OplockLevel::Batch => Some("batch"),
            },
            delegation: match entry.delegation() {
                pb::Delegation::Unspecified => None,
                pb::Delegation::Read => Some("read delegation"),
                pb::Delegation::Write => Some("write delegation"),
            },
            access: format!("{:#010x}", entry.access),
            share: Share(u8::try_from(entry.share).unwrap_or_default()).to_string(),
            durable: entry.durable.as_ref().map(|durable| if durable.persistent { "persistent" } else { "durable" }),
            waits_until_ms: entry.waits_until_ms,
        }
    }
}

impl ParkedReport {
    fn new(entry: &pb::ParkedEntry) -> ParkedReport {
        let request = RequestId {
            server: ServerId::new(entry.server),
            incarnation: Incarnation::new(entry.incarnation),
            sequence: Sequence::new(entry.sequence),
        };
        ParkedReport {
            request: request.to_string(),
            client: (!entry.client.is_empty()).then(|| id16(&entry.client)),
            what: entry.what.clone(),
        }
    }
}

impl FileReport {
    /// The file of the wire; `now` is log time in milliseconds.
    fn new(entry: &pb::FileEntry, now: u64) -> FileReport {
        FileReport {
            file: entry.file.as_ref().map(file_name).unwrap_or_default(),
            name: entry.name.clone(),
            directory: entry.directory,
            delete_pending: entry.delete_pending,
            opens: entry.opens.iter().map(OpenReport::new).collect(),
            opens_count: entry.opens_count,
            leases: entry.leases.iter().map(|lease| LeaseReport::new(lease, now)).collect(),
            parked: entry.parked.iter().map(ParkedReport::new).collect(),
        }
    }

    /// The lease of an open, as it stands, or its oplock or delegation.
    fn caching_of(&self, open: &OpenReport) -> String {
        let lease = self.leases.iter().find(|lease| open.key.as_ref() == Some(&lease.key) && lease.client == open.client);
        match (lease, open.oplock.or(open.delegation)) {
            (Some(lease), _) => lease.state_for_people(),
            (None, Some(own)) => own.to_owned(),
            (None, None) => "-".to_owned(),
        }
    }
}

/// See `tenure file who`.
pub(super) async fn who(cluster: &Admin, asked: &FileWho) -> Result<WhoReport, Failure> {
    let answer = match asked.key() {
        Some(key) => cluster.who_has(&key, asked.stale).await,
        None => cluster.who_has_named(&asked.file, asked.stale).await,
    };
    let answer = answer.map_err(Failure::unanswered)?;
    let files = answer.files.iter().map(|entry| FileReport::new(entry, answer.log_time_ms)).collect();
    Ok(WhoReport { files, applied_index: answer.applied_index })
}

impl OpenReport {
    /// `s17`, `s17 durable`, or `away, durable` while it waits for its client to come back.
    fn session_for_people(&self) -> String {
        match (&self.session, self.durable) {
            (Some(session), None) => session.clone(),
            (Some(session), Some(durable)) => format!("{session} {durable}"),
            (None, durable) => format!("away, {}", durable.unwrap_or("kept")),
        }
    }
}

impl Report for FileReport {
    fn for_people(&self) -> String {
        let mut kind = if self.directory { "directory, ".to_owned() } else { String::new() };
        if self.delete_pending {
            kind += "to be deleted, ";
        }
        let opens = self.opens.iter().map(|open| {
            let session = open.session_for_people();
            let who = [&open.open, &self.caching_of(open), &open.access, &open.share, &session, &open.client];
            who.into_iter().cloned().collect()
        });
        let mut text = format!("{} ({kind}{})\n", self.name, self.file);
        text += &table(&["OPEN", "CACHES", "ACCESS", "SHARES", "SESSION", "CLIENT"], opens);
        if !self.parked.is_empty() {
            let parked = self.parked.iter().map(|parked| {
                let client = parked.client.clone().unwrap_or_else(|| "-".to_owned());
                vec![parked.request.clone(), parked.what.clone(), client]
            });
            text = format!("{text}\n\n{}", table(&["WAITING", "WHAT", "CLIENT"], parked));
        }
        let (shown, all) = (self.opens.len(), u64::from(self.opens_count));
        if shown as u64 == all { text } else { format!("{text}\n\n{shown} of {} shown", count(all, "open")) }
    }
}

impl Report for WhoReport {
    fn for_people(&self) -> String {
        if self.files.is_empty() {
            return "Nobody has it".to_owned();
        }
        self.files.iter().map(Report::for_people).collect::<Vec<_>>().join("\n\n")
    }
}

#[cfg(test)]
#[path = "who_tests.rs"]
mod tests;
