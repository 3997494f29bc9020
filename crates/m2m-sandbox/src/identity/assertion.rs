//! Client assertions (RFC 7523, and its revision): signature, client, audience, lifetime, and that each is used once. How an
//! assertion arrives is in `client_auth.rs`.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::accounts::Client;

/// The `client_assertion_type` of a JWT.
pub(crate) const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How far ahead an assertion may expire, as with Auth0.
const MAX_LIFETIME_SECS: u64 = 300;
/// How far ahead a client's clock may be.
const SKEW_SECS: u64 = 10;
/// Lengths of `jti` in characters: long enough to be unique, short enough to be kept.
const JTI_LENGTHS: std::ops::RangeInclusive<usize> = 8..=64;

/// The `jti` of each assertion that was used and has not expired, with its `exp`.
#[derive(Default)]
pub(crate) struct UsedAssertions(Mutex<HashMap<String, u64>>);

#[derive(Deserialize)]
struct Header {
    alg: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    jti: Option<String>,
    exp: u64,
    iat: Option<u64>,
    nbf: Option<u64>,
}

/// One recipient, or an array that must have a single member.
#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl UsedAssertions {
    /// Checks that `assertion` is signed by `client`, meant for this server (one of `audiences`), valid at `now` and not
    /// used before.
    ///
    /// # Errors
    ///
    /// What is wrong with the assertion.
    pub(crate) fn check(
        &self,
        assertion: &str,
        client: &Client,
        audiences: &[String],
        now: u64,
    ) -> Result<(), &'static str> {
        let (message, signature) = assertion.rsplit_once('.').ok_or("the assertion is not a JWT")?;
        let (header, claims) = message.split_once('.').ok_or("the assertion is not a JWT")?;
        let header: Header = json(header).ok_or("the assertion's header cannot be read")?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| "the assertion's signature cannot be read")?;
        if !client.keys.iter().any(|key| key.verifies(&header.alg, message.as_bytes(), &signature)) {
            return Err("no registered key has signed the assertion");
        }
        let claims: Claims = json(claims).ok_or("the assertion lacks iss, sub, aud or exp")?;
        if claims.iss != client.id || claims.sub != client.id {
            return Err("iss and sub of the assertion are not the client");
        }
        let audience = match &claims.aud {
            Audience::One(one) => Some(one),
            Audience::Several(several) => several.first().filter(|_| several.len() == 1),
        };
        if !audience.is_some_and(|audience| audiences.contains(audience)) {
            return Err("aud of the assertion is not this server");
        }
        if claims.exp <= now {
            return Err("the assertion has expired");
        }
        if claims.exp > now + MAX_LIFETIME_SECS {
            return Err("exp of the assertion is more than 300 s ahead");
        }
        if claims.iat.max(claims.nbf).is_some_and(|from| from > now + SKEW_SECS) {
            return Err("iat or nbf of the assertion is in the future");
        }
        let jti = claims.jti.filter(|jti| JTI_LENGTHS.contains(&jti.len()));
        self.take(jti.ok_or("jti of the assertion is missing, or does not have 8 to 64 characters")?, claims.exp, now)
    }

    fn take(&self, jti: String, exp: u64, now: u64) -> Result<(), &'static str> {
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|_, exp| *exp > now);
        match used.insert(jti, exp) {
            None => Ok(()),
            Some(_) => Err("jti of the assertion has been used before"),
        }
    }
}

fn json<T: DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
    use serde_json::{Value, json};

    use super::*;
    use crate::client_key::PublicKey;

    const NOW: u64 = 1_800_000_000;

    struct Signer(EcdsaKeyPair);

    impl Signer {
        fn new() -> Self {
            let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
            let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
            Self(EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).unwrap())
        }

        fn client(&self) -> Client {
            let keys = vec![PublicKey::Ec(self.0.public_key().as_ref().to_vec())];
            Client { id: "app", secret: String::new(), scopes: &[], keys, certificate: None }
        }

        fn sign(&self, header: &Value, claims: &Value) -> String {
            let [header, claims] = [header, claims].map(|json| URL_SAFE_NO_PAD.encode(json.to_string()));
            let message = format!("{header}.{claims}");
            let signature = self.0.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
            format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
        }
    }

    /// Valid claims with `name` set to `value`, or removed if it is null.
    fn claims(name: &str, value: Value) -> Value {
        let mut claims = json!({
            "iss": "app", "sub": "app", "aud": "https://as.example.com", "jti": "12345678", "iat": NOW, "exp": NOW + 60,
        });
        claims[name] = value;
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        claims
    }

    fn check(claims: &Value) -> Result<(), &'static str> {
        let signer = Signer::new();
        let assertion = signer.sign(&json!({ "alg": "ES256" }), claims);
        UsedAssertions::default().check(&assertion, &signer.client(), &["https://as.example.com".to_owned()], NOW)
    }

    #[test]
    fn valid_claims_pass() {
        for (name, value) in [
            ("iss", json!("app")),
            ("aud", json!(["https://as.example.com"])),
            ("exp", json!(NOW + 300)),
            ("iat", json!(NOW + 10)),
            ("iat", Value::Null),
            ("jti", json!("x".repeat(64))),
        ] {
            assert_eq!(check(&claims(name, value.clone())), Ok(()), "{name} {value}");
        }
    }

    #[test]
    fn each_claim_is_checked() {
        for (name, value, why) in [
            ("iss", json!("other"), "iss and sub"),
            ("sub", json!("other"), "iss and sub"),
            ("aud", json!("https://other.example.com"), "aud of the assertion"),
            ("aud", json!(["https://as.example.com", "https://other.example.com"]), "aud of the assertion"),
            ("aud", Value::Null, "lacks"),
            ("exp", json!(NOW), "has expired"),
            ("exp", json!(NOW + 301), "more than 300 s"),
            ("iat", json!(NOW + 11), "in the future"),
            ("nbf", json!(NOW + 11), "in the future"),
            ("jti", Value::Null, "jti of the assertion"),
            ("jti", json!("short"), "jti of the assertion"),
            ("jti", json!("x".repeat(65)), "jti of the assertion"),
        ] {
            let refusal = check(&claims(name, value.clone())).err().unwrap();
            assert!(refusal.contains(why), "{name} {value}: {refusal}");
        }
    }

    #[test]
    fn an_assertion_is_accepted_once() {
        let (signer, used) = (Signer::new(), UsedAssertions::default());
        let (client, audiences) = (signer.client(), ["https://as.example.com".to_owned()]);
        let assertion = signer.sign(&json!({ "alg": "ES256" }), &claims("iss", json!("app")));
        assert_eq!(used.check(&assertion, &client, &audiences, NOW), Ok(()));
        assert_eq!(
            used.check(&assertion, &client, &audiences, NOW + 1),
            Err("jti of the assertion has been used before")
        );
    }

    #[test]
    fn only_a_registered_key_by_its_own_algorithm_counts() {
        let (signer, used) = (Signer::new(), UsedAssertions::default());
        let audiences = ["https://as.example.com".to_owned()];
        let claims = claims("iss", json!("app"));
        let refused = Err("no registered key has signed the assertion");
        for alg in ["none", "HS256", "RS256"] {
            let assertion = signer.sign(&json!({ "alg": alg }), &claims);
            assert_eq!(used.check(&assertion, &signer.client(), &audiences, NOW), refused, "{alg}");
        }
        let stranger = Signer::new().sign(&json!({ "alg": "ES256" }), &claims);
        assert_eq!(used.check(&stranger, &signer.client(), &audiences, NOW), refused);
        for nonsense in ["", "a.b", "a.b.c", "opaque"] {
            assert!(used.check(nonsense, &signer.client(), &audiences, NOW).is_err(), "{nonsense}");
        }
    }
}
