//! Private keys as people keep them: PEM (PKCS#8, PKCS#1, SEC1) or JWK (RFC 7517), brought into one form. Parsing PEM
//! and using keys is rustls's; the DER around the numbers of a JWK is `der`'s.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};
use serde::Deserialize;

use crate::oauth::jose::der::{
    BIT_STRING, CONTEXT_0, CONTEXT_1, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, element, integer, left_padded,
};

/// A private key.
pub struct PrivateKey {
    /// The key.
    pub der: PrivateKeyDer<'static>,
    /// Its name, where it is a JWK that has one.
    pub kid: Option<String>,
    /// The algorithm it is meant for, where it is a JWK that says so.
    pub alg: Option<String>,
}

impl PrivateKey {
    /// Reads a key.
    ///
    /// # Errors
    /// Why it cannot be read; the key is never part of it.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.trim_start().starts_with('{') {
            return from_jwk(text);
        }
        if text.contains("ENCRYPTED") {
            return Err("it is encrypted: decrypt it, or let `{ command }` do so".into());
        }
        let der = PrivateKeyDer::from_pem_slice(text.as_bytes())
            .map_err(|_| "it holds no private key in PEM (PKCS#8, PKCS#1 or SEC1), and is not a JWK".to_owned())?;
        Ok(Self { der, kid: None, alg: None })
    }
}

#[derive(Deserialize)]
struct Jwk {
    #[serde(default)]
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    d: Option<String>,
    p: Option<String>,
    q: Option<String>,
    dp: Option<String>,
    dq: Option<String>,
    qi: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

fn from_jwk(text: &str) -> Result<PrivateKey, String> {
    let jwk: Jwk = serde_json::from_str(text).map_err(|_| "it begins like a JWK, and is not one".to_owned())?;
    let number = |name: &str, member: &Option<String>| {
        let text = member.as_ref().ok_or_else(|| format!("the JWK has no `{name}`; is it the public half?"))?;
        URL_SAFE_NO_PAD
            .decode(text.trim_end_matches('='))
            .map_err(|_| format!("the `{name}` of the JWK is not base64url"))
    };
    let der = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
        ("RSA", _) => {
            let mut numbers = integer(&[0]);
            for (name, member) in [
                ("n", &jwk.n),
                ("e", &jwk.e),
                ("d", &jwk.d),
                ("p", &jwk.p),
                ("q", &jwk.q),
                ("dp", &jwk.dp),
                ("dq", &jwk.dq),
                ("qi", &jwk.qi),
            ] {
                numbers.extend(integer(&number(name, member)?));
            }
            PrivateKeyDer::Pkcs1(PrivatePkcs1KeyDer::from(element(SEQUENCE, &numbers)))
        }
        ("EC", Some(curve @ ("P-256" | "P-384"))) => {
            let (oid, length): (&[u8], usize) = if curve == "P-256" { (P256, 32) } else { (P384, 48) };
            let (d, x, y) = (number("d", &jwk.d)?, number("x", &jwk.x)?, number("y", &jwk.y)?);
            let [d, x, y] = [d, x, y].map(|bytes| left_padded(&bytes, length));
            let point = [&[0, 4][..], &x, &y].concat();
            let body = [
                integer(&[1]),
                element(OCTET_STRING, &d),
                element(CONTEXT_0, &element(OBJECT_IDENTIFIER, oid)),
                element(CONTEXT_1, &element(BIT_STRING, &point)),
            ];
            PrivateKeyDer::Sec1(PrivateSec1KeyDer::from(element(SEQUENCE, &body.concat())))
        }
        ("OKP", Some("Ed25519")) => {
            let seed = element(OCTET_STRING, &number("d", &jwk.d)?);
            let algorithm = element(SEQUENCE, &element(OBJECT_IDENTIFIER, ED25519));
            let body = [integer(&[0]), algorithm, element(OCTET_STRING, &seed)];
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(element(SEQUENCE, &body.concat())))
        }
        _ => return Err("its kind is none of RSA, EC (P-256, P-384) and OKP (Ed25519)".into()),
    };
    Ok(PrivateKey { der, kid: jwk.kid, alg: jwk.alg })
}

// Object identifiers of RFC 5480 and RFC 8410.
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

/// A PKCS#8 key in PEM.
pub fn to_pem(pkcs8: &[u8]) -> String {
    let encoded = STANDARD.encode(pkcs8);
    let lines: Vec<&str> =
        encoded.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap_or_default()).collect();
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
}
