//! JSON Web Tokens as a diagnostic aid (RFC 7515, RFC 7519): taking one apart and checking its claims. Access tokens
//! are opaque to clients (RFC 9068 section 6), so nothing here decides whether a token is used. Signatures are
//! `jwks`'s.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;

use crate::oauth::scope::Scope;

/// How far clocks may differ.
const LEEWAY: Duration = Duration::from_secs(60);

/// What a token looks like from outside.
pub enum ParsedToken {
    /// A signed JWT.
    Signed(Box<Jwt>),
    /// An encrypted JWT (five parts): its header alone can be read.
    Encrypted {
        /// The header, as JSON text.
        header: String,
    },
    /// Begins like a JWT but cannot be decoded.
    Damaged {
        /// What is wrong with it, after "it looks like a JWT, but".
        why: String,
    },
    /// Anything else.
    Opaque,
}

/// A signed JWT, taken apart and not verified.
pub struct Jwt {
    /// The header, as JSON text.
    pub header: String,
    /// The claims, as JSON text.
    pub claims_text: String,
    /// The header's members that matter.
    pub head: Head,
    /// The claims.
    pub claims: Claims,
    /// What the signature is over.
    pub signed: String,
    /// The signature's bytes.
    pub signature: Vec<u8>,
}

/// The header's members that matter (RFC 7515 section 4.1).
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Head {
    /// The signature's algorithm.
    #[serde(default)]
    pub alg: String,
    /// Which key.
    pub kid: Option<String>,
    /// Extensions that a reader must understand.
    pub crit: Option<Value>,
}

/// Claims (RFC 7519 section 4.1, RFC 9068 section 2.2, and what providers use instead).
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Claims {
    /// Who issued it.
    pub iss: Option<Value>,
    /// Whom it is for: a string, or an array of strings.
    pub aud: Option<Value>,
    /// Expiry, in seconds since 1970.
    pub exp: Option<Value>,
    /// When it was issued, in seconds since 1970.
    pub iat: Option<Value>,
    /// Not before, in seconds since 1970.
    pub nbf: Option<Value>,
    /// The client.
    pub client_id: Option<Value>,
    /// The client, as OpenID Connect has it.
    pub azp: Option<Value>,
    /// The client, as Entra has it.
    pub appid: Option<Value>,
    /// The client, as Okta has it.
    pub cid: Option<Value>,
    /// Granted scopes: a string, or an array of strings.
    pub scope: Option<Value>,
    /// The same as Entra and Okta name it.
    pub scp: Option<Value>,
    /// What the client may do, as Entra has it.
    pub roles: Option<Value>,
    /// The same as Auth0 has it.
    pub permissions: Option<Value>,
    /// The same as Spring and UAA have it.
    pub authorities: Option<Value>,
    /// The key that the token is bound to (RFC 7800).
    pub cnf: Option<Value>,
}

impl ParsedToken {
    /// Takes a token apart.
    pub fn read(token: &str) -> Self {
        let parts: Vec<&str> = token.split('.').collect();
        let json = |part: &str| String::from_utf8(URL_SAFE_NO_PAD.decode(part).ok()?).ok();
        let read = || match parts.as_slice() {
            [header, payload, signature] => {
                let (header_text, claims_text) = (json(header)?, json(payload)?);
                Some(Self::Signed(Box::new(Jwt {
                    head: serde_json::from_str(&header_text).ok()?,
                    claims: serde_json::from_str(&claims_text).ok()?,
                    header: header_text,
                    claims_text,
                    signed: format!("{header}.{payload}"),
                    signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
                })))
            }
            [header, _, _, _, _] => {
                let header = json(header)?;
                serde_json::from_str::<Value>(&header).ok().filter(Value::is_object)?;
                Some(Self::Encrypted { header })
            }
            _ => None,
        };
        // An object (`{"`) in Base64.
        let unread =
            || if token.starts_with("eyJ") { Self::Damaged { why: describe_damage(token) } } else { Self::Opaque };
        read().unwrap_or_else(unread)
    }
}

/// What is wrong with a text that begins like a JWT.
fn describe_damage(token: &str) -> String {
    let lines = token.lines().count();
    if lines > 1 {
        return format!("it is broken over {lines} lines");
    }
    if token.contains(char::is_whitespace) {
        return "there are blanks in it".to_owned();
    }
    let parts: Vec<&str> = token.split('.').collect();
    match parts.len() {
        3 | 5 => {}
        1 => return "it has one part, not three".to_owned(),
        count => return format!("it has {count} parts, not three"),
    }
    let is_object = |part: &&str| {
        let bytes = URL_SAFE_NO_PAD.decode(part).unwrap_or_default();
        serde_json::from_slice::<serde_json::Map<String, Value>>(&bytes).is_ok()
    };
    let readable = parts.iter().take(2).take_while(|part| is_object(part)).count();
    let what = ["header is", "claims are", "signature is"][readable];
    format!("its {what} not what a JWT has there: a part may be cut off, or changed on the way")
}

impl Claims {
    /// The unverified claims of a signed JWT; nothing for an opaque or encrypted token.
    pub fn decode_unverified(token: &str) -> Option<Self> {
        match ParsedToken::read(token) {
            ParsedToken::Signed(jwt) => Some(jwt.claims),
            ParsedToken::Encrypted { .. } | ParsedToken::Damaged { .. } | ParsedToken::Opaque => None,
        }
    }

    /// Expiry in whole seconds since 1970.
    pub fn expires(&self) -> Option<u64> {
        seconds(self.exp.as_ref())
    }

    /// When it was issued, in seconds since 1970.
    pub fn issued_at(&self) -> Option<u64> {
        seconds(self.iat.as_ref())
    }

    /// Granted scopes, separated by spaces.
    pub fn scopes(&self) -> Option<String> {
        match self.scope.as_ref().or(self.scp.as_ref())? {
            Value::String(text) => Some(text.clone()),
            Value::Array(words) => Some(words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")),
            _ => None,
        }
    }

    /// What the token allows under other names than scopes: `roles` (Entra), `permissions` (Auth0), `authorities`
    /// (Spring, UAA).
    pub fn permissions(&self) -> Scope {
        let lists = [&self.roles, &self.permissions, &self.authorities].into_iter().flatten();
        let words = lists.filter_map(Value::as_array).flatten().filter_map(Value::as_str);
        Scope::parse(&words.collect::<Vec<_>>().join(" ")).unwrap_or_default()
    }

    /// Whom the token is for.
    pub fn audiences(&self) -> Vec<&str> {
        match &self.aud {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// The client that the token was granted to, whatever the claim is called.
    pub fn client(&self) -> Option<&str> {
        [&self.client_id, &self.azp, &self.appid, &self.cid].into_iter().flatten().find_map(Value::as_str)
    }

    /// The issuer.
    pub fn issuer(&self) -> Option<&str> {
        self.iss.as_ref().and_then(Value::as_str)
    }

    /// Checks `exp` and `nbf` with a minute of leeway (RFC 7519 section 4.1).
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn check_times(&self, now: SystemTime) -> Result<(), String> {
        let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let (exp, nbf) = (seconds(self.exp.as_ref()), seconds(self.nbf.as_ref()));
        match (exp, nbf) {
            (None, _) if self.exp.is_some() => Err("its `exp` is not a time".into()),
            (None, _) => Err("it has no `exp`".into()),
            (Some(exp), _) if Duration::from_secs(exp).saturating_add(LEEWAY) <= now => {
                Err("it has expired (`exp`)".into())
            }
            (_, None) if self.nbf.is_some() => Err("its `nbf` is not a time".into()),
            (_, Some(nbf)) if Duration::from_secs(nbf) > now + LEEWAY => Err("it is not valid yet (`nbf`)".into()),
            _ => Ok(()),
        }
    }
}

/// A NumericDate in whole seconds.
fn seconds(value: Option<&Value>) -> Option<u64> {
    let value = value?;
    value.as_u64().or_else(|| value.as_f64().filter(|secs| *secs > 0.0).map(|secs| secs as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn claims_are_read_in_their_shapes() {
        let claims =
            Claims::decode_unverified(&token(r#"{"exp":1795187072,"scope":"a b","aud":"x","azp":"c"}"#)).unwrap();
        assert_eq!((claims.expires(), claims.scopes().as_deref()), (Some(1_795_187_072), Some("a b")));
        assert_eq!((claims.audiences(), claims.client()), (vec!["x"], Some("c")));
        let claims =
            Claims::decode_unverified(&token(r#"{"exp":1795187072.9,"scp":["a","b"],"aud":["x","y"]}"#)).unwrap();
        assert_eq!((claims.expires(), claims.scopes().as_deref()), (Some(1_795_187_072), Some("a b")));
        assert_eq!(claims.audiences(), ["x", "y"]);
    }

    #[test]
    fn opaque_and_encrypted_tokens_have_none() {
        for (token, why) in [
            ("eyJhbGciOiJFUzI1NiJ9", "one part"),
            ("eyJhbGciOiJFUzI1NiJ9.e30", "2 parts"),
            ("eyJhbGciOiJFUzI1NiJ9.e30\n.c2ln", "broken over 2 lines"),
            ("eyJhbGciOiJFUzI1NiJ9.e30 .c2ln", "blanks"),
            ("eyJhbGciOiJFUz.e30.c2ln", "its header is"),
            ("eyJhbGciOiJFUzI1NiJ9.e3.c2ln", "its claims are"),
            ("eyJhbGciOiJFUzI1NiJ9.e30.%", "its signature is"),
            ("eyJhbGciOiJFUz.e30.c2ln.c2ln.c2ln", "its header is"),
        ] {
            let ParsedToken::Damaged { why: told } = ParsedToken::read(token) else { panic!("{token}") };
            assert!(told.contains(why), "{token}: {told}");
        }
        for token in ["opaque", "a.b", "a.b.c.d.e", "a.!.c", &token("[]"), &token("7")] {
            assert!(Claims::decode_unverified(token).is_none(), "{token}");
        }
        let encrypted = format!("{}.a.b.c.d", URL_SAFE_NO_PAD.encode(r#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#));
        assert!(matches!(ParsedToken::read(&encrypted), ParsedToken::Encrypted { .. }));
    }

    #[test]
    fn times_have_a_minute_of_leeway() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
        for (claims, good) in [
            (r#"{"exp":1000}"#, true),
            (r#"{"exp":941}"#, true),
            (r#"{"exp":940}"#, false),
            (r#"{"exp":18446744073709551615}"#, true),
            (r#"{"exp":1e300}"#, true),
            (r#"{"exp":2000,"nbf":1060}"#, true),
            (r#"{"exp":2000,"nbf":1061}"#, false),
            (r#"{"exp":"2000"}"#, false),
            (r#"{"exp":2000,"nbf":"x"}"#, false),
            ("{}", false),
        ] {
            assert_eq!(Claims::decode_unverified(&token(claims)).unwrap().check_times(now).is_ok(), good, "{claims}");
        }
    }
}
