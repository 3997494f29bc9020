//! `m2m profile init --auth-method private_key_jwt`: the key pair that it makes.

use std::os::unix::fs::PermissionsExt as _;

use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::Value;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::support::account::TOKEN_PATH;
use crate::support::jose::client_key::Assertion;
use crate::support::{Account, Cli};

#[test]
fn the_printed_key_verifies_what_the_profile_signs() {
    let home = tempfile::TempDir::new().unwrap();
    let config = home.path().join("m2m").join("config.toml");
    let args = ["profile", "init", "mine", "--provider", "generic", "--auth-method", "private_key_jwt", "--config"];
    let out = Cli::new(args).arg(&config).run();
    assert_eq!(out.code, 0, "{out:#?}");
    let jwk: Value = serde_json::from_str(&out.stdout).unwrap();
    let members: Vec<_> = jwk.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x", "y"], "the public half alone");
    assert_eq!((&jwk["alg"], &jwk["crv"], &jwk["kty"]), (&"ES256".into(), &"P-256".into(), &"EC".into()));

    let key = home.path().join("m2m").join("mine-key.pem");
    let pem = std::fs::read_to_string(&key).unwrap();
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    let said = out.stdout + &out.stderr;
    assert!(pem.lines().filter(|line| !line.starts_with('-')).all(|line| !said.contains(line)));

    let account = Account::fresh();
    let server = account.server();
    let args = ["token", "--profile", "mine", "--client-id", &account.id, "--token-url", &server.url(TOKEN_PATH)];
    let cli = account.watched(Cli::new(args)).arg("--config").arg(&config);
    let cli = pem.lines().filter(|line| !line.starts_with('-')).fold(cli, |cli, line| cli.secret("the key", line));
    assert_eq!(cli.run().succeeds(), format!("{}\n", account.token));
    let assertion = Assertion::of(&server.only_request());
    assert_eq!(assertion.header["kid"], jwk["kid"]);
    let coordinate = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
    let point = [&[4][..], &coordinate("x"), &coordinate("y")].concat();
    let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
    assert!(public.verify(assertion.message.as_bytes(), &assertion.signature).is_ok());
}

#[test]
fn neither_a_config_file_nor_a_key_is_ever_overwritten() {
    let home = tempfile::TempDir::new().unwrap();
    let init = |name: &str| {
        let args = ["profile", "init", name, "--provider", "generic", "--auth-method", "private_key_jwt", "--config"];
        Cli::new(args).arg(home.path().join("config.toml")).run()
    };
    let key = home.path().join("mine-key.pem");
    std::fs::write(&key, "an older key").unwrap();
    let stderr = init("mine").fails(2);
    assert!(stderr.contains("never overwritten"), "{stderr}");
    assert!(!home.path().join("config.toml").exists());
    assert_eq!(std::fs::read_to_string(&key).unwrap(), "an older key");
    std::fs::write(home.path().join("config.toml"), "").unwrap();
    let stderr = init("other").fails(2);
    assert!(stderr.contains("there is a config file already"), "{stderr}");
    assert!(!home.path().join("other-key.pem").exists());
}
