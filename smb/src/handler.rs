//! What is done for each request, one file each (MS-SMB2 3.3.5).

mod acknowledge;
mod change_notify;
mod close;
mod create;
mod descriptor;
mod extended;
mod ioctl;
mod lock;
pub(crate) mod negotiate;
mod operate;
mod query_directory;
mod query_info;
mod read;
mod session_setup;
mod set_info;
mod transfer;
mod tree;
mod wait;
mod write;

use crate::connection::Context;
use crate::wire::simple::Empty;
use crate::wire::{Command, NtStatus, WireError};

/// What a request comes to: a status with the body that was appended, or one without.
pub(crate) type Answer = Result<NtStatus, NtStatus>;

/// Carries a request out, and appends the body of its response behind the header.
pub(crate) async fn answer(context: &mut Context, message: &[u8], out: &mut Vec<u8>) -> Answer {
    match context.header.command {
        Command::Negotiate => negotiate::answer(context, message, out),
        Command::SessionSetup => session_setup::answer(context, message, out).await,
        Command::Logoff => session_setup::log_off(context, out).await,
        Command::TreeConnect => tree::connect(context, message, out),
        Command::TreeDisconnect => tree::disconnect(context, out).await,
        Command::Create => create::answer(context, message, out).await,
        Command::Close => close::answer(context, message, out).await,
        Command::Echo => {
            // ECHO (MS-SMB2 3.3.5.17).
            Empty::default().encode(out);
            Ok(NtStatus::SUCCESS)
        }
        Command::OplockBreak => acknowledge::answer(context, message, out).await,
        Command::Flush => write::flush(context, message, out).await,
        Command::Read => read::answer(context, message, out).await,
        Command::Write => write::answer(context, message, out).await,
        Command::QueryDirectory => query_directory::answer(context, message, out).await,
        Command::ChangeNotify => change_notify::answer(context, message, out).await,
        Command::QueryInfo => query_info::answer(context, message, out).await,
        Command::SetInfo => set_info::answer(context, message, out).await,
        Command::Lock => lock::answer(context, message, out).await,
        Command::Ioctl => ioctl::answer(context, message, out).await,
        // CANCEL is carried out where it is received.
        Command::Cancel | Command::Unknown(_) => Err(NtStatus::INVALID_PARAMETER),
    }
}

/// What a message that can not be read is answered with.
pub(crate) fn malformed(error: WireError) -> NtStatus {
    tracing::debug!(%error, "a request can not be read");
    NtStatus::INVALID_PARAMETER
}
