//! The compact form of signed tokens (RFC 7515 section 3.1): written by the identity servers, verified by the API. Which
//! claims a token has is decided by the identity servers.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::error::Unspecified;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::signing::SigningKey;

/// The signed token `header.claims.signature`.
pub(crate) fn encode(key: &SigningKey, header: &Value, claims: &Value) -> Result<String, Unspecified> {
    let mut token = URL_SAFE_NO_PAD.encode(header.to_string());
    token.push('.');
    token.push_str(&URL_SAFE_NO_PAD.encode(claims.to_string()));
    let signature = key.sign(token.as_bytes())?;
    token.push('.');
    token.push_str(&URL_SAFE_NO_PAD.encode(signature));
    Ok(token)
}

/// The claims of `token`, or `None` unless `key` signed it.
///
/// The header does not choose the algorithm: this key is for RS256 only (RFC 8725 section 3.1).
pub(crate) fn verified<C: DeserializeOwned>(key: &SigningKey, token: &str) -> Option<C> {
    let (message, signature) = token.rsplit_once('.')?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    if !key.verifies(message.as_bytes(), &signature) {
        return None;
    }
    let (_header, claims) = message.split_once('.')?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_token_has_three_parts_and_verifies_unless_it_is_changed() {
        let key = SigningKey::generate().unwrap();
        let claims = json!({ "iss": "https://issuer.example.com", "exp": 1 });
        let token = encode(&key, &json!({ "alg": "RS256", "kid": key.id() }), &claims).unwrap();

        let parts: Vec<&str> = token.split('.').collect();
        assert_eq!(parts.len(), 3);
        let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[0]).unwrap()).unwrap();
        assert_eq!(header, json!({ "alg": "RS256", "kid": key.id() }));
        assert_eq!(key.jwk_set()["keys"][0]["kid"], key.id());

        assert_eq!(verified(&key, &token), Some(claims));
        let forged = URL_SAFE_NO_PAD.encode(r#"{"iss":"https://issuer.example.com","exp":2}"#);
        let forged = format!("{}.{forged}.{}", parts[0], parts[2]);
        assert_eq!(verified::<Value>(&key, &forged), None);
        for nonsense in ["", ".", "..", "a.b.c", "opaque"] {
            assert_eq!(verified::<Value>(&key, nonsense), None, "{nonsense}");
        }
    }
}
