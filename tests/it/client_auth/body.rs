//! Client credentials in the body, as a form or as JSON, with extra parameters and headers; always one authentication
//! method (RFC 6749 sections 2.3 and 4.4.2). HTTP Basic is in `basic`.

use serde_json::json;

use crate::support::{Account, Request, Server};

const SPECIAL: &str = "+ %&=:é\"\\~";

/// Runs `m2m token` with `args`, and returns the one request that came.
#[track_caller]
fn sent(account: &Account, args: &[&str]) -> Request {
    let server = account.server();
    let out = account.token_cli(&server).args(args.iter().copied()).run().succeeds();
    assert_eq!(out, format!("{}\n", account.token));
    server.only_request()
}

#[test]
fn client_secret_post_sends_a_form_and_no_authorization() {
    let account = Account::with_special(SPECIAL);
    let request = sent(&account, &["--auth-method", "client_secret_post", "--scope", "a b"]);
    assert_eq!(request.header("authorization"), None);
    assert_eq!(request.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(request.field_names(), ["client_id", "client_secret", "grant_type", "scope"]);
    assert_eq!(request.field("client_id"), Some(account.id));
    assert_eq!(request.field("client_secret"), Some(account.secret));
    assert_eq!(request.field("grant_type").as_deref(), Some("client_credentials"));
    assert_eq!(request.field("scope").as_deref(), Some("a b"));
}

#[test]
fn client_secret_post_takes_a_colon_in_the_id() {
    let account = Account { id: "a:b".to_owned(), ..Account::fresh() };
    let request = sent(&account, &["--auth-method", "client_secret_post", "--basic-encoding", "raw"]);
    assert_eq!(request.field("client_id").as_deref(), Some("a:b"));
}

#[test]
fn a_json_body_holds_exactly_the_credentials_and_the_grant() {
    let account = Account::with_special(SPECIAL);
    let request = sent(&account, &["--body-format", "json"]);
    assert_eq!(request.header("authorization"), None);
    assert_eq!(request.header("content-type"), Some("application/json"));
    let expected =
        json!({ "grant_type": "client_credentials", "client_id": account.id, "client_secret": account.secret });
    assert_eq!(request.json(), expected);
}

#[test]
fn a_json_body_holds_scope_audience_and_parameters_when_set() {
    let account = Account::fresh();
    let args = ["--body-format", "json", "--scope", "a", "--scope", "b", "--audience", "https://api.example.com/"];
    let request = sent(&account, &[&args[..], &["--param", "organization=org_1"]].concat());
    let expected = json!({
        "grant_type": "client_credentials",
        "client_id": account.id,
        "client_secret": account.secret,
        "scope": "a b",
        "audience": "https://api.example.com/",
        "organization": "org_1",
    });
    assert_eq!(request.json(), expected);
    assert_eq!(request.header("authorization"), None);
}

#[test]
fn the_loyaltyone_preset_sends_json() {
    let account = Account::fresh();
    let server = account.server();
    let out = account.token_cli(&server).args(["--provider", "loyaltyone"]).run();
    assert_eq!((out.code, out.stdout), (0, format!("{}\n", account.token)), "{}", out.stderr);
    let request = server.only_request();
    assert_eq!(request.header("authorization"), None);
    assert_eq!(request.json()["client_secret"], account.secret);
}

#[test]
fn the_cloudloyalty_preset_sends_basic_and_a_form() {
    let account = Account::fresh();
    let server = account.server();
    let out = account.token_cli(&server).args(["--provider", "cloudloyalty", "--scope", "a/b"]).run();
    assert_eq!((out.code, out.stdout), (0, format!("{}\n", account.token)), "{}", out.stderr);
    let request = server.only_request();
    assert!(request.header("authorization").is_some_and(|value| value.starts_with("Basic ")));
    assert_eq!(request.field("client_secret"), None);
    assert_eq!(request.field("scope").as_deref(), Some("a/b"));
}

#[test]
fn the_headers_are_those_that_every_server_takes() {
    let account = Account::fresh();
    let request = sent(&account, &[]);
    assert_eq!(request.method, "POST");
    assert_eq!(request.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert!(request.header("accept").is_some_and(|value| value.contains("application/json")), "{request:?}");
    assert!(request.header("user-agent").is_some_and(|value| value.starts_with("m2m")), "{request:?}");
    assert_eq!(request.header("content-length"), Some(request.body.len().to_string().as_str()));
}

#[test]
fn without_a_scope_the_parameter_is_left_out() {
    let account = Account::fresh();
    assert_eq!(sent(&account, &[]).field_names(), ["grant_type"]);
    let server = account.server();
    let _ = account.token_cli(&server).env("M2M_SCOPE", "").run().succeeds();
    assert_eq!(server.only_request().field_names(), ["grant_type"]);
}

#[test]
fn scopes_are_joined_by_one_space_in_the_order_given() {
    let account = Account::fresh();
    let repeated = sent(&account, &["--scope", "z/b", "--scope", "a:b"]);
    assert_eq!(repeated.field("scope").as_deref(), Some("z/b a:b"));
    let one_string = sent(&account, &["--scope", "z/b a:b"]);
    assert_eq!(one_string.field("scope").as_deref(), Some("z/b a:b"));
}

#[test]
fn resources_repeat_and_audience_and_parameters_do_not() {
    let account = Account::fresh();
    let args = ["--resource", "https://a.example/x", "--resource", "https://b.example/", "--audience", "urn:api"];
    let request = sent(&account, &[&args[..], &["--param", "k=v=w &+", "--param", "l=é"]].concat());
    let resources: Vec<_> =
        request.form().into_iter().filter(|(name, _)| name == "resource").map(|(_, value)| value).collect();
    assert_eq!(resources, ["https://a.example/x", "https://b.example/"]);
    assert_eq!(request.field("audience").as_deref(), Some("urn:api"));
    assert_eq!(request.field("k").as_deref(), Some("v=w &+"));
    assert_eq!(request.field("l").as_deref(), Some("é"));
    assert_eq!(request.field_names(), ["audience", "grant_type", "k", "l", "resource", "resource"]);
}

#[test]
fn parameters_cannot_replace_what_the_grant_is_made_of() {
    let account = Account::fresh();
    for name in ["grant_type", "client_id", "client_secret", "scope", "client_assertion", "client_assertion_type"] {
        let server = Server::untouched();
        let stderr = account.token_cli(&server).args(["--param", &format!("{name}=x")]).run().fails(2);
        assert!(stderr.contains(name), "{stderr}");
        assert_eq!(server.connections(), 0);
    }
}

#[test]
fn the_query_of_the_token_url_is_kept() {
    let account = Account::fresh();
    let grants = account.grants();
    let server = Server::start(move |_| grants.clone());
    let _ = account.cli(["token", "--token-url", &server.url("/token?tenant=a%20b&x=")]).run().succeeds();
    assert_eq!(server.lines(), ["POST /token?tenant=a%20b&x="]);
}

#[test]
fn an_unknown_method_or_body_format_is_a_usage_error_that_sends_nothing() {
    let account = Account::fresh();
    for args in [["--auth-method", "basic"], ["--auth-method", "none"], ["--body-format", "xml"]] {
        let server = Server::untouched();
        let stderr = account.token_cli(&server).args(args).run().fails(2);
        assert!(stderr.contains(args[1]), "{stderr}");
        assert_eq!(server.connections(), 0);
    }
}
