//! Client assertions (RFC 7523) at oidc-provider, a certified OpenID Provider: every kind of key and algorithm, and the
//! server's response to invalid assertions.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use m2m::Host;
use m2m::internals::oauth::jose::assertion;
use m2m::internals::oauth::jose::assertion::Template;
use m2m::internals::oauth::jose::private_key::PrivateKey;
use m2m::internals::oauth::jose::signer::Signer;
use serde_json::Value;

use crate::support::servers::process::{Server, oidc_provider};
use crate::support::servers::run::M2m;

/// Each registered key with the algorithms that the server takes for it, the usual one first.
const ALGORITHMS: [(&str, &[&str]); 4] = [
    ("rsa", &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]),
    ("p256", &["ES256"]),
    ("p384", &["ES384"]),
    ("ed25519", &["EdDSA"]),
];

/// `m2m token` with the key `name` as a PKCS #8 file.
fn signed(server: &Server, name: &str) -> M2m {
    let run = server.token_without_secret("key").args(&["--auth-method", "private_key_jwt"]);
    run.key(server.text(&format!("/keys/{name}/pkcs8")))
}

#[test]
fn every_kind_of_key_works_in_every_form() {
    let Some(server) = oidc_provider() else { return };
    for (name, _) in ALGORITHMS {
        for (form, file) in server.ready["keys"][name].as_object().unwrap() {
            let run = server.token_without_secret("key").args(&["--auth-method", "private_key_jwt"]);
            let run = run.key(file.as_str().unwrap()).run();
            assert_eq!((run.exit, run.stderr.as_str()), (Some(0), ""), "{name} as {form}");
            run.assert_token();
        }
    }
}

#[test]
fn every_algorithm_works() {
    let Some(server) = oidc_provider() else { return };
    for (name, algorithms) in ALGORITHMS {
        for alg in algorithms {
            let run = signed(server, name).settings(&format!("assertion_alg = \"{alg}\"")).run();
            assert_eq!((run.exit, run.stderr.as_str()), (Some(0), ""), "{alg}");
            run.assert_token();
        }
    }
}

#[test]
fn a_secret_signs_with_every_hash() {
    let Some(server) = oidc_provider() else { return };
    for alg in ["HS256", "HS384", "HS512"] {
        let run = server.token("secret_jwt").args(&["--auth-method", "client_secret_jwt"]);
        let run = run.settings(&format!("assertion_alg = \"{alg}\"")).run();
        assert_eq!((run.exit, run.stderr.as_str()), (Some(0), ""), "{alg}");
        run.assert_token();
    }
}

#[test]
fn the_token_endpoint_is_an_audience_too() {
    let Some(server) = oidc_provider() else { return };
    signed(server, "p256").settings("assertion_aud = \"token_endpoint\"\nassertion_typ = \"JWT\"").run().assert_token();
}

#[test]
fn a_ready_assertion_is_good_once() {
    let Some(server) = oidc_provider() else { return };
    let text = fs::read_to_string(server.text("/keys/p256/pkcs8")).unwrap();
    let signer = Signer::with_key(&PrivateKey::parse(&text).unwrap(), None, None).unwrap();
    let template =
        Template { client_id: "m2m-key", audience: server.issuer(), typ: "client-authentication+jwt", x5t: None };
    let assertion = assertion::make(&template, &signer, SystemTime::now()).unwrap();
    let run = || {
        let run = server.token_without_secret("key");
        let file = run.file("assertion", &format!("{}\n", assertion.expose()));
        run.settings(&format!("client_assertion = {{ file = {:?} }}", file.to_str().unwrap())).run()
    };
    let first = run();
    first.assert_token();
    assert_eq!(first.stderr, "");
    let again = run();
    again.assert_refused();
    again.assert_hides(assertion.expose());
    assert!(again.stderr.contains("the assertion from file `"), "{}", again.stderr);
}

#[test]
fn an_unknown_key_is_refused_and_the_hint_says_where_it_is_from() {
    let Some(server) = oidc_provider() else { return };
    let run = signed(server, "stranger").run();
    run.assert_refused();
    for part in ["invalid_client", "401", "the key from file `", "stranger.pem", "besides a wrong key"] {
        assert!(run.stderr.contains(part), "no `{part}` in\n{}", run.stderr);
    }
}

#[test]
fn an_unknown_key_id_is_refused_and_the_hint_names_the_setting() {
    let Some(server) = oidc_provider() else { return };
    let run = signed(server, "p256").settings("assertion_kid = \"nobody\"").run();
    run.assert_refused();
    assert!(run.stderr.contains("`assertion_kid`"), "{}", run.stderr);
}

#[test]
fn a_wrong_secret_signs_what_is_refused() {
    let Some(server) = oidc_provider() else { return };
    let run = server.token_without_secret("secret_jwt").args(&["--auth-method", "client_secret_jwt"]);
    let run = run.secret(&"wrong-secret-".repeat(4)).run();
    run.assert_refused();
    assert!(run.stderr.contains("the secret from env `M2M_CLIENT_SECRET`"), "{}", run.stderr);
}

#[test]
fn a_wrong_audience_is_refused_and_the_hint_shows_it() {
    let Some(server) = oidc_provider() else { return };
    let run = signed(server, "p256").settings("assertion_aud = \"https://other.example.com\"").run();
    run.assert_refused();
    assert!(run.stderr.contains("assertion_aud = \"https://other.example.com\""), "{}", run.stderr);
}

/// The binary cannot be run at another time, so the library is, by a clock of the test's.
#[test]
fn a_clock_that_is_behind_is_refused_and_the_hint_says_by_how_much() {
    let Some(server) = oidc_provider() else { return };
    let (exit, stdout, stderr) = at_another_time(server, |now| now - Duration::from_secs(600));
    assert_eq!((exit, stdout.as_str()), (format!("{:?}", ExitCode::from(3)), ""), "{stderr}");
    assert!(stderr.contains("this machine's clock is ") && stderr.contains(" behind the server's"), "{stderr}");
    let (exit, stdout, stderr) = at_another_time(server, |now| now);
    assert_eq!((exit, stderr.as_str()), (format!("{:?}", ExitCode::SUCCESS), ""));
    assert!(!stdout.is_empty());
}

#[test]
fn check_is_content_with_a_key() {
    let Some(server) = oidc_provider() else { return };
    let run = M2m::new(&["check", "-o", "json", "--issuer", server.issuer(), "--client-id", "m2m-key"]);
    let run = run.args(&["--auth-method", "private_key_jwt", "--resource", server.text("/resource")]);
    let run = run.args(&["--scope", &server.scopes()]).key(server.text("/keys/p256/pkcs8")).run();
    run.assert_exit(0);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let checks = report["profiles"][0]["checks"].as_array().unwrap();
    let status = |id: &str| checks.iter().find(|check| check["id"] == id).unwrap()["status"].as_str().unwrap();
    for id in ["secret.source", "discovery.auth_method", "token.grant", "jwt.signature"] {
        assert_eq!(status(id), "pass", "{id} in {report}");
    }
    assert!(checks.iter().all(|check| check["status"] != "warn" && check["status"] != "fail"), "{report}");
}

/// What `m2m token` does by a clock of its own: exit code, stdout, stderr.
fn at_another_time(server: &Server, shift: impl Fn(SystemTime) -> SystemTime + 'static) -> (String, String, String) {
    let argv = [
        &["m2m", "token", "--no-cache", "--auth-method", "private_key_jwt"],
        &["--issuer", server.issuer(), "--client-id", "m2m-key", "--client-key"][..],
    ];
    let argv: Vec<OsString> =
        argv.concat().into_iter().chain([server.text("/keys/p256/pkcs8")]).map(OsString::from).collect();
    let (stdout, stderr) = (Sink::default(), Sink::default());
    let clock = Box::new(move || shift(SystemTime::now()));
    let streams = (Box::new(stdout.clone()), Box::new(stderr.clone()));
    let host = Host::new(argv, BTreeMap::new(), clock, Box::new(io::empty()), streams.0, streams.1);
    (format!("{:?}", m2m::run(&host)), stdout.text(), stderr.text())
}

/// Keeps what is written.
#[derive(Clone, Default)]
struct Sink(Rc<RefCell<Vec<u8>>>);

impl Sink {
    fn text(&self) -> String {
        String::from_utf8(self.0.borrow().clone()).unwrap()
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
