//! Client authentication by secret: Basic or in the body (RFC 6749 section 2.3.1).
//!
//! Whether a server decodes the parts of Basic is not to be seen from outside, and real servers differ. The
//! sandbox takes both readings, so that it works with every setting of `basic_encoding`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;

use super::parameters::Parameters;
use crate::accounts::Client;

/// What a client says it is.
#[derive(Debug, PartialEq)]
pub(crate) struct Credentials {
    pub(crate) id: String,
    pub(crate) secret: String,
}

/// Why a client is refused.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Rejection {
    /// No credentials, or half of them.
    Incomplete,
    /// More than one authentication method (RFC 6749 section 2.3), or two different clients.
    TwoMethods,
    /// The credentials are not the client's.
    Wrong,
}

/// The credentials of a request, in each way they can be read: the literal reading first.
pub(crate) fn presented(headers: &HeaderMap, parameters: &Parameters) -> Result<Vec<Credentials>, Rejection> {
    let id = parameters.get("client_id");
    let secret = parameters.get("client_secret");
    let Some(header) = headers.get(AUTHORIZATION) else {
        return match (id, secret) {
            (Some(id), Some(secret)) => Ok(vec![Credentials { id: id.to_owned(), secret: secret.to_owned() }]),
            _ => Err(Rejection::Incomplete),
        };
    };
    if secret.is_some() {
        return Err(Rejection::TwoMethods);
    }

    let readings = header.to_str().ok().and_then(basic).ok_or(Rejection::Wrong)?;
    // CloudLoyalty's own example repeats the id in the body; another id would be another client.
    if id.is_some_and(|id| readings.iter().all(|reading| reading.id != id)) {
        return Err(Rejection::TwoMethods);
    }
    Ok(readings)
}

/// Whether any reading of the credentials is `client`'s.
pub(crate) fn check(presented: &[Credentials], client: &Client) -> Result<(), Rejection> {
    presented
        .iter()
        .any(|reading| reading.id == client.id && reading.secret == client.secret)
        .then_some(())
        .ok_or(Rejection::Wrong)
}

/// The readings of a Basic header (RFC 7617 section 2): as it is, and form-decoded.
fn basic(header: &str) -> Option<Vec<Credentials>> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;

    let mut readings = vec![Credentials { id: id.to_owned(), secret: secret.to_owned() }];
    if let (Some(id), Some(secret)) = (form_decoded(id), form_decoded(secret)) {
        readings.push(Credentials { id, secret });
    }
    Some(readings)
}

/// `text` without its form encoding (RFC 6749 appendix B), or nothing when it is not so encoded.
fn form_decoded(text: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => hex_digit(bytes.next()?)? << 4 | hex_digit(bytes.next()?)?,
            plain => plain,
        });
    }
    String::from_utf8(decoded).ok()
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn headers(basic: &str) -> HeaderMap {
        let value = format!("Basic {}", STANDARD.encode(basic));
        HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_str(&value).unwrap())])
    }

    fn credentials(id: &str, secret: &str) -> Credentials {
        Credentials { id: id.to_owned(), secret: secret.to_owned() }
    }

    fn form(form: &str) -> Parameters {
        Parameters::from_form(form.as_bytes()).unwrap()
    }

    #[test]
    fn form_decoding_follows_rfc_6749_appendix_b() {
        for (encoded, decoded) in [
            ("+%25%26%2B%C2%A3%E2%82%AC", Some(" %&+£€")),
            ("svc%2Fa+b", Some("svc/a b")),
            ("my-client_1.x~", Some("my-client_1.x~")),
            ("50%", None),
            ("%zz", None),
            ("%+1", None),
            ("%ff", None),
        ] {
            assert_eq!(form_decoded(encoded).as_deref(), decoded, "{encoded}");
        }
    }

    #[test]
    fn basic_is_read_both_ways() {
        assert_eq!(
            presented(&headers("a%2Fb:p+q:r"), &form("")),
            Ok(vec![credentials("a%2Fb", "p+q:r"), credentials("a/b", "p q:r")])
        );
        assert_eq!(presented(&headers("id:50%"), &form("")), Ok(vec![credentials("id", "50%")]));
    }

    #[test]
    fn one_method_at_a_time() {
        assert_eq!(presented(&HeaderMap::new(), &form("client_id=a&client_secret=b")), Ok(vec![credentials("a", "b")]));
        for (basic, body, rejection) in [
            (None, "", Rejection::Incomplete),
            (None, "client_id=a", Rejection::Incomplete),
            (Some("a:b"), "client_secret=b", Rejection::TwoMethods),
            (Some("a:b"), "client_id=c", Rejection::TwoMethods),
            (Some("no colon"), "", Rejection::Wrong),
        ] {
            let headers = basic.map(headers).unwrap_or_default();
            assert_eq!(presented(&headers, &form(body)), Err(rejection), "{body}");
        }
        assert!(presented(&headers("a:b"), &form("client_id=a")).is_ok());
    }
}
