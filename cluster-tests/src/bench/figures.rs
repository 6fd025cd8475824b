//! Each figure: what is measured, in which order, and what is asked of it.
//!
//! Both clusters run side by side and are loaded in turn, round by round, so that whatever else the machine does falls on both.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use anyhow::{Result, bail};

use super::etcd_side::{self, Write};
use super::load::{Shape, Throughput, Watch, median};
use super::report::{Bar, Figure};
use super::tenure_side::{self, Numbers};
use super::{apply, volume};
use crate::cluster::{Cluster, Options};
use crate::etcd::{Client, Etcd, Timing};

/// Connections of etcd's client to the leader: the number with which it was fastest.
const ETCD_CONNECTIONS: usize = 4;
/// In the retry figure, a new request begins this often.
const PROBE_EVERY: Duration = Duration::from_millis(5);

/// What is measured, and for how long.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Rounds of each comparison; the median counts.
    pub rounds: usize,
    /// How long a load runs in each round.
    pub measure: Duration,
    /// Operations of a figure that is made one by one.
    pub singles: usize,
    /// Kills of the leader.
    pub kills: usize,
    /// Leases of the large table.
    pub leases: u64,
    /// Entries behind the checkpoint at the cold start.
    pub entries: u64,
    /// Raft entries after which a node writes a snapshot, in the memory figure.
    pub snapshot_entries: u64,
    /// Tenure's timings.
    pub options: Options,
}

/// Both clusters, and the plan.
#[derive(Debug)]
pub struct Bench {
    plan: Plan,
    tenure: Cluster,
    etcd: Option<Etcd>,
    numbers: Numbers,
}

impl Bench {
    /// Starts three nodes of each.
    pub async fn start(plan: Plan, with_etcd: bool) -> Result<Bench> {
        let tenure = Cluster::start(plan.options.clone()).await?;
        let etcd = if with_etcd { Some(Etcd::start(Timing::LAN).await?) } else { None };
        Ok(Bench { plan, tenure, etcd, numbers: Arc::new(AtomicU64::new(1)) })
    }

    /// Ends both.
    pub fn end(self) {
        self.tenure.done();
    }

    fn shape(&self, in_flight: usize) -> Shape {
        Shape { in_flight, warm_up: self.plan.measure / 4, measure: self.plan.measure }
    }

    async fn etcd_client(&self, node_of_leader: bool) -> Result<Option<Client>> {
        let Some(etcd) = &self.etcd else { return Ok(None) };
        let leader = etcd.leader().await?;
        let node = if node_of_leader { leader } else { (leader + 1) % 3 };
        Ok(Some(Client::connect(&etcd.endpoints()[node..=node], ETCD_CONNECTIONS)?))
    }

    /// Grants per second over the streams of two servers on different nodes, beside etcd's transactions and puts.
    pub async fn grants(&mut self) -> Result<Vec<Figure>> {
        let leader = self.tenure.leader().await?;
        let mut servers = Vec::new();
        for node in [leader, (leader + 1) % 3] {
            servers.push(tenure_side::attach(&self.tenure, node, &self.numbers).await?);
        }
        let client = self.etcd_client(true).await?;
        let mut figures = Vec::new();
        for in_flight in [256, 64, 1] {
            let (mut grants, mut transactions, mut puts) = (Vec::new(), Vec::new(), Vec::new());
            for _ in 0..self.plan.rounds {
                grants.push(tenure_side::grants(&servers, self.shape(in_flight), &self.numbers).await?);
                if let Some(client) = &client {
                    transactions.push(etcd_side::writes(client, Write::PutIfAbsent, self.shape(in_flight), &self.numbers).await?);
                    puts.push(etcd_side::writes(client, Write::Put, self.shape(in_flight), &self.numbers).await?);
                }
            }
            let (vs_transaction, vs_put) =
                if in_flight == 256 { (Some(Bar::AtLeastTimesEtcd(4.0)), Some(Bar::AtLeastTimesEtcd(2.0))) } else { (None, None) };
            figures.push(rate(
                format!("grants, {in_flight} in flight; etcd: transactions"),
                &grants,
                &transactions,
                vs_transaction,
            ));
            figures.push(rate(format!("grants, {in_flight} in flight; etcd: puts"), &grants, &puts, vs_put));
        }
        for gateway in servers {
            gateway.server.stop().await;
        }
        Ok(figures)
    }

    /// The median time of one grant with nothing else going on, through the leader and through a follower.
    pub async fn latency(&mut self) -> Result<Vec<Figure>> {
        let leader = self.tenure.leader().await?;
        let mut figures = Vec::new();
        for (name, at_leader) in [("leader", true), ("follower", false)] {
            let node = if at_leader { leader } else { (leader + 1) % 3 };
            let servers = [tenure_side::attach(&self.tenure, node, &self.numbers).await?];
            let client = self.etcd_client(at_leader).await?;
            let (mut grants, mut transactions) = (Vec::new(), Vec::new());
            for _ in 0..self.plan.rounds {
                grants.push(tenure_side::grants(&servers, self.shape(1), &self.numbers).await?);
                if let Some(client) = &client {
                    transactions.push(etcd_side::writes(client, Write::PutIfAbsent, self.shape(1), &self.numbers).await?);
                }
            }
            let p50 = |of: &[Throughput]| median(of.iter().map(|it| it.p50_ms).collect());
            let p99 = median(grants.iter().map(|it| it.p99_ms).collect());
            figures.push(Figure {
                name: format!("p50 of one grant, through the {name}"),
                tenure: p50(&grants),
                etcd: client.is_some().then(|| p50(&transactions)),
                unit: "ms",
                bar: Some(Bar::AtMostTimesEtcd(0.9)),
                detail: format!("p99 {p99:.2} ms"),
            });
            let [gateway] = servers;
            gateway.server.stop().await;
            figures.extend(self.reads(name, node).await?);
        }
        Ok(figures)
    }

    /// What a grant is made of: a call that asks nobody else, and one that asks a majority but writes nothing.
    async fn reads(&self, name: &str, node: usize) -> Result<Vec<Figure>> {
        let mut figures = Vec::new();
        for (what, stale, detail) in [
            ("a read of the node's own table", true, "one call, nobody else asked"),
            ("a linearizable read", false, "a majority asked, nothing written"),
        ] {
            let tenure = tenure_side::read(&self.tenure, node, stale, self.plan.singles).await?;
            let name = format!("p50 of {what}, through the {name}");
            figures.push(Figure { name, tenure, etcd: None, unit: "ms", bar: None, detail: detail.to_owned() });
        }
        Ok(figures)
    }

    /// Break → acknowledgement → grant, holder and opener on different nodes, beside put → watch → put → watch.
    pub async fn breaks(&mut self) -> Result<Vec<Figure>> {
        let leader = self.tenure.leader().await?;
        let mut figures = Vec::new();
        for (name, [first, second]) in [("both on followers", [1, 2]), ("the holder on the leader", [1, 0])] {
            let mut holder = tenure_side::attach(&self.tenure, (leader + second) % 3, &self.numbers).await?;
            let opener = tenure_side::attach(&self.tenure, (leader + first) % 3, &self.numbers).await?;
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            for _ in 0..self.plan.rounds {
                ours.push(tenure_side::breaks(&mut holder, &opener, self.plan.singles, &self.numbers).await?);
                if let Some(etcd) = &self.etcd {
                    let (endpoints, leader) = (etcd.endpoints(), etcd.leader().await?);
                    let [first, second] = [first, second].map(|step| &endpoints[(leader + step) % 3]);
                    theirs.push(etcd_side::ping_pong(first, second, self.plan.singles).await?);
                }
            }
            figures.push(Figure {
                name: format!("p50 of break → ack → grant, {name}"),
                tenure: median(ours),
                etcd: self.etcd.is_some().then(|| median(theirs)),
                unit: "ms",
                bar: Some(Bar::AtMostTimesEtcd(1.0)),
                detail: "etcd: put → watch → put → watch".to_owned(),
            });
            holder.server.stop().await;
            opener.server.stop().await;
        }
        Ok(figures)
    }

    /// Time without service when the leader is killed.
    pub async fn failover(&mut self) -> Result<Vec<Figure>> {
        let watch = Watch { every: PROBE_EVERY, steady: Duration::from_millis(500), limit: Duration::from_secs(30) };
        let ours = tenure_side::failover(&mut self.tenure, self.plan.kills, watch, &self.numbers).await?;
        let mut theirs = None;
        if let Some(etcd) = &mut self.etcd {
            theirs = Some(etcd_side::failover(etcd, self.plan.kills, watch).await?);
        }
        let longest = |gaps: &[f64]| gaps.iter().copied().fold(0.0, f64::max);
        let (least, most) = self.plan.options.election;
        let detail = format!("{} kills; elections {least:?} to {most:?}, etcd 30 / 300 ms", self.plan.kills);
        let figure = |name: &str, value: fn(&[f64]) -> f64, bar| Figure {
            name: format!("kill -9 of the leader, {name} time without service"),
            tenure: value(&ours),
            etcd: theirs.as_deref().map(value),
            unit: "ms",
            bar: Some(Bar::AtMost(bar)),
            detail: detail.clone(),
        };
        Ok(vec![figure("median", |gaps| median(gaps.to_vec()), 700.0), figure("longest", longest, 1500.0)])
    }

    /// The state machine alone.
    pub fn apply(plan: &Plan) -> Result<Vec<Figure>> {
        let mut runs = Vec::new();
        for _ in 0..plan.rounds.min(3) {
            runs.push(apply::measure(plan.leases, plan.leases / 2)?.per_second);
        }
        Ok(vec![Figure {
            name: format!("pure apply on a table of {} leases", plan.leases),
            tenure: median(runs),
            etcd: None,
            unit: "/s",
            bar: Some(Bar::AtLeast(250_000.0)),
            detail: "one thread, opens and closes of random leases, invariants on".to_owned(),
        }])
    }

    /// Memory and cold start, on a cluster of its own: the table needs the machine to itself.
    pub async fn volume(plan: &Plan) -> Result<Vec<Figure>> {
        if plan.entries == 0 {
            bail!("a cold start needs entries behind the checkpoint");
        }
        let mut options = plan.options.clone();
        options.extra = format!("snapshot_entries = {}\n", plan.snapshot_entries);
        let volume = volume::measure(plan.leases, plan.entries, options, &Arc::new(AtomicU64::new(1))).await?;
        let figure = |name: String, tenure: f64, unit, bar, detail: &str| Figure {
            name,
            tenure,
            etcd: None,
            unit,
            bar,
            detail: detail.to_owned(),
        };
        let leases = plan.leases;
        Ok(vec![
            figure(
                format!("resident at rest with {leases} leases"),
                volume.rest,
                "B/lease",
                Some(Bar::AtMost(1024.0)),
                "the largest node",
            ),
            figure(
                "resident while a snapshot is taken".to_owned(),
                volume.snapshot,
                "B/lease",
                Some(Bar::AtMost(1536.0)),
                "the most, of all nodes",
            ),
            figure(
                format!("cold start, {leases} leases and {} entries", plan.entries),
                volume.start,
                "s",
                Some(Bar::AtMost(8.0)),
                "until the node answers a linearizable read",
            ),
            figure("all three started at once".to_owned(), volume.start_all, "s", None, "until a lease is granted"),
        ])
    }
}

/// Tenure's rate beside etcd's.
fn rate(name: String, ours: &[Throughput], theirs: &[Throughput], bar: Option<Bar>) -> Figure {
    let middle = |of: &[Throughput], value: fn(&Throughput) -> f64| median(of.iter().map(value).collect());
    let beside = if theirs.is_empty() { String::new() } else { format!("; etcd p50 {:.2} ms", middle(theirs, |it| it.p50_ms)) };
    let detail = format!("p50 {:.2} ms, p99 {:.2} ms{beside}", middle(ours, |it| it.p50_ms), middle(ours, |it| it.p99_ms));
    let etcd = (!theirs.is_empty()).then(|| middle(theirs, |it| it.per_second));
    Figure { name, tenure: middle(ours, |it| it.per_second), etcd, unit: "/s", bar, detail }
}
