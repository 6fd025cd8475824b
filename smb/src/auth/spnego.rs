//! SPNEGO tokens (RFC 4178 section 4.2, MS-SPNG 2.2): DER in, DER out.

use der::asn1::{AnyRef, ContextSpecific, ObjectIdentifier, OctetStringRef};
use der::{Decode, Encode, Enumerated, Reader, Sequence, SliceReader, Tag, TagMode, TagNumber, Tagged};

use super::AuthError;
use super::ntlm;

/// SPNEGO itself.
const SPNEGO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.2");
/// NTLMSSP (MS-NLMP 1.9).
const NTLMSSP: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.2.2.10");
/// `InitialContextToken` (RFC 2743 section 3.1).
const INITIAL_CONTEXT: Tag = Tag::Application { constructed: true, number: TagNumber(0) };
/// What every server says in the field that nobody reads (MS-SPNG 2.2.1).
const HINT: &[u8] = b"not_defined_in_RFC4178@please_ignore";
const SHORT: &str = "a token of ours is far below the limits of DER";

/// What a client begins with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ClientToken<'a> {
    /// An NTLMSSP message with nothing around it.
    Ntlm(&'a [u8]),
    /// NegTokenInit.
    Init {
        /// The DER of its list of mechanisms.
        mechanisms: Vec<u8>,
        /// NTLMSSP is on the list.
        offers_ntlm: bool,
        /// NTLMSSP is what the token is for.
        first_is_ntlm: bool,
        /// The first message of the first mechanism.
        token: Option<&'a [u8]>,
    },
}

/// What a client goes on with: NegTokenResp.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ClientResponse<'a> {
    pub(super) token: Option<&'a [u8]>,
    pub(super) mechanisms_mic: Option<&'a [u8]>,
}

/// What the server answers.
#[derive(Debug)]
pub(super) enum Reply<'a> {
    /// NTLMSSP it is; the client sends its first message next.
    Selected { request_mic: bool },
    /// The challenge.
    Challenge { token: &'a [u8] },
    /// The end.
    Completed { mechanisms_mic: Option<&'a [u8]> },
}

#[derive(Sequence)]
struct NegTokenInit<'a> {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    mech_types: Vec<ObjectIdentifier>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    req_flags: Option<AnyRef<'a>>,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", optional = "true")]
    mech_token: Option<&'a OctetStringRef>,
    /// mechListMIC of RFC 4178, negHints of MS-SPNG: neither is read.
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT", optional = "true")]
    third: Option<AnyRef<'a>>,
}

/// NegTokenInit2: what a server opens with (MS-SPNG 2.2.1).
#[derive(Sequence)]
struct NegTokenInit2<'a> {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    mech_types: Vec<ObjectIdentifier>,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT")]
    hints: NegHints<'a>,
}

#[derive(Sequence)]
struct NegHints<'a> {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    name: AnyRef<'a>,
}

#[derive(Enumerated, Clone, Copy, Debug, PartialEq, Eq)]
#[asn1(type = "ENUMERATED")]
#[repr(u8)]
enum NegState {
    AcceptCompleted = 0,
    AcceptIncomplete = 1,
    Reject = 2,
    RequestMic = 3,
}

#[derive(Sequence)]
struct NegTokenResp<'a> {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    state: Option<NegState>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    supported_mech: Option<ObjectIdentifier>,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", optional = "true")]
    response_token: Option<&'a OctetStringRef>,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT", optional = "true")]
    mech_list_mic: Option<&'a OctetStringRef>,
}

/// The security buffer of the NEGOTIATE response: NegTokenInit2 with NTLMSSP as the only mechanism.
pub fn initial_token() -> Vec<u8> {
    let init = NegTokenInit2 { mech_types: vec![NTLMSSP], hints: NegHints { name: any(Tag::GeneralString, HINT) } };
    let init = ContextSpecific { tag_number: TagNumber(0), tag_mode: TagMode::Explicit, value: init };
    der(&any(INITIAL_CONTEXT, &[der(&SPNEGO), der(&init)].concat()))
}

fn any(tag: Tag, value: &[u8]) -> AnyRef<'_> {
    AnyRef::new(tag, value).expect(SHORT)
}

fn der(value: &impl Encode) -> Vec<u8> {
    value.to_der().expect(SHORT)
}

/// Reads a client's first token.
pub(super) fn decode_first(token: &[u8]) -> Result<ClientToken<'_>, AuthError> {
    if token.starts_with(ntlm::SIGNATURE) {
        return Ok(ClientToken::Ntlm(token));
    }
    let init = decode_init(token).map_err(|_| AuthError::Malformed)?;
    Ok(ClientToken::Init {
        mechanisms: init.mech_types.to_der().map_err(|_| AuthError::Malformed)?,
        offers_ntlm: init.mech_types.contains(&NTLMSSP),
        first_is_ntlm: init.mech_types.first() == Some(&NTLMSSP),
        token: init.mech_token.map(OctetStringRef::as_bytes),
    })
}

fn decode_init(token: &[u8]) -> der::Result<NegTokenInit<'_>> {
    let context = AnyRef::from_der(token)?;
    context.tag().assert_eq(INITIAL_CONTEXT)?;
    let mut body = SliceReader::new(context.value())?;
    if ObjectIdentifier::decode(&mut body)? != SPNEGO {
        return Err(der::ErrorKind::Failed.into());
    }
    explicit(&mut body, TagNumber(0))
}

/// Reads a further token of a client.
pub(super) fn decode_response(token: &[u8]) -> Result<ClientResponse<'_>, AuthError> {
    let response: NegTokenResp<'_> =
        SliceReader::new(token).and_then(|mut reader| explicit(&mut reader, TagNumber(1))).map_err(|_| AuthError::Malformed)?;
    if response.state == Some(NegState::Reject) {
        return Err(AuthError::LogonFailure);
    }
    Ok(ClientResponse {
        token: response.response_token.map(OctetStringRef::as_bytes),
        mechanisms_mic: response.mech_list_mic.map(OctetStringRef::as_bytes),
    })
}

/// The one explicitly tagged value that is left in `reader`.
fn explicit<'a, T: Decode<'a, Error = der::Error> + Tagged + der::DecodeValue<'a>>(
    reader: &mut SliceReader<'a>,
    number: TagNumber,
) -> der::Result<T> {
    let field = ContextSpecific::<T>::decode_explicit(reader, number)?.ok_or(der::ErrorKind::Failed)?;
    if !reader.is_finished() {
        return Err(der::ErrorKind::Failed.into());
    }
    Ok(field.value)
}

/// The bytes of an answer.
pub(super) fn encode(reply: &Reply<'_>) -> Vec<u8> {
    let octets = |bytes| OctetStringRef::new(bytes).expect(SHORT);
    let response = match reply {
        Reply::Selected { request_mic } => NegTokenResp {
            state: Some(if *request_mic { NegState::RequestMic } else { NegState::AcceptIncomplete }),
            supported_mech: Some(NTLMSSP),
            response_token: None,
            mech_list_mic: None,
        },
        Reply::Challenge { token } => NegTokenResp {
            state: Some(NegState::AcceptIncomplete),
            supported_mech: Some(NTLMSSP),
            response_token: Some(octets(token)),
            mech_list_mic: None,
        },
        Reply::Completed { mechanisms_mic } => NegTokenResp {
            state: Some(NegState::AcceptCompleted),
            supported_mech: None,
            response_token: None,
            mech_list_mic: mechanisms_mic.map(octets),
        },
    };
    der(&ContextSpecific { tag_number: TagNumber(1), tag_mode: TagMode::Explicit, value: response })
}
