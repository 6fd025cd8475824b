//! What an operator says of the front end.

use std::net::SocketAddr;
use std::path::PathBuf;

use lease::{ShareId, VolumeId};

use crate::auth::{ServerNames, Users};
use crate::limits::Limits;

/// How one node serves SMB.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where clients connect.
    pub listen: SocketAddr,
    /// ServerGuid of NEGOTIATE (MS-SMB2 3.3.1.5).
    pub guid: [u8; 16],
    /// The names that NTLM challenges give: the same on every node, so that a client takes them for one server.
    pub names: ServerNames,
    /// Who may log on with a password.
    pub users: Users,
    /// What is served.
    pub shares: Vec<ShareConfig>,
    /// Whether every session of a user has to sign (MS-SMB2 3.3.1.5, RequireMessageSigning).
    pub signing_required: bool,
    /// The most bytes that one read, write or transaction moves (MS-SMB2 3.3.1.5).
    pub transfer_bytes_max: u32,
    /// How much of a thing it takes on.
    pub limits: Limits,
    /// Whether clients may use the controls that only Samba's tests know: they harm nobody but who uses them.
    pub test_controls: bool,
}

impl Config {
    /// A server on this address, with defaults for everything else, and nothing served.
    pub fn new(listen: SocketAddr) -> Config {
        Config {
            listen,
            guid: *b"tenure smb front",
            names: ServerNames::new("tenure"),
            users: Users::default(),
            shares: Vec::new(),
            signing_required: false,
            transfer_bytes_max: 8 << 20,
            limits: Limits::default(),
            test_controls: false,
        }
    }
}

/// One share.
#[derive(Debug, Clone)]
pub struct ShareConfig {
    /// What clients call it, in whatever case.
    pub name: String,
    /// The directory of the host that is served. Every node serves the same one.
    pub path: PathBuf,
    /// The volume that its files are on, for the lease table: the same on every node, and no other share's.
    pub volume: VolumeId,
    /// The share whose settings hold, for the lease table; 0 for one without.
    pub share: ShareId,
    /// Whether a client that does not say who it is may use it.
    pub anonymous: bool,
    /// Whether nothing on it may be changed.
    pub read_only: bool,
    /// SMB2_SHARE_CAP_CONTINUOUS_AVAILABILITY (MS-SMB2 2.2.10): persistent handles are granted on it.
    pub continuously_available: bool,
}
