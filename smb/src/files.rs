//! Files of a directory of the host, as SMB sees them.
