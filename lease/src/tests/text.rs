//! Text forms.

use std::time::Duration;

use crate::{Access, Command, ConnectionId, Generation, LeaseKey, Limit, Rejection, Share};

#[test]
fn commands_are_short() {
    let client = crate::ClientGuid::from_u128(1);
    let key = LeaseKey::from_u128(2);
    let generation = Some(Generation::new(3));
    let text = |command: Command| command.to_string().replace("000000000000000000000000000000", "");
    assert_eq!(text(Command::StartServer { ttl: Duration::from_secs(5) }), "start server for 5000 ms");
    assert_eq!(text(Command::Acknowledge { client, key, state: 3, generation }), "acknowledge 02 of 01 as 0x3 g3");
    assert_eq!(text(Command::Disconnect { connection: ConnectionId::new(7) }), "disconnect c7");
}

#[test]
fn rejections_say_what_is_the_matter() {
    assert_eq!(Rejection::LimitReached(Limit::OpensPerFile).to_string(), "limit reached: opens of a file");
    let stale = Rejection::StaleIncarnation { current: Some(crate::Incarnation::new(4)) };
    assert_eq!(stale.to_string(), "the server's life has ended; the current one is i4");
}

#[test]
fn modes_are_letters() {
    assert_eq!(Share(5).to_string(), "RD");
    assert_eq!(Share(0).to_string(), "-");
    assert_eq!(Access(Access::READ_DATA).to_string(), "0x1");
}
