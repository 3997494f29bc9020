//! A client's private key, made in the test, in the forms in which people keep keys; and the assertions that come in requests,
//! taken apart and verified with ring.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, UnparsedPublicKey,
};
use serde_json::{Value, json};

use crate::support::binary::command::Cli;
use crate::support::http::request::Request;

/// The `client_assertion_type` of a JWT.
pub const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A key on P-256.
pub struct ClientKey {
    pub pem: String,
    /// The private number, in base64url.
    d: String,
    point: Vec<u8>,
}

impl ClientKey {
    pub fn fresh() -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).expect("a key");
        let encoded = STANDARD.encode(pkcs8.as_ref());
        let lines: Vec<_> = encoded.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
        Self {
            pem: format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n")),
            // Where ring's template has it.
            d: URL_SAFE_NO_PAD.encode(&pkcs8.as_ref()[36..68]),
            point: pair.public_key().as_ref().to_vec(),
        }
    }

    /// The private key as a JWK called `kid`.
    pub fn jwk(&self, kid: &str) -> String {
        let [x, y] = [1..33, 33..65].map(|half| URL_SAFE_NO_PAD.encode(&self.point[half]));
        json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y, "d": self.d, "kid": kid }).to_string()
    }

    /// Registers every line of the key, and its number, with the tripwire of `cli`.
    pub fn watched(&self, cli: Cli) -> Cli {
        let lines = self.pem.lines().filter(|line| !line.starts_with('-'));
        lines.fold(cli.secret("the private number", &self.d), |cli, line| cli.secret("a line of the key", line))
    }

    /// Whether the key signed the assertion.
    pub fn signed(&self, assertion: &Assertion) -> bool {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &self.point)
            .verify(assertion.message.as_bytes(), &assertion.signature)
            .is_ok()
    }
}

/// A JWT in a token request.
#[derive(Debug)]
pub struct Assertion {
    pub header: Value,
    pub claims: Value,
    pub message: String,
    pub signature: Vec<u8>,
}

impl Assertion {
    /// The assertion of a request that has no other credential. Panics when there is none, or another method beside it.
    #[track_caller]
    pub fn of(request: &Request) -> Self {
        assert_eq!(request.header("authorization"), None, "an assertion is the only method");
        assert_eq!(request.field("client_secret"), None, "an assertion is the only method");
        assert_eq!(request.field("client_assertion_type").as_deref(), Some(JWT_BEARER));
        Self::read(&request.field("client_assertion").expect("an assertion"))
    }

    /// Takes a compact JWS apart.
    #[track_caller]
    pub fn read(jwt: &str) -> Self {
        let (message, signature) = jwt.rsplit_once('.').expect("a signature");
        let (header, claims) = message.split_once('.').expect("a header");
        let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).expect("base64url");
        let json = |part: &str| serde_json::from_slice(&decoded(part)).expect("JSON");
        Self { header: json(header), claims: json(claims), message: message.to_owned(), signature: decoded(signature) }
    }

    /// The names of the claims, sorted.
    pub fn claim_names(&self) -> Vec<&str> {
        self.claims.as_object().expect("an object").keys().map(String::as_str).collect()
    }
}

/// An unsigned JWT with these claims: only the expiry of a platform's token is read.
pub fn unsigned_jwt(claims: &Value) -> String {
    let encoded = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    format!("{}.{}.{}", encoded(&json!({ "alg": "RS256", "typ": "JWT" })), encoded(claims), "c2lnbmF0dXJl")
}
