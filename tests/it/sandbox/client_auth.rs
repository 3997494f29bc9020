//! `m2m-sandbox` accepts clients without a secret: by assertion, with its own key or a registered one, and by certificate.
//! The assertions that it refuses are tested beside its code.

use std::fs;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand_core::OsRng;
use rsa::RsaPrivateKey;
use rsa::pkcs8::{EncodePrivateKey as _, LineEnding};
use rsa::traits::PublicKeyParts as _;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{self, Outcome};

/// Runs `m2m-sandbox OPTIONS -- sh -c SCRIPT` in `home`; `m2m` is the binary under test.
fn sandbox(home: &Path, options: &[&str], script: &str) -> Outcome {
    let start = std::time::Instant::now();
    let output = Command::new(support::sandbox())
        .args(options)
        .args(["--", "/bin/sh", "-c", &format!("m2m() {{ {} \"$@\"; }}\n{script}", env!("CARGO_BIN_EXE_m2m"))])
        .env_clear()
        .envs([("HOME", home), ("TMPDIR", home), ("PATH", Path::new("/usr/bin:/bin"))])
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let code = output.status.code().unwrap();
    Outcome { code, stdout: text(output.stdout), stderr: text(output.stderr), took: start.elapsed() }
}

fn home() -> TempDir {
    TempDir::new().unwrap()
}

#[test]
fn every_profile_looks_a_participant_up() {
    for profile in ["cloudloyalty", "cloudloyalty-key", "cloudloyalty-certificate"] {
        let script = format!("m2m participant --profile {profile} --cpf 529.982.247-25");
        let found = sandbox(home().path(), &[], &script).json();
        assert!(found.as_array().is_some_and(|found| !found.is_empty()), "{profile}: {found}");
    }
}

#[test]
fn check_is_content_with_all_of_them() {
    let script = "m2m check -o json cloudloyalty cloudloyalty-key cloudloyalty-certificate";
    let report = sandbox(home().path(), &[], script).json();
    assert_eq!(report["ok"], true, "{report}");
    let checks = report["profiles"][2]["checks"].as_array().unwrap();
    let binding = checks.iter().find(|check| check["id"] == "jwt.binding").unwrap();
    assert_eq!(binding["message"], "the token is bound to the client's certificate");
}

#[test]
fn an_assertion_for_another_server_is_refused_with_the_reason() {
    let script = r#"sed 's/^auth_method = "private_key_jwt"/&\nassertion_aud = "https:\/\/other.example.com"/' \
        "$M2M_CONFIG" > "$HOME/config.toml" && m2m token --config "$HOME/config.toml" --profile cloudloyalty-key"#;
    let stderr = sandbox(home().path(), &[], script).fails(3);
    assert!(stderr.contains("aud of the assertion is not this server"), "{stderr}");
    assert!(stderr.contains("assertion_aud = \"https://other.example.com\""), "{stderr}");
}

#[test]
fn every_retry_has_an_assertion_of_its_own() {
    let token = sandbox(home().path(), &["--fault", "503:2"], "m2m token --profile cloudloyalty-key").succeeds();
    assert_eq!(token.matches('.').count(), 2, "{token}");
}

#[test]
fn the_key_of_a_new_profile_can_be_registered() {
    let home = home();
    let init = Command::new(env!("CARGO_BIN_EXE_m2m"))
        .args(["profile", "init", "mine", "--provider", "generic", "--auth-method", "private_key_jwt", "--config"])
        .arg(home.path().join("config.toml"))
        .output()
        .unwrap();
    fs::write(home.path().join("mine.jwk"), init.stdout).unwrap();
    let token = "m2m token --profile cloudloyalty --auth-method private_key_jwt --client-key \"$HOME/mine-key.pem\"";
    let jwk = home.path().join("mine.jwk");
    let _ = sandbox(home.path(), &["--client-jwk", jwk.to_str().unwrap()], token).succeeds();
    let stderr = sandbox(home.path(), &[], token).fails(3);
    assert!(stderr.contains("no registered key has signed the assertion"), "{stderr}");
}

#[test]
fn an_rsa_key_can_be_registered() {
    let home = home();
    let key = RsaPrivateKey::new(&mut OsRng, 2048).unwrap();
    let [n, e] = [key.n(), key.e()].map(|number| URL_SAFE_NO_PAD.encode(number.to_bytes_be()));
    let jwk: Value = json!({ "kty": "RSA", "n": n, "e": e });
    fs::write(home.path().join("rsa.jwk"), jwk.to_string()).unwrap();
    fs::write(home.path().join("rsa.pem"), key.to_pkcs8_pem(LineEnding::LF).unwrap()).unwrap();
    let jwk = home.path().join("rsa.jwk");
    for profile in ["cloudloyalty", "loyaltyone"] {
        // LoyaltyOne's preset names the audience of the real server.
        let script = format!(
            "chmod 600 \"$HOME/rsa.pem\" && sed \"s/^provider = .loyaltyone.$/&\\nassertion_aud = \\\"token_endpoint\\\"/\" \
             \"$M2M_CONFIG\" > \"$HOME/config.toml\" && m2m token --config \"$HOME/config.toml\" --profile {profile} \
             --auth-method private_key_jwt --client-key \"$HOME/rsa.pem\""
        );
        let _ = sandbox(home.path(), &["--client-jwk", jwk.to_str().unwrap()], &script).succeeds();
    }
}

#[test]
fn a_file_that_is_no_jwk_is_refused_at_once() {
    let home = home();
    fs::write(home.path().join("no.jwk"), "no key").unwrap();
    let jwk = home.path().join("no.jwk");
    let out = sandbox(home.path(), &["--client-jwk", jwk.to_str().unwrap()], "true");
    assert_eq!(out.code, 2, "{out:#?}");
    assert!(out.stderr.contains("it is not a JWK"), "{out:#?}");
}
