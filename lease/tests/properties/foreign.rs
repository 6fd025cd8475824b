//! What clients ask for that are not of SMB, from few values so that they meet.

use std::time::Duration;

use lease::{
    Command, Delegation, FileId, FileKey, ForeignAccess, NfsClient, NfsLock, NfsOwner, NfsOwnerId, NfsUnlock, OpenId, SessionId,
    VolumeId,
};
use proptest::prelude::*;

use crate::garbage::{allocation, operation, range, range_lock};

/// A lock owner: one of two of three clients, who are the clients of SMB of these numbers.
pub(crate) fn owner() -> impl Strategy<Value = NfsOwner> {
    (0..3_u128, 0..2_u128)
        .prop_map(|(client, owner)| NfsOwner { client: NfsClient::from_u128(client), owner: NfsOwnerId::from_u128(owner) })
}

/// Mostly none.
pub(crate) fn delegation() -> impl Strategy<Value = Option<Delegation>> {
    prop::option::weighted(0.2, prop_oneof![Just(Delegation::Read), Just(Delegation::Write)])
}

/// Any of it, about these files.
pub(crate) fn command(file: &BoxedStrategy<FileKey>, parent: &BoxedStrategy<Option<FileId>>) -> BoxedStrategy<Command> {
    let odd = || prop::bool::weighted(0.1);
    let access = (file.clone(), parent.clone(), operation())
        .prop_map(|(file, parent, operation)| Command::ForeignAccess(ForeignAccess { file, parent, operation }));
    let name = prop_oneof![60 => Just("name".to_owned()), 1 => Just("x".repeat(3000))];
    let lock = (file.clone(), name, owner(), range_lock(), any::<bool>(), odd(), allocation()).prop_map(
        |(file, name, owner, lock, wait, reclaim, allocation)| {
            Command::NfsLock(NfsLock { file, name: name.into(), owner, lock, wait, reclaim, allocation })
        },
    );
    let unlock =
        (file.clone(), owner(), range()).prop_map(|(file, owner, range)| Command::NfsUnlock(NfsUnlock { file, owner, range }));
    let volume = || (0..2_u64).prop_map(VolumeId::new);
    let duration = prop_oneof![9 => (0..5000_u64).prop_map(Duration::from_millis), 1 => Just(Duration::MAX)];
    prop_oneof![
        8 => access,
        12 => lock,
        6 => unlock,
        1 => (0..3_u128).prop_map(|client| Command::ReleaseNfsClient { client: NfsClient::from_u128(client) }),
        4 => (1..4_u64, 1..12_u64).prop_map(|(session, open)| Command::ReturnDelegation {
            session: SessionId::new(session),
            open: OpenId::new(open),
        }),
        1 => (volume(), duration).prop_map(|(volume, duration)| Command::DeclareGrace { volume, duration }),
        2 => volume().prop_map(|volume| Command::EndGrace { volume }),
    ]
    .boxed()
}
