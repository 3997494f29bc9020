//! `m2m request`: the request that it sends.

use serde_json::json;

use crate::support::call::{call, calls, sent};
use crate::support::failure::refused;
use crate::support::lookup::Lookup;
use crate::support::{Reply, Server};

#[test]
fn a_path_alone_is_a_get_with_token_key_and_correlation_id() {
    let lookup = Lookup::fresh();
    let server = lookup.answering(Reply::new(200).header("Content-Type", "text/plain").body("as it is\r\n"));
    assert_eq!(call(&lookup, &server, ["/v1/things?a=b%20c"]).run().succeeds(), "as it is\r\n");
    let requests = server.requests();
    assert_eq!(requests.len(), 3, "metadata, token, call: {:?}", server.lines());
    let request = &requests[2];
    assert_eq!(request.line(), "GET /v1/things?a=b%20c");
    assert_eq!(request.header("authorization"), Some(format!("Bearer {}", lookup.account.token).as_str()));
    assert_eq!(request.header("ocp-apim-subscription-key"), Some(lookup.key.as_str()));
    assert_eq!(request.header("x-correlation-id").map(str::len), Some(36));
    assert_eq!(request.header("accept"), Some("*/*"));
    assert_eq!(request.header("content-type"), None);
    assert!(request.body.is_empty());
}

#[test]
fn the_method_comes_first_in_any_case() {
    for (method, expected) in [("POST", "POST"), ("delete", "DELETE"), ("Patch", "PATCH"), ("PURGE", "PURGE")] {
        assert_eq!(sent([method, "/x"], |cli| cli).line(), format!("{expected} /x"));
    }
    let lookup = Lookup::fresh();
    let server = lookup.answering(Reply::new(200).header("X", "y"));
    assert_eq!(call(&lookup, &server, ["HEAD", "/x"]).run().succeeds(), "");
    for bad in ["GE T", "", "GÉT", "A/B", "A:B", "CONNECT", "connect"] {
        let server = Server::untouched();
        let _ = call(&lookup, &server, [bad, "/x"]).run().fails(2);
    }
}

/// RFC 9110 section 8.6: servers answer 411, or wait for a body.
#[test]
fn a_method_that_expects_a_body_says_when_there_is_none() {
    for method in ["POST", "PUT", "PATCH"] {
        assert_eq!(sent([method, "/x"], |cli| cli).header("content-length"), Some("0"), "{method}");
        let empty = sent([method, "/x", "--data", "@empty"], |cli| cli.file("work/empty", ""));
        assert_eq!(empty.header("content-length"), Some("0"), "{method}");
    }
    for method in ["GET", "DELETE"] {
        assert_eq!(sent([method, "/x"], |cli| cli).header("content-length"), None, "{method}");
    }
    let one = sent(["POST", "/x", "--json", "1"], |cli| cli);
    assert_eq!(one.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("content-length")).count(), 1);
}

#[test]
fn json_comes_from_the_argument_a_file_or_stdin() {
    let text = "{\"a\" : 1.50}";
    for request in [
        sent(["/x", "--json", text], |cli| cli),
        sent(["POST", "/x", "--json", "@body.json"], |cli| cli.file("work/body.json", text)),
        sent(["/x", "--json", "-"], |cli| cli.stdin(text)),
    ] {
        assert_eq!(request.line(), "POST /x", "a body makes it a POST");
        assert_eq!(request.header("content-type"), Some("application/json"));
        assert_eq!(request.body, text.as_bytes(), "byte for byte");
    }
    assert_eq!(sent(["PUT", "/x", "--json", "[]"], |cli| cli).line(), "PUT /x");
}

#[test]
fn data_is_sent_as_it_is() {
    let bytes = b"\x00\xff\r\nnot text".as_slice();
    for request in [
        sent(["/x", "--data", "@body"], |cli| cli.file("work/body", bytes)),
        sent(["/x", "--data", "-"], |cli| cli.stdin(bytes)),
    ] {
        assert_eq!((request.line().as_str(), request.body.as_slice()), ("POST /x", bytes));
        assert_eq!(request.header("content-type"), None);
    }
    let typed = sent(["/x", "--data", "-", "-H", "Content-Type: text/csv"], |cli| cli.stdin("a,b"));
    assert_eq!(typed.header("content-type"), Some("text/csv"));
    let typed = sent(["/x", "--json", "{}", "-H", "content-type: application/merge-patch+json"], |cli| cli);
    assert_eq!(typed.header("content-type"), Some("application/merge-patch+json"));
}

#[test]
fn headers_are_added_and_replace_the_defaults() {
    let request = sent(["/x", "-H", "X-One: a: b", "-H", "accept:text/csv", "-H", "X-Correlation-Id: mine"], |cli| cli);
    assert_eq!(request.header("x-one"), Some("a: b"));
    assert_eq!(request.header("accept"), Some("text/csv"));
    assert_eq!(request.header("x-correlation-id"), Some("mine"));
    let request = sent(["/x", "-H", "X-Two: 1", "-H", "x-two: 2"], |cli| cli);
    let twice: Vec<_> = request
        .headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("x-two"))
        .map(|(_, value)| value.as_str())
        .collect();
    assert_eq!(twice, ["1", "2"]);
}

#[test]
fn headers_that_belong_to_the_request_or_are_none_are_refused() {
    let lookup = Lookup::fresh();
    let server = Server::untouched();
    for header in [
        "Authorization: Bearer x",
        "host: example.com",
        "Content-Length: 5",
        "Transfer-Encoding: chunked",
        "connection: close",
        "no colon",
        ": x",
        "a b: c",
        "X-A: caf\u{e9}",
        "X-A: a\r\nX-B: b",
        "X-A: a\nb",
    ] {
        let refusal = refused(2, "usage", || call(&lookup, &server, ["/x", "-H", header]));
        if let Some((_, value)) = header.split_once(": ").filter(|(_, value)| value.len() > 1) {
            refusal.never_says(value);
        }
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn bodies_that_make_no_sense_are_refused_before_anything_is_sent() {
    let lookup = Lookup::fresh();
    let server = Server::untouched();
    let secret = "not json, and not to be shown";
    for args in [
        &["/x", "--json", secret][..],
        &["/x", "--json", "@missing.json"],
        &["/x", "--json", "{}", "--data", "-"],
        &["/x", "--data", secret],
        &["/x", "--data", "@missing"],
        &["/x", "--json", "-", "--as-participant", "-"],
        &["/x", "--segment", "Gold"],
        &["/x", "--catalog-id", "1"],
        &["/x", "--campaign-id", "1"],
        &["/x", "--status", "ACTIVE"],
        &[],
        &["GET", "/x", "/y"],
    ] {
        refused(2, "usage", || call(&lookup, &server, args.iter().copied())).never_says(secret);
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn headers_of_the_profile_are_sent() {
    let lookup = Lookup::fresh();
    let server = lookup.answering(Reply::json(200, &json!({})));
    let config = "[profiles.p]\nheaders = { X-Plain = { value = \"p\" }, X-Secret = { env = \"X_SECRET\" } }\n";
    let hidden = crate::support::random::alphanumeric(24);
    let cli = call(&lookup, &server, ["/x", "--profile", "p", "-H", "X-Plain: mine", "-vv"])
        .file("config/m2m/config.toml", config)
        .env("X_SECRET", &hidden)
        .secret("the header's secret", &hidden);
    assert_eq!(cli.run().code, 0);
    let request = calls(&server).remove(0);
    assert_eq!((request.header("x-plain"), request.header("x-secret")), (Some("mine"), Some(hidden.as_str())));
}
