//! The story: a lease is granted and broken, the leader dies in mid-break, and nothing is lost.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use lease::{Caching, Rejection};
use raft::types::NodeId;
use rpc::client::{CallError, Notice, PendingOpen};

use super::actors::{BUDGET, Client, Document, Gateway, REPORT, no, within};
use super::ledger::Ledger;
use super::pulse::{Pulse, longest_wait};
use super::stage::Stage;
use super::timeline::{Mood, Timeline, spoken};
use super::watch::{self, Leadership};
use crate::exit::Failure;

/// Everything on stage.
pub(super) struct Story<'a> {
    pub(super) timeline: &'a Timeline,
    pub(super) stage: &'a Stage,
    pub(super) break_timeout: Duration,
    pub(super) addresses: BTreeMap<NodeId, String>,
    pub(super) ledger: Ledger,
    /// Attached to the leader at first.
    pub(super) first: Gateway,
    /// Attached to another node all along.
    pub(super) second: Gateway,
}

/// A break that waits for its acknowledgement, and the open that waits for the break.
struct Pending {
    holder: Client,
    opener: Client,
    notice: lease::Break,
    open: PendingOpen,
    /// Just before the open was sent: the break cannot have begun earlier.
    asked: Instant,
}

impl Story<'_> {
    fn say(&self, mood: Mood, actor: &str, text: &str) {
        self.timeline.say(mood, actor, text);
    }

    /// Plays it all.
    pub(super) async fn play(&mut self) -> Result<(), Failure> {
        let pulse = Pulse::begin(self.second.server.clone(), self.second.connect(9).await?);
        self.say(
            Mood::Plain,
            &pulse.client.name,
            &format!("opens one file after the other through {}, all the time", self.second.place()),
        );
        self.timeline.act("A break");
        let c1 = self.first.connect(1).await?;
        let c2 = self.second.connect(2).await?;
        let pending = self.conflict(c1, c2.clone(), REPORT).await?;
        self.timeline.act("The leader dies before c1 answers");
        let leader = self.on_the_leader().await?;
        let killed_at = self.leader_dies(leader).await?;
        self.answered_elsewhere(pending).await?;
        self.timeline.act("A client that never answers");
        let c3 = self.first.connect(3).await?;
        let pending = self.conflict(c3, c2, BUDGET).await?;
        self.revoked(pending).await?;
        self.timeline.act("The dead node returns");
        self.returns(leader.node).await?;
        self.end_pulse(pulse, killed_at).await
    }

    /// The holder gets everything, the opener comes, the holder is told to come down and the opener has to wait.
    async fn conflict(&mut self, holder: Client, opener: Client, document: Document) -> Result<Pending, Failure> {
        let (name, at) = (document.name, self.first.place());
        let answer = within("a grant", self.first.server.open(holder.open(document, Caching::RWH))).await?.map_err(no)?;
        self.ledger.opened(holder.guid, answer.open, answer.lease);
        let granted = answer.lease.map(|grant| grant.state).unwrap_or_default();
        self.say(Mood::Good, &holder.name, &format!("opens {name} through {at}: granted {granted}"));
        expect(granted == Caching::RWH, || format!("{} was to be granted RWH, and got {granted}", holder.name))?;

        let asked = Instant::now();
        let mut open = self.second.server.begin_open(opener.open(document, Caching::RWH));
        let parked = within("an open to be parked", open.parked()).await?;
        self.say(
            Mood::Plain,
            &opener.name,
            &format!("opens {name} through {}: has to wait for {}", self.second.place(), holder.name),
        );
        expect(parked, || format!("{} was to wait, and was answered", opener.name))?;

        let key = holder.key(document);
        let wanted = |heard| if let Notice::Break { notice, .. } = heard { (notice.key == key).then_some(notice) } else { None };
        let notice = self.first.hear("a break notification", wanted).await?;
        self.say(
            Mood::Plain,
            &holder.name,
            &format!("is told through {} to come down from {} to {}", self.first.place(), notice.from, notice.into),
        );
        expect(notice.into == Caching::RH, || format!("{} was to come down to RH, and not to {}", holder.name, notice.into))?;
        Ok(Pending { holder, opener, notice, open, asked })
    }

    /// Who leads now. On a machine with much else to do that may have changed since the beginning: then the SMB servers move, so that
    /// the first is on the node that will die, and the second is not.
    async fn on_the_leader(&mut self) -> Result<Leadership, Failure> {
        let leader = within("a leader", watch::leader(&self.addresses, 0)).await?;
        if self.first.node() != Some(leader.node) {
            self.first.move_to(&self.addresses[&leader.node]).await?;
            self.say(Mood::Plain, &self.first.name, &format!("moves to {}, which leads by now", leader.node));
        }
        if self.second.node() == Some(leader.node) {
            let other = self.addresses.iter().find(|(id, _)| **id != leader.node).map(|(_, address)| address.clone());
            self.second.move_to(&other.expect("there are three nodes")).await?;
            self.say(Mood::Plain, &self.second.name, &format!("moves out of the way: it is {} now", self.second.place()));
        }
        Ok(leader)
    }

    /// SIGKILL to the node that leads and that c1 is reached through.
    async fn leader_dies(&mut self, leader: Leadership) -> Result<Instant, Failure> {
        let node = leader.node;
        self.stage.kill(node)?;
        let killed_at = Instant::now();
        self.say(Mood::Bad, &node.to_string(), "killed with SIGKILL: it led the cluster, and c1's answer has not been sent");
        let survivors: BTreeMap<NodeId, String> =
            self.addresses.iter().filter(|(id, _)| **id != node).map(|(id, address)| (*id, address.clone())).collect();
        let elected = watch::leader(&survivors, leader.term);
        let elected = within("a new leader", self.timeline.wait("no leader", None, elected)).await?;
        let without = spoken(elected.seen - killed_at);
        self.say(
            Mood::Good,
            &elected.node.to_string(),
            &format!("leads in term {}: the cluster was without a leader for {without}", elected.term),
        );
        let attached = |heard| if let Notice::Attached(to) = heard { (to.node != node).then_some(to.node) } else { None };
        let place =
            self.timeline.wait("the SMB server finds another node", None, self.first.hear("another node", attached)).await?;
        self.say(Mood::Plain, &self.first.name, &format!("lost its node and is attached to {place}; its clients noticed nothing"));
        Ok(killed_at)
    }

    /// c1 answers through another node than the one that told it, and c2 goes on.
    async fn answered_elsewhere(&mut self, pending: Pending) -> Result<(), Failure> {
        let Pending { holder, opener, notice, open, .. } = pending;
        let acknowledged = self.first.server.acknowledge(holder.guid, notice.key, notice.into, Some(notice.generation));
        let state = within("an acknowledgement", acknowledged).await?.map_err(no)?;
        self.ledger.holds(holder.guid, notice.key, state);
        self.say(Mood::Good, &holder.name, &format!("answers through {}: holds {state} from now on", self.first.place()));
        expect(state == Caching::RH, || format!("{} was to hold RH, and holds {state}", holder.name))?;
        let granted = self.goes_on(&opener, open).await?;
        self.say(
            Mood::Good,
            &opener.name,
            &format!("goes on: {} is open through {}, granted {granted}", notice.name, self.second.place()),
        );
        expect(granted == Caching::RH, || format!("{} was to be granted RH, and got {granted}", opener.name))
    }

    /// The parked open's answer.
    async fn goes_on(&mut self, opener: &Client, open: PendingOpen) -> Result<Caching, Failure> {
        let answer = within("a parked open to go on", open.finish()).await?.map_err(no)?;
        self.ledger.opened(opener.guid, answer.open, answer.lease);
        Ok(answer.lease.map(|grant| grant.state).unwrap_or_default())
    }

    /// Nobody answers the break: the holder loses its lease when the time is over, and its late answer is refused.
    async fn revoked(&mut self, pending: Pending) -> Result<(), Failure> {
        let Pending { holder, opener, notice, open, asked } = pending;
        let (name, timeout) = (&holder.name, self.break_timeout);
        let configured = format!("says nothing; it has {} here, and 35 s unless configured otherwise", spoken(timeout));
        self.say(Mood::Plain, name, &configured);
        let lost = |heard| matches!(heard, Notice::Revoked { revoked, .. } if revoked.key == notice.key).then_some(());
        let shown = format!("{name} does not answer");
        let revocation = self.first.hear_after(timeout, "a revocation", lost);
        self.timeline.wait(&shown, Some(timeout), revocation).await?;
        let waited = asked.elapsed();
        self.ledger.holds(holder.guid, notice.key, Caching::None);
        self.say(Mood::Bad, name, &format!("lost its lease on {} after {}", notice.name, spoken(waited)));
        let granted = self.goes_on(&opener, open).await?;
        self.say(
            Mood::Good,
            &opener.name,
            &format!("goes on: {} is open through {}, granted {granted}", notice.name, self.second.place()),
        );
        let late = self.first.server.acknowledge(holder.guid, notice.key, notice.into, Some(notice.generation));
        match within("a late answer", late).await? {
            Err(CallError::Rejected(why @ (Rejection::NotBreaking | Rejection::NoSuchLease))) => {
                self.say(Mood::Plain, name, &format!("answers after all, and is refused: {why}"));
            }
            other => return Err(Failure::Refused(format!("{name}'s late answer was to be refused, and came to {other:?}"))),
        }
        // Log time never runs faster than real time, so that no client is cut short.
        expect(waited >= timeout, || format!("{name} lost its lease after {}, too early", spoken(waited)))
    }

    /// The killed node starts again on what its disk has.
    async fn returns(&mut self, node: NodeId) -> Result<(), Failure> {
        let process = self.stage.start(node)?;
        self.say(Mood::Plain, &node.to_string(), &format!("starts again (process {process}) with what its disk has"));
        let began = Instant::now();
        let caught_up = self.timeline.wait("the node catches up", None, watch::caught_up(self.stage, &self.addresses, node));
        let applied = within("the killed node to catch up", caught_up).await??;
        self.say(Mood::Good, &node.to_string(), &format!("has caught up to entry {applied} after {}", spoken(began.elapsed())));
        Ok(())
    }

    /// The client that opened files all the time tells what it saw.
    async fn end_pulse(&mut self, pulse: Pulse, killed_at: Instant) -> Result<(), Failure> {
        let client = pulse.client.clone();
        let beats = within("the last open", pulse.end()).await??;
        for beat in &beats {
            self.ledger.opened(client.guid, beat.open, beat.grant);
        }
        let wait = spoken(longest_wait(&beats, killed_at));
        self.say(
            Mood::Plain,
            &client.name,
            &format!("opened {} files meanwhile; each was answered, and the longest wait was {wait}", beats.len()),
        );
        Ok(())
    }
}

/// The story goes as told, or the demonstration has failed.
fn expect(as_told: bool, otherwise: impl FnOnce() -> String) -> Result<(), Failure> {
    if as_told { Ok(()) } else { Err(Failure::Refused(otherwise())) }
}
