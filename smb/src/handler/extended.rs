//! Extended attributes (MS-FSCC 2.4.16, MS-FSA 2.1.5.15.6, 2.1.5.12.11).

use crate::files;
use crate::files::{EXTRA_BYTES_MAX, Extra, Handle};
use crate::wire::NtStatus;
use crate::wire::info::ea::{FullEa, decode_attributes, encode_attributes};

/// Bytes of a name.
const NAME_BYTES_MAX: usize = 254;

/// Reads what a client sets. Names are kept in upper case, as Windows tells them.
pub(super) fn parse(data: &[u8]) -> Result<Vec<FullEa>, NtStatus> {
    let mut attributes = decode_attributes(data).map_err(|_| NtStatus::EA_LIST_INCONSISTENT)?;
    for attribute in &mut attributes {
        attribute.name.make_ascii_uppercase();
        let legal = |byte: &u8| byte.is_ascii() && !byte.is_ascii_control() && !b"\"*+,/:;<=>?[\\]|".contains(byte);
        if attribute.name.is_empty() || attribute.name.len() > NAME_BYTES_MAX || !attribute.name.iter().all(legal) {
            return Err(NtStatus::INVALID_EA_NAME);
        }
    }
    if encode_attributes(&attributes, EXTRA_BYTES_MAX).1 { Ok(attributes) } else { Err(NtStatus::EA_TOO_LARGE) }
}

/// What a file has.
pub(super) fn of(handle: &Handle) -> files::Result<Vec<FullEa>> {
    Ok(decode_attributes(&handle.extra(Extra::ExtendedAttributes)?).unwrap_or_default())
}

/// Sets attributes beside those that are there; one without a value goes.
pub(super) fn set(handle: &Handle, attributes: Vec<FullEa>) -> files::Result<()> {
    let mut all = of(handle)?;
    for attribute in attributes {
        all.retain(|other| other.name != attribute.name);
        if !attribute.value.is_empty() {
            all.push(attribute);
        }
    }
    let (bytes, whole) = encode_attributes(&all, EXTRA_BYTES_MAX);
    if whole { handle.set_extra(Extra::ExtendedAttributes, &bytes) } else { Err(files::Error::TooLong) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::{Attributes, Kind, SmbPath, Volume};

    fn attribute(name: &str, value: &str) -> FullEa {
        FullEa { flags: 0, name: name.into(), value: value.into() }
    }

    fn parsed(name: &str, value: &str) -> Result<Vec<FullEa>, NtStatus> {
        parse(&encode_attributes(&[attribute(name, value)], usize::MAX).0)
    }

    #[test]
    fn names_are_in_upper_case_and_legal() {
        assert_eq!(parsed("NewEA", "x"), Ok(vec![attribute("NEWEA", "x")]));
        for name in ["", "a*", "a,b", "a\u{1}", "grün"] {
            assert_eq!(parsed(name, "x"), Err(NtStatus::INVALID_EA_NAME), "{name}");
        }
        assert_eq!(parsed("a", &"x".repeat(EXTRA_BYTES_MAX)), Err(NtStatus::EA_TOO_LARGE));
        assert_eq!(parse(&[1, 0, 0]), Err(NtStatus::EA_LIST_INCONSISTENT));
    }

    #[test]
    fn an_attribute_replaces_its_like_and_goes_without_a_value() {
        let host = tempfile::tempdir().expect("a directory for the test");
        let volume = Volume::open(host.path(), lease::VolumeId::new(1)).expect("a volume");
        let path = SmbPath::parse("f").expect("a path");
        let file = volume.create_new(&path, Kind::File, Attributes::default()).expect("a new file");
        set(&file, vec![attribute("A", "1"), attribute("B", "2")]).expect("set");
        set(&file, vec![attribute("A", "3"), attribute("C", "")]).expect("set");
        assert_eq!(of(&file).expect("read"), [attribute("B", "2"), attribute("A", "3")]);
        set(&file, vec![attribute("A", ""), attribute("B", "")]).expect("set");
        assert_eq!(of(&file).expect("read"), []);
        assert_eq!(file.stat().expect("a stat").ea_bytes, 0);
    }
}
