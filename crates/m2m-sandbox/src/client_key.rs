//! Keys that clients sign assertions with: a generated one for a profile, and registered public keys (RFC 7517). Claims are
//! checked in `identity/assertion.rs`.

use std::fs;

use anyhow::{Context, anyhow, bail};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_2048_8192_SHA256,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;

/// The public key of a client.
#[derive(Clone)]
pub(crate) enum PublicKey {
    /// A point on P-256, for ES256.
    Ec(Vec<u8>),
    /// Modulus and exponent, for RS256.
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

/// A new key pair: the private key in PEM, the public one for the server.
pub(crate) struct ClientKey {
    pub(crate) pem: String,
    pub(crate) public: PublicKey,
}

impl ClientKey {
    /// Generates a key for ES256, which is much faster than for RS256.
    pub(crate) fn generate() -> anyhow::Result<Self> {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
            .map_err(|_| anyhow!("cannot generate a client key: the system has no randomness"))?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random)
            .map_err(|cause| anyhow!("cannot use the generated client key: {cause}"))?;
        let body = STANDARD.encode(pkcs8.as_ref());
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
        Ok(Self { pem, public: PublicKey::Ec(pair.public_key().as_ref().to_vec()) })
    }
}

impl PublicKey {
    /// Reads a JWK.
    ///
    /// # Errors
    ///
    /// Why it cannot be used here.
    pub(crate) fn from_jwk(text: &str) -> anyhow::Result<Self> {
        #[derive(Deserialize)]
        struct Jwk {
            kty: String,
            crv: Option<String>,
            x: Option<String>,
            y: Option<String>,
            n: Option<String>,
            e: Option<String>,
        }
        let jwk: Jwk = serde_json::from_str(text).map_err(|_| anyhow!("it is not a JWK"))?;
        let number = |name: &str, member: &Option<String>| {
            let decoded = member.as_ref().and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
            decoded.with_context(|| format!("its `{name}` is missing or not base64url"))
        };
        match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("EC", Some("P-256")) => Ok(Self::Ec([vec![4], number("x", &jwk.x)?, number("y", &jwk.y)?].concat())),
            ("RSA", _) => Ok(Self::Rsa { n: number("n", &jwk.n)?, e: number("e", &jwk.e)? }),
            _ => bail!("it is neither for ES256 (EC, P-256) nor for RS256 (RSA)"),
        }
    }

    /// Reads the JWK in the file that `--client-jwk` names.
    pub(crate) fn from_file(path: &str) -> anyhow::Result<Self> {
        Self::from_jwk(&fs::read_to_string(path)?)
    }

    /// Whether `signature` is this key's, by the one algorithm of the key. The `alg` of the header must name it, but cannot
    /// choose another (RFC 8725 section 3.1).
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
    fn the_error_says_why_a_jwk_cannot_be_used() {
        for (text, why) in [
            ("[]", "it is not a JWK"),
            (r#"{"kty":"EC","crv":"P-521"}"#, "neither for ES256"),
            (r#"{"kty":"EC","crv":"P-256","x":"AA"}"#, "its `y` is missing"),
            (r#"{"kty":"RSA","n":"+","e":"AQAB"}"#, "its `n` is missing or not base64url"),
        ] {
            assert!(PublicKey::from_jwk(text).err().unwrap().to_string().contains(why), "{text}");
        }
        assert!(PublicKey::from_jwk(r#"{"kty":"RSA","n":"AA","e":"AQAB","kid":"k"}"#).is_ok());
    }
}
