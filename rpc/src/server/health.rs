//! Health: a node serves if it knows a leader and has caught up with it.

use std::time::Duration;

use raft::{Consistency, Coordinator};
use tokio_util::sync::CancellationToken;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::server::HealthReporter;

use crate::proto::v1::admin_service_server::AdminServiceServer;
use crate::proto::v1::lease_service_server::LeaseServiceServer;
use crate::service::{Admin, Leases};

/// How often a node that serves proves anew that it can, and how long the proof may take.
const PROOF: Duration = Duration::from_secs(1);
/// How often a node that cannot serve tries again.
const RETRY: Duration = Duration::from_millis(200);

/// The health service, kept up to date until `shutdown`.
pub(super) async fn service(coordinator: Coordinator, shutdown: CancellationToken) -> HealthServer<impl Health> {
    let (reporter, service) = tonic_health::server::health_reporter();
    // A new reporter says that all is well; nobody must hear that before it is proven.
    set(&reporter, false).await;
    tokio::spawn(async move {
        shutdown.run_until_cancelled(report(&coordinator, &reporter)).await;
        set(&reporter, false).await;
    });
    service
}

/// Proves by a read index, again and again and at each change of the leader, that the node has caught up with a leader that has a
/// quorum. To know a leader is not enough: a node that is cut off goes on knowing the last one.
async fn report(coordinator: &Coordinator, reporter: &HealthReporter) {
    let mut leader = coordinator.leader();
    loop {
        let known = leader.borrow_and_update().is_some();
        let read = coordinator.read(Consistency::Linearizable, |_| ());
        let caught_up = known && matches!(tokio::time::timeout(PROOF, read).await, Ok(Ok(())));
        set(reporter, caught_up).await;
        let pause = if caught_up { PROOF } else { RETRY };
        if let Ok(Err(_)) = tokio::time::timeout(pause, leader.changed()).await {
            return;
        }
    }
}

/// Says it for the node as a whole (the empty name) and for each service that depends on it.
async fn set(reporter: &HealthReporter, serving: bool) {
    let status = if serving { tonic_health::ServingStatus::Serving } else { tonic_health::ServingStatus::NotServing };
    reporter.set_service_status("", status).await;
    if serving {
        reporter.set_serving::<LeaseServiceServer<Leases>>().await;
        reporter.set_serving::<AdminServiceServer<Admin>>().await;
    } else {
        reporter.set_not_serving::<LeaseServiceServer<Leases>>().await;
        reporter.set_not_serving::<AdminServiceServer<Admin>>().await;
    }
}
