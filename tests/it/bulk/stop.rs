//! A bulk lookup that ends early: Ctrl-C once and twice, and a closed stdout.

use std::collections::HashSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tempfile::TempDir;

use crate::support::bulk_lookup::{found, lookups, rows};
use crate::support::{BulkLookup, Reply};

/// Interrupted when `after` lookups have come, then resumed until it is through: the union is the input, no line twice.
#[cfg(unix)]
#[track_caller]
fn interrupted_and_resumed(after: usize) {
    let batch = BulkLookup::of(120);
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("out.ndjson");
    let server = batch.server_with(|_, found| found.after(Duration::from_millis(1)));
    let run = batch.cli(&server).arg("--resume").arg(&path).start();
    while lookups(&server).len() < after {
        std::thread::sleep(Duration::from_micros(200));
    }
    run.interrupt();
    let outcome = run.finish();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (130, ""), "after {after}: {outcome:#?}");
    assert!(outcome.stderr.contains("--resume"), "{outcome:#?}");
    let before = fs::read_to_string(&path).unwrap();
    for (row, number) in rows(&before).iter().zip(1..) {
        assert_eq!(row, &batch.row(number), "whole lines, in order");
    }
    // What was sent is finished, so nothing is asked twice.
    let server = batch.server();
    let _ = batch.cli(&server).arg("-q").arg("--resume").arg(&path).run().succeeds();
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.starts_with(&before));
    batch.all_in_order(&text);
    assert_eq!(lookups(&server).len(), 120 - before.lines().count());
}

#[cfg(unix)]
#[test]
fn interrupted_anywhere_and_resumed_the_union_is_the_input() {
    for after in [1, 7, 8, 9, 20, 33, 60, 100] {
        interrupted_and_resumed(after);
    }
}

/// Every answer but the first takes its time: what is in flight is still finished, what is not in flight is not begun.
#[cfg(unix)]
#[test]
fn what_is_in_flight_is_finished_and_nothing_more_is_begun() {
    let batch = BulkLookup::of(100);
    let server = batch.server_with(|_, found| found.after(Duration::from_millis(700)));
    let run = batch.cli(&server).args(["--concurrency", "4"]).start();
    while lookups(&server).len() < 6 {
        std::thread::sleep(Duration::from_millis(1));
    }
    run.interrupt();
    let outcome = run.finish();
    assert_eq!(outcome.code, 130, "{outcome:#?}");
    let sent: HashSet<String> = lookups(&server).iter().map(|request| request.target.clone()).collect();
    assert!(sent.len() <= 9, "{} were sent", sent.len());
    assert_eq!(rows(&outcome.stdout).len(), sent.len(), "every answer is written");
    assert!(outcome.took < Duration::from_secs(20));
}

#[cfg(unix)]
#[test]
fn answers_that_do_not_come_hold_the_end_up_for_five_seconds_at_most() {
    let batch = BulkLookup::of(20);
    let last = batch.cpfs[9].clone();
    let server = batch.lookup.server(
        move |request| {
            if request.target.contains(&last) { Reply::silent() } else { found(request) }
        },
    );
    let run = batch.cli(&server).start();
    while lookups(&server).len() < 20 {
        std::thread::sleep(Duration::from_millis(1));
    }
    run.interrupt();
    let outcome = run.finish();
    assert_eq!(outcome.code, 130, "{outcome:#?}");
    assert!(outcome.took < Duration::from_secs(12), "{outcome:#?}");
    assert_eq!(rows(&outcome.stdout), (1..=9).map(|number| batch.row(number)).collect::<Vec<_>>());
}

#[cfg(unix)]
#[test]
fn a_second_interrupt_waits_for_nothing() {
    let batch = BulkLookup::of(20);
    let server = batch.lookup.server(|_| Reply::silent());
    let run = batch.cli(&server).start();
    while lookups(&server).len() < 8 {
        std::thread::sleep(Duration::from_millis(1));
    }
    let start = std::time::Instant::now();
    run.interrupt();
    std::thread::sleep(Duration::from_millis(200));
    run.interrupt();
    let outcome = run.finish();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (130, ""), "{outcome:#?}");
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    assert_eq!(outcome.stderr.lines().filter(|line| line.starts_with("error: ")).count(), 1, "{outcome:#?}");
}

#[cfg(unix)]
#[test]
fn a_wait_that_the_api_asked_for_does_not_hold_the_end_up() {
    let batch = BulkLookup::of(20);
    let server = batch.lookup.server(|_| Reply::new(429).header("Retry-After", "25"));
    let run = batch.cli(&server).start();
    while lookups(&server).len() < 8 {
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(Duration::from_millis(100));
    let start = std::time::Instant::now();
    run.interrupt();
    let outcome = run.finish();
    assert_eq!(outcome.code, 130, "{outcome:#?}");
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
}

#[cfg(unix)]
#[test]
fn an_open_stdin_does_not_hold_the_end_up() {
    let batch = BulkLookup::of(1);
    let server = batch.server();
    let (stdin, feed) = std::io::pipe().unwrap();
    let run = batch.lookup.cli(&server).args(["--cpf-file", "-"]).stdin_from(stdin).start();
    server.wait_for_request();
    std::thread::sleep(Duration::from_millis(200));
    run.interrupt();
    let outcome = run.finish();
    assert_eq!(outcome.code, 130, "{outcome:#?}");
    assert!(outcome.took < Duration::from_secs(6), "{outcome:#?}");
    drop(feed);
}

/// Stdout is no longer read, so a write would block forever.
#[cfg(unix)]
#[test]
fn a_reader_that_does_not_read_does_not_hold_the_end_up() {
    let batch = BulkLookup::of(400);
    let count = std::sync::Arc::new(AtomicUsize::new(0));
    let server = batch.server_with({
        let count = std::sync::Arc::clone(&count);
        move |_, found| {
            count.fetch_add(1, Ordering::SeqCst);
            found.body(format!("[{{\"pad\":\"{}\"}}]", "x".repeat(4000)))
        }
    });
    let (output, stdout) = std::io::pipe().unwrap();
    let run = batch.cli(&server).stdout_to(stdout).start();
    while count.load(Ordering::SeqCst) < 18 {
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(Duration::from_millis(300));
    let start = std::time::Instant::now();
    run.interrupt();
    let outcome = run.finish();
    assert_eq!(outcome.code, 130, "{outcome:#?}");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    drop(output);
}

#[test]
fn a_reader_that_goes_away_ends_the_run_quietly() {
    let batch = BulkLookup::of(200);
    let server = batch.server();
    let (output, stdout) = std::io::pipe().unwrap();
    let run = batch.cli(&server).stdout_to(stdout).start();
    let mut output = BufReader::new(output);
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    drop(output);
    let outcome = run.finish();
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{outcome:#?}");
}
