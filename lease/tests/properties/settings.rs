//! Settings, sensible and not.

use std::time::Duration;

use lease::{Settings, ShareId, ShareSettings};
use proptest::collection::btree_map;
use proptest::prelude::*;

fn maybe(span: BoxedStrategy<Duration>) -> BoxedStrategy<Option<Duration>> {
    prop_oneof![3 => Just(None), 1 => span.prop_map(Some)].boxed()
}

fn share(span: &BoxedStrategy<Duration>) -> BoxedStrategy<ShareSettings> {
    let flags = prop::array::uniform6(any::<bool>());
    (flags, maybe(span.clone()), maybe(span.clone()), maybe(span.clone()), maybe(span.clone()))
        .prop_map(|(flags, breaks, leases, oplocks, durable)| ShareSettings {
            force_level2_oplock: flags[0],
            restrict_exclusive_opens: flags[1],
            force_shared_delete: flags[2],
            continuously_available: flags[3],
            scale_out: flags[4],
            stages_share_epoch: flags[5],
            break_timeout: breaks,
            persistent_lease_break_timeout: leases,
            persistent_oplock_break_timeout: oplocks,
            durable_timeout: durable,
        })
        .boxed()
}

/// Settings with times like these, for shares with small numbers; 0 is the one that nothing can be set for.
pub(crate) fn settings(span: &BoxedStrategy<Duration>) -> BoxedStrategy<Settings> {
    let shares = btree_map((0..4_u64).prop_map(ShareId::new), share(span), 0..4);
    let times = (span.clone(), span.clone(), span.clone(), span.clone(), span.clone());
    (times, 0..4_u32, span.clone(), shares)
        .prop_map(
            |((break_timeout, leases, oplocks, recall_timeout, durable_timeout), timeouts_until_barred, barred_for, shares)| {
                Settings {
                    break_timeout,
                    persistent_lease_break_timeout: leases,
                    persistent_oplock_break_timeout: oplocks,
                    recall_timeout,
                    durable_timeout,
                    timeouts_until_barred,
                    barred_for,
                    shares,
                }
            },
        )
        .boxed()
}
