//! Hints: where credentials came from, how a server may have misread Basic, and what each provider means.

use serde_json::json;

use crate::support::failure::{Refusal, refused};
use crate::support::{Account, Cli, Reply};

/// Asserts that the server's 401 invalid_client is reported with exit 3, on a command line that ends with `args`.
#[track_caller]
fn rejected(account: &Account, args: &[&str]) -> Refusal {
    let reply = Reply::json(401, &json!({ "error": "invalid_client" }));
    refused(3, "credentials_rejected", || account.token_from(reply.clone()).args(args.iter().copied()))
}

#[test]
fn the_origins_of_id_and_secret_are_named() {
    let account = Account::fresh();
    rejected(&account, &[]).hints_at("--client-id").hints_at("M2M_CLIENT_SECRET");
    let reply = Reply::json(401, &json!({ "error": "invalid_client" }));
    let stderr = account
        .token_from(reply)
        .without_env("M2M_CLIENT_SECRET")
        .file("the-secret-file", &account.secret)
        .path_arg("--client-secret-file", "the-secret-file")
        .run()
        .fails(3);
    assert!(stderr.contains("the-secret-file"), "{stderr}");
}

/// The server's operator needs the id to find the failure; without an id there is no such hint.
#[test]
fn a_failing_servers_request_id_is_told_where_there_is_one() {
    let account = Account::fresh();
    for reply in [Reply::new(500), Reply::json(400, &json!({ "error": "server_error" }))] {
        let stderr = account.token_from(reply.clone()).run().fails(7);
        assert!(stderr.contains("hint: try again later\n") && !stderr.contains("request id"), "{stderr}");
        let stderr = account.token_from(reply.header("X-Request-Id", "abc-1")).run().fails(7);
        assert!(
            stderr.contains("the request id is: \"abc-1\"") && stderr.contains("with the request id\n"),
            "{stderr}"
        );
    }
}

#[test]
fn a_character_on_which_the_encodings_differ_leads_to_basic_encoding_and_post() {
    for special in ["+", "%", " ", "é"] {
        let account = Account::with_special(special);
        rejected(&account, &[]).hints_at("basic_encoding").hints_at("client_secret_post");
        rejected(&account, &["--basic-encoding", "raw"]).hints_at("basic_encoding").hints_at("client_secret_post");
    }
    for id in ["a+b", "a:b", "a%b", "cliënt", "a b"] {
        let account = Account { id: id.to_owned(), ..Account::fresh() };
        rejected(&account, &[]).hints_at("basic_encoding").hints_at("client_secret_post");
    }
}

#[test]
fn a_refusal_of_the_encoding_itself_leads_there_too() {
    let account = Account::with_special("100%");
    let body = json!({ "error": "invalid_request", "error_description": "client_id and client_secret in the authorization header are not properly encoded" });
    let outcome = account.token_from(Reply::json(400, &body)).args(["--basic-encoding", "raw"]).run();
    assert!(outcome.stderr.contains("basic_encoding"), "{}", outcome.stderr);
}

#[test]
fn plain_credentials_are_not_blamed_on_their_encoding() {
    let account = Account { id: "my-client_1.x".to_owned(), ..Account::with_special("-._~") };
    rejected(&account, &[]).never_says("basic_encoding");
}

#[test]
fn credentials_in_the_body_are_not_blamed_on_basic() {
    let account = Account::with_special("+ %");
    rejected(&account, &["--auth-method", "client_secret_post"]).never_says("basic_encoding");
    rejected(&account, &["--body-format", "json"]).never_says("basic_encoding");
}

/// The server's answer is the same for a wrong secret and for a client that is registered for another method.
#[test]
fn plain_credentials_lead_to_the_other_method() {
    let account = Account::fresh();
    let post = "another method than `client_secret_basic`: try `auth_method = \"client_secret_post\"`";
    rejected(&account, &[]).hints_at(post);
    let basic = "another method than `client_secret_post`: try `auth_method = \"client_secret_basic\"`";
    rejected(&account, &["--auth-method", "client_secret_post"]).hints_at(basic);
    rejected(&account, &["--body-format", "json"]).never_says("another method");
}

/// A provider that is known has a better explanation.
#[test]
fn a_known_provider_is_not_suspected_of_another_method() {
    let account = Account::fresh();
    rejected(&account, &["--provider", "cognito"]).never_says("another method");
}

#[test]
fn nothing_is_probed() {
    let account = Account::with_special("+ %");
    let server = crate::support::Server::script([Reply::json(401, &json!({ "error": "invalid_client" }))]);
    let _ = account.token_cli(&server).run().fails(3);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn cognito_says_400_without_a_description_and_is_understood() {
    let account = Account::fresh();
    let reply = Reply::json(400, &json!({ "error": "invalid_client" }));
    let cli = || account.token_from(reply.clone()).args(["--provider", "cloudloyalty"]);
    let refusal = refused(3, "credentials_rejected", cli);
    assert!(!refusal.json.hints.is_empty(), "{:?}", refusal.json);
}

#[test]
fn auth0_says_access_denied_for_a_wrong_secret_and_is_understood() {
    let account = Account::fresh();
    let reply = Reply::json(401, &json!({ "error": "access_denied", "error_description": "Unauthorized" }));
    let cli = || account.token_from(reply.clone()).args(["--provider", "loyaltyone"]);
    let refusal = refused(3, "credentials_rejected", cli);
    assert!(refusal.json.hints.iter().any(|hint| hint.contains("secret")), "{:?}", refusal.json);
}

#[test]
fn auth0_names_a_grant_that_the_client_lacks() {
    let account = Account::fresh();
    let description = "Grant type 'client_credentials' not allowed for the client.";
    let reply = Reply::json(403, &json!({ "error": "unauthorized_client", "error_description": description }));
    let cli = || account.token_from(reply.clone()).args(["--provider", "loyaltyone"]);
    let refusal = refused(3, "credentials_rejected", cli);
    refusal.names(description).hints_at("grant");
}

#[test]
fn a_refused_scope_is_named_with_its_origin() {
    let account = Account::fresh();
    let reply = Reply::json(400, &json!({ "error": "invalid_scope" }));
    let cli = || account.token_from(reply.clone()).args(["--scope", "webpremios.campaigns/40499"]);
    refused(4, "scope_rejected", cli).names("webpremios.campaigns/40499").names("--scope");
}

#[test]
fn an_unknown_provider_is_a_usage_error_that_names_the_known_ones() {
    let account = Account::fresh();
    let cli = || account.token_from(account.grants()).args(["--provider", "cloudloyality"]);
    refused(2, "usage", cli).names("cloudloyality").names("cloudloyalty");
}

#[test]
fn a_token_url_alone_names_no_metadata_document() {
    let refusal = refused(2, "usage", || Cli::new(["discover", "--provider", "loyaltyone"]));
    refusal.names("no metadata document").names("`token_url` (from preset `loyaltyone`)").hints_at("issuer");
    let refusal = refused(2, "usage", || Cli::new(["discover", "--token-url", "https://auth.m2m.invalid/t"]));
    refusal.names("flag `--token-url`").never_says("none of");
}

#[test]
fn a_provider_without_an_issuer_is_told_how_its_issuers_read() {
    for (provider, form) in
        [("keycloak", "/realms/"), ("cognito", "cognito-idp."), ("auth0", ".auth0.com/"), ("entra", "/v2.0")]
    {
        let refusal = refused(2, "usage", || Cli::new(["discover", "--provider", provider]));
        refusal.hints_at(form).hints_at("--issuer").never_says("cloudloyalty");
    }
    let account = Account::fresh();
    refused(2, "usage", || account.cli(["token", "--provider", "keycloak"])).hints_at("/realms/");
    refused(2, "usage", || account.cli(["token", "--provider", "okta"])).names("tenant_domain");
}

#[test]
fn profiles_that_nobody_chose_are_listed() {
    let account = Account::fresh();
    let of =
        |names: &[&str]| names.iter().map(|name| format!("[profiles.{name}]\nscope = \"a\"\n")).collect::<String>();
    let with = |names: &[&str]| {
        let text = of(names);
        refused(2, "usage", || account.cli(["token"]).file("config/m2m/config.toml", &text))
    };
    with(&["uat", "production"])
        .hints_at("--profile NAME")
        .hints_at("default_profile")
        .hints_at("`production` and `uat`");
    let many: Vec<String> = (0..10).map(|n| format!("p{n}")).collect();
    with(&many.iter().map(String::as_str).collect::<Vec<_>>()).hints_at("`p7`, and 2 more").never_says("`p8`");
    refused(2, "usage", || account.cli(["token"])).hints_at("m2m profile init");
    with(&[]).never_says("profile init").never_says("--profile NAME");
}
