//! Client authentication at the token endpoint (RFC 6749 section 2.3): turns credentials into a header or into body
//! parameters, never both. Owns the three readings of Basic; refuses to try one after another.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::platform::error::{Error, Result};
use crate::platform::secret::Secret;
use crate::platform::url;

/// How the client proves who it is; the names are those of RFC 7591 section 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthMethod {
    /// Id and secret in an `Authorization: Basic` header.
    ClientSecretBasic,
    /// Id and secret as parameters of the body.
    ClientSecretPost,
    /// An assertion signed with the secret (RFC 7523, HMAC).
    ClientSecretJwt,
    /// An assertion signed with a private key (RFC 7523).
    PrivateKeyJwt,
    /// A certificate of an authority that the server trusts (RFC 8705 section 2.1).
    TlsClientAuth,
    /// A self-signed certificate that is registered for the client (RFC 8705 section 2.2).
    SelfSignedTlsClientAuth,
    /// A ready assertion: federated workload identity (RFC 7521).
    ClientAssertion,
}

impl AuthMethod {
    /// All methods.
    pub const ALL: [Self; 7] = [
        Self::ClientSecretBasic,
        Self::ClientSecretPost,
        Self::ClientSecretJwt,
        Self::PrivateKeyJwt,
        Self::TlsClientAuth,
        Self::SelfSignedTlsClientAuth,
        Self::ClientAssertion,
    ];

    /// Their names in settings and metadata, in the order of the enum.
    pub const NAMES: &[&str] = &[
        "client_secret_basic",
        "client_secret_post",
        "client_secret_jwt",
        "private_key_jwt",
        "tls_client_auth",
        "self_signed_tls_client_auth",
        "client_assertion",
    ];

    /// Whether the client proves itself by its certificate.
    pub fn is_mutual_tls(self) -> bool {
        matches!(self, Self::TlsClientAuth | Self::SelfSignedTlsClientAuth)
    }

    /// The name in metadata: a ready assertion is one of the JWT methods to a server.
    pub fn registered_name(self) -> &'static str {
        match self {
            Self::ClientAssertion => "private_key_jwt",
            other => other.name(),
        }
    }

    /// The name in settings and metadata.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

/// How id and secret enter Basic. RFC 6749 section 2.3.1 wants them form-encoded first; many servers do not decode. None of
/// these is that encoding to the letter: a server that decodes forms reads all but `Raw` back as they were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BasicEncoding {
    /// Only what decoding a form would change is encoded (`%`, `+`, a space as `%20`, controls, what is not ASCII; in the id
    /// also `:`), so that both kinds of server read the same wherever possible.
    Form,
    /// Everything but `A-Za-z0-9-._~` is percent-encoded.
    Strict,
    /// Nothing is encoded.
    Raw,
}

impl BasicEncoding {
    /// All encodings.
    pub const ALL: [Self; 3] = [Self::Form, Self::Strict, Self::Raw];

    /// Their names in settings, in the order of the enum.
    pub const NAMES: &[&str] = &["form", "strict", "raw"];

    /// The name in settings.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    fn encode_id(self, id: &str) -> String {
        match self {
            // A colon would end the id (RFC 7617 section 2).
            Self::Form => url::percent_encode_minimal(id).replace(':', "%3A"),
            Self::Strict | Self::Raw => self.encode_secret(id),
        }
    }

    fn encode_secret(self, secret: &str) -> String {
        match self {
            Self::Form => url::percent_encode_minimal(secret),
            Self::Strict => url::percent_encode_unreserved(secret),
            Self::Raw => secret.to_owned(),
        }
    }
}

/// What a request carries to authenticate the client.
#[derive(Debug)]
pub struct Authentication {
    /// The value of the Authorization header.
    pub authorization: Option<Secret>,
    /// Parameters for the body, in order.
    pub params: Vec<(&'static str, Secret)>,
}

/// Basic: a header, and the id in the body only where a server insists on it.
///
/// # Errors
/// Usage: with [`BasicEncoding::Raw`], an id that holds a colon.
pub fn basic(id: &str, secret: &Secret, encoding: BasicEncoding, id_in_body: bool) -> Result<Authentication> {
    if encoding == BasicEncoding::Raw && id.contains(':') {
        return Err(Error::usage("a `client_id` with `:` cannot be sent by Basic with `basic_encoding = \"raw\"`")
            .cause(format!("`client_id = \"{id}\"`: the colon would end the id (RFC 7617 section 2)"))
            .hint("use `basic_encoding = \"form\"`, or `auth_method = \"client_secret_post\"`"));
    }
    let pair = Secret::new(format!("{}:{}", encoding.encode_id(id), encoding.encode_secret(secret.expose())));
    // `Basic` with a capital: some servers compare the scheme case-sensitively.
    let header = Secret::new(format!("Basic {}", STANDARD.encode(pair.expose())));
    let params = if id_in_body { vec![("client_id", Secret::new(id.to_owned()))] } else { Vec::new() };
    Ok(Authentication { authorization: Some(header), params })
}

/// Post: id and secret in the body, no header.
pub fn post(id: &str, secret: &Secret) -> Authentication {
    let params = vec![("client_id", Secret::new(id.to_owned())), ("client_secret", secret.clone())];
    Authentication { authorization: None, params }
}

/// Mutual TLS: the certificate is the proof, the body says who it is for (RFC 8705 section 2).
pub fn mutual_tls(id: &str) -> Authentication {
    Authentication { authorization: None, params: vec![("client_id", Secret::new(id.to_owned()))] }
}

/// The characters of id and secret that `encoding` writes differently from another reading of Basic, each once.
pub fn encoding_sensitive_chars(text: &str, encoding: BasicEncoding) -> Vec<char> {
    let mut found = Vec::new();
    for c in text.chars() {
        let mut utf8 = [0u8; 4];
        let c_text: &str = c.encode_utf8(&mut utf8);
        let ours = encoding.encode_secret(c_text);
        let differs = [BasicEncoding::Form, BasicEncoding::Strict, BasicEncoding::Raw]
            .iter()
            .any(|other| other.encode_secret(c_text) != ours);
        if differs && !found.contains(&c) {
            found.push(c);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(id: &str, secret: &str, encoding: BasicEncoding) -> String {
        let auth = basic(id, &Secret::new(secret.into()), encoding, false).unwrap();
        let value = auth.authorization.unwrap().expose().to_owned();
        let pair = STANDARD.decode(value.strip_prefix("Basic ").unwrap()).unwrap();
        String::from_utf8(pair).unwrap()
    }

    #[test]
    fn the_three_encodings() {
        use BasicEncoding::{Form, Raw, Strict};
        for (id, secret, encoding, pair) in [
            ("my-client_1.x", "plain-Secret_1.~", Form, "my-client_1.x:plain-Secret_1.~"),
            ("my-client_1.x", "plain-Secret_1.~", Strict, "my-client_1.x:plain-Secret_1.~"),
            ("svc/a b", "p+q%:é~", Form, "svc/a%20b:p%2Bq%25:%C3%A9~"),
            ("svc/a b", "p+q%:é~", Strict, "svc%2Fa%20b:p%2Bq%25%3A%C3%A9~"),
            ("svc/a b", "p+q%:é~", Raw, "svc/a b:p+q%:é~"),
            ("a:b", "c:d", Form, "a%3Ab:c:d"),
            ("a:b", "c:d", Strict, "a%3Ab:c%3Ad"),
            ("id", "a&b=c\u{1}", Form, "id:a&b=c%01"),
        ] {
            assert_eq!(header(id, secret, encoding), pair);
        }
    }

    #[test]
    fn a_colon_in_the_id_cannot_be_raw() {
        assert!(basic("a:b", &Secret::new("s".into()), BasicEncoding::Raw, false).is_err());
    }

    #[test]
    fn the_known_raw_vector() {
        let auth = basic("svc/a b", &Secret::new("p+q%:é~".into()), BasicEncoding::Raw, false).unwrap();
        assert_eq!(auth.authorization.unwrap().expose(), "Basic c3ZjL2EgYjpwK3ElOsOpfg==");
    }

    #[test]
    fn never_two_methods_at_once() {
        let secret = Secret::new("s".into());
        let with_id = basic("id", &secret, BasicEncoding::Form, true).unwrap();
        assert_eq!(with_id.params.iter().map(|(n, _)| *n).collect::<Vec<_>>(), ["client_id"]);
        assert!(post("id", &secret).authorization.is_none());
    }

    #[test]
    fn ambiguous_characters_are_found() {
        assert_eq!(encoding_sensitive_chars("a+b/c+d", BasicEncoding::Form), ['+', '/']);
        assert_eq!(encoding_sensitive_chars("a-b_c.d~9", BasicEncoding::Form), [] as [char; 0]);
        assert_eq!(encoding_sensitive_chars("a/b", BasicEncoding::Strict), ['/']);
    }
}
