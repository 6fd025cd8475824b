//! What was promised, checked at the end on the nodes themselves.

use std::collections::BTreeMap;
use std::time::Duration;

use raft::types::NodeId;
use rpc::client::{Admin, LeaseFilter};

use super::ledger::{Ledger, incoherent};
use super::timeline::Timeline;
use crate::admin::{compare, pages, survey};
use crate::exit::Failure;

/// How long a check may take.
const WITHIN: Duration = Duration::from_secs(10);

/// Prints each check and whether it held; fails if one did not.
pub(super) async fn check(timeline: &Timeline, addresses: &BTreeMap<NodeId, String>, ledger: &Ledger) -> Result<(), Failure> {
    timeline.act("What was checked");
    let cluster = Admin::new(addresses.values(), WITHIN);
    let mut failed = 0;
    let mut verdict = |held: bool, text: String, details: Vec<String>| {
        timeline.check(held, text);
        details.iter().take(5).for_each(|detail| timeline.tell(format!("            {detail}")));
        failed += u32::from(!held);
    };

    let by_number = addresses.iter().map(|(id, address)| (id.get(), address.clone())).collect();
    let hashes = compare(&by_number, WITHIN).await;
    let same = hashes.verdict();
    let all = addresses.keys().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let at = hashes.applied_index.map_or_else(String::new, |index| format!(" at entry {index}"));
    let hash = hashes.nodes.first().and_then(|node| node.hash.clone()).unwrap_or_default();
    verdict(
        hashes.equal,
        format!("the tables of {all} are the same{at}: {hash}"),
        same.err().map(|why| why.to_string()).into_iter().collect(),
    );

    let table = pages(&cluster, &LeaseFilter::default(), usize::MAX).await?.leases;
    let missing = ledger.missing(&table);
    verdict(missing.is_empty(), format!("every lease that a client was told it holds is in the table: {}", ledger.held()), missing);
    let surplus = ledger.surplus(&table);
    verdict(surplus.is_empty(), "the table has no lease that nobody was told of".to_owned(), surplus);
    let twice: Vec<String> = ledger.open_given_twice().map(|open| format!("{open} was given twice")).into_iter().collect();
    verdict(twice.is_empty(), format!("each of {} opens was answered once", ledger.opens()), twice);
    let conflicts = incoherent(&table);
    verdict(conflicts.is_empty(), "nobody caches writes on a file that somebody else caches".to_owned(), conflicts);

    let report = survey(&cluster, WITHIN).await?;
    let waiting = report.table.breaks_in_flight + report.table.parked_opens;
    verdict(waiting == 0, "no break is in flight and no open waits".to_owned(), Vec::new());
    let healthy = report.survives_failures == Some(1) && report.members.iter().all(|member| member.up);
    verdict(healthy, report.summary, Vec::new());
    if failed == 0 { Ok(()) } else { Err(Failure::Refused(format!("{failed} of the checks failed"))) }
}
