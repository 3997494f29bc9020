//! `--then`: one GET on behalf of each participant that was found.

use serde_json::{Value, json};

use crate::support::bulk_lookup::{grants, rows};
use crate::support::failure::refused;
use crate::support::{BulkLookup, Cli, Reply, Request, Server};

const BALANCE: &str = "/participant-api/v3/participant/balance";

/// A participant of the CPF that is asked for.
fn person(cpf: &str) -> Value {
    json!({ "id": format!("id-{cpf}"), "documentNumber": cpf, "username": format!("u-{cpf}"), "segment": { "catalogId": "1", "clientId": "2" } })
}

fn cpf_of(request: &Request) -> String {
    request.query().into_iter().find(|(name, _)| name == "document").map(|(_, value)| value).unwrap_or_default()
}

/// An API that finds everybody and answers the follow-up with `then`.
fn server(batch: &BulkLookup, then: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Server {
    batch.lookup.server(move |request| {
        if request.path() == BALANCE { then(request) } else { Reply::json(200, &json!([person(&cpf_of(request))])) }
    })
}

fn run(batch: &BulkLookup, server: &Server, args: &[&str]) -> Cli {
    let args = ["--provider", "cloudloyalty", "--then", "@balance", "--impersonator", "AgentID=9999"]
        .into_iter()
        .chain(args.iter().copied());
    batch.cli(server).args(args)
}

#[test]
fn each_participant_that_was_found_has_the_answer_in_its_line() {
    let batch = BulkLookup::of(20);
    let server = server(&batch, |request| {
        let id = request.header("participantid").unwrap_or_default();
        assert_eq!(request.header("impersonatoruser"), Some("AgentID=9999"));
        Reply::json_text(200, &format!("{{\"of\":\"{id}\",\n\"balance\":1.50}}"))
    });
    let out = run(&batch, &server, &["-q"]).run().succeeds();
    let rows = rows(&out);
    assert_eq!(rows.len(), 20);
    for (row, cpf) in rows.iter().zip(&batch.cpfs) {
        assert_eq!(row["query"]["cpf"], cpf.as_str());
        assert_eq!(row["then"]["status"], 200);
        assert_eq!(row["then"]["body"]["of"], format!("id-{cpf}"));
    }
    assert!(out.contains("\"balance\":1.50"), "numbers pass through as they are");
    assert_eq!(grants(&server), 1);
}

#[test]
fn a_refusal_of_the_call_is_an_error_of_its_line() {
    let batch = BulkLookup::of(2);
    let server = server(&batch, |_| crate::support::lookup::cloudloyalty(422, json!("332"), "Saldo insuficiente"));
    let outcome = run(&batch, &server, &[]).run();
    assert_eq!(outcome.code, 8);
    let rows = rows(&outcome.stdout);
    assert_eq!(rows[0]["status"], "error");
    assert!(rows[0]["error"]["causes"].to_string().contains("Saldo insuficiente"), "{}", rows[0]);
}

#[test]
fn a_call_that_stumbles_is_made_again() {
    let batch = BulkLookup::of(1);
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let server = server(&batch, move |_| match asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
        0 => Reply::new(503).header("Retry-After", "0"),
        _ => Reply::json_text(200, "{}"),
    });
    let _ = run(&batch, &server, &["-q"]).run().succeeds();
}

#[test]
fn several_participants_for_one_value_are_ambiguous_and_nothing_is_sent_for_them() {
    let batch = BulkLookup::of(1);
    let two = |request: &Request| {
        let (mut one, mut other) = (person(&cpf_of(request)), person(&cpf_of(request)));
        (one["status"], other["status"]) = ("ACTIVE".into(), "INACTIVE".into());
        Reply::json(200, &json!([one, other]))
    };
    let of = |filter: &'static [&'static str]| {
        let server = batch
            .lookup
            .server(move |request| if request.path() == BALANCE { Reply::json_text(200, "{}") } else { two(request) });
        let outcome = run(&batch, &server, filter).run();
        let called = server.requests().iter().filter(|request| request.path() == BALANCE).count();
        (rows(&outcome.stdout)[0]["status"].as_str().unwrap().to_owned(), called, outcome.code)
    };
    assert_eq!(of(&[]), ("ambiguous".to_owned(), 0, 9));
    assert_eq!(of(&["--status", "ACTIVE"]), ("found".to_owned(), 1, 0));
}

#[test]
fn nobody_is_acted_for_in_place_of_somebody_else() {
    let batch = BulkLookup::of(1);
    let server = batch.lookup.server(|request| {
        if request.path() == BALANCE { Reply::new(200) } else { Reply::json(200, &json!([person("11144477735")])) }
    });
    let outcome = run(&batch, &server, &[]).run();
    assert_eq!(outcome.code, 7);
    assert!(!server.requests().iter().any(|request| request.path() == BALANCE));
}

#[test]
fn what_cannot_work_is_refused_before_any_request() {
    let batch = BulkLookup::of(1);
    let server = Server::untouched();
    let with = |args: &'static [&'static str]| {
        let batch = &batch;
        let server = &server;
        refused(2, "usage", move || batch.cli(server).args(args.iter().copied()))
    };
    with(&["--then", "@balance"]).names("impersonator");
    with(&["--then", "@nothing", "--impersonator", "x"]).names("@nothing");
    with(&["--then", "https://elsewhere.example/x", "--impersonator", "x"]).names("origin");
    refused(2, "usage", || batch.lookup.by_cpf(&server).args(["--then", "/x"])).names("--then");
    assert_eq!(server.connections(), 0);
}
