//! Keys that clients sign assertions with: the throw-away one of a profile, and public halves that people register
//! (RFC 7517). It knows algorithms, not claims.

use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::error::Unspecified;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_2048_8192_SHA256,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;

/// The public half of a client's key.
#[derive(Clone)]
pub(crate) enum PublicKey {
    /// A point on P-256, for ES256.
    Ec(Vec<u8>),
    /// Modulus and exponent, for RS256.
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

/// A new key: its private half in PEM, its public half for the server.
pub(crate) struct ClientKey {
    pub(crate) pem: String,
    pub(crate) public: PublicKey,
}

impl ClientKey {
    /// Makes a key for ES256, which takes no time, unlike one for RS256.
    pub(crate) fn generate() -> Result<Self, Unspecified> {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random)
            .map_err(|_| Unspecified)?;
        let body = STANDARD.encode(pkcs8.as_ref());
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
        Ok(Self { pem, public: PublicKey::Ec(pair.public_key().as_ref().to_vec()) })
    }
}

impl PublicKey {
    /// Reads a JWK, or says why it is none that can be used here.
    pub(crate) fn from_jwk(text: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Jwk {
            kty: String,
            crv: Option<String>,
            x: Option<String>,
            y: Option<String>,
            n: Option<String>,
            e: Option<String>,
        }
        let jwk: Jwk = serde_json::from_str(text).map_err(|_| "it is not a JWK".to_owned())?;
        let number = |name: &str, member: &Option<String>| {
            let decoded = member.as_ref().and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
            decoded.ok_or_else(|| format!("its `{name}` is missing or not base64url"))
        };
        match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("EC", Some("P-256")) => Ok(Self::Ec([vec![4], number("x", &jwk.x)?, number("y", &jwk.y)?].concat())),
            ("RSA", _) => Ok(Self::Rsa { n: number("n", &jwk.n)?, e: number("e", &jwk.e)? }),
            _ => Err("it is neither for ES256 (EC, P-256) nor for RS256 (RSA)".to_owned()),
        }
    }

    /// Reads the JWK in the file that `--client-jwk` names.
    pub(crate) fn from_file(path: &str) -> Result<Self, String> {
        let text = std::fs::read_to_string(PathBuf::from(path)).map_err(|cause| cause.to_string())?;
        Self::from_jwk(&text)
    }

    /// Whether `signature` is this key's, by the only algorithm it is for: what a header names does not choose one
    /// (RFC 8725 section 3.1), it can only be wrong.
    pub(crate) fn verifies(&self, alg: &str, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Ec(point) => {
                alg == "ES256"
                    && UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok()
            }
            Self::Rsa { n, e } => {
                alg == "RS256"
                    && RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jwks_that_cannot_be_used_say_why() {
        for (text, why) in [
            ("[]", "it is not a JWK"),
            (r#"{"kty":"EC","crv":"P-521"}"#, "neither for ES256"),
            (r#"{"kty":"EC","crv":"P-256","x":"AA"}"#, "its `y` is missing"),
            (r#"{"kty":"RSA","n":"+","e":"AQAB"}"#, "its `n` is missing or not base64url"),
        ] {
            assert!(PublicKey::from_jwk(text).err().unwrap().contains(why), "{text}");
        }
        assert!(PublicKey::from_jwk(r#"{"kty":"RSA","n":"AA","e":"AQAB","kid":"k"}"#).is_ok());
    }
}
