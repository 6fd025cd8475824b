//! How fast the rules are on a large table, how much memory it takes, and how long taking a view holds them up:
//! `cargo bench -p lease`, or with the number of leases as an argument.
#![expect(clippy::print_stdout, reason = "the figures are what the program is for")]
#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "the benchmark measures time, the rules do not")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use lease::{
    Access, Caching, ClientGuid, Command, ConnectionId, Disposition, Effect, Entry, Epoch, FileId, FileKey, Incarnation, LeaseKey,
    LeaseRequest, LeaseRequestV2, LogTime, NoticeNumber, Open, OpenId, Outcome, Request, RequestId, Sequence, ServerId, SessionId,
    Share, State, VolumeId,
};

/// Clients, each with one session; leases are spread over them.
const CLIENTS: u64 = 100;
/// Requests of the server that may still be retried.
const IN_FLIGHT: u64 = 256;

struct Driver {
    state: State,
    sequence: u64,
    sessions: Vec<SessionId>,
    effects: usize,
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
        let mut driver = Driver { state: State::new(), sequence: 0, sessions: Vec::new(), effects: 0 };
        driver.ask(Command::StartServer { ttl: Duration::from_secs(600) });
        for client in 0..CLIENTS {
            let start = Command::StartSession { client: client_of(client), connection: ConnectionId::new(client) };
            match driver.ask(start) {
                Some(Outcome::SessionStarted { session }) => driver.sessions.push(session),
                other => panic!("{other:?}"),
            }
        }
        driver
    }

    fn ask(&mut self, command: Command) -> Option<Outcome> {
        self.sequence += 1;
        let id = RequestId { server: ServerId::new(1), incarnation: Incarnation::new(1), sequence: Sequence::new(self.sequence) };
        let floor = Sequence::new(self.sequence.saturating_sub(IN_FLIGHT));
        let request = Some(Request { id, floor, notices_seen: NoticeNumber::new(0) });
        let effects = self.state.apply(&Entry { at: LogTime::from_millis(self.sequence / 1000), request, command });
        self.effects += effects.len();
        match effects.into_iter().next_back() {
            Some(Effect::Reply { outcome: Ok(outcome), .. }) => Some(outcome),
            Some(Effect::Reply { .. } | Effect::Parked { .. } | Effect::Break(_) | Effect::Revoked { .. }) | None => None,
        }
    }

    fn open(&mut self, number: u64) -> OpenId {
        let v2 = Some(LeaseRequestV2 { epoch: Epoch::new(0), parent: None });
        let key = LeaseKey::from_u128(u128::from(spread(number)) << 64 | u128::from(number));
        let open = Open {
            session: self.session(number),
            file: FileKey { volume: VolumeId::new(1), file: FileId::from_u128(u128::from(number)), stream: None },
            name: Arc::from(format!("projects/{:03}/file-{number:08}.dat", number % 1000)),
            directory: false,
            access: Access(Access::READ_DATA | Access::WRITE_DATA),
            share: Share(7),
            disposition: Disposition::Keep,
            lease: Some(LeaseRequest { key, state: Caching::RWH, v2 }),
        };
        match self.ask(Command::Open(open)) {
            Some(Outcome::Opened { open, .. }) => open,
            other => panic!("{other:?}"),
        }
    }

    fn session(&self, number: u64) -> SessionId {
        self.sessions[usize::try_from(number % CLIENTS).expect("a small number")]
    }

    fn close(&mut self, number: u64, open: OpenId) {
        let outcome = self.ask(Command::Close { session: self.session(number), open });
        assert_eq!(outcome, Some(Outcome::Closed));
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

/// A stopwatch of real time and of the processor's: they differ when others use the machine.
struct Watch(Instant, Duration);

impl Watch {
    fn start() -> Watch {
        Watch(Instant::now(), processor_time())
    }

    /// So many operations since the start, a second.
    fn rate(&self, operations: u64) -> String {
        let (real, processor) = (self.0.elapsed(), processor_time().saturating_sub(self.1));
        #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
        let operations = operations as f64;
        let (real, processor) = (operations / real.as_secs_f64(), operations / processor.as_secs_f64());
        format!("{real:.0} a second ({processor:.0} a second of processor time)")
    }
}

/// Time that this program has had a processor.
fn processor_time() -> Duration {
    let statistics = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanoseconds = statistics.split_whitespace().next().and_then(|number| number.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}

/// Closes one and opens one in turn, at pseudo-random places of the table.
fn churn(driver: &mut Driver, opens: &mut [OpenId], operations: u64) -> String {
    let leases = opens.len() as u64;
    let watch = Watch::start();
    for step in 0..operations / 2 {
        let number = spread(step) % leases;
        let at = usize::try_from(number).expect("an index");
        driver.close(number, opens[at]);
        opens[at] = driver.open(number);
    }
    watch.rate(operations)
}

fn main() {
    let leases: u64 = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(1_000_000);
    let before = resident();
    let mut driver = Driver::new();

    let watch = Watch::start();
    let mut opens: Vec<OpenId> = (0..leases).map(|number| driver.open(number)).collect();
    println!("fill            {leases} leases, {}", watch.rate(leases));
    drop(driver.state.take_touched());
    let full = resident();
    println!("memory          {} bytes resident a lease", (full - before) / leases);

    let operations = 1_000_000;
    println!("apply           {}; an open or a close counts one", churn(&mut driver, &mut opens, operations));
    drop(driver.state.take_touched());

    let start = Instant::now();
    let view = driver.state.view();
    println!("view            {:?} stalled", start.elapsed());
    println!("apply, viewed   {}", churn(&mut driver, &mut opens, operations));
    println!("memory, viewed  {} bytes resident a lease", (resident() - before) / leases);

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
    let start = Instant::now();
    let hash = driver.state.hash();
    println!("hash            {:?} ({hash})", start.elapsed());
    println!("effects         {}, violations {}", driver.effects, driver.state.violations());
}
