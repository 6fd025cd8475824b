//! What a server hears of an open that another has opened.

use std::sync::Arc;
use std::time::Duration;

use super::world::{World, client, file, open};
use crate::{
    Access, Command, ConnectionId, CreateAction, CreateGuid, DurableRequest, Open, OpenedAs, Operation, OplockLevel, Outcome,
    Reconnect, SessionId,
};

/// A session of a client of which its server says who it is.
fn of_user(world: &mut World, server: u64) -> SessionId {
    let user = Some(Arc::from("S-1-5-21"));
    let start = Command::StartSession { client: client(1), connection: ConnectionId::new(1), user, previous: None, id: None };
    let Ok(Outcome::SessionStarted { session }) = world.outcome(server, start) else { panic!("a session starts") };
    session
}

/// The file, its name as it is now, and what was granted and asked for come with an open that its client has back.
#[test]
fn who_serves_an_open_on_hears_what_it_is() {
    let mut world = World::new();
    let session = of_user(&mut world, 1);
    let durable = DurableRequest::V2 { create_guid: CreateGuid::from_u128(9), timeout: Duration::ZERO, persistent: false };
    let access = Access(Access::READ_DATA | Access::DELETE);
    let opened = world.outcome(
        1,
        Command::Open(Open {
            access,
            options: 0x1040,
            created: true,
            oplock: OplockLevel::Batch,
            durable: Some(durable),
            ..open(session)
        }),
    );
    let Ok(Outcome::Opened { open, before: None, .. }) = opened else { panic!("it was opened: {opened:?}") };
    let rename = Operation::Rename { name: Arc::from("old.doc"), parent: None, replaces: None };
    world.outcome(1, Command::Operate { session, open, operation: rename }).unwrap();
    let moved = Operation::Use { position: Some(4096) };
    world.outcome(1, Command::Operate { session, open, operation: moved }).unwrap();
    world.outcome(1, Command::Operate { session, open, operation: Operation::Use { position: None } }).unwrap();
    world.outcome(1, Command::Disconnect { connection: ConnectionId::new(1) }).unwrap();

    let session = of_user(&mut world, 2);
    let reconnect = Reconnect {
        session,
        open: Some(open),
        file: None,
        create_guid: Some(CreateGuid::from_u128(9)),
        persistent: false,
        lease: None,
    };
    let again = world.outcome(2, Command::Reconnect(reconnect));
    let Ok(Outcome::Reconnected { before, .. }) = again else { panic!("it came back: {again:?}") };
    let name = Arc::from("old.doc");
    let action = CreateAction::Created;
    assert_eq!(*before, OpenedAs { file: file(1), name, access, options: 0x1040, action, position: 4096 });
}
