//! Writes whose answer is lost, keys that make a repetition safe, named paths, and the ids by which a call is found.

use serde_json::Value;

use crate::support::call::{call, calls, granting};
use crate::support::failure::refused;
use crate::support::lookup::Lookup;
use crate::support::{Outcome, Reply};

fn error(outcome: &Outcome) -> Value {
    serde_json::from_str::<Value>(&outcome.stderr).expect("one line of JSON")["error"].clone()
}

#[test]
fn a_write_whose_answer_never_came_may_have_been_done_and_is_not_repeated() {
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let lookup = Lookup::fresh();
        let server = lookup.answering(Reply::closed());
        let run = |format| call(&lookup, &server, [method, "/orders", "--error-format", format]).run();
        let told = error(&run("json"));
        assert_eq!((told["code"].as_str(), told["kind"].as_str()), (Some("outcome_unknown"), Some("unreachable")));
        assert_eq!(told["exit_code"], 5);
        assert_eq!(calls(&server).len(), 1, "{method}");
        let sent = calls(&server)[0].header("x-correlation-id").unwrap().to_owned();
        assert_eq!(told["correlation_id"], sent.as_str());
        let text = run("text").stderr;
        assert!(text.contains("it may have been done"), "{text}");
        assert!(!text.contains("--timeout"), "{text}");
    }
}

#[test]
fn a_write_that_never_answers_within_the_deadline_may_have_been_done() {
    let lookup = Lookup::fresh();
    let server = lookup.answering(Reply::silent().after(std::time::Duration::from_secs(60)));
    let outcome = call(&lookup, &server, ["POST", "/orders", "--timeout", "2s", "--error-format", "json"]).run();
    assert_eq!((outcome.code, error(&outcome)["code"].as_str()), (5, Some("outcome_unknown")), "{outcome:#?}");
}

#[test]
fn a_read_without_an_answer_says_no_such_thing() {
    let lookup = Lookup::fresh();
    let server = lookup.answering(Reply::closed());
    let outcome = call(&lookup, &server, ["/orders", "--retries", "0", "--error-format", "json"]).run();
    assert_eq!(error(&outcome)["code"], "no_answer");
}

#[test]
fn a_write_with_a_key_is_repeated_with_the_same_key() {
    let lookup = Lookup::fresh();
    let asked = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let seen = asked.clone();
    let server = granting(&lookup.account, move |_| match seen.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
        0 => Reply::closed(),
        1 => Reply::new(503).header("Retry-After", "0"),
        _ => Reply::new(200).body("done"),
    });
    let out = call(&lookup, &server, ["POST", "/issuances", "--json", "{}", "--idempotent"]).run().succeeds();
    assert_eq!(out, "done");
    let keys: Vec<String> =
        calls(&server).iter().map(|request| request.header("idempotency-key").unwrap_or_default().to_owned()).collect();
    assert_eq!(keys.len(), 3);
    assert!(keys.iter().all(|key| *key == keys[0] && key.len() == 36), "{keys:?}");
}

#[test]
fn a_server_error_is_not_repeated_even_with_a_key() {
    let lookup = Lookup::fresh();
    let server = lookup.answering(Reply::new(500));
    let outcome =
        call(&lookup, &server, ["POST", "/x", "--json", "{}", "--idempotent=order-7", "--error-format", "json"]).run();
    assert_eq!((outcome.code, calls(&server).len()), (7, 1));
    assert_eq!(error(&outcome)["idempotency_key"], "order-7");
}

#[test]
fn a_key_that_was_lost_with_the_answer_is_told_so_that_a_person_can_go_on() {
    let lookup = Lookup::fresh();
    let server = lookup.answering(Reply::closed());
    let args = ["POST", "/x", "--json", "{}", "--idempotent=order-7", "--retries", "0"];
    let stderr = call(&lookup, &server, args).run().fails(5);
    assert!(stderr.contains("--idempotent=order-7"), "{stderr}");
}

#[test]
fn a_profile_names_the_header_of_the_key_and_nonsense_is_refused() {
    let lookup = Lookup::fresh();
    let server = lookup.answering(Reply::new(200));
    let config = "[profiles.p]\nidempotency_header = \"X-Request-Key\"\n";
    let args = ["POST", "/x", "--profile", "p", "--idempotent=7"];
    let _ = call(&lookup, &server, args).file("config/m2m/config.toml", config).run().succeeds();
    assert_eq!(calls(&server)[0].header("x-request-key"), Some("7"));
    refused(2, "usage", || call(&lookup, &server, ["/x", "--idempotent"])).names("only reads");
    for key in ["--idempotent=a b", "--idempotent=é"] {
        refused(2, "usage", || call(&lookup, &server, ["POST", "/x", key])).names("visible ASCII");
    }
}

#[test]
fn a_path_has_a_name_from_the_profile_or_the_preset() {
    let lookup = Lookup::fresh();
    let server = lookup.answering(Reply::new(200));
    let config = "[profiles.p]\npaths = { orders = \"/v2/orders\" }\n";
    let run = |target: &'static str| {
        let cli = call(&lookup, &server, [target, "--profile", "p", "--provider", "cloudloyalty"]);
        cli.file("config/m2m/config.toml", config)
    };
    let _ = run("@orders?page=2").run().succeeds();
    let _ = run("@balance").run().succeeds();
    let lines: Vec<String> = calls(&server).iter().map(|request| request.line()).collect();
    assert_eq!(lines, ["GET /v2/orders?page=2", "GET /participant-api/v3/participant/balance"]);
    refused(2, "usage", || run("@balanc")).names("@balanc").hints_at("did you mean `@balance`?");
    refused(2, "usage", || call(&lookup, &server, ["@x"])).names("names none").hints_at("paths = ");
}

#[test]
fn one_id_over_a_flow_is_sent_and_named_in_errors() {
    let lookup = Lookup::fresh();
    let server = lookup.answering(Reply::new(400));
    let sent = |cli: crate::support::Cli| {
        let told = error(&cli.args(["--error-format", "json"]).run());
        let header = calls(&server).pop().unwrap().header("x-correlation-id").unwrap().to_owned();
        (told["correlation_id"].as_str().unwrap().to_owned(), header)
    };
    let expected = ("flow-1".to_owned(), "flow-1".to_owned());
    assert_eq!(sent(call(&lookup, &server, ["/x", "--correlation-id", "flow-1"])), expected);
    assert_eq!(sent(call(&lookup, &server, ["/x"]).env("M2M_CORRELATION_ID", "flow-1")), expected);
    assert_eq!(sent(call(&lookup, &server, ["/x", "-H", "X-Correlation-Id: flow-1"])), expected);
    assert_ne!(sent(call(&lookup, &server, ["/x"])), sent(call(&lookup, &server, ["/x"])));
    refused(2, "usage", || call(&lookup, &server, ["/x", "--correlation-id", "a b"])).names("correlation_id");
}

#[test]
fn a_call_for_a_collector_names_it_and_hides_it() {
    let lookup = Lookup::fresh();
    let server = lookup.answering(Reply::json_text(400, "{\"message\":\"no offers for you\"}"));
    let number = "80012345678";
    let acting = |args: &[&'static str]| {
        let cli = call(&lookup, &server, ["/offers", "--provider", "loyaltyone", "--origin-client", "reports"]);
        cli.args(args.iter().copied()).personal(number)
    };
    let outcome = acting(&["--as-collector", "-", "-v"]).stdin(number).run();
    assert_eq!(outcome.code, 8);
    assert!(!outcome.stderr.contains(number), "{}", outcome.stderr);
    let request = calls(&server).pop().unwrap();
    assert_eq!(request.header("collector-number"), Some(number));
    assert_eq!(request.header("x-origin-client"), Some("reports"));
    let _ = acting(&["--as-collector-file", "work/number"]).file("work/number", format!("{number}\n")).run();
    refused(2, "usage", || acting(&["--as-collector", "-", "--as-cpf", "x"]).stdin(number)).names("--as-c");
    refused(2, "usage", || call(&lookup, &server, ["/offers", "--as-collector", "-"]).stdin(number).personal(number))
        .names("collector_header")
        .hints_at("--provider loyaltyone");
}
