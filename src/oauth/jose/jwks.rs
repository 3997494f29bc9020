//! The issuer's keys (RFC 7517), and whether one of them signed a token. The primitives are ring's; what is decided
//! here is which key and algorithm may be used: an algorithm never works with another kind of key, and `none` never
//! works.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{self, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm};
use rustls::pki_types::CertificateDer;
use serde::Deserialize;

use crate::oauth::jose::der;
use crate::oauth::jose::der::left_padded;
use crate::oauth::jose::jwt::Jwt;
use crate::platform::json;

/// The largest key set accepted, in bytes.
pub const SET_LIMIT: usize = 256 * 1024;

/// A set of keys.
#[derive(Debug)]
pub struct KeySet {
    keys: Vec<Key>,
    /// The keys that could not be read and were left out, each with the reason.
    pub unreadable: Vec<String>,
}

/// The set as served: one unreadable key must not invalidate the others (RFC 7517 section 5).
#[derive(Deserialize)]
struct WireSet {
    keys: Vec<serde_json::Value>,
}

/// A key as served, as far as it can verify.
#[derive(Deserialize)]
struct Wire {
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
    x5c: Option<serde_json::Value>,
}

/// A key that can verify.
#[derive(Debug)]
struct Key {
    kid: Option<String>,
    alg: Option<String>,
    kind: Kind,
}

/// Its kind, with the numbers.
#[derive(Debug)]
enum Kind {
    /// Modulus and exponent.
    Rsa { n: Vec<u8>, e: Vec<u8> },
    /// RSA as a certificate holds it: the DER of RFC 8017's RSAPublicKey.
    RsaOfCertificate(Vec<u8>),
    /// The curve, and an uncompressed point.
    Ec(String, Vec<u8>),
    /// Of Ed25519.
    Ed25519(Vec<u8>),
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
    /// With the curve.
    Ec(&'static str, &'static dyn VerificationAlgorithm),
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
        "ES256" => Scheme::Ec("P-256", &signature::ECDSA_P256_SHA256_FIXED),
        "ES384" => Scheme::Ec("P-384", &signature::ECDSA_P384_SHA384_FIXED),
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
        let set: WireSet = json::parse(body)?;
        let mut keys = Self { keys: Vec::new(), unreadable: Vec::new() };
        for (at, key) in set.keys.into_iter().enumerate() {
            let Ok(wire) = serde_json::from_value::<Wire>(key) else {
                keys.unreadable.push(format!("number {} is not a JWK", at + 1));
                continue;
            };
            if wire.usage.as_deref().is_some_and(|usage| usage != "sig") {
                continue;
            }
            match Kind::of(&wire) {
                Ok(Some(kind)) => keys.keys.push(Key { kid: wire.kid, alg: wire.alg, kind }),
                // Of a kind that verifies nothing here.
                Ok(None) => {}
                Err(why) => {
                    keys.unreadable
                        .push(format!("`{}` ({why})", wire.kid.unwrap_or_else(|| format!("number {}", at + 1))));
                }
            }
        }
        Ok(keys)
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
        let fits = |key: &&Key| {
            (kid.is_none() || key.kid.as_deref() == kid)
                && key.alg.as_deref().is_none_or(|own| own == alg)
                && key.kind.is_for(&scheme)
        };
        let mut candidates = self.keys.iter().filter(fits).peekable();
        if candidates.peek().is_none() {
            let skipped = match self.unreadable.len() {
                0 => String::new(),
                _ => ", among those that can be read".to_owned(),
            };
            return Err(Refusal::NoKey(format!("the issuer's key set has no key for its `kid` and `alg`{skipped}")));
        }
        if candidates.any(|key| key.kind.signed(&scheme, jwt)) { Ok(()) } else { Err(Refusal::Signature) }
    }
}

/// Base64url as servers write it: RFC 7515 section 2 leaves the padding out, some put it in.
fn number(name: &str, member: Option<&String>) -> Result<Vec<u8>, String> {
    let text = member.ok_or_else(|| format!("it has no `{name}`"))?;
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).map_err(|_| format!("its `{name}` is not base64url"))
}

impl Kind {
    /// The key in the shape that ring wants; nothing for a kind of key that is not known.
    fn of(wire: &Wire) -> Result<Option<Self>, String> {
        let certificate = wire.x5c.as_ref().and_then(|chain| chain.get(0)?.as_str());
        Ok(Some(match (wire.kty.as_str(), wire.crv.as_deref()) {
            ("RSA", _) if wire.n.is_some() || certificate.is_none() => {
                let (n, e) = (number("n", wire.n.as_ref())?, number("e", wire.e.as_ref())?);
                // ring wants no leading zeros, some servers write one.
                let n = n.iter().position(|byte| *byte != 0).map_or(Vec::new(), |at| n[at..].to_vec());
                Self::Rsa { n, e }
            }
            ("RSA", _) => Self::RsaOfCertificate(certified_key(certificate)?),
            ("EC", Some(curve @ ("P-256" | "P-384"))) if wire.x.is_some() || certificate.is_none() => {
                let length = if curve == "P-256" { 32 } else { 48 };
                let (x, y) = (number("x", wire.x.as_ref())?, number("y", wire.y.as_ref())?);
                let point = [&[4u8][..], &left_padded(&x, length), &left_padded(&y, length)].concat();
                Self::Ec(curve.to_owned(), point)
            }
            ("EC", Some(curve @ ("P-256" | "P-384"))) => Self::Ec(curve.to_owned(), certified_key(certificate)?),
            ("OKP", Some("Ed25519")) => Self::Ed25519(number("x", wire.x.as_ref())?),
            _ => return Ok(None),
        }))
    }

    fn is_for(&self, scheme: &Scheme) -> bool {
        match (self, scheme) {
            (Self::Rsa { .. } | Self::RsaOfCertificate(_), Scheme::Rsa(_)) => true,
            (Self::Ec(curve, _), Scheme::Ec(wanted, _)) => curve == wanted,
            (Self::Ed25519(_), Scheme::Ed25519) => true,
            _ => false,
        }
    }

    fn signed(&self, scheme: &Scheme, jwt: &Jwt) -> bool {
        let (message, signature) = (jwt.signed.as_bytes(), jwt.signature.as_slice());
        let verified = match (self, scheme) {
            (Self::Rsa { n, e }, Scheme::Rsa(parameters)) => {
                RsaPublicKeyComponents { n, e }.verify(parameters, message, signature)
            }
            (Self::RsaOfCertificate(key), Scheme::Rsa(parameters)) => {
                UnparsedPublicKey::new(*parameters, key).verify(message, signature)
            }
            (Self::Ec(_, point), Scheme::Ec(_, algorithm)) => {
                UnparsedPublicKey::new(*algorithm, point).verify(message, signature)
            }
            (Self::Ed25519(x), Scheme::Ed25519) => {
                UnparsedPublicKey::new(&signature::ED25519, x).verify(message, signature)
            }
            _ => return false,
        };
        verified.is_ok()
    }
}

/// The public key of a certificate in `x5c` (RFC 7517 section 4.7: Base64 of DER, not base64url), without the wrapper
/// that names its algorithm (RFC 5280 section 4.1, SubjectPublicKeyInfo).
fn certified_key(certificate: Option<&str>) -> Result<Vec<u8>, String> {
    let unreadable = || "its `x5c` cannot be read".to_owned();
    let text: String = certificate.ok_or_else(unreadable)?.split_ascii_whitespace().collect();
    let der = CertificateDer::from(STANDARD.decode(text).map_err(|_| unreadable())?);
    let parsed = rustls::server::ParsedCertificate::try_from(&der).map_err(|_| unreadable())?;
    let info = parsed.subject_public_key_info();
    let bits =
        der::content(&info).and_then(|(inside, _)| der::content(inside)).and_then(|(_, rest)| der::content(rest));
    // The first byte counts unused bits, of which a key has none.
    bits.map(|(bits, _)| bits.get(1..).unwrap_or_default().to_vec()).ok_or_else(unreadable)
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
            assert_eq!(set.unreadable.len(), 1, "{odd}");
            assert_eq!(set.verify(&jwt(r#"{"alg":"ES256","kid":"k"}"#, sign)), Ok(()), "{odd}");
        }
    }

    #[test]
    fn padding_is_no_reason_to_refuse_a_key_and_an_unreadable_key_never_means_a_wrong_signature() {
        let (pair, jwks) = ec();
        let sign = |message: &[u8]| pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec();
        let token = jwt(r#"{"alg":"ES256","kid":"k"}"#, sign);
        let padded = jwks.replace("\"}]}", "=\"}]}");
        assert_eq!(KeySet::parse(padded.as_bytes()).unwrap().verify(&token), Ok(()), "{padded}");
        let set = KeySet::parse(jwks.replace("\"}]}", "!\"}]}").as_bytes()).unwrap();
        assert_eq!(set.unreadable, ["`k` (its `y` is not base64url)"]);
        assert!(matches!(set.verify(&token), Err(Refusal::NoKey(why)) if why.contains("that can be read")));
    }

    #[test]
    fn a_key_that_stands_in_a_certificate_alone_is_read() {
        let (pair, _) = ec();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        let key = rcgen::KeyPair::try_from(pkcs8.as_ref()).unwrap();
        let certificate = rcgen::CertificateParams::default().self_signed(&key).unwrap();
        let jwks = format!(
            r#"{{"keys":[{{"kty":"EC","crv":"P-256","kid":"k","x5c":["{}"]}}]}}"#,
            STANDARD.encode(certificate.der())
        );
        let own =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &SystemRandom::new()).unwrap();
        let signed_by = |pair: &EcdsaKeyPair| {
            jwt(r#"{"alg":"ES256","kid":"k"}"#, |message| {
                pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()
            })
        };
        let set = KeySet::parse(jwks.as_bytes()).unwrap();
        assert_eq!(set.unreadable, Vec::<String>::new());
        assert_eq!(set.verify(&signed_by(&own)), Ok(()));
        assert_eq!(set.verify(&signed_by(&pair)), Err(Refusal::Signature));
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
