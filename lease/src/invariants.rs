//! What must hold after every entry. Each rule is a function with its clause.

use std::fmt;

use crate::id::{FileKey, ServerId, SessionId};
use crate::range::{Lock, LockOwner};
use crate::snapshot::{Digest, RecordOf, each, each_of_file};
use crate::state::{
    Breaking, Deleter, Deleting, File, Hold, HoldId, Index, Keyed, Locks, OpenRecord, Opens, Server, State, Untold, Waiting,
};

/// An invariant that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Violation {
    /// The function that found it.
    pub rule: &'static str,
    /// Where.
    pub place: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invariant {} does not hold: {}", self.rule, self.place)
    }
}

fn violated(rule: &'static str, place: impl fmt::Display) -> Result<(), Violation> {
    Err(Violation { rule, place: place.to_string() })
}

/// The invariants of a file that was changed.
pub(crate) fn check_file(state: &State, key: &FileKey) -> Result<(), Violation> {
    state.file(key).map_or(Ok(()), |file| check_known_file(state, key, file))
}

fn check_known_file(state: &State, key: &FileKey, file: &File) -> Result<(), Violation> {
    one_writer_per_file(key, file)?;
    no_write_caching_on_directories(key, file)?;
    owed_deletion_is_of_nobodys_file(key, file)?;
    parked_waits_for_something(state, key, file)
}

/// The invariants of a hold that was changed.
pub(crate) fn check_hold(state: &State, key: &FileKey, hold: &Hold) -> Result<(), Violation> {
    break_targets_shrink(key, hold)?;
    no_expired_break_survives(state, key, hold)?;
    hold_has_open(key, hold)?;
    key_is_bound_to_one_file(state, key, hold)?;
    breaking_holder_can_be_told(state, key, hold)
}

impl State {
    /// Checks all invariants on everything. Slow: for tests.
    pub fn check(&self) -> Result<(), Violation> {
        self.check_records(1)?;
        indexes_match_records(self)?;
        digest_matches_records(self)
    }

    /// Checks all but what is derived from the records, the files on so many threads.
    pub(crate) fn check_records(&self, threads: usize) -> Result<(), Violation> {
        let groups = (0..self.files().groups()).collect();
        let checked = each(threads, groups, |group| self.files().group(group).try_for_each(|file| check_whole_file(self, file)));
        checked.into_iter().collect::<Result<(), Violation>>()?;
        connections_have_sessions(self)?;
        graces_are_not_over(self)?;
        deletions_are_owed_by_the_living(self)?;
        counters_are_ahead(self)
    }
}

/// All invariants of one file, those included that no entry can break alone.
fn check_whole_file(state: &State, file: &File) -> Result<(), Violation> {
    let key = file.key();
    tally_matches_records(key, file)?;
    check_known_file(state, key, file)?;
    file.holds().iter().try_for_each(|hold| check_hold(state, key, hold))?;
    file_is_known_for_something(key, file)?;
    records_are_in_order(key, file)?;
    opens_have_sessions(state, key, file)?;
    adrift_opens_have_deadlines(state, key, file)?;
    share_modes_are_compatible(key, file)?;
    locks_are_compatible(key, file)?;
    counters_are_ahead_of_file(state, key, file)
}

/// The counts of a file are those of its records.
fn tally_matches_records(key: &FileKey, file: &File) -> Result<(), Violation> {
    if *file.tally() == file.counted() { Ok(()) } else { violated("tally_matches_records", key) }
}

/// Whoever caches writes is the only one to cache anything. A breaking lease counts as what its client may still do
/// (MS-FSA 2.1.5.18.2).
fn one_writer_per_file(key: &FileKey, file: &File) -> Result<(), Violation> {
    let (writers, caching) = file.tally().writers_and_all();
    if writers > 0 && caching > 1 { violated("one_writer_per_file", key) } else { Ok(()) }
}

/// A directory lease is none, R or RH (MS-SMB2 3.3.1.4).
fn no_write_caching_on_directories(key: &FileKey, file: &File) -> Result<(), Violation> {
    let (writers, _) = file.tally().writers_and_all();
    if file.directory() && writers > 0 { violated("no_write_caching_on_directories", key) } else { Ok(()) }
}

/// A file that is to be deleted is deleted when its last open ends, and nobody opens it from then on (MS-FSA 2.1.5.5).
fn owed_deletion_is_of_nobodys_file(key: &FileKey, file: &File) -> Result<(), Violation> {
    let Some(deleting) = file.deleting() else { return Ok(()) };
    let in_order = match deleting {
        Deleting::Pending { .. } => !file.opens().is_empty(),
        Deleting::Owed { .. } => file.opens().is_empty() && file.holds().is_empty(),
    };
    if in_order { Ok(()) } else { violated("owed_deletion_is_of_nobodys_file", key) }
}

/// Who owes a deletion can be told; it is nobody's only while no server lives.
fn deletions_are_owed_by_the_living(state: &State) -> Result<(), Violation> {
    let alive = |id: ServerId| state.server(id).is_some_and(Server::is_alive);
    let anybody = state.server_records().any(|(_, server)| server.is_alive());
    let mut debts = state.index().deletions.iter();
    let wrong = |by| match by {
        Deleter::NextServer => anybody,
        Deleter::Server(by) => !alive(by),
    };
    match debts.find(|(by, _)| wrong(*by)) {
        Some((_, file)) => violated("deletions_are_owed_by_the_living", file),
        None => Ok(()),
    }
}

/// Every parked request waits for a break that runs, and so has a deadline (MS-FSA 2.1.4.12), or for a lock (MS-FSA 2.1.5.8).
fn parked_waits_for_something(state: &State, key: &FileKey, file: &File) -> Result<(), Violation> {
    match file.parked().iter().find(|parked| !state.blocks(file, parked)) {
        Some(parked) => violated("parked_waits_for_something", format_args!("{key}, {}", parked.request)),
        None => Ok(()),
    }
}

/// What is held is more than what was asked for, and that is no less than what is required (MS-SMB2 3.3.4.7).
fn break_targets_shrink(key: &FileKey, hold: &Hold) -> Result<(), Violation> {
    let Some(breaking) = hold.breaking() else { return Ok(()) };
    let (current, requested, required) = (breaking.current(), breaking.requested(), breaking.required());
    if current == requested || !requested.is_subset_of(current) || !required.is_subset_of(requested) {
        return violated("break_targets_shrink", format_args!("{key}, {}", hold.id));
    }
    Ok(())
}

/// A break whose time is over is resolved, whatever the entry was (MS-SMB2 3.3.6.5).
fn no_expired_break_survives(state: &State, key: &FileKey, hold: &Hold) -> Result<(), Violation> {
    if hold.breaking().and_then(Breaking::ack_by).is_some_and(|ack_by| ack_by <= state.now()) {
        return violated("no_expired_break_survives", format_args!("{key}, {}", hold.id));
    }
    Ok(())
}

/// A lease exists while it has opens (MS-SMB2 3.3.1.12).
fn hold_has_open(key: &FileKey, hold: &Hold) -> Result<(), Violation> {
    if hold.opens == 0 { violated("hold_has_open", format_args!("{key}, {}", hold.id)) } else { Ok(()) }
}

/// A lease is bound to one file (MS-SMB2 3.3.5.9.8).
fn key_is_bound_to_one_file(state: &State, key: &FileKey, hold: &Hold) -> Result<(), Violation> {
    let HoldId::Lease(lease) = hold.id else { return Ok(()) };
    let mut files = state.files_of_lease(lease);
    if files.next().map(Keyed::key) != Some(key) || files.next().is_some() {
        return violated("key_is_bound_to_one_file", format_args!("{key}, {}", hold.id));
    }
    Ok(())
}

/// A break runs only while its client has a connection to be told on, or a persistent open is under it. It has no clock only while such an
/// open waits for its client, and so a deadline (MS-SMB2 3.3.4.7).
fn breaking_holder_can_be_told(state: &State, key: &FileKey, hold: &Hold) -> Result<(), Violation> {
    let (Some(breaking), Some(file)) = (hold.breaking(), state.file(key)) else { return Ok(()) };
    let told = || state.route_of(file, hold.id).is_some() || file.untold(hold.id) != Untold::Lost;
    let in_order = if breaking.ack_by().is_some() { told() } else { file.awaits_holder(hold.id) };
    if in_order { Ok(()) } else { violated("breaking_holder_can_be_told", format_args!("{key}, {}", hold.id)) }
}

/// An open without a session waits for its client, and not for ever (MS-SMB2 3.3.7.1); and what is kept beside an open is that of an open of
/// the file.
fn adrift_opens_have_deadlines(state: &State, key: &FileKey, file: &File) -> Result<(), Violation> {
    let in_order = |open: &OpenRecord| match (open.session, file.handle(open.id)) {
        (Some(_), handle) => handle.is_none_or(|handle| handle.until.is_none()),
        (None, None) => false,
        (None, Some(handle)) => handle.survival.is_some() && handle.until.is_some_and(|until| until > state.now()),
    };
    let stray = file.handles().find(|(open, _)| file.open(*open).is_none()).map(|(open, _)| open);
    match stray.or_else(|| file.opens().iter().find(|open| !in_order(open)).map(|open| open.id)) {
        Some(open) => violated("adrift_opens_have_deadlines", format_args!("{key}, {open}")),
        None => Ok(()),
    }
}

/// A file that nothing is left of is forgotten.
fn file_is_known_for_something(key: &FileKey, file: &File) -> Result<(), Violation> {
    if file.is_empty() { violated("file_is_known_for_something", key) } else { Ok(()) }
}

/// Lists are sorted by ids that are there once, and each hold counts its opens.
fn records_are_in_order(key: &FileKey, file: &File) -> Result<(), Violation> {
    let sorted = file.opens().is_sorted_by(|one, other| one.id < other.id)
        && file.holds().is_sorted_by(|one, other| one.id < other.id)
        && file.parked().is_sorted_by(|one, other| one.ticket < other.ticket);
    let mut leases: Vec<_> = file.opens().iter().filter_map(OpenRecord::hold).collect();
    leases.sort();
    let counted = leases.chunk_by(|one, other| one == other).map(|opens| (opens[0], opens.len()));
    if !sorted || !counted.eq(file.holds().iter().map(|hold| (hold.id, hold.opens as usize))) {
        return violated("records_are_in_order", key);
    }
    Ok(())
}

/// Every open is one of a session of its client, and under its lease if it names one (MS-SMB2 3.3.1.10).
fn opens_have_sessions(state: &State, key: &FileKey, file: &File) -> Result<(), Violation> {
    for open in file.opens() {
        let of_client = |id| state.session(id).is_some_and(|session| session.client == open.client);
        if !open.session.is_none_or(of_client) || open.hold().is_some_and(|lease| file.hold(lease).is_none()) {
            return violated("opens_have_sessions", format_args!("{key}, {}", open.id));
        }
    }
    for parked in file.parked() {
        let id = parked.request;
        let current = state.is_current(id.server, id.incarnation);
        // What has no session has no client, but for one of NFS.
        let nfs = parked.nfs_client().map(|client| Some(client.guid()));
        let session = parked.session().map(|session| state.session(session).map(|session| session.client)).or(nfs);
        let session = session == parked.client.map(Some);
        let here = match &parked.waiting {
            Waiting::Open(open) => open.file == *key,
            Waiting::Operation { session, open, .. } | Waiting::Lock(Lock { session, open, .. }) => {
                file.open(*open).is_some_and(|open| open.session == Some(*session))
            }
            Waiting::Access(access) => access.file == *key || parked.behind.is_some(),
            Waiting::NfsLock(lock) => lock.file == *key,
        };
        if !session || !current || !here {
            return violated("opens_have_sessions", format_args!("{key}, {id}"));
        }
    }
    Ok(())
}

/// No two locks get in each other's way, each is of an open of the file, and what is known about locks is known because there are any
/// (MS-FSA 2.1.4.10).
fn locks_are_compatible(key: &FileKey, file: &File) -> Result<(), Violation> {
    let Some(locks) = file.locks() else { return Ok(()) };
    if let Some((one, other)) = locks.conflict() {
        return violated("locks_are_compatible", format_args!("{key}, locks {one} and {other}"));
    }
    let opens = locks
        .iter()
        .filter_map(|lock| if let LockOwner::Open(open) = lock.owner { Some(open) } else { None })
        .chain(locks.replays().map(|(open, _)| open));
    for open in opens {
        if file.open(open).is_none() {
            return violated("locks_are_compatible", format_args!("{key}, {open}"));
        }
    }
    let idle = locks.is_empty() && locks.allocation() > 0;
    if idle || locks.iter().any(|lock| !lock.lock.range.is_valid()) {
        return violated("locks_are_compatible", key);
    }
    Ok(())
}

/// No two opens get in each other's way (MS-FSA 2.1.5.1.2.2).
fn share_modes_are_compatible(key: &FileKey, file: &File) -> Result<(), Violation> {
    let mut both = [0_u16; 3];
    for open in file.opens() {
        let (need, deny) = open.share.against(open.access);
        (0..3).filter(|bit| (need & deny) >> bit & 1 == 1).for_each(|bit| both[bit] += 1);
    }
    if file.tally().any_conflict(both) { violated("share_modes_are_compatible", key) } else { Ok(()) }
}

/// A grace period ends when its time is over (RFC 8881 8.4.2).
fn graces_are_not_over(state: &State) -> Result<(), Violation> {
    match state.graces().find(|(_, until)| *until <= state.now()) {
        Some((volume, _)) => violated("graces_are_not_over", volume),
        None => Ok(()),
    }
}

/// A connection is known while a session came in on it, and only of a server's current life.
fn connections_have_sessions(state: &State) -> Result<(), Violation> {
    for (_, _, session) in &state.index().sessions {
        let known = state.session(*session).is_some_and(|session| {
            state.is_current(session.route.server, session.route.incarnation)
                && state.client(session.client).is_some_and(|client| client.has(session.route))
        });
        if !known {
            return violated("connections_have_sessions", session);
        }
    }
    for client in state.clients() {
        for connection in client.connections() {
            let route = connection.route;
            if state.index().sessions_of(route.server, Some(route.connection)).next().is_none() {
                return violated("connections_have_sessions", client.key());
            }
        }
    }
    Ok(())
}

/// No id is given out twice.
fn counters_are_ahead(state: &State) -> Result<(), Violation> {
    let meta = state.meta();
    let counted = |session: &SessionId| *session < SessionId::CHOSEN_MIN;
    let mut sessions = state.index().sessions.iter().map(|(_, _, session)| *session).filter(counted);
    let sessions = sessions.all(|session| session.get() <= meta.sessions);
    let opens = state.index().opens.values().flat_map(Opens::sorted).map(|(open, _)| open);
    let opens = opens.chain(state.index().adrift.keys().copied()).all(|open| open.get() <= meta.opens);
    let notices = state.index().notices.keys().all(|(server, number)| state.server(*server).is_some_and(|s| *number <= s.notices));
    if sessions && opens && notices { Ok(()) } else { violated("counters_are_ahead", format_args!("{meta:?}")) }
}

/// No ticket and no ordinal is given out twice.
fn counters_are_ahead_of_file(state: &State, key: &FileKey, file: &File) -> Result<(), Violation> {
    let meta = state.meta();
    let parked = file.parked().iter().all(|parked| parked.ticket <= meta.tickets && parked.after <= meta.breaks);
    let mut breaks = file.holds().iter().filter_map(|hold| hold.breaking());
    let mut locks = file.locks().into_iter().flat_map(Locks::iter);
    let locks = locks.all(|lock| lock.number <= meta.tickets);
    if parked && locks && breaks.all(|breaking| breaking.ordinal() <= meta.breaks) {
        Ok(())
    } else {
        violated("counters_are_ahead", format_args!("{key}, {meta:?}"))
    }
}

/// What is derived from the records is what would be derived from them now.
fn indexes_match_records(state: &State) -> Result<(), Violation> {
    let mut index = Index::default();
    for session in state.sessions() {
        index.add_session(session);
    }
    state.clients().for_each(|client| index.add_lapses(client));
    for (volume, until) in state.graces() {
        index.deadlines.insert((until, crate::state::Deadline::Grace(volume)));
    }
    for (id, server) in state.server_records() {
        if let Some(until) = server.until {
            index.deadlines.insert((until, crate::state::Deadline::Server(id)));
        }
    }
    for file in state.files().iter() {
        let key = file.key();
        file.opens().iter().for_each(|open| index.add_open(key, open));
        file.holds().iter().for_each(|hold| index.add_hold(key, hold));
        file.parked().iter().for_each(|parked| index.add_parked(key, parked));
        index.add_file(key);
        file.handles().for_each(|(open, handle)| index.add_handle(key, open, handle));
        file.locks().into_iter().flat_map(Locks::iter).for_each(|lock| index.add_lock(key, lock));
        index.add_deletion(file);
        index.owners.count(file);
    }
    if index == *state.index() { Ok(()) } else { violated("indexes_match_records", "an index") }
}

/// The sum of the hashes is that of the records.
fn digest_matches_records(state: &State) -> Result<(), Violation> {
    let mut digest = Digest::default();
    for (id, server) in state.server_records() {
        server.answers.iter().for_each(|(sequence, known)| digest.add(&RecordOf::Answer(id, sequence, &known.answer)));
    }
    state.graces().for_each(|(volume, until)| digest.add(&RecordOf::Grace(volume, until)));
    state.settings().shares.iter().for_each(|(id, share)| digest.add(&RecordOf::Share(*id, share)));
    state.clients().for_each(|client| digest.add(&RecordOf::Client(client)));
    state.sessions().for_each(|session| digest.add(&RecordOf::Session(session)));
    for file in state.files().iter() {
        each_of_file(file, &mut |record| digest.add(&record));
    }
    if digest.sum() == state.digest_sum() { Ok(()) } else { violated("digest_matches_records", "the state hash") }
}
