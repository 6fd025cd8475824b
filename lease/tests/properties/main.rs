//! Properties of the table under random commands.
//!
//! [`play`] drives it as SMB servers do, with retries, late and stale requests, lost connections and dying servers, and looks after
//! every entry whether the promises hold that no script can enumerate; [`garbage`] drives it with entries that no server would send;
//! [`matrix`] compares every pair of a holder and an opener with a model that is too simple to be wrong; [`limits`] has those that no script can reach.

mod action;
mod belief;
mod foreign;
mod garbage;
mod handles;
mod limits;
mod matrix;
mod owed;
mod play;
mod seen;
mod settings;
mod snapshot;
