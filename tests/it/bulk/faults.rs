//! Bulk lookups while the API fails: each line gets its outcome, and no line is lost.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::bulk_lookup::{found, grants, lookups, rows};
use crate::support::http::reply::End;
use crate::support::lookup::gateway;
use crate::support::{BulkLookup, Reply, Request, Server};

/// A server that treats each CPF's first lookup with `fault`, and finds it from then on.
fn failing_first(batch: &BulkLookup, fault: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Server {
    let seen: Mutex<HashMap<String, ()>> = Mutex::default();
    batch.lookup.server(move |request| {
        let first = seen.lock().unwrap().insert(request.target.clone(), ()).is_none();
        if first { fault(request) } else { found(request) }
    })
}

#[test]
fn a_storm_of_429_loses_no_line() {
    let batch = BulkLookup::of(40);
    for throttled in [gateway(429, "Rate limit is exceeded."), gateway(429, "x").header("Retry-After", "0")] {
        let server = batch.server_with(move |at, found| if at % 3 == 0 { throttled.clone() } else { found });
        batch.all_in_order(&batch.cli(&server).args(["-q", "--retries", "0"]).run().succeeds());
        assert_eq!(grants(&server), 1);
    }
}

/// While one lookup has been told to wait, the others do not come either.
#[test]
fn retry_after_holds_everybody_back() {
    for status in [429, 503] {
        let batch = BulkLookup::of(30);
        let server =
            batch.server_with(
                move |at, found| {
                    if at == 5 { gateway(status, "wait").header("Retry-After", "1") } else { found }
                },
            );
        batch.all_in_order(&batch.cli(&server).args(["-q", "--concurrency", "4"]).run().succeeds());
        let lookups = lookups(&server);
        let told = lookups[5].at;
        // Three others are in flight when the answer comes, and may be followed before it is read.
        let early = lookups[9..].iter().filter(|other| other.at < told + Duration::from_millis(900)).count();
        assert!(early <= 3, "{status}: {:?}", lookups.iter().map(|other| other.at).collect::<Vec<_>>());
    }
}

#[test]
fn a_wait_beyond_the_deadline_ends_the_run_and_resume_completes_it() {
    for (status, message) in [(429, "wait"), (503, "wait"), (403, "Out of call volume quota.")] {
        let batch = BulkLookup::of(20);
        let out = tempfile::TempDir::new().unwrap();
        let path = out.path().join("out.ndjson");
        let server =
            batch.server_with(
                move |at, found| {
                    if at == 12 { gateway(status, message).header("Retry-After", "3600") } else { found }
                },
            );
        let outcome = batch.cli(&server).arg("--resume").arg(&path).run();
        assert_eq!((outcome.code, outcome.stdout.as_str()), (6, ""), "{outcome:#?}");
        assert!(outcome.stderr.contains("--resume"), "how to go on: {outcome:#?}");
        let before = std::fs::read_to_string(&path).unwrap();
        assert!(before.lines().count() < 20, "{before}");
        let server = batch.server();
        let _ = batch.cli(&server).arg("-q").arg("--resume").arg(&path).run().succeeds();
        let after = std::fs::read_to_string(&path).unwrap();
        assert!(after.starts_with(&before), "what was there stays as it was");
        batch.all_in_order(&after);
        assert_eq!(lookups(&server).len(), 20 - before.lines().count());
    }
}

#[test]
fn broken_connections_lose_no_line() {
    let batch = BulkLookup::of(24);
    let server = failing_first(&batch, |request| match request.target.bytes().last() {
        Some(b'0'..=b'2') => Reply::reset(),
        Some(b'3'..=b'5') => Reply::closed(),
        Some(b'6' | b'7') => found(request).cut_after(10, End::Reset),
        _ => found(request).chunked().cut_after(20, End::Close),
    });
    batch.all_in_order(&batch.cli(&server).arg("-q").run().succeeds());
    assert_eq!((grants(&server), lookups(&server).len()), (1, 48));
}

#[test]
fn a_server_that_stumbles_is_asked_again() {
    for status in [408, 500, 502, 503, 504] {
        let batch = BulkLookup::of(6);
        let server = failing_first(&batch, move |_| Reply::new(status));
        batch.all_in_order(&batch.cli(&server).arg("-q").run().succeeds());
        assert_eq!(lookups(&server).len(), 12, "{status}");
    }
}

#[test]
fn a_line_that_keeps_failing_is_an_error_and_the_others_are_answered() {
    let batch = BulkLookup::of(10);
    let bad = batch.cpfs[4].clone();
    let server = batch
        .lookup
        .server(move |request| if request.target.contains(&bad) { Reply::new(502) } else { found(request) });
    let outcome = batch.cli(&server).run();
    assert_eq!(outcome.code, 7, "{outcome:#?}");
    for (row, number) in rows(&outcome.stdout).iter().zip(1..) {
        if number == 5 {
            assert_eq!((&row["status"], &row["error"]["http_status"]), (&"error".into(), &502.into()));
        } else {
            assert_eq!(row, &batch.row(number));
        }
    }
    assert_eq!(lookups(&server).len(), 12, "three attempts at the bad one");
}

#[test]
fn refusals_are_not_asked_again() {
    for (status, code) in [(400, 8), (403, 8), (404, 8), (422, 8), (302, 7)] {
        let batch = BulkLookup::of(4);
        let server = batch.server_with(move |_, _| gateway(status, "no"));
        let outcome = batch.cli(&server).run();
        assert_eq!((outcome.code, lookups(&server).len()), (code, 4), "{status}: {outcome:#?}");
        assert!(rows(&outcome.stdout).iter().all(|row| row["status"] == "error"), "{status}");
    }
}

#[test]
fn an_api_that_never_stops_throttling_ends_the_run() {
    let batch = BulkLookup::of(30);
    let server = batch.server_with(|_, _| gateway(429, "no").header("Retry-After", "0"));
    let stderr = batch.cli(&server).run().fails(6);
    assert!(stderr.contains("--resume"), "{stderr}");
    assert!(lookups(&server).len() < 400, "{}", lookups(&server).len());
}

#[test]
fn a_secret_that_the_api_echoes_is_hidden_in_the_output() {
    let batch = BulkLookup::of(4);
    let key = batch.lookup.key.clone();
    let count = AtomicUsize::new(0);
    let server = batch.lookup.server(move |request| {
        if count.fetch_add(1, Ordering::SeqCst).is_multiple_of(2) {
            Reply::json_text(200, &format!("[{{\"id\":1,\"echo\":\"{key}\"}}]"))
        } else {
            gateway(422, &format!("you sent {}", request.header("authorization").unwrap_or_default()))
        }
    });
    let outcome = batch.cli(&server).run();
    assert_eq!(outcome.code, 8);
    assert_eq!(outcome.stdout.matches("[hidden]").count(), 4, "{}", outcome.stdout);
}
