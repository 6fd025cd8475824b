//! What is asked by who is no client of SMB.

use std::sync::Arc;
use std::time::Duration;

use lease::{Command, ForeignAccess, NfsLock, NfsUnlock, Operation, RangeLock, VolumeId};

use crate::args::{Deed, Peer};
use crate::play::{Played, Player};
use crate::verbs::Verb;

impl Player {
    #[expect(clippy::wildcard_enum_match_arm, reason = "only the verbs that are its own come here")]
    pub(crate) fn foreign(&mut self, verb: &Verb) -> Played {
        match verb {
            Verb::Access { .. } => Ok(self.access(verb)),
            Verb::Nfslock { .. } => self.nfs_lock(verb),
            Verb::Nfsunlock { peer, file, span, stream } => {
                let about = format!("unlock {} for {}", file, Peer::name(peer.owner));
                let file = self.world.file(file, stream.as_deref());
                let unlock = NfsUnlock { file, owner: peer.owner, range: span.0 };
                Ok(self.ask_patiently(peer.server, Command::NfsUnlock(unlock), about))
            }
            Verb::Nfsrelease(peer) => {
                let client = peer.owner.client;
                let about = format!("n{}", u128::from_be_bytes(client.to_bytes()));
                Ok(self.ask_patiently(peer.server, Command::ReleaseNfsClient { client }, about))
            }
            Verb::Return(names) => names.iter().map(|name| self.return_delegation(name)).collect(),
            Verb::Grace { server, duration, vol } => {
                let (volume, duration) = (VolumeId::new(vol.unwrap_or(1)), Duration::from_millis(duration.0));
                Ok(self.ask_patiently(*server, Command::DeclareGrace { volume, duration }, volume.to_string()))
            }
            Verb::Endgrace { server, vol } => {
                let volume = VolumeId::new(vol.unwrap_or(1));
                Ok(self.ask_patiently(*server, Command::EndGrace { volume }, volume.to_string()))
            }
            _ => unreachable!("only what is foreign comes here"),
        }
    }

    fn return_delegation(&mut self, name: &str) -> Played {
        let (seat, session, open) = self.world.handle(name)?;
        let open = open.ok_or_else(|| format!("'{name}' was never opened"))?;
        let about = format!("delegation of {name}");
        Ok(self.ask_patiently(seat.server, Command::ReturnDelegation { session, open }, about))
    }

    fn access(&mut self, verb: &Verb) -> String {
        let Verb::Access { server, file, what, stream, at, within, to, into, over } = verb else {
            unreachable!("only accesses come here")
        };
        let mut id = |file: &Option<String>| file.as_deref().map(|file| self.world.file(file, None).file);
        let (parent, into, replaces) = (id(within), id(into), id(over));
        let range = at.map(|at| at.0);
        let operation = match what {
            Deed::Read => Operation::Read { range },
            Deed::Write => Operation::Write { range },
            Deed::Resize => Operation::Resize { allocation: None },
            Deed::Rename => Operation::Rename { name: Arc::from(to.as_deref().unwrap_or(file)), parent: into, replaces },
            Deed::Link => Operation::Link { parent: into },
            Deed::Remove => Operation::Dispose { delete: true },
            Deed::Unremove => Operation::Dispose { delete: false },
            Deed::Secure => Operation::SetSecurity,
            Deed::Attributes => Operation::SetAttributes,
        };
        let about = format!("{operation} {file}");
        let file = self.world.file(file, stream.as_deref());
        let access = ForeignAccess { file, parent, operation };
        self.ask_patiently(*server, Command::ForeignAccess(access), about)
    }

    fn nfs_lock(&mut self, verb: &Verb) -> Played {
        let Verb::Nfslock { peer, file, stream, wait, reclaim, alloc, name_bytes, ranges } = verb else {
            unreachable!("only locks come here")
        };
        let [(kind, span)] = ranges[..] else { return Err("a lock of NFS has one range".into()) };
        let about = format!("lock {} for {}", file, Peer::name(peer.owner));
        let lock = NfsLock {
            name: name_bytes.map_or_else(|| Arc::from(file.as_str()), |length| Arc::from("x".repeat(length))),
            file: self.world.file(file, stream.as_deref()),
            owner: peer.owner,
            lock: RangeLock { range: span.0, exclusive: kind.0 },
            wait: *wait,
            reclaim: *reclaim,
            allocation: *alloc,
        };
        Ok(self.ask_patiently(peer.server, Command::NfsLock(lock), about))
    }
}
