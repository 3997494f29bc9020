//! Hints that are followed: each is given where a server needs what it says, works when followed literally, and is not given
//! where it could not help.

use serde_json::json;

use crate::support::account::{TOKEN_PATH, metadata};
use crate::support::encodings::{basic, basic_parts};
use crate::support::jose::client_key::Assertion;
use crate::support::{Account, Cli, Reply, Request, Server};

/// A server that grants what `accepts` accepts, and answers the rest with `refusal`.
fn granting_if(account: &Account, refusal: Reply, accepts: fn(&Account, &Request) -> bool) -> Server {
    let known = account.clone();
    let grants = account.grants();
    Server::start(move |request| if accepts(&known, request) { grants.clone() } else { refusal.clone() })
}

fn invalid_client() -> Reply {
    Reply::json(401, &json!({ "error": "invalid_client" }))
}

/// Runs as it fails, asserts that a hint holds `words`, and runs again as the hint says.
#[track_caller]
fn helps(code: i32, words: &str, failing: Cli, followed: Cli) {
    let stderr = failing.run().fails(code);
    let hints: Vec<&str> = stderr.lines().filter(|line| line.trim_start().starts_with("hint: ")).collect();
    assert!(hints.iter().any(|hint| hint.contains(words)), "{words:?} in a hint: {stderr}");
    let outcome = followed.run();
    assert_eq!(outcome.code, 0, "the hint {words:?} was followed: {}", outcome.stderr);
}

#[track_caller]
fn not_hinted(code: i32, words: &str, cli: Cli) {
    let stderr = cli.run().fails(code);
    assert!(!stderr.contains(words), "{words:?} cannot help here: {stderr}");
}

/// The credentials of Basic as a server reads them that decodes nothing.
fn raw_basic(account: &Account, request: &Request) -> bool {
    request.header("authorization") == Some(basic(&account.id, &account.secret).as_str())
}

#[test]
fn a_server_that_does_not_decode_basic_leads_to_raw() {
    let account = Account::with_special("100%+");
    let server = granting_if(&account, invalid_client(), raw_basic);
    let token = || account.token_cli(&server);
    helps(3, "try `basic_encoding = \"raw\"`", token(), token().args(["--basic-encoding", "raw"]));
    // Where no encoding would send anything else, none is named.
    let plain = Account::fresh();
    not_hinted(3, "basic_encoding", plain.token_from(invalid_client()));
    for words in ["Client does not exist", "grant type not allowed for this client", "AADSTS7000222: expired"] {
        let refusal = Reply::json(401, &json!({ "error": "invalid_client", "error_description": words }));
        not_hinted(3, "basic_encoding", account.token_from(refusal));
    }
    not_hinted(3, "basic_encoding", account.token_from(Reply::new(403)));
}

#[test]
fn a_client_registered_for_the_other_method_leads_to_it() {
    let account = Account::fresh();
    let posts = |account: &Account, request: &Request| request.field("client_secret").as_ref() == Some(&account.secret);
    let server = granting_if(&account, invalid_client(), posts);
    let token = || account.token_cli(&server);
    let followed = token().args(["--auth-method", "client_secret_post"]);
    helps(3, "try `auth_method = \"client_secret_post\"`", token(), followed);
    let by_basic = |account: &Account, request: &Request| {
        request.header("authorization").is_some_and(|header| basic_parts(header).1 == account.secret)
    };
    let server = granting_if(&account, invalid_client(), by_basic);
    let token = |method| account.token_cli(&server).args(["--auth-method", method]);
    helps(3, "try `auth_method = \"client_secret_basic\"`", token("client_secret_post"), token("client_secret_basic"));
    // A JSON body carries the credentials itself: Basic cannot work with it.
    let json = account.token_from(invalid_client()).args(["--body-format", "json"]);
    not_hinted(3, "client_secret_basic", json);
}

#[test]
fn a_body_in_the_other_format_leads_to_it() {
    let account = Account::fresh();
    let unread = Reply::json(400, &json!({ "error": "invalid_request" }));
    for (refusal, code) in [(Reply::new(415), 7), (unread, 3), (Reply::new(500), 7)] {
        let server = granting_if(&account, refusal, |_, request| {
            request.header("content-type").is_some_and(|kind| kind.contains("form"))
        });
        let token = || account.token_cli(&server).args(["--retries", "0"]);
        helps(code, "form", token().args(["--body-format", "json"]), token().args(["--body-format", "form"]));
    }
    let server = granting_if(&account, Reply::new(415), |_, request| {
        request.header("content-type").is_some_and(|kind| kind.contains("json"))
    });
    let token = || account.token_cli(&server);
    helps(7, "try `body_format = \"json\"`", token(), token().args(["--body-format", "json"]));
    not_hinted(3, "body_format", account.token_from(invalid_client()));
}

#[test]
fn a_client_id_beside_basic_that_is_refused_leads_to_leaving_it_off() {
    let account = Account::fresh();
    let server = granting_if(&account, Reply::json(400, &json!({ "error": "invalid_request" })), |_, request| {
        request.field("client_id").is_none()
    });
    let token = || account.token_cli(&server);
    helps(3, "leave it off", token().args(["--client-id-in-body"]), token());
}

#[test]
fn a_silent_refusal_without_a_scope_leads_to_scope() {
    let account = Account::fresh();
    let server = granting_if(&account, Reply::new(401), |_, request| request.field("scope").is_some());
    let token = || account.token_cli(&server);
    helps(3, "set `scope`", token(), token().args(["--scope", "reports.read"]));
    not_hinted(3, "set `scope`", account.token_from(Reply::new(401)).args(["--scope", "reports.read"]));
    not_hinted(3, "set `scope`", account.token_from(invalid_client()));
}

#[test]
fn another_word_for_bearer_leads_to_naming_it_and_a_proof_does_not() {
    let account = Account::fresh();
    let of_type = |name: &str| Reply::json(200, &account.answer_with("token_type", name.into()));
    let token = || account.token_from(of_type("BearerToken"));
    helps(7, "--bearer-token-type", token(), token().args(["--bearer-token-type", "BearerToken"]));
    helps(7, "M2M_BEARER_TOKEN_TYPES", token(), token().env("M2M_BEARER_TOKEN_TYPES", "x, BearerToken"));
    not_hinted(7, "--bearer-token-type", account.token_from(of_type("DPoP")));
}

#[test]
fn metadata_that_cannot_be_used_leads_to_what_can() {
    let account = Account::fresh();
    let grants = account.grants();
    // Behind a proxy that ends TLS the server names an address that is not https.
    let server = Server::start(move |request| {
        let mut document = metadata(&request.origin());
        document["token_endpoint"] = "http://internal.example/token".into();
        if request.path() == TOKEN_PATH { grants.clone() } else { Reply::json(200, &document) }
    });
    let discovered = account.cli(["token", "--issuer", &server.url("")]);
    helps(7, "set `token_url` to the public URL", discovered, account.token_cli(&server));
    // The document of another issuer, which is the right one.
    let grants = account.grants();
    let server = Server::start(move |request| {
        let mut document = metadata("https://id.example");
        document["token_endpoint"] = format!("{}{TOKEN_PATH}", request.origin()).into();
        if request.path() == TOKEN_PATH { grants.clone() } else { Reply::json(200, &document) }
    });
    let url = server.url("/.well-known/openid-configuration");
    let discovered = || account.cli(["token", "--discovery-url", &url]);
    helps(
        7,
        "set `issuer` to exactly what it names",
        discovered(),
        discovered().args(["--issuer", "https://id.example"]),
    );
}

#[test]
fn a_document_that_moved_leads_to_its_new_place_in_one_step() {
    let account = Account::fresh();
    let grants = account.grants();
    let server = Server::start(move |request| match request.path() {
        "/a/configuration" => Reply::json(200, &metadata(&format!("{}/a", request.origin()))),
        path if path.ends_with("/token") => grants.clone(),
        _ => Reply::redirect(301, "/a/configuration"),
    });
    let discovered = account.cli(["token", "--issuer", &server.url("/a")]);
    let url = server.url("/a/configuration");
    let followed = account.cli(["token", "--discovery-url", &url, "--issuer", &server.url("/a")]);
    helps(7, "set the final URL as `discovery_url`, and `issuer`", discovered, followed);
}

#[test]
fn an_assertion_for_the_other_audience_leads_to_it() {
    let account = Account::fresh();
    let wants_endpoint = |_: &Account, request: &Request| {
        Assertion::of(request).claims["aud"].as_str().is_some_and(|audience| audience.ends_with(TOKEN_PATH))
    };
    let server = granting_if(&account, invalid_client(), wants_endpoint);
    let failing =
        || account.token_cli(&server).args(["--auth-method", "client_secret_jwt", "--issuer", "https://id.example"]);
    helps(3, "some want `token_endpoint`", failing(), failing().args(["--assertion-aud", "token_endpoint"]));
    not_hinted(
        3,
        "some want `token_endpoint`",
        account.token_from(invalid_client()).args([
            "--auth-method",
            "client_secret_jwt",
            "--assertion-aud",
            "token_endpoint",
        ]),
    );
}
