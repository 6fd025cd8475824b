//! Short text forms of commands, outcomes and effects, for scripts, logs and people.

mod command;
mod effect;
mod outcome;

use std::fmt::{Display, Formatter, Result};

use crate::command::{Access, Disposition, NfsOwner, Share};
use crate::effect::Route;
use crate::oplock::OplockLevel;
use crate::range::{ByteRange, LockOwner, RangeLock};

impl Display for Route {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}.{}.{}", self.server, self.incarnation, self.connection)
    }
}

impl Display for OplockLevel {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.pad(match self {
            OplockLevel::None => "none",
            OplockLevel::LevelII => "level II",
            OplockLevel::Exclusive => "exclusive",
            OplockLevel::Batch => "batch",
        })
    }
}

impl Display for Access {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{:#x}", self.0)
    }
}

impl Display for Share {
    /// Of read, write and delete, the letters of those that are shared; `-` for none.
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let letters = [(Share::READ, 'R'), (Share::WRITE, 'W'), (Share::DELETE, 'D')];
        let shared: String = letters.into_iter().filter(|(bit, _)| self.0 & bit != 0).map(|(_, letter)| letter).collect();
        f.pad(if shared.is_empty() { "-" } else { &shared })
    }
}

impl Display for Disposition {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.pad(match self {
            Disposition::Keep => "keep",
            Disposition::Overwrite => "overwrite",
            Disposition::Supersede => "supersede",
        })
    }
}

impl Display for ByteRange {
    /// `10+5`: the offset and the length.
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}+{}", self.offset, self.length)
    }
}

impl Display for RangeLock {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{} {}", self.range, if self.exclusive { "exclusive" } else { "shared" })
    }
}

impl Display for LockOwner {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            LockOwner::Open(open) => open.fmt(f),
            LockOwner::Nfs(owner) => owner.fmt(f),
        }
    }
}

impl Display for NfsOwner {
    /// `<owner>@<client>`
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}@{}", self.owner, self.client)
    }
}
