//! Between the wire formats and the terms of the rules. What arrives is checked here, once: whatever passes makes sense to `lease`, and
//! whatever does not is refused with the name of the field.

mod admin;
mod answer;
mod command;
mod delivery;
mod field;
mod ids;
mod notice;

pub(crate) use admin::{Filter, page_token};
pub(crate) use answer::{rejection, rejection_from};
pub(crate) use command::{command_from, command_to, open_from, request_from};
pub(crate) use delivery::{delivery, failure, reply_to};
pub(crate) use ids::{bytes16, client_guid, file_key, file_key_to, lease_key, node_id, server_id, incarnation};
pub(crate) use field::BadField;
pub(crate) use notice::{Told, told};

#[cfg(test)]
mod tests;
