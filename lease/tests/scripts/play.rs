//! Plays a script: turns each verb into an entry, and what comes of it into text.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use goldenscript::Context;
use lease::{
    Command, Entry, Generation, Incarnation, LeaseRequest, LeaseRequestV2, Lock, Open, Operation, RangeLock, ShareId,
    ShareSettings, Unlock,
};

use crate::args::{Bits, Key, LockKind, Seat, Seconds, Server, Span, seconds};
use crate::handles::user;
use crate::show;
use crate::verbs::Verb;
use crate::world::{About, World};

pub(crate) type Played = Result<String, Box<dyn Error>>;

/// One script's world.
#[derive(Debug, Default)]
pub(crate) struct Player {
    pub(crate) world: World,
    /// The last entry of each name that may wait and is no open, and the server that asked.
    pub(crate) waiting: BTreeMap<String, (Server, Entry)>,
}

impl goldenscript::Runner for Player {
    type Command = Verb;

    fn run(&mut self, verb: &Verb, context: &Context) -> Played {
        self.world.speaks_for = context.prefix.as_deref().map(life).transpose()?;
        let played = self.play(verb);
        self.world.speaks_for = None;
        played
    }
}

fn life(prefix: &str) -> Result<Incarnation, String> {
    let number = prefix.strip_prefix('i').and_then(|number| number.parse().ok());
    number.map(Incarnation::new).ok_or_else(|| format!("'{prefix}' is no life of a server: use i1, i2 …"))
}

impl Player {
    fn play(&mut self, verb: &Verb) -> Played {
        match verb {
            Verb::Open { .. } => self.open(verb),
            Verb::Read { handles, at } => self.operate(handles, &Operation::Read { range: at.map(|at| at.0) }),
            Verb::Write { handles, at } => self.operate(handles, &Operation::Write { range: at.map(|at| at.0) }),
            Verb::Lock { .. } | Verb::Unlock { .. } => self.lock(verb),
            Verb::Resize { handles, alloc } => self.operate(handles, &Operation::Resize { allocation: *alloc }),
            Verb::Secure(names) => self.operate(names, &Operation::SetSecurity),
            Verb::Attributes(names) => self.operate(names, &Operation::SetAttributes),
            Verb::Use { handles, position } => self.operate(handles, &Operation::Use { position: *position }),
            Verb::Link { .. } | Verb::Rename { .. } => self.name(verb),
            Verb::Delete(names) => self.operate(names, &Operation::Dispose { delete: true }),
            Verb::Undelete(names) => self.operate(names, &Operation::Dispose { delete: false }),
            Verb::Grace { .. }
            | Verb::Endgrace { .. }
            | Verb::Access { .. }
            | Verb::Nfslock { .. }
            | Verb::Nfsunlock { .. }
            | Verb::Nfsrelease(_)
            | Verb::Return(_) => self.foreign(verb),
            Verb::Close(names) => names.iter().map(|name| self.close(name)).collect(),
            Verb::Ack { seat, generation, lease } => Ok(self.ack(*seat, *generation, lease)),
            Verb::Ackop { handle, level, generation } => self.ack_oplock(handle, level.0, *generation),
            Verb::Release { seat, key } => Ok(self.release(*seat, *key)),
            Verb::Cancel(name) => self.cancel(name),
            Verb::Deleted { server, file, stream } => Ok(self.deleted(*server, file, stream.as_deref())),
            Verb::Reconnect { .. } | Verb::Resilient { .. } => self.survive(verb),
            Verb::Connect { .. }
            | Verb::Relogin(_)
            | Verb::Crowd(..)
            | Verb::Logoff(_)
            | Verb::Disconnect(_)
            | Verb::Undeliverable { .. } => self.connection(verb),
            Verb::Start { .. } | Verb::Renew(_) | Verb::Stop(_) | Verb::Confirm(_) | Verb::Hoard(_) | Verb::Miss(_) => {
                Ok(self.server(verb))
            }
            Verb::Advance(span) => {
                self.world.advance(span.0);
                Ok(self.tick())
            }
            Verb::Stamp(moment) => {
                self.world.stamp(moment.0);
                Ok(String::new())
            }
            Verb::Configure { .. } => Ok(self.configure(verb)),
            Verb::Break { .. } | Verb::Evict(_) => self.operator(verb),
            Verb::Retry(name) => self.retry(name.as_deref()),
            Verb::Reuse { id, open } => self.reuse(id, open),
            Verb::Leases
            | Verb::Locks
            | Verb::Clients
            | Verb::Lease { .. }
            | Verb::Oplock(_)
            | Verb::Counts
            | Verb::Handles
            | Verb::Outstanding(_)
            | Verb::Deadline => self.look(verb),
            Verb::Fresh => {
                self.world = World::default();
                Ok(String::new())
            }
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "only the verbs that are its own come here")]
    fn name(&mut self, verb: &Verb) -> Played {
        match verb {
            Verb::Link { name, within } => {
                let parent = within.as_deref().map(|within| self.world.file(within, None).file);
                self.operate_through(name, &Operation::Link { parent })
            }
            Verb::Rename { name, to, within, over } => {
                let mut id = |file: &Option<String>| file.as_deref().map(|file| self.world.file(file, None).file);
                let (parent, replaces) = (id(within), id(over));
                self.operate_through(name, &Operation::Rename { name: Arc::from(to.as_str()), parent, replaces })
            }
            _ => unreachable!("only verbs about names come here"),
        }
    }

    fn deleted(&mut self, server: Server, name: &str, stream: Option<&str>) -> String {
        let file = self.world.file(name, stream);
        self.ask(server, Command::Deleted { file }, About::Operation(name.to_owned()))
    }

    fn ask(&mut self, server: Server, command: Command, about: About) -> String {
        let effects = self.world.request(server, command, about);
        show::effects(&self.world, &effects)
    }

    /// Asks for something that may wait, under a name by which it can be cancelled.
    pub(crate) fn ask_patiently(&mut self, server: Server, command: Command, about: String) -> String {
        let effects = self.world.request(server, command, About::Operation(about.clone()));
        if let Ok(entry) = self.world.last_request() {
            self.waiting.insert(about, (server, entry));
        }
        show::effects(&self.world, &effects)
    }

    fn operator(&mut self, verb: &Verb) -> Played {
        let command = if let Verb::Break { client, lease } = verb {
            let [(key, into)] = lease[..] else { return Err("a lease, and what is left of it".into()) };
            Command::BreakLease { client: client.guid(), key: key.key(), into: into.asked() }
        } else if let Verb::Evict(client) = verb {
            Command::Evict { client: client.guid() }
        } else {
            unreachable!("only what operators ask for comes here")
        };
        let effects = self.world.unasked(command);
        Ok(show::effects(&self.world, &effects))
    }

    fn configure(&mut self, verb: &Verb) -> String {
        let Verb::Configure {
            break_timeout,
            persistent_lease,
            persistent_oplock,
            durable_timeout,
            timeouts,
            barred_for,
            recall_timeout,
            share,
            force_level2,
            restrict_exclusive,
            force_shared_delete,
            ca,
            scale_out,
            one_epoch,
        } = verb
        else {
            unreachable!("only settings come here")
        };
        let mut settings = self.world.state.settings().clone();
        settings.recall_timeout = recall_timeout.map_or(settings.recall_timeout, |timeout| Duration::from_millis(timeout.0));
        let time = |timeout: &Option<Seconds>| timeout.map(|timeout| Duration::from_millis(timeout.0));
        let (set, kept) = (time(break_timeout), time(durable_timeout));
        let (lease, oplock) = (time(persistent_lease), time(persistent_oplock));
        if let Some(share) = share {
            let share_settings = ShareSettings {
                force_level2_oplock: *force_level2,
                restrict_exclusive_opens: *restrict_exclusive,
                force_shared_delete: *force_shared_delete,
                continuously_available: *ca,
                scale_out: *scale_out,
                stages_share_epoch: *one_epoch,
                break_timeout: set,
                persistent_lease_break_timeout: lease,
                persistent_oplock_break_timeout: oplock,
                durable_timeout: kept,
            };
            settings.shares.insert(ShareId::new(*share), share_settings);
        } else {
            settings.break_timeout = set.unwrap_or(settings.break_timeout);
            settings.persistent_lease_break_timeout = lease.unwrap_or(settings.persistent_lease_break_timeout);
            settings.persistent_oplock_break_timeout = oplock.unwrap_or(settings.persistent_oplock_break_timeout);
            settings.durable_timeout = kept.unwrap_or(settings.durable_timeout);
            settings.timeouts_until_barred = timeouts.unwrap_or(settings.timeouts_until_barred);
            let barred = barred_for.map(|time| Duration::from_millis(time.0));
            settings.barred_for = barred.unwrap_or(settings.barred_for);
        }
        let effects = self.world.unasked(Command::Configure(settings));
        show::effects(&self.world, &effects)
    }

    fn open(&mut self, verb: &Verb) -> Played {
        let Verb::Open {
            seat,
            file,
            stream,
            access,
            share,
            disp,
            epoch,
            parent,
            dir,
            within,
            created,
            delete_on_close,
            times,
            name_bytes,
            through,
            oplock,
            delegation,
            durable,
            timeout,
            persistent,
            replay,
            only,
            app,
            options,
            reclaim,
            lease,
        } = verb
        else {
            unreachable!("only opens come here")
        };
        let lease = match lease[..] {
            [] => None,
            [(key, state)] => {
                let v2 = (epoch.is_some() || parent.is_some())
                    .then(|| LeaseRequestV2 { epoch: lease::Epoch::new(epoch.unwrap_or_default()), parent: parent.map(Key::key) });
                Some(LeaseRequest { key: key.key(), state: state.asked(), v2 })
            }
            _ => return Err("an open asks for one lease at most".into()),
        };
        let open = Open {
            session: self.world.session(*seat),
            file: self.world.file(file, stream.as_deref()),
            name: name_bytes.map_or_else(|| Arc::from(file.as_str()), |length| Arc::from("x".repeat(length))),
            directory: *dir,
            access: access.0,
            share: share.0,
            disposition: disp.0,
            parent: within.as_deref().map(|within| self.world.file(within, None).file),
            created: *created,
            delete_on_close: *delete_on_close,
            lease,
            oplock: oplock.0,
            share_id: ShareId::new(*through),
            delegation: delegation.map(|delegation| delegation.0),
            durable: durable.map(|durable| durable.request(*timeout, *persistent)),
            replay: *replay,
            only_replay: *only,
            app: app.map(|app| app.0),
            options: *options,
            reclaim: *reclaim,
        };
        self.world.let_in(|world| {
            for _ in 1..times.unwrap_or(1) {
                world.open(*seat, open.clone());
            }
        });
        let effects = self.world.open(*seat, open);
        Ok(show::effects(&self.world, &effects))
    }

    fn close(&mut self, name: &str) -> Played {
        let (seat, session, open) = self.world.handle(name)?;
        let open = open.ok_or_else(|| format!("'{name}' was never opened"))?;
        Ok(self.ask(seat.server, Command::Close { session, open }, About::Close(name.to_owned())))
    }

    fn operate(&mut self, names: &[String], operation: &Operation) -> Played {
        names.iter().map(|name| self.operate_through(name, operation)).collect()
    }

    fn operate_through(&mut self, name: &str, operation: &Operation) -> Played {
        let (seat, session, open) = self.world.handle(name)?;
        let open = open.ok_or_else(|| format!("'{name}' was never opened"))?;
        let about = About::Operation(format!("{operation} {name}"));
        Ok(self.ask(seat.server, Command::Operate { session, open, operation: operation.clone() }, about))
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "only the verbs that are its own come here")]
    fn lock(&mut self, verb: &Verb) -> Played {
        let (Verb::Lock { handle: name, .. } | Verb::Unlock { handle: name, .. }) = verb else {
            unreachable!("only locks come here")
        };
        let (seat, session, open) = self.world.handle(name)?;
        let open = open.ok_or_else(|| format!("'{name}' was never opened"))?;
        let (command, about) = match verb {
            Verb::Lock { wait, seq, alloc, ranges, .. } => {
                let lock = |(kind, span): &(LockKind, Span)| RangeLock { range: span.0, exclusive: kind.0 };
                let locks = ranges.iter().map(lock).collect();
                let sequence = seq.map(|seq| seq.0);
                let about = format!("lock {name}");
                (Command::Lock(Lock { session, open, locks, wait: *wait, sequence, allocation: *alloc }), about)
            }
            Verb::Unlock { seq, ranges, .. } => {
                let ranges = ranges.iter().map(|span| span.0).collect();
                (Command::Unlock(Unlock { session, open, ranges, sequence: seq.map(|seq| seq.0) }), format!("unlock {name}"))
            }
            _ => unreachable!("only locks come here"),
        };
        Ok(self.ask_patiently(seat.server, command, about))
    }

    fn ack(&mut self, seat: Seat, generation: Option<u64>, leases: &[(Key, Bits)]) -> String {
        let mut text = String::new();
        for (key, Bits(state)) in leases {
            let running = self.world.state.break_generation(seat.client.guid(), key.key());
            let generation = match generation {
                None => running,
                Some(0) => None,
                Some(number) => Some(Generation::new(number)),
            };
            let command = Command::Acknowledge { client: seat.client.guid(), key: key.key(), state: *state, generation };
            text += &self.ask(seat.server, command, About::Lease(seat, *key));
        }
        text
    }

    fn release(&mut self, seat: Seat, key: Key) -> String {
        let command = Command::Release { client: seat.client.guid(), key: key.key() };
        self.ask(seat.server, command, About::Lease(seat, key))
    }

    fn ack_oplock(&mut self, handle: &str, level: u8, generation: Option<u64>) -> Played {
        let (seat, session, open) = self.world.handle(handle)?;
        let open = open.ok_or_else(|| format!("'{handle}' was never opened"))?;
        let generation = generation.map(Generation::new);
        let command = Command::AcknowledgeOplock { session, open, level, generation };
        Ok(self.ask(seat.server, command, About::Operation(handle.to_owned())))
    }

    fn cancel(&mut self, name: &str) -> Played {
        let (server, opening) = match self.waiting.get(name) {
            Some(lock) => lock.clone(),
            None => (self.world.handle(name)?.0.server, self.world.opening(name)?),
        };
        let sequence = opening.request.expect("an open is a request").id.sequence;
        Ok(self.ask(server, Command::Cancel { sequence }, About::Cancel(name.to_owned())))
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "only the verbs that are its own come here")]
    fn connection(&mut self, verb: &Verb) -> Played {
        match verb {
            Verb::Connect { seat, user: named, previous } => {
                let effects = self.world.connect_as(*seat, user(named.as_deref(), seat.client), *previous);
                Ok(show::effects(&self.world, &effects))
            }
            Verb::Relogin(seat) => {
                let connection = self.world.connection(*seat);
                let effects = self.world.log_in(*seat, connection, user(None, seat.client), None);
                Ok(show::effects(&self.world, &effects))
            }
            Verb::Crowd(seat, count) => {
                let mut effects = Vec::new();
                for number in (seat.number..).take(*count as usize) {
                    effects = self.world.connect(Seat { number, ..*seat });
                }
                Ok(show::effects(&self.world, &effects))
            }
            Verb::Logoff(seat) => {
                let session = self.world.last_session(*seat);
                let text = self.ask(seat.server, Command::EndSession { session }, About::Session(*seat));
                self.world.leave(*seat);
                Ok(text)
            }
            Verb::Disconnect(seat) => {
                let connection = self.world.connection(*seat);
                let text = self.ask(seat.server, Command::Disconnect { connection }, About::Session(*seat));
                self.world.leave(*seat);
                Ok(text)
            }
            Verb::Undeliverable { seat, key, generation } => {
                let connection = self.world.connection(*seat);
                let client = seat.client.guid();
                let running = self.world.state.break_generation(client, key.key());
                let generation = generation.map(Generation::new).or(running).ok_or("no break is running: name one by gen=")?;
                let command = Command::Undeliverable { connection, client, key: key.key(), generation };
                Ok(self.ask(seat.server, command, About::Lease(*seat, *key)))
            }
            _ => unreachable!("only verbs about connections come here"),
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "only the verbs that are its own come here")]
    fn server(&mut self, verb: &Verb) -> String {
        match verb {
            Verb::Start { server, life, ttl } => {
                let effects = self.world.start(*server, *life, ttl.map(|ttl| Duration::from_millis(ttl.0)));
                show::effects(&self.world, &effects)
            }
            Verb::Renew(server) => self.ask(*server, Command::RenewServer, About::Server),
            Verb::Stop(server) => self.ask(*server, Command::StopServer, About::Server),
            Verb::Confirm(server) => {
                self.world.confirm(*server);
                String::new()
            }
            Verb::Hoard(server) => {
                self.world.hoard(*server);
                String::new()
            }
            Verb::Miss(server) => {
                self.world.miss(*server);
                String::new()
            }
            _ => unreachable!("only verbs about servers come here"),
        }
    }

    fn tick(&mut self) -> String {
        let effects = self.world.unasked(Command::Tick);
        let text = show::effects(&self.world, &effects);
        let now = seconds(self.world.clock().as_millis());
        if text.is_empty() { format!("{now}: nothing due\n") } else { format!("{now}:\n{text}") }
    }

    fn retry(&mut self, name: Option<&str>) -> Played {
        let mut entry = match name {
            Some(name) => self.world.opening(name)?,
            None => self.world.last_request()?,
        };
        entry.at = self.world.clock();
        let effects = self.world.enter(&entry);
        Ok(show::effects(&self.world, &effects))
    }

    fn reuse(&mut self, id: &str, open: &str) -> Played {
        let mut entry = self.world.opening(open)?;
        entry.request = self.world.opening(id)?.request;
        entry.at = self.world.clock();
        let effects = self.world.enter(&entry);
        Ok(show::effects(&self.world, &effects))
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "only the verbs that are its own come here")]
    fn look(&self, verb: &Verb) -> Played {
        let state = &self.world.state;
        let mut text = String::new();
        match verb {
            Verb::Leases => {
                for lease in state.leases() {
                    writeln!(text, "{}", show::lease(&self.world, &lease))?;
                }
                if text.is_empty() {
                    text.push_str("no leases\n");
                }
            }
            Verb::Locks => {
                for lock in state.locks_from((0, 0)) {
                    writeln!(text, "{}", show::lock(&self.world, &lock))?;
                }
                if text.is_empty() {
                    text.push_str("no locks\n");
                }
            }
            Verb::Clients => {
                for client in state.clients_from(lease::ClientGuid::default()) {
                    writeln!(text, "{}", show::client(&client))?;
                }
                if text.is_empty() {
                    text.push_str("no clients\n");
                }
            }
            Verb::Lease { client, key } => match state.lease(client.guid(), key.key()) {
                Some(lease) => writeln!(text, "{}", show::lease(&self.world, &lease))?,
                None => writeln!(text, "{client} has no {key}")?,
            },
            Verb::Oplock(name) => {
                let (_, _, open) = self.world.handle(name)?;
                match open.and_then(|open| state.opens().find(|info| info.id == open)) {
                    Some(info) => writeln!(text, "{name} {}", info.oplock)?,
                    None => writeln!(text, "{name} is closed")?,
                }
            }
            Verb::Handles => {
                for open in state.opens().filter(|open| open.durable.is_some()) {
                    writeln!(text, "{}", show::handle(&self.world, &open))?;
                }
                if text.is_empty() {
                    text.push_str("no durable handles\n");
                }
            }
            Verb::Counts => writeln!(text, "{}", show::counts(&state.counts()))?,
            Verb::Outstanding(server) => {
                let (incarnation, _) = self.world.life(*server).ok_or("the server never started")?;
                let incarnation = self.world.speaks_for.unwrap_or(incarnation);
                text = show::owed(&self.world, &state.outstanding(server.id(), incarnation));
                if text.is_empty() {
                    writeln!(text, "{server} is owed nothing")?;
                }
            }
            Verb::Deadline => match state.next_deadline() {
                Some(at) => writeln!(text, "next at {}", seconds(at.as_millis()))?,
                None => writeln!(text, "nothing expires")?,
            },
            _ => unreachable!("only verbs that look come here"),
        }
        Ok(text)
    }
}
