//! JSON Web Tokens as a diagnostic aid (RFC 7519): the claims of an access token, unverified. Access tokens are opaque to
//! clients (RFC 9068 section 6), so nothing here decides whether a token is used.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;

/// The claims that help where the token response is silent.
#[derive(Debug, Default, Deserialize)]
pub struct Claims {
    /// Expiry, in seconds since 1970.
    pub exp: Option<Value>,
    /// Granted scopes: a string, or an array of strings.
    pub scope: Option<Value>,
    /// The same as Entra and Okta name it.
    pub scp: Option<Value>,
}

impl Claims {
    /// The unverified claims of a signed JWT; nothing for an opaque or encrypted token.
    #[must_use]
    pub fn peek(token: &str) -> Option<Self> {
        let mut parts = token.split('.');
        let (Some(_), Some(payload), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return None;
        };
        let json = URL_SAFE_NO_PAD.decode(payload).ok()?;
        serde_json::from_slice(&json).ok()
    }

    /// Expiry in whole seconds since 1970.
    #[must_use]
    pub fn expires(&self) -> Option<u64> {
        let exp = self.exp.as_ref()?;
        exp.as_u64().or_else(|| exp.as_f64().filter(|e| *e > 0.0).map(|e| e as u64))
    }

    /// Granted scopes, separated by spaces.
    #[must_use]
    pub fn scopes(&self) -> Option<String> {
        match self.scope.as_ref().or(self.scp.as_ref())? {
            Value::String(text) => Some(text.clone()),
            Value::Array(words) => Some(words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn claims_are_read_in_their_shapes() {
        let claims = Claims::peek(&token(r#"{"exp":1795187072,"scope":"a b"}"#)).unwrap();
        assert_eq!((claims.expires(), claims.scopes().as_deref()), (Some(1_795_187_072), Some("a b")));
        let claims = Claims::peek(&token(r#"{"exp":1795187072.9,"scp":["a","b"]}"#)).unwrap();
        assert_eq!((claims.expires(), claims.scopes().as_deref()), (Some(1_795_187_072), Some("a b")));
    }

    #[test]
    fn opaque_and_encrypted_tokens_have_none() {
        for token in ["opaque", "a.b", "a.b.c.d.e", "a.!.c", &token("[]")] {
            assert!(Claims::peek(token).is_none(), "{token}");
        }
    }
}
