//! Clients that retry while nodes are cut off and leadership moves: nobody is ever given what another believes to hold, nothing is
//! carried out twice, and afterwards every node holds the same.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lease::{Command, Open, Outcome, Rejection, Share};
use raft::testing::{TestCluster, TestServer};
use raft::{Answered, Coordinator, NodeId};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::common::{Client, RWH, leased, of_file, start_server};

const FILES: u128 = 3;

/// What the clients believe, and what happened to them.
#[derive(Default)]
struct Beliefs {
    /// Who believes to have a file for himself.
    owners: Mutex<BTreeMap<u128, u64>>,
    grants: AtomicU64,
    retries: AtomicU64,
    over: AtomicBool,
}

/// A client that opens files for itself alone, and closes them, through any node that answers.
struct Worker {
    number: u64,
    server: TestServer,
    client: Client,
    nodes: Vec<Coordinator>,
    beliefs: Arc<Beliefs>,
    random: StdRng,
}

impl Worker {
    async fn work(mut self) {
        while !self.beliefs.over.load(Ordering::Relaxed) {
            let file = self.random.random_range(1..=FILES);
            // A lease of its own for each file, and no sharing: at most one client has the file open.
            let wanted = Open { share: Share(0), ..of_file(file, leased(u128::from(self.number) << 8 | file, RWH)) };
            let answered = self.persist(Command::Open(self.client.of(wanted))).await;
            match answered.answer {
                Ok(Outcome::Opened { open, .. }) => {
                    self.beliefs.grants.fetch_add(1, Ordering::Relaxed);
                    let before = self.beliefs.owners.lock().unwrap().insert(file, self.number);
                    assert_eq!(before, None, "file {file} was given to {} while another has it", self.number);
                    tokio::time::sleep(Duration::from_millis(self.random.random_range(0..40))).await;
                    // From here on the file may be another's: the close may be carried out before it is answered.
                    assert_eq!(self.beliefs.owners.lock().unwrap().remove(&file), Some(self.number));
                    let closed = self.persist(Command::Close { session: self.client.session, open }).await;
                    assert_eq!(closed.answer, Ok(Outcome::Closed { delete: false }), "an open was lost, or closed twice");
                }
                Err(Rejection::SharingViolation) => {}
                other => panic!("neither granted nor a sharing violation: {other:?}"),
            }
        }
    }

    /// Asks until there is an answer, through one node after the other, always under the same id.
    async fn persist(&mut self, command: Command) -> Answered {
        let request = self.server.request();
        loop {
            let node = &self.nodes[self.random.random_range(0..self.nodes.len())];
            match tokio::time::timeout(Duration::from_secs(2), node.submit(request, command.clone())).await {
                Ok(Ok(answered)) => return answered,
                Ok(Err(_)) | Err(_) => self.beliefs.retries.fetch_add(1, Ordering::Relaxed),
            };
        }
    }
}

/// Makes trouble for a while; afterwards everything passes.
async fn make_trouble(cluster: &TestCluster, random: &mut StdRng) {
    for _ in 0..8 {
        let one = NodeId::new(random.random_range(1..=3));
        let other = NodeId::new(random.random_range(1..=3));
        match random.random_range(0..5) {
            0 => cluster.network.isolate(one),
            1 => cluster.network.cut(one, other),
            2 => {
                cluster.network.isolate(one);
                cluster.network.isolate(other);
            }
            3 => {
                let handed_over = cluster.node(one).transfer_leadership(None);
                let _whether_or_not = tokio::time::timeout(Duration::from_secs(1), handed_over).await;
            }
            _ => cluster.network.delay(Duration::from_millis(random.random_range(0..20))),
        }
        tokio::time::sleep(Duration::from_millis(random.random_range(200..3000))).await;
        if random.random_range(0..2) == 0 {
            cluster.network.heal();
            tokio::time::sleep(Duration::from_millis(random.random_range(0..1500))).await;
        }
    }
    cluster.network.heal();
    cluster.network.delay(Duration::ZERO);
}

async fn run(seed: u64) -> (u64, u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let mut cluster = TestCluster::in_memory(3).await;
    let beliefs = Arc::new(Beliefs::default());
    let nodes: Vec<Coordinator> = cluster.nodes().map(|(_, node)| node.clone()).collect();
    let mut workers = Vec::new();
    for number in 1..=4 {
        let server = start_server(number, &nodes[0]).await;
        let client = Client::session(&server, &nodes[0], number).await;
        let (nodes, beliefs) = (nodes.clone(), Arc::clone(&beliefs));
        let random = StdRng::seed_from_u64(seed << 8 | number);
        workers.push(tokio::spawn(Worker { number, server, client, nodes, beliefs, random }.work()));
    }
    make_trouble(&cluster, &mut random).await;
    beliefs.over.store(true, Ordering::Relaxed);
    for worker in workers {
        worker.await.unwrap();
    }
    cluster.agree().await;
    for (node, coordinator) in cluster.nodes() {
        let counts = coordinator.read(raft::Consistency::Stale, lease::State::counts).await.unwrap();
        assert_eq!(counts.opens, 0, "{node} has opens that nobody owns");
    }
    cluster.stop_all().await;
    (beliefs.grants.load(Ordering::Relaxed), beliefs.retries.load(Ordering::Relaxed))
}

/// How many different stories are played: few by default, since each takes seconds; `TENURE_SEEDS` asks for more.
fn seeds() -> u64 {
    std::env::var("TENURE_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(3)
}

#[tokio::test(start_paused = true)]
async fn clients_that_retry_never_share_what_is_theirs_alone() {
    let (mut grants, mut retries) = (0, 0);
    for seed in 0..seeds() {
        let (given, repeated) = run(seed).await;
        assert!(given > 20, "seed {seed}: only {given} grants");
        grants += given;
        retries += repeated;
    }
    println!("{grants} grants, {retries} retries");
    assert!(retries > 0, "no trouble was made");
}
