//! `tenure lock list`.

use lease::{OpenId, SessionId};
use rpc::client::{Admin, LockFilter};
use rpc::proto::v1 as pb;
use serde::Serialize;

use super::leases::{PAGE, file_name, id16};
use crate::cli::LockList;
use crate::exit::Failure;
use crate::output::{Report, count, table};

/// One byte-range lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct LockReport {
    /// The file, as `vol1/<id>`.
    file: String,
    /// Its path, for display.
    name: String,
    /// The first byte.
    offset: u64,
    /// The length in bytes; 0 for a place between two bytes.
    length: u64,
    /// `exclusive` or `shared`.
    kind: &'static str,
    /// Whether it is still waited for.
    waiting: bool,
    /// The open that owns it, as `o5`; none if its owner is one of NFS.
    open: Option<String>,
    /// Its session, as `s17`; none if its owner is one of NFS.
    session: Option<String>,
    /// The owner of NFS, 32 hexadecimal digits; none if it is an open that owns it.
    nfs_owner: Option<String>,
    /// The client of the open or of NFS, 32 hexadecimal digits.
    client: String,
}

/// See `tenure lock list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct LocksReport {
    /// The locks, in the order in which they came.
    locks: Vec<LockReport>,
    /// Whether there are more than were asked for.
    more: bool,
    /// The position in the log that the answer is as new as, at least.
    applied_index: u64,
}

impl LockReport {
    /// The lock of the wire.
    fn new(entry: &pb::LockEntry) -> LockReport {
        let lock = entry.lock.unwrap_or_default();
        let range = lock.range.unwrap_or_default();
        let of_smb = entry.nfs_owner.is_empty();
        LockReport {
            file: entry.file.as_ref().map(file_name).unwrap_or_default(),
            name: entry.name.clone(),
            offset: range.offset,
            length: range.length,
            kind: if lock.exclusive { "exclusive" } else { "shared" },
            waiting: entry.waiting,
            open: of_smb.then(|| OpenId::new(entry.open).to_string()),
            session: of_smb.then(|| SessionId::new(entry.session).to_string()),
            nfs_owner: (!of_smb).then(|| id16(&entry.nfs_owner)),
            client: id16(&entry.client),
        }
    }

    /// The open, or the owner of NFS.
    fn owner_for_people(&self) -> String {
        let nfs = self.nfs_owner.as_ref().map(|owner| format!("nfs {owner}"));
        self.open.clone().or(nfs).unwrap_or_default()
    }

    /// `10-19`: the first and the last byte; `at 10` if there is none between.
    fn range_for_people(&self) -> String {
        match self.length {
            0 => format!("at {}", self.offset),
            length => format!("{}-{}", self.offset, self.offset.saturating_add(length - 1)),
        }
    }
}

/// See `tenure lock list`.
pub(super) async fn list(cluster: &Admin, asked: &LockList) -> Result<LocksReport, Failure> {
    let filter = LockFilter { client: asked.client, file: asked.file.clone(), waiting: asked.waiting, stale: asked.stale };
    let mut report = LocksReport { locks: Vec::new(), more: false, applied_index: 0 };
    let mut token = String::new();
    loop {
        let page = cluster.locks(&filter, PAGE, &token).await.map_err(Failure::unanswered)?;
        report.applied_index = page.applied_index;
        report.locks.extend(page.locks.iter().map(LockReport::new));
        token = page.next_page_token;
        if token.is_empty() || report.locks.len() > asked.limit {
            report.more = !token.is_empty() || report.locks.len() > asked.limit;
            report.locks.truncate(asked.limit);
            return Ok(report);
        }
    }
}

impl Report for LocksReport {
    fn for_people(&self) -> String {
        let rows = self.locks.iter().map(|lock| {
            vec![
                lock.name.clone(),
                lock.range_for_people(),
                lock.kind.to_owned(),
                if lock.waiting { "waiting" } else { "held" }.to_owned(),
                lock.owner_for_people(),
                lock.session.clone().unwrap_or_else(|| "-".to_owned()),
                lock.client.clone(),
            ]
        });
        let shown = table(&["FILE", "BYTES", "KIND", "STATE", "OWNER", "SESSION", "CLIENT"], rows);
        let number = count(u64::try_from(self.locks.len()).unwrap_or(u64::MAX), "lock");
        match (self.locks.is_empty(), self.more) {
            (true, _) => "No locks".to_owned(),
            (false, true) => format!("{shown}\n\n{number} shown, and there are more (--limit)"),
            (false, false) => format!("{shown}\n\n{number}"),
        }
    }
}

#[cfg(test)]
#[path = "locks_tests.rs"]
mod tests;
