//! What the fuzz targets run, as an ordinary test: the corpus, and some seconds of random input.

#[path = "../fuzz/src/connection.rs"]
mod connection;
#[path = "../fuzz/src/dice.rs"]
mod dice;
#[path = "../fuzz/src/frames.rs"]
mod frames;
#[path = "hostile/limits.rs"]
mod limits;
#[path = "hostile/order.rs"]
mod order;
#[path = "hostile/peer.rs"]
mod peer;
#[path = "../fuzz/src/reading.rs"]
mod reading;
#[path = "../fuzz/src/stage.rs"]
mod stage;

use std::path::Path;
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rand::RngExt as _;
use smb::wire;
use stage::Stage;

/// How long random input is tried.
const RANDOM: Duration = Duration::from_secs(4);
/// Panics in whatever task: a runtime keeps those of tasks to itself.
static PANICS: AtomicUsize = AtomicUsize::new(0);

/// Counts panics from here on.
fn watch_for_panics() {
    static WATCHING: Once = Once::new();
    WATCHING.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            // A test that fails has a thread of its own name.
            if std::thread::current().name().is_some_and(|name| name.starts_with("tokio")) {
                PANICS.fetch_add(1, Ordering::SeqCst);
            }
            before(panic);
        }));
    });
}

/// The inputs that are kept for a target.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files: Vec<_> =
        std::fs::read_dir(folder).expect("the corpus is there").map(|file| file.expect("a file").path()).collect();
    files.sort();
    assert!(files.len() > 10, "the corpus of {target} has gone");
    files.iter().map(|file| std::fs::read(file).expect("a file")).collect()
}

/// Inputs of the corpus with a few bytes changed, or nothing but random bytes.
fn random_input(corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut dice = rand::rng();
    let length = dice.random_range(1..400);
    if dice.random_bool(0.5) {
        return (0..length).map(|_| dice.random()).collect();
    }
    let mut input = corpus[dice.random_range(0..corpus.len())].clone();
    for _ in 0..dice.random_range(1..8) {
        if input.is_empty() {
            break;
        }
        let at = dice.random_range(0..input.len());
        match dice.random_range(0..3) {
            0 => input[at] = dice.random(),
            1 => input.insert(at, dice.random()),
            _ => drop(input.remove(at)),
        }
    }
    input
}

/// The input that runs, for whoever has to find out about a panic.
struct Shown<'a>(&'a [u8]);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the input was {:02x?}", self.0);
        }
    }
}

#[test]
fn frames_are_read_or_refused() {
    let corpus = corpus("frames");
    let mut taken = 0;
    for input in &corpus {
        let _shown = Shown(input);
        taken += frames::run(input);
    }
    assert!(taken > 20, "the corpus leads nowhere: {taken} frames were taken");
    let begun = Instant::now();
    while begun.elapsed() < RANDOM {
        let input = random_input(&corpus);
        let _shown = Shown(&input);
        frames::run(&input);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_a_connection_whatever_came_on_it() {
    watch_for_panics();
    let stage = Stage::set(smb::Limits::default()).await;
    let corpus = corpus("connection");
    let mut answered = 0;
    let begun = Instant::now();
    let random = std::iter::from_fn(|| (begun.elapsed() < RANDOM + RANDOM).then(|| random_input(&corpus)));
    for input in corpus.iter().cloned().chain(random) {
        let _shown = Shown(&input);
        answered += connection::run(&stage, &input).await;
        assert_eq!(PANICS.load(Ordering::SeqCst), 0, "a task of the server has panicked");
    }
    assert!(answered > 100, "the corpus leads nowhere: {answered} requests were answered");
    stage.strike().await;
}
