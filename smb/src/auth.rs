//! Authentication: SPNEGO and NTLMSSP, the acceptor's side.
