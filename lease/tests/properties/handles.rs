//! Garbage about opens that are kept for their client, about whose they are, and from operators.

use std::sync::Arc;
use std::time::Duration;

use lease::{
    AppInstance, AppInstanceId, AppInstanceVersion, Caching, ClientGuid, Command, ConnectionId, CreateGuid, DurableRequest,
    FileKey, LeaseKey, LeaseRequest, Open, OpenId, Reconnect, SessionId, ShareId,
};
use proptest::prelude::*;

fn create_guid() -> impl Strategy<Value = CreateGuid> {
    (0..3_u128).prop_map(CreateGuid::from_u128)
}

/// None, short ones, and the longest there is.
fn timeout() -> BoxedStrategy<Duration> {
    prop_oneof![Just(Duration::ZERO), (1..60_000_u64).prop_map(Duration::from_millis), Just(Duration::MAX)].boxed()
}

fn durable() -> BoxedStrategy<DurableRequest> {
    let v2 = (create_guid(), timeout(), prop::bool::weighted(0.3))
        .prop_map(|(create_guid, timeout, persistent)| DurableRequest::V2 { create_guid, timeout, persistent });
    prop_oneof![1 => Just(DurableRequest::V1), 3 => v2].boxed()
}

fn app() -> BoxedStrategy<AppInstance> {
    let version = (0..2_u64, any::<u64>()).prop_map(|(high, low)| AppInstanceVersion { high, low });
    (0..2_u128, prop::option::of(version))
        .prop_map(|(id, version)| AppInstance { id: AppInstanceId::from_u128(id), version })
        .boxed()
}

/// The same opens, of which some ask to be kept.
pub(crate) fn kept(open: BoxedStrategy<Command>) -> BoxedStrategy<Command> {
    let durable = prop::option::weighted(0.4, durable());
    let app = prop::option::weighted(0.1, app());
    let options = prop_oneof![8 => Just(0_u32), 1 => 0..3_u32, 1 => any::<u32>()];
    (open, durable, app, prop::bool::weighted(0.1), 0..4_u64, options)
        .prop_map(|(open, durable, app, replay, share, options)| {
            let Command::Open(open) = open else { panic!("{open} is no open") };
            Command::Open(Open { durable, app, replay, share_id: ShareId::new(share), options, ..open })
        })
        .boxed()
}

/// Who asks, mostly one of few.
fn user() -> impl Strategy<Value = Option<Arc<str>>> {
    let name =
        prop_oneof![12 => Just("u1".to_owned()), 6 => Just("u2".to_owned()), 1 => Just(String::new()), 1 => Just("x".repeat(300))];
    prop::option::weighted(0.9, name.prop_map(Arc::from))
}

/// Commands about such opens.
pub(crate) fn command(file: &BoxedStrategy<FileKey>, lease: &BoxedStrategy<LeaseRequest>) -> BoxedStrategy<Command> {
    let seat = || (1..4_u64, 1..12_u64).prop_map(|(session, open)| (SessionId::new(session), OpenId::new(open)));
    let session = (client(), 0..4_u64, user(), prop::option::of((1..6_u64).prop_map(SessionId::new))).prop_map(
        |(client, connection, user, previous)| Command::StartSession {
            client,
            connection: ConnectionId::new(connection),
            user,
            previous,
            id: None,
        },
    );
    let ids = (seat(), prop::bool::weighted(0.9), prop::option::weighted(0.7, create_guid()), prop::bool::weighted(0.3));
    let reconnect = (ids, prop::option::weighted(0.8, file.clone()), prop::option::weighted(0.6, lease.clone())).prop_map(
        |(((session, open), known, create_guid, persistent), file, lease)| {
            Command::Reconnect(Reconnect { session, open: known.then_some(open), file, create_guid, persistent, lease })
        },
    );
    let resilient = (seat(), timeout()).prop_map(|((session, open), timeout)| Command::MakeResilient { session, open, timeout });
    let lease_broken = (client(), (0..3_u128).prop_map(LeaseKey::from_u128), (0..8_u32).prop_map(Caching::requested))
        .prop_map(|(client, key, into)| Command::BreakLease { client, key, into });
    prop_oneof![
        10 => session,
        10 => reconnect,
        3 => resilient,
        4 => file.clone().prop_map(|file| Command::Deleted { file }),
        4 => lease_broken,
        1 => client().prop_map(|client| Command::Evict { client }),
    ]
    .boxed()
}

fn client() -> impl Strategy<Value = ClientGuid> {
    (0..3_u128).prop_map(ClientGuid::from_u128)
}
