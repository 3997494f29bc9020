//! Signs client assertions (RFC 7515, RFC 7518): which algorithm goes with which key. The primitives are those that TLS
//! links already.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use rustls::SignatureScheme;
use rustls::sign::SigningKey;

use crate::oauth::jose::der;
use crate::oauth::jose::private_key::PrivateKey;
use crate::platform::secret::Secret;

/// Something that signs.
pub enum Signer {
    /// A private key.
    Key {
        /// The key.
        key: Arc<dyn SigningKey>,
        /// The algorithm.
        alg: Algorithm,
        /// The key's name.
        kid: Option<String>,
    },
    /// A shared secret.
    Secret {
        /// The secret as a key.
        key: hmac::Key,
        /// The algorithm's name.
        alg: &'static str,
    },
}

/// A signature algorithm of RFC 7518 section 3.1 or RFC 8037.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Algorithm {
    /// Its name in a JOSE header.
    pub name: &'static str,
    scheme: SignatureScheme,
    /// For ECDSA: the length of a coordinate, since JOSE writes signatures without ASN.1.
    coordinate: Option<usize>,
}

/// In order of preference, if `assertion_alg` is not set.
const ALGORITHMS: &[Algorithm] = &[
    Algorithm { name: "RS256", scheme: SignatureScheme::RSA_PKCS1_SHA256, coordinate: None },
    Algorithm { name: "ES256", scheme: SignatureScheme::ECDSA_NISTP256_SHA256, coordinate: Some(32) },
    Algorithm { name: "EdDSA", scheme: SignatureScheme::ED25519, coordinate: None },
    Algorithm { name: "ES384", scheme: SignatureScheme::ECDSA_NISTP384_SHA384, coordinate: Some(48) },
    Algorithm { name: "PS256", scheme: SignatureScheme::RSA_PSS_SHA256, coordinate: None },
    Algorithm { name: "RS384", scheme: SignatureScheme::RSA_PKCS1_SHA384, coordinate: None },
    Algorithm { name: "RS512", scheme: SignatureScheme::RSA_PKCS1_SHA512, coordinate: None },
    Algorithm { name: "PS384", scheme: SignatureScheme::RSA_PSS_SHA384, coordinate: None },
    Algorithm { name: "PS512", scheme: SignatureScheme::RSA_PSS_SHA512, coordinate: None },
];

/// Symmetric algorithms with the length of their hash in bytes, which is the least length of a secret.
const SYMMETRIC: &[(&str, usize)] = &[("HS256", 32), ("HS384", 48), ("HS512", 64)];

impl Signer {
    /// A signer with a private key. Without `alg`, what the key itself says, else the usual algorithm of its kind.
    ///
    /// # Errors
    /// Why the key cannot be used, or not with this algorithm.
    pub fn with_key(key: &PrivateKey, alg: Option<&str>, kid: Option<String>) -> Result<Self, String> {
        let signing = rustls::crypto::ring::sign::any_supported_type(&key.der).map_err(|_| {
            "it is none of RSA (2048 bits or more), EC (P-256, P-384) and Ed25519, or damaged".to_owned()
        })?;
        let wanted = alg.or(key.alg.as_deref());
        let fits = |algorithm: &&Algorithm| {
            wanted.is_none_or(|name| name == algorithm.name) && signing.choose_scheme(&[algorithm.scheme]).is_some()
        };
        let alg = *ALGORITHMS.iter().find(fits).ok_or_else(|| {
            let names: Vec<&str> =
                ALGORITHMS.iter().filter(|a| signing.choose_scheme(&[a.scheme]).is_some()).map(|a| a.name).collect();
            format!("it cannot sign with `{}`, only with {}", wanted.unwrap_or_default(), names.join(", "))
        })?;
        Ok(Self::Key { key: signing, alg, kid: kid.or_else(|| key.kid.clone()) })
    }

    /// A signer with a shared secret.
    ///
    /// # Errors
    /// The algorithm is not known, or the secret is shorter than its hash (RFC 7518 section 3.2).
    pub fn with_secret(secret: &Secret, alg: Option<&str>) -> Result<Self, String> {
        let wanted = alg.unwrap_or("HS256");
        let (name, least) = *SYMMETRIC
            .iter()
            .find(|(name, _)| *name == wanted)
            .ok_or_else(|| format!("`{wanted}` is none of HS256, HS384 and HS512"))?;
        let length = secret.expose().len();
        if length < least {
            return Err(format!("the secret has {length} bytes, and {name} needs {least} (RFC 7518 section 3.2)"));
        }
        let algorithm = match least {
            32 => hmac::HMAC_SHA256,
            48 => hmac::HMAC_SHA384,
            _ => hmac::HMAC_SHA512,
        };
        Ok(Self::Secret { key: hmac::Key::new(algorithm, secret.expose().as_bytes()), alg: name })
    }

    /// The algorithm's name.
    pub fn alg(&self) -> &'static str {
        match self {
            Self::Key { alg, .. } => alg.name,
            Self::Secret { alg, .. } => alg,
        }
    }

    /// The key's name.
    pub fn kid(&self) -> Option<&str> {
        match self {
            Self::Key { kid, .. } => kid.as_deref(),
            Self::Secret { .. } => None,
        }
    }

    /// The signature over a message, in base64url.
    ///
    /// # Errors
    /// The key refuses.
    pub fn sign(&self, message: &[u8]) -> Result<String, String> {
        let signature = match self {
            Self::Secret { key, .. } => hmac::sign(key, message).as_ref().to_vec(),
            Self::Key { key, alg, .. } => {
                let signer = key.choose_scheme(&[alg.scheme]).ok_or("the key does not fit its algorithm")?;
                let signature = signer.sign(message).map_err(|e| e.to_string())?;
                match alg.coordinate {
                    Some(length) => ecdsa_der_to_jose(&signature, length).ok_or("the signature is not one of ECDSA")?,
                    None => signature,
                }
            }
        };
        Ok(URL_SAFE_NO_PAD.encode(signature))
    }
}

/// An ECDSA signature as JOSE writes it (RFC 7518 section 3.4): both numbers at full length, from the two INTEGERs of
/// the SEQUENCE that TLS uses.
fn ecdsa_der_to_jose(signature: &[u8], length: usize) -> Option<Vec<u8>> {
    let number = |bytes: &[u8]| {
        let first = bytes.iter().position(|b| *b != 0).unwrap_or(bytes.len());
        let significant = &bytes[first..];
        (significant.len() <= length).then(|| der::left_padded(significant, length))
    };
    let (body, _) = der::content(signature)?;
    let (r, rest) = der::content(body)?;
    let (s, _) = der::content(rest)?;
    Some([number(r)?, number(s)?].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::jose::jwks::KeySet;
    use crate::oauth::jose::jwt::ParsedToken;
    use crate::oauth::jose::private_key;
    use ring::rand::SystemRandom;
    use ring::signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
    };

    fn verifies(signer: &Signer, jwk: &str) -> bool {
        let head = URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"{}"}}"#, signer.alg()));
        let signed = format!("{head}.{}", URL_SAFE_NO_PAD.encode("{}"));
        let token = format!("{signed}.{}", signer.sign(signed.as_bytes()).unwrap());
        let ParsedToken::Signed(jwt) = ParsedToken::read(&token) else { panic!("not a JWT") };
        KeySet::parse(format!(r#"{{"keys":[{jwk}]}}"#).as_bytes()).unwrap().verify(&jwt).is_ok()
    }

    #[test]
    fn elliptic_keys_sign_what_their_public_half_verifies() {
        let rng = SystemRandom::new();
        for (algorithm, curve, name, length) in [
            (&ECDSA_P256_SHA256_FIXED_SIGNING, "P-256", "ES256", 32),
            (&ECDSA_P384_SHA384_FIXED_SIGNING, "P-384", "ES384", 48),
        ] {
            let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &rng).unwrap();
            let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &rng).unwrap();
            let point = pair.public_key().as_ref();
            let jwk = format!(
                r#"{{"kty":"EC","crv":"{curve}","x":"{}","y":"{}"}}"#,
                URL_SAFE_NO_PAD.encode(&point[1..=length]),
                URL_SAFE_NO_PAD.encode(&point[1 + length..])
            );
            let key = PrivateKey::parse(&private_key::to_pem(pkcs8.as_ref())).unwrap();
            let signer = Signer::with_key(&key, None, Some("k".into())).unwrap();
            assert_eq!((signer.alg(), signer.kid()), (name, Some("k")));
            // Numbers with leading zeros come up now and then.
            assert!((0..64).all(|_| verifies(&signer, &jwk)), "{name}");
            assert!(Signer::with_key(&key, Some("RS256"), None).is_err());
        }
    }

    #[test]
    fn a_jwk_with_the_seed_signs_too() {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
        let (seed, x) =
            (URL_SAFE_NO_PAD.encode(&pkcs8.as_ref()[16..48]), URL_SAFE_NO_PAD.encode(pair.public_key().as_ref()));
        let jwk = format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"ed","d":"{seed}","x":"{x}"}}"#);
        let signer = Signer::with_key(&PrivateKey::parse(&jwk).unwrap(), None, None).unwrap();
        assert_eq!((signer.alg(), signer.kid()), ("EdDSA", Some("ed")));
        assert!(verifies(&signer, &jwk));
    }

    #[test]
    fn a_secret_must_be_as_long_as_its_hash() {
        for (length, alg, good) in [
            (31, None, false),
            (32, None, true),
            (47, Some("HS384"), false),
            (64, Some("HS512"), true),
            (64, Some("RS256"), false),
        ] {
            assert_eq!(Signer::with_secret(&Secret::new("x".repeat(length)), alg).is_ok(), good, "{length} {alg:?}");
        }
    }

    #[test]
    fn what_is_not_a_private_key_is_refused_without_showing_it() {
        for text in [
            "",
            "s3cr3t",
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED PRIVATE KEY-----\n",
            r#"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#,
            r#"{"kty":"oct","k":"s3cr3t"}"#,
        ] {
            let why = PrivateKey::parse(text).err().unwrap();
            assert!(!why.contains("s3cr3t"), "{why}");
        }
    }
}
