//! Carrying out one entry.
//!
//! The order of effects is part of the interface: first what expired, by deadline; then what the command did to others, then what
//! that set free (files in order, in each first in first out), and the command's own reply last. The one exception is an
//! acknowledgement: its reply comes first, since the response has to be on the wire before the next stage of the break (LS-102).

mod access;
mod acknowledge;
mod app;
mod breaks;
mod cancel;
mod close;
mod contain;
mod delegation;
mod delete;
mod demand;
mod doubt;
mod evict;
mod expire;
mod grace;
mod grant;
mod handle;
mod kept;
mod lapse;
mod limits;
mod lock;
mod nfs_lock;
mod open;
mod operate;
mod oplock;
mod parent;
mod park;
mod policy;
mod readdress;
mod reconnect;
mod release;
mod replay;
mod request;
mod resume;
mod server;
mod session;
mod sharing;
mod timeout;
mod undeliverable;
mod unreachable;

use std::collections::{BTreeSet, VecDeque};

use crate::command::{Command, Entry};
use crate::effect::Effect;
use crate::id::{FileKey, RequestId};
use crate::state::{Answer, State};

pub(crate) use breaks::{told_breaking, told_notice};
#[cfg(test)]
pub(crate) use contain::give_up_caching;
pub(crate) use delete::told_deletion;
pub(crate) use evict::told_evicted;

/// One entry being carried out.
struct Step<'a> {
    state: &'a mut State,
    effects: Vec<Effect>,
    /// Files on which a break was resolved or an owner has gone: their parked opens may go on.
    wake: BTreeSet<FileKey>,
    /// What is to be taken from others when the command has done what it does.
    claims: VecDeque<parent::Claim>,
}

impl Step<'_> {
    fn new(state: &mut State) -> Step<'_> {
        Step { state, effects: Vec::new(), wake: BTreeSet::new(), claims: VecDeque::new() }
    }
}

impl State {
    /// Carries out one entry: log time goes on to the entry's, everything due by then expires, then the command is carried out.
    ///
    /// A command of a server that is not named by a [`Request`](crate::Request) does nothing, and neither does one of the cluster's
    /// that is: it is answered with `InvalidParameter`.
    #[must_use]
    pub fn apply(&mut self, entry: &Entry) -> Vec<Effect> {
        let effects = self.apply_unchecked(entry);
        self.contain_violations(effects)
    }

    /// The same without a look at the invariants.
    pub(crate) fn apply_unchecked(&mut self, entry: &Entry) -> Vec<Effect> {
        let mut step = Step::new(self);
        let now = step.state.now().max(entry.at);
        step.state.meta_mut().now = now;
        step.expire();
        match (&entry.request, &entry.command) {
            (Some(request), command) => step.request(request, command),
            (None, Command::Configure(settings)) => step.state.configure(settings.clone()),
            (None, Command::BreakLease { client, key, into }) => step.break_lease(*client, *key, *into),
            (None, Command::Evict { client }) => step.evict(*client),
            (None, _) => (),
        }
        step.effects
    }
}

impl Step<'_> {
    /// Carries out a request that is carried out for the first time. Without an answer it is parked, or answered already.
    fn carry_out(&mut self, id: RequestId, command: &Command) -> Option<Answer> {
        match command {
            Command::Tick | Command::Configure(_) | Command::BreakLease { .. } | Command::Evict { .. } => {
                Some(Err(crate::Rejection::InvalidParameter))
            }
            Command::StartServer { ttl } => Some(self.renew_server(id, Some(*ttl))),
            Command::RenewServer => Some(self.renew_server(id, None)),
            Command::StopServer => Some(Ok(self.stop_server(id))),
            Command::StartSession { client, connection, user, previous, id: chosen } => {
                Some(self.start_session(id, (*client, *connection), user.as_ref(), *previous, *chosen))
            }
            Command::EndSession { session } => Some(self.end_session(id, *session)),
            Command::Disconnect { connection } => Some(Ok(self.disconnect(id, *connection))),
            Command::Open(open) => self.open(id, open),
            Command::Reconnect(asked) => self.reconnect(id, asked),
            Command::MakeResilient { session, open, timeout } => Some(self.make_resilient(id, *session, *open, *timeout)),
            Command::Deleted { file } => Some(Ok(self.deleted(file))),
            Command::Close { session, open } => Some(self.close(id, *session, *open)),
            Command::Operate { session, open, operation } => self.operate(id, *session, *open, operation),
            Command::ReturnDelegation { session, open } => self.return_delegation(id, *session, *open),
            Command::ForeignAccess(access) => self.access(id, access),
            Command::NfsLock(lock) => self.nfs_lock(id, lock),
            Command::NfsUnlock(unlock) => Some(self.nfs_unlock(unlock)),
            Command::ReleaseNfsClient { client } => Some(Ok(self.release_nfs_client(*client))),
            Command::Lock(lock) => self.lock(id, lock),
            Command::Unlock(unlock) => Some(self.unlock(id, unlock)),
            Command::Acknowledge { client, key, state, generation } => self.acknowledge(id, (*client, *key), *state, *generation),
            Command::AcknowledgeOplock { session, open, level, generation } => {
                self.acknowledge_oplock(id, (*session, *open), *level, *generation)
            }
            Command::DeclareGrace { volume, duration } => Some(self.declare_grace(*volume, *duration)),
            Command::EndGrace { volume } => Some(Ok(self.end_grace(*volume))),
            Command::Release { client, key } => Some(self.release(*client, *key)),
            Command::Cancel { sequence } => Some(Ok(self.cancel(id, *sequence))),
            Command::Undeliverable { connection, client, key, generation } => {
                Some(Ok(self.undeliverable(id, *connection, (*client, *key), *generation)))
            }
        }
    }

    /// Answers a request, and remembers what.
    fn reply(&mut self, to: RequestId, answer: Answer) {
        // An ended life is told, in case somebody still listens, but it can not ask again.
        if self.state.server(to.server).is_some_and(|server| server.incarnation == to.incarnation) {
            self.state.remember(to, answer.clone());
        }
        self.effects.push(Effect::Reply { to, outcome: answer });
    }
}
