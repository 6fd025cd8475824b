//! Samba's own server under the same tests, for the column beside ours: Debian's smbd on a loopback port, with folders of its own.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::torture::Torture;
use super::{SECOND_USER, USER};
use crate::ports;
use crate::process::Process;

/// How long it may take to end.
const ENDS_WITHIN: Duration = Duration::from_secs(10);
/// The folders that it keeps what it knows in.
const FOLDERS: [(&str, &str); 6] = [
    ("private dir", "private"),
    ("state directory", "state"),
    ("lock directory", "lock"),
    ("cache directory", "cache"),
    ("pid directory", "pid"),
    ("ncalrpc dir", "ncalrpc"),
];
/// What the tests need besides: files that may be opened for everything, all caching that there is, and the controls for tests.
const SETTINGS: &str = "workgroup = TORTURE
server role = standalone server
interfaces = 127.0.0.1/8
bind interfaces only = yes
disable netbios = yes
load printers = no
printcap name = /dev/null
kernel oplocks = no
kernel share modes = no
posix locking = no
durable handles = yes
persistent handles = yes
server multi channel support = yes
smb3 directory leases = yes
smbd:FSCTL_SMBTORTURE = yes
vfs objects = acl_xattr streams_xattr
acl_xattr:ignore system acls = yes
acl_xattr:default acl style = windows
";

/// A running smbd. Dropping it ends it, and the processes that it has started for its connections.
#[derive(Debug)]
pub(super) struct Samba {
    /// Where it listens.
    pub(super) address: SocketAddr,
    process: Process,
}

impl Samba {
    /// Starts the smbd of the system that smbtorture is of, with everything of its own below `folder`.
    pub(super) fn start(system: &Torture, folder: &Path, shares: &[(String, PathBuf)], available: bool) -> Result<Samba> {
        let address = ports::same_port(1)?[0];
        let address = SocketAddr::from(([127, 0, 0, 1], address.port()));
        for (_, name) in FOLDERS {
            std::fs::create_dir(folder.join(name))?;
        }
        // The folder is made for its owner alone, and the users of the tests have to come through.
        std::fs::set_permissions(folder, PermissionsExt::from_mode(0o755))?;
        std::fs::set_permissions(folder.join("ncalrpc"), PermissionsExt::from_mode(0o755))?;
        std::fs::write(folder.join("smbpasswd"), passwords(system)?)?;
        for (_, path) in shares {
            std::fs::set_permissions(path, PermissionsExt::from_mode(0o777))?;
            std::os::unix::fs::chown(path, Some(account(system, USER.name)?), None)?;
        }
        let config = folder.join("smb.conf");
        std::fs::write(&config, text(system, folder, address.port(), shares, available))?;
        let mut command = system.program("smbd");
        command.args(["--foreground", "--debug-stdout", "--configfile"]).arg(system.inside(&config));
        let process = Process::start("smbd", &mut command, &folder.join("smbd.log"))?;
        Ok(Samba { address, process })
    }
}

impl Drop for Samba {
    fn drop(&mut self) {
        // Asked to end it takes its children along; killed it would leave them.
        let ended = self.process.terminate().and_then(|()| self.process.wait(ENDS_WITHIN));
        if let Err(error) = ended {
            eprintln!("smbd does not end: {error:#}");
        }
    }
}

/// The number of an account of the system. Samba takes nobody that has none.
fn account(system: &Torture, name: &str) -> Result<u32> {
    let said = system.program("id").args(["-u", name]).output().context("cannot run id")?;
    ensure!(said.status.success(), "Samba needs an account '{name}' on its system: useradd -M {name}");
    String::from_utf8_lossy(&said.stdout).trim().parse().context("id gives no number")
}

/// The file of passwords (smbpasswd(5)): name, number, no LM hash, the NT hash, flags, and when it was changed.
fn passwords(system: &Torture) -> Result<String> {
    let line = |user: &super::User| {
        let number = account(system, user.name)?;
        let (none, hash) = ("X".repeat(32), user.nt_hash.to_uppercase());
        Ok(format!("{}:{number}:{none}:{hash}:[U          ]:LCT-65000000:\n", user.name))
    };
    [USER, SECOND_USER].iter().map(line).collect()
}

/// The configuration.
fn text(system: &Torture, folder: &Path, port: u16, shares: &[(String, PathBuf)], available: bool) -> String {
    let inside = |name: &str| system.inside(&folder.join(name)).display().to_string();
    let mut text = format!("[global]\nsmb ports = {port}\npassdb backend = smbpasswd:{}\n{SETTINGS}", inside("smbpasswd"));
    for (key, name) in FOLDERS {
        writeln!(text, "{key} = {}", inside(name)).expect("writing to a string");
    }
    for (name, path) in shares {
        let path = system.inside(path);
        writeln!(text, "[{name}]\npath = {}\nread only = no", path.display()).expect("writing to a string");
        if available {
            text.push_str("continuous availability = yes\n");
        }
    }
    text
}
