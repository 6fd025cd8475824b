//! The machine under the figures: what it has, what else it does, and the floors that no cluster gets under.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde::Serialize;
use tempfile::TempDir;

use super::load::median;

/// What the figures were measured on.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// Processors that this process, and so all it starts, may use.
    pub processors: usize,
    /// The processor's name.
    pub model: String,
    /// The load average over one minute before the start.
    pub load_before: f64,
    /// The load average over one minute at the end, with the bench's own load in it.
    pub load_after: f64,
    /// The median of a 4 KiB write and `fdatasync` in a file that has its space, in milliseconds.
    pub sync_ms: f64,
    /// The median of a round trip of 200 bytes over a loopback connection between two threads, in milliseconds.
    pub round_trip_ms: f64,
}

impl Machine {
    /// Looks at the machine, and measures its floors.
    pub fn look() -> Result<Machine> {
        Ok(Machine {
            processors: thread::available_parallelism()?.get(),
            model: model().unwrap_or_else(|| "unknown".to_owned()),
            load_before: load_average()?,
            load_after: 0.0,
            sync_ms: sync()?,
            round_trip_ms: round_trip()?,
        })
    }
}

/// The load average over one minute.
pub fn load_average() -> Result<f64> {
    let text = fs::read_to_string("/proc/loadavg")?;
    text.split(' ').next().context("an empty load average")?.parse().context("the load average is not a number")
}

fn model() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn sync() -> Result<f64> {
    const BLOCK: [u8; 4096] = [7; 4096];
    const BLOCKS: usize = 256;
    let folder = TempDir::with_prefix("tenure-sync-")?;
    let mut file = File::create(folder.path().join("file"))?;
    for _ in 0..BLOCKS {
        file.write_all(&BLOCK)?;
    }
    file.sync_all()?;
    file.seek(SeekFrom::Start(0))?;
    let times = (0..BLOCKS).map(|_| -> Result<f64> {
        let started = Instant::now();
        file.write_all(&BLOCK)?;
        file.sync_data()?;
        Ok(started.elapsed().as_secs_f64() * 1e3)
    });
    Ok(median(times.collect::<Result<_>>()?))
}

fn round_trip() -> Result<f64> {
    const ROUNDS: usize = 2000;
    const MESSAGE: usize = 200;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let echo = thread::spawn(move || -> Result<()> {
        let (mut peer, _) = listener.accept()?;
        peer.set_nodelay(true)?;
        let mut message = [0; MESSAGE];
        for _ in 0..ROUNDS {
            peer.read_exact(&mut message)?;
            peer.write_all(&message)?;
        }
        Ok(())
    });
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut message = [1; MESSAGE];
    let times = (0..ROUNDS).map(|_| -> Result<f64> {
        let started = Instant::now();
        stream.write_all(&message)?;
        stream.read_exact(&mut message)?;
        Ok(started.elapsed().as_secs_f64() * 1e3)
    });
    let median = median(times.collect::<Result<_>>()?);
    echo.join().expect("the echo does not panic")?;
    Ok(median)
}
