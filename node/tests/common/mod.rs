//! Running the built binary, and clusters of it.
#![expect(dead_code, unreachable_pub, reason = "each test file uses a part of it")]

use std::collections::BTreeMap;
use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// How long anything may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The binary, with none of its variables set.
pub fn tenure() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tenure"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"TENURE_")) {
        command.env_remove(name);
    }
    command
}

/// Runs a command to its end.
pub fn run(arguments: &[&str]) -> Output {
    tenure().args(arguments).stdin(Stdio::null()).output().expect("the binary starts")
}

pub fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Waits until `found` finds something.
pub fn until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Sends a signal to a process that this test started.
pub fn signal(process: u32, name: &str) {
    let status = Command::new("kill").arg(format!("-{name}")).arg(process.to_string()).status().expect("kill starts");
    assert!(status.success(), "kill -{name} {process}");
}

/// The processes whose command line names this path.
pub fn processes_naming(path: &Path) -> Vec<u32> {
    let path = path.to_str().expect("a test's path is text").as_bytes();
    let names = |folder: &Path| {
        let line = std::fs::read(folder.join("cmdline")).unwrap_or_default();
        line.windows(path.len()).any(|part| part == path)
    };
    let all = std::fs::read_dir("/proc").expect("a Linux").flatten().map(|entry| entry.path());
    all.filter(|folder| names(folder)).filter_map(|folder| folder.file_name()?.to_str()?.parse().ok()).collect()
}

/// A port that is free now.
pub fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").to_string()
}

/// Nodes with their folders, ended and removed when dropped.
pub struct Nodes {
    pub folder: tempfile::TempDir,
    pub addresses: BTreeMap<u64, String>,
    running: BTreeMap<u64, Child>,
}

impl Nodes {
    /// Configurations for this many first members; nothing runs yet.
    pub fn configured(number: u64) -> Nodes {
        let folder = tempfile::tempdir().expect("a folder");
        let addresses: BTreeMap<u64, String> = (1..=number).map(|node| (node, free_address())).collect();
        let nodes = Nodes { folder, addresses, running: BTreeMap::new() };
        let members: Vec<String> = nodes.addresses.iter().map(|(node, address)| format!("n{node} = \"{address}\"")).collect();
        for node in nodes.addresses.keys() {
            nodes.configure(*node, &format!("members = {{ {} }}", members.join(", ")));
        }
        nodes
    }

    /// Writes the configuration of a node; `rest` says how it comes into the cluster.
    pub fn configure(&self, node: u64, rest: &str) {
        let address = &self.addresses[&node];
        let data = self.data(node);
        // Generous timings: these tests are about what happens, and share the machine with others.
        let text = format!(
            "cluster = \"test\"\nnode = \"n{node}\"\nlisten = \"{address}\"\ndata = \"{}\"\n{rest}\n\
             [timings]\nheartbeat = \"100ms\"\nelection_min = \"500ms\"\nelection_max = \"1s\"\n",
            data.display()
        );
        std::fs::write(self.config(node), text).expect("a configuration is written");
    }

    /// Adds a node that joins; returns its address.
    pub fn configure_joining(&mut self, node: u64) -> String {
        let address = free_address();
        self.addresses.insert(node, address.clone());
        let join: Vec<String> =
            self.addresses.values().filter(|other| **other != address).map(|other| format!("\"{other}\"")).collect();
        self.configure(node, &format!("join = [{}]", join.join(", ")));
        address
    }

    pub fn config(&self, node: u64) -> PathBuf {
        self.folder.path().join(format!("n{node}.toml"))
    }

    pub fn data(&self, node: u64) -> PathBuf {
        self.folder.path().join(format!("n{node}"))
    }

    pub fn start(&mut self, node: u64) {
        let log = File::options().create(true).append(true).open(self.folder.path().join(format!("n{node}.log")));
        let child = tenure()
            .arg("serve")
            .arg("--config")
            .arg(self.config(node))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log.expect("a log is written"))
            .spawn()
            .expect("a node starts");
        self.running.insert(node, child);
    }

    /// Starts the first members, and waits until one leads all.
    pub fn formed(number: u64) -> Nodes {
        let mut nodes = Nodes::configured(number);
        for node in 1..=number {
            nodes.start(node);
        }
        nodes.leader();
        nodes
    }

    pub fn log(&self, node: u64) -> String {
        std::fs::read_to_string(self.folder.path().join(format!("n{node}.log"))).unwrap_or_default()
    }

    pub fn process(&self, node: u64) -> u32 {
        self.running[&node].id()
    }

    /// SIGKILL.
    pub fn kill(&mut self, node: u64) {
        let mut child = self.running.remove(&node).expect("it runs");
        child.kill().and_then(|()| child.wait()).expect("it is killed");
    }

    /// Waits until a node has ended by itself; its exit code.
    pub fn ended(&mut self, node: u64) -> Option<i32> {
        let mut child = self.running.remove(&node).expect("it was started");
        let status = until(&format!("n{node} to end: {}", self.log(node)), || child.try_wait().expect("it is waited for"));
        status.code()
    }

    /// The endpoints of all nodes, for the command line.
    pub fn endpoints(&self) -> String {
        self.addresses.values().cloned().collect::<Vec<_>>().join(",")
    }

    /// Runs a command of an operator.
    pub fn operate(&self, arguments: &[&str]) -> Output {
        let mut command = tenure();
        command.args(arguments).env("TENURE_ENDPOINTS", self.endpoints()).args(["--timeout", "20s"]);
        command.output().expect("the binary starts")
    }

    /// The same, whose answer must be JSON.
    pub fn ask(&self, arguments: &[&str]) -> serde_json::Value {
        let output = self.operate(&[arguments, &["-o", "json"]].concat());
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{arguments:?}: {}{}", out(&output), err(&output)))
    }

    /// Waits until all running members are up and one leads; its number.
    pub fn leader(&self) -> u64 {
        until("a leader", || {
            let output = self.operate(&["status", "-o", "json"]);
            let status: serde_json::Value = serde_json::from_slice(&output.stdout).ok()?;
            let up = status["members"].as_array()?.iter().filter(|member| member["up"] == true).count();
            let leader = status["leader"].as_str()?.strip_prefix('n')?.parse().ok()?;
            (up >= self.running.len()).then_some(leader)
        })
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        for child in self.running.values_mut() {
            // Whether it had ended already does not matter.
            let _gone = child.kill();
            let _gone = child.wait();
        }
        if std::thread::panicking() {
            for node in self.addresses.keys() {
                eprintln!("--- n{node}\n{}", self.log(*node));
            }
        }
    }
}
