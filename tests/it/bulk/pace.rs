//! The pace of a bulk lookup: concurrency, `--rate`, and lines that are written as soon as their turn comes.

use std::io::{BufRead as _, BufReader, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use crate::support::bulk_lookup::{found, lookups};
use crate::support::{BulkLookup, Reply, Server};

/// Counts the requests that are in the API at the same time.
#[derive(Default)]
struct InFlight {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl InFlight {
    fn stay(&self, time: Duration) {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        std::thread::sleep(time);
        self.now.fetch_sub(1, Ordering::SeqCst);
    }
}

fn counting_server(batch: &BulkLookup, in_flight: &Arc<InFlight>) -> Server {
    let in_flight = Arc::clone(in_flight);
    batch.lookup.server(move |request| {
        in_flight.stay(Duration::from_millis(3));
        found(request)
    })
}

#[test]
fn neither_requests_in_flight_nor_connections_exceed_the_concurrency() {
    let batch = BulkLookup::of(300);
    for (concurrency, args) in
        [(8, &["-q"] as &[&str]), (1, &["-q", "--concurrency", "1"]), (3, &["-q", "--concurrency", "3"])]
    {
        let in_flight = Arc::new(InFlight::default());
        let server = counting_server(&batch, &in_flight);
        batch.all_in_order(&batch.cli(&server).args(args.iter().copied()).run().succeeds());
        let most = in_flight.most.load(Ordering::SeqCst);
        assert!(most <= concurrency, "{most} at once, not {concurrency}");
        let connections = server.connections();
        assert!(connections <= concurrency, "{connections} connections for {concurrency} at once");
    }
}

/// The first requests are answered when eight are there, so a run with fewer in flight would never end.
#[test]
fn eight_are_in_flight_unless_told_otherwise() {
    let batch = BulkLookup::of(8);
    let gate = Arc::new((Mutex::new(0), Condvar::new()));
    let server = batch.lookup.server(move |request| {
        let (count, more) = &*gate;
        let mut count = count.lock().unwrap();
        *count += 1;
        more.notify_all();
        drop(more.wait_timeout_while(count, Duration::from_secs(30), |count| *count < 8).unwrap());
        found(request)
    });
    batch.all_in_order(&batch.cli(&server).arg("-q").run().succeeds());
}

/// The first answer comes when fifty others have been asked for: they wait for it, and it delays no other.
#[test]
fn a_slow_answer_holds_its_own_line_up_and_no_request() {
    let batch = BulkLookup::of(60);
    let first = batch.cpfs[0].clone();
    let gate = Arc::new((Mutex::new(0), Condvar::new()));
    let server = batch.lookup.server(move |request| {
        let (count, more) = &*gate;
        let mut count = count.lock().unwrap();
        *count += 1;
        more.notify_all();
        if request.target.contains(&first) {
            drop(more.wait_timeout_while(count, Duration::from_secs(30), |count| *count < 50).unwrap());
        }
        found(request)
    });
    batch.all_in_order(&batch.cli(&server).arg("-q").run().succeeds());
}

#[test]
fn the_rate_is_a_ceiling() {
    let batch = BulkLookup::of(11);
    let server = batch.server();
    batch.all_in_order(&batch.cli(&server).args(["-q", "--rate", "50"]).run().succeeds());
    let lookups = lookups(&server);
    let took = lookups[10].at - lookups[0].at;
    // Ten intervals of 20 ms; what a clock tick and the way to the server may shorten is left out.
    assert!(took >= Duration::from_millis(180), "{took:?}");
}

#[test]
fn lines_appear_while_the_input_is_still_open() {
    let batch = BulkLookup::of(5);
    let server = batch.server();
    let (stdin, mut feed) = std::io::pipe().unwrap();
    let (output, stdout) = std::io::pipe().unwrap();
    let run = batch.lookup.cli(&server).args(["--cpf-file", "-", "-q"]).stdin_from(stdin).stdout_to(stdout).start();
    let mut output = BufReader::new(output);
    for number in 1..=5 {
        writeln!(feed, "{}", batch.cpfs[number - 1]).unwrap();
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(&line).unwrap(), batch.row(number));
    }
    drop(feed);
    let _ = run.finish().succeeds();
}

/// The reader of stdout takes longer than the deadline of a request: the requests in flight meanwhile are not lost.
#[test]
fn a_slow_reader_loses_no_line() {
    let batch = BulkLookup::of(400);
    let server = batch.server_with(|_, reply| reply.body(format!("[{{\"pad\":\"{}\"}}]", "x".repeat(2000))));
    let (output, stdout) = std::io::pipe().unwrap();
    let run = batch.cli(&server).args(["-q", "--timeout", "1s"]).stdout_to(stdout).start();
    std::thread::sleep(Duration::from_millis(2500));
    let lines: Vec<String> = BufReader::new(output).lines().map(Result::unwrap).collect();
    let _ = run.finish().succeeds();
    assert_eq!(lines.len(), 400);
    assert!(lines.iter().all(|line| line.contains("\"status\":\"found\"")));
}

#[test]
fn one_correlation_id_and_one_token_serve_all() {
    let batch = BulkLookup::of(20);
    let server = batch.server();
    let _ = batch.cli(&server).arg("-q").run().succeeds();
    let lookups = lookups(&server);
    let first = &lookups[0];
    for name in ["authorization", "x-correlation-id", "ocp-apim-subscription-key"] {
        assert!(first.header(name).is_some() && lookups.iter().all(|other| other.header(name) == first.header(name)));
    }
}

#[test]
fn each_lookup_has_the_deadline_for_itself() {
    let batch = BulkLookup::of(12);
    let server = batch.server_with(|_, found| found.after(Duration::from_millis(250)));
    batch.all_in_order(&batch.cli(&server).args(["-q", "--timeout", "1500ms", "--concurrency", "1"]).run().succeeds());
}

#[test]
fn a_lookup_that_is_never_answered_is_a_line_of_its_own() {
    let batch = BulkLookup::of(5);
    let lost = batch.cpfs[2].clone();
    let server = batch.lookup.server(
        move |request| {
            if request.target.contains(&lost) { Reply::silent() } else { found(request) }
        },
    );
    let outcome = batch.cli(&server).args(["--timeout", "500ms", "--retries", "1"]).run();
    assert_eq!(outcome.code, 5, "{outcome:#?}");
    let rows = crate::support::bulk_lookup::rows(&outcome.stdout);
    assert_eq!(rows.len(), 5);
    assert_eq!((&rows[2]["status"], &rows[2]["error"]["kind"]), (&"error".into(), &"unreachable".into()));
    assert_eq!(lookups(&server).len(), 6, "the lost one is asked for twice");
}
