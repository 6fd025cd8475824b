//! Directories: what they hear of what lies in them (LS-128 to LS-136), and who is in the way of a rename (LS-066, LS-067, LS-134).

use lease::{
    Access, Caching, Disposition, FileId, FileKey, LeaseKey, LeaseRequest, Open, OpenId, Operation, OplockLevel, Rejection, Share,
};

use super::{Claim, Demand, Handle, Model, Owner, Rights};

/// A directory of the volume of a file.
pub(super) fn directory(file: &FileKey, id: FileId) -> FileKey {
    FileKey { volume: file.volume, file: id, stream: None }
}

/// The lease that an open asks for: on a directory W is not given (LS-043), and none for a context of version 1 (LS-020).
pub(super) fn asked(open: &Open) -> Option<LeaseRequest> {
    let asked = open.lease?;
    if !open.directory {
        return Some(asked);
    }
    asked.v2.map(|_| LeaseRequest { state: asked.state.without_writes(), ..asked })
}

/// The key of the directory's lease that an open names (LS-130).
pub(super) fn parent_key(open: &Open) -> Option<LeaseKey> {
    open.lease?.v2?.parent
}

impl Model {
    /// Something in a directory has changed, which its leases with this key know (LS-129, LS-130).
    pub(super) fn child_changed(&mut self, file: &FileKey, parent: Option<FileId>, key: Option<LeaseKey>) {
        if let Some(parent) = parent {
            self.claims.push(Claim::Listing(directory(file, parent), key));
        }
    }

    /// All of the caching goes, and nobody waits.
    pub(super) fn listing_demands(&self, directory: &FileKey, key: Option<LeaseKey>) -> Vec<Demand> {
        let others = self.leases.iter().filter(|lease| lease.file == *directory && Some(lease.key) != key);
        let caching = others.filter(|lease| lease.state != Caching::None);
        caching.map(|lease| Demand::Lease { of: (lease.client, Some(lease.key)), leaves: Caching::None, wait: false }).collect()
    }

    /// What an operation leaves in the directory.
    pub(super) fn note_in_directory(&mut self, handle: &Handle, operation: &Operation) {
        let (file, was, key) = (&handle.file, handle.parent, handle.parent_key);
        match operation {
            Operation::Rename { parent, .. } => {
                self.child_changed(file, was, key);
                if parent.is_some() && *parent != was {
                    for other in self.handles.iter_mut().filter(|other| other.file == *file && other.parent == was) {
                        other.parent = *parent; // by the same path
                    }
                    self.child_changed(file, *parent, key); // LS-133
                }
            }
            Operation::Link { parent } => self.child_changed(file, parent.or(was), key),
            Operation::Resize { .. } => {
                self.handles.iter_mut().filter(|known| known.id == handle.id).for_each(|known| known.resized = true);
                self.child_changed(file, was, key);
            }
            Operation::SetAttributes => self.child_changed(file, was, key),
            // Not before the handle is closed (LS-132).
            Operation::Write { .. } => {
                self.handles.iter_mut().filter(|known| known.id == handle.id).for_each(|known| known.modified = true);
            }
            Operation::Read { .. } | Operation::Dispose { .. } | Operation::SetSecurity | Operation::Use { .. } => {}
        }
    }

    /// What a rename or a link asks of others than those of its own file, and the first file that it has to wait for; or that it cannot be
    /// done.
    pub(super) fn demands_elsewhere(
        &self,
        through: &Handle,
        operation: &Operation,
    ) -> Result<(Vec<Demand>, Option<FileKey>), Rejection> {
        let (Operation::Rename { parent, .. } | Operation::Link { parent }) = operation else { return Ok((Vec::new(), None)) };
        let mut demands = Vec::new();
        let mut behind = None;
        if let Some(entered) = parent.or(through.parent).map(|id| directory(&through.file, id)) {
            // The directory is opened to put a name into it (MS-FSA 2.1.5.15.12).
            let mine = (Rights::of(Access(Access::WRITE_DATA), Disposition::Keep), Share(Share::READ | Share::WRITE));
            let owner = (through.client, through.parent_key);
            let asked = self.share_demands(owner, &entered, mine).ok_or(Rejection::SharingViolation)?;
            if !asked.is_empty() {
                behind = Some(entered);
            }
            demands.extend(asked);
        }
        for handle in self.have_to_go(through, operation) {
            demands.push(self.ask_to_go(handle).ok_or(Rejection::AccessDenied)?);
            behind = behind.or_else(|| Some(handle.file.clone()));
        }
        Ok((demands, behind))
    }

    /// Who has to be gone before a rename: who has the file open whose name is taken (LS-066), and who has anything open below a
    /// directory (LS-067).
    fn have_to_go(&self, through: &Handle, operation: &Operation) -> Vec<&Handle> {
        let Operation::Rename { replaces, .. } = operation else { return Vec::new() };
        let target = replaces.filter(|id| *id != through.file.file).map(|id| (through.file.volume, id));
        // All of its streams (LS-073).
        let mut all: Vec<&Handle> =
            self.handles.iter().filter(|handle| Some((handle.file.volume, handle.file.file)) == target).collect();
        all.sort_by(|one, other| one.file.cmp(&other.file));
        let is_directory = self.files.iter().any(|file| file.key == through.file && file.directory);
        if is_directory {
            let mut directories = vec![through.file.clone()];
            let mut at = 0;
            while at < directories.len() {
                let inside = |handle: &&Handle| handle.parent.is_some_and(|id| directory(&handle.file, id) == directories[at]);
                let inside: Vec<&Handle> = self.handles.iter().filter(inside).collect();
                for handle in inside {
                    let deeper = self.files.iter().any(|file| file.key == handle.file && file.directory);
                    if deeper && !directories.contains(&handle.file) {
                        directories.push(handle.file.clone());
                    }
                    if handle.id != through.id {
                        all.push(handle);
                    }
                }
                at += 1;
            }
        }
        all
    }

    /// Who caches his handle is asked for it, and may close it; nobody else will.
    fn ask_to_go(&self, handle: &Handle) -> Option<Demand> {
        let of = (handle.client, handle.key);
        if let Some(lease) = self.leases.iter().find(|lease| super::owns(of, lease)) {
            return lease.state.handles().then(|| Demand::Lease { of, leaves: lease.state.without_handles(), wait: true });
        }
        let oplock = self.oplocks.iter().find(|oplock| oplock.open == handle.id && oplock.level == OplockLevel::Batch)?;
        let leaves = oplock.breaking.map_or(OplockLevel::None, |breaking| breaking.into);
        Some(Demand::Oplock { of: handle.id, leaves, wait: true })
    }

    /// In which order it is taken: the rules know none. Leases come before oplocks.
    pub(super) fn place(&self, demand: &Demand) -> (Option<FileKey>, bool, Option<Owner>, OpenId) {
        match demand {
            Demand::Lease { of, .. } => {
                let lease = self.leases.iter().find(|lease| super::owns(*of, lease));
                (lease.map(|lease| lease.file.clone()), false, Some(*of), OpenId::new(0))
            }
            Demand::Oplock { of, .. } => {
                let oplock = self.oplocks.iter().find(|oplock| oplock.open == *of);
                (oplock.map(|oplock| oplock.file.clone()), true, None, *of)
            }
        }
    }
}
