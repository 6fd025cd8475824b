//! Between the wire formats and the terms of the rules. What arrives is checked here, once: whatever passes makes sense to `lease`, and
//! whatever does not is refused with the name of the field.

mod answer;
mod command;
mod delivery;
mod field;
mod ids;
mod lock;
mod nfs;
mod notice;
mod open;
mod opened_as;
mod operation;

#[cfg(test)]
pub(crate) use answer::answer_from;
pub(crate) use answer::{answer, delegation_to, durable_to, oplock_level_to};
pub(crate) use command::{command_from, command_to, request, request_from, sequence};
pub(crate) use delivery::{delivery, failure};
pub(crate) use field::BadField;
pub(crate) use ids::{client_guid, file_key, file_key_to, incarnation, lease_key, node_id, server_id};
pub(crate) use lock::{lock_entry_to, lock_to};
pub(crate) use nfs::nfs_lock_to;
pub(crate) use notice::{Told, told};
pub(crate) use open::open_to;
pub(crate) use operation::{foreign_access_to, operate_to};

#[cfg(test)]
mod tests;
