//! Which requests are retried, how long the client waits, and the deadline over all attempts (RFC 9110 sections 9.2.2 and
//! 10.2.3).

use std::time::{Duration, Instant, SystemTime};

use serde_json::json;

use crate::support::account::metadata;
use crate::support::http::reply::End;
use crate::support::lookup::Lookup;
use crate::support::{Account, Reply, Server};

/// Runs `m2m token` against `replies`, which must all be asked for, and expects a token at the end.
#[track_caller]
fn recovers(account: &Account, replies: Vec<Reply>) {
    let expected = replies.len();
    let server = Server::script(replies);
    let outcome = account.token_cli(&server).run();
    assert_eq!((outcome.code, outcome.stdout), (0, format!("{}\n", account.token)), "{}", outcome.stderr);
    assert_eq!(server.requests().len(), expected);
    let bodies: Vec<_> = server.requests().iter().map(|request| request.body.clone()).collect();
    assert!(bodies.windows(2).all(|two| two[0] == two[1]), "the same request each time");
}

/// Runs `m2m token` with `args` against a server that always answers with `reply`, and returns how often it was asked.
#[track_caller]
fn attempts(code: i32, args: &[&str], reply: Reply) -> usize {
    let account = Account::fresh();
    let server = Server::always(reply);
    let _ = account.token_cli(&server).args(args.iter().copied()).run().fails(code);
    server.requests().len()
}

/// A refusal that asks for no pause, so that tests need not wait.
fn at_once(status: u16) -> Reply {
    Reply::new(status).header("Retry-After", "0")
}

#[test]
fn passing_failures_of_the_token_endpoint_are_tried_again() {
    for status in [408, 429, 500, 502, 503, 504] {
        let account = Account::fresh();
        recovers(&account, vec![at_once(status), account.grants()]);
    }
}

#[test]
fn a_wait_in_other_forms_is_understood_and_told() {
    for (name, value, told) in [
        ("Retry-After", "4102444800", "it asks to wait"),
        ("X-Rate-Limit-Reset", "4102444800", "it asks to wait"),
        ("RateLimit-Reset", "3600", "it asks to wait 1h"),
        ("X-RateLimit-Reset", "3600.2", "it asks to wait 1h 1s"),
    ] {
        let account = Account::fresh();
        let server = Server::always(Reply::new(429).header(name, value));
        let stderr = account.token_cli(&server).run().fails(6);
        assert!(stderr.contains(told), "{name}: {stderr}");
        assert_eq!(server.requests().len(), 1, "the wait is beyond the deadline");
    }
    let account = Account::fresh();
    recovers(&account, vec![Reply::new(429).header("X-Rate-Limit-Reset", "0"), account.grants()]);
    recovers(&account, vec![Reply::new(429).header("Retry-After", "0.0"), account.grants()]);
}

#[test]
fn two_retries_are_the_default() {
    let account = Account::fresh();
    recovers(&account, vec![at_once(503), at_once(502), account.grants()]);
    assert_eq!(attempts(7, &[], at_once(503)), 3);
    assert_eq!(attempts(6, &[], at_once(429)), 3);
}

#[test]
fn a_500_is_tried_again_once() {
    assert_eq!(attempts(7, &[], at_once(500)), 2);
    assert_eq!(attempts(7, &["--retries", "5"], at_once(500)), 2);
}

#[test]
fn the_number_of_retries_can_be_set() {
    assert_eq!(attempts(7, &["--retries", "1"], at_once(503)), 2);
    assert_eq!(attempts(7, &["--retries", "4"], at_once(503)), 5);
    for status in [408, 429, 500, 502, 503, 504] {
        let account = Account::fresh();
        let server = Server::always(at_once(status));
        let outcome = account.token_cli(&server).args(["--retries", "0"]).run();
        assert!(outcome.code != 0, "{outcome:?}");
        assert_eq!(server.requests().len(), 1, "{status}");
    }
    let account = Account::fresh();
    let server = Server::always(at_once(503));
    let _ = account.token_cli(&server).env("M2M_RETRIES", "0").run().fails(7);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn refusals_redirects_and_nonsense_are_never_tried_again() {
    for (code, reply) in [
        (3, Reply::json(400, &json!({ "error": "invalid_client" }))),
        (3, Reply::json(401, &json!({ "error": "invalid_client" }))),
        (4, Reply::json(400, &json!({ "error": "invalid_scope" }))),
        (7, Reply::html(403, "Forbidden")),
        (7, Reply::html(404, "Not Found")),
        (7, Reply::html(200, "Sign in")),
        (7, Reply::json_text(200, "{\"access_token\":")),
        (7, Reply::redirect(307, "/elsewhere")),
        (3, Reply::json(401, &json!({ "error": "invalid_client" })).header("Retry-After", "0")),
    ] {
        assert_eq!(attempts(code, &[], reply.clone()), 1, "{reply:?}");
    }
}

#[test]
fn a_tls_failure_is_never_tried_again() {
    let account = Account::fresh();
    let server = Server::greeting(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    let url = format!("https://127.0.0.1:{}/t", server.port());
    let _ = account.cli(["token", "--token-url", &url]).run().fails(5);
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_connection_closed_before_any_byte_is_tried_again() {
    let account = Account::fresh();
    recovers(&account, vec![Reply::closed(), account.grants()]);
    recovers(&account, vec![Reply::closed(), Reply::closed(), account.grants()]);
    assert_eq!(attempts(5, &[], Reply::closed()), 3);
    assert_eq!(attempts(5, &["--retries", "0"], Reply::closed()), 1);
}

#[test]
fn a_connection_reset_before_any_byte_is_tried_again() {
    let account = Account::fresh();
    recovers(&account, vec![Reply::reset(), account.grants()]);
}

#[test]
fn an_answer_that_breaks_off_is_not_tried_again() {
    let account = Account::fresh();
    for end in [End::Close, End::Reset] {
        let server = Server::always(account.grants().cut_after(12, end));
        let outcome = account.token_cli(&server).run();
        assert!([5, 7].contains(&outcome.code), "{outcome:?}");
        assert_eq!(server.requests().len(), 1, "a token may have been granted, and billed");
    }
}

#[test]
fn discovery_is_tried_again() {
    for first in [at_once(503), at_once(429), at_once(500), Reply::closed()] {
        let account = Account::fresh();
        let document = |request: &crate::support::Request| Reply::json(200, &metadata(&request.origin()));
        let (grants, asked) = (account.grants(), std::sync::atomic::AtomicUsize::new(0));
        let server = Server::start(move |request| match asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
            0 => first.clone(),
            1 => document(request),
            _ => grants.clone(),
        });
        let _ = account.cli(["token", "--issuer", &server.url("")]).run().succeeds();
        let get = "GET /.well-known/openid-configuration";
        assert_eq!(server.lines(), [get, get, "POST /oauth2/token"]);
    }
}

#[test]
fn a_lookup_is_tried_again_with_the_same_token_and_correlation_id() {
    for first in [at_once(503), at_once(429), at_once(500), at_once(502), at_once(504), at_once(408), Reply::closed()] {
        let lookup = Lookup::fresh();
        let body = json!([lookup.participant()]).to_string();
        let (found, asked) = (Reply::json_text(200, &body), std::sync::atomic::AtomicUsize::new(0));
        let server = lookup.server(move |_| match asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
            0 => first.clone(),
            _ => found.clone(),
        });
        assert_eq!(lookup.by_login(&server).run().succeeds().trim_end(), body);
        let requests = server.requests();
        assert_eq!(requests.len(), 4, "metadata, token, lookup, lookup: {:?}", server.lines());
        assert_eq!(requests[2].line(), requests[3].line());
        for name in ["x-correlation-id", "authorization"] {
            assert_eq!(requests[2].header(name), requests[3].header(name));
        }
    }
}

#[test]
fn retry_after_in_seconds_is_waited_for() {
    let account = Account::fresh();
    let server = Server::script([Reply::new(429).header("Retry-After", "1"), account.grants()]);
    let _ = account.token_cli(&server).run();
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests[1].at.saturating_sub(requests[0].at) >= Duration::from_millis(950));
}

#[test]
fn retry_after_as_a_date_is_waited_for() {
    let account = Account::fresh();
    // A date has whole seconds, so two seconds from now is between one and two seconds away.
    let date = SystemTime::now() + Duration::from_secs(2);
    let reply = Reply::new(503).header("Retry-After", &httpdate::fmt_http_date(date));
    let server = Server::script([reply, account.grants()]);
    let start = Instant::now();
    let _ = account.token_cli(&server).run();
    assert_eq!(server.requests().len(), 2);
    assert!(start.elapsed() >= Duration::from_millis(900), "{:?}", start.elapsed());
}

#[test]
fn a_retry_after_that_has_passed_or_makes_no_sense_stops_nothing() {
    for value in ["Wed, 21 Oct 2015 07:28:00 GMT", "soon", "-5", ""] {
        let account = Account::fresh();
        recovers(&account, vec![Reply::new(503).header("Retry-After", value), account.grants()]);
    }
}

#[test]
fn a_retry_after_beyond_the_deadline_fails_at_once_with_exit_6() {
    let in_an_hour = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(3600));
    for status in [429, 503] {
        for value in ["3600", &in_an_hour, "99999999999999999999"] {
            let account = Account::fresh();
            let server = Server::always(Reply::new(status).header("Retry-After", value));
            let outcome = account.token_cli(&server).args(["--error-format", "json"]).run();
            assert!(outcome.took < Duration::from_secs(15), "at once: {outcome:?}");
            assert_eq!(outcome.fails_in_json(6).kind, "throttled", "{status} {value}");
            assert_eq!(server.requests().len(), 1);
        }
    }
}

/// What is refused stays refused, however long the client waits: `Retry-After` does not turn it into throttling.
#[test]
fn a_wait_beside_a_refusal_that_is_never_repeated_is_no_throttle() {
    let account = Account::fresh();
    for (code, kind, reply) in [
        (3, "credentials_rejected", Reply::json(401, &json!({ "error": "invalid_client" }))),
        (4, "scope_rejected", Reply::json(400, &json!({ "error": "invalid_scope" }))),
        (7, "bad_response", Reply::redirect(307, "/elsewhere")),
        (7, "bad_response", Reply::html(404, "Not Found")),
    ] {
        let cli = || account.token_from(reply.clone().header("Retry-After", "86400"));
        let json = cli().env("M2M_ERROR_FORMAT", "json").run().fails_in_json(code);
        assert_eq!(json.kind, kind, "{reply:?}");
    }
}
