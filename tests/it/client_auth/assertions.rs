//! Client assertions that `m2m` signs (RFC 7523 and its revision): header and claims, a new one per attempt, and settings
//! that are refused before anything is sent.

use std::time::{SystemTime, UNIX_EPOCH};

use ring::hmac;
use serde_json::{Value, json};

use crate::support::account::{TOKEN_PATH, metadata};
use crate::support::jose::client_key::{Assertion, ClientKey};
use crate::support::random::alphanumeric;
use crate::support::{Account, Cli, Reply, Request, Server};

const ISSUER: &str = "https://issuer.example.com/tenant";

/// `m2m token` by private_key_jwt at `server`, without a secret, the key in `key.pem`.
fn keyed(account: &Account, key: &ClientKey, server: &Server) -> Cli {
    let url = server.url(TOKEN_PATH);
    let args = ["token", "--token-url", &url, "--client-id", &account.id, "--auth-method", "private_key_jwt"];
    let cli = key.watched(account.watched(Cli::new(args))).file("key.pem", &key.pem);
    cli.path_arg("--client-key", "key.pem")
}

/// Adds settings that have no flag, in a profile.
fn with(cli: Cli, lines: &str) -> Cli {
    cli.file("config/m2m/config.toml", format!("[profiles.p]\n{lines}\n")).args(["--profile", "p"])
}

/// The one request of a run with an issuer and these settings.
#[track_caller]
fn sent(key: &ClientKey, lines: &str) -> (Request, Server) {
    let account = Account::fresh();
    let server = account.server();
    let out = with(keyed(&account, key, &server), lines).args(["--issuer", ISSUER]).run();
    assert_eq!(out.succeeds(), format!("{}\n", account.token));
    (server.only_request(), server)
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

#[test]
fn an_assertion_says_who_for_whom_and_until_when() {
    let (account, key) = (Account::fresh(), ClientKey::fresh());
    let server = account.server();
    let before = now();
    let out = keyed(&account, &key, &server).args(["--issuer", ISSUER, "--scope", "a b"]).run();
    assert_eq!(out.succeeds(), format!("{}\n", account.token));
    let request = server.only_request();
    assert_eq!(
        request.field_names(),
        ["client_assertion", "client_assertion_type", "client_id", "grant_type", "scope"]
    );
    assert_eq!(request.field("client_id").as_ref(), Some(&account.id));
    let assertion = Assertion::of(&request);
    assert!(key.signed(&assertion));
    assert_eq!(assertion.header, json!({ "alg": "ES256", "typ": "client-authentication+jwt" }));
    assert_eq!(assertion.claim_names(), ["aud", "exp", "iat", "iss", "jti", "sub"]);
    for (name, value) in [("iss", account.id.as_str()), ("sub", &account.id), ("aud", ISSUER)] {
        assert_eq!(assertion.claims[name], value, "{name}");
    }
    let (iat, exp) = (assertion.claims["iat"].as_u64().unwrap(), assertion.claims["exp"].as_u64().unwrap());
    assert!((before..=now()).contains(&iat), "{iat}");
    assert_eq!(exp, iat + 60);
    let jti = assertion.claims["jti"].as_str().unwrap();
    assert!((8..=64).contains(&jti.len()), "{jti}");
}

#[test]
fn the_audience_is_the_issuer_of_the_metadata() {
    let (account, key) = (Account::fresh(), ClientKey::fresh());
    let server = account.server_with_api(|_| Reply::new(404));
    let args = ["token", "--issuer", &server.url(""), "--client-id", &account.id, "--auth-method", "private_key_jwt"];
    let cli = key.watched(account.watched(Cli::new(args))).file("key.pem", &key.pem);
    let _ = cli.path_arg("--client-key", "key.pem").run().succeeds();
    let requests = server.requests();
    assert_eq!(Assertion::of(requests.last().unwrap()).claims["aud"], server.url(""));
}

#[test]
fn without_an_issuer_there_is_no_audience_and_nothing_is_sent() {
    let (account, key) = (Account::fresh(), ClientKey::fresh());
    let server = Server::untouched();
    let stderr = keyed(&account, &key, &server).run().fails(2);
    assert!(stderr.contains("`--issuer`") && stderr.contains("assertion_aud"), "{stderr}");
    assert_eq!(server.connections(), 0);
}

#[test]
fn audience_type_and_key_name_can_be_set() {
    let key = ClientKey::fresh();
    let (request, server) = sent(&key, "assertion_aud = \"token_endpoint\"\nassertion_typ = \"JWT\"");
    let assertion = Assertion::of(&request);
    assert_eq!(assertion.claims["aud"], server.url(TOKEN_PATH));
    assert_eq!(assertion.header, json!({ "alg": "ES256", "typ": "JWT" }));
    let (request, _) = sent(&key, "assertion_aud = \"urn:as\"\nassertion_typ = \"\"\nassertion_kid = \"k 1\"");
    let assertion = Assertion::of(&request);
    assert_eq!(assertion.claims["aud"], "urn:as");
    assert_eq!(assertion.header, json!({ "alg": "ES256", "kid": "k 1" }));
    let (request, _) = sent(&key, "assertion_aud = \"issuer\"");
    assert_eq!(Assertion::of(&request).claims["aud"], ISSUER);
}

#[test]
fn a_jwk_brings_its_own_name() {
    let (account, key) = (Account::fresh(), ClientKey::fresh());
    for (lines, kid) in [("", "of-the-jwk"), ("assertion_kid = \"of-the-profile\"", "of-the-profile")] {
        let server = account.server();
        let cli = with(keyed(&account, &key, &server), lines).file("key.pem", key.jwk("of-the-jwk"));
        let _ = cli.args(["--issuer", ISSUER, "--no-cache"]).run().succeeds();
        let assertion = Assertion::of(&server.only_request());
        assert!(key.signed(&assertion));
        assert_eq!(assertion.header["kid"], kid);
    }
}

#[test]
fn a_certificate_gives_its_thumbprint_and_is_not_shown() {
    use base64::Engine as _;
    let (account, key) = (Account::fresh(), ClientKey::fresh());
    let server = account.server();
    let pair = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::default().self_signed(&pair).unwrap();
    let digest = ring::digest::digest(&ring::digest::SHA256, certificate.der());
    let cli = keyed(&account, &key, &server).file("cert.pem", certificate.pem()).path_arg("--client-cert", "cert.pem");
    let _ = cli.args(["--issuer", ISSUER]).run().succeeds();
    let thumbprint = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(digest);
    assert_eq!(Assertion::of(&server.only_request()).header["x5t#S256"], thumbprint);
}

#[test]
fn presets_set_what_their_servers_want() {
    for (lines, aud, alg) in [
        ("provider = \"auth0\"\ntenant_domain = \"acme.eu.auth0.com\"", Some("https://acme.eu.auth0.com/"), "ES256"),
        ("provider = \"loyaltyone\"", Some("https://loyaltyone-sandbox-pin.auth0.com/"), "ES256"),
        // This preset's algorithm is for RSA keys.
        ("provider = \"entra\"\ntenant_id = \"t\"\nassertion_alg = \"ES256\"", None, "ES256"),
    ] {
        let (account, key) = (Account::fresh(), ClientKey::fresh());
        let server = account.server();
        let out = with(keyed(&account, &key, &server), lines).args(["--audience", "urn:api"]).run();
        assert_eq!(out.code, 0, "{lines}: {}", out.stderr);
        let request = server.only_request();
        let jwt = if request.header("content-type") == Some("application/json") {
            assert_eq!(request.header("authorization"), None);
            request.json()["client_assertion"].as_str().unwrap().to_owned()
        } else {
            request.field("client_assertion").unwrap()
        };
        let assertion = Assertion::read(&jwt);
        assert_eq!(assertion.claims["aud"], aud.map_or_else(|| server.url(TOKEN_PATH), str::to_owned), "{lines}");
        assert_eq!(assertion.header, json!({ "alg": alg, "typ": "JWT" }), "{lines}");
    }
    let (account, key, server) = (Account::fresh(), ClientKey::fresh(), Server::untouched());
    let cli = with(keyed(&account, &key, &server), "provider = \"entra\"\ntenant_id = \"t\"");
    let stderr = cli.run().fails(2);
    assert!(stderr.contains("`PS256`") && stderr.contains("ES256"), "{stderr}");
}

#[test]
fn every_attempt_has_an_assertion_of_its_own() {
    let (account, key) = (Account::fresh(), ClientKey::fresh());
    let server = Server::script([Reply::new(503), Reply::closed(), account.grants()]);
    let out = keyed(&account, &key, &server).args(["--issuer", ISSUER]).run();
    assert_eq!(out.succeeds(), format!("{}\n", account.token));
    let assertions: Vec<_> = server.requests().iter().map(Assertion::of).collect();
    let mut ids: Vec<_> = assertions.iter().map(|one| one.claims["jti"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 3, "{assertions:?}");
}

#[test]
fn two_runs_have_an_assertion_each() {
    let key = ClientKey::fresh();
    let ids = [0, 1].map(|_| Assertion::of(&sent(&key, "").0).claims["jti"].clone());
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn a_secret_that_is_set_as_well_is_not_sent() {
    let (account, key) = (Account::fresh(), ClientKey::fresh());
    let server = account.server();
    let cli = keyed(&account, &key, &server).env("M2M_CLIENT_SECRET", &account.secret);
    let _ = cli.args(["--issuer", ISSUER, "--client-id-in-body"]).run().succeeds();
    let request = server.only_request();
    assert!(key.signed(&Assertion::of(&request)));
}

#[test]
fn a_refusal_does_not_lead_to_a_weaker_method() {
    let (account, key) = (Account::fresh(), ClientKey::fresh());
    let refused = Reply::json(401, &json!({ "error": "invalid_client" }));
    let server = Server::start(move |request| match request.path() {
        TOKEN_PATH => refused.clone(),
        _ => Reply::json(200, &metadata(&request.origin())),
    });
    let args = ["token", "--issuer", &server.url(""), "--client-id", &account.id, "--auth-method", "private_key_jwt"];
    let cli = key.watched(account.watched(Cli::new(args))).file("key.pem", &key.pem);
    let cli = cli.path_arg("--client-key", "key.pem").env("M2M_CLIENT_SECRET", &account.secret);
    let stderr = cli.run().fails(3);
    let posts: Vec<_> = server.requests().into_iter().filter(|request| request.method == "POST").collect();
    assert_eq!(posts.len(), 1, "{:?}", server.lines());
    Assertion::of(&posts[0]);
    // The metadata lists the methods of secrets only, and there is one.
    assert!(stderr.contains("`auth_method = \"client_secret_basic\"`"), "{stderr}");
    assert!(stderr.contains("does not list private_key_jwt"), "{stderr}");
}

#[test]
fn a_clock_that_is_off_is_named_with_the_difference() {
    let (account, key) = (Account::fresh(), ClientKey::fresh());
    for (shift, words) in [(-600, "ahead of"), (600, "behind")] {
        let date = httpdate::fmt_http_date(UNIX_EPOCH + std::time::Duration::from_secs((now() as i64 + shift) as u64));
        let server = Server::always(Reply::json(401, &json!({ "error": "invalid_client" })).header("Date", &date));
        let stderr = keyed(&account, &key, &server).args(["--issuer", ISSUER]).run().fails(3);
        assert!(stderr.contains(&format!(" {words} the server's")), "{stderr}");
        assert!(stderr.contains("this machine's clock is 10m") || stderr.contains("clock is 9m"), "{stderr}");
    }
}

#[test]
fn a_secret_signs_by_hmac() {
    for (alg, algorithm, length) in
        [(None, hmac::HMAC_SHA256, 32), (Some("HS384"), hmac::HMAC_SHA384, 48), (Some("HS512"), hmac::HMAC_SHA512, 64)]
    {
        let account = Account::with_secret(&alphanumeric(length));
        let server = account.server();
        let cli = account.token_cli(&server).args(["--auth-method", "client_secret_jwt", "--issuer", ISSUER]);
        let lines = alg.map_or(String::new(), |alg| format!("assertion_alg = \"{alg}\""));
        let _ = with(cli, &lines).run().succeeds();
        let assertion = Assertion::of(&server.only_request());
        let key = hmac::Key::new(algorithm, account.secret.as_bytes());
        assert!(hmac::verify(&key, assertion.message.as_bytes(), &assertion.signature).is_ok());
        assert_eq!(assertion.header, json!({ "alg": alg.unwrap_or("HS256"), "typ": "client-authentication+jwt" }));
        assert_eq!(assertion.claims["aud"], ISSUER);
    }
}

#[test]
fn a_secret_that_is_shorter_than_its_hash_is_refused_and_nothing_is_sent() {
    for (alg, length, least) in [("HS256", 31, "32"), ("HS384", 47, "48"), ("HS512", 63, "64")] {
        let account = Account::with_secret(&alphanumeric(length));
        let server = Server::untouched();
        let cli = account.token_cli(&server).args(["--auth-method", "client_secret_jwt", "--issuer", ISSUER]);
        let stderr = with(cli, &format!("assertion_alg = \"{alg}\"")).run().fails(2);
        assert!(stderr.contains(&format!("{alg} needs {least}")) && stderr.contains("hint: "), "{stderr}");
        assert_eq!(server.connections(), 0);
    }
}

#[test]
fn a_key_that_is_missing_or_of_no_use_sends_nothing() {
    let key = ClientKey::fresh();
    let encrypted = key.pem.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let public: Value = serde_json::from_str(&key.jwk("k")).unwrap();
    let public = json!({ "kty": "EC", "crv": "P-256", "x": public["x"], "y": public["y"] }).to_string();
    let damaged = key.pem.replacen("\nM", "\n!", 1);
    for (text, words) in [
        (Some(""), "it is empty"),
        (Some("no key"), "it holds no private key in PEM"),
        (Some(&encrypted), "it is encrypted"),
        (Some(&public), "is it the public half?"),
        (Some("{ \"kty\": \"EC\""), "it begins like a JWK"),
        (Some(r#"{ "kty": "oct", "k": "c2VjcmV0" }"#), "its kind is none of"),
        (Some(&damaged), "private key"),
        (None, "key.pem"),
    ] {
        let account = Account::fresh();
        let server = account.server_with_api(|request| panic!("{} was sent", request.line()));
        let origin = server.url("");
        let args = ["token", "--issuer", &origin, "--client-id", &account.id, "--auth-method", "private_key_jwt"];
        let cli = key.watched(account.watched(Cli::new(args)));
        let cli = if let Some(text) = text { cli.file("key.pem", text) } else { cli };
        let stderr = cli.path_arg("--client-key", "key.pem").run().fails(2);
        assert!(stderr.contains(words), "{words}: {stderr}");
        assert_eq!(server.connections(), 0, "{words}");
    }
    let account = Account::fresh();
    let server = Server::untouched();
    let args = ["--token-url", &server.url(TOKEN_PATH), "--client-id", &account.id, "--auth-method", "private_key_jwt"];
    let stderr = Cli::new(["token"]).args(args).run().fails(2);
    assert!(stderr.contains("`client_key` is not set") && stderr.contains("`--client-key`"), "{stderr}");
    let cli = with(keyed(&account, &key, &server), "assertion_alg = \"RS256\"");
    let stderr = cli.args(["--issuer", ISSUER]).run().fails(2);
    assert!(stderr.contains("it cannot sign with `RS256`, only with ES256"), "{stderr}");
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_key_without_a_method_says_which_methods_it_serves() {
    let (account, key, server) = (Account::fresh(), ClientKey::fresh(), Server::untouched());
    let args = ["token", "--token-url", &server.url(TOKEN_PATH), "--client-id", &account.id];
    let cli = key.watched(Cli::new(args)).file("key.pem", &key.pem).path_arg("--client-key", "key.pem");
    let stderr = cli.run().fails(2);
    assert!(stderr.contains("`client_secret` is not set") && stderr.contains("`private_key_jwt`"), "{stderr}");
}

#[test]
fn a_key_that_others_can_read_is_a_warning() {
    let (account, key) = (Account::fresh(), ClientKey::fresh());
    let server = account.server();
    let cli = keyed(&account, &key, &server).mode("key.pem", 0o640).args(["--issuer", ISSUER]);
    let (stdout, warnings) = cli.run().succeeds_with_a_warning();
    assert_eq!(stdout, format!("{}\n", account.token));
    assert!(warnings.contains("key.pem") && warnings.contains("0640") && warnings.lines().count() == 1, "{warnings}");
}

#[test]
fn white_space_around_a_key_means_nothing() {
    let (account, key) = (Account::fresh(), ClientKey::fresh());
    let server = account.server();
    let cli = keyed(&account, &key, &server).file("key.pem", format!("\r\n{}\r\n\r\n", key.pem.replace('\n', "\r\n")));
    let _ = cli.args(["--issuer", ISSUER]).run().succeeds();
    assert!(key.signed(&Assertion::of(&server.only_request())));
}

#[test]
fn a_key_comes_from_any_secret_source() {
    let (account, key) = (Account::fresh(), ClientKey::fresh());
    for source in ["{ env = \"KEY\" }", "{ command = [\"/bin/cat\", \"../key.pem\"] }", "\"../../key.pem\""] {
        let server = account.server();
        let args = ["token", "--token-url", &server.url(TOKEN_PATH), "--client-id", &account.id, "--issuer", ISSUER];
        let cli = key.watched(account.watched(Cli::new(args))).file("key.pem", &key.pem).env("KEY", &key.pem);
        let lines = format!("auth_method = \"private_key_jwt\"\nclient_key = {source}");
        let _ = with(cli, &lines).run().succeeds();
        assert!(key.signed(&Assertion::of(&server.only_request())), "{source}");
    }
    let server = account.server();
    let args = ["token", "--token-url", &server.url(TOKEN_PATH), "--client-id", &account.id, "--issuer", ISSUER];
    let cli =
        key.watched(account.watched(Cli::new(args))).args(["--auth-method", "private_key_jwt", "--client-key", "-"]);
    let _ = cli.stdin(key.pem.clone()).run().succeeds();
    assert!(key.signed(&Assertion::of(&server.only_request())));
}

/// The entry is found again with the same key, and not with another one; the tripwire sees that no key is in it.
#[test]
fn another_key_is_another_cache_entry() {
    let (account, key, other) = (Account::fresh(), ClientKey::fresh(), ClientKey::fresh());
    let server = account.server();
    let first = keyed(&account, &key, &server).args(["--issuer", ISSUER, "-v"]);
    let (home, cache) =
        (tempfile::TempDir::new().unwrap(), |cli: Cli, home: &std::path::Path| cli.env("M2M_CACHE_DIR", home));
    assert_eq!(cache(first, home.path()).run().code, 0);
    assert_eq!(cache(keyed(&account, &key, &server).args(["--issuer", ISSUER]), home.path()).run().code, 0);
    assert_eq!(server.requests().len(), 1, "the same key has the same entry");
    assert_eq!(cache(keyed(&account, &other, &server).args(["--issuer", ISSUER]), home.path()).run().code, 0);
    assert_eq!(server.requests().len(), 2, "another key has another entry");
    for entry in std::fs::read_dir(home.path()).unwrap().chain(std::fs::read_dir(home.path().join("tokens")).unwrap()) {
        let text = String::from_utf8_lossy(&std::fs::read(entry.unwrap().path()).unwrap_or_default()).into_owned();
        for line in key.pem.lines().chain(other.pem.lines()).filter(|line| line.len() > 8) {
            assert!(!text.contains(line), "a key in the cache");
        }
        assert!(!text.contains("client_assertion") && !text.contains("eyJ"), "an assertion in the cache");
    }
}
