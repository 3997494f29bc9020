//! The issuer's keys (RFC 7517), and whether one of them signed a token. The primitives are ring's; what is decided
//! here is which key and algorithm may be used: an algorithm never works with another kind of key, and `none` never
//! works.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{self, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm};
use serde::Deserialize;

use crate::oauth::jose::jwt::Jwt;
use crate::platform::json;

/// The largest key set accepted, in bytes.
pub const SET_LIMIT: usize = 256 * 1024;

/// A set of keys.
#[derive(Debug)]
pub struct KeySet {
    keys: Vec<Jwk>,
}

/// The set as served: one unreadable key must not invalidate the others (RFC 7517 section 5).
#[derive(Deserialize)]
struct Wire {
    keys: Vec<serde_json::Value>,
}

/// A key, as far as it can verify.
#[derive(Debug, Deserialize)]
struct Jwk {
    #[serde(default)]
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// Why a signature does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The algorithm is `none`, symmetric, or not known: such a token proves nothing.
    Algorithm(String),
    /// The set has no key for it, which happens while keys are rotated.
    NoKey(String),
    /// A key was found, and it did not sign this.
    Signature,
    /// The header asks for an extension that is not known (RFC 7515 section 4.1.11).
    Critical,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Algorithm(why) | Self::NoKey(why) => f.write_str(why),
            Self::Signature => f.write_str("the signature is wrong"),
            Self::Critical => f.write_str("its header asks for an extension (`crit`) that is not known"),
        }
    }
}

/// A kind of key with the algorithm of ring.
enum Scheme {
    Rsa(&'static RsaParameters),
    /// Curve, and how long a coordinate is.
    Ec(&'static str, &'static dyn VerificationAlgorithm, usize),
    Ed25519,
}

fn scheme(alg: &str) -> Result<Scheme, Refusal> {
    Ok(match alg {
        "RS256" => Scheme::Rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
        "RS384" => Scheme::Rsa(&signature::RSA_PKCS1_2048_8192_SHA384),
        "RS512" => Scheme::Rsa(&signature::RSA_PKCS1_2048_8192_SHA512),
        "PS256" => Scheme::Rsa(&signature::RSA_PSS_2048_8192_SHA256),
        "PS384" => Scheme::Rsa(&signature::RSA_PSS_2048_8192_SHA384),
        "PS512" => Scheme::Rsa(&signature::RSA_PSS_2048_8192_SHA512),
        "ES256" => Scheme::Ec("P-256", &signature::ECDSA_P256_SHA256_FIXED, 32),
        "ES384" => Scheme::Ec("P-384", &signature::ECDSA_P384_SHA384_FIXED, 48),
        "EdDSA" | "Ed25519" => Scheme::Ed25519,
        "none" | "None" | "NONE" | "" => {
            return Err(Refusal::Algorithm("its `alg` is `none`: it is not signed".into()));
        }
        hs if hs.starts_with("HS") => {
            return Err(Refusal::Algorithm("its `alg` is symmetric: a public key set cannot verify it".into()));
        }
        "ES512" => {
            return Err(Refusal::Algorithm("its `alg` is ES512 (P-521), which this program cannot verify".into()));
        }
        _ => return Err(Refusal::Algorithm("its `alg` is not known".into())),
    })
}

impl KeySet {
    /// Reads a key set.
    ///
    /// # Errors
    /// Why it is not one.
    pub fn parse(body: &[u8]) -> Result<Self, String> {
        let wire: Wire = json::parse(body)?;
        Ok(Self { keys: wire.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok()).collect() })
    }

    /// Checks that a key of the set signed the token.
    ///
    /// # Errors
    /// Why the signature does not count.
    pub fn verify(&self, jwt: &Jwt) -> Result<(), Refusal> {
        let alg = jwt.head.alg.as_str();
        let scheme = scheme(alg)?;
        if jwt.head.crit.is_some() {
            return Err(Refusal::Critical);
        }
        let kid = jwt.head.kid.as_deref();
        let fits = |key: &&Jwk| {
            (kid.is_none() || key.kid.as_deref() == kid)
                && key.usage.as_deref().is_none_or(|usage| usage == "sig")
                && key.alg.as_deref().is_none_or(|own| own == alg)
                && key.is_for(&scheme)
        };
        let mut candidates = self.keys.iter().filter(fits).peekable();
        if candidates.peek().is_none() {
            return Err(Refusal::NoKey("the issuer's key set has no key for its `kid` and `alg`".into()));
        }
        if candidates.any(|key| key.signed(&scheme, jwt)) { Ok(()) } else { Err(Refusal::Signature) }
    }
}

impl Jwk {
    fn is_for(&self, scheme: &Scheme) -> bool {
        match scheme {
            Scheme::Rsa(_) => self.kty == "RSA",
            Scheme::Ec(curve, ..) => self.kty == "EC" && self.crv.as_deref() == Some(curve),
            Scheme::Ed25519 => self.kty == "OKP" && self.crv.as_deref() == Some("Ed25519"),
        }
    }

    fn signed(&self, scheme: &Scheme, jwt: &Jwt) -> bool {
        let bytes = |member: &Option<String>| member.as_ref().and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        let (message, signature) = (jwt.signed.as_bytes(), jwt.signature.as_slice());
        let verified = match scheme {
            Scheme::Rsa(parameters) => bytes(&self.n).zip(bytes(&self.e)).map(|(n, e)| {
                // ring wants no leading zeros, some servers write one.
                let n = n.iter().position(|b| *b != 0).map_or(&[][..], |at| &n[at..]);
                RsaPublicKeyComponents { n, e: &e[..] }.verify(parameters, message, signature)
            }),
            Scheme::Ec(_, algorithm, length) => bytes(&self.x).zip(bytes(&self.y)).map(|(x, y)| {
                let padded = |coordinate: &[u8]| {
                    let mut whole = vec![0u8; length.saturating_sub(coordinate.len())];
                    whole.extend_from_slice(coordinate);
                    whole
                };
                let point = [&[4u8][..], &padded(&x), &padded(&y)].concat();
                UnparsedPublicKey::new(*algorithm, point).verify(message, signature)
            }),
            Scheme::Ed25519 => {
                bytes(&self.x).map(|x| UnparsedPublicKey::new(&signature::ED25519, x).verify(message, signature))
            }
        };
        verified.is_some_and(|outcome| outcome.is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::jose::jwt::ParsedToken;
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};

    fn jwt(head: &str, sign: impl Fn(&[u8]) -> Vec<u8>) -> Jwt {
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(head), URL_SAFE_NO_PAD.encode("{}"));
        let signature = URL_SAFE_NO_PAD.encode(sign(signed.as_bytes()));
        match ParsedToken::read(&format!("{signed}.{signature}")) {
            ParsedToken::Signed(jwt) => *jwt,
            _ => panic!("not a JWT"),
        }
    }

    fn ec() -> (EcdsaKeyPair, String) {
        let rng = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &rng).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &rng).unwrap();
        let point = pair.public_key().as_ref().to_vec();
        let jwk = format!(
            r#"{{"keys":[{{"kty":"EC","crv":"P-256","kid":"k","x":"{}","y":"{}"}}]}}"#,
            URL_SAFE_NO_PAD.encode(&point[1..33]),
            URL_SAFE_NO_PAD.encode(&point[33..])
        );
        (pair, jwk)
    }

    #[test]
    fn the_right_key_verifies_and_no_other() {
        let (pair, jwks) = ec();
        let sign = |message: &[u8]| pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec();
        let set = KeySet::parse(jwks.as_bytes()).unwrap();
        assert_eq!(set.verify(&jwt(r#"{"alg":"ES256","kid":"k"}"#, sign)), Ok(()));
        assert_eq!(set.verify(&jwt(r#"{"alg":"ES256"}"#, sign)), Ok(()));
        assert_eq!(set.verify(&jwt(r#"{"alg":"ES256","kid":"k"}"#, |_| vec![0; 64])), Err(Refusal::Signature));
        assert!(matches!(set.verify(&jwt(r#"{"alg":"ES256","kid":"other"}"#, sign)), Err(Refusal::NoKey(_))));
        assert!(matches!(set.verify(&jwt(r#"{"alg":"RS256","kid":"k"}"#, sign)), Err(Refusal::NoKey(_))));
        assert_eq!(set.verify(&jwt(r#"{"alg":"ES256","kid":"k","crit":["b64"]}"#, sign)), Err(Refusal::Critical));
        let other = KeySet::parse(ec().1.as_bytes()).unwrap();
        assert_eq!(other.verify(&jwt(r#"{"alg":"ES256","kid":"k"}"#, sign)), Err(Refusal::Signature));
    }

    #[test]
    fn unsigned_and_symmetric_tokens_are_refused() {
        let set = KeySet::parse(ec().1.as_bytes()).unwrap();
        for alg in ["none", "None", "", "HS256", "HS512", "ES512", "XX"] {
            let refused = set.verify(&jwt(&format!(r#"{{"alg":"{alg}","kid":"k"}}"#), |_| Vec::new()));
            assert!(matches!(refused, Err(Refusal::Algorithm(_))), "{alg}");
        }
    }

    #[test]
    fn a_key_that_cannot_be_read_does_not_spoil_the_others() {
        let (pair, jwks) = ec();
        let sign = |message: &[u8]| pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec();
        for odd in [r#"{"kty":"EC","x":7}"#, r#"{"kty":["EC"]}"#, "7", "null"] {
            let set = KeySet::parse(jwks.replacen('[', &format!("[{odd},"), 1).as_bytes()).unwrap();
            assert_eq!(set.verify(&jwt(r#"{"alg":"ES256","kid":"k"}"#, sign)), Ok(()), "{odd}");
        }
    }

    #[test]
    fn a_key_for_encryption_does_not_verify() {
        let pair =
            Ed25519KeyPair::from_pkcs8(Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap().as_ref()).unwrap();
        let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        let token = jwt(r#"{"alg":"EdDSA"}"#, |message| pair.sign(message).as_ref().to_vec());
        for (usage, verified) in [("sig", true), ("enc", false)] {
            let set = format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","use":"{usage}","x":"{x}"}}]}}"#);
            assert_eq!(KeySet::parse(set.as_bytes()).unwrap().verify(&token).is_ok(), verified, "{usage}");
        }
    }
}
