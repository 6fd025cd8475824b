//! Sessions whose id the server has chosen.

use std::time::Duration;

use super::world::{World, client};
use crate::command::Command;
use crate::id::{ConnectionId, SessionId};
use crate::outcome::{Outcome, Rejection};

fn start(id: Option<SessionId>, connection: u64) -> Command {
    Command::StartSession {
        client: client(connection.into()),
        connection: ConnectionId::new(connection),
        user: None,
        previous: None,
        id,
    }
}

#[test]
fn a_server_names_its_sessions_and_no_two_have_one_name() {
    let mut world = World::new();
    let chosen = SessionId::new(SessionId::CHOSEN_MIN.get() + 5);
    for server in [1, 2] {
        world.ask(server, Command::StartServer { ttl: Duration::from_secs(60) });
    }
    assert_eq!(world.outcome(1, start(Some(chosen), 1)), Ok(Outcome::SessionStarted { session: chosen }));
    assert_eq!(world.outcome(2, start(Some(chosen), 2)), Err(Rejection::InvalidParameter), "it is another session's");
    assert_eq!(world.outcome(2, start(None, 2)), Ok(Outcome::SessionStarted { session: SessionId::new(1) }), "the count goes on");
    let counted = SessionId::new(SessionId::CHOSEN_MIN.get() - 1);
    assert_eq!(world.outcome(2, start(Some(counted), 2)), Err(Rejection::InvalidParameter), "the table may come to it");
    let lowest = SessionId::CHOSEN_MIN;
    assert_eq!(world.outcome(2, start(Some(lowest), 2)), Ok(Outcome::SessionStarted { session: lowest }));
    world.ask(1, Command::EndSession { session: chosen });
    assert_eq!(world.outcome(2, start(Some(chosen), 2)), Ok(Outcome::SessionStarted { session: chosen }), "it is free again");
}
