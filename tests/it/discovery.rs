//! Where metadata is looked for, and which documents are believed: OpenID Connect Discovery section 4 and RFC 8414 section 3.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::account::{TOKEN_PATH, metadata};
use crate::support::failure::{Refusal, refused};
use crate::support::reply::End;
use crate::support::{Account, Reply, Request, Server};

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

/// Answers every request with a document made for the origin asked.
fn documents(make: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Server {
    Server::start(move |request| {
        assert_eq!(request.method, "GET", "nothing is posted after a bad document");
        make(request)
    })
}

/// Asserts that with this answer to discovery nothing else is asked, and the run fails with a bad response.
#[track_caller]
fn not_believed(make: impl Fn(&Request) -> Reply + Send + Sync + Clone + 'static) -> Refusal {
    let account = Account::fresh();
    refused(7, "bad_response", || {
        let server = documents(make.clone());
        let url = server.url("/.well-known/openid-configuration");
        account
            .cli(["token", "--discovery-url", &url, "--retries", "0"])
            .keep(server)
    })
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
        &[
            "GET /.well-known/openid-configuration",
            "GET /.well-known/oauth-authorization-server",
            "POST /oauth2/token",
        ],
    );
}

#[test]
fn openid_configuration_is_appended_to_the_path_of_the_issuer() {
    let at = "/realms/a%20b/.well-known/openid-configuration";
    found_along(
        at,
        "/realms/a%20b",
        &[
            "GET /realms/a%20b/.well-known/openid-configuration",
            "POST /oauth2/token",
        ],
    );
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
    found_along(
        at,
        "/o/",
        &["GET /o/.well-known/openid-configuration", "POST /oauth2/token"],
    );
}

#[test]
fn a_discovery_url_is_asked_as_it_is_and_nothing_is_guessed() {
    let account = Account::fresh();
    let server = server_with_document_at(&account, "/tenant/.well-known/openid-configuration", "/tenant");
    let url = server.url("/tenant/.well-known/openid-configuration");
    let _ = account.cli(["token", "--discovery-url", &url]).run().succeeds();
    assert_eq!(
        server.lines(),
        ["GET /tenant/.well-known/openid-configuration", "POST /oauth2/token"]
    );

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
    let _ = account
        .token_cli(&server)
        .args(["--issuer", &issuer.url("")])
        .run()
        .succeeds();
    assert_eq!((server.requests().len(), issuer.connections()), (1, 0));
}

#[test]
fn the_request_for_metadata_carries_no_credentials() {
    let account = Account::with_special("+ %");
    let server = account.server_with_api(|_| Reply::new(404));
    let _ = account.cli(["token", "--issuer", &server.url("")]).run().succeeds();
    let request = &server.requests()[0];
    assert_eq!(
        (request.method.as_str(), request.header("authorization")),
        ("GET", None)
    );
    assert!(
        request.header("accept").is_some_and(|value| value.contains("json")),
        "{request:?}"
    );
    assert!(
        request
            .header("user-agent")
            .is_some_and(|value| value.starts_with("m2m")),
        "{request:?}"
    );
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
fn a_document_that_is_not_a_json_object_is_not_believed() {
    not_believed(|_| Reply::html(200, "Sign in to the network"));
    not_believed(|_| Reply::json_text(200, "[]"));
    not_believed(|_| Reply::json_text(200, ""));
    not_believed(|request| Reply::json_text(200, &metadata(&request.origin()).to_string()[1..]));
}

#[test]
fn a_document_that_lacks_the_issuer_or_the_token_endpoint_is_not_believed() {
    for name in ["issuer", "token_endpoint"] {
        let without = move |request: &Request| {
            let mut document = metadata(&request.origin());
            document.as_object_mut().unwrap().remove(name);
            Reply::json(200, &document)
        };
        not_believed(without).names(name);
        let number = move |request: &Request| {
            let mut document = metadata(&request.origin());
            document[name] = json!(7);
            Reply::json(200, &document)
        };
        not_believed(number);
    }
}

#[test]
fn a_document_needs_no_more_than_the_issuer_and_the_token_endpoint() {
    let account = Account::fresh();
    let grants = account.grants();
    let server = Server::start(move |request| {
        let origin = request.origin();
        if request.method == "GET" {
            return Reply::json(
                200,
                &json!({ "issuer": origin, "token_endpoint": format!("{origin}/t") }),
            );
        }
        grants.clone()
    });
    let _ = account.cli(["token", "--issuer", &server.url("")]).run().succeeds();
    assert_eq!(server.lines(), ["GET /.well-known/openid-configuration", "POST /t"]);
}

#[test]
fn a_token_endpoint_that_is_not_safe_gets_nothing() {
    for endpoint in [
        "http://auth.example.com/token",
        "http://127.0.0.1.example.com/token",
        "https://user:pass@127.0.0.1/token",
        "https://user@127.0.0.1/token",
        "ftp://127.0.0.1/token",
        "/token",
        "not a url",
        "",
    ] {
        let refusal = not_believed(move |request| {
            let mut document = metadata(&request.origin());
            document["token_endpoint"] = json!(endpoint);
            Reply::json(200, &document)
        });
        refusal.names("token_endpoint");
    }
}

#[test]
fn a_document_over_256_kibibytes_is_not_believed() {
    let padded = |request: &Request, padding: usize| {
        let mut document = metadata(&request.origin());
        document["padding"] = json!("x".repeat(padding));
        document
    };
    not_believed(move |request| Reply::json(200, &padded(request, 256 * 1024)));

    let account = Account::fresh();
    let grants = account.grants();
    let server = Server::start(move |request| match request.method.as_str() {
        "GET" => Reply::json(200, &padded(request, 200 * 1024)),
        _ => grants.clone(),
    });
    let _ = account.cli(["token", "--issuer", &server.url("")]).run().succeeds();
}

#[test]
fn a_document_over_the_cap_is_given_up_before_it_ends() {
    let account = Account::fresh();
    let server = documents(|_| {
        Reply::new(200)
            .body(vec![b' '; 1024 * 1024])
            .chunked()
            .cut_after(300 * 1024, End::Hang)
    });
    let url = server.url("/.well-known/openid-configuration");
    let outcome = account
        .cli(["token", "--discovery-url", &url, "--timeout", "25s"])
        .run();
    assert!(
        outcome.took < Duration::from_secs(20),
        "given up at the cap, not at the deadline: {outcome:?}"
    );
    let _ = outcome.fails(7);
}

#[test]
fn discover_prints_the_metadata() {
    let account = Account::fresh();
    let server = account.server_with_api(|_| Reply::new(404));
    let out = crate::support::Cli::new(["discover", "--issuer", &server.url("")])
        .run()
        .json();
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
    let out = crate::support::Cli::new(["discover", "--discovery-url", &url])
        .run()
        .json();
    assert_eq!(out["x_vendor"], json!({ "list": [1, "é", null] }));
    assert_eq!(out["issuer"], Value::from(server.url("")));
}
