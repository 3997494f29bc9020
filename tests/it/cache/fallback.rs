//! A cached token that is not fresh when no new one is available, and a new token when an API rejects the cached one.

use std::sync::Mutex;

use serde_json::json;

use crate::support::account::{TOKEN_PATH, metadata};
use crate::support::binary::home::age;
use crate::support::http::reply::End;
use crate::support::lookup::{Lookup, PATH};
use crate::support::{Account, Cli, Home, Reply, Request, Server};

/// A server that grants a token for an hour, and answers every later request with `then`.
fn once_then(account: &Account, then: Reply) -> Server {
    let first = Mutex::new(Some(account.grants_nth(&account.answer(), 1)));
    Server::start(move |_| first.lock().unwrap().take().unwrap_or_else(|| then.clone()))
}

/// An account whose token has been cached `seconds` ago, at a server that answers `then` from now on.
fn aged(seconds: i64, then: Reply) -> (Account, Home, Server) {
    let account = Account::fresh();
    let home = Home::new();
    let server = once_then(&account, then);
    let out = account.token_at(&home, &server.url(TOKEN_PATH)).run().succeeds();
    assert_eq!(out, account.nth_line(1));
    age(&home.entry(), seconds);
    (account, home, server)
}

/// Half a minute is left of the hour: valid, but not fresh.
const STALE: i64 = 3570;

/// Answers that may be better the next time, with the exit code where there is no old token.
fn transient() -> Vec<(&'static str, Reply, i32)> {
    let throttled = Reply::json(429, &json!({ "error": "too_many_requests" }));
    let whole = Reply::json_text(200, "{\"access_token\":\"x\"}");
    vec![
        ("503", Reply::html(503, "Service Unavailable"), 7),
        ("500", Reply::json(500, &json!({ "error": "server_error" })), 7),
        ("502", Reply::html(502, "Bad Gateway"), 7),
        ("504", Reply::new(504), 7),
        ("429", throttled.clone(), 6),
        ("429 for an hour", throttled.header("Retry-After", "3600"), 6),
        ("closed", Reply::closed(), 5),
        ("broken off", whole.clone().cut_after(5, End::Close), 7),
        ("reset", whole.cut_after(5, End::Reset), 7),
    ]
}

#[test]
fn a_failure_that_may_pass_gives_the_old_token_and_a_warning() {
    for (name, reply, _) in transient() {
        let (account, home, server) = aged(STALE, reply);
        let before = home.looks("cache/m2m/tokens");
        let outcome = account.token_at(&home, &server.url(TOKEN_PATH)).run();
        assert_eq!((outcome.code, &outcome.stdout), (0, &account.nth_line(1)), "{name}: {outcome:#?}");
        let (_, warning) = outcome.succeeds_with_one_warning();
        assert!(warning.contains("still valid"), "{name}: {warning}");
        assert_eq!(server.requests().len(), 2, "{name}: it asked first");
        let after = home.looks("cache/m2m/tokens");
        assert_eq!(after[&home.entry()], before[&home.entry()], "{name}: the entry stays as it is");
    }
}

#[test]
fn a_server_that_does_not_answer_in_time_gives_the_old_token_and_a_warning() {
    let (account, home, server) = aged(STALE, Reply::silent());
    let cli = account.token_at(&home, &server.url(TOKEN_PATH)).args(["--timeout", "2s"]);
    let (out, _) = cli.run().succeeds_with_one_warning();
    assert_eq!(out, account.nth_line(1));
}

#[test]
fn a_refusal_does_not_give_the_old_token() {
    let error = |code: &str| json!({ "error": code, "error_description": "no" });
    for (name, reply, code) in [
        ("invalid_client, 401", Reply::json(401, &error("invalid_client")), 3),
        ("invalid_client, 400", Reply::json(400, &error("invalid_client")), 3),
        ("unauthorized_client", Reply::json(400, &error("unauthorized_client")), 3),
        ("invalid_scope", Reply::json(400, &error("invalid_scope")), 4),
        ("a page", Reply::html(403, "Forbidden"), 7),
        ("a redirect", Reply::redirect(302, "https://example.com/"), 7),
    ] {
        let (account, home, server) = aged(STALE, reply);
        let outcome = account.token_at(&home, &server.url(TOKEN_PATH)).run();
        assert_eq!((outcome.code, outcome.stdout.as_str()), (code, ""), "{name}: {}", outcome.stderr);
        let _ = outcome.fails(code);
    }
}

#[test]
fn an_expired_token_is_no_stopgap() {
    for (name, reply, code) in transient() {
        let (account, home, server) = aged(3700, reply);
        let outcome = account.token_at(&home, &server.url(TOKEN_PATH)).run();
        assert_eq!((outcome.code, outcome.stdout.as_str()), (code, ""), "{name}: {}", outcome.stderr);
    }
}

#[test]
fn a_token_from_the_future_is_no_stopgap() {
    let (account, home, server) = aged(-7200, Reply::new(503));
    let _ = account.token_at(&home, &server.url(TOKEN_PATH)).run().fails(7);
}

#[test]
fn refresh_and_no_cache_want_no_stopgap() {
    for flag in ["--refresh", "--no-cache"] {
        let (account, home, server) = aged(0, Reply::new(503));
        let _ = account.token_at(&home, &server.url(TOKEN_PATH)).arg(flag).run().fails(7);
    }
}

#[test]
fn metadata_that_cannot_be_had_for_now_gives_the_old_token_and_a_warning() {
    let account = Account::fresh();
    let home = Home::new();
    let asked = Mutex::new(0);
    let server = Server::start({
        let account = account.clone();
        move |request| {
            let mut asked = asked.lock().unwrap();
            *asked += 1;
            match *asked {
                1 => Reply::json(200, &metadata(&request.origin())).header("Cache-Control", "no-store"),
                2 => account.grants_nth(&account.answer(), 1),
                _ => Reply::new(503),
            }
        }
    });
    let cli = || account.cli_at(&home, ["token", "--issuer", &server.url(""), "--retries", "0"]);
    let _ = cli().run().succeeds();
    age(&home.entry(), STALE);
    let (out, _) = cli().run().succeeds_with_one_warning();
    assert_eq!(out, account.nth_line(1));
}

/// A server whose API answers with `api`, given the number of the token in the request; tokens are numbered from 1.
fn api_that(lookup: &Lookup, api: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Server {
    let account = lookup.account.clone();
    let count = Mutex::new(0);
    Server::start(move |request: &Request| match request.path() {
        "/.well-known/openid-configuration" => Reply::json(200, &metadata(&request.origin())),
        TOKEN_PATH => {
            let mut count = count.lock().unwrap();
            *count += 1;
            account.grants_nth(&account.answer(), *count)
        }
        _ => {
            let token = request.header("authorization").unwrap().strip_prefix("Bearer ").unwrap();
            api((1..9).find(|n| token == account.nth(*n)).expect("a token that was granted"))
        }
    })
}

/// `m2m participant` in a home whose cache holds token 1.
fn lookup_with_a_cached_token(lookup: &Lookup, home: &Home, server: &Server) -> Cli {
    let issuer = server.url("");
    let _ = lookup.account.cli_at(home, ["token", "--issuer", &issuer]).run().succeeds();
    let args = ["participant", "--issuer", &issuer, "--api-url", &issuer, "--login", &lookup.login];
    lookup.watched(lookup.account.cli_at(home, args)).env("M2M_SUBSCRIPTION_KEY", &lookup.key)
}

/// The requests after discovery, without their queries.
fn requests_after_discovery(server: &Server) -> Vec<String> {
    let line = |request: &Request| format!("{} {}", request.method, request.path());
    server.requests().iter().skip(1).map(line).collect()
}

const GRANT: &str = "POST /oauth2/token";

fn get() -> String {
    format!("GET {PATH}")
}

#[test]
fn a_cached_token_that_the_api_refuses_is_replaced_once() {
    let lookup = Lookup::fresh();
    let home = Home::new();
    let found = json!([lookup.participant()]);
    let server = api_that(&lookup, {
        let found = found.clone();
        move |n| {
            if n == 1 { Reply::new(401) } else { Reply::json(200, &found) }
        }
    });
    let out = lookup_with_a_cached_token(&lookup, &home, &server).run().json();
    assert_eq!(out, found);
    assert_eq!(requests_after_discovery(&server), [GRANT, &get(), GRANT, &get()]);

    let out = lookup.account.cli_at(&home, ["token", "--issuer", &server.url("")]).run().succeeds();
    assert_eq!(out, lookup.account.nth_line(2), "the new one is in the cache");
}

#[test]
fn an_api_that_refuses_the_new_token_too_is_asked_no_third_time() {
    let lookup = Lookup::fresh();
    let server = api_that(&lookup, |_| Reply::json(401, &json!({ "message": "Unauthorized" })));
    let _ = lookup_with_a_cached_token(&lookup, &Home::new(), &server).run().fails(8);
    assert_eq!(requests_after_discovery(&server), [GRANT, &get(), GRANT, &get()]);
}

#[test]
fn a_new_token_that_the_api_refuses_is_not_replaced() {
    let lookup = Lookup::fresh();
    let server = api_that(&lookup, |_| Reply::json(401, &json!({ "message": "Unauthorized" })));
    let _ = lookup.by_login(&server).run().fails(8);
    assert_eq!(requests_after_discovery(&server), [GRANT, &get()]);
}

#[test]
fn a_refused_subscription_key_is_no_reason_for_a_new_token() {
    for message in [
        "Access denied due to missing subscription key. Make sure to include subscription key when making requests to an API.",
        "Access denied due to invalid subscription key. Make sure to provide a valid key for an active subscription.",
    ] {
        let lookup = Lookup::fresh();
        let body = json!({ "statusCode": 401, "message": message });
        let server = api_that(&lookup, move |_| Reply::json(401, &body));
        let stderr = lookup_with_a_cached_token(&lookup, &Home::new(), &server).run().fails(8);
        assert!(stderr.contains("subscription_key"), "{stderr}");
        assert_eq!(requests_after_discovery(&server), [GRANT, &get()]);
    }
}

#[test]
fn a_call_that_is_forbidden_is_no_reason_for_a_new_token() {
    let lookup = Lookup::fresh();
    let server = api_that(&lookup, |_| Reply::json(403, &json!({ "message": "no" })));
    let _ = lookup_with_a_cached_token(&lookup, &Home::new(), &server).run().fails(8);
    assert_eq!(requests_after_discovery(&server), [GRANT, &get()]);
}
