//! The table of exit codes: the code and the kind for each class of token request failure, as text and as JSON.

use serde_json::json;

use crate::support::account::TOKEN_PATH;
use crate::support::failure::{Refusal, refused};
use crate::support::{Account, Cli, Reply, Server};

/// Asserts what a token endpoint that answers with `reply` amounts to.
#[track_caller]
fn answered(code: i32, kind: &str, reply: &Reply) -> Refusal {
    let account = Account::fresh();
    let refusal = refused(code, kind, || account.token_from(reply.clone()));
    refusal.names(TOKEN_PATH);
    assert!(refusal.json.url.as_deref().is_some_and(|url| url.ends_with(TOKEN_PATH)), "{:?}", refusal.json);
    refusal
}

/// Asserts the class of an OAuth error (RFC 6749 section 5.2), and that its name and the status are told.
#[track_caller]
fn oauth_error(code: i32, kind: &str, status: u16, error: &str) {
    let body = json!({ "error": error, "error_description": "Said the server, plainly" });
    let refusal = answered(code, kind, &Reply::json(status, &body));
    refusal.names(error).names("Said the server, plainly");
    assert_eq!(refusal.json.oauth_error.as_deref(), Some(error));
    assert_eq!(refusal.json.http_status, Some(i64::from(status)));
    assert!(refusal.text.contains(&status.to_string()), "{}", refusal.text);
}

#[test]
fn exit_2_usage_when_something_is_missing() {
    let token = |cli: Cli, name: &str| {
        let stderr = cli.run().fails(2);
        assert!(stderr.to_lowercase().replace(['-', ' '], "_").contains(name), "{name}: {stderr}");
    };
    let url = ["token", "--token-url", "https://auth.example.com/token"];
    token(Cli::new(url).env("M2M_CLIENT_SECRET", "x"), "client_id");
    token(Cli::new(url).args(["--client-id", "x"]), "client_secret");
    token(Cli::new(["token", "--client-id", "x"]).env("M2M_CLIENT_SECRET", "x"), "issuer");

    let refusal = refused(2, "usage", || Cli::new(url).args(["--client-id", "x"]));
    assert!(refusal.json.hints.iter().any(|hint| hint.contains("M2M_CLIENT_SECRET")), "{:?}", refusal.json);
}

#[test]
fn exit_3_credentials_rejected_when_the_client_or_its_grant_is_refused() {
    for (status, error) in [
        (400, "invalid_client"),
        (401, "invalid_client"),
        (403, "invalid_client"),
        (401, "access_denied"),
        (400, "invalid_grant"),
        (400, "unauthorized_client"),
        (401, "unauthorized_client"),
        (403, "unauthorized_client"),
    ] {
        oauth_error(3, "credentials_rejected", status, error);
    }
}

#[test]
fn exit_4_scope_rejected_when_scope_audience_or_resource_is_refused() {
    for (status, error) in
        [(400, "invalid_scope"), (401, "invalid_scope"), (403, "invalid_scope"), (400, "invalid_target")]
    {
        oauth_error(4, "scope_rejected", status, error);
    }
}

#[test]
fn exit_5_unreachable_when_nothing_listens() {
    let account = Account::fresh();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}/t");
    refused(5, "unreachable", || account.cli(["token", "--token-url", &url, "--retries", "0"])).names(&url);
    let issuer = format!("http://127.0.0.1:{port}");
    refused(5, "unreachable", || account.cli(["token", "--issuer", &issuer, "--retries", "0"])).names(&issuer);
}

#[test]
fn exit_5_unreachable_when_the_name_does_not_resolve() {
    let account = Account::fresh();
    let args = ["token", "--token-url", "https://auth.m2m.invalid/t", "--retries", "0", "--timeout", "10s"];
    refused(5, "unreachable", || account.cli(args)).names("auth.m2m.invalid");
}

#[test]
fn exit_5_unreachable_when_tls_fails() {
    let account = Account::fresh();
    refused(5, "unreachable", || {
        let server = Server::greeting(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        let url = format!("https://127.0.0.1:{}/t", server.port());
        account.cli(["token", "--token-url", &url, "--retries", "0"]).keep(server)
    })
    .names("https://127.0.0.1");
}

#[test]
fn exit_6_throttled_whatever_the_body_of_a_429() {
    for body in [
        json!({ "error": "too_many_requests", "error_description": "Client quota exceeded" }),
        json!({ "error": "invalid_client" }),
        json!({ "message": "Rate exceeded" }),
        json!([]),
    ] {
        let refusal = answered(6, "throttled", &Reply::json(429, &body));
        assert_eq!(refusal.json.http_status, Some(429));
    }
    answered(6, "throttled", &Reply::html(429, "Slow down"));
    answered(6, "throttled", &Reply::new(429));
}

#[test]
fn exit_7_bad_response_when_a_page_answers_for_the_endpoint() {
    for status in [200, 403, 404, 500, 502, 503] {
        let refusal = answered(7, "bad_response", &Reply::html(status, "Request blocked by the gatekeeper"));
        refusal.never_says("invalid client").never_says("<html").never_says("<title");
        assert_eq!(refusal.json.http_status, Some(i64::from(status)));
        let words = refusal.text.to_lowercase();
        assert!(["html", "intermediary", "proxy"].iter().any(|word| words.contains(word)), "{}", refusal.text);
    }
}

#[test]
fn exit_7_bad_response_when_the_server_fails() {
    for status in [500, 501, 502, 503, 504] {
        let refusal = answered(7, "bad_response", &Reply::json(status, &json!({ "message": "Internal" })));
        assert_eq!(refusal.json.http_status, Some(i64::from(status)));
        answered(7, "bad_response", &Reply::new(status));
    }
}

#[test]
fn exit_1_internal_when_stdout_cannot_be_written() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let account = Account::fresh();
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    refused(1, "internal", || account.token_from(account.grants()).stdout_to(full()));
}

#[test]
fn errors_of_other_shapes_are_classified_by_their_status() {
    let account = Account::fresh();
    for reply in [
        Reply::new(401),
        Reply::new(401).body("Unauthorized"),
        Reply::json(401, &json!({ "message": "Unauthorized" })),
        Reply::json(401, &json!({ "error": { "code": 7, "message": "no" } })),
    ] {
        let outcome = account.token_from(reply).run();
        assert!(outcome.fails(3).contains(TOKEN_PATH));
    }
}

#[test]
fn an_error_labeled_as_a_page_is_read_as_json_all_the_same() {
    let body = json!({ "error": "invalid_client", "error_description": "labeled oddly" }).to_string();
    let refusal = answered(3, "credentials_rejected", &Reply::new(401).header("Content-Type", "text/html").body(body));
    refusal.names("invalid_client").names("labeled oddly");
    let bom = format!("\u{feff}{}", json!({ "error": "invalid_scope" }));
    answered(4, "scope_rejected", &Reply::json_text(400, &bom)).names("invalid_scope");
}
