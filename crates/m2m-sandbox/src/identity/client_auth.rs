//! Client authentication: by secret, in Basic or in the body (RFC 6749 section 2.3.1), by assertion (RFC 7521), by
//! certificate (RFC 8705). One method a request.
//!
//! Whether a server decodes the parts of Basic is not to be seen from outside, and real servers differ. The
//! sandbox takes both readings, so that it works with every setting of `basic_encoding`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;

use super::assertion::{JWT_BEARER, Used};
use super::parameters::Parameters;
use crate::accounts::Client;
use crate::certificates::Thumbprint;
use crate::clock::unix_now;

/// What a client says it is.
#[derive(Debug, PartialEq)]
pub(crate) struct Credentials {
    pub(crate) id: String,
    pub(crate) secret: String,
}

/// How a client proves who it is.
#[derive(Debug, PartialEq)]
pub(crate) enum Proof {
    /// A secret, in each way it can be read: the literal reading first.
    Secret(Vec<Credentials>),
    /// A JWT, and the client that the body names beside it.
    Assertion { id: Option<String>, jwt: String },
    /// The certificate of the connection, and the client that the body names.
    Certificate { id: String, shown: Thumbprint },
}

/// Why a client is refused.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Rejection {
    /// What is wrong with its assertion.
    Assertion(&'static str),
    /// No credentials, or half of them.
    Incomplete,
    /// More than one authentication method (RFC 6749 section 2.3), or two different clients.
    TwoMethods,
    /// The credentials are not the client's.
    Wrong,
}

/// What a request proves itself by. `shown` is the certificate of its connection, which counts where nothing else is sent.
pub(crate) fn presented(
    headers: &HeaderMap,
    parameters: &Parameters,
    shown: Option<&Thumbprint>,
) -> Result<Proof, Rejection> {
    let id = parameters.get("client_id");
    let secret = parameters.get("client_secret");
    if let Some(jwt) = parameters.get("client_assertion") {
        if secret.is_some() || headers.contains_key(AUTHORIZATION) {
            return Err(Rejection::TwoMethods);
        }
        if parameters.get("client_assertion_type") != Some(JWT_BEARER) {
            return Err(Rejection::Assertion("client_assertion_type is not that of a JWT"));
        }
        return Ok(Proof::Assertion { id: id.map(str::to_owned), jwt: jwt.to_owned() });
    }
    let Some(header) = headers.get(AUTHORIZATION) else {
        return match (id, secret, shown) {
            (Some(id), Some(secret), _) => {
                Ok(Proof::Secret(vec![Credentials { id: id.to_owned(), secret: secret.to_owned() }]))
            }
            (Some(id), None, Some(shown)) => Ok(Proof::Certificate { id: id.to_owned(), shown: shown.clone() }),
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
    Ok(Proof::Secret(readings))
}

/// Whether the proof is `client`'s. `audiences` are the names of this server, `used` the assertions it has seen.
pub(crate) fn check(proof: &Proof, client: &Client, audiences: &[String], used: &Used) -> Result<(), Rejection> {
    let good = match proof {
        Proof::Secret(readings) => {
            readings.iter().any(|reading| reading.id == client.id && reading.secret == client.secret)
        }
        Proof::Assertion { id: Some(id), .. } if id != client.id => false,
        Proof::Assertion { jwt, .. } => {
            return used.check(jwt, client, audiences, unix_now()).map_err(Rejection::Assertion);
        }
        Proof::Certificate { id, shown } => id == client.id && client.certificate.as_ref() == Some(shown),
    };
    if good { Ok(()) } else { Err(Rejection::Wrong) }
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
            presented(&headers("a%2Fb:p+q:r"), &form(""), None),
            Ok(Proof::Secret(vec![credentials("a%2Fb", "p+q:r"), credentials("a/b", "p q:r")]))
        );
        assert_eq!(presented(&headers("id:50%"), &form(""), None), Ok(Proof::Secret(vec![credentials("id", "50%")])));
    }

    #[test]
    fn one_method_at_a_time() {
        assert_eq!(
            presented(&HeaderMap::new(), &form("client_id=a&client_secret=b"), None),
            Ok(Proof::Secret(vec![credentials("a", "b")]))
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
            assert_eq!(presented(&headers, &form(body), None), Err(rejection), "{body}");
        }
        assert!(presented(&headers("a:b"), &form("client_id=a"), None).is_ok());
    }

    #[test]
    fn a_certificate_counts_where_nothing_else_is_sent() {
        let shown = Thumbprint("t".to_owned());
        let proof = |body| presented(&HeaderMap::new(), &form(body), Some(&shown));
        let certificate = Proof::Certificate { id: "a".to_owned(), shown: shown.clone() };
        assert_eq!(proof("client_id=a"), Ok(certificate));
        assert_eq!(proof("client_id=a&client_secret=b"), Ok(Proof::Secret(vec![credentials("a", "b")])));
        assert_eq!(proof(""), Err(Rejection::Incomplete));
    }

    #[test]
    fn a_certificate_must_be_the_registered_one() {
        let client = |certificate| Client { id: "a", secret: "s".to_owned(), keys: vec![], certificate, scopes: &[] };
        let thumbprint = |text: &str| Thumbprint(text.to_owned());
        let check = |id: &str, client: &Client| {
            let proof = Proof::Certificate { id: id.to_owned(), shown: thumbprint("t") };
            check(&proof, client, &[], &Used::default())
        };
        assert_eq!(check("a", &client(Some(thumbprint("t")))), Ok(()));
        assert_eq!(check("b", &client(Some(thumbprint("t")))), Err(Rejection::Wrong));
        assert_eq!(check("a", &client(Some(thumbprint("u")))), Err(Rejection::Wrong));
        assert_eq!(check("a", &client(None)), Err(Rejection::Wrong));
    }
}
