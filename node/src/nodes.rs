//! Questions to one particular node, as opposed to the cluster: who it is, how far it is, what its table hashes to.

use std::collections::BTreeMap;
use std::time::Duration;

use rpc::proto::v1 as pb;
use rpc::proto::v1::admin_service_client::AdminServiceClient;
use tokio::task::JoinSet;
use tonic::transport::{Channel, Endpoint};

/// Asks the node at this address what it knows.
///
/// # Errors
///
/// A sentence, when it does not answer within `timeout`.
pub(crate) async fn status(address: &str, timeout: Duration) -> Result<pb::StatusResponse, String> {
    within(timeout, address, async { Ok(connect(address).await?.status(pb::StatusRequest {}).await.map_err(said)?.into_inner()) }).await
}

/// Asks the node at this address for the hash of its table.
///
/// # Errors
///
/// A sentence, when it does not answer within `timeout`.
pub(crate) async fn state_hash(address: &str, timeout: Duration) -> Result<pb::StateHashResponse, String> {
    let asked = async { Ok(connect(address).await?.state_hash(pb::StateHashRequest {}).await.map_err(said)?.into_inner()) };
    within(timeout, address, asked).await
}

/// Puts one question to several nodes at once.
pub(crate) async fn all<K, T, F>(addresses: &BTreeMap<K, String>, ask: impl Fn(String) -> F) -> BTreeMap<K, Result<T, String>>
where
    K: Ord + Copy + Send + 'static,
    T: Send + 'static,
    F: Future<Output = Result<T, String>> + Send + 'static,
{
    let mut asked = JoinSet::new();
    for (key, address) in addresses {
        let (key, answer) = (*key, ask(address.clone()));
        asked.spawn(async move { (key, answer.await) });
    }
    asked.join_all().await.into_iter().collect()
}

async fn connect(address: &str) -> Result<AdminServiceClient<Channel>, String> {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).map_err(|_| format!("'{address}' is no address"))?;
    let channel = endpoint.connect().await.map_err(|_| format!("nobody answers at {address}"))?;
    Ok(AdminServiceClient::new(channel))
}

#[expect(clippy::needless_pass_by_value, reason = "the form that map_err wants")]
fn said(status: tonic::Status) -> String {
    status.message().to_owned()
}

async fn within<T>(timeout: Duration, address: &str, answer: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    tokio::time::timeout(timeout, answer).await.unwrap_or_else(|_| Err(format!("no answer from {address} in time")))
}
