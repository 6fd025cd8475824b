//! The wire format of [MS-SMB2].
