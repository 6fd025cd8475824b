//! Bytes, read as everything that there is to read: shared by the fuzz targets and by the tests of the wire format. Whoever includes this file
//! has `wire` in scope.

use super::wire::buffer::BufferResponse;
use super::wire::change_notify::{ChangeNotifyRequest, decode_changes};
use super::wire::close::{CloseRequest, CloseResponse};
use super::wire::create::contexts::CreateContexts;
use super::wire::create::{CreateRequest, CreateResponse, ResponseContexts};
use super::wire::error::ErrorResponse;
use super::wire::flush::FlushRequest;

use super::wire::info::all::{All, Name};
use super::wire::info::directory::{DirectoryClass, Listing};
use super::wire::info::ea::{decode_attributes, decode_names};
use super::wire::info::filesystem::{Attribute, Volume};
use super::wire::info::set::Rename;
use super::wire::info::stream::decode_streams;
use super::wire::ioctl::{
    IoctlRequest, IoctlResponse, NetworkInterface, ResiliencyRequest, ValidateNegotiateRequest, ValidateNegotiateResponse,
};
use super::wire::lease_context::LeaseContext;
use super::wire::lock::LockRequest;
use super::wire::negotiate::{NegotiateRequest, NegotiateResponse};
use super::wire::oplock_break::{Acknowledgement, BreakNotification};
use super::wire::query_directory::QueryDirectoryRequest;
use super::wire::query_info::QueryInfoRequest;
use super::wire::read::{ReadRequest, ReadResponse};
use super::wire::session_setup::{SessionSetupRequest, SessionSetupResponse};
use super::wire::set_info::{SetInfoRequest, SetInfoResponse};
use super::wire::simple::Empty;
use super::wire::smb1::Smb1Negotiate;
use super::wire::tree_connect::{TreeConnectRequest, TreeConnectResponse};
use super::wire::write::{WriteRequest, WriteResponse};

/// Reads a message as every kind there is, and counts those that it can be.
pub(crate) fn as_everything(message: &[u8]) -> usize {
    let readings = [
        NegotiateRequest::decode(message).is_ok(),
        NegotiateResponse::decode(message).is_ok(),
        SessionSetupRequest::decode(message).is_ok(),
        SessionSetupResponse::decode(message).is_ok(),
        TreeConnectRequest::decode(message).is_ok(),
        TreeConnectResponse::decode(message).is_ok(),
        CreateRequest::decode(message).is_ok(),
        CreateResponse::decode(message).is_ok(),
        CloseRequest::decode(message).is_ok(),
        CloseResponse::decode(message).is_ok(),
        FlushRequest::decode(message).is_ok(),
        ReadRequest::decode(message).is_ok(),
        ReadResponse::decode(message).is_ok(),
        WriteRequest::decode(message).is_ok(),
        WriteResponse::decode(message).is_ok(),
        LockRequest::decode(message).is_ok(),
        IoctlRequest::decode(message).is_ok(),
        IoctlResponse::decode(message).is_ok(),
        QueryDirectoryRequest::decode(message).is_ok(),
        ChangeNotifyRequest::decode(message).is_ok(),
        QueryInfoRequest::decode(message).is_ok(),
        SetInfoRequest::decode(message).is_ok(),
        SetInfoResponse::decode(message).is_ok(),
        BufferResponse::decode(message).is_ok(),
        ErrorResponse::decode(message).is_ok(),
        Empty::decode(message).is_ok(),
        Acknowledgement::decode(message).is_ok(),
        BreakNotification::decode(message).is_ok(),
        Smb1Negotiate::decode(message).is_ok(),
    ];
    readings.into_iter().filter(|understood| *understood).count()
}

/// Reads data as everything that messages carry.
pub(crate) fn as_every_payload(data: &[u8]) -> usize {
    let mut understood = [
        CreateContexts::decode(data).is_ok(),
        ResponseContexts::decode(data).is_ok(),
        LeaseContext::decode(data).is_ok(),
        decode_changes(data).is_ok(),
        decode_streams(data).is_ok(),
        decode_attributes(data).is_ok(),
        decode_names(data).is_ok(),
        All::decode(data).is_ok(),
        Name::decode(data).is_ok(),
        Rename::decode(data).is_ok(),
        Volume::decode(data).is_ok(),
        Attribute::decode(data).is_ok(),
        NetworkInterface::decode_all(data).is_ok(),
        ResiliencyRequest::decode(data).is_ok(),
        ValidateNegotiateRequest::decode(data).is_ok(),
        ValidateNegotiateResponse::decode(data).is_ok(),
    ]
    .into_iter()
    .filter(|understood| *understood)
    .count();
    understood += DirectoryClass::ALL.into_iter().filter(|class| Listing::decode(*class, data).is_ok()).count();
    understood
}
