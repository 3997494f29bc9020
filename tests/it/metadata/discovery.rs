//! Where metadata is looked up, and which documents are accepted (OpenID Connect Discovery section 4, RFC 8414 section 3).

use serde_json::{Value, json};

use crate::support::account::{TOKEN_PATH, documents, metadata};
use crate::support::failure::refused;
use crate::support::{Account, Reply, Server};

/// A server with a document at `at`, whose issuer is its origin and `path`, and the token.
fn server_with_document_at(account: &Account, at: &'static str, path: &'static str) -> Server {
    let grants = account.grants();
    Server::start(move |request| {
        if request.line() == format!("GET {at}") {
            let mut document = metadata(&format!("{}{path}", request.origin()));
            document["token_endpoint"] = json!(format!("{}{TOKEN_PATH}", request.origin()));
            Reply::json(200, &document)
        } else if request.line() == format!("POST {TOKEN_PATH}") {
            grants.clone()
        } else {
            Reply::html(404, "Not Found")
        }
    })
}

/// Asserts that the issuer `path` on a server with its document at `at` is asked for along `lines`.
#[track_caller]
fn found_along(at: &'static str, path: &'static str, lines: &[&str]) {
    let account = Account::fresh();
    let server = server_with_document_at(&account, at, path);
    let out = account.cli(["token", "--issuer", &server.url(path)]).run().succeeds();
    assert_eq!(out, format!("{}\n", account.token));
    assert_eq!(server.lines(), lines);
}

#[test]
fn openid_configuration_is_asked_first() {
    let at = "/.well-known/openid-configuration";
    found_along(at, "", &["GET /.well-known/openid-configuration", "POST /oauth2/token"]);
}

#[test]
fn rfc_8414_is_asked_second() {
    found_along(
        "/.well-known/oauth-authorization-server",
        "",
        &["GET /.well-known/openid-configuration", "GET /.well-known/oauth-authorization-server", "POST /oauth2/token"],
    );
}

#[test]
fn openid_configuration_is_appended_to_the_path_of_the_issuer() {
    let at = "/realms/a%20b/.well-known/openid-configuration";
    found_along(at, "/realms/a%20b", &["GET /realms/a%20b/.well-known/openid-configuration", "POST /oauth2/token"]);
}

#[test]
fn rfc_8414_is_inserted_before_the_path_of_the_issuer() {
    found_along(
        "/.well-known/oauth-authorization-server/realms/a",
        "/realms/a",
        &[
            "GET /realms/a/.well-known/openid-configuration",
            "GET /.well-known/oauth-authorization-server/realms/a",
            "POST /oauth2/token",
        ],
    );
}

#[test]
fn a_slash_at_the_end_of_the_issuer_is_not_doubled_and_belongs_to_the_issuer() {
    let at = "/o/.well-known/openid-configuration";
    found_along(at, "/o/", &["GET /o/.well-known/openid-configuration", "POST /oauth2/token"]);
}

#[test]
fn a_discovery_url_is_asked_as_it_is_and_nothing_is_guessed() {
    let account = Account::fresh();
    let server = server_with_document_at(&account, "/tenant/.well-known/openid-configuration", "/tenant");
    let url = server.url("/tenant/.well-known/openid-configuration");
    let _ = account.cli(["token", "--discovery-url", &url]).run().succeeds();
    assert_eq!(server.lines(), ["GET /tenant/.well-known/openid-configuration", "POST /oauth2/token"]);

    let server = documents(|_| Reply::new(404));
    let url = server.url("/nowhere/.well-known/openid-configuration");
    let _ = account.cli(["token", "--discovery-url", &url]).run().fails(7);
    assert_eq!(server.lines(), ["GET /nowhere/.well-known/openid-configuration"]);
}

#[test]
fn a_token_url_makes_discovery_superfluous() {
    let account = Account::fresh();
    let server = account.server();
    let issuer = Server::untouched();
    let _ = account.token_cli(&server).args(["--issuer", &issuer.url("")]).run().succeeds();
    assert_eq!((server.requests().len(), issuer.connections()), (1, 0));
}

#[test]
fn the_request_for_metadata_carries_no_credentials() {
    let account = Account::with_special("+ %");
    let server = account.server_with_api(|_| Reply::new(404));
    let _ = account.cli(["token", "--issuer", &server.url("")]).run().succeeds();
    let request = &server.requests()[0];
    assert_eq!((request.method.as_str(), request.header("authorization")), ("GET", None));
    assert!(request.header("accept").is_some_and(|value| value.contains("json")), "{request:?}");
    assert!(request.header("user-agent").is_some_and(|value| value.starts_with("m2m")), "{request:?}");
    assert!(request.body.is_empty());
}

#[test]
fn an_issuer_without_any_document_is_a_bad_response_that_names_both_addresses() {
    let account = Account::fresh();
    let refusal = refused(7, "bad_response", || {
        let server = documents(|_| Reply::html(404, "Not Found"));
        account.cli(["token", "--issuer", &server.url("/p")]).keep(server)
    });
    refusal.names("/p/.well-known/openid-configuration");
}

#[test]
fn discover_prints_the_metadata() {
    let account = Account::fresh();
    let server = account.server_with_api(|_| Reply::new(404));
    let out = crate::support::Cli::new(["discover", "--issuer", &server.url("")]).run().json();
    assert_eq!(out, metadata(&server.url("")));
    assert_eq!(server.lines(), ["GET /.well-known/openid-configuration"]);
}

#[test]
fn discover_keeps_members_that_nobody_knows() {
    let server = Server::start(|request| {
        let mut document = metadata(&request.origin());
        document["x_vendor"] = json!({ "list": [1, "é", null] });
        Reply::json(200, &document)
    });
    let url = server.url("/.well-known/openid-configuration");
    let out = crate::support::Cli::new(["discover", "--discovery-url", &url]).run().json();
    assert_eq!(out["x_vendor"], json!({ "list": [1, "é", null] }));
    assert_eq!(out["issuer"], Value::from(server.url("")));
}

#[test]
fn the_name_of_rfc_8414_may_be_appended_too_and_every_place_is_asked() {
    found_along(
        "/realms/a/.well-known/oauth-authorization-server",
        "/realms/a",
        &[
            "GET /realms/a/.well-known/openid-configuration",
            "GET /.well-known/oauth-authorization-server/realms/a",
            "GET /realms/a/.well-known/oauth-authorization-server",
            "POST /oauth2/token",
        ],
    );
}

#[test]
fn the_second_place_is_asked_whatever_the_first_answers() {
    for first in [Reply::redirect(301, "/elsewhere"), Reply::new(403), Reply::json_text(200, "{"), Reply::new(400)] {
        let account = Account::fresh();
        let (grants, status) = (account.grants(), first.clone());
        let server = Server::start(move |request| match request.path() {
            "/.well-known/openid-configuration" => status.clone(),
            "/.well-known/oauth-authorization-server" => Reply::json(200, &metadata(&request.origin())),
            _ => grants.clone(),
        });
        let out = account.cli(["token", "--issuer", &server.url("")]).run().succeeds();
        assert_eq!(out, format!("{}\n", account.token));
    }
}

#[test]
fn the_words_of_a_server_without_a_document_are_shown() {
    let account = Account::fresh();
    let server = Server::always(Reply::json(404, &json!({ "error": "Realm does not exist" })));
    let stderr = account.cli(["token", "--issuer", &server.url("/realms/x")]).run().fails(7);
    assert!(stderr.contains("Realm does not exist"), "{stderr}");
}
