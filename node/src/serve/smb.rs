//! This node's SMB front end, if it has one: an SMB server like any other, attached to the node that it runs on.

use rpc::client::ServerOptions;
use smb::auth::{ServerNames, Users};
use smb::{ShareConfig, SmbServer};

use crate::config::Config;
use crate::exit::Failure;

/// Starts the front end.
pub(super) async fn start(config: &Config) -> Result<Option<SmbServer>, Failure> {
    let Some(wanted) = &config.smb else { return Ok(None) };
    let refused = |error: String| Failure::Refused(error);
    let users = match &wanted.users {
        None => Users::default(),
        Some(path) => Users::load(path).map_err(|error| refused(error.to_string()))?,
    };
    let shares = config.shares.iter().filter_map(|(id, share)| {
        let served = share.served.as_ref()?;
        Some(ShareConfig {
            name: share.name.clone(),
            path: served.path.clone(),
            volume: lease::VolumeId::new(id.get()),
            share: *id,
            anonymous: served.anonymous,
            read_only: served.read_only,
            continuously_available: share.settings.continuously_available,
        })
    });
    let front = smb::Config {
        names: ServerNames::new(&wanted.name),
        users,
        shares: shares.collect(),
        signing_required: wanted.signing_required,
        test_controls: wanted.test_controls,
        limits: wanted.limits.clone(),
        ..smb::Config::new(wanted.listen)
    };
    // This node first: another only while it is no part of the cluster.
    let others = config.members.iter().filter(|(node, _)| **node != config.node).map(|(_, address)| address.clone());
    let endpoints = std::iter::once(config.listen.to_string()).chain(others).chain(config.join.iter().cloned());
    let options = ServerOptions::new(wanted.server, endpoints);
    SmbServer::start(front, options).await.map(Some).map_err(|error| refused(error.to_string()))
}
