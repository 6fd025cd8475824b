//! Who belongs to the cluster, and who leads it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use openraft::ChangeMembers;
use openraft::async_runtime::WatchReceiver;
use openraft::errors::{ChangeMembershipError, ClientWriteError, InitializeError, RaftError};
use openraft::metrics::RaftMetrics;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::error::MembershipError;
use crate::leadership::Leadership;
use crate::machine::Raft;
use crate::types::{Member, NodeId, TypeConfig};

type WriteError = RaftError<TypeConfig, ClientWriteError<TypeConfig>>;
type Metrics = RaftMetrics<TypeConfig>;
type Change = ChangeMembers<NodeId, Member>;

/// How far a learner may be behind the leader to be given a vote: a voter that is far behind would slow the cluster down.
const PROMOTION_LAG_MAX: u64 = 1000;
/// How often the progress of a handover or of a learner is looked at.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// Changes the membership. Everything but forming works on the leader only.
pub(crate) struct Membership<'a> {
    pub(crate) node: NodeId,
    pub(crate) raft: &'a Raft,
    pub(crate) leadership: &'a watch::Receiver<Leadership>,
    /// How long a change may take.
    pub(crate) timeout: Duration,
}

impl Membership<'_> {
    pub(crate) async fn form(&self, members: BTreeMap<NodeId, Member>) -> Result<(), MembershipError> {
        if !members.contains_key(&self.node) {
            return Err(MembershipError::Refused(format!("{} is not among the members to be", self.node)));
        }
        check_addresses(&members)?;
        match self.raft.initialize(members).await {
            Ok(()) => Ok(()),
            Err(RaftError::APIError(InitializeError::NotAllowed(_))) => Err(MembershipError::AlreadyFormed),
            Err(RaftError::APIError(error @ InitializeError::NotInMembers(_))) => Err(MembershipError::Refused(error.to_string())),
            Err(RaftError::Fatal(_)) => Err(MembershipError::Stopping),
        }
    }

    pub(crate) async fn add_learner(&self, node: NodeId, member: Member) -> Result<(), MembershipError> {
        let metrics = self.leader_metrics()?;
        let mut members: BTreeMap<NodeId, Member> = members(&metrics);
        if let Some(before) = members.insert(node, member.clone()) {
            return if before == member {
                Ok(())
            } else {
                Err(MembershipError::Refused(format!("{node} is a member already, at {}", before.address)))
            };
        }
        check_addresses(&members)?;
        self.change(ChangeMembers::AddNodes(BTreeMap::from([(node, member)])), true).await
    }

    pub(crate) async fn promote(&self, node: NodeId) -> Result<(), MembershipError> {
        let metrics = self.leader_metrics()?;
        if !members(&metrics).contains_key(&node) {
            return Err(MembershipError::Refused(format!("{node} is no member; add it first")));
        }
        if voters(&metrics).contains(&node) {
            return Ok(());
        }
        self.wait_until_close(node).await?;
        self.change(ChangeMembers::AddVoterIds(BTreeSet::from([node])), true).await
    }

    pub(crate) async fn remove(&self, node: NodeId) -> Result<(), MembershipError> {
        let metrics = self.leader_metrics()?;
        if !members(&metrics).contains_key(&node) {
            return Err(MembershipError::Refused(format!("{node} is no member")));
        }
        let voters = voters(&metrics);
        if voters.len() == 1 && voters.contains(&node) {
            return Err(MembershipError::Refused(format!("{node} is the only voter; without it there is no cluster")));
        }
        if node == self.node {
            self.transfer(None).await?;
            let leader = self.leadership.borrow().other().cloned();
            return Err(MembershipError::NotLeader { leader });
        }
        if voters.contains(&node) {
            self.change(ChangeMembers::RemoveVoters(BTreeSet::from([node])), true).await?;
        }
        self.change(ChangeMembers::RemoveNodes(BTreeSet::from([node])), true).await
    }

    /// Hands leadership over and waits until another node leads.
    pub(crate) async fn transfer(&self, to: Option<NodeId>) -> Result<(), MembershipError> {
        let metrics = self.leader_metrics()?;
        let to = match to {
            Some(to) if to == self.node => return Ok(()),
            Some(to) if voters(&metrics).contains(&to) => to,
            Some(to) => return Err(MembershipError::Refused(format!("{to} has no vote"))),
            None => self.furthest(&metrics).ok_or_else(|| MembershipError::Refused("there is no other voter".to_owned()))?,
        };
        self.raft.trigger().transfer_leader(to).await.map_err(|_| MembershipError::Stopping)?;
        let mut leadership = self.leadership.clone();
        let handed_over = leadership.wait_for(|now| now.other().is_some());
        match tokio::time::timeout(self.timeout, handed_over).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err(MembershipError::Stopping),
            Err(_) => Err(MembershipError::Unknown),
        }
    }

    /// The other voter whose log is furthest.
    fn furthest(&self, metrics: &Metrics) -> Option<NodeId> {
        let replication = metrics.replication.as_ref();
        let matched =
            |node: &NodeId| replication.and_then(|all| all.get(node)).and_then(Option::as_ref).map_or(0, |log_id| log_id.index + 1);
        voters(metrics).into_iter().filter(|node| *node != self.node).max_by_key(matched)
    }

    /// Waits until a learner's log is close to the leader's.
    async fn wait_until_close(&self, node: NodeId) -> Result<(), MembershipError> {
        let deadline = Instant::now() + self.timeout;
        loop {
            let metrics = self.leader_metrics()?;
            let last = metrics.last_log_index.map_or(0, |index| index + 1);
            let matched = metrics.replication.as_ref().and_then(|all| all.get(&node)).and_then(Option::as_ref);
            let lag = last.saturating_sub(matched.map_or(0, |log_id| log_id.index + 1));
            if matched.is_some() && lag <= PROMOTION_LAG_MAX {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(MembershipError::Refused(format!(
                    "{node} is {lag} entries behind; a vote is given to it when it has caught up"
                )));
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    async fn change(&self, change: Change, retain: bool) -> Result<(), MembershipError> {
        match tokio::time::timeout(self.timeout, self.raft.change_membership(change, retain)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(self.refused(error)),
            Err(_) => Err(MembershipError::Unknown),
        }
    }

    fn refused(&self, error: WriteError) -> MembershipError {
        match error {
            RaftError::APIError(ClientWriteError::ForwardToLeader(_)) => self.not_leader(),
            RaftError::APIError(ClientWriteError::LogEntryDiscarded(_)) => MembershipError::Unknown,
            RaftError::APIError(ClientWriteError::ChangeMembershipError(
                ChangeMembershipError::InProgress(_) | ChangeMembershipError::UncommittedLeaderLog(_),
            )) => MembershipError::InProgress,
            RaftError::APIError(error @ (ClientWriteError::ChangeMembershipError(_) | ClientWriteError::PreconditionFailed(_))) => {
                MembershipError::Refused(error.to_string())
            }
            RaftError::Fatal(_) => MembershipError::Stopping,
        }
    }

    fn not_leader(&self) -> MembershipError {
        MembershipError::NotLeader { leader: self.leadership.borrow().other().cloned() }
    }

    fn leader_metrics(&self) -> Result<Metrics, MembershipError> {
        if self.leadership.borrow().mine.is_none() {
            return Err(self.not_leader());
        }
        Ok(self.raft.metrics().borrow_watched().clone())
    }
}

fn members(metrics: &Metrics) -> BTreeMap<NodeId, Member> {
    metrics.membership_config.membership().nodes().map(|(node, member)| (*node, member.clone())).collect()
}

fn voters(metrics: &Metrics) -> BTreeSet<NodeId> {
    metrics.membership_config.membership().voter_ids().collect()
}

/// Two members at one address would both answer for each other.
fn check_addresses(members: &BTreeMap<NodeId, Member>) -> Result<(), MembershipError> {
    let mut seen = BTreeMap::new();
    for (node, Member { address }) in members {
        if let Some(other) = seen.insert(address, node) {
            return Err(MembershipError::Refused(format!("{other} and {node} have the same address {address}")));
        }
    }
    Ok(())
}
