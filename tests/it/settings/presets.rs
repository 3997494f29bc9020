//! Provider presets: the endpoint of each, the form of its token request, and the issuer that its metadata may name.

use serde_json::{Value, json};

use crate::support::account::{TOKEN_PATH, metadata};
use crate::support::encodings::basic_parts;
use crate::support::{Account, Cli, Reply, Request, Server};

const POOL: &str = "https://cognito-idp.sa-east-1.amazonaws.com/sa-east-1_Ab12Cd34E";

/// `m2m token` with a preset, for a scope.
fn cli(account: &Account, provider: &str, args: &[&str]) -> Cli {
    account.cli(["token", "--provider", provider, "--scope", "a b"]).args(args.to_vec())
}

/// Asserts that `request` carries the credentials in Basic, and the rest as a form.
#[track_caller]
fn is_basic_form(name: &str, account: &Account, request: &Request) {
    assert_eq!(request.header("content-type"), Some("application/x-www-form-urlencoded"), "{name}");
    let credentials = basic_parts(request.header("authorization").expect("credentials"));
    assert_eq!(credentials, (account.id.clone(), account.secret.clone()), "{name}");
    assert_eq!(request.field_names(), ["grant_type", "scope"], "{name}");
    assert_eq!(request.field("grant_type").as_deref(), Some("client_credentials"), "{name}");
    assert_eq!(request.field("scope").as_deref(), Some("a b"), "{name}");
}

/// A server whose document names `issuer`, and its own token endpoint.
fn server_of(account: &Account, issuer: Option<&'static str>) -> Server {
    let grants = account.grants();
    Server::start(move |request| {
        if request.path() == TOKEN_PATH {
            return grants.clone();
        }
        let mut document = metadata(&request.origin());
        if let Some(issuer) = issuer {
            document["issuer"] = json!(issuer);
        }
        Reply::json(200, &document)
    })
}

/// What `--dry-run` would send, with no network.
#[track_caller]
fn planned(provider: &str, args: &[&str]) -> String {
    let account = Account::fresh();
    let out = cli(&account, provider, args).arg("--dry-run").run().succeeds();
    let (_, request) = out.split_once("curl ").unwrap_or_else(|| panic!("a curl command: {out}"));
    let note = out.lines().filter(|line| line.starts_with("# ")).collect::<Vec<_>>().join("\n");
    format!("{note}\ncurl {request}")
}

#[test]
fn form_and_basic_go_to_the_token_url_of_the_servers_that_take_them() {
    for provider in ["generic", "cloudloyalty", "cognito", "entra", "okta", "keycloak"] {
        let account = Account::fresh();
        let server = account.server();
        let out = cli(&account, provider, &["--token-url", &server.url(TOKEN_PATH)]).run().succeeds();
        assert_eq!(out, format!("{}\n", account.token), "{provider}");
        is_basic_form(provider, &account, &server.only_request());
    }
}

#[test]
fn json_goes_to_the_token_url_of_the_servers_of_auth0() {
    for provider in ["auth0", "loyaltyone"] {
        let account = Account::fresh();
        let server = account.server();
        let args = ["--token-url", &server.url(TOKEN_PATH), "--audience", "https://partners.example.com"];
        let _ = cli(&account, provider, &args).run().succeeds();
        let request = server.only_request();
        assert_eq!(request.header("content-type"), Some("application/json"), "{provider}");
        assert_eq!(request.header("authorization"), None, "{provider}: one method only");
        assert_eq!(
            request.json(),
            json!({
                "client_id": account.id,
                "client_secret": account.secret,
                "grant_type": "client_credentials",
                "scope": "a b",
                "audience": "https://partners.example.com",
            }),
            "{provider}"
        );
    }
}

#[test]
fn discovery_of_cognito_accepts_the_pool_as_issuer() {
    for provider in ["cloudloyalty", "cognito"] {
        let account = Account::fresh();
        let server = server_of(&account, Some(POOL));
        let url = server.url("/.well-known/openid-configuration");
        let _ = cli(&account, provider, &["--discovery-url", &url]).run().succeeds();
        assert_eq!(server.lines(), ["GET /.well-known/openid-configuration", "POST /oauth2/token"], "{provider}");
        is_basic_form(provider, &account, &server.requests()[1]);
    }
}

#[test]
fn other_presets_do_not_accept_the_pool_as_issuer() {
    for provider in ["generic", "auth0", "loyaltyone", "entra", "keycloak"] {
        let account = Account::fresh();
        let server = server_of(&account, Some(POOL));
        let url = server.url("/.well-known/openid-configuration");
        let stderr = cli(&account, provider, &["--discovery-url", &url]).run().fails(7);
        assert!(stderr.contains(POOL), "{provider}: {stderr}");
        assert_eq!(server.requests().len(), 1, "{provider}: nothing is sent after it");
    }
}

#[test]
fn cognito_accepts_no_other_host_as_issuer() {
    for issuer in [
        "https://cognito-idp.sa-east-1.amazonaws.com.evil.example/sa-east-1_Ab12Cd34E",
        "https://evil.example/cognito-idp.sa-east-1.amazonaws.com/sa-east-1_Ab12Cd34E",
        "http://cognito-idp.sa-east-1.amazonaws.com/sa-east-1_Ab12Cd34E",
        "https://cognito-idp.sa-east-1.amazonaws.com",
        "https://user@cognito-idp.sa-east-1.amazonaws.com/sa-east-1_Ab12Cd34E",
        "https://cognito-idp.evil.example/.amazonaws.com/sa-east-1_Ab12Cd34E",
    ] {
        let account = Account::fresh();
        let server = server_of(&account, Some(issuer));
        let url = server.url("/.well-known/openid-configuration");
        let _ = cli(&account, "cognito", &["--discovery-url", &url]).run().fails(7);
        assert_eq!(server.requests().len(), 1, "{issuer}");
    }
}

#[test]
fn an_issuer_of_ones_own_beats_the_token_url_of_a_preset() {
    for provider in ["auth0", "loyaltyone", "okta", "entra", "keycloak"] {
        let account = Account::fresh();
        let server = server_of(&account, None);
        let out = cli(&account, provider, &["--issuer", &server.url("")]).run().succeeds();
        assert_eq!(out, format!("{}\n", account.token), "{provider}");
        assert_eq!(server.lines(), ["GET /.well-known/openid-configuration", "POST /oauth2/token"], "{provider}");
    }
}

#[test]
fn a_discovery_url_of_ones_own_beats_the_token_url_and_the_issuer_of_a_preset() {
    for provider in ["auth0", "loyaltyone", "okta", "entra", "keycloak"] {
        let account = Account::fresh();
        let server = server_of(&account, None);
        let url = server.url("/.well-known/openid-configuration");
        let out = cli(&account, provider, &["--discovery-url", &url]).run();
        assert_eq!((out.code, out.stdout), (0, format!("{}\n", account.token)), "{provider}: {}", out.stderr);
    }
}

#[test]
fn without_overrides_each_preset_points_at_its_real_server() {
    let tenant = ["--tenant-domain", "tenant.example", "--tenant-id", "40499"];
    for (provider, place) in [
        ("cloudloyalty", "https://auth.tenant.example/.well-known/openid-configuration"),
        ("loyaltyone", "https://loyaltyone-sandbox-pin.auth0.com/oauth/token"),
        ("auth0", "https://tenant.example/oauth/token"),
        ("entra", "https://login.microsoftonline.com/40499/oauth2/v2.0/token"),
        ("okta", "https://tenant.example/oauth2/default/.well-known/openid-configuration"),
    ] {
        let plan = planned(provider, &tenant);
        assert!(plan.contains(place), "{provider}: {place} in {plan}");
    }
}

#[test]
fn a_preset_says_which_setting_it_lacks() {
    for (provider, key) in [
        ("cloudloyalty", "tenant_domain"),
        ("auth0", "tenant_domain"),
        ("okta", "tenant_domain"),
        ("entra", "tenant_id"),
    ] {
        let account = Account::fresh();
        let stderr = cli(&account, provider, &[]).run().fails(2);
        assert!(stderr.contains(key) && stderr.contains(&format!("preset `{provider}`")), "{provider}: {stderr}");
    }
    for provider in ["generic", "cognito", "keycloak"] {
        let stderr = cli(&Account::fresh(), provider, &[]).run().fails(2);
        assert!(stderr.contains("issuer"), "{provider}: {stderr}");
    }
}

#[test]
fn a_tenant_that_would_change_the_url_is_refused() {
    for domain in ["evil.example/", "a@evil.example", "evil.example#", "evil.example?x", "a b", "é", ""] {
        let stderr = cli(&Account::fresh(), "auth0", &["--tenant-domain", domain]).run().fails(2);
        assert!(stderr.contains("tenant_domain"), "{domain}: {stderr}");
    }
}

#[test]
fn a_preset_never_invents_a_scope_or_an_audience() {
    for provider in ["generic", "cloudloyalty", "cognito", "entra", "okta", "keycloak"] {
        let account = Account::fresh();
        let server = account.server();
        let args = ["token", "--provider", provider, "--token-url", &server.url(TOKEN_PATH)];
        let _ = account.cli(args).run().succeeds();
        assert_eq!(server.only_request().field_names(), ["grant_type"], "{provider}");
    }
    for provider in ["auth0", "loyaltyone"] {
        let account = Account::fresh();
        let server = account.server();
        let args = ["token", "--provider", provider, "--token-url", &server.url(TOKEN_PATH)];
        let _ = account.cli(args).run().succeeds();
        let body: Value = server.only_request().json();
        let names: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, ["client_id", "client_secret", "grant_type"], "{provider}");
    }
}
