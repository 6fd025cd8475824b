//! The limits that no script can reach in reasonable time or words.

use std::time::Duration;

use lease::limits::{ANSWERS_PER_SERVER_MAX, SERVERS_MAX, SESSIONS_PER_SERVER_MAX};
use lease::{
    ClientGuid, Command, ConnectionId, Effect, Entry, Incarnation, Limit, LogTime, NoticeNumber, Outcome, Rejection, Request,
    RequestId, Sequence, ServerId, State,
};

const TTL: Duration = Duration::from_secs(600);

/// What a request of a server comes to; its floor never rises.
fn ask(state: &mut State, server: u64, sequence: usize, command: Command) -> Result<Outcome, Rejection> {
    let sequence = Sequence::new(sequence as u64);
    let id = RequestId { server: ServerId::new(server), incarnation: Incarnation::new(1), sequence };
    let request = Request { id, floor: Sequence::new(0), notices_seen: NoticeNumber::new(0) };
    let effects = state.apply(&Entry { at: LogTime::ZERO, request: Some(request), command });
    match effects.into_iter().last() {
        Some(Effect::Reply { to, outcome }) if to == id => outcome,
        other => panic!("{id} is answered: {other:?}"),
    }
}

#[test]
fn so_many_answers_are_remembered() {
    let mut state = State::new();
    assert!(ask(&mut state, 1, 1, Command::StartServer { ttl: TTL }).is_ok());
    for sequence in 2..=ANSWERS_PER_SERVER_MAX {
        assert!(ask(&mut state, 1, sequence, Command::RenewServer).is_ok());
    }
    assert!(ask(&mut state, 1, 1, Command::RenewServer).is_ok(), "the first is remembered as long as there is room");
    assert!(ask(&mut state, 1, ANSWERS_PER_SERVER_MAX + 1, Command::RenewServer).is_ok());
    assert_eq!(ask(&mut state, 1, 1, Command::RenewServer), Err(Rejection::Forgotten), "it is not carried out again");
    assert!(ask(&mut state, 1, 2, Command::RenewServer).is_ok(), "only the oldest is forgotten");
    state.check().expect("every invariant holds");
}

#[test]
fn so_many_servers_are_known() {
    let mut state = State::new();
    let last = SERVERS_MAX as u64;
    for server in 1..=last {
        assert!(ask(&mut state, server, 1, Command::StartServer { ttl: TTL }).is_ok());
    }
    let start = Command::StartServer { ttl: TTL };
    let full = Err(Rejection::LimitReached(Limit::Servers));
    assert_eq!(ask(&mut state, last + 1, 1, start.clone()), full);
    assert_eq!(ask(&mut state, 7, 2, Command::StopServer), Ok(Outcome::Stopped));
    assert!(ask(&mut state, last + 1, 2, start.clone()).is_ok(), "a life that has ended makes room");
    let unknown = Err(Rejection::StaleIncarnation { current: None });
    assert_eq!(ask(&mut state, 7, 3, Command::RenewServer), unknown, "it is forgotten for that");
    assert_eq!(ask(&mut state, last + 2, 1, start), full);
    state.check().expect("every invariant holds");
}

#[test]
fn so_many_sessions_are_one_servers() {
    let mut state = State::new();
    assert!(ask(&mut state, 1, 1, Command::StartServer { ttl: TTL }).is_ok());
    let session = |number: usize| {
        let (client, connection) = (ClientGuid::from_u128(number as u128), ConnectionId::new(number as u64));
        Command::StartSession { client, connection, user: None, previous: None, id: None }
    };
    for number in 0..SESSIONS_PER_SERVER_MAX {
        assert!(ask(&mut state, 1, number + 2, session(number)).is_ok());
    }
    let one_more = ask(&mut state, 1, SESSIONS_PER_SERVER_MAX + 2, session(SESSIONS_PER_SERVER_MAX));
    assert_eq!(one_more, Err(Rejection::LimitReached(Limit::SessionsPerServer)));
    assert!(ask(&mut state, 2, 1, Command::StartServer { ttl: TTL }).is_ok());
    assert!(ask(&mut state, 2, 2, session(SESSIONS_PER_SERVER_MAX)).is_ok(), "another server has sessions of its own");
}
