//! Questions to particular nodes, as opposed to the cluster: who each is, how far, and what its table hashes to.

use std::collections::BTreeMap;
use std::time::Duration;

use rpc::client::{Admin, AdminError};
use rpc::proto::v1 as pb;
use tokio::task::JoinSet;

/// Asks each of these nodes what it knows, all at once.
pub(crate) async fn statuses<K: Ord + Copy + Send + 'static>(
    addresses: &BTreeMap<K, String>,
    timeout: Duration,
) -> BTreeMap<K, Result<pb::StatusResponse, AdminError>> {
    all(addresses, |address| async move { Admin::new([&address], timeout).status_of(&address).await }).await
}

/// Asks each of these nodes for the hash of its table, all at once.
pub(crate) async fn state_hashes<K: Ord + Copy + Send + 'static>(
    addresses: &BTreeMap<K, String>,
    timeout: Duration,
) -> BTreeMap<K, Result<pb::StateHashResponse, AdminError>> {
    all(addresses, |address| async move { Admin::new([&address], timeout).state_hash(&address).await }).await
}

async fn all<K, T, F>(addresses: &BTreeMap<K, String>, ask: impl Fn(String) -> F) -> BTreeMap<K, T>
where
    K: Ord + Copy + Send + 'static,
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let mut asked = JoinSet::new();
    for (key, address) in addresses {
        let (key, answer) = (*key, ask(address.clone()));
        asked.spawn(async move { (key, answer.await) });
    }
    asked.join_all().await.into_iter().collect()
}
