//! TREE_CONNECT (MS-SMB2 2.2.9, 2.2.10).

use binrw::{BinRead, BinWrite};

use super::bytes::{body, length, put, variable};
use super::flags::flags;
use super::{WireError, text};

flags! {
    /// Flags of the request, since 3.1.1 (MS-SMB2 2.2.9).
    TreeConnectFlags: u16 {
        /// SMB2_TREE_CONNECT_FLAG_CLUSTER_RECONNECT
        CLUSTER_RECONNECT = 0x0001;
        /// SMB2_TREE_CONNECT_FLAG_REDIRECT_TO_OWNER
        REDIRECT_TO_OWNER = 0x0002;
        /// SMB2_TREE_CONNECT_FLAG_EXTENSION_PRESENT
        EXTENSION_PRESENT = 0x0004;
    }
}

flags! {
    /// ShareFlags of the response (MS-SMB2 2.2.10). The caching of offline files is the field [`ShareFlags::CACHING`], no set of flags.
    ShareFlags: u32 {
        /// The bits that say how offline files are cached; none of them is "manual".
        CACHING = 0x0000_0030;
        /// SMB2_SHAREFLAG_NO_CACHING
        NO_CACHING = 0x0000_0030;
        /// SMB2_SHAREFLAG_DFS
        DFS = 0x0000_0001;
        /// SMB2_SHAREFLAG_RESTRICT_EXCLUSIVE_OPENS
        RESTRICT_EXCLUSIVE_OPENS = 0x0000_0100;
        /// SMB2_SHAREFLAG_FORCE_SHARED_DELETE
        FORCE_SHARED_DELETE = 0x0000_0200;
        /// SMB2_SHAREFLAG_ALLOW_NAMESPACE_CACHING
        ALLOW_NAMESPACE_CACHING = 0x0000_0400;
        /// SMB2_SHAREFLAG_ACCESS_BASED_DIRECTORY_ENUM
        ACCESS_BASED_DIRECTORY_ENUM = 0x0000_0800;
        /// SMB2_SHAREFLAG_FORCE_LEVELII_OPLOCK
        FORCE_LEVELII_OPLOCK = 0x0000_1000;
        /// SMB2_SHAREFLAG_ENCRYPT_DATA
        ENCRYPT_DATA = 0x0000_8000;
        /// SMB2_SHAREFLAG_COMPRESS_DATA
        COMPRESS_DATA = 0x0010_0000;
    }
}

flags! {
    /// Capabilities of a share (MS-SMB2 2.2.10).
    ShareCapabilities: u32 {
        /// SMB2_SHARE_CAP_DFS
        DFS = 0x0000_0008;
        /// SMB2_SHARE_CAP_CONTINUOUS_AVAILABILITY: persistent handles.
        CONTINUOUS_AVAILABILITY = 0x0000_0010;
        /// SMB2_SHARE_CAP_SCALEOUT: clients then expect no lease but R.
        SCALEOUT = 0x0000_0020;
        /// SMB2_SHARE_CAP_CLUSTER: there is a witness service.
        CLUSTER = 0x0000_0040;
        /// SMB2_SHARE_CAP_ASYMMETRIC
        ASYMMETRIC = 0x0000_0080;
    }
}

/// ShareType (MS-SMB2 2.2.10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, BinRead, BinWrite)]
#[brw(little, repr = u8)]
pub enum ShareType {
    /// A directory.
    Disk = 0x01,
    /// Named pipes.
    Pipe = 0x02,
    /// A printer.
    Print = 0x03,
}

/// TREE_CONNECT Request (MS-SMB2 2.2.9).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeConnectRequest {
    /// The flags; before 3.1.1 they mean nothing.
    pub flags: TreeConnectFlags,
    /// `\\server\share`
    pub path: String,
}

#[derive(BinRead, BinWrite)]
#[brw(little, magic = 9u16)]
struct Request {
    flags: TreeConnectFlags,
    path_offset: u16,
    path_length: u16,
}

const REQUEST_LENGTH: usize = 8;

impl TreeConnectRequest {
    /// Reads the request. Where the path lies is said by its offset, with the extension of 3.1.1 and without; the contexts of the
    /// extension are not looked at.
    pub fn decode(message: &[u8]) -> Result<TreeConnectRequest, WireError> {
        let fixed: Request = body(message, "TREE_CONNECT Request")?;
        let path = variable(message, fixed.path_offset, fixed.path_length, "PathName")?;
        Ok(TreeConnectRequest { flags: fixed.flags, path: text::decode(path, "PathName")? })
    }

    /// Appends the request behind its header.
    pub fn encode(&self, message: &mut Vec<u8>) {
        let fixed = Request {
            flags: self.flags,
            path_offset: length(message.len().saturating_add(REQUEST_LENGTH)),
            path_length: length(text::length(&self.path)),
        };
        put(message, &fixed);
        text::append(&self.path, message);
    }

    /// The name of the share: what follows the server's name.
    pub fn share(&self) -> Option<&str> {
        let (_server, share) = self.path.strip_prefix(r"\\")?.split_once('\\')?;
        Some(share).filter(|share| !share.is_empty() && !share.contains('\\'))
    }
}

/// TREE_CONNECT Response (MS-SMB2 2.2.10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, BinRead, BinWrite)]
#[brw(little, magic = 16u16)]
pub struct TreeConnectResponse {
    /// What is shared.
    #[brw(pad_after = 1)]
    pub share_type: ShareType,
    /// How it is shared.
    pub flags: ShareFlags,
    /// What the share can.
    pub capabilities: ShareCapabilities,
    /// What the user may do at most, as the bits of MS-SMB2 2.2.13.1.
    pub maximal_access: u32,
}

impl TreeConnectResponse {
    /// Reads the response.
    pub fn decode(message: &[u8]) -> Result<TreeConnectResponse, WireError> {
        body(message, "TREE_CONNECT Response")
    }

    /// Appends the response behind its header.
    pub fn encode(&self, message: &mut Vec<u8>) {
        put(message, self);
    }
}
