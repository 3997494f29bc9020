//! Client assertions (RFC 7521, RFC 7523, and its revision): a JWT by which the client proves who it is. One assertion
//! is for one request: a new `jti` each time, and a minute to live.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::oauth::client_auth::Authentication;
use crate::oauth::jose::jwt::Claims;
use crate::oauth::jose::signer::Signer;
use crate::platform::error::{Error, ErrorKind, Result};
use crate::platform::secret::Secret;
use crate::platform::unix_time;
use crate::platform::uuid;

/// How long an assertion lives.
const LIFETIME: Duration = Duration::from_secs(60);

/// What goes into an assertion, apart from the time.
pub struct Template<'a> {
    /// The client.
    pub client_id: &'a str,
    /// The only recipient.
    pub audience: &'a str,
    /// The header's `typ`.
    pub typ: &'a str,
    /// The SHA-256 thumbprint of the client's certificate, in base64url.
    pub x5t: Option<&'a str>,
}

/// Makes an assertion for one request.
///
/// # Errors
/// Internal: there is no randomness, or the key refuses to sign.
pub fn make(template: &Template<'_>, signer: &Signer, now: SystemTime) -> Result<Secret> {
    let mut header = Map::new();
    header.insert("alg".into(), signer.alg().into());
    if !template.typ.is_empty() {
        header.insert("typ".into(), template.typ.into());
    }
    if let Some(kid) = signer.kid() {
        header.insert("kid".into(), kid.into());
    }
    if let Some(x5t) = template.x5t {
        header.insert("x5t#S256".into(), x5t.into());
    }
    let issued = unix_time::seconds(now);
    let claims = serde_json::json!({
        "iss": template.client_id,
        "sub": template.client_id,
        "aud": template.audience,
        "jti": uuid::random()?,
        "iat": issued,
        "exp": issued + LIFETIME.as_secs(),
    });
    let encoded = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let signed = format!("{}.{}", encoded(&Value::Object(header)), encoded(&claims));
    let signature = signer
        .sign(signed.as_bytes())
        .map_err(|why| Error::new(ErrorKind::Internal, "the client assertion cannot be signed").cause(why))?;
    Ok(Secret::new(format!("{signed}.{signature}")))
}

/// What a request carries with an assertion of this `client_assertion_type`: no header, and `client_id` since many
/// servers want it.
pub fn authentication(client_id: &str, assertion_type: &str, assertion: Secret) -> Authentication {
    let params = vec![
        ("client_id", Secret::new(client_id.to_owned())),
        ("client_assertion_type", Secret::new(assertion_type.to_owned())),
        ("client_assertion", assertion),
    ];
    Authentication { authorization: None, params }
}

/// How long ago an externally issued assertion expired, if it is a JWT with `exp`.
pub fn expired_since(assertion: &Secret, now: SystemTime) -> Option<Duration> {
    let exp = Claims::decode_unverified(assertion.expose())?.expires()?;
    now.duration_since(unix_time::at(exp)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::jose::jwt::ParsedToken;

    #[test]
    fn an_assertion_names_one_recipient_and_is_for_one_use() {
        let signer = Signer::with_secret(&Secret::new("x".repeat(32)), None).unwrap();
        let template =
            Template { client_id: "me", audience: "https://as", typ: "client-authentication+jwt", x5t: Some("thumb") };
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_187_072_900);
        let [one, two] = [0, 1].map(|_| {
            let ParsedToken::Signed(jwt) = ParsedToken::read(make(&template, &signer, now).unwrap().expose()) else {
                panic!("not a JWT")
            };
            (jwt.header, serde_json::from_str::<Value>(&jwt.claims_text).unwrap())
        });
        assert_eq!(one.0, r#"{"alg":"HS256","typ":"client-authentication+jwt","x5t#S256":"thumb"}"#);
        assert_eq!((&one.1["iss"], &one.1["sub"], &one.1["aud"]), (&"me".into(), &"me".into(), &"https://as".into()));
        assert_eq!((&one.1["iat"], &one.1["exp"]), (&1_795_187_072.into(), &1_795_187_132.into()));
        assert_ne!(one.1["jti"], two.1["jti"]);
        assert_eq!(one.1["jti"].as_str().unwrap().len(), 36);
    }
}
