//! The state from its pieces.

use super::RestoreError;
use super::parallel::{both, each};
use super::piece::{Built, Fragment, Piece, join};
use super::rest::Rest;
use crate::id::{OpenId, SessionId};
use crate::state::{FILE_GROUPS, File, Filled, Index, Keyed, LEASE_GROUPS, Leases, Owners, Slot, State, Table};

impl State {
    /// The state that has exactly the records of all these pieces, made by at most so many threads; how many there are, and which piece
    /// read which records, makes no difference. Its invariants are checked, except those that hold because it was built just now.
    ///
    /// # Errors
    ///
    /// What makes the records no state. If several things do, which of them is told may depend on how the records were shared out.
    pub fn assemble(pieces: Vec<Piece>, threads: usize) -> Result<State, RestoreError> {
        let mut rest = Rest::default();
        let (mut sum, mut built) = (0_u128, Vec::new());
        for mut piece in pieces {
            piece.end_file();
            sum = sum.wrapping_add(piece.digest.sum());
            built.push(piece.built);
            piece.rest.into_iter().try_for_each(|record| rest.take(record))?;
        }
        let mut state = rest.finish()?;
        let files = add_files(threads, built, state.index_mut())?;
        state.restore_files(files, sum);
        state.settle_restored();
        state.check_records(threads)?;
        Ok(state)
    }
}

/// Makes the table of files, and adds what the indexes say of them.
fn add_files(threads: usize, built: Vec<Built>, index: &mut Index) -> Result<Table<File>, RestoreError> {
    let (mut files, mut leases, mut opens, mut below) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for Built {
        files: some,
        leases: theirs,
        oplocks,
        opens: more,
        adrift,
        handles,
        below: deeper,
        moving,
        parked,
        streams,
        deletions,
        locks,
        nfs_locks,
    } in built
    {
        index.adrift.extend(adrift);
        for (file, open, handle) in &handles {
            index.add_handle(file, *open, handle);
        }
        index.locks_count += locks;
        for (client, file, number) in nfs_locks {
            index.nfs_locks.entry(client).or_default().insert((file, number));
        }
        files.push(some);
        leases.push(theirs);
        opens.push(more);
        below.extend(deeper);
        index.oplocks.extend(oplocks);
        index.deletions.extend(deletions);
        index.streams.extend(streams);
        for hold in &moving {
            index.add_standing(hold);
        }
        for (file, parked) in &parked {
            index.add_parked(file, parked);
        }
    }
    let (opens, (files, leases)) = both(
        threads,
        || sorted(&opens),
        || {
            let files = each(threads, by_group(FILE_GROUPS, files), |fragments| {
                whole_files(fragments).map(|(slots, owners)| (Filled::new(FILE_GROUPS, slots), owners))
            });
            let leases = each(threads, by_group(LEASE_GROUPS, leases), |mut leases| {
                leases.sort_unstable();
                Filled::new(LEASE_GROUPS, leases)
            });
            (files, leases)
        },
    );
    index.leases = Leases::filled(leases);
    index.restore_opens(&opens);
    index.opens_count += index.adrift.len();
    // A tree is built from a whole list much faster than grown by the entry.
    index.below = below.into_iter().collect();
    let mut filled = Vec::with_capacity(files.len());
    for group in files {
        let (files, owners) = group?;
        index.owners.merge(&owners);
        filled.push(files);
    }
    Ok(Table::filled(filled))
}

/// The lists of all pieces, one for each group.
fn by_group<T>(groups: usize, pieces: Vec<Vec<Vec<T>>>) -> Vec<Vec<T>> {
    let mut all: Vec<Vec<T>> = (0..groups).map(|_| Vec::new()).collect();
    for piece in pieces {
        for (group, mut list) in all.iter_mut().zip(piece) {
            if group.is_empty() { *group = list } else { group.append(&mut list) }
        }
    }
    all
}

/// The files of a group, sorted as their table is, each put together from its fragments; and what clients have on them.
fn whole_files(mut fragments: Vec<Fragment>) -> Result<(Vec<Slot<File>>, Owners), RestoreError> {
    fragments.sort_unstable_by(|one, other| one.hash.cmp(&other.hash).then_with(|| one.file.key().cmp(other.file.key())));
    let mut whole: Vec<Fragment> = Vec::with_capacity(fragments.len());
    for fragment in fragments {
        match whole.last_mut() {
            Some(last) if last.hash == fragment.hash && last.file.key() == fragment.file.key() => join(last, &fragment)?,
            _ => whole.push(fragment),
        }
    }
    if whole.iter().any(|fragment| !fragment.has_head) {
        return Err(RestoreError::Missing("the file of an open, a lease or a parked open"));
    }
    let mut owners = Owners::default();
    for fragment in &whole {
        owners.count(&fragment.file);
    }
    Ok((whole.into_iter().map(|Fragment { hash, has_head: _, file }| Slot::new(hash, file)).collect(), owners))
}

fn sorted(lists: &[Vec<(SessionId, OpenId, u64)>]) -> Vec<(SessionId, OpenId, u64)> {
    let mut all = lists.concat();
    all.sort_unstable();
    all
}
