//! Records to a state and back.

use std::time::Duration;

use super::world::{World, leased};
use crate::{
    ByteRange, Caching, Command, Disposition, Lock, LockSequence, Open, Outcome, Piece, RangeLock, Record, Records, RestoreError,
    SessionId, State,
};

fn records(state: &State) -> Vec<Record> {
    let view = state.view();
    let mut records: Vec<Record> = view.groups().flat_map(|group| view.records(&group)).collect();
    records.sort();
    records
}

/// Locks of two opens of a file, one of them waited for.
fn locks(world: &mut World, one: SessionId, two: SessionId) {
    let third = |session| Open { file: super::world::file(3), ..super::world::open(session) };
    let mut opens = [(1, one), (2, two)].map(|(server, session)| match world.outcome(server, Command::Open(third(session))) {
        Ok(Outcome::Opened { open, .. }) => (server, session, open),
        other => panic!("{other:?}"),
    });
    for (server, session, open) in &mut opens {
        let lock = RangeLock { range: ByteRange::new(5, 10), exclusive: true };
        let sequence = LockSequence::new(1, 3);
        let lock = Lock { session: *session, open: *open, locks: vec![lock], wait: true, sequence, allocation: 8 };
        world.ask(*server, Command::Lock(lock));
    }
    assert_eq!(world.state.counts().locks, 1, "one is held");
    assert!(world.state.locks_from((0, 0)).any(|lock| lock.waiting), "one waits");
}

/// Something of everything: a break in its first stage and what waits for it, a revoked lease, an ended server.
fn busy() -> World {
    let mut world = World::new();
    world.apply(None, Command::Configure(super::world::settings()));
    world.ask(3, Command::StartServer { ttl: super::world::TTL });
    world.ask(3, Command::StopServer);
    let (one, two) = (world.session(1, 1, 1), world.session(2, 2, 1));
    world.session(2, 1, 2);
    world.ask(1, Command::Open(leased(one, 0xa, Caching::RWH)));
    world.ask(2, Command::Open(leased(two, 0xb, Caching::RH)));
    world.advance(Duration::from_secs(35));
    let other = |session, key| Open { file: super::world::file(2), ..leased(session, key, Caching::RWH) };
    world.ask(1, Command::Open(other(one, 0xc)));
    world.ask(2, Command::Open(other(two, 0xd)));
    world.ask(2, Command::Open(Open { disposition: Disposition::Overwrite, ..other(two, 0xe) }));
    locks(&mut world, one, two);
    world
}

/// In any order, the records make the same state, which goes on in the same way.
#[test]
fn a_state_comes_back_in_any_order() {
    let mut world = busy();
    let sorted = records(&world.state);
    let reversed: Vec<Record> = sorted.iter().rev().cloned().collect();
    let mut interleaved: Vec<Record> = sorted.iter().step_by(2).cloned().collect();
    interleaved.extend(sorted.iter().skip(1).step_by(2).cloned());
    let mut copies = [sorted.clone(), reversed, interleaved].map(|order| State::restore(order).unwrap());
    for copy in &copies {
        assert_eq!(records(copy), sorted);
        assert_eq!(copy.hash(), world.state.hash());
        assert_eq!(copy.next_deadline(), world.state.next_deadline());
        assert_eq!(copy.settings(), world.state.settings());
        assert_eq!(*copy.settings(), super::world::settings());
        assert_eq!(*copy.settings_shared(), super::world::settings());
        copy.check().unwrap();
    }
    let (now, at) = (world.now, world.now.after(Duration::from_secs(40)));
    let goes_on = world.state.apply(&crate::Entry { at, request: None, command: Command::Tick });
    assert!(goes_on.len() > 2, "the story is about something: {goes_on:?}");
    for copy in &mut copies {
        assert!(copy.take_touched().is_empty(), "nothing has changed yet");
        assert_eq!(copy.now(), now);
        assert_eq!(copy.apply(&crate::Entry { at, request: None, command: Command::Tick }), goes_on);
        assert_eq!(copy.hash(), world.state.hash());
    }
}

/// Shares records out among so many pieces, one after the other.
fn share_out(records: &[Record], count: usize) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = (0..count).map(|_| Piece::default()).collect();
    for (at, record) in records.iter().enumerate() {
        let mut batch = Records::default();
        batch.push(&record.key, &record.value);
        pieces[at % count].read(&batch).unwrap();
    }
    pieces
}

/// Which piece read which record, even of one file, and on how many threads the state is put together, makes no difference.
#[test]
fn pieces_make_the_same_state() {
    let mut world = busy();
    let before = records(&world.state);
    let at = world.now.after(Duration::from_secs(40));
    let tick = crate::Entry { at, request: None, command: Command::Tick };
    let mut copies: Vec<State> = [(1, 4), (2, 1), (3, 2), (7, 4), (before.len(), 3)]
        .map(|(pieces, threads)| State::assemble(share_out(&before, pieces), threads).unwrap())
        .into();
    let goes_on = world.state.apply(&tick);
    for copy in &mut copies {
        copy.check().unwrap();
        assert_eq!(records(copy), before);
        assert_eq!(copy.apply(&tick), goes_on);
        assert_eq!(copy.hash(), world.state.hash());
    }
}

/// A record that two pieces have read is noticed when they are put together.
#[test]
fn a_record_in_two_pieces_is_refused() {
    let whole = records(&busy().state);
    for record in &whole {
        let mut pieces = share_out(&whole, 1);
        pieces.extend(share_out(std::slice::from_ref(record), 1));
        assert_eq!(State::assemble(pieces, 2).unwrap_err(), RestoreError::Twice(record.key.clone()));
    }
}

/// A view stays as it was while the state goes on.
#[test]
fn a_view_does_not_move() {
    let mut world = busy();
    let (view, before) = (world.state.view(), records(&world.state));
    let hash = world.state.hash();
    world.advance(Duration::from_secs(700));
    assert_ne!(world.state.hash(), hash);
    assert_eq!(view.hash(), hash);
    let mut after: Vec<Record> = view.groups().flat_map(|group| view.records(&group)).collect();
    after.sort();
    assert_eq!(after, before);
}

/// What is missing, there twice or from another version is an error, not a state.
#[test]
fn odd_records_are_refused() {
    let whole = records(&busy().state);
    for (at, left_out) in whole.iter().enumerate() {
        let mut rest = whole.clone();
        rest.remove(at);
        let Ok(state) = State::restore(rest) else { continue };
        // What nothing else needs, an answer or a server, is missed by the hash alone.
        assert_ne!(state.hash(), busy().state.hash(), "{left_out:?}");
    }
    for record in &whole {
        let mut twice = whole.clone();
        twice.push(record.clone());
        assert_eq!(State::restore(twice).unwrap_err(), RestoreError::Twice(record.key.clone()));
        let mut newer = whole.clone();
        newer.retain(|other| other.key != record.key);
        // The version is the first field of every record: a tag, and a number of one byte.
        let mut value = record.value.clone();
        value[1] = 2;
        newer.push(Record { key: record.key.clone(), value });
        assert_eq!(State::restore(newer).unwrap_err(), RestoreError::Unreadable(record.key.clone()));
    }
    // A request waits once, whatever its ticket: that ends its key as the number of an open does.
    let mut waits_twice = whole.clone();
    let mut parked = whole.iter().find(|record| record.key.len() == 35 && record.key[26] == 3).unwrap().clone();
    parked.key[34] ^= 0x80;
    waits_twice.push(parked.clone());
    assert_eq!(State::restore(waits_twice).unwrap_err(), RestoreError::Twice(parked.key));
    // Opens are counted from 1: the number of one ends its key, behind the 26 bytes of the file and one for the kind of record.
    let mut numberless = whole;
    let open = numberless.iter_mut().find(|record| record.key.len() == 35 && record.key[26] == 1).unwrap();
    open.key[27..].fill(0);
    let key = open.key.clone();
    assert_eq!(State::restore(numberless).unwrap_err(), RestoreError::Unreadable(key));
    let odd = Record { key: vec![99, 1], value: Vec::new() };
    assert_eq!(State::restore([odd]).unwrap_err(), RestoreError::UnknownKey(vec![99, 1]));
    assert_eq!(State::restore([]).unwrap_err(), RestoreError::Missing("the settings"));
}

/// A flipped bit anywhere is an error or another hash, never the same state.
#[test]
fn a_flipped_bit_is_noticed() {
    let whole = records(&busy().state);
    let hash = busy().state.hash();
    for at in 0..whole.len() {
        for bit in 0..(whole[at].key.len() + whole[at].value.len()) * 8 {
            let mut flipped = whole.clone();
            let record = &mut flipped[at];
            let keys = record.key.len();
            let byte = if bit / 8 < keys { &mut record.key[bit / 8] } else { &mut record.value[bit / 8 - keys] };
            *byte ^= 1 << (bit % 8);
            if let Ok(state) = State::restore(flipped) {
                assert_ne!(state.hash(), hash, "bit {bit} of record {at}");
            }
        }
    }
}
