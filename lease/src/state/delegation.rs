//! Delegations, to be looked at.

use crate::caching::Caching;
use crate::command::Delegation;
use crate::id::{Generation, OpenId};
use crate::state::{Breaking, HoldId, State};
use crate::time::LogTime;

/// A delegation of NFSv4, for people and programs to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DelegationInfo {
    /// What the client has; none if it was returned or revoked.
    pub delegation: Option<Delegation>,
    /// If it is recalled, when it is revoked.
    pub return_by: Option<LogTime>,
    /// Counts the recalls.
    pub generation: Generation,
}

impl State {
    /// The delegation of an open that was granted one.
    pub fn delegation(&self, open: OpenId) -> Option<DelegationInfo> {
        let (_, hold) = self.hold(HoldId::Delegation(open))?;
        let delegation = delegated(hold.current());
        Some(DelegationInfo { delegation, return_by: hold.breaking().and_then(Breaking::ack_by), generation: hold.generation })
    }
}

/// The delegation that is kept as this caching.
pub(super) fn delegated(caching: Caching) -> Option<Delegation> {
    match caching {
        Caching::None => None,
        Caching::R | Caching::RH => Some(Delegation::Read),
        Caching::RW | Caching::RWH => Some(Delegation::Write),
    }
}
