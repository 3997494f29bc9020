//! The cache key: runs share a token exactly when all settings that shape it are equal.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};

use crate::support::account::TOKEN_PATH;
use crate::support::binary::home::TOKENS;
use crate::support::{Account, Cli, Home, Server};

/// A home, a server that numbers its tokens, and the account that asks.
struct Stage {
    account: Account,
    home: Home,
    server: Server,
    asked: usize,
}

impl Stage {
    fn new() -> Self {
        let account = Account::fresh();
        let server = account.counting();
        Self { account, home: Home::new(), server, asked: 0 }
    }

    /// The command that every test varies.
    fn cli(&self) -> Cli {
        self.account.token_at(&self.home, &self.server.url(TOKEN_PATH))
    }

    /// Asserts that `cli` gets a token that no run got before.
    #[track_caller]
    fn new_token(&mut self, what: &str, cli: Cli) {
        self.asked += 1;
        assert_eq!(cli.run().succeeds(), self.account.nth_line(self.asked), "{what}");
        assert_eq!(self.server.requests().len(), self.asked, "{what}");
    }

    /// Asserts that `cli` gets the token number `n` again.
    #[track_caller]
    fn same_token(&mut self, what: &str, cli: Cli, n: usize) {
        assert_eq!(cli.run().succeeds(), self.account.nth_line(n), "{what}");
        assert_eq!(self.server.requests().len(), self.asked, "{what}");
    }

    /// The command with a profile of these lines, and neither id nor secret beside it.
    fn profile(&self, lines: &str) -> Cli {
        let url = self.server.url(TOKEN_PATH);
        self.home.config(&format!("default_profile = \"p\"\n[profiles.p]\ntoken_url = \"{url}\"\n{lines}"));
        self.account.watched(self.home.cli(["token", "--retries", "0"]))
    }
}

#[test]
fn whatever_shapes_the_token_asks_for_another_one() {
    let mut stage = Stage::new();
    stage.new_token("the plain request", stage.cli());
    let variants: &[&[&str]] = &[
        &["--scope", "read"],
        &["--scope", "READ"],
        &["--scope", "read write"],
        &["--audience", "read"],
        &["--audience", "https://api.example.com"],
        &["--resource", "https://api.example.com"],
        &["--resource", "https://api.example.com/"],
        &["--resource", "https://api.example.com", "--resource", "https://b.example.com"],
        &["--param", "a=bc"],
        &["--param", "ab=c"],
        &["--param", "a=b", "--param", "c=d"],
        &["--auth-method", "client_secret_post"],
        &["--auth-method", "client_secret_post", "--body-format", "json"],
        &["--client-id", "another-client"],
    ];
    for variant in variants {
        let cli = |stage: &Stage| {
            let repeated = variant.contains(&"--client-id");
            let cli = if repeated {
                let url = stage.server.url(TOKEN_PATH);
                let cli = stage.home.cli(["token", "--retries", "0", "--token-url", &url]);
                stage.account.watched(cli).env("M2M_CLIENT_SECRET", &stage.account.secret)
            } else {
                stage.cli()
            };
            cli.args(variant.to_vec())
        };
        stage.new_token(&format!("{variant:?}"), cli(&stage));
        let n = stage.asked;
        stage.same_token(&format!("{variant:?} again"), cli(&stage), n);
    }
    stage.same_token("the plain request again", stage.cli(), 1);
}

#[test]
fn another_endpoint_asks_for_another_token() {
    let mut stage = Stage::new();
    stage.new_token("the plain request", stage.cli());
    let other = Account::fresh();
    let server = other.counting();
    let cli = other.watched(stage.account.token_at(&stage.home, &server.url(TOKEN_PATH)));
    assert_eq!(cli.run().succeeds(), other.nth_line(1));
    stage.same_token("the first endpoint", stage.cli(), 1);
}

#[test]
fn reordered_scopes_share_one_token() {
    let mut stage = Stage::new();
    stage.new_token("a b", stage.cli().args(["--scope", "a b"]));
    stage.same_token("b a", stage.cli().args(["--scope", "b a"]), 1);
    stage.same_token("two flags", stage.cli().args(["--scope", "b", "--scope", "a"]), 1);
    stage.same_token("the environment", stage.cli().env("M2M_SCOPE", "b a"), 1);
    let lines = format!("client_id = \"{}\"\nscope = [\"b\", \"a\"]\n", stage.account.id);
    let cli = stage.profile(&lines).env("M2M_CLIENT_SECRET", &stage.account.secret);
    stage.same_token("a profile", cli, 1);
}

#[test]
fn a_changed_secret_never_gets_the_old_token() {
    let (one, two) = (Account::fresh().secret, Account::fresh().secret);
    let mut stage = Stage::new();
    let watched = |cli: Cli| cli.secret("the first secret", &one).secret("the second secret", &two);
    let id = stage.account.id.clone();

    let env = |stage: &Stage, secret: &str| watched(stage.cli()).env("M2M_CLIENT_SECRET", secret);
    stage.new_token("env", env(&stage, &one));
    stage.new_token("another env", env(&stage, &two));
    stage.same_token("the first env", env(&stage, &one), 1);

    let mut stage = Stage::new();
    let file = |stage: &Stage, secret: &str| {
        stage.home.file("secret", secret);
        let path = stage.home.path("secret");
        watched(stage.profile(&format!("client_id = \"{id}\"\nclient_secret = {{ file = \"{}\" }}\n", path.display())))
    };
    stage.new_token("file", file(&stage, &one));
    stage.new_token("another file", file(&stage, &two));
    stage.same_token("the first file", file(&stage, &one), 1);

    let mut stage = Stage::new();
    let value = |stage: &Stage, secret: &str| {
        watched(stage.profile(&format!("client_id = \"{id}\"\nclient_secret = {{ value = \"{secret}\" }}\n")))
    };
    stage.new_token("value", value(&stage, &one));
    stage.new_token("another value", value(&stage, &two));
    stage.same_token("the first value", value(&stage, &one), 1);
}

#[test]
fn the_same_secret_from_elsewhere_shares_the_token() {
    let mut stage = Stage::new();
    stage.new_token("env", stage.cli());
    let path = stage.home.file("secret", format!("{}\n", stage.account.secret));
    let cli = stage.cli().without_env("M2M_CLIENT_SECRET").arg("--client-secret-file").arg(path);
    stage.same_token("file", cli, 1);
    let cli = stage
        .cli()
        .without_env("M2M_CLIENT_SECRET")
        .args(["--client-secret-file", "-"])
        .stdin(stage.account.secret.clone());
    stage.same_token("stdin", cli, 1);
}

#[test]
#[cfg(unix)]
fn another_secret_command_asks_for_another_token() {
    let mut stage = Stage::new();
    let path = stage.home.file("secret", &stage.account.secret);
    let command = |stage: &Stage, program: &str| {
        let id = &stage.account.id;
        stage.profile(&format!(
            "client_id = \"{id}\"\nclient_secret = {{ command = [\"{program}\", \"{}\"] }}\n",
            path.display()
        ))
    };
    stage.new_token("cat", command(&stage, "/bin/cat"));
    stage.new_token("head", command(&stage, "/usr/bin/head"));
    stage.same_token("cat again", command(&stage, "/bin/cat"), 1);
}

/// A private key (RFC 5958) in PEM.
fn key_pem() -> String {
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(document.as_ref()))
}

#[test]
fn another_client_key_asks_for_another_token() {
    let mut stage = Stage::new();
    for name in ["one", "two"] {
        stage.home.file(&format!("{name}.pem"), key_pem());
    }
    let with_key = |stage: &Stage, name: &str| {
        let path = stage.home.path(&format!("{name}.pem"));
        let lines = "auth_method = \"private_key_jwt\"\nassertion_aud = \"token_endpoint\"\n";
        let id = &stage.account.id;
        stage.profile(&format!("client_id = \"{id}\"\nclient_key = {{ file = \"{}\" }}\n{lines}", path.display()))
    };
    stage.new_token("one", with_key(&stage, "one"));
    stage.new_token("two", with_key(&stage, "two"));
    stage.same_token("one again", with_key(&stage, "one"), 1);
}

/// A ready assertion, good for an hour.
fn assertion() -> String {
    let exp = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + 3600;
    let encode = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{}", encode(json!({ "alg": "RS256" })), encode(json!({ "exp": exp })), encode(json!("signature")))
}

#[test]
#[cfg(unix)]
fn an_assertion_from_another_place_asks_for_another_token() {
    for (one, two) in [
        ("{ command = [\"/bin/cat\", \"ONE\"] }", "{ command = [\"/bin/cat\", \"TWO\"] }"),
        ("{ file = \"ONE\" }", "{ file = \"TWO\" }"),
        ("{ env = \"ONE_ASSERTION\" }", "{ env = \"TWO_ASSERTION\" }"),
    ] {
        let mut stage = Stage::new();
        let paths = ["one", "two"].map(|name| stage.home.file(name, assertion()).display().to_string());
        let from = |stage: &Stage, source: &str| {
            let source = source.replace("\"ONE\"", &format!("{:?}", paths[0]));
            let source = source.replace("\"TWO\"", &format!("{:?}", paths[1]));
            let id = &stage.account.id;
            let lines =
                format!("client_id = \"{id}\"\nauth_method = \"client_assertion\"\nclient_assertion = {source}\n");
            stage.profile(&lines).env("ONE_ASSERTION", assertion()).env("TWO_ASSERTION", assertion())
        };
        stage.new_token(one, from(&stage, one));
        stage.new_token(two, from(&stage, two));
        stage.same_token(one, from(&stage, one), 1);
    }
}

#[test]
fn the_names_of_entries_differ_between_homes() {
    let mut stage = Stage::new();
    stage.new_token("one home", stage.cli());
    let first = stage.home.entry();
    stage.home = Home::new();
    stage.new_token("another home", stage.cli());
    assert_ne!(first.file_name(), stage.home.entry().file_name(), "the hash is keyed");
}

#[test]
fn without_its_key_the_cache_starts_anew() {
    let mut stage = Stage::new();
    stage.new_token("cold", stage.cli());
    for bytes in [None, Some(""), Some("short"), Some("0123456789abcdef0123456789abcdef-")] {
        let key = stage.home.path("cache/m2m/key");
        fs::remove_file(&key).unwrap();
        if let Some(bytes) = bytes {
            stage.home.file("cache/m2m/key", bytes);
        }
        stage.new_token(&format!("{bytes:?}"), stage.cli());
        let n = stage.asked;
        stage.same_token(&format!("after {bytes:?}"), stage.cli(), n);
    }
    assert!(stage.home.path(TOKENS).is_dir());
}
