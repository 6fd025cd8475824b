//! What an operation takes from other owners, and what it waits for: on its own file, and for a rename on others (MS-FSA 2.1.4.12,
//! 2.1.5.15.12).

use super::Step;
use super::sharing::demands_of_sharing;
use crate::caching::Caching;
use crate::command::{Access, Operation, Share};
use crate::id::{ClientGuid, FileId, FileKey, OpenId};
use crate::limits::OPENS_BELOW_MAX;
use crate::outcome::Rejection;
use crate::state::{File, Hold, HoldId, Keyed, LeaseId, OpenRecord, Own, Reason, State, directory};

/// Who does something to a file: whom he spares, and where the file lies for him.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Actor {
    /// The open that it is done through.
    pub(super) open: Option<OpenId>,
    pub(super) own: Own,
    /// The directory of the same volume that the file lies in, by his path.
    pub(super) parent: Option<FileId>,
    /// The directory lease that he does not break.
    pub(super) parent_lease: Option<LeaseId>,
    /// He is one of NFS, whose locks are only advice among each other.
    pub(super) nfs: bool,
}

impl Actor {
    /// Who has an open.
    pub(super) fn through(file: &File, open: &OpenRecord) -> Actor {
        let OpenRecord { id, parent, nfs, .. } = *open;
        Actor { open: Some(id), own: file.own_of(open), parent, parent_lease: open.parent_lease(), nfs }
    }

    /// Who has none.
    pub(super) fn without_open(parent: Option<FileId>) -> Actor {
        Actor { parent, nfs: true, ..Actor::default() }
    }
}

/// What has to be taken from others before an operation can be done.
#[derive(Debug, Default)]
pub(super) struct Demands {
    pub(super) breaks: Vec<(FileKey, HoldId, Reason)>,
    pub(super) waits: bool,
    /// The first other file whose breaks are waited for, beside those of the own file. The next is found when it is tried again.
    pub(super) behind: Option<u64>,
}

/// What came of taking what was demanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// Nobody is in the way.
    All,
    /// Breaks that now run have to be waited for, beside those of the own file those of this one.
    Waits(Option<u64>),
}

impl Demands {
    /// Takes from a hold of this file what this reason takes, and waits for it if that is waited for.
    pub(super) fn ask(&mut self, file: &File, hold: &Hold, reason: Reason) {
        self.waits |= hold.delays(reason);
        if hold.can_lose(reason) {
            self.breaks.push((file.key().clone(), hold.id, reason));
        }
    }

    /// Brings what is taken into the order in which it is taken, each once.
    pub(super) fn sort(&mut self) {
        self.breaks.sort_by(|(file, hold, _), (other, held, _)| (file, hold).cmp(&(other, held)));
        self.breaks.dedup();
    }

    /// The same of all holds of a file but one's own, unless the reason takes even that.
    pub(super) fn ask_others(&mut self, file: &File, own: Own, reason: Reason) {
        file.holds()
            .iter()
            .filter(|hold| !own.has(hold.id) || reason.takes_own(hold))
            .for_each(|hold| self.ask(file, hold, reason));
    }

    /// What a lock takes: what a write does. MS-FSA 2.1.5.8 has it so where the lock begins below the allocation size; smb2.lease.lock1 sees it
    /// in an empty file too, and a delegation goes in any case, for its client may have locked something by itself (RFC 8881 10.4.2).
    pub(super) fn ask_for_lock(&mut self, file: &File, own: Own) {
        self.ask_others(file, own, Reason::Overwrite);
    }

    fn wait_behind(&mut self, file: &FileKey) {
        self.waits = true;
        self.behind.get_or_insert(file.behind());
    }

    /// Every one of these opens has to go. Who caches its handle may close it when asked; anybody else will not, and nobody is asked in vain
    /// (LS-066, LS-067).
    fn all_have_to_go<'a>(&mut self, opens: impl Iterator<Item = (&'a File, &'a OpenRecord)>) -> Result<(), Rejection> {
        for (file, open) in opens {
            let hold = open.hold().and_then(|hold| file.hold(hold));
            let hold = hold.filter(|hold| hold.delays(Reason::Name)).ok_or(Rejection::AccessDenied)?;
            self.wait_behind(file.key());
            if hold.can_lose(Reason::Name) {
                self.breaks.push((file.key().clone(), hold.id, Reason::Name));
            }
        }
        Ok(())
    }
}

impl Operation {
    /// Whether it takes anything from other owners of its file.
    pub(super) fn takes_anything(&self) -> bool {
        self.reason().is_some()
    }

    /// What it takes from other owners of its file.
    fn reason(&self) -> Option<Reason> {
        match self {
            Operation::Read { .. } => Some(Reason::Access),
            Operation::Write { .. } | Operation::Resize { .. } => Some(Reason::Overwrite),
            Operation::Rename { .. } | Operation::Link { .. } => Some(Reason::Name),
            Operation::Dispose { delete: true } | Operation::SetSecurity => Some(Reason::Handle),
            // A file that stays after all is in nobody's way (LS-069), and times and attributes are not what a lease on it caches (LS-072).
            Operation::Dispose { delete: false } | Operation::SetAttributes | Operation::Use { .. } => None,
        }
    }
}

impl Step<'_> {
    /// Takes from others what is demanded for something on this file, and asks again whenever a holder was found unreachable and lost its
    /// opens: it is not in the way any more, and may have left the file to be deleted. Without `parked` there has to be room in the line for
    /// one more of this client, if it is one's.
    pub(super) fn take(
        &mut self,
        file: &FileKey,
        client: Option<ClientGuid>,
        parked: bool,
        demands: impl Fn(&State) -> Result<Demands, Rejection>,
    ) -> Result<Taken, Rejection> {
        loop {
            let Demands { breaks, waits, behind } = demands(self.state)?;
            if waits
                && !parked
                && let Some(line) = self.state.line_of(file, behind)
            {
                self.state.room_in_line(line, client)?;
            }
            for (file, hold, reason) in &breaks {
                self.break_hold(file, *hold, *reason);
            }
            // Gone with its opens, or without a word: nobody waits for it any more.
            let gone = |id: HoldId| self.state.hold(id).is_none_or(|(_, hold)| waits && hold.current() == Caching::None);
            if !breaks.iter().any(|(_, hold, _)| gone(*hold)) {
                return Ok(if waits { Taken::Waits(behind) } else { Taken::All });
            }
        }
    }
}

impl State {
    /// What an operation demands, or that it can not be done whatever the others do.
    pub(super) fn demands_of(&self, file: &FileKey, actor: &Actor, operation: &Operation) -> Result<Demands, Rejection> {
        let mut demands = Demands::default();
        let Some(reason) = operation.reason() else { return Ok(demands) };
        let record = self.file(file);
        if let Some(record) = record {
            demands.ask_others(record, actor.own, reason);
            // Who has no open may be parked on another file than this one.
            demands.behind = (demands.waits && actor.open.is_none()).then(|| file.behind());
        }
        match operation {
            Operation::Rename { name: _, parent, replaces } => {
                self.demand_entry(&mut demands, file, actor, *parent)?;
                self.demand_target(&mut demands, file, *replaces)?;
                if record.is_none_or(File::directory) {
                    let below = self.opens_below(file, OPENS_BELOW_MAX).ok_or(Rejection::AccessDenied)?;
                    demands.all_have_to_go(below.into_iter().filter(|(_, below)| Some(below.id) != actor.open))?;
                }
            }
            Operation::Link { parent } => self.demand_entry(&mut demands, file, actor, *parent)?,
            Operation::Read { .. }
            | Operation::Write { .. }
            | Operation::Resize { .. }
            | Operation::Dispose { .. }
            | Operation::SetSecurity
            | Operation::SetAttributes
            | Operation::Use { .. } => (),
        }
        demands.sort();
        Ok(demands)
    }

    /// To put a name into a directory is to open it for that, sharing it to read and write: in the way are those who may delete it and those
    /// who do not share writing (MS-FSA 2.1.5.15.12, 2.1.5.1.2.2).
    fn demand_entry(&self, demands: &mut Demands, file: &FileKey, actor: &Actor, parent: Option<FileId>) -> Result<(), Rejection> {
        let Some(parent) = parent.or(actor.parent) else { return Ok(()) };
        let Some(entered) = self.file(&directory(file, parent)) else { return Ok(()) };
        let (access, share) = (Access(Access::WRITE_DATA), Share(Share::READ | Share::WRITE));
        let conflicting = demands_of_sharing(entered, Own::hold(actor.parent_lease.map(HoldId::Lease)), access, share)?;
        if conflicting.waits {
            demands.wait_behind(entered.key());
        }
        demands.breaks.extend(conflicting.breaks);
        Ok(())
    }

    /// A file that goes because another takes its name must not be open, nor any stream of it (LS-066, LS-073).
    fn demand_target(&self, demands: &mut Demands, file: &FileKey, replaces: Option<FileId>) -> Result<(), Rejection> {
        let Some(target) = replaces.filter(|target| *target != file.file) else { return Ok(()) };
        let streams: Vec<FileKey> = self.index().streams_of(directory(file, target)).collect();
        let streams = streams.iter().filter_map(|stream| self.file(stream));
        demands.all_have_to_go(streams.flat_map(|target| target.opens().iter().map(move |open| (target, open))))
    }
}
