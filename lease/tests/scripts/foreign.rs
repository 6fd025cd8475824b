//! What is asked by who is no client of SMB.

use std::sync::Arc;

use lease::{Command, ForeignAccess, Operation};

use crate::args::Deed;
use crate::play::Player;
use crate::verbs::Verb;

impl Player {
    pub(crate) fn foreign(&mut self, verb: &Verb) -> String {
        let Verb::Access { server, file, what, stream, at, within, to, into, over } = verb else {
            unreachable!("only what is foreign comes here")
        };
        let mut id = |file: &Option<String>| file.as_deref().map(|file| self.world.file(file, None).file);
        let (parent, into, replaces) = (id(within), id(into), id(over));
        let range = at.map(|at| at.0);
        let operation = match what {
            Deed::Read => Operation::Read { range },
            Deed::Write => Operation::Write { range },
            Deed::Resize => Operation::Resize,
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
}
