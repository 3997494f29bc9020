//! Profiles: which one is used, where its file is, and which source wins for each setting.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::account::TOKEN_PATH;
use crate::support::encodings::basic_parts;
use crate::support::failure::refused;
use crate::support::{Account, Cli, Home, Server};

/// The settings as `m2m profile show -o json ..` tells them: value and origin by key.
#[track_caller]
fn shown(cli: Cli) -> BTreeMap<String, (String, String)> {
    let out = cli.run().json();
    let text = |value: &Value| value.as_str().expect("a string").to_owned();
    let rows = out["settings"].as_array().expect("settings").iter();
    rows.map(|row| (text(&row["key"]), (text(&row["value"]), text(&row["origin"])))).collect()
}

/// A setting: its profile key with a line for the file, its variable and its flag, with three values in that order.
struct Case {
    key: &'static str,
    line: &'static str,
    env: &'static str,
    flag: &'static str,
    values: [&'static str; 3],
}

const CASES: [Case; 15] = [
    case(
        "issuer",
        "issuer = \"https://a.example\"",
        "ISSUER",
        "issuer",
        ["https://a.example", "https://b.example", "https://c.example"],
    ),
    case(
        "discovery_url",
        "discovery_url = \"https://a.example/x\"",
        "DISCOVERY_URL",
        "discovery-url",
        ["https://a.example/x", "https://b.example/x", "https://c.example/x"],
    ),
    case(
        "token_url",
        "token_url = \"https://a.example/t\"",
        "TOKEN_URL",
        "token-url",
        ["https://a.example/t", "https://b.example/t", "https://c.example/t"],
    ),
    case("client_id", "client_id = \"one\"", "CLIENT_ID", "client-id", ["one", "two", "three"]),
    case(
        "auth_method",
        "auth_method = \"client_secret_post\"",
        "AUTH_METHOD",
        "auth-method",
        ["client_secret_post", "client_secret_basic", "client_secret_post"],
    ),
    case("body_format", "body_format = \"json\"", "BODY_FORMAT", "body-format", ["json", "form", "json"]),
    case("scope", "scope = [\"a\", \"b\"]", "SCOPE", "scope", ["a b", "c d", "e"]),
    case("audience", "audience = \"one\"", "AUDIENCE", "audience", ["one", "two", "three"]),
    case(
        "api_url",
        "api_url = \"https://a.example\"",
        "API_URL",
        "api-url",
        ["https://a.example", "https://b.example", "https://c.example"],
    ),
    case("timeout", "timeout = \"11s\"", "TIMEOUT", "timeout", ["11s", "12s", "13s"]),
    case("connect_timeout", "connect_timeout = \"1s\"", "CONNECT_TIMEOUT", "connect-timeout", ["1s", "2s", "3s"]),
    case("retries", "retries = 4", "RETRIES", "retries", ["4", "5", "6"]),
    case(
        "tenant_domain",
        "tenant_domain = \"a.example\"",
        "TENANT_DOMAIN",
        "tenant-domain",
        ["a.example", "b.example", "c.example"],
    ),
    case("tenant_id", "tenant_id = \"1\"", "TENANT_ID", "tenant-id", ["1", "2", "3"]),
    case("provider", "provider = \"cognito\"", "PROVIDER", "provider", ["cognito", "keycloak", "okta"]),
];

const fn case(
    key: &'static str,
    line: &'static str,
    env: &'static str,
    flag: &'static str,
    values: [&'static str; 3],
) -> Case {
    Case { key, line, env, flag, values }
}

#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_profile() {
    for Case { key, line, env, flag, values } in CASES {
        let home = Home::new();
        let path = home.config(&format!("default_profile = \"p\"\n\n[profiles.p]\n# a comment\n{line}\n"));
        let cli = || home.cli(["profile", "show", "-o", "json"]);
        let row = |cli: Cli| shown(cli).remove(key).unwrap_or_else(|| panic!("{key} is shown"));
        let variable = format!("M2M_{env}");

        let (value, origin) = row(cli());
        assert_eq!(value, values[0]);
        assert_eq!(origin, format!("profile `p` ({}:5)", path.display()), "{key}");

        let (value, origin) = row(cli().env(&variable, values[1]));
        assert_eq!((value.as_str(), origin), (values[1], format!("env `{variable}`")));

        let (value, origin) = row(cli().env(&variable, values[1]).arg(format!("--{flag}={}", values[2])));
        assert_eq!((value.as_str(), origin), (values[2], format!("flag `--{flag}`")));
    }
}

#[test]
fn a_profile_wins_over_its_preset_and_that_over_the_defaults() {
    let home = Home::new();
    home.config("[profiles.p]\nprovider = \"loyaltyone\"\napi_url = \"https://api.example\"\n");
    let settings = shown(home.cli(["profile", "show", "p", "-o", "json"]));
    let of = |key: &str| (settings[key].0.as_str(), settings[key].1.split(" (").next().unwrap());
    assert_eq!(of("api_url"), ("https://api.example", "profile `p`"));
    assert_eq!(of("body_format"), ("json", "preset `loyaltyone`"));
    assert_eq!(of("timeout"), ("30s", "default"));
    assert_eq!(of("connect_timeout"), ("10s", "default"));
    assert_eq!(of("retries"), ("2", "default"));

    let settings = shown(home.cli(["profile", "show", "-o", "json"]));
    assert_eq!(settings["provider"], ("generic".into(), "default".into()));
    assert_eq!(settings["auth_method"], ("client_secret_basic".into(), "default".into()));
    assert_eq!(settings["body_format"], ("form".into(), "default".into()));
    assert_eq!(settings["basic_encoding"], ("form".into(), "default".into()));
}

#[test]
fn what_wins_is_what_is_sent() {
    let account = Account::fresh();
    let server = account.server();
    let profile = format!(
        "default_profile = \"p\"\n[profiles.p]\ntoken_url = \"{}\"\nclient_id = \"in-the-profile\"\nscope = \"p\"\n\
         audience = \"p\"\nclient_secret = {{ env = \"NOT_SET\" }}\n",
        server.url(TOKEN_PATH)
    );
    let home = Home::new();
    home.config(&profile);
    let cli = account.watched(home.cli(["token", "--scope", "from the flag"]));
    let cli = cli.env("M2M_CLIENT_ID", &account.id).env("M2M_SCOPE", "env").env("M2M_CLIENT_SECRET", &account.secret);
    assert_eq!(cli.run().succeeds(), format!("{}\n", account.token));
    let request = server.only_request();
    assert_eq!(basic_parts(request.header("authorization").unwrap()), (account.id.clone(), account.secret.clone()));
    assert_eq!(request.field("scope").as_deref(), Some("from the flag"));
    assert_eq!(request.field("audience").as_deref(), Some("p"));
}

/// A config file with three profiles, whose scopes are their names.
const THREE: &str = "default_profile = \"one\"\n[profiles.one]\nscope = \"one\"\n[profiles.two]\nscope = \"two\"\n\
                     [profiles.three]\nscope = \"three\"\n";

#[test]
fn the_flag_chooses_the_profile_before_the_variable_and_that_before_the_default() {
    let home = Home::new();
    home.config(THREE);
    let cli = || home.cli(["profile", "show", "-o", "json"]);
    let scope = |cli: Cli| shown(cli)["scope"].0.clone();
    assert_eq!(scope(cli()), "one");
    assert_eq!(scope(cli().env("M2M_PROFILE", "two")), "two");
    assert_eq!(scope(cli().env("M2M_PROFILE", "two").args(["--profile", "three"])), "three");
    assert_eq!(scope(cli().env("M2M_PROFILE", "two").arg("three")), "three");
}

#[test]
fn the_profile_that_is_chosen_is_the_one_that_is_used() {
    let account = Account::fresh();
    let home = Home::new();
    home.config(THREE);
    for (args, variable, expected) in
        [(vec![], "", "one"), (vec![], "two", "two"), (vec!["--profile", "three"], "two", "three")]
    {
        let server = account.server();
        let cli = account.token_at(&home, &server.url(TOKEN_PATH)).args(args);
        let _ = cli.env("M2M_PROFILE", variable).run().succeeds();
        assert_eq!(server.only_request().field("scope").as_deref(), Some(expected));
    }
}

#[test]
fn without_a_profile_flags_and_environment_are_enough() {
    let account = Account::fresh();
    let home = Home::new();
    home.config("[profiles.p]\nscope = \"never-chosen\"\n");
    let server = account.server();
    let _ = account.token_at(&home, &server.url(TOKEN_PATH)).run().succeeds();
    assert_eq!(server.only_request().field_names(), ["grant_type"]);
}

#[test]
fn the_config_file_is_named_by_flag_then_variable_then_its_usual_place() {
    let home = Home::new();
    let with_scope = |scope: &str| format!("default_profile = \"p\"\n[profiles.p]\nscope = \"{scope}\"\n");
    let flag = home.file("flag.toml", with_scope("flag"));
    let variable = home.file("variable.toml", with_scope("variable"));
    home.config(&with_scope("xdg"));
    home.file(".config/m2m/config.toml", with_scope("home"));
    let cli = || home.cli(["profile", "show", "-o", "json"]);
    let scope = |cli: Cli| shown(cli)["scope"].0.clone();
    assert_eq!(scope(cli().env("M2M_CONFIG", &variable).arg("--config").arg(&flag)), "flag");
    assert_eq!(scope(cli().env("M2M_CONFIG", &variable)), "variable");
    assert_eq!(scope(cli()), "xdg");
    assert_eq!(scope(cli().without_env("XDG_CONFIG_HOME")), "home");
    assert!(!shown(cli().homeless()).contains_key("scope"), "without a home there is no file");
}

#[test]
fn a_config_file_that_was_named_must_exist() {
    let account = Account::fresh();
    let server = Server::untouched();
    let missing = "/proc/nonexistent/m2m.toml";
    refused(2, "usage", || account.token_cli(&server).args(["--config", missing])).names(missing);
    refused(2, "usage", || account.token_cli(&server).env("M2M_CONFIG", missing)).names(missing);
    assert_eq!(server.connections(), 0);
}

#[test]
fn params_resources_and_switches_may_stand_in_a_profile() {
    let account = Account::fresh();
    let server = account.server();
    let home = Home::new();
    home.config(
        "default_profile = \"p\"\n[profiles.p]\nparams = { organization = \"org_1\", x = \"a b&c\" }\n\
         resource = [\"https://a.example/\", \"https://b.example/\"]\nclient_id_in_body = true\n",
    );
    let _ = account.token_at(&home, &server.url(TOKEN_PATH)).run().succeeds();
    let request = server.only_request();
    assert_eq!(request.field_names(), ["client_id", "grant_type", "organization", "resource", "resource", "x"]);
    assert_eq!(request.field("x").as_deref(), Some("a b&c"));
}

#[test]
fn placeholders_are_filled_in_wherever_they_stand() {
    let account = Account::fresh();
    let server = account.server();
    let home = Home::new();
    home.config("default_profile = \"p\"\n[profiles.p]\ntenant_id = \"40499\"\nscope = [\"webpremios.campaigns/{tenant_id}\", \"all.read\"]\n");
    let _ = account.token_at(&home, &server.url(TOKEN_PATH)).run().succeeds();
    assert_eq!(server.only_request().field("scope").as_deref(), Some("webpremios.campaigns/40499 all.read"));
}
