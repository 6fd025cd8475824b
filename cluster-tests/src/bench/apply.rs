//! The state machine alone: one thread, a million leases, the invariants of every touched file checked as in production.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use lease::{
    ClientGuid, Command, ConnectionId, Effect, Entry, Incarnation, LeaseKey, LogTime, NoticeNumber, OpenId, Outcome, Request,
    RequestId, Sequence, ServerId, SessionId, State,
};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::gateway::request;

/// Clients, each with one session.
const CLIENTS: u64 = 1000;
/// How often the set of touched records is emptied, as the checkpoint does.
const TOUCHED_EVERY: u64 = 65_536;

/// What the state machine did.
#[derive(Debug, Clone, Copy)]
pub struct Applied {
    /// Opens and closes applied in a second.
    pub per_second: f64,
    /// How many were applied.
    pub operations: u64,
}

struct Bench {
    state: State,
    sequence: u64,
    sessions: Vec<SessionId>,
}

impl Bench {
    fn apply(&mut self, command: Command) -> Result<Outcome> {
        self.sequence += 1;
        let sequence = Sequence::new(self.sequence);
        let id = RequestId { server: ServerId::new(1), incarnation: Incarnation::new(1), sequence };
        let request = Request { id, floor: sequence, notices_seen: NoticeNumber::new(0) };
        let at = LogTime::from_millis(self.sequence / 100);
        for effect in self.state.apply(&Entry { at, request: Some(request), command }) {
            if let Effect::Reply { to, outcome } = effect
                && to == id
            {
                return Ok(outcome?);
            }
        }
        bail!("the request was not answered at once")
    }

    fn open(&mut self, number: u64) -> Result<(SessionId, OpenId)> {
        let session = self.sessions[usize::try_from(number % CLIENTS)?];
        let key = LeaseKey::from_u128(number.into());
        let outcome = self.apply(Command::Open(request(session, number.into(), key, lease::Caching::RWH)))?;
        let Outcome::Opened { open, .. } = outcome else { bail!("not opened: {outcome:?}") };
        Ok((session, open))
    }
}

/// Fills a table and measures opens and closes on it, one after the other on random leases.
pub fn measure(leases: u64, operations: u64) -> Result<Applied> {
    let mut bench = Bench { state: State::new(), sequence: 0, sessions: Vec::new() };
    bench.apply(Command::StartServer { ttl: Duration::from_secs(600) })?;
    for number in 0..CLIENTS {
        let command = Command::StartSession {
            client: ClientGuid::from_u128(number.into()),
            connection: ConnectionId::new(number + 1),
            user: None,
            previous: None,
            id: None,
        };
        let Outcome::SessionStarted { session } = bench.apply(command)? else { bail!("no session") };
        bench.sessions.push(session);
    }
    let mut opens = Vec::with_capacity(usize::try_from(leases)?);
    for number in 0..leases {
        opens.push(bench.open(number)?);
    }
    drop(bench.state.take_touched());
    // Which ones, decided before the clock runs.
    let mut random = StdRng::seed_from_u64(1);
    let picks: Arc<[usize]> = (0..operations / 2).map(|_| random.random_range(0..opens.len())).collect();
    let started = Instant::now();
    for (number, pick) in (leases..).zip(picks.iter()) {
        let (session, open) = opens[*pick];
        ensure!(bench.apply(Command::Close { session, open })? == Outcome::Closed { delete: false });
        opens[*pick] = bench.open(number)?;
        if number % TOUCHED_EVERY == 0 {
            drop(bench.state.take_touched());
        }
    }
    let took = started.elapsed();
    ensure!(bench.state.violations() == 0, "an invariant does not hold");
    let operations = 2 * picks.len() as u64;
    Ok(Applied { per_second: operations as f64 / took.as_secs_f64(), operations })
}
