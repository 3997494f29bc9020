//! Every environment variable has its effect; a flag wins over a variable, a variable over a preset.

use serde_json::json;

use crate::support::account::metadata;
use crate::support::failure::refused;
use crate::support::{Account, Cli, Reply, Request, Server};

/// `m2m token` with nothing but variables.
fn from_environment(account: &Account, variables: &[(&str, &str)]) -> Cli {
    let cli = account
        .watched(Cli::new(["token"]))
        .env("M2M_CLIENT_ID", &account.id)
        .env("M2M_CLIENT_SECRET", &account.secret);
    variables.iter().fold(cli, |cli, (name, value)| cli.env(name, value))
}

/// Runs `m2m token` with `variables` beside a token URL, and returns the one request.
#[track_caller]
fn sent(account: &Account, variables: &[(&str, &str)]) -> Request {
    let server = account.server();
    let _ = from_environment(account, variables).env("M2M_TOKEN_URL", server.url("/oauth2/token")).run().succeeds();
    server.only_request()
}

#[test]
fn the_environment_alone_is_enough() {
    let account = Account::fresh();
    let variables = [("M2M_SCOPE", "a b"), ("M2M_AUDIENCE", "urn:x"), ("M2M_AUTH_METHOD", "client_secret_post")];
    let request = sent(&account, &variables);
    assert_eq!(request.field_names(), ["audience", "client_id", "client_secret", "grant_type", "scope"]);
    assert_eq!(request.field("client_id"), Some(account.id.clone()));
    assert_eq!(request.field("scope").as_deref(), Some("a b"));

    let request = sent(&account, &[("M2M_BODY_FORMAT", "json")]);
    assert_eq!(request.header("content-type"), Some("application/json"));
    let request = sent(&account, &[("M2M_PROVIDER", "loyaltyone")]);
    assert_eq!(request.header("content-type"), Some("application/json"));
}

/// What a preset knows of other ways to authenticate is not asked of a client with a secret.
#[test]
fn no_preset_needs_a_tenant_beside_a_token_url() {
    for provider in ["generic", "cloudloyalty", "cognito", "loyaltyone", "auth0", "entra", "okta", "keycloak"] {
        let account = Account::fresh();
        let _ = sent(&account, &[("M2M_PROVIDER", provider)]);
    }
}

#[test]
fn issuer_and_discovery_url_come_from_the_environment() {
    let account = Account::fresh();
    for (name, path) in [("M2M_ISSUER", ""), ("M2M_DISCOVERY_URL", "/.well-known/openid-configuration")] {
        let server = account.server_with_api(|_| Reply::new(404));
        let _ = from_environment(&account, &[(name, &server.url(path))]).run().succeeds();
        assert_eq!(server.lines(), ["GET /.well-known/openid-configuration", "POST /oauth2/token"]);
    }
}

#[test]
fn a_flag_wins_over_its_variable() {
    let account = Account::fresh();
    let server = account.server();
    let nowhere = Server::untouched();
    let wrong = nowhere.url("/t");
    let variables = [
        ("M2M_TOKEN_URL", wrong.as_str()),
        ("M2M_CLIENT_ID", "another"),
        ("M2M_SCOPE", "another"),
        ("M2M_AUDIENCE", "another"),
        ("M2M_AUTH_METHOD", "client_secret_basic"),
        ("M2M_TIMEOUT", "1ms"),
        ("M2M_PROVIDER", "loyaltyone"),
    ];
    let cli = variables.iter().fold(account.token_cli(&server), |cli, (name, value)| cli.env(name, value));
    let flags = [
        "--scope",
        "mine",
        "--audience",
        "mine",
        "--auth-method",
        "client_secret_post",
        "--timeout",
        "30s",
        "--provider",
        "generic",
    ];
    let _ = cli.args(flags).run().succeeds();
    let request = server.only_request();
    let of = |name: &str| request.field(name).unwrap();
    assert_eq!([of("client_id"), of("scope"), of("audience")], [account.id.as_str(), "mine", "mine"]);
    assert_eq!(nowhere.connections(), 0);
}

#[test]
fn a_variable_wins_over_a_preset() {
    let account = Account::fresh();
    let request = sent(&account, &[("M2M_PROVIDER", "loyaltyone"), ("M2M_BODY_FORMAT", "form")]);
    assert_eq!(request.header("content-type"), Some("application/x-www-form-urlencoded"));
}

#[test]
fn a_wrong_value_names_its_key_and_its_origin() {
    let account = Account::fresh();
    for (name, value) in [
        ("M2M_PROVIDER", "nonesuch"),
        ("M2M_AUTH_METHOD", "nonesuch"),
        ("M2M_BODY_FORMAT", "nonesuch"),
        ("M2M_TIMEOUT", "nonesuch"),
        ("M2M_RETRIES", "nonesuch"),
        ("M2M_ISSUER", "nonesuch"),
        ("M2M_TOKEN_URL", "nonesuch"),
    ] {
        refused(2, "usage", || {
            from_environment(&account, &[("M2M_ISSUER", "https://auth.m2m.invalid"), (name, value)])
        })
        .names(name)
        .names(value);
    }
    for (option, value) in [("--retries", "-1"), ("--retries", "many"), ("--connect-timeout", "soon")] {
        let server = Server::untouched();
        let cli = || account.token_cli(&server).arg(format!("{option}={value}"));
        refused(2, "usage", cli).names(option).names(value);
    }
}

#[test]
fn a_parameter_without_a_value_is_a_usage_error_that_names_the_flag() {
    let account = Account::fresh();
    let server = Server::untouched();
    refused(2, "usage", || account.token_cli(&server).args(["--param", "novalue"])).names("--param");
    assert_eq!(server.connections(), 0);
}

#[test]
fn params_that_are_refused_name_their_origin() {
    let account = Account::fresh();
    let server = Server::untouched();
    for args in [["--param", "grant_type=password"].as_slice(), &["--param", "a=1", "--param", "a=2"]] {
        let cli = || account.token_cli(&server).args(args.iter().copied());
        refused(2, "usage", cli).names("flag `--param`");
    }
    let config = "[profiles.p]\nparams = { scope = \"a\" }\n";
    let cli = || account.token_cli(&server).args(["--profile", "p"]).file("config/m2m/config.toml", config);
    refused(2, "usage", cli).names("profile `p`").names("config.toml:2");
}

#[test]
fn a_url_with_a_line_end_or_another_control_character_is_refused() {
    let account = Account::fresh();
    for (name, value) in [
        ("M2M_TOKEN_URL", "https://auth.m2m.invalid/\nt"),
        ("M2M_TOKEN_URL", "https://auth.m2m\t.invalid/t"),
        ("M2M_ISSUER", "https://auth.m2m.invalid\n"),
        ("M2M_DISCOVERY_URL", "https://auth.m2m.invalid/\r\n.well-known/openid-configuration"),
    ] {
        let refusal = refused(2, "usage", || from_environment(&account, &[(name, value)]));
        refusal.names(name).names("control character");
    }
    let variables = [("M2M_TOKEN_URL", "https://auth.m2m.invalid/t"), ("M2M_PROXY", "http://127.0.0.1\n:1")];
    refused(2, "usage", || from_environment(&account, &variables)).names("M2M_PROXY").names("control character");
}

#[test]
fn a_duration_that_is_none_says_what_one_is() {
    let account = Account::fresh();
    for value in ["-1", "5", "soon", "", "1 fortnight", "99999999999999999999s"] {
        let server = Server::untouched();
        let refusal = refused(2, "usage", || account.token_cli(&server).args(["--timeout", value]));
        refusal.names("flag `--timeout`").names("a number with a unit").never_says("ns").never_says("expected number");
    }
    for value in ["0s", "1us", "999us", "25h"] {
        let server = Server::untouched();
        refused(2, "usage", || account.token_cli(&server).args(["--timeout", value])).names("from 1ms to 24h");
    }
}

#[test]
fn nothing_in_the_working_directory_is_read() {
    let account = Account::fresh();
    let server = account.server();
    let trap = "default_profile = \"x\"\nM2M_SCOPE=trap\n[profiles.x]\nscope = \"trap\"\n";
    let names = [".env", "config.toml", "m2m.toml", ".m2m.toml", ".m2m", "m2m/config.toml", ".netrc"];
    let cli = names.iter().fold(account.token_cli(&server), |cli, name| cli.file(&format!("work/{name}"), trap));
    let _ = cli.run().succeeds();
    assert_eq!(server.only_request().field_names(), ["grant_type"]);
}

#[test]
fn every_command_takes_its_settings_after_its_name() {
    let server = Server::start(|request| Reply::json(200, &metadata(&request.origin())));
    let args =
        ["discover", "--timeout", "20s", "--connect-timeout", "5s", "--retries", "1", "--error-format", "text", "-q"];
    let out = Cli::new(args).args(["--issuer", &server.url("")]).run().json();
    assert_eq!(out["issuer"], json!(server.url("")));
}

#[test]
fn a_ca_file_that_cannot_be_used_is_a_usage_error() {
    let account = Account::fresh();
    let args = ["token", "--token-url", "https://auth.m2m.invalid/t", "--retries", "0"];
    refused(2, "usage", || account.cli(args).args(["--ca-file", "/nonexistent/ca.pem"])).names("/nonexistent/ca.pem");
    refused(2, "usage", || account.cli(args).file("ca.pem", "not a certificate").path_arg("--ca-file", "ca.pem"))
        .names("ca.pem");
}

#[test]
fn there_is_no_way_to_skip_verification() {
    for flag in ["--insecure", "-k", "--no-verify"] {
        let _ = Cli::new(["token", flag]).run().fails(2);
    }
}
