//! The replicated state.

use std::time::Duration;

use crate::command::Entry;
use crate::effect::Effect;
use crate::id::{Incarnation, ServerId};
use crate::time::LogTime;

/// What the operator can set about the rules: part of the state, and so the same on every node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How long a client has to acknowledge a break (MS-SMB2 3.3.2.5), in log time. 35 s by default.
    pub break_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { break_timeout: Duration::from_secs(35) }
    }
}

/// The lease table.
#[derive(Debug, Clone, Default)]
pub struct State {
    settings: Settings,
    now: LogTime,
}

impl State {
    /// An empty table with default settings.
    pub fn new() -> State {
        State { settings: Settings::default(), now: LogTime::ZERO }
    }

    /// Carries out one entry.
    #[must_use]
    pub fn apply(&mut self, entry: &Entry) -> Vec<Effect> {
        self.now = self.now.max(entry.at);
        Vec::new()
    }

    /// When something expires next, if anything does.
    pub fn next_deadline(&self) -> Option<LogTime> {
        None
    }

    /// Everything that this life of this server is still owed, derived from state alone.
    pub fn outstanding(&self, _server: ServerId, _incarnation: Incarnation) -> Vec<Effect> {
        Vec::new()
    }

    /// Log time.
    pub fn now(&self) -> LogTime {
        self.now
    }

    /// The settings that hold.
    pub fn settings(&self) -> Settings {
        self.settings
    }
}
