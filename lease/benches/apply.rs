//! How fast the rules are on a large table, how much memory it takes, and how long taking a view holds them up:
//! `cargo bench -p lease`, or with the number of leases as an argument, with `apply` to stop after the first figures, and with
//! `parents` to say of every open in which of a thousand directories its file lies.
#![expect(clippy::print_stdout, reason = "the figures are what the program is for")]
#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "the benchmark measures time, the rules do not")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lease::{
    Access, Caching, ClientGuid, Command, ConnectionId, Effect, Entry, Epoch, FileId, FileKey, Incarnation, LeaseKey, LeaseRequest,
    LeaseRequestV2, LogTime, NoticeNumber, Open, OpenId, Outcome, Request, RequestId, Sequence, ServerId, SessionId, Share, State,
    View, VolumeId,
};

/// The one of the node.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Clients, each with one session; leases are spread over them.
const CLIENTS: u64 = 100;
/// Requests of the server that may still be retried.
const IN_FLIGHT: u64 = 256;
/// Entries that are made ready before they are applied: making them is not what is measured.
const BATCH: u64 = 1024;
/// Opens and closes of one figure.
const OPERATIONS: u64 = 1_000_000;
/// Leases on one file.
const CROWD: u64 = 10_000;

struct Driver {
    state: State,
    sequence: u64,
    sessions: Vec<SessionId>,
    /// The open of each lease.
    opens: Vec<OpenId>,
    effects: usize,
    parents: bool,
}

fn asked_for(word: &str) -> bool {
    std::env::args().any(|argument| argument == word)
}

/// A pseudo-random bijection of 64 bits: ids that are spread like real ones.
fn spread(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

impl Driver {
    fn new() -> Driver {
        let mut driver = Driver {
            state: State::new(),
            sequence: 0,
            sessions: Vec::new(),
            opens: Vec::new(),
            effects: 0,
            parents: asked_for("parents"),
        };
        driver.ask(Command::StartServer { ttl: Duration::from_secs(600) });
        for client in 0..CLIENTS {
            let start = Command::StartSession {
                client: client_of(client),
                connection: ConnectionId::new(client),
                user: None,
                previous: None,
                id: None,
            };
            match driver.ask(start) {
                Some(Outcome::SessionStarted { session }) => driver.sessions.push(session),
                other => panic!("{other:?}"),
            }
        }
        driver
    }

    fn entry(&mut self, command: Command) -> Entry {
        self.sequence += 1;
        let id = RequestId { server: ServerId::new(1), incarnation: Incarnation::new(1), sequence: Sequence::new(self.sequence) };
        let floor = Sequence::new(self.sequence.saturating_sub(IN_FLIGHT));
        let request = Some(Request { id, floor, notices_seen: NoticeNumber::new(0) });
        Entry { at: LogTime::from_millis(self.sequence / 1000), request, command }
    }

    fn ask(&mut self, command: Command) -> Option<Outcome> {
        let entry = self.entry(command);
        outcome(self.state.apply(&entry))
    }

    /// Applies what was made ready before, and says how long that took.
    fn batch(&mut self, entries: &[Entry], outcomes: &mut Vec<Option<Outcome>>) -> Watch {
        let start = Stopwatch::start();
        for entry in entries {
            let effects = self.state.apply(entry);
            self.effects += effects.len();
            outcomes.push(outcome(effects));
        }
        start.stop()
    }

    fn open(&self, number: u64) -> Command {
        let v2 = Some(LeaseRequestV2 { epoch: Epoch::new(0), parent: None });
        let key = LeaseKey::from_u128(u128::from(spread(number)) << 64 | u128::from(number));
        Command::Open(Open {
            session: self.session(number),
            file: FileKey { volume: VolumeId::new(1), file: FileId::from_u128(u128::from(number)), stream: None },
            name: Arc::from(format!("projects/{:03}/file-{number:08}.dat", number % 1000)),
            access: Access(Access::READ_DATA | Access::WRITE_DATA),
            share: Share(7),
            parent: self.parents.then(|| FileId::from_u128(u128::from(u64::MAX - number % 1000))),
            lease: Some(LeaseRequest { key, state: Caching::RWH, v2 }),
            ..Open::default()
        })
    }

    fn close(&self, number: u64) -> Command {
        Command::Close { session: self.session(number), open: self.opens[index(number)] }
    }

    fn session(&self, number: u64) -> SessionId {
        self.sessions[index(number % CLIENTS)]
    }

    /// Opens these files, and remembers their opens.
    fn fill(&mut self, numbers: &[u64]) -> Watch {
        let commands: Vec<Command> = numbers.iter().map(|number| self.open(*number)).collect();
        let entries: Vec<Entry> = commands.into_iter().map(|command| self.entry(command)).collect();
        let mut outcomes = Vec::with_capacity(entries.len());
        let took = self.batch(&entries, &mut outcomes);
        for (number, outcome) in numbers.iter().zip(outcomes) {
            let Some(Outcome::Opened { open, .. }) = outcome else { panic!("{outcome:?}") };
            match self.opens.get_mut(index(*number)) {
                Some(known) => *known = open,
                None => self.opens.push(open),
            }
        }
        took
    }

    /// Closes a batch of opens at pseudo-random places of the table, and opens the files again.
    fn churn(&mut self, operations: u64) -> Watch {
        let leases = self.opens.len() as u64;
        let (mut took, mut done, mut step) = (Watch::default(), 0, 0);
        while done < operations {
            let numbers: BTreeSet<u64> = (step..step + BATCH).map(|step| spread(step) % leases).collect();
            step += BATCH;
            let mut numbers: Vec<u64> = numbers.into_iter().collect();
            numbers.sort_by_key(|number| spread(*number));
            let commands: Vec<Command> = numbers.iter().map(|number| self.close(*number)).collect();
            let entries: Vec<Entry> = commands.into_iter().map(|command| self.entry(command)).collect();
            let mut outcomes = Vec::with_capacity(entries.len());
            took += self.batch(&entries, &mut outcomes);
            assert!(outcomes.iter().all(|outcome| *outcome == Some(Outcome::Closed { delete: false })));
            took += self.fill(&numbers);
            done += 2 * numbers.len() as u64;
        }
        Watch { operations: done, ..took }
    }
}

fn index(number: u64) -> usize {
    usize::try_from(number).expect("a number of a lease")
}

/// What a request came to at once.
fn outcome(effects: Vec<Effect>) -> Option<Outcome> {
    match effects.into_iter().next_back() {
        Some(Effect::Reply { outcome: Ok(outcome), .. }) => Some(outcome),
        _ => None,
    }
}

fn client_of(number: u64) -> ClientGuid {
    ClientGuid::from_u128(u128::from(spread(number)) << 64)
}

/// Resident bytes of this process.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = statm.split_whitespace().nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0);
    pages * 4096
}

/// Real time and the processor's: they differ when others use the machine.
#[derive(Default)]
struct Watch {
    operations: u64,
    real: Duration,
    processor: Duration,
}

impl std::ops::AddAssign for Watch {
    fn add_assign(&mut self, other: Watch) {
        self.real += other.real;
        self.processor += other.processor;
        self.operations += other.operations;
    }
}

impl std::fmt::Display for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
        let rate = |took: Duration| self.operations as f64 / took.as_secs_f64();
        write!(f, "{:.0} a second ({:.0} a second of processor time)", rate(self.real), rate(self.processor))
    }
}

struct Stopwatch(Instant, Duration);

impl Stopwatch {
    fn start() -> Stopwatch {
        Stopwatch(Instant::now(), processor_time())
    }

    fn stop(self) -> Watch {
        Watch { operations: 0, real: self.0.elapsed(), processor: processor_time().saturating_sub(self.1) }
    }
}

/// Time that this program has had a processor.
fn processor_time() -> Duration {
    let statistics = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanoseconds = statistics.split_whitespace().next().and_then(|number| number.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}

fn main() {
    let leases: u64 = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(1_000_000);
    let before = resident();
    let mut driver = Driver::new();

    let mut took = Watch::default();
    for first in (0..leases).step_by(index(BATCH)) {
        let numbers: Vec<u64> = (first..leases.min(first + BATCH)).collect();
        took += driver.fill(&numbers);
    }
    println!("fill            {leases} leases, {}", Watch { operations: leases, ..took });
    drop(driver.state.take_touched());
    println!("memory          {} bytes resident a lease", (resident() - before) / leases);

    println!("apply           {}; an open or a close counts one", driver.churn(OPERATIONS));
    drop(driver.state.take_touched());
    println!("crowd           {}; {CROWD} leases on one file, broken and acknowledged while 1000 opens wait", crowd());
    if asked_for("apply") {
        return;
    }

    let start = Instant::now();
    let view = driver.state.view();
    println!("view            {:?} stalled", start.elapsed());
    println!("apply, viewed   {}", driver.churn(OPERATIONS));
    println!("memory, viewed  {} bytes resident a lease", (resident() - before) / leases);
    encode_and_restore(&view);
    let start = Instant::now();
    let hash = driver.state.hash();
    println!("hash            {:?} ({hash})", start.elapsed());
    println!("effects         {}, violations {}", driver.effects, driver.state.violations());
}

/// A crowd on one file: so many RH leases, each broken to R because of opens that share nothing, and each acknowledged, while those wait.
fn crowd() -> Watch {
    let mut driver = Driver::new();
    let entries = |driver: &mut Driver, command: &dyn Fn(&Driver, u64) -> Command, count: u64| -> Vec<Entry> {
        (0..count)
            .map(|number| command(driver, number))
            .collect::<Vec<_>>()
            .into_iter()
            .map(|command| driver.entry(command))
            .collect()
    };
    let open = |driver: &Driver, number: u64, share: u8| {
        let Command::Open(open) = driver.open(number) else { unreachable!("an open is an open") };
        let file = FileKey { volume: VolumeId::new(1), file: FileId::from_u128(0), stream: None };
        let lease = open.lease.map(|lease| LeaseRequest { state: Caching::RH, ..lease });
        Command::Open(Open { file, share: Share(share), lease, ..open })
    };
    let holders = entries(&mut driver, &|driver, number| open(driver, number, 7), CROWD);
    let waiters = entries(&mut driver, &|driver, number| open(driver, CROWD + number, 0), 1000);
    let acknowledge = |_: &Driver, number: u64| Command::Acknowledge {
        client: client_of(number % CLIENTS),
        key: LeaseKey::from_u128(u128::from(spread(number)) << 64 | u128::from(number)),
        state: Caching::R.bits(),
        generation: None,
    };
    let acknowledgements = entries(&mut driver, &acknowledge, CROWD);
    let mut outcomes = Vec::new();
    let mut took = Watch { operations: 2 * CROWD + 1000, ..Watch::default() };
    for entries in [holders, waiters, acknowledgements] {
        took += driver.batch(&entries, &mut outcomes);
    }
    assert_eq!((driver.state.counts().breaking, driver.state.counts().parked), (0, 0), "the crowd has dissolved");
    took
}

fn encode_and_restore(view: &View) {
    let start = Instant::now();
    let (mut records, mut bytes) = (0_u64, 0);
    for group in view.groups() {
        for record in view.records(&group) {
            records += 1;
            bytes += record.key.len() + record.value.len();
        }
    }
    println!("encode          {records} records, {bytes} bytes in {:?}", start.elapsed());
    let records: Vec<_> = view.groups().flat_map(|group| view.records(&group)).collect();
    let start = Instant::now();
    let restored = State::restore(records).expect("the records of a view are those of a state");
    println!("restore         {:?}, checks included", start.elapsed());
    assert_eq!(restored.hash(), view.hash());
}
