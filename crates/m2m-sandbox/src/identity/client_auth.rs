//! Client authentication: by secret, in Basic or in the body (RFC 6749 section 2.3.1), by assertion (RFC 7521), by
//! certificate (RFC 8705). One method per request.
//!
//! Real servers differ in whether they form-decode the two parts of Basic credentials, and a client cannot tell. The
//! sandbox accepts both readings, so that it works with every setting of `basic_encoding`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;

use super::assertion::{JWT_BEARER, UsedAssertions};
use super::parameters::Parameters;
use crate::accounts::Client;
use crate::certificates::Thumbprint;
use crate::clock::unix_now;

/// A client id and the secret sent with it.
#[derive(Debug, PartialEq)]
pub(crate) struct Credentials {
    pub(crate) id: String,
    pub(crate) secret: String,
}

/// How a client authenticates.
#[derive(Debug, PartialEq)]
pub(crate) enum ClientAuth {
    /// A secret, in each possible reading: the literal one first.
    Secret(Vec<Credentials>),
    /// A JWT, and the `client_id` of the body.
    Assertion { id: Option<String>, jwt: String },
    /// The certificate of the connection, and the `client_id` of the body.
    Certificate { id: String, certificate: Thumbprint },
}

/// Why a client is refused.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Rejection {
    /// What is wrong with its assertion.
    Assertion(&'static str),
    /// No credentials, or an id without a secret.
    Incomplete,
    /// More than one authentication method (RFC 6749 section 2.3), or two different client ids.
    TwoMethods,
    /// The credentials are not the client's.
    Wrong,
}

/// Reads how a request authenticates. `certificate` is that of its connection; it counts only if nothing else is sent.
pub(crate) fn read(
    headers: &HeaderMap,
    parameters: &Parameters,
    certificate: Option<&Thumbprint>,
) -> Result<ClientAuth, Rejection> {
    let id = parameters.get("client_id");
    let secret = parameters.get("client_secret");
    if let Some(jwt) = parameters.get("client_assertion") {
        if secret.is_some() || headers.contains_key(AUTHORIZATION) {
            return Err(Rejection::TwoMethods);
        }
        if parameters.get("client_assertion_type") != Some(JWT_BEARER) {
            return Err(Rejection::Assertion("client_assertion_type is not that of a JWT"));
        }
        return Ok(ClientAuth::Assertion { id: id.map(str::to_owned), jwt: jwt.to_owned() });
    }
    let Some(header) = headers.get(AUTHORIZATION) else {
        return match (id, secret, certificate) {
            (Some(id), Some(secret), _) => {
                Ok(ClientAuth::Secret(vec![Credentials { id: id.to_owned(), secret: secret.to_owned() }]))
            }
            (Some(id), None, Some(certificate)) => {
                Ok(ClientAuth::Certificate { id: id.to_owned(), certificate: certificate.clone() })
            }
            _ => Err(Rejection::Incomplete),
        };
    };
    if secret.is_some() {
        return Err(Rejection::TwoMethods);
    }

    let readings = header.to_str().ok().and_then(basic).ok_or(Rejection::Wrong)?;
    // CloudLoyalty's documented example repeats the id in the body; a different id would name another client.
    if id.is_some_and(|id| readings.iter().all(|reading| reading.id != id)) {
        return Err(Rejection::TwoMethods);
    }
    Ok(ClientAuth::Secret(readings))
}

/// Checks that `auth` is valid for `client`. `audiences` are the names of this server, `used` the assertions it has seen.
pub(crate) fn check(
    auth: &ClientAuth,
    client: &Client,
    audiences: &[String],
    used: &UsedAssertions,
) -> Result<(), Rejection> {
    let valid = match auth {
        ClientAuth::Secret(readings) => {
            readings.iter().any(|reading| reading.id == client.id && reading.secret == client.secret)
        }
        ClientAuth::Assertion { id: Some(id), .. } if id != client.id => false,
        ClientAuth::Assertion { jwt, .. } => {
            return used.check(jwt, client, audiences, unix_now()).map_err(Rejection::Assertion);
        }
        ClientAuth::Certificate { id, certificate } => {
            id == client.id && client.certificate.as_ref() == Some(certificate)
        }
    };
    if valid { Ok(()) } else { Err(Rejection::Wrong) }
}

/// The readings of a Basic header (RFC 7617 section 2): literal, and form-decoded.
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

/// `text` without its form encoding (RFC 6749 appendix B), or `None` if it is not valid form encoding.
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
            read(&headers("a%2Fb:p+q:r"), &form(""), None),
            Ok(ClientAuth::Secret(vec![credentials("a%2Fb", "p+q:r"), credentials("a/b", "p q:r")]))
        );
        assert_eq!(read(&headers("id:50%"), &form(""), None), Ok(ClientAuth::Secret(vec![credentials("id", "50%")])));
    }

    #[test]
    fn a_request_has_one_method() {
        assert_eq!(
            read(&HeaderMap::new(), &form("client_id=a&client_secret=b"), None),
            Ok(ClientAuth::Secret(vec![credentials("a", "b")]))
        );
        for (basic, body, rejection) in [
            (None, "", Rejection::Incomplete),
            (None, "client_id=a", Rejection::Incomplete),
            (Some("a:b"), "client_secret=b", Rejection::TwoMethods),
            (Some("a:b"), "client_id=c", Rejection::TwoMethods),
            (Some("no colon"), "", Rejection::Wrong),
            (Some("a:b"), "client_assertion=x", Rejection::TwoMethods),
            (None, "client_assertion=x&client_secret=y", Rejection::TwoMethods),
            (None, "client_assertion=x", Rejection::Assertion("client_assertion_type is not that of a JWT")),
        ] {
            let headers = basic.map(headers).unwrap_or_default();
            assert_eq!(read(&headers, &form(body), None), Err(rejection), "{body}");
        }
        assert!(read(&headers("a:b"), &form("client_id=a"), None).is_ok());
    }

    #[test]
    fn a_certificate_counts_where_nothing_else_is_sent() {
        let certificate = Thumbprint("t".to_owned());
        let sent = |body| read(&HeaderMap::new(), &form(body), Some(&certificate));
        let expected = ClientAuth::Certificate { id: "a".to_owned(), certificate: certificate.clone() };
        assert_eq!(sent("client_id=a"), Ok(expected));
        assert_eq!(sent("client_id=a&client_secret=b"), Ok(ClientAuth::Secret(vec![credentials("a", "b")])));
        assert_eq!(sent(""), Err(Rejection::Incomplete));
    }

    #[test]
    fn a_certificate_must_be_the_registered_one() {
        let client = |certificate| Client { id: "a", secret: "s".to_owned(), keys: vec![], certificate, scopes: &[] };
        let thumbprint = |text: &str| Thumbprint(text.to_owned());
        let check = |id: &str, client: &Client| {
            let auth = ClientAuth::Certificate { id: id.to_owned(), certificate: thumbprint("t") };
            check(&auth, client, &[], &UsedAssertions::default())
        };
        assert_eq!(check("a", &client(Some(thumbprint("t")))), Ok(()));
        assert_eq!(check("b", &client(Some(thumbprint("t")))), Err(Rejection::Wrong));
        assert_eq!(check("a", &client(Some(thumbprint("u")))), Err(Rejection::Wrong));
        assert_eq!(check("a", &client(None)), Err(Rejection::Wrong));
    }
}
