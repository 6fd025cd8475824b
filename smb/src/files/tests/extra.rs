//! What is kept for clients.

use super::{Error, Share, create, error, open};
use crate::files::{EXTRA_BYTES_MAX, Extra};

#[test]
fn bytes_are_kept_with_the_file_and_go_with_it() {
    for share in [Share::new(), Share::with_sidecar()] {
        let file = create(&share.a, "f");
        assert_eq!(file.extra(Extra::ExtendedAttributes).expect("read"), b"");
        file.set_extra(Extra::ExtendedAttributes, b"attributes").expect("set");
        file.set_extra(Extra::SecurityDescriptor, &[7; EXTRA_BYTES_MAX]).expect("set");
        let other = open(&share.b, "f").expect("opened");
        assert_eq!(other.extra(Extra::ExtendedAttributes).expect("read"), b"attributes");
        assert_eq!(other.extra(Extra::SecurityDescriptor).expect("read").len(), EXTRA_BYTES_MAX);
        assert_eq!(other.stat().expect("a stat").ea_bytes, 10);
        assert_eq!(error(file.set_extra(Extra::SecurityDescriptor, &[0; EXTRA_BYTES_MAX + 1])), Some(Error::TooLong));
        other.set_extra(Extra::ExtendedAttributes, b"").expect("set");
        assert_eq!(file.extra(Extra::ExtendedAttributes).expect("read"), b"");
        assert_eq!(file.stat().expect("a stat").ea_bytes, 0);
        file.unlink().expect("unlinked");
        drop((file, other));
        let kept = share.host().join(".tenure/attributes");
        assert!(!kept.exists() || std::fs::read_dir(kept).expect("listed").next().is_none());
    }
}
