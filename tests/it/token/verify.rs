//! `m2m inspect --verify`: signature, issuer, audience and times.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::support::failure::{Refusal, refused};
use crate::support::jose::signer::{ALGORITHMS, Signer, encoded, token};
use crate::support::test_servers::{AUDIENCE, ISSUER};
use crate::support::{Cli, Reply, Server, TestServers};

/// `m2m inspect --verify -` of the token of these servers, with their keys.
fn verify(servers: &TestServers) -> Cli {
    let server = servers.server();
    let document = server.url("/.well-known/openid-configuration");
    let args = ["inspect", "--verify", "-", "--retries", "0", "--discovery-url", &document, "--issuer", ISSUER];
    Cli::new(args).token(&servers.account.token).stdin(servers.account.token.clone()).keep(server)
}

#[track_caller]
fn verified(servers: &TestServers) {
    assert_eq!(verify(servers).run().json()["verified"], true);
}

#[track_caller]
fn fails(servers: &TestServers, words: &str) -> Refusal {
    let refusal = refused(7, "bad_response", || verify(servers));
    refusal.names(words);
    refusal
}

fn signed_by(alg: &'static str) -> TestServers {
    let signer = Signer::new(alg);
    TestServers { header: signer.header(), keys: Reply::json(200, &signer.keys()), signer, ..TestServers::healthy() }
        .signed()
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

#[test]
fn every_algorithm_is_verified_and_a_changed_token_is_noticed() {
    for alg in ALGORITHMS {
        let mut servers = signed_by(alg);
        verified(&servers);
        let parts: Vec<String> = servers.account.token.split('.').map(str::to_owned).collect();
        let mut claims = servers.claims.clone();
        claims["scope"] = "admin".into();
        servers.account.token = format!("{}.{}.{}", parts[0], encoded(claims.to_string().as_bytes()), parts[2]);
        fails(&servers, "the signature is wrong");
        servers.account.token = format!("{}.{}.{}", parts[0], parts[1], encoded(&[0; 64]));
        fails(&servers, "the signature is wrong");
        servers.account.token = format!("{}.{}.", parts[0], parts[1]);
        fails(&servers, "the signature is wrong");
    }
}

#[test]
fn a_claim_that_is_missing_is_said_to_be() {
    for (name, words) in [("aud", "cause: it has no `aud`\n"), ("iss", "cause: it has no `iss`\n")] {
        let servers = TestServers::claiming(name, Value::Null);
        let stderr = verify(&servers).args(["--audience", AUDIENCE]).run().fails(7);
        assert!(stderr.contains(words) && !stderr.contains("\"\""), "{stderr}");
    }
}

/// RFC 8725 section 2.1: the header does not choose how a token is verified.
#[test]
fn a_token_that_is_not_signed_or_with_a_public_key_is_refused() {
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let mut servers = signed_by("RS256");
        servers.account.token = token(&json!({ "alg": alg, "kid": "key-1" }), &servers.claims, |_| Vec::new());
        fails(&servers, "its `alg` is");
    }
    let servers = signed_by("RS256");
    let jwk = servers.signer.jwk();
    for public in [jwk.to_string(), jwk["n"].as_str().unwrap().to_owned(), servers.signer.keys().to_string()] {
        for (alg, algorithm) in [("HS256", ring::hmac::HMAC_SHA256), ("HS512", ring::hmac::HMAC_SHA512)] {
            let key = ring::hmac::Key::new(algorithm, public.as_bytes());
            let header = json!({ "alg": alg, "kid": "key-1" });
            let forged = token(&header, &servers.claims, |message| ring::hmac::sign(&key, message).as_ref().to_vec());
            let mut servers = signed_by("RS256");
            servers.account.token = forged;
            fails(&servers, "symmetric");
        }
    }
}

/// A key is for one algorithm: its own `alg` where it names one, its kind always.
#[test]
fn a_key_does_not_serve_another_algorithm() {
    for (key, alg) in
        [("RS256", "PS256"), ("PS256", "RS256"), ("ES256", "ES384"), ("ES256", "RS256"), ("EdDSA", "ES256")]
    {
        let mut servers = signed_by(key);
        servers.header["alg"] = alg.into();
        fails(&servers.signed(), "no key for its `kid` and `alg`");
    }
    let mut servers = signed_by("EdDSA");
    servers.header["alg"] = "ES512".into();
    fails(&servers.signed(), "ES512");
}

#[test]
fn the_key_is_found_by_its_id() {
    let mut other = TestServers::healthy();
    other.header["kid"] = "key-2".into();
    fails(&other.signed(), "no key for its `kid`");
    let mut none = TestServers::healthy();
    none.header.as_object_mut().unwrap().remove("kid");
    verified(&none.signed());
    let (mut many, stranger) = (TestServers::healthy(), Signer::new("EdDSA"));
    many.header.as_object_mut().unwrap().remove("kid");
    many.keys = Reply::json(200, &json!({ "keys": [stranger.jwk(), { "kty": "odd", "n": 7 }, many.signer.jwk()] }));
    verified(&many.signed());
    let forged = TestServers { keys: Reply::json(200, &stranger.keys()), ..TestServers::healthy() };
    fails(&forged, "the signature is wrong");
}

#[test]
fn a_key_for_encryption_and_unknown_extensions_are_refused() {
    let mut servers = TestServers::healthy();
    let mut jwk = servers.signer.jwk();
    jwk["use"] = "enc".into();
    servers.keys = Reply::json(200, &json!({ "keys": [jwk] }));
    fails(&servers, "no key");
    let mut critical = TestServers::healthy();
    critical.header["crit"] = json!(["exp"]);
    fails(&critical.signed(), "`crit`");
}

#[test]
fn issuer_and_audience_must_be_the_expected_ones() {
    for issuer in ["https://other.example.com", "https://issuer.example.com/", "HTTPS://issuer.example.com"] {
        fails(&TestServers::claiming("iss", issuer.into()), "its issuer is another").names(issuer);
    }
    fails(&TestServers::claiming("iss", Value::Null), "its issuer is another");
    let servers = TestServers::claiming("aud", json!(["https://one.example.com", AUDIENCE]));
    assert_eq!(verify(&servers).args(["--audience", AUDIENCE]).run().json()["verified"], true);
    for claims in [json!("https://one.example.com"), json!([]), json!(7), Value::Null] {
        let servers = TestServers::claiming("aud", claims);
        let refusal = refused(7, "bad_response", || verify(&servers).args(["--audience", AUDIENCE]));
        refusal.names(&format!("it does not name the audience `{AUDIENCE}`"));
    }
}

/// The edges have ten seconds on the side where the clock moves while the test runs.
#[test]
fn times_have_a_minute_of_leeway() {
    verified(&TestServers::claiming("exp", (now() - 50).into()));
    verified(&TestServers::claiming("nbf", (now() + 59).into()));
    verified(&TestServers::claiming("exp", json!(1e18)));
    fails(&TestServers::claiming("exp", (now() - 61).into()), "it has expired");
    fails(&TestServers::claiming("nbf", (now() + 75).into()), "it is not valid yet");
    for odd in [json!("soon"), json!(-1), json!([1])] {
        fails(&TestServers::claiming("exp", odd.clone()), "its `exp` is not a time");
        fails(&TestServers::claiming("nbf", odd), "its `nbf` is not a time");
    }
    fails(&TestServers::claiming("exp", Value::Null), "it has no `exp`");
}

/// Each answer in place of the key set, the kind of failure, and its words.
#[test]
fn keys_that_cannot_be_fetched_verify_nothing() {
    let large = json!({ "keys": [], "padding": "x".repeat(256 * 1024) });
    for (keys, words) in [
        (Reply::new(404), "the issuer's key set cannot be read"),
        (Reply::new(500), "the issuer's key set cannot be read"),
        (Reply::html(200, "Sign in"), "the issuer's key set cannot be read"),
        (Reply::json(200, &json!([])), "the issuer's key set cannot be read"),
        (Reply::redirect(302, "https://elsewhere.example.com/jwks"), "answered 302"),
        (Reply::json(200, &large), "more than 256 KiB"),
    ] {
        fails(&TestServers { keys, ..TestServers::healthy() }, words);
    }
    let servers = TestServers { keys: Reply::closed(), ..TestServers::healthy() };
    refused(5, "unreachable", || verify(&servers)).names("jwks.json");
    let mut none = TestServers::healthy();
    none.metadata["jwks_uri"] = "http://keys.example.com/jwks".into();
    fails(&none, "no key set that may be used");
}

/// As with Cognito, whose keys are at Amazon's: exact metadata may name another host, and nothing secret goes there.
#[test]
fn keys_on_another_host_are_used_without_credentials() {
    let mut servers = TestServers::healthy();
    let keys = Server::always(Reply::json(200, &servers.signer.keys()));
    servers.metadata["jwks_uri"] = keys.url("/keys").into();
    verified(&servers);
    let request = keys.only_request();
    assert_eq!((request.line().as_str(), request.header("authorization")), ("GET /keys", None));
}

/// Nothing about such a token can be verified, whatever is known of its issuer.
#[test]
fn opaque_and_encrypted_tokens_cannot_be_verified() {
    let encrypted = format!("{}.a2V5.aXY.dGV4dA.dGFn", encoded(br#"{"alg":"dir","enc":"A256GCM"}"#));
    for (token, words) in [("an-opaque-token", "it is opaque"), (encrypted.as_str(), "it is encrypted")] {
        refused(7, "bad_response", || Cli::new(["inspect", "--verify", "-"]).stdin(token)).names(words);
    }
}

#[test]
fn without_an_issuer_it_is_not_known_whose_keys_count() {
    let token = TestServers::healthy().account.token;
    for args in [&[][..], &["--token-url", "https://as.example.com/token"]] {
        let refusal = refused(2, "usage", || {
            Cli::new(["inspect", "--verify", "-"]).args(args.iter().copied()).stdin(token.clone())
        });
        refusal.names("it is not known whose token this must be").hints_at("`--issuer`");
    }
}
