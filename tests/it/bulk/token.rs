//! The token of a bulk lookup: one for all lines, replaced only when it expires or the API rejects it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;

use crate::support::account::{TOKEN_PATH, metadata};
use crate::support::bulk_lookup::{found, grants, rows};
use crate::support::lookup::{PATH, gateway};
use crate::support::{BulkLookup, Reply, Request, Server};

/// What Azure API Management says of a token that it does not accept.
fn bad_token() -> Reply {
    gateway(401, "Unauthorized. Access token is missing or invalid.")
        .header("WWW-Authenticate", "Bearer error=\"invalid_token\"")
}

/// A server that numbers its tokens, and an API that is told how many were granted.
fn numbered(lifetime: u64, api: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> Server {
    let granted = AtomicUsize::new(0);
    Server::start(move |request| match request.path() {
        TOKEN_PATH => {
            let number = granted.fetch_add(1, Ordering::SeqCst) + 1;
            Reply::json(
                200,
                &json!({ "access_token": format!("token-{number}"), "token_type": "Bearer", "expires_in": lifetime }),
            )
        }
        PATH => api(request, granted.load(Ordering::SeqCst)),
        _ => Reply::json(200, &metadata(&request.origin())),
    })
}

fn carries(request: &Request, number: usize) -> bool {
    request.header("authorization") == Some(&format!("Bearer token-{number}"))
}

#[test]
fn a_token_that_is_refused_half_way_is_renewed_once_for_all() {
    let batch = BulkLookup::of(60);
    let count = AtomicUsize::new(0);
    let revoked = AtomicBool::new(false);
    let server = numbered(3600, move |request, _| {
        if count.fetch_add(1, Ordering::SeqCst) == 25 {
            revoked.store(true, Ordering::SeqCst);
        }
        if carries(request, 1) && revoked.load(Ordering::SeqCst) { bad_token() } else { found(request) }
    });
    batch.all_in_order(&batch.cli(&server).arg("-q").run().succeeds());
    assert_eq!(grants(&server), 2);
}

#[test]
fn a_token_that_expires_half_way_is_renewed_once() {
    let batch = BulkLookup::of(24);
    let server = numbered(2, |request, granted| {
        let reply = if carries(request, granted) { found(request) } else { bad_token() };
        reply.after(Duration::from_millis(150))
    });
    let out = batch.cli(&server).args(["-q", "--concurrency", "1"]).run().succeeds();
    batch.all_in_order(&out);
    // 24 lookups of 150 ms are 3.6 s: one token of two seconds does not last, two do, unless the machine sleeps.
    assert!((2..=4).contains(&grants(&server)), "{}", grants(&server));
    for request in crate::support::bulk_lookup::lookups(&server) {
        assert!(request.header("authorization").is_some());
    }
}

#[test]
fn a_refused_key_asks_for_no_token() {
    let batch = BulkLookup::of(12);
    let message =
        "Access denied due to invalid subscription key. Make sure to provide a valid key for an active subscription.";
    let server = numbered(3600, move |request, _| {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        if COUNT.fetch_add(1, Ordering::SeqCst) < 4 { found(request) } else { gateway(401, message) }
    });
    let outcome = batch.cli(&server).args(["--concurrency", "1"]).run();
    assert_eq!((outcome.code, grants(&server)), (8, 1), "{outcome:#?}");
    let rows = rows(&outcome.stdout);
    assert_eq!(rows[3], batch.row(4));
    assert_eq!((&rows[4]["error"]["kind"], &rows[4]["error"]["http_status"]), (&"api_refused".into(), &401.into()));
}

/// A 401 that persists with a new token is not about the token: such lines must not cost one token each.
#[test]
fn a_401_that_a_new_token_does_not_cure_costs_one_token_at_most() {
    let batch = BulkLookup::of(40);
    let odd: Arc<Vec<String>> = Arc::new(batch.cpfs.iter().step_by(4).cloned().collect());
    let server = numbered(3600, move |request, _| {
        if odd.iter().any(|cpf| request.target.contains(cpf.as_str())) { gateway(401, "no") } else { found(request) }
    });
    let outcome = batch.cli(&server).args(["--concurrency", "1"]).run();
    assert_eq!(rows(&outcome.stdout).iter().filter(|row| row["status"] == "error").count(), 10);
    assert_eq!(outcome.code, 8);
    assert!(grants(&server) <= 2, "{} tokens", grants(&server));
}

#[test]
fn a_token_that_is_refused_from_the_start_is_not_replaced_for_every_line() {
    let batch = BulkLookup::of(20);
    let server = numbered(3600, |_, _| bad_token());
    let outcome = batch.cli(&server).run();
    assert_eq!((outcome.code, grants(&server)), (8, 1), "{outcome:#?}");
}

#[test]
fn a_renewal_that_is_refused_ends_the_run_with_its_own_class() {
    let batch = BulkLookup::of(30);
    let granted = AtomicUsize::new(0);
    let count = AtomicUsize::new(0);
    let server = Server::start(move |request| match request.path() {
        TOKEN_PATH if granted.fetch_add(1, Ordering::SeqCst) == 0 => {
            Reply::json(200, &json!({ "access_token": "token-1", "token_type": "Bearer", "expires_in": 3600 }))
        }
        TOKEN_PATH => Reply::json(400, &json!({ "error": "invalid_client" })),
        PATH if count.fetch_add(1, Ordering::SeqCst) < 16 => found(request),
        PATH => bad_token(),
        _ => Reply::json(200, &metadata(&request.origin())),
    });
    let outcome = batch.cli(&server).run();
    assert_eq!((outcome.code, grants(&server)), (3, 2), "{outcome:#?}");
    assert!(outcome.stderr.contains("--resume"), "{outcome:#?}");
    for (row, number) in rows(&outcome.stdout).iter().zip(1..) {
        assert_eq!(row, &batch.row(number), "whole lines, in order, none of them an error");
    }
}
