//! This node's own SMB front end: the table `[smb]` of the file.

use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::path::PathBuf;

use lease::ServerId;
use raft::types::NodeId;

use super::{file, smb_limits};

/// The name that the servers of a cluster share unless another is set.
const NAME: &str = "tenure";

/// How this node serves SMB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Smb {
    /// Where clients connect.
    pub(crate) listen: SocketAddr,
    /// The SMB server that this node's front end is, for the lease table.
    pub(crate) server: ServerId,
    /// The file of who may log on with a password; without one nobody can.
    pub(crate) users: Option<PathBuf>,
    /// What the servers of the cluster call themselves in a logon.
    pub(crate) name: String,
    /// Whether users have to sign what they send.
    pub(crate) signing_required: bool,
    /// Whether clients may use the controls that only Samba's tests know.
    pub(crate) test_controls: bool,
    /// How much of a thing it takes on.
    pub(crate) limits: smb::Limits,
}

impl Smb {
    /// A front end in which every key has a value, as the documents show it.
    pub(super) fn example() -> Smb {
        Smb {
            listen: SocketAddr::from(([10, 0, 0, 1], 445)),
            server: ServerId::new(1),
            users: Some(PathBuf::from("/etc/tenure/users")),
            name: NAME.to_owned(),
            signing_required: false,
            test_controls: false,
            limits: smb::Limits::default(),
        }
    }

    /// The front end as it is written. The server is called like its node, unless it is said otherwise.
    pub(super) fn read(written: file::Smb, node: NodeId) -> Smb {
        let file::Smb { listen, server, users, name, signing_required, test_controls, limits } = written;
        Smb {
            listen,
            server: ServerId::new(server.map_or(node.get(), NonZeroU64::get)),
            users,
            name: name.unwrap_or_else(|| NAME.to_owned()),
            signing_required: signing_required.unwrap_or_default(),
            test_controls: test_controls.unwrap_or_default(),
            limits: smb_limits::read(&limits),
        }
    }

    /// What stands in a file that says the same.
    pub(super) fn written(&self) -> file::Smb {
        let Smb { listen, server, users, name, signing_required, test_controls, limits } = self;
        file::Smb {
            listen: *listen,
            server: NonZeroU64::new(server.get()),
            users: users.clone(),
            name: Some(name.clone()),
            signing_required: Some(*signing_required),
            test_controls: Some(*test_controls),
            limits: smb_limits::written(limits),
        }
    }
}
