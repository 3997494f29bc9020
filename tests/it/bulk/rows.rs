//! `m2m participant --cpf-file/--login-file`: one output line per input value, in order, whatever the outcome.

use serde_json::{Value, json};

use crate::support::bulk_lookup::{self, grants, lookups, person, row, rows, summed_up};
use crate::support::failure::refused;
use crate::support::lookup::{Lookup, cloudloyalty, gateway};
use crate::support::{BulkLookup, Reply, Server};

#[test]
fn every_line_is_answered_in_the_order_of_the_input() {
    let batch = BulkLookup::of(60);
    let server = batch.server();
    let out = summed_up(batch.cli(&server).run(), "60 lines: 60 found, 0 not found, 0 invalid, 0 errors");
    batch.all_in_order(&out);
    assert_eq!((grants(&server), lookups(&server).len()), (1, 60));
}

#[test]
fn blank_lines_and_comments_are_skipped_and_counted() {
    let batch = BulkLookup::of(3);
    let [a, b, c] = &batch.cpfs[..] else { unreachable!() };
    let input = format!("\u{feff}{a}\r\n\r\n# a comment\r\n   \t\n  {b}  \n#{a}\n{c}");
    let server = batch.server();
    let out = batch.cli_with(&server, &input).arg("-q").run().succeeds();
    assert_eq!(rows(&out), [row(1, a), row(5, b), row(7, c)]);
}

#[test]
fn the_query_is_shown_as_it_was_written_and_sent_as_digits() {
    let batch = BulkLookup::of(1);
    let written = crate::support::random::formatted_cpf(&batch.cpfs[0]);
    let server = batch.server();
    let out = batch.cli_with(&server, &written).arg("-q").run().succeeds();
    let expected =
        json!({ "line": 1, "query": { "cpf": written }, "status": "found", "participants": [person(&batch.cpfs[0])] });
    assert_eq!(rows(&out), [expected]);
    assert_eq!(lookups(&server)[0].query(), [("document".to_owned(), batch.cpfs[0].clone())]);
}

#[test]
fn an_invalid_cpf_costs_no_request() {
    let batch = BulkLookup::of(1);
    let input = format!("11111111111\n{}\n12345678900\nnot a cpf\n", batch.cpfs[0]);
    let server = batch.server();
    let out = summed_up(batch.cli_with(&server, &input).run(), "4 lines: 1 found, 0 not found, 3 invalid, 0 errors");
    let rows = rows(&out);
    let statuses: Vec<&Value> = rows.iter().map(|row| &row["status"]).collect();
    assert_eq!(statuses, ["invalid", "found", "invalid", "invalid"]);
    assert_eq!(rows[0]["query"], json!({ "cpf": "11111111111" }));
    assert_eq!(rows[0]["error"]["kind"], "usage");
    assert!(rows[0].get("participants").is_none(), "{}", rows[0]);
    assert_eq!(lookups(&server).len(), 1);
}

#[test]
fn nobody_is_an_answer() {
    let batch = BulkLookup::of(3);
    let server = batch.server_with(|at, found| match at {
        0 => found,
        1 => Reply::json_text(200, "[]"),
        _ => cloudloyalty(400, json!("113"), "Participante não encontrado."),
    });
    let out = summed_up(
        batch.cli(&server).args(["--concurrency", "1"]).run(),
        "3 lines: 1 found, 2 not found, 0 invalid, 0 errors",
    );
    let nobody = |at: usize| json!({ "line": at, "query": { "cpf": batch.cpfs[at - 1] }, "status": "not_found", "participants": [] });
    assert_eq!(rows(&out), [batch.row(1), nobody(2), nobody(3)]);
}

/// The lines of the output have no hints, and a wrong path fails all of them the same way.
#[test]
fn the_first_error_is_told_at_length_once() {
    let batch = BulkLookup::of(3);
    let server = batch.server_with(|_, _| gateway(404, "Resource not found"));
    let stderr = batch.cli(&server).run().stderr;
    let told = format!("  cause: the first, line 1: the API knows no such path\n  cause: GET {}", server.url(""));
    assert!(stderr.contains(&told) && stderr.contains("participant_by_cpf"), "{stderr}");
    assert_eq!(stderr.matches("the API knows no such path").count(), 1, "{stderr}");
}

#[test]
fn what_the_first_error_repeats_of_its_value_is_hidden() {
    let lookup = Lookup::fresh();
    let server = lookup.answering(cloudloyalty(422, json!("7"), &format!("no {} here", lookup.login)));
    let outcome = lookup.cli(&server).args(["--login-file", "-"]).stdin(format!("{}\n", lookup.login)).run();
    assert!(outcome.stderr.contains("no [hidden] here"), "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("note: 1 line: ") && outcome.stderr.contains("1 of 1 line has no answer"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_refused_line_says_why_and_the_worst_class_is_the_exit_code() {
    let batch = BulkLookup::of(3);
    let server = batch.server_with(|at, found| match at {
        0 => Reply::json_text(200, "{"),
        1 => found,
        _ => cloudloyalty(422, json!("7"), "Não é possível."),
    });
    let outcome = batch.cli(&server).args(["--concurrency", "1"]).run();
    assert_eq!(outcome.code, 8, "{outcome:#?}");
    assert!(outcome.stderr.contains("note: 3 lines: 1 found, 0 not found, 0 invalid, 2 errors\n"), "{outcome:#?}");
    assert!(outcome.stderr.contains("error: 2 of 3 lines have no answer\n"), "{outcome:#?}");
    let rows = rows(&outcome.stdout);
    assert_eq!(rows[0]["status"], "error");
    assert_eq!(rows[0]["error"]["kind"], "bad_response");
    assert_eq!(rows[1], batch.row(2));
    assert_eq!(rows[2]["error"]["kind"], "api_refused");
    assert_eq!(rows[2]["error"]["http_status"], 422);
    assert!(rows[2]["error"]["causes"].to_string().contains("Não é possível."), "{}", rows[2]);
}

#[test]
fn logins_are_taken_as_they_are() {
    let lookup = Lookup::fresh();
    let server = lookup.server(bulk_lookup::found);
    let logins = ["ana.souza", "11111111111", "a b&c=d/e?f", "joão", "-x"];
    let out = lookup.cli(&server).args(["--login-file", "-", "-q"]).stdin(logins.join("\n")).run().succeeds();
    let expected: Vec<Value> = logins
        .iter()
        .zip(1..)
        .map(|(login, number)| json!({ "line": number, "query": { "login": login }, "status": "found", "participants": [person(login)] }))
        .collect();
    assert_eq!(rows(&out), expected);
}

#[test]
fn participants_stay_as_the_api_wrote_them_on_one_line() {
    let batch = BulkLookup::of(1);
    let server = batch.server_with(|_, _| Reply::json_text(200, "[ {\"a\":1.50,\r\n\"b\":\"x\\ny\",\"c\":1e3} ]"));
    let out = batch.cli(&server).arg("-q").run().succeeds();
    assert!(
        out.ends_with(",\"status\":\"found\",\"participants\":[{\"a\":1.50,  \"b\":\"x\\ny\",\"c\":1e3}]}\n"),
        "{out}"
    );
}

#[test]
fn an_input_without_values_is_no_error() {
    let batch = BulkLookup::of(1);
    for input in ["", "\n\n", "# nothing\n"] {
        let server = batch.server();
        let out = summed_up(batch.cli_with(&server, input).run(), "0 lines: 0 found, 0 not found, 0 invalid, 0 errors");
        assert_eq!((out.as_str(), lookups(&server).len()), ("", 0));
    }
}

#[test]
fn a_file_is_read_like_stdin() {
    let batch = BulkLookup::of(5);
    let server = batch.server();
    let cli = batch.lookup.cli(&server).file("work/cpfs.txt", batch.input()).args(["--cpf-file", "cpfs.txt", "-q"]);
    batch.all_in_order(&batch.watched(cli).run().succeeds());
}

#[test]
fn a_token_refused_before_the_first_line_leaves_stdout_empty() {
    let batch = BulkLookup::of(3);
    let refused = Reply::json(400, &json!({ "error": "invalid_client" }));
    let server = Server::start(move |request| match request.path() {
        "/oauth2/token" => refused.clone(),
        _ => Reply::json(200, &crate::support::account::metadata(&request.origin())),
    });
    let stderr = batch.cli(&server).run().fails(3);
    assert!(!stderr.contains("lines:") && !stderr.contains("--resume"), "there is nothing to go on with: {stderr}");
}

#[test]
fn what_makes_no_sense_is_refused_before_any_request() {
    let batch = BulkLookup::of(1);
    let server = Server::untouched();
    let cases: [&[&str]; 9] = [
        &["--cpf-file", "-", "--concurrency", "0"],
        &["--cpf-file", "-", "--concurrency", "many"],
        &["--cpf-file", "-", "--rate", "0"],
        &["--cpf-file", "-", "--rate", "-1"],
        &["--cpf-file", "missing.txt"],
        &["--cpf-file", "."],
        &["--cpf-file", "-", "--login-file", "-"],
        &["--cpf-file", "-", "--login", "x"],
        &["--cpf-file", "-", "-o", "headers"],
    ];
    for args in cases {
        let _ = refused(2, "usage", || batch.lookup.cli(&server).args(args.iter().copied()).stdin(batch.input()));
    }
    let _ = refused(2, "usage", || batch.lookup.by_cpf(&server).args(["--resume", "out.ndjson"]));
    let _ = refused(2, "usage", || batch.lookup.by_cpf(&server).args(["--rate", "5"]));
    assert_eq!(server.connections(), 0);
}
