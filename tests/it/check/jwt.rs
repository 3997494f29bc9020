//! `m2m check`: claims, audience and signature of a token that is a JWT.

use serde_json::{Value, json};

use crate::support::account::TOKEN_PATH;
use crate::support::jose::signer::{ALGORITHMS, Signer, encoded, token};
use crate::support::test_servers::{AUDIENCE, ISSUER};
use crate::support::{CheckReport, Reply, TestServers};

#[test]
fn nothing_is_wrong_with_a_good_token() {
    let report = TestServers::healthy().check(["--audience", AUDIENCE, "--require-aud", AUDIENCE]);
    report.passes().says("jwt.claims", "pass", "agree").says("jwt.audience", "pass", AUDIENCE);
    report.says("jwt.signature", "pass", "(EdDSA)").says("jwt.binding", "skip", "not bound to a certificate");
}

/// A stolen token, or an intermediary's: only the client that it is bound to can use it (RFC 8705 section 3).
#[test]
fn a_token_that_is_bound_to_a_certificate_needs_one() {
    let bound = TestServers::claiming("cnf", json!({ "x5t#S256": encoded(&[7; 32]) }));
    bound.check([]).fails(7, "jwt.binding", "a certificate that the client does not have");
}

#[test]
fn claims_that_disagree_with_settings_or_response_warn() {
    let soon = TestServers::healthy().claims["exp"].as_u64().unwrap() - 1800;
    for (name, value, words) in [
        ("iss", "https://other.example.com".into(), "its issuer is https://other.example.com"),
        ("client_id", "another-client".into(), "granted to the client another-client"),
        ("exp", soon.into(), "s apart"),
        ("exp", u64::MAX.into(), "s apart"),
    ] {
        TestServers::claiming(name, value).check([]).warns("jwt.claims", words);
    }
    for name in ["azp", "appid", "cid"] {
        let mut servers = TestServers::claiming("client_id", Value::Null);
        servers.claims[name] = "another-client".into();
        servers.signed().check([]).warns("jwt.claims", "another-client");
    }
}

#[test]
fn the_issuer_that_is_set_counts_without_discovery_too() {
    let servers = TestServers::claiming("iss", "https://other.example.com".into());
    let server = servers.server();
    let cli = servers.account.cli([
        "check",
        "-o",
        "json",
        "--scope",
        "read:a write:a",
        "--token-url",
        &server.url(TOKEN_PATH),
    ]);
    // As a profile's settings, since a flag for the issuer would mean discovery.
    let report = CheckReport::of(cli.env("M2M_ISSUER", ISSUER).run());
    report.warns("jwt.claims", &format!("not {ISSUER}"));
}

#[test]
fn opaque_and_encrypted_tokens_are_a_fact_to_know() {
    let opaque = TestServers::opaque();
    opaque.check([]).passes().says("jwt.claims", "info", "opaque").says("jwt.signature", "skip", "opaque");
    opaque.check(["--require-aud", AUDIENCE]).fails(4, "jwt.audience", "cannot be told");
    let mut encrypted = TestServers::healthy();
    let header = encoded(br#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#);
    encrypted.account.token = format!("{header}.a2V5.aXY.dGV4dA.dGFn");
    encrypted.check([]).passes().says("jwt.claims", "info", "encrypted").says("jwt.audience", "skip", "encrypted");
}

/// Auth0 grants an opaque token that no API accepts when `audience` is missing.
#[test]
fn an_opaque_token_of_auth0_without_an_audience_warns() {
    let servers = TestServers::opaque();
    let server = servers.server();
    let check = |args: &[&str]| {
        let cli = servers.account.cli(["check", "-o", "json", "--provider", "auth0", "--scope", "read:a write:a"]);
        CheckReport::of(cli.args(["--token-url", &server.url(TOKEN_PATH)]).args(args.iter().copied()).run())
    };
    check(&[]).warns("jwt.claims", "set `audience`");
    check(&["--audience", AUDIENCE]).passes();
}

#[test]
fn an_audience_that_is_missing_warns_when_asked_for_and_fails_when_required() {
    let other = TestServers::claiming("aud", json!(["https://one.example.com", "https://two.example.com"]));
    other.check([]).passes().says("jwt.audience", "pass", "https://one.example.com, https://two.example.com");
    other.check(["--audience", "https://two.example.com"]).passes();
    other.check(["--audience", AUDIENCE]).warns("jwt.audience", "ignored `audience`");
    let required = ["--require-aud", "https://two.example.com", "--require-aud", AUDIENCE];
    other.check(required).fails(4, "jwt.audience", AUDIENCE);
    let none = TestServers::claiming("aud", Value::Null);
    none.check([]).passes().says("jwt.audience", "skip", "names no audience");
    none.check(["--audience", AUDIENCE]).warns("jwt.audience", "ignored `audience`");
    none.check(["--require-aud", AUDIENCE]).fails(4, "jwt.audience", AUDIENCE);
}

#[test]
fn every_algorithm_is_verified() {
    for alg in ALGORITHMS {
        let signer = Signer::new(alg);
        let servers = TestServers {
            header: signer.header(),
            keys: Reply::json(200, &signer.keys()),
            signer,
            ..TestServers::healthy()
        };
        servers.signed().check([]).passes().says("jwt.signature", "pass", &format!("({alg})"));
    }
}

#[test]
fn a_signature_that_is_wrong_fails() {
    let forged = TestServers { keys: Reply::json(200, &Signer::new("EdDSA").keys()), ..TestServers::healthy() };
    forged.check([]).fails(7, "jwt.signature", "the signature is wrong");
    let mut tampered = TestServers::healthy();
    let parts: Vec<&str> = tampered.account.token.split('.').collect();
    let mut claims = tampered.claims.clone();
    claims["sub"] = "somebody-else".into();
    tampered.account.token = format!("{}.{}.{}", parts[0], encoded(claims.to_string().as_bytes()), parts[2]);
    tampered.check([]).fails(7, "jwt.signature", "the signature is wrong");
    let mut critical = TestServers::healthy();
    critical.header["crit"] = json!(["b64"]);
    critical.signed().check([]).fails(7, "jwt.signature", "`crit`");
}

#[test]
fn an_unsigned_token_fails() {
    for alg in ["none", "None", "NONE", ""] {
        let mut servers = TestServers::healthy();
        servers.account.token = token(&json!({ "alg": alg }), &servers.claims, |_| Vec::new());
        let report = servers.check([]);
        assert_eq!((report.code, report.problems()), (7, vec!["fail jwt.claims".into(), "warn jwt.signature".into()]));
        report.says("jwt.claims", "fail", "not signed");
    }
}

/// A key set that lacks the key, or cannot be read, says nothing against the token: keys are rotated, hosts are down.
#[test]
fn a_signature_that_cannot_be_told_warns() {
    let mut other_key = TestServers::healthy();
    other_key.header["kid"] = "key-2".into();
    other_key.signed().check([]).warns("jwt.signature", "rotated");
    let healthy = TestServers::healthy();
    let mut jwk = healthy.signer.jwk();
    jwk["use"] = "enc".into();
    let only_for_encryption = json!({ "keys": [jwk] });
    for (keys, words) in [
        (Reply::json(200, &only_for_encryption), "no key for its `kid` and `alg`"),
        (Reply::json(200, &json!({ "keys": [] })), "no key for its `kid` and `alg`"),
        (Reply::new(404), "the issuer's key set cannot be read"),
        (Reply::new(503), "the issuer's key set cannot be read"),
        (Reply::html(200, "Welcome"), "the issuer's key set cannot be read"),
        (Reply::redirect(302, "https://elsewhere.example.com/"), "the issuer's key set cannot be read"),
        (Reply::json(200, &json!({ "keys": [], "padding": "x".repeat(300 * 1024) })), "too large"),
        (Reply::closed(), "broke before an answer"),
    ] {
        TestServers { keys, ..TestServers::healthy() }.check([]).warns("jwt.signature", words);
    }
}

/// HMAC with the public key's bytes as its key (RFC 8725 section 2.1).
#[test]
fn a_symmetric_signature_proves_nothing() {
    let mut servers = TestServers::healthy();
    let public = servers.signer.jwk().to_string();
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, public.as_bytes());
    let header = json!({ "alg": "HS256", "kid": "key-1" });
    servers.account.token =
        token(&header, &servers.claims, |message| ring::hmac::sign(&key, message).as_ref().to_vec());
    servers.check([]).warns("jwt.signature", "symmetric");
}

#[test]
fn a_server_without_a_key_set_is_a_fact_to_know() {
    let mut servers = TestServers::healthy();
    for uri in [Value::Null, "http://keys.example.com/jwks.json".into()] {
        servers.metadata["jwks_uri"] = uri;
        servers.check([]).passes().says("jwt.signature", "skip", "names no key set that may be used");
    }
}
