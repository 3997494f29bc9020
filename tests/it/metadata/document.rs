//! Metadata documents are accepted when they are complete, of bounded size, and name a token endpoint that may receive a
//! secret (RFC 8414 sections 2 and 3.2).

use std::time::Duration;

use serde_json::json;

use crate::support::account::{documents, metadata};
use crate::support::failure::{Refusal, refused};
use crate::support::http::reply::End;
use crate::support::{Account, Reply, Request, Server};

/// Asserts that with this answer to discovery nothing else is asked, and the run fails with a bad response.
#[track_caller]
fn not_believed(make: impl Fn(&Request) -> Reply + Send + Sync + Clone + 'static) -> Refusal {
    let account = Account::fresh();
    refused(7, "bad_response", || {
        let server = documents(make.clone());
        let url = server.url("/.well-known/openid-configuration");
        account.cli(["token", "--discovery-url", &url, "--retries", "0"]).keep(server)
    })
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
            return Reply::json(200, &json!({ "issuer": origin, "token_endpoint": format!("{origin}/t") }));
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
    let server =
        documents(|_| Reply::new(200).body(vec![b' '; 1024 * 1024]).chunked().cut_after(300 * 1024, End::Hang));
    let url = server.url("/.well-known/openid-configuration");
    let outcome = account.cli(["token", "--discovery-url", &url, "--timeout", "25s"]).run();
    assert!(outcome.took < Duration::from_secs(20), "given up at the cap, not at the deadline: {outcome:?}");
    let _ = outcome.fails(7);
}

/// A secret cannot be sent there, and the text is not readable.
#[test]
fn an_endpoint_that_is_too_long_for_a_request_is_refused_and_not_shown_whole() {
    let account = Account::fresh();
    for endpoint in [format!("https://as.example.com/{}", "a".repeat(100_000)), format!("{}:x", "s".repeat(100_000))] {
        let refusal = refused(7, "bad_response", || {
            let endpoint = endpoint.clone();
            let server = documents(move |request| {
                let mut document = metadata(&request.origin());
                document["token_endpoint"] = endpoint.clone().into();
                Reply::json(200, &document)
            });
            account.cli(["token", "--issuer", &server.url("")]).keep(server)
        });
        assert!(refusal.text.len() < 4096, "{}", refusal.text.len());
    }
}
