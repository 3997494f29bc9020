//! `m2m request`: the body on stdout whatever the status, and the exit code.

use std::io::{Read as _, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;

use crate::support::bulk_lookup::grants;
use crate::support::call::{call, calls, granting};
use crate::support::http::reply::End;
use crate::support::lookup::{Lookup, cloudloyalty, gateway};
use crate::support::{Outcome, Reply};

const KEY: &str = "Access denied due to missing subscription key. Make sure to include subscription key when making requests to an API.";
const QUOTA: &str = "Out of call volume quota. Quota will be replenished in 01:23:45.";

/// Runs a GET that is answered with `reply`, without retries, and asserts exit code and kind, and the body on stdout.
#[track_caller]
fn ends(code: i32, kind: &str, reply: Reply, body: &str) -> Outcome {
    let lookup = Lookup::fresh();
    let server = lookup.answering(reply);
    let outcome = call(&lookup, &server, ["/x", "--retries", "0", "--error-format", "json"]).run();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (code, body), "{outcome:#?}");
    let error: serde_json::Value = serde_json::from_str(&outcome.stderr).unwrap_or_default();
    assert_eq!(error["error"]["kind"], kind, "{outcome:#?}");
    outcome
}

#[test]
fn every_success_is_one() {
    let lookup = Lookup::fresh();
    for (status, body) in [(200, "{}"), (201, "created"), (202, ""), (204, ""), (206, "part")] {
        let reply =
            if status == 204 { Reply::raw("HTTP/1.1 204 No Content\r\n\r\n") } else { Reply::new(status).body(body) };
        let server = lookup.answering(reply);
        assert_eq!(call(&lookup, &server, ["/x"]).run().succeeds(), body, "{status}");
    }
}

#[test]
fn other_answers_have_the_code_of_their_class() {
    let bearer = |error: &str| format!("Bearer error=\"{error}\"");
    let message = |text: &str| json!({ "statusCode": 401, "message": text }).to_string();
    let token = Reply::json_text(401, "{}").header("WWW-Authenticate", &bearer("invalid_token"));
    let scope = Reply::json_text(403, "{}").header("WWW-Authenticate", &bearer("insufficient_scope"));
    let _ = ends(8, "api_refused", token, "{}");
    let _ = ends(4, "scope_rejected", scope, "{}");
    let _ = ends(8, "api_refused", Reply::json_text(401, &message(KEY)), &message(KEY));
    let _ = ends(6, "throttled", Reply::new(429).body("slow"), "slow");
    let _ = ends(6, "throttled", Reply::new(403).header("Retry-After", "60").body("quota"), "quota");
    let _ = ends(6, "throttled", Reply::json_text(403, &message(QUOTA)), &message(QUOTA));
    for status in [400, 403, 404, 405, 409, 422] {
        let _ = ends(8, "api_refused", Reply::new(status).body("no"), "no");
    }
    for status in [500, 501, 502, 503, 504] {
        let _ = ends(7, "bad_response", Reply::new(status).body("oops"), "oops");
    }
    let _ = ends(7, "bad_response", Reply::new(302).body("there"), "there");
    let wrong_kind = cloudloyalty(401, json!("103"), "Tipo de token inválido.");
    let outcome =
        ends(8, "api_refused", wrong_kind, "{\"errors\":[{\"code\":\"103\",\"message\":\"Tipo de token inválido.\"}]}");
    assert!(outcome.stderr.contains("impersonation"), "{outcome:#?}");
}

#[test]
fn a_refused_key_costs_no_second_token_and_a_refused_cached_token_one() {
    let lookup = Lookup::fresh();
    for (reply, expected) in
        [(gateway(401, KEY), (8, 1, 1)), (gateway(401, "Access token is missing or invalid."), (8, 2, 2))]
    {
        let server = granting(
            &lookup.account,
            move |request| {
                if request.path() == "/ok" { Reply::new(200) } else { reply.clone() }
            },
        );
        let dir = tempfile::TempDir::new().unwrap();
        let cached = |args: [&str; 1]| call(&lookup, &server, args).env("M2M_CACHE_DIR", dir.path());
        let _ = cached(["/ok"]).run().succeeds();
        let before = calls(&server).len();
        let outcome = cached(["/x"]).run();
        assert_eq!((outcome.code, grants(&server), calls(&server).len() - before), expected, "{outcome:#?}");
    }
}

/// Also for a POST: a 401 says that nothing was done.
#[test]
fn a_call_refused_for_its_cached_token_is_repeated_with_a_new_one() {
    let lookup = Lookup::fresh();
    let old = format!("Bearer {}", lookup.account.token);
    let revoked = std::sync::Arc::new(AtomicUsize::new(0));
    let server = granting(&lookup.account, {
        let revoked = std::sync::Arc::clone(&revoked);
        move |request| {
            let bad = revoked.load(Ordering::SeqCst) > 0 && request.header("authorization") == Some(&old);
            if bad {
                gateway(401, "Access token is missing or invalid.")
            } else {
                Reply::new(200).body(request.body.clone())
            }
        }
    });
    let dir = tempfile::TempDir::new().unwrap();
    let post = || call(&lookup, &server, ["POST", "/x", "--json", "[1]"]).env("M2M_CACHE_DIR", dir.path());
    assert_eq!(post().run().succeeds(), "[1]");
    revoked.store(1, Ordering::SeqCst);
    assert_eq!(post().run().succeeds(), "[1]");
    assert_eq!((grants(&server), calls(&server).len()), (2, 3));
}

#[test]
fn a_get_is_repeated_and_a_post_is_not() {
    let lookup = Lookup::fresh();
    for fault in [Reply::new(503), Reply::new(429), Reply::reset(), Reply::closed()] {
        for (args, code, expected) in [
            (&["/x"][..], 0, 2),
            (&["POST", "/x"], -1, 1),
            (&["PUT", "/x", "--json", "1"], -1, 1),
            (&["DELETE", "/x"], -1, 1),
        ] {
            let (count, fault) = (AtomicUsize::new(0), fault.clone());
            let server = lookup.server(move |_| {
                if count.fetch_add(1, Ordering::SeqCst) == 0 { fault.clone() } else { Reply::new(200).body("ok") }
            });
            let outcome = call(&lookup, &server, args.iter().copied()).run();
            assert_eq!(calls(&server).len(), expected, "{args:?}: {outcome:#?}");
            assert!((outcome.code == 0) == (code == 0), "{args:?}: {outcome:#?}");
        }
    }
}

#[test]
fn status_and_headers_are_shown_before_the_body() {
    let lookup = Lookup::fresh();
    for status in [200, 404] {
        let body = json!({ "done": true }).to_string();
        let reply =
            Reply::new(status).header("X-Thing", "a\u{202e}b").header("Set-Cookie", "sid=abcdef").body(body.clone());
        let server = lookup.answering(reply);
        let outcome = call(&lookup, &server, ["-i", "/x"]).run();
        assert_eq!((outcome.code, outcome.stdout), (if status == 200 { 0 } else { 8 }, body));
        assert!(outcome.stderr.starts_with(&format!("< HTTP {status}\n")), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("< x-thing: a\\u{202e}b\n"), "{}", outcome.stderr);
        assert!(!outcome.stderr.contains("abcdef"), "{}", outcome.stderr);
    }
}

/// The server sends no more than the first bytes: they are there, and so are the headers, before any more has come.
#[cfg(unix)]
#[test]
fn the_body_streams() {
    let lookup = Lookup::fresh();
    let server = lookup.answering(Reply::new(200).body("data: 1\n".repeat(10)).cut_after(16, End::Hang));
    let (mut output, stdout) = std::io::pipe().unwrap();
    let run = call(&lookup, &server, ["-i", "/x"]).stdout_to(stdout).start();
    let mut first = [0; 16];
    output.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"data: 1\ndata: 1\n");
    run.interrupt();
    let outcome = run.finish();
    assert_eq!(outcome.code, 130, "{outcome:#?}");
    assert!(outcome.stderr.starts_with("< HTTP 200\n"), "{outcome:#?}");
}

#[test]
fn what_has_not_changed_is_no_redirect() {
    let lookup = Lookup::fresh();
    let server = lookup.answering(Reply::raw("HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n"));
    let stderr = call(&lookup, &server, ["/x", "-H", "If-None-Match: \"x\""]).run().fails(8);
    assert!(stderr.contains("not changed") && !stderr.contains("redirect") && !stderr.contains("api_url"), "{stderr}");
    let stderr = call(&lookup, &server, ["/x"]).run().fails(7);
    assert!(stderr.contains("304") && !stderr.contains("redirect"), "{stderr}");
}

#[test]
fn the_sent_counts_the_bytes_of_a_body_that_is_passed_on() {
    let lookup = Lookup::fresh();
    let server = lookup.answering(Reply::new(200).body(".".repeat(1000)));
    let outcome = call(&lookup, &server, ["/x", "-v"]).run();
    assert!(outcome.stderr.contains("/x: answered 200, 1000 bytes, after "), "{}", outcome.stderr);
}

#[test]
fn the_sent_names_a_request_before_its_headers() {
    let lookup = Lookup::fresh();
    let server = lookup.answering(Reply::new(200));
    let outcome = call(&lookup, &server, ["/x", "-vv"]).run();
    let sent: Vec<&str> = outcome.stderr.lines().filter_map(|line| line.strip_prefix("m2m: > ")).collect();
    let named = format!("GET {}", server.url("/x"));
    let at = sent.iter().position(|line| *line == named).unwrap_or_else(|| panic!("{}", outcome.stderr));
    assert!(sent[at + 1].starts_with("accept: "), "{sent:?}");
    assert!(sent[..at].iter().all(|line| *line != "accept: */*"), "{sent:?}");
}

/// A login or a CPF of another spelling may be among them.
#[test]
fn values_of_the_query_are_hidden_where_an_error_repeats_them() {
    let lookup = Lookup::fresh();
    let body = "{\"message\":\"nobody called Ana.Souza@x, page 10 of stage\"}";
    let server = lookup.answering(Reply::json_text(422, body));
    let outcome = call(&lookup, &server, ["/x?who=ana.souza%40x&page=10"]).run();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (8, body));
    assert!(outcome.stderr.contains("nobody called [hidden], page 10 of stage"), "{}", outcome.stderr);
}

#[test]
fn a_body_that_breaks_off_or_stalls_is_an_error_and_what_came_is_kept() {
    let lookup = Lookup::fresh();
    let server = lookup.answering(Reply::new(200).body(".".repeat(1000)).cut_after(600, End::Close));
    let outcome = call(&lookup, &server, ["/x"]).run();
    assert_eq!((outcome.code, outcome.stdout.len(), calls(&server).len()), (7, 600, 1), "{outcome:#?}");
    let server = lookup.answering(Reply::new(200).body(".".repeat(1000)).cut_after(600, End::Hang));
    let outcome = call(&lookup, &server, ["/x", "--timeout", "2s"]).run();
    assert_eq!((outcome.code, outcome.stdout.len(), calls(&server).len()), (5, 600, 1), "{outcome:#?}");
}

#[test]
fn secrets_that_the_api_echoes_are_hidden_wherever_the_pieces_end() {
    let lookup = Lookup::fresh();
    for status in [200, 422] {
        let server = lookup.server(move |request| {
            let token = request.header("authorization").unwrap_or_default().replace("Bearer ", "");
            let key = request.header("ocp-apim-subscription-key").unwrap_or_default();
            let body = format!("begin {token} middle {key}{key} end");
            Reply::new(status).body(body).chunked().dripping(Duration::from_micros(200))
        });
        let outcome = call(&lookup, &server, ["/x"]).run();
        assert_eq!(outcome.stdout, "begin [hidden] middle [hidden][hidden] end", "{outcome:#?}");
    }
}

/// A short secret may be an ordinary word in the data, which is not what the API sent any more.
#[test]
fn data_that_was_changed_to_hide_a_secret_is_warned_of_once() {
    let lookup = Lookup::fresh();
    let server = lookup.answering(Reply::json_text(200, "[{\"name\":\"gold\",\"segment\":{\"name\":\"gold\"}}]"));
    let stage = |command: &str, args: &[&str]| {
        let cli = lookup.account.cli([command, "--issuer", &server.url(""), "--api-url", &server.url("")]);
        cli.args(args.to_vec()).env("M2M_SUBSCRIPTION_KEY", "gold").stdin("a\nb\n").run()
    };
    for (command, args) in [
        ("request", &["/x"][..]),
        ("participant", &["--login", "ana"]),
        ("participant", &["--login", "ana", "--redact"]),
        ("participant", &["--login-file", "-", "-q"]),
    ] {
        let outcome = stage(command, args);
        assert!(!outcome.stdout.contains("gold") && outcome.stdout.contains("[hidden]"), "{outcome:#?}");
        let expected = "warning: the output held the value of `subscription_key`; `[hidden]` stands in its place\n";
        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, expected), "{args:?}");
    }
}

#[test]
fn a_large_body_passes_whole_and_a_closed_pipe_is_no_error() {
    let lookup = Lookup::fresh();
    let body = "0123456789abcdef\n".repeat(100_000);
    let server = lookup.answering(Reply::new(200).body(body.clone()));
    assert_eq!(call(&lookup, &server, ["/x"]).run().succeeds(), body);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let _ = call(&lookup, &server, ["/x"]).stdout_to(writer).run().succeeds();
    let mut full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    if full.write_all(b"x").is_err() {
        let outcome = call(&lookup, &server, ["/x"]).stdout_to(full).run();
        assert_eq!(outcome.code, 1, "{outcome:#?}");
    }
}

/// A revoked token would otherwise stay in the cache, and every later call would fail.
#[test]
fn a_cached_token_that_is_refused_as_invalid_is_renewed_whatever_the_status() {
    let challenge = "Bearer error=\"invalid_token\", error_description=\"expired\"";
    for refusal in [
        Reply::new(403).header("WWW-Authenticate", challenge),
        Reply::json(403, &json!({ "error": { "code": "InvalidTokenError", "message": "expired" } })),
        Reply::json(400, &json!({ "error": "invalid_token" })),
    ] {
        let lookup = Lookup::fresh();
        let dir = tempfile::TempDir::new().unwrap();
        let asked = std::sync::Arc::new(AtomicUsize::new(0));
        let seen = asked.clone();
        let server = granting(&lookup.account, move |request| match request.path() {
            "/x" if seen.fetch_add(1, Ordering::SeqCst) == 0 => refusal.clone(),
            _ => Reply::new(200).body("fine"),
        });
        let cached = |target: &'static str| call(&lookup, &server, [target]).env("M2M_CACHE_DIR", dir.path());
        let _ = cached("/ok").run().succeeds();
        assert_eq!(cached("/x").run().succeeds(), "fine");
        assert_eq!((asked.load(Ordering::SeqCst), grants(&server)), (2, 2));
    }
}
