//! The operator's commands.

mod status;
